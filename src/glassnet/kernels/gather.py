"""Rows of the user's data, of whatever type and layout, as the floats that a compiled program works on.

The data is never copied as a whole: a batch is gathered from where it lies (a memory map, say), in the
order of the epoch, and converted on the way. One compiled function serves every type, so that programs do
not depend on it: the matrix is described by five integers.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from glassnet.kernels.arrays import array
from glassnet.kernels.options import INNER

__all__ = ["describe", "gather", "gather_few", "gather_few_int", "gather_int"]

_UINT8, _FLOAT32, _FLOAT64, _BOOL, _INT8, _INT16, _INT32, _INT64, _UINT16, _UINT32 = range(10)
_LINE = 64  # bytes of a cache line
_CACHE = 1 << 20  # data of up to so many bytes stays in the second-level cache
_CODES = {
    "uint8": _UINT8,
    "float32": _FLOAT32,
    "float64": _FLOAT64,
    "bool": _BOOL,
    "int8": _INT8,
    "int16": _INT16,
    "int32": _INT32,
    "int64": _INT64,
    "uint16": _UINT16,
    "uint32": _UINT32,
}


def describe(data: np.ndarray) -> np.ndarray | None:
    """Describe where the rows of an array lie.

    Parameters
    ----------
    data : ndarray
        At least 1-d; the first axis counts the rows, the others are seen as one (C order). The description
        does not keep the array alive: hold on to it.

    Returns
    -------
    ndarray of int64, or None
        Address, code of the type, bytes from row to row, bytes from column to column, number of columns.
        None if compiled code cannot read the array as it is (foreign byte order, other types, trailing axes
        that are not evenly spaced): make a contiguous copy in another type then.

    Examples
    --------
    >>> describe(np.zeros((5, 2, 3), dtype=np.float32))[1:].tolist()
    [1, 24, 4, 6]
    >>> describe(np.zeros(3, dtype=complex)) is None
    True
    """
    code = _CODES.get(data.dtype.name) if data.dtype.isnative else None
    step = _even_step(data)
    if code is None or step is None:
        return None
    width = int(np.prod(data.shape[1:], dtype=np.int64))
    return np.array([data.ctypes.data, code, data.strides[0], step, width], dtype=np.int64)


def _even_step(data: np.ndarray) -> int | None:
    """Return the bytes between neighbors when all axes but the first are seen as one, None if they differ."""
    if data.ndim == 0:
        return None
    axes = [(n, step) for n, step in zip(data.shape[1:], data.strides[1:], strict=True) if n != 1]
    for (_, outer), (n, inner) in itertools.pairwise(axes):
        if outer != n * inner:
            return None
    return axes[-1][1] if axes else data.itemsize


@intrinsic
def _numbers(typingctx: Any, kind: Any, address: Any, count: Any) -> Any:
    """View memory from an address on, not necessarily aligned, as a 1-d array of a NumPy type."""
    view = types.Array(kind.dtype, 1, "C", readonly=True, aligned=False)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        storage = context.get_data_type(kind.dtype)
        size = context.get_constant(types.intp, context.get_abi_sizeof(storage))
        result = arrayobj.make_array(view)(context, builder)
        arrayobj.populate_array(
            result,
            data=builder.inttoptr(arguments[1], storage.as_pointer()),
            shape=cgutils.pack_array(builder, [arguments[2]]),
            strides=cgutils.pack_array(builder, [size]),
            itemsize=size,
            meminfo=None,
        )
        return result._getvalue()

    return view(kind, types.int64, types.int64), codegen


@intrinsic
def _opaque(typingctx: Any, number: Any) -> Any:
    """Return an integer of which LLVM knows nothing, not even that it stays the same.

    It would otherwise make a copy of the loop around for each case of a test inside, and optimize each of
    them.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(64)
        return builder.asm(ir.FunctionType(integer, [integer]), "", "=r,0", arguments, side_effect=True)

    return types.int64(types.int64), codegen


@intrinsic
def _prefetch(typingctx: Any, address: Any) -> Any:
    """Ask for the cache line at an address, without waiting for it."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        read, keep, data = word(0), word(3), word(1)
        builder.call(function, [builder.inttoptr(arguments[0], byte), read, keep, data])
        return context.get_dummy_value()

    return types.none(types.int64), codegen


@intrinsic
def _number(typingctx: Any, code: Any, address: Any, kind: Any) -> Any:
    """Read a number of the type that the code stands for, as one of the type ``kind``.

    It is one instruction per type; as Python text it would be a function per type to compile.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        end = builder.append_basic_block("read")
        never = builder.append_basic_block("no_such_code")
        switch = builder.switch(arguments[0], never)
        values = []
        for name, number in _CODES.items():
            with builder.goto_block(builder.append_basic_block(name)):
                switch.add_case(ir.Constant(ir.IntType(64), number), builder.block)
                values.append((_read_as(context, builder, name, arguments[1], kind.dtype), builder.block))
                builder.branch(end)
        with builder.goto_block(never):
            builder.unreachable()
        builder.position_at_end(end)
        result = builder.phi(context.get_value_type(kind.dtype))
        for value, block in values:
            result.add_incoming(value, block)
        return result

    return kind.dtype(types.int64, types.int64, kind), codegen


