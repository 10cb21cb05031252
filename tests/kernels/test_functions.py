"""Elementary functions of vectors: those of NumPy, and bit by bit what loops call for single numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from glassnet.kernels import elementary
from glassnet.kernels.functions import FUNCTIONS, function_of
from glassnet.kernels.options import OPTIONS
from glassnet.kernels.vector import INDEX, Vector, counted_loop, element, times

LARGEST = np.finfo(np.float32).max
SPECIALS = [
    0,
    1e-45,
    1e-40,
    2**-126,
    1e-7,
    0.3,
    0.625,
    1,
    2,
    9.02,
    88.7,
    89,
    104,
    1e10,
    LARGEST,
    np.inf,
    np.nan,
]
X = np.concatenate(
    [SPECIALS, np.negative(SPECIALS), np.linspace(-12, 12, 990), np.geomspace(1e-30, 1e30, 240)]
)
X = X[: X.size - X.size % 16].astype(np.float32)


def of_vectors(name, lanes):
    """Return a compiled function ``(out, x)`` that works on vectors of so many lanes."""

    @intrinsic
    def code(typing_context, out, x):
        def generate(context, builder, signature, arguments):
            out, x = (
                context.make_array(kind)(context, builder, array)
                for kind, array in zip(signature.args, arguments, strict=True)
            )
            v = Vector(builder, element(signature.args[0].dtype.bitwidth), lanes)

            def step(i, _):
                at = times(builder, i, lanes)
                v.store(v.function(name, v.load(x.data, at)), out.data, at)
                return []

            counted_loop(builder, builder.sdiv(x.nitems, INDEX(lanes)), [], step)
            return context.get_dummy_value()

        return types.void(out, x), generate

    @njit(**OPTIONS)
    def function(out, x):
        code(out, x)

    return function


def of_numbers(name):
    function = getattr(elementary, name)

    @njit(**OPTIONS)
    def one(x):
        return function(x)

    return lambda x: np.array([one(number) for number in x], x.dtype)


NUMBERS = {name: of_numbers(name) for name in FUNCTIONS}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_vectors(name, dtype):
    x = X.astype(dtype)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(X.astype(np.float64)).astype(dtype)
    one_by_one = NUMBERS[name](x)
    for lanes in (1, 4, 8, 16):
        out = np.empty_like(x)
        of_vectors(name, lanes)(out, x)
        np.testing.assert_array_equal(out, one_by_one, err_msg=f"{lanes} lanes")
        np.testing.assert_array_equal(np.signbit(out), np.signbit(one_by_one), err_msg=f"{lanes} lanes")
        tiny = 1.2e-38 if dtype == "float32" else 0.0
        np.testing.assert_allclose(out, expected, 2 * np.finfo(dtype).eps, tiny, err_msg=f"{lanes} lanes")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_instructions_that_every_processor_has(name):
    """A fused multiply-add is allowed, not asked for: without such an instruction it would be a call."""
    text = str(function_of(ir.Module(), name, ir.VectorType(ir.FloatType(), 8)))
    assert "llvm.fma" not in text
    assert re.search(r"fadd contract <8 x (float|double)>", text)
    assert not re.search(r"f(add|sub|mul|div) <", text)


def test_a_module_has_one_function_for_each_type():
    module, four = ir.Module(), ir.VectorType(ir.FloatType(), 4)
    assert function_of(module, "exp", four) is function_of(module, "exp", four)
    assert function_of(module, "exp", ir.VectorType(ir.DoubleType(), 4)).name == "glassnet_exp_v4f64"
