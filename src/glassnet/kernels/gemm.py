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
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from glassnet.kernels.epilogue import loop_of
from glassnet.kernels.features import vectors
from glassnet.kernels.products import Product, product_function
from glassnet.kernels.transposes import transpose_function
from glassnet.kernels.vector import INDEX
from glassnet.kernels.views import as_integer, common_bits, row_length, view
from glassnet.passes.epilogues import FORMS, Epilogue, parse

__all__ = ["matmul", "matmul_ta", "matmul_ta_then", "matmul_then", "transpose"]

#: The layouts that the tiles take, for `out`, `a` and `b`.
LAYOUTS = ("CA", "CA", "CA")


@intrinsic(prefer_literal=True)
def matmul(typing_context, out, a, b, rows, inner, columns):  # type: ignore[no-untyped-def]
    """``out[rows, columns] = a[rows, inner] @ b[inner, columns]``."""
    return _product((out, a, b), (rows, inner, columns))


@intrinsic(prefer_literal=True)
def matmul_ta(typing_context, out, a, b, rows, inner, columns):  # type: ignore[no-untyped-def]
    """``out[rows, columns] = a.T @ b`` of ``a[inner, rows]`` and ``b[inner, columns]``."""
    return _product((out, a, b), (rows, inner, columns), transposed=True)


@intrinsic(prefer_literal=True)
def matmul_then(typing_context, out, a, b, rows, inner, columns, text, *arguments):  # type: ignore[no-untyped-def]
    """As :func:`matmul`, but ``out`` gets what ``text`` makes of it (:mod:`glassnet.kernels.epilogue`)."""
    return _product((out, a, b), (rows, inner, columns), (text, *arguments))


@intrinsic(prefer_literal=True)
def matmul_ta_then(typing_context, out, a, b, rows, inner, columns, text, *arguments):  # type: ignore[no-untyped-def]
    """As :func:`matmul_ta`, with an epilogue."""
    return _product((out, a, b), (rows, inner, columns), (text, *arguments), transposed=True)


@intrinsic(prefer_literal=True)
def transpose(typing_context, out, a, rows, columns):  # type: ignore[no-untyped-def]
    """``out[columns, rows] = a[rows, columns].T``."""
    signature = types.void(out, a, rows, columns)
    bits, width = common_bits((out, a), "CC"), _known(columns)
    if bits is None or width is None:
        return signature, _plain_transpose_call
    return signature, _transpose_call(_known(rows), width, bits)


# ---------------- from Numba's types to a product's shape ----------------


def _product(
    arrays: Sequence[Any], extents: Sequence[Any], then: Sequence[Any] = (), *, transposed: bool = False
) -> Any:
    """Numba's answer to a call: the types of its arguments, and what writes its code."""
    more = [then[0], types.StarArgTuple.from_types(then[1:])] if then else []
    signature = types.void(*arrays, *extents, *more)
    epilogue = parse(_literal(then[0])) if then else None
    bits, (rows, inner, columns) = common_bits(arrays, LAYOUTS), map(_known, extents)
    if epilogue is not None:
        _check_arguments(epilogue, then[1:])
        matrices = [x for x in then[1:] if isinstance(x, types.Array) and not _is_truth(x)]
        bits = bits and common_bits([*arrays, *matrices], [*LAYOUTS, *["CA"] * len(matrices)])
    plain = _plain_call(epilogue, transposed, arrays[0].dtype.bitwidth)
    if bits is None or columns is None:
        return signature, plain
    layouts = "".join(array.layout for array in arrays)
    if transposed and columns == 1 and rows is not None and layouts == "CCC" and epilogue is None:
        # (a.T @ b).T is b.T @ a, and a single column is stored like a single row.
        return signature, _product_call(Product(1, inner, rows, bits, False, layouts), (0, 2, 1), plain)
    bools = tuple(map(_is_truth, then[1:]))
    product = Product(rows, inner, columns, bits, transposed, layouts, epilogue, bools)
    return signature, _product_call(product, (0, 1, 2), plain)


