"""Matrix products and transposes in registers, for compiled programs.

Inside a compiled function (``@njit``), for matrices of float32 or float64 and literal ``columns``,
``matmul(out, a, b, rows, inner, columns)`` becomes a loop over register tiles that is cut to the extents and
to the processor (README.md in this folder has a picture). ``rows`` and ``inner`` may be literal too, which
makes better tiles, or be known only to the running program. Other types, unknown ``columns`` and processors
without AVX2 get plain loops. No product allocates memory, and ``out`` must not overlap the operands.

Matrices lie in C order. They may also be a range of columns of a larger matrix, ``x[:, 16:32]``, as long as
the numbers of a row are side by side; a program that breaks this raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numba import types
from numba.extending import intrinsic

from glassnet.kernels.features import vectors
from glassnet.kernels.products import Product, product_function
from glassnet.kernels.transposes import transpose_function
from glassnet.kernels.views import as_integer, common_bits, row_length, view

__all__ = ["matmul", "matmul_bias", "matmul_ta", "transpose"]

#: The layouts that the tiles take, for `out`, `a`, `b` and the bias.
LAYOUTS = ("CA", "CA", "CA", "C")


@intrinsic(prefer_literal=True)
def matmul(typing_context, out, a, b, rows, inner, columns):  # type: ignore[no-untyped-def]
    """``out[rows, columns] = a[rows, inner] @ b[inner, columns]``."""
    return _product(_plain, (out, a, b), (rows, inner, columns))


@intrinsic(prefer_literal=True)
def matmul_bias(typing_context, out, a, b, bias, rows, inner, columns):  # type: ignore[no-untyped-def]
    """``out[rows, columns] = a[rows, inner] @ b[inner, columns] + bias[columns]``."""
    return _product(_plain_bias, (out, a, b, bias), (rows, inner, columns))


@intrinsic(prefer_literal=True)
def matmul_ta(typing_context, out, a, b, rows, inner, columns):  # type: ignore[no-untyped-def]
    """``out[rows, columns] = a.T @ b`` of ``a[inner, rows]`` and ``b[inner, columns]``."""
    return _product(_plain_ta, (out, a, b), (rows, inner, columns), transposed=True)


@intrinsic(prefer_literal=True)
def transpose(typing_context, out, a, rows, columns):  # type: ignore[no-untyped-def]
    """``out[columns, rows] = a[rows, columns].T``."""
    signature = types.void(out, a, rows, columns)
    bits, width = common_bits((out, a), "CC"), _known(columns)
    if bits is None or width is None:
        return signature, _plain_call(_plain_transpose)
    return signature, _transpose_call(_known(rows), width, bits)


# ---------------- from Numba's types to a product's shape ----------------


def _product(
    plain: Callable[..., None], arrays: Sequence[Any], extents: Sequence[Any], *, transposed: bool = False
) -> Any:
    """Numba's answer to a call: the types of its arguments, and what writes its code."""
    signature = types.void(*arrays, *extents)
    bits, (rows, inner, columns) = common_bits(arrays, LAYOUTS), map(_known, extents)
    if bits is None or columns is None:
        return signature, _plain_call(plain)
    layouts = "".join(array.layout for array in arrays[:3])
    if transposed and columns == 1 and rows is not None and layouts == "CCC":
        # (a.T @ b).T is b.T @ a, and a single column is stored like a single row.
        return signature, _product_call(
            Product(1, inner, rows, bits, False, False, layouts), (0, 2, 1), plain
        )
    product = Product(rows, inner, columns, bits, transposed, len(arrays) == 4, layouts)
    return signature, _product_call(product, (0, 1, 2), plain)


def _known(extent: Any) -> int | None:
    """The value of a literal extent."""
    return max(0, extent.literal_value) if isinstance(extent, types.IntegerLiteral) else None


# ---------------- calls, as LLVM IR ----------------


def _product_call(product: Product, order: Sequence[int], plain: Callable[..., None]) -> Callable[..., Any]:
    """What writes a call of a product's function, its three matrices taken in this order."""

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # Asked here and not before: Numba keeps the answers to calls that it has seen.
        if not vectors().bits:
            return context.compile_internal(builder, plain, signature, args)
        *arrays, rows, inner, _ = zip(signature.args, args, strict=True)
        views = [view(context, builder, *array) for array in arrays]
        lengths = [row_length(builder, parts) for parts in views[:3]]
        pointers = [*(views[i].data for i in order), views[-1].data]
        extents = [as_integer(context, builder, *extent) for extent in (rows, inner)]
        builder.call(product_function(builder.module, product), [*pointers, *extents, *lengths])
        return context.get_dummy_value()

    return call


def _transpose_call(rows: int | None, columns: int, bits: int) -> Callable[..., Any]:
    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not vectors().bits:
            return context.compile_internal(builder, _plain_transpose, signature, args)
        out, a = (
            view(context, builder, *array).data for array in zip(signature.args[:2], args[:2], strict=True)
        )
        function = transpose_function(builder.module, rows, columns, bits)
        builder.call(function, [out, a, as_integer(context, builder, signature.args[2], args[2])])
        return context.get_dummy_value()

    return call


def _plain_call(plain: Callable[..., None]) -> Callable[..., Any]:
    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.compile_internal(builder, plain, signature, args)

    return call


# ---------------- plain loops ----------------


def _plain(out, a, b, rows, inner, columns):  # type: ignore[no-untyped-def]
    for i in range(rows):
        for j in range(columns):
            out[i, j] = 0
        for k in range(inner):
            for j in range(columns):
                out[i, j] += a[i, k] * b[k, j]


def _plain_bias(out, a, b, bias, rows, inner, columns):  # type: ignore[no-untyped-def]
    for i in range(rows):
        for j in range(columns):
            out[i, j] = bias[j]
        for k in range(inner):
            for j in range(columns):
                out[i, j] += a[i, k] * b[k, j]


def _plain_ta(out, a, b, rows, inner, columns):  # type: ignore[no-untyped-def]
    for i in range(rows):
        for j in range(columns):
            out[i, j] = 0
        for k in range(inner):
            for j in range(columns):
                out[i, j] += a[k, i] * b[k, j]


def _plain_transpose(out, a, rows, columns):  # type: ignore[no-untyped-def]
    for i in range(rows):
        for j in range(columns):
            out[j, i] = a[i, j]
