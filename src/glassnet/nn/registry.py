"""String identifiers: ``"relu"``, ``"he_normal"`` and their like."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from glassnet.errors import InputError, UnknownNameError, suggest


def snake_case(name: str) -> str:
    """``GlorotUniform`` → ``glorot_uniform``, ``L2`` → ``l2``.

    Examples
    --------
    >>> snake_case("BatchNormalization")
    'batch_normalization'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def known_name(name: str, known: Collection[str], what: str) -> None:
    """An error for a name that is not among those known."""
    if name not in known:
        raise UnknownNameError(f"unknown {what} {name!r}. {suggest(name, known)}")


def lookup(what: str, table: Mapping[str, Any], identifier: Any) -> Any:
    """What a name stands for, or an error that suggests the nearest one.

    Parameters
    ----------
    what : str
        The kind of thing, for the message: "activation".
    table : mapping
        Name → object.
    identifier : str

    Raises
    ------
    UnknownNameError
        Nobody knows the name.
    """
    for name in (identifier, str(identifier).lower(), snake_case(str(identifier))):
        if name in table:
            return table[name]
    raise UnknownNameError(f"unknown {what} {identifier!r}. {suggest(str(identifier).lower(), table)}")


def getter(
    what: str, table: Mapping[str, Callable[..., Any]], base: type, functions: bool = True
) -> Callable[[Any], Any]:
    """A module's ``get``: None stays None, objects and functions pass, names and classes are constructed."""
    wanted = "give a name, an object, or a NumPy function" if functions else "give a name or an object"

    def get(identifier: Any) -> Any:
        if identifier is None or isinstance(identifier, base):
            return identifier
        if isinstance(identifier, str):
            return lookup(what, table, identifier)()
        if isinstance(identifier, type) and issubclass(identifier, base):
            return identifier()
        if functions and callable(identifier):
            return identifier
        article = "an" if what[0] in "aeiou" else "a"
        raise InputError(f"{identifier!r} is not {article} {what}: {wanted}.")

    get.__doc__ = f"""The {what} for an identifier.

    Parameters
    ----------
    identifier : str, object{", callable" if functions else ""} or None
        A name, or an object, which is answered as it is.

    Returns
    -------
    object

    Raises
    ------
    UnknownNameError
        A name that nobody knows.
    """
    return get


def positive(value: float, name: str, owner: str) -> float:
    """A finite number above zero, or an error."""
    return _number(value, name, owner, lambda v: v > 0, "above 0")


def non_negative(value: float, name: str, owner: str) -> float:
    """A finite number of at least zero, or an error."""
    return _number(value, name, owner, lambda v: v >= 0, "at least 0")


def fraction(value: float, name: str, owner: str) -> float:
    """A number of at least 0 and below 1, or an error."""
    return _number(value, name, owner, lambda v: 0 <= v < 1, "at least 0 and below 1")


def share(value: float, name: str, owner: str) -> float:
    """A number from 0 to 1, or an error."""
    return _number(value, name, owner, lambda v: 0 <= v <= 1, "from 0 to 1")


def finite(value: float, name: str, owner: str) -> float:
    """A finite number, or an error."""
    return _number(value, name, owner, lambda v: True, "that is finite")


def _number(value: Any, name: str, owner: str, valid: Callable[[float], bool], wanted: str) -> float:
    try:
        number = math.nan if isinstance(value, str | bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and valid(number)):
        raise InputError(f"{owner}: {name} must be a number {wanted}; got {value!r}.")
    return value if isinstance(value, int) else number
