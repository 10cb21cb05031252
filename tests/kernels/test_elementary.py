"""Elementary functions: within two units in the last place, right at every special value, in vectors."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from glassnet.kernels import elementary
from glassnet.kernels.options import OPTIONS
from glassnet.kernels.sums import plus

ONE_ARGUMENT = ["cos", "exp", "expm1", "log", "log1p", "sign", "sin", "sqrt", "tanh"]
TWO_ARGUMENTS = ["maximum", "minimum", "power"]
TINIEST, LARGEST = np.float32(1e-45), np.finfo(np.float32).max
SPECIALS = np.array(
    [0, TINIEST, 1e-40, 2**-126, 1e-7, 0.5, 1, 2, 88.7, 104, 1e10, LARGEST, np.inf, np.nan], np.float32
)
SPECIALS = np.concatenate([SPECIALS, -SPECIALS])


def loop(function):
    """Inlined into a loop that also sums: the options of generated programs."""

    @njit(**OPTIONS)
    def run(out, x):
        total = x.dtype.type(0)
        for i in range(x.size):
            out[i] = function(x[i])
            total = plus(total, out[i])
        return total

    return run


def loop_of_two(function):
    @njit(**OPTIONS)
    def run(out, x, y):
        for i in range(x.size):
            out[i] = function(x[i], y[i])

    return run


COMPILED = {name: loop(getattr(elementary, name)) for name in ONE_ARGUMENT}
COMPILED |= {name: loop_of_two(getattr(elementary, name)) for name in TWO_ARGUMENTS}


def compiled(name, *arguments):
    out = np.empty_like(arguments[0])
    COMPILED[name](out, *arguments)
    return out


def exact(name, *arguments):
    """The result for float32, calculated in float64."""
    with np.errstate(all="ignore"):
        return getattr(np, name)(*(x.astype(np.float64) for x in arguments))


def errors(result, expected):
    """Units in the last place; below the normal range 0 up to an error of 1.2e-38; infinite if wrong."""
    with np.errstate(all="ignore"):
        result, rounded, off = (
            result.astype(np.float32),
            expected.astype(np.float32),
            np.abs(result - expected),
        )
        units = off / np.spacing(np.abs(rounded))
    normal = np.isfinite(rounded) & (np.abs(rounded) >= 2**-126)
    same = (result == rounded) | (np.isnan(result) & np.isnan(rounded)) | (off < 1.2e-38)
    return np.where(normal, units, np.where(same, 0, np.inf))


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_float32_everywhere(name):
    x = np.arange(0, 2**32, 4099, dtype=np.uint64).astype(np.uint32).view(np.float32)
    assert errors(compiled(name, x), exact(name, x)).max() < 1.5


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_float32_where_networks_work(name):
    x = np.linspace(-30, 30, 200_001, dtype=np.float32)
    assert errors(compiled(name, x), exact(name, x)).max() < 1.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_special_values(name, dtype):
    x = SPECIALS.astype(dtype)
    result, expected = compiled(name, x), exact(name, x)
    assert errors(result, expected).max() < 1.5
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(result[zero]), np.signbit(expected[zero]))


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_float64(name):
    x = np.concatenate([np.linspace(-30, 30, 1001), np.geomspace(1e-300, 1e300, 1001)])
    np.testing.assert_allclose(compiled(name, x), exact(name, x), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TWO_ARGUMENTS)
def test_two_arguments(name, dtype):
    values = np.concatenate([SPECIALS, np.linspace(-4, 4, 33, dtype=np.float32)])
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    result = compiled(name, x.astype(dtype), y.astype(dtype))
    assert errors(result, exact(name, x, y)).max() < 1.5


@given(st.lists(st.floats(width=32), min_size=1, max_size=40))
def test_the_length_of_the_loop_does_not_matter(numbers):
    x = np.array(numbers, np.float32)
    alone = np.array([compiled("exp", x[i : i + 1])[0] for i in range(len(x))])
    np.testing.assert_allclose(compiled("exp", x), alone, rtol=3e-7)


@pytest.mark.parametrize("name", [*ONE_ARGUMENT, "maximum", "minimum"])
def test_float32_is_calculated_in_vectors(name):
    x = np.ones(1, np.float32)
    compiled(name, *([x] if name in ONE_ARGUMENT else [x, x]))
    (text,) = (t for s, t in COMPILED[name].inspect_llvm().items() if s[0].dtype.name == "float32")
    assert "x float>" in text
    assert not re.search(rf"call .*@(llvm\.)?{name}f?[(.]f32", text)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((np.float32(-1), 0), ("float32", 0)),
        ((np.float32(2), 0), ("float32", 2)),
        ((0, np.float64(-2)), ("float64", 0)),
        ((np.float32(0.5), np.float64(0.1)), ("float64", 0.5)),
        ((3, 4), ("int64", 4)),
        ((np.uint8(3), np.int64(-4)), ("int64", 3)),
    ],
)
def test_the_type_of_a_maximum(numbers, expected):
    @njit(**OPTIONS)
    def largest(x, y):
        return elementary.maximum(x, y)

    assert largest(*numbers) == expected[1]
    assert str(largest.nopython_signatures[0].return_type) == expected[0]
