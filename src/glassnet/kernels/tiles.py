"""Which register tile a product takes: how many rows and how many vectors of columns at a time.

A tile of ``rows x vectors`` accumulators stays in registers while the inner extent runs. Each of its steps
loads ``vectors`` registers of ``b`` and ``rows`` numbers of ``a``, for ``rows * vectors`` fused
multiply-adds: the larger the tile, the fewer loads. Ten accumulators or more keep two multiply-add units
busy, which take four or five cycles for each.
"""

from __future__ import annotations

from typing import NamedTuple

from glassnet.kernels.features import Vectors

__all__ = ["Panel", "down_from", "lanes_for", "panels"]


class Panel(NamedTuple):
    """Neighboring columns that are computed with the same tiles.

    Parameters
    ----------
    first : int
        The first column.
    repeat : int
        How many such panels stand side by side.
    vectors : int
        Vectors in a row of a panel.
    last : int
        Columns in the last of these vectors; as many as there are lanes, unless the columns end there.
    rows : tuple of int
        Heights of the tiles, from the tallest down. A product takes the tallest that is not taller than
        itself; its last tile moves up until it ends with the last row.
    """

    first: int
    repeat: int
    vectors: int
    last: int
    rows: tuple[int, ...]


def lanes_for(columns: int, itemsize: int, vectors: Vectors) -> int:
    """Lanes for a number of columns: a narrower vector where one would hold all columns.

    Examples
    --------
    >>> [lanes_for(columns, 4, Vectors(512, 32, True)) for columns in (1, 2, 4, 10, 300)]
    [1, 2, 4, 16, 16]
    """
    return min(vectors.lanes(itemsize), 1 << max(columns - 1, 0).bit_length())


def panels(rows: int | None, columns: int, lanes: int, registers: int) -> list[Panel]:
    """Cut the columns into panels and choose the heights of their tiles.

    Parameters
    ----------
    rows : int or None
        Rows of the product, None when only the running program knows.
    columns, lanes, registers : int
        Columns, lanes of a vector, registers of the processor.

    Examples
    --------
    >>> panels(None, 64, 16, 32)
    [Panel(first=0, repeat=2, vectors=2, last=16, rows=(8, 4, 1))]
    """
    total = -(-columns // lanes)
    if not total:
        return []
    width = _width(rows, total, registers)
    whole, rest = divmod(total, width)
    last = columns - (total - 1) * lanes
    if not rest and last < lanes:
        whole, rest = whole - 1, width
    cut = [Panel(0, whole, width, lanes, heights(rows, width, registers))] if whole else []
    if rest:
        cut.append(Panel(whole * width * lanes, 1, rest, last, heights(rows, rest, registers)))
    return cut


def heights(rows: int | None, vectors: int, registers: int) -> tuple[int, ...]:
    """Heights of the tiles of a panel of ``vectors`` vectors, from the tallest down.

    Examples
    --------
    >>> heights(32, 2, 32), heights(10, 2, 32), heights(None, 2, 32)
    ((11,), (10,), (8, 4, 1))
    """
    most = _most(vectors, registers)
    if rows is None:  # a batch is more often a multiple of a power of two than of anything else
        return down_from(1 << most.bit_length() - 1)
    return (-(-rows // -(-rows // most)),) if rows else ()


def down_from(tallest: int) -> tuple[int, ...]:
    """Heights with which tiles come to any number of rows.

    Examples
    --------
    >>> down_from(8), down_from(4), down_from(1)
    ((8, 4, 1), (4, 1), (1,))
    """
    return (tallest, *(height for height in (4, 1) if height < tallest))


def _most(vectors: int, registers: int) -> int:
    return max(1, min(16, (registers - 1) // vectors - 1))


def _width(rows: int | None, total: int, registers: int) -> int:
    """Vectors of a panel: the width with the fewest steps, the narrower of two that are equal."""
    if rows is not None and rows <= 2:
        return min(total, 8, registers // 2 - 1)
    return min(range(1, 1 + min(total, 4)), key=lambda width: _cycles(rows, total, width, registers))


def _cycles(rows: int | None, total: int, width: int, registers: int) -> float:
    """Cycles for one term of all sums: two multiply-adds, or one and a half loads, in each.

    Rows that are not known are taken to be a batch of usual size.
    """
    height = heights(rows, width, registers)[0]
    tile = max(height * width, 1.3 * (height + width), 10) / 2
    return -(-(rows or 32) // height) * -(-total // width) * tile
