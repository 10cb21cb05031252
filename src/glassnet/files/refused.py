"""What is wrong with a document, and where: raised inside, and made a ModelFileError at the door."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from glassnet.errors import GlassnetError, suggest

LARGEST = 2**63  # whole numbers stay below
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class Refused(GlassnetError):  # noqa: N818 - it never reaches a user
    """One part of a document cannot be read or stored.

    Parameters
    ----------
    key : str
        Which part: ``"model.layers[2].config.units"``.
    reason : str
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(key, reason)
        self.key, self.reason = key, reason


def refuse(key: str, reason: str) -> NoReturn:
    """Raise :class:`Refused`."""
    raise Refused(key, reason)


@contextmanager
def guarded(key: str) -> Iterator[None]:
    """Whatever ordinary code says against a document's values is said about this part of it."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        said = str(error).strip().replace("\n", " ")
        said = said if len(said) <= 400 else f"{said[:397]}..."
        raise Refused(key, f"cannot be used: {said or type(error).__name__}") from error


def shown(value: Any) -> str:
    """A value in a message, not too long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def record(value: Any, key: str, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """An object with these keys and no others."""
    if not isinstance(value, dict):
        refuse(key, f"must be an object; got {shown(value)}.")
    for name in required:
        if name not in value:
            refuse(key, f"has no {name!r}.")
    for name in value:
        if name not in required and name not in optional:
            refuse(
                key, f"has {name[:60]!r}, which is not known. {suggest(name[:60], [*required, *optional])}"
            )
    return value


def items(value: Any, key: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        refuse(key, f"must be a list; got {shown(value)}.")
    return value


def text(value: Any, key: str) -> str:
    """A text."""
    if not isinstance(value, str):
        refuse(key, f"must be a text; got {shown(value)}.")
    return value


def name(value: Any, key: str) -> str:
    """A name such as a class or a function has."""
    if NAME.fullmatch(text(value, key)) is None:
        refuse(key, f"is not a name: {shown(value)}.")
    return str(value)


def flag(value: Any, key: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        refuse(key, f"must be true or false; got {shown(value)}.")
    return value


def whole(value: Any, key: str, low: int = 0, below: int = LARGEST) -> int:
    """A whole number in a range."""
    if type(value) is not int or not low <= value < below:
        refuse(key, f"must be a whole number from {low} to {below - 1}; got {shown(value)}.")
    return value


def extents(value: Any, key: str, rank: int = 8) -> tuple[int, ...]:
    """A shape: at most eight whole numbers."""
    found = tuple(whole(extent, f"{key}[{i}]") for i, extent in enumerate(items(value, key)))
    if len(found) > rank:
        refuse(key, f"has {len(found)} dimensions; at most {rank} are allowed.")
    return found


def one_of(value: Any, key: str, known: Collection[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in known:
        refuse(key, f"is {shown(value)}, which is not known. {suggest(str(value)[:60], known)}")
    return value