def _read_as(context: Any, builder: Any, name: str, address: Any, kind: Any) -> Any:
    """Emit the reading of one number, which need not be aligned, and its conversion."""
    stored = getattr(types, "uint8" if name == "bool" else name)
    pointer = builder.inttoptr(address, context.get_data_type(stored).as_pointer())
    return context.cast(builder, builder.load(pointer, align=1), stored, kind)


@njit(**INNER)
def gather(out: Any, source: Any, order: Any, first: Any, count: Any) -> None:
    """Copy rows ``order[first : first + count]`` of a matrix, converting them to the type of ``out``.

    Parameters
    ----------
    out : contiguous array
        The result: room for count rows, in whatever shape.
    source : array of 5 int64
        The matrix, from :func:`describe`.
    order : array of int64
        Numbers of rows, not checked. An empty one stands for the rows as they are: 0, 1, 2, ...
    first, count : int
        Which part of the order.
    """
    code, step, width = source[1], source[3], source[4]
    target = array(out, 0, (count, width))
    ahead = _rows_ahead(source, order)
    for i in range(count):
        if ahead:
            _prefetch_row(source, order, first + i + ahead)
        address = source[0] + _row_number(order, first + i) * source[2]
        # The types that most data has get vector loops.
        if code == _UINT8 and step == 1:
            _copy(target, i, _numbers(np.uint8, address, width))
        elif code == _FLOAT32 and step == 4:
            _copy(target, i, _numbers(np.float32, address, width))
        elif code == _FLOAT64 and step == 8:
            _copy(target, i, _numbers(np.float64, address, width))
        else:
            for j in range(width):
                target[i, j] = _number(_opaque(code), address + j * step, target.dtype)


@njit(**INNER)
def gather_int(out: Any, source: Any, order: Any, first: Any, count: Any) -> None:
    """Do as :func:`gather` for labels, where ``out`` is int64; floats lose their fraction."""
    code, step, width = source[1], source[3], source[4]
    target = array(out, 0, (count, width))
    for i in range(count):
        address = source[0] + _row_number(order, first + i) * source[2]
        for j in range(width):
            target[i, j] = _number(_opaque(code), address + j * step, target.dtype)


@njit(**INNER, forceinline=True)
def gather_few(out: Any, source: Any, order: Any, first: Any, count: Any) -> None:
    """Do as :func:`gather` where rows are a few floats, and the caller's text says how many.

    The usual types then take a few instructions; all else is called, not copied into the caller.
    """
    if source[1] == _FLOAT32 and source[3] == 4:
        _copy_few(out, np.float32, source, order, first, count)
    elif source[1] == _FLOAT64 and source[3] == 8:
        _copy_few(out, np.float64, source, order, first, count)
    else:
        gather(out, source, order, first, count)


@njit(**INNER, forceinline=True)
def gather_few_int(out: Any, source: Any, order: Any, first: Any, count: Any) -> None:
    """Do as :func:`gather_int` where rows are a few integers, and the caller's text says how many."""
    if source[1] == _INT64 and source[3] == 8:
        _copy_few(out, np.int64, source, order, first, count)
    else:
        gather_int(out, source, order, first, count)


@njit(inline="always")
def _copy_few(out: Any, kind: Any, source: Any, order: Any, first: Any, count: Any) -> None:
    width = out.size // len(out)
    target = array(out, 0, (count, width))
    for i in range(count):
        row = _numbers(kind, source[0] + _row_number(order, first + i) * source[2], width)
        for j in range(width):
            target[i, j] = row[j]


@njit(inline="always")
def _row_number(order: Any, position: Any) -> Any:
    return order[position] if _opaque(order.size) else position


@njit(inline="always")
def _copy(target: Any, i: Any, row: Any) -> None:
    for j in range(row.size):
        target[i, j] = row[j]


@njit(inline="always")
def _rows_ahead(source: Any, order: Any) -> Any:
    """Return how far ahead to ask for rows: 0 where they are in order, scattered, or in the cache."""
    between, length = source[2], source[3] * source[4]
    if length <= 0 or between < length or order.size * between < _CACHE:
        return 0
    return 2 if length >= 4 * _LINE else 8


@njit(inline="always")
def _prefetch_row(source: Any, order: Any, position: Any) -> None:
    """Ask for the row that will be needed soon; the processor cannot guess where it is."""
    address = source[0] + order[min(position, order.size - 1)] * source[2]
    for line in range(0, source[3] * source[4], _LINE):
        _prefetch(address + line)
