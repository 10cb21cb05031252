"""Views into one arena: every array of a compiled program is a part of a large 1-d array.

NumPy's own slicing and reshaping would do, but each view would count references, and LLVM would load shapes
and strides from memory. A view made here is a bare description of memory: constants in its shape stay
constants, so that loops over it are unrolled and addresses computed at compile time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np import arrayobj

__all__ = ["ALIGNMENT", "aligned", "array"]

# Bytes: one cache line, and one register of AVX-512.
ALIGNMENT = 64
_MOST_AXES = 6


@intrinsic
def array(typingctx: Any, arena: Any, offset: Any, shape: Any) -> Any:
    """View a part of an arena as an array of its own, with rows one after another (C order).

    Nothing is copied or checked, and the view does not keep the arena alive: the caller does.

    Parameters
    ----------
    arena : contiguous array
        The memory, of any element type; its own shape does not matter.
    offset : int
        Index of the view's first element in the arena.
    shape : tuple of int
        One to six lengths; constants stay constants for the compiler.

    Returns
    -------
    ndarray
        An array of the arena's element type that shares its memory.

    Examples
    --------
    >>> from numba import njit
    >>> @njit
    ... def second_row(arena):
    ...     return array(arena, 2, (2, 3))[1].sum()
    >>> second_row(np.arange(10.0))
    18.0
    """
    _check(arena, offset, shape)
    rank = len(shape)
    view = types.Array(arena.dtype, rank, "C", readonly=not arena.mutable)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = arrayobj.make_array(arena)(context, builder, arguments[0])
        where = context.cast(builder, arguments[1], offset, types.intp)
        lengths = [
            context.cast(builder, length, kind, types.intp)
            for length, kind in zip(
                cgutils.unpack_tuple(builder, arguments[2], rank), shape.types, strict=True
            )
        ]
        itemsize = context.get_constant(
            types.intp, context.get_abi_sizeof(context.get_data_type(arena.dtype))
        )
        steps = _steps(builder, lengths, itemsize)
        result = arrayobj.make_array(view)(context, builder)
        arrayobj.populate_array(
            result,
            data=builder.gep(source.data, [where]),
            shape=cgutils.pack_array(builder, lengths),
            strides=cgutils.pack_array(builder, steps[1:]),
            itemsize=itemsize,
            meminfo=None,
        )
        return result._getvalue()

    return view(arena, offset, shape), codegen


def _check(arena: Any, offset: Any, shape: Any) -> None:
    """Refuse arguments of other types while the program is compiled."""
    if not (isinstance(arena, types.Array) and arena.layout == "C"):
        raise TypingError(f"The arena is {arena}; expected a contiguous array.")
    whole = isinstance(offset, types.Integer | types.IntegerLiteral)
    tuple_of_int = isinstance(shape, types.BaseTuple) and all(
        isinstance(length, types.Integer | types.IntegerLiteral) for length in shape.types
    )
    if not (whole and tuple_of_int and 1 <= len(shape) <= _MOST_AXES):
        raise TypingError(
            f"The view has offset {offset} and shape {shape};"
            f" expected an int and a tuple of 1 to {_MOST_AXES} ints."
        )


def _steps(builder: ir.IRBuilder, lengths: list[Any], itemsize: Any) -> list[Any]:
    """Return the distances in bytes between neighbors: in front the whole array's size, then one per axis."""
    steps = [itemsize]
    for length in reversed(lengths):
        # No overflow is possible inside memory; saying so lets LLVM split and merge addresses.
        steps.insert(0, builder.mul(steps[0], length, flags=["nsw"]))
    return steps


def aligned(count: int, dtype: Any) -> np.ndarray:
    """Return zeros whose first byte starts a cache line, so that vectors never straddle two of them.

    Parameters
    ----------
    count : int
        Number of elements.
    dtype : dtype
        Their type.

    Returns
    -------
    ndarray
        A 1-d array of zeros.

    Examples
    --------
    >>> arena = aligned(5, np.float32)
    >>> arena.shape, arena.ctypes.data % 64
    ((5,), 0)
    """
    size = count * np.dtype(dtype).itemsize
    # One line more than asked, also so that kernels may load whole vectors at the end.
    memory = np.zeros(size + 2 * ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype)
