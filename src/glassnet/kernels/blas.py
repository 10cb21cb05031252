"""BLAS's matrix product inside compiled programs, called through its address.

An address is an argument of a program, an integer like any other: a function pointer that Numba saw as a
constant would keep the program out of Numba's cache. The functions are those that SciPy brings; they do not
touch Python, so that several threads may call them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import get_cython_function_address, intrinsic

from glassnet.errors import InputTypeError
from glassnet.kernels.vector import INDEX, element
from glassnet.kernels.views import as_integer, common_bits, row_length, view

__all__ = ["address", "gemm_at"]

#: BLAS's own integers.
_INT = ir.IntType(32)


def address(dtype: Any) -> int:
    """The address of ``sgemm`` or ``dgemm``, to hand to a program that calls :func:`gemm_at`.

    Parameters
    ----------
    dtype : dtype-like
        ``float32`` or ``float64``.

    Returns
    -------
    int
        Valid in this process only.

    Raises
    ------
    InputTypeError
        Another dtype.

    Examples
    --------
    >>> address("float32") != address("float64")
    True
    """
    names = {np.dtype(np.float32): "sgemm", np.dtype(np.float64): "dgemm"}
    if np.dtype(dtype) not in names:
        raise InputTypeError(
            f"BLAS has no matrix product for {np.dtype(dtype)}.\nExpected float32 or float64."
        )
    return int(get_cython_function_address("scipy.linalg.cython_blas", names[np.dtype(dtype)]))


@intrinsic
def gemm_at(typing_context, address, out, a, b, rows, inner, columns, a_transposed, b_transposed):  # type: ignore[no-untyped-def]
    """``out[rows, columns] = op(a) @ op(b)`` by the BLAS function at an address.

    ``a`` is stored as (rows, inner), or as (inner, rows) if ``a_transposed``; ``b`` as (inner, columns), or
    as (columns, inner) if ``b_transposed``. All three are float32, or all float64, as the address is.
    """
    bits = common_bits((out, a, b), ("CA",) * 3)
    if bits is None:
        raise TypingError(f"gemm_at multiplies float32 or float64 matrices in C order, not {out}, {a}, {b}.")
    signature = types.void(address, out, a, b, rows, inner, columns, a_transposed, b_transposed)

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        typed = list(zip(signature.args, args, strict=True))
        matrices = [view(context, builder, *array) for array in typed[1:4]]
        extents = [as_integer(context, builder, *extent) for extent in typed[4:7]]
        flags = [context.cast(builder, value, kind, types.boolean) for kind, value in typed[7:]]
        where = as_integer(context, builder, *typed[0])
        _call_blas(builder, where, matrices, extents, flags, element(bits))
        return context.get_dummy_value()

    return signature, call


def _call_blas(
    builder: Any, where: Any, matrices: Sequence[Any], extents: Sequence[Any], flags: Sequence[Any], kind: Any
) -> None:
    """Call ``?gemm``, which takes everything by reference.

    BLAS counts columns first: our ``out`` in C order is its transpose to BLAS, and ``out.T = b.T @ a.T``.
    """
    out, a, b = matrices
    rows, inner, columns = (_cell(builder, builder.trunc(extent, _INT)) for extent in extents)
    of_a, of_b = (_cell(builder, _letter(builder, flag)) for flag in flags)
    out_length, a_length, b_length = (_cell(builder, _leading(builder, matrix)) for matrix in matrices)
    one, zero = _cell(builder, kind(1.0)), _cell(builder, kind(0.0))
    arguments = [
        *(of_b, of_a, columns, rows, inner),
        *(one, b.data, b_length, a.data, a_length, zero, out.data, out_length),
    ]
    function = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    builder.call(builder.inttoptr(where, function.as_pointer()), arguments)


def _cell(builder: Any, value: Any) -> Any:
    """The address of a variable with this value."""
    cell = cgutils.alloca_once(builder, value.type)
    builder.store(value, cell)
    return cell


def _letter(builder: Any, transposed: Any) -> Any:
    byte = ir.IntType(8)
    return builder.select(transposed, byte(ord("T")), byte(ord("N")))


def _leading(builder: Any, matrix: Any) -> Any:
    """The length of the stored rows. A single row may have any stride, and BLAS wants its width at least."""
    length, width = row_length(builder, matrix), cgutils.unpack_tuple(builder, matrix.shape)[1]
    for least in (width, INDEX(1)):
        length = builder.select(builder.icmp_signed("<", length, least), least, length)
    return builder.trunc(length, _INT)