def _literal(text: Any) -> str:
    if not isinstance(text, types.StringLiteral):
        raise TypingError("An epilogue is a text in the program, not a value.")
    found: str = text.literal_value
    return found


def _check_arguments(epilogue: Epilogue, given: Sequence[Any]) -> None:
    """Refuse a call whose arguments are not those that its text reads."""
    axes = [kind.ndim if isinstance(kind, types.Array) else 0 for kind in given]
    if axes != [FORMS[form] for form in epilogue.forms]:
        raise TypingError(f"{epilogue.text!r} reads {', '.join(epilogue.names)}; it got {axes} axes.")


def _is_truth(kind: Any) -> bool:
    return isinstance(kind, types.Array) and kind.dtype == types.boolean


def _known(extent: Any) -> int | None:
    """The value of a literal extent."""
    return max(0, extent.literal_value) if isinstance(extent, types.IntegerLiteral) else None


# ---------------- calls, as LLVM IR ----------------


def _product_call(product: Product, order: Sequence[int], plain: Callable[..., Any]) -> Callable[..., Any]:
    """What writes a call of a product's function, its three matrices taken in this order."""

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # Asked here and not before: Numba keeps the answers to calls that it has seen.
        if not vectors().bits:
            return plain(context, builder, signature, args)
        typed = list(zip(signature.args, args, strict=True))
        views = [view(context, builder, *array) for array in typed[:3]]
        lengths = [row_length(builder, parts) for parts in views]
        extents = [as_integer(context, builder, *extent) for extent in typed[3:5]]
        given = _arguments(builder, *typed[7:])
        more = [part for argument in given for part in _part(context, builder, *argument)]
        pointers = [views[i].data for i in order]
        builder.call(product_function(builder.module, product), [*pointers, *extents, *lengths, *more])
        return context.get_dummy_value()

    return call


def _arguments(builder: Any, *given: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """The (type, value) pairs of a call's last arguments, which come as one tuple."""
    return [
        pair for kind, value in given for pair in zip(kind, cgutils.unpack_tuple(builder, value), strict=True)
    ]


def _part(context: Any, builder: Any, kind: Any, value: Any) -> tuple[Any, Any]:
    """An argument of an epilogue: address and length of the rows, or a double."""
    if not isinstance(kind, types.Array):
        return context.cast(builder, value, kind, types.float64), INDEX(0)
    parts = view(context, builder, kind, value)
    return parts.data, row_length(builder, parts)


def _transpose_call(rows: int | None, columns: int, bits: int) -> Callable[..., Any]:
    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not vectors().bits:
            return _plain_transpose_call(context, builder, signature, args)
        out, a = (
            view(context, builder, *array).data for array in zip(signature.args[:2], args[:2], strict=True)
        )
        function = transpose_function(builder.module, rows, columns, bits)
        builder.call(function, [out, a, as_integer(context, builder, signature.args[2], args[2])])
        return context.get_dummy_value()

    return call


def _plain_call(epilogue: Epilogue | None, transposed: bool, bits: int) -> Callable[..., Any]:
    """What writes plain loops in a call's place."""

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loop = loop_of(epilogue.text if epilogue else "", transposed, bits)
        typed = list(zip(signature.args, args, strict=True))
        kinds, values = zip(*typed[:6], *_arguments(builder, *typed[7:]), strict=True)  # all but the text
        return context.compile_internal(builder, loop, types.void(*kinds), values)

    return call


# ---------------- plain loops ----------------


def _plain_transpose_call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return context.compile_internal(builder, _plain_transpose, signature, args)


def _plain_transpose(out, a, rows, columns):  # type: ignore[no-untyped-def]
    for i in range(rows):
        for j in range(columns):
            out[j, i] = a[i, j]
