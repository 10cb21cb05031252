"""Numbers of rows that come from data, checked before memory is touched."""

from __future__ import annotations

from typing import Any

from numba import njit

from glassnet.kernels.options import INNER

__all__ = ["row"]


@njit(**INNER, forceinline=True)
def row(index: Any, count: Any) -> Any:
    """Return where Python finds an index: negative ones count from the end.

    Parameters
    ----------
    index : int
        The index.
    count : int
        How many rows there are.

    Returns
    -------
    int
        From 0 to count - 1.

    Raises
    ------
    IndexError
        There is no such row.
    """
    if index < -count or index >= count:
        raise IndexError("an index is out of range; expected -rows to rows - 1")
    return index + count if index < 0 else index
