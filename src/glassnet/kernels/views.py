"""What generated LLVM IR needs of Numba's arrays: address, length of the rows, type of the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba import types
from numba.core import cgutils

__all__ = ["as_integer", "common_bits", "row_length", "view"]

APART = (
    "A matrix product needs rows whose numbers are side by side in memory; these have a step between them."
)


def common_bits(arrays: Sequence[Any], layouts: Sequence[str]) -> int | None:
    """The width of the arrays' numbers; None unless all are float32 or all float64, in layouts they may have.

    Parameters
    ----------
    arrays : sequence of numba.types.Array
        The types of the arrays.
    layouts : sequence of str
        The letters of Numba's layouts that each array may have.

    Examples
    --------
    >>> common_bits([types.float32[:, ::1], types.float32[::1]], ["CA", "C"])
    32
    >>> common_bits([types.int64[:, ::1]], ["CA"])
    """
    for bits, dtype in ((32, types.float32), (64, types.float64)):
        if all(x.dtype == dtype and x.layout in taken for x, taken in zip(arrays, layouts, strict=False)):
            return bits
    return None


def as_integer(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """An integer argument as a 64-bit value."""
    return context.cast(builder, value, kind, types.intp)


def view(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """The parts of an array; the program raises ValueError when the numbers of a row are not side by side."""
    parts = context.make_array(kind)(context, builder, value)
    if kind.layout != "C":
        step = cgutils.unpack_tuple(builder, parts.strides)[-1]
        with builder.if_then(builder.icmp_signed("!=", step, parts.itemsize), likely=False):
            context.call_conv.return_user_exc(builder, ValueError, (APART,))
    return parts


def row_length(builder: Any, parts: Any) -> Any:
    """How many numbers lie between the beginnings of two rows."""
    return builder.sdiv(cgutils.unpack_tuple(builder, parts.strides)[0], parts.itemsize)
