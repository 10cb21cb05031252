"""Where an element stands: index expressions, one for each axis; ``"0"`` where an axis has one element."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from glassnet.graph.dims import Shape
from glassnet.graph.ops import Slices

Index = tuple[str, ...]


def count(shape: Shape) -> int:
    """How many elements an array of one row has."""
    assert all(isinstance(extent, int) for extent in shape), shape
    return math.prod(extent for extent in shape if isinstance(extent, int))


def aligned(index: Index, shape: Shape) -> Index:
    """The index of an operand that is broadcast: the last axes, and 0 where it has one element."""
    last = index[len(index) - len(shape) :]
    return tuple("0" if extent == 1 else part for part, extent in zip(last, shape, strict=True))


def sliced(index: Index, slices: Slices) -> Index:
    """The index in the array that was sliced.

    Examples
    --------
    >>> sliced(("i", "j", "0"), (None, (1, 9, 2), (4, 5, 1)))
    ('i', '2 * j + 1', '4')
    >>> sliced(("1 - j", "i", "3"), ((2, -1, -1), (9, 0, -2), (4, -1, -1)))
    ('2 - (1 - j)', '9 - 2 * i', '1')
    """
    pairs = zip(index, slices, strict=True)
    return tuple(part if cut is None else _moved(part, cut[0], cut[2]) for part, cut in pairs)


def _moved(part: str, start: int, step: int) -> str:
    if part.isdigit():
        return str(start + step * int(part))
    if step < 0:
        whole = part if part.isidentifier() or step < -1 else f"({part})"
        return f"{start} - {scaled(whole, -step)}"
    moved = scaled(part, step)
    return f"{moved} + {start}" if start else moved


def scaled(part: str, factor: int) -> str:
    """``4 * i``, ``4 * (i + 1)``, 12."""
    if factor == 1:
        return part
    if part.isdigit():
        return str(int(part) * factor)
    return f"{factor} * {part if part.isidentifier() else f'({part})'}"


def flat_index(index: Index, shape: Shape) -> str:
    """The place of an element when all are counted through, the last axis first.

    Examples
    --------
    >>> flat_index(("i", "0", "j"), (3, 1, 4))
    '4 * i + j'
    """
    terms, number, stride = [], 0, 1
    for part, extent in zip(reversed(index), reversed(shape), strict=True):
        term = scaled(part, stride)
        if term.isdigit():
            number += int(term)
        else:
            terms.append(term)
        stride *= count((extent,))
    texts = [*reversed(terms), *([str(number)] if number else [])]
    return " + ".join(texts) or "0"


def same_elements(old: Shape, new: Shape) -> bool:
    """Whether two shapes differ only in axes of one element."""
    return [extent for extent in old if extent != 1] == [extent for extent in new if extent != 1]


def matched(index: Index, old: Shape, new: Shape) -> Index:
    """The index in ``old`` of an element of ``new``, which differs only in axes of one element."""
    rest = iter([part for part, extent in zip(index, new, strict=True) if extent != 1])
    return tuple("0" if extent == 1 else next(rest) for extent in old)


def replaced(index: Sequence[str], axis: int, part: Any) -> Index:
    """The index with another part."""
    return (*index[:axis], str(part), *index[axis + 1 :])
