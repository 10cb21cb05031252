"""The vector language, operation by operation, against NumPy; and what the processor offers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from glassnet.errors import InputError
from glassnet.kernels import features
from glassnet.kernels.features import AVX2, AVX512, PLAIN, fingerprint, vectors
from glassnet.kernels.options import OPTIONS
from glassnet.kernels.vector import (
    INDEX,
    Vector,
    as_value,
    counted_loop,
    element,
    plus,
    quotient,
    smaller,
    times,
)

NAN = np.nan
X = np.array([1.5, -2, 0, 3, NAN, 1, -0.5, 8, 2, -3, 0.25, 7, 4, -6, NAN, 9])
Y = np.array([2.0, -3, 0, NAN, 5, 1, 4, -8, 1, 6, -0.25, 7, NAN, 2, 1, -9])


def runs(write, lanes, dtype, masks=True):
    """Return a compiled function of three arrays whose code ``write(v, out, x, y)`` writes, of pointers."""

    @intrinsic
    def code(typing_context, out, x, y):
        def generate(context, builder, signature, args):
            arrays = zip(signature.args, args, strict=True)
            pointers = [context.make_array(kind)(context, builder, array).data for kind, array in arrays]
            v = Vector(builder, element(8 * np.dtype(dtype).itemsize), lanes, masks=masks)
            write(v, *pointers)
            return context.get_dummy_value()

        return types.void(out, x, y), generate

    @njit(**OPTIONS)
    def function(out, x, y):
        code(out, x, y)

    return function


def result(write, lanes, dtype, length=None, masks=True):
    out = np.full(length or lanes, 77, dtype)
    runs(write, lanes, dtype, masks)(out, X.astype(dtype), Y.astype(dtype))
    return out


def _all_operations(v, out, x, y):
    a, b = v.load(x), v.load(y)
    values = [
        v.add(a, b),
        v.sub(a, b),
        v.mul(a, b),
        v.fma(a, b, v.constant(0.5)),
        v.max(a, b),
        v.max(b, a),
        v.abs(a),
        v.select(v.greater(a, b), a, v.constant(-1.0)),
        v.broadcast_at(x, 3),
        v.shuffle(a, b, [v.lanes + i if i % 2 else i for i in range(v.lanes)]),
    ]
    for i, value in enumerate(values):
        v.store(value, out, i * v.lanes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_operations(lanes, dtype):
    a, b = X[:lanes].astype(dtype), Y[:lanes].astype(dtype)
    with np.errstate(invalid="ignore"):
        expected = [
            a + b,
            a - b,
            a * b,
            a * b + 0.5,
            np.maximum(a, b),
            np.maximum(b, a),
            np.abs(a),
            np.where(a > b, a, -1),
            np.full(lanes, X[3]),
            np.where(np.arange(lanes) % 2, b, a),
        ]
    found = result(_all_operations, lanes, dtype, 10 * lanes).reshape(10, lanes)
    np.testing.assert_array_equal(found, np.array(expected, dtype))


def test_fma_rounds_once():
    def write(v, out, x, y):
        small = v.constant(1 + 2.0**-12)
        v.store(v.fma(small, small, v.constant(-1.0)), out)

    assert result(write, 4, np.float32)[0] == np.float32(2.0**-11 + 2.0**-24)


@pytest.mark.parametrize("masks", [True, False])
@pytest.mark.parametrize("lanes", [4, 16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_of_a_vector(lanes, dtype, masks):
    """A part is loaded with zeros behind it, and stored without touching what lies behind it."""

    def write(v, out, x, y):
        for count in range(1, lanes + 1):
            row = 2 * lanes * (count - 1)
            v.store(v.load(x, 0, count), out, row)
            v.store(v.load(x), out, row + lanes, count)

    found = result(write, lanes, dtype, 2 * lanes * lanes, masks).reshape(lanes, 2, lanes)
    inside = np.arange(lanes) < np.arange(1, lanes + 1)[:, None]
    np.testing.assert_array_equal(found[:, 0], np.where(inside, X[:lanes], 0))
    np.testing.assert_array_equal(found[:, 1], np.where(inside, X[:lanes], 77))


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_transpose(lanes):
    def write(v, out, x, y):
        rows = [v.fma(v.constant(i), v.constant(100.0), v.load(out)) for i in range(lanes)]
        for i, row in enumerate(v.transpose(rows)):
            v.store(row, out, i * lanes)

    out = np.arange(lanes * lanes, dtype=np.float64)
    runs(write, lanes, np.float64)(out, X, Y)
    expected = np.arange(lanes)[:, None] + 100 * np.arange(lanes)
    np.testing.assert_array_equal(out.reshape(lanes, lanes), expected)


@pytest.mark.parametrize("lanes", [1, 2, 8, 16])
def test_sum(lanes):
    def write(v, out, x, y):
        v.store(v.broadcast(v.sum(v.load(out))), out)

    out = 2.0 ** np.arange(lanes)
    runs(write, lanes, np.float64)(out, X, Y)
    np.testing.assert_array_equal(out, np.full(lanes, 2.0**lanes - 1))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("count", [-1, 0, 1, 2, 7])
def test_counted_loop(count, known):
    """Seven numbers from 10 on: a loop adds its counter to the first ``count`` of them."""

    def write(v, out, x, y):
        rounds = count if known else v.builder.fptosi(v.load_one(out, 7), INDEX)
        total = v.constant(0.0)

        def body(i, values):
            v.builder.store(v.builder.sitofp(i, v.element), v.at(out, i))
            return [v.add(values[0], v.constant(1.0))]

        v.store(counted_loop(v.builder, rounds, [total], body)[0], out, 8)

    out = np.array([10.0] * 7 + [count, 99])
    runs(write, 1, np.float64)(out, X, Y)
    np.testing.assert_array_equal(
        out, [*range(max(count, 0)), *[10.0] * (7 - max(count, 0)), count, max(count, 0)]
    )


def test_known_extents_stay_known():
    builder = ir.IRBuilder(ir.Block(ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), [INDEX]), "f")))
    assert plus(builder, 3, 4) == 7
    assert times(builder, 3, 4) == 12
    assert smaller(builder, 3, 4) == 3
    assert quotient(builder, 11, 4) == 2
    unknown = builder.function.args[0]
    assert plus(builder, unknown, 0) is unknown
    assert as_value(unknown) is unknown
    assert "mul i64" in str(times(builder, unknown, 3))


# ---------------- what the processor offers ----------------


def _with_features(monkeypatch, triple, *names):
    class Codegen:
        def magic_tuple(self):
            return triple, "processor", ",".join(names)

    monkeypatch.delenv(features.LIMIT, raising=False)
    monkeypatch.setattr(type(features.cpu_target.target_context), "codegen", lambda self: Codegen())


SKYLAKE = ("+avx2", "+fma", "+avx512f", "+avx512vl", "+avx512dq", "+avx512bw")


@pytest.mark.parametrize(
    "triple, names, expected",
    [
        ("x86_64-unknown-linux-gnu", SKYLAKE, AVX512),
        ("x86_64-unknown-linux-gnu", SKYLAKE[:3], AVX2),
        ("x86_64-pc-windows-msvc", ("+avx2", "+fma", "-avx512f"), AVX2),
        ("x86_64-unknown-linux-gnu", ("+sse2", "-avx2", "+fma"), PLAIN),
        ("x86_64-unknown-linux-gnu", ("",), PLAIN),
        ("aarch64-unknown-linux-gnu", ("+neon",), PLAIN),
    ],
)
def test_vectors_of_a_processor(triple, names, expected, monkeypatch):
    _with_features(monkeypatch, triple, *names)
    assert vectors() == expected


@pytest.mark.parametrize("limit, expected", [("512", AVX512), ("256", AVX2), ("0", PLAIN)])
def test_the_limit(limit, expected, monkeypatch):
    _with_features(monkeypatch, "x86_64-unknown-linux-gnu", *SKYLAKE)
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", limit)
    assert vectors() == expected
    assert (
        fingerprint() == {"512": "vectors-512-32-1", "256": "vectors-256-16-0", "0": "vectors-0-0-0"}[limit]
    )


def test_a_limit_that_is_none(monkeypatch):
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", "many")
    text = "GLASSNET_VECTOR_BITS is 'many'.\nExpected 512, 256 or 0 (plain loops), or no such variable."
    with pytest.raises(InputError, match=f"^{re.escape(text)}$"):
        vectors()
