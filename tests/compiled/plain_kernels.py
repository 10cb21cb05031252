"""What compiled programs call, in plain Python and NumPy, with checks that machine code does without."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from glassnet import random
from glassnet.passes.epilogues import FORMS, FUNCTIONS, parse
from glassnet.passes.storage import ALIGNMENT


def array(arena, offset, shape):
    """A view into an arena; nothing may lie outside. Loops over vectors may go on into their padding."""
    size = math.prod(map(int, shape))
    assert offset >= 0, f"offset {offset}"
    assert offset + size <= arena.size, f"{offset} + {size} elements in an arena of {arena.size}"
    if len(shape) == 1:
        return arena[offset : offset + size + -size % ALIGNMENT]
    return arena[offset : offset + size].reshape(shape)


def matmul(out, a, b, rows, inner, columns):
    assert (out.shape, a.shape, b.shape) == ((rows, columns), (rows, inner), (inner, columns))
    _apart(out, a, b)
    out[...] = a @ b


def matmul_ta(out, a, b, rows, inner, columns):
    assert (out.shape, a.shape, b.shape) == ((rows, columns), (inner, rows), (inner, columns))
    _apart(out, a, b)
    out[...] = a.T @ b


def matmul_then(out, a, b, rows, inner, columns, text, *arguments):
    matmul(out, a, b, rows, inner, columns)
    _finish(out, text, arguments)


def matmul_ta_then(out, a, b, rows, inner, columns, text, *arguments):
    matmul_ta(out, a, b, rows, inner, columns)
    _finish(out, text, arguments)


def _finish(out, text, arguments):
    """An epilogue, element by element."""
    epilogue = parse(text)
    given = dict(zip(epilogue.names, arguments, strict=True))
    for name, form in zip(epilogue.names, epilogue.forms, strict=True):
        assert np.ndim(given[name]) == FORMS[form], name
        if form:
            _apart(out, given[name])
        assert form != "ij" or given[name].shape == out.shape, name
    *steps, last = text.split("; ")
    code = compile("\n".join([*steps, f"result = {last}"]), "epilogue", "exec")
    called = {"f": out.dtype.type, **{name: getattr(np, name) for name in FUNCTIONS}}
    with np.errstate(all="ignore"):
        for i, j in np.ndindex(*out.shape):
            scope = {**called, **given, "product": out[i, j], "i": i, "j": j}
            exec(code, scope)
            out[i, j] = scope["result"]


def transpose(out, a, rows, columns):
    assert (out.shape, a.shape) == ((columns, rows), (rows, columns))
    _apart(out, a)
    out[...] = a.T


def column_sums(out, a, rows, columns):
    assert (len(out) >= columns, a.shape) == (True, (rows, columns))
    _apart(out[:columns], a)
    out[:columns] = a.sum(axis=0)


def gemm_at(address, out, a, b, rows, inner, columns, a_transposed, b_transposed):
    assert address, "a program that calls the BLAS needs its address"
    a, b = (a.T if a_transposed else a), (b.T if b_transposed else b)
    matmul(out, a, b, rows, inner, columns)


def _apart(out, *operands):
    """A product may not write over what it reads."""
    for operand in operands:
        assert not np.shares_memory(out, operand), "a product writes over its own operand"


def hash_keys(seed, step, site):
    key = np.array([0x9E3779B9, 0x85EBCA6B], dtype=np.uint32)
    for word in (seed, step, site):
        key = random.mix(key ^ np.uint32(int(word) % 2**32)) + np.uint32(0x9E3779B9)
    return key


def uniform(keys, start, offset):
    first, second = keys
    bits = random.mix(random.mix(np.array([start + offset], np.uint32) ^ first) + second)
    return (bits[0] >> 8).astype(np.float32) * np.float32(2**-24)


def row(index, count):
    if not -count <= index < count:
        raise IndexError(index)
    return int(index + count if index < 0 else index)


def _source(source, first, rows):
    """The matrix that :func:`glassnet.kernels.describe` described."""
    address, code, row_step, step, width = (int(number) for number in source)
    kinds = ("uint8", "float32", "float64", "bool", "int8", "int16", "int32", "int64", "uint16", "uint32")
    interface = {
        "data": (address, True),
        "shape": (rows, width),
        "strides": (row_step, step),
        "typestr": np.dtype(kinds[code]).str,
        "version": 3,
    }
    return np.asarray(SimpleNamespace(__array_interface__=interface))


def gather(out, source, order, first, count):
    rows = order[first : first + count] if order.size else np.arange(first, first + count)
    assert len(rows) == count
    matrix = _source(source, first, int(rows.max(initial=-1)) + 1)
    values = matrix[rows].reshape(count, *out.shape[1:])
    out[:count] = values


def share(extent, part, parts):
    block = 16 if extent >= 2 * 16 * parts else 1
    blocks = (extent + block - 1) // block
    return blocks * part // parts * block, min(blocks * (part + 1) // parts * block, extent)


def shuffle(order, scratch, seed, epoch):
    order[...] = random.shuffle(seed, int(epoch), order.size)


def _quiet(function):
    """Python's own functions of numbers raise where compiled ones answer inf or NaN."""

    def call(x):
        with np.errstate(all="ignore"):
            return float(function(np.float64(x)))

    return call


KERNELS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "tanh", "sqrt", "expm1", "log1p", "sin", "cos")},
    **{name: getattr(np, name) for name in ("sign", "maximum", "minimum")},
    **{
        f.__name__: f
        for f in (array, matmul, matmul_ta, transpose, column_sums, gemm_at, hash_keys, uniform, row)
    },
    **{f.__name__: f for f in (matmul_then, matmul_ta_then)},
    **{f.__name__: f for f in (gather, shuffle)},
    "gather_int": gather,
    "gather_few": gather,
    "gather_few_int": gather,
    "plus": operator.add,
    "share": share,
    "flush_denormals": lambda on: False,
    "barrier": lambda cells, threads: None,
}
MATH = SimpleNamespace(
    floor=math.floor,
    **{
        name: _quiet(getattr(np, name))
        for name in ("exp", "log", "sqrt", "tanh", "sin", "cos", "expm1", "log1p")
    },
)
