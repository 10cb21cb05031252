"""The words of messages about data: counts, places and values, the same in every error."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["a_kind", "both", "column", "count", "place", "short", "some"]

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 40
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 4


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """The number with its noun.

    Examples
    --------
    >>> count(1, "row"), count(0, "row"), count(2, "entry", "entries")
    ('1 row', '0 rows', '2 entries')
    """
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def both(words: Sequence[str]) -> str:
    """The words as a list in a sentence.

    Examples
    --------
    >>> both(["X"]), both(["X", "y"]), both(["X", "y", "w"])
    ('X', 'X and y', 'X, y and w')
    """
    *firsts, last = words
    return f"{', '.join(firsts)} and {last}" if firsts else last


def some(values: Iterable[object], limit: int = 10) -> str:
    """The first values, and how many more there are.

    Examples
    --------
    >>> some(["cat", "dog"]), some(range(20), limit=3)
    ("'cat', 'dog'", '0, 1, 2 and 17 more')
    """
    shown = [short(value) for value in values]
    more = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {more} more" if more > 0 else "")


def short(value: object) -> str:
    """The value as Python writes it, cut to about 40 characters.

    Examples
    --------
    >>> short("red"), short(np.float32(0.5))
    ("'red'", '0.5')
    """
    return _SHORT.repr(value.item() if isinstance(value, np.generic) else value)


def a_kind(value: object) -> str:
    """What kind of thing the value is.

    Examples
    --------
    >>> a_kind({}), a_kind(3), a_kind(None)
    ('a dict', 'an int', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def column(number: int, X: object) -> str:
    """A column by its name if ``X`` is a data frame, else by its number, from 0.

    Examples
    --------
    >>> column(2, np.zeros((4, 3)))
    'column 2'
    """
    # The columns of a pyarrow table are its data; its names are elsewhere.
    names: Iterable[object] | None = getattr(X, "column_names", getattr(X, "columns", None))
    name = number if names is None else list(names)[number]
    return f"column {short(name) if isinstance(name, str) else name}"


def place(bad: NDArray[np.bool_], X: object) -> str:
    """Where the first true entry stands; rows and columns count from 0, as in ``X[row, column]``.

    Examples
    --------
    >>> place(np.array([[False, False], [False, True]]), X=None)
    'at row 1, column 1'
    >>> place(np.array([False, True, True]), X=None)
    'first at row 1'
    """
    index: tuple[Any, ...] = np.unravel_index(int(bad.argmax()), bad.shape)
    row, *rest = map(int, index)
    first = f"{'first at' if np.count_nonzero(bad) > 1 else 'at'} row {row}"
    if not rest:
        return first
    return f"{first}, {column(rest[0], X) if len(rest) == 1 else f'position {tuple(rest)}'}"
