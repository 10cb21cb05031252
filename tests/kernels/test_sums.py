"""Additions that may be reordered, and those that must not be."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from glassnet.kernels import OPTIONS, exp, plus


@njit(**OPTIONS)
def total(x, start):
    result = start
    for i in range(x.size):
        result = plus(result, x[i])
    return result


@pytest.mark.parametrize(
    ("x", "start"),
    [
        (np.arange(100, dtype=np.float32), np.float32(1)),
        (np.linspace(-1, 2, 37), 0.0),
        (np.arange(9, dtype=np.float32), 0.0),
        (np.arange(9), 3),
        (np.array([True, False, True]), 0),
        (np.empty(0, np.float32), np.float32(7)),
    ],
)
def test_the_sum_is_that_of_numpy(x, start):
    found = total(x, start)
    assert found == pytest.approx(x.sum(dtype=float) + start, rel=1e-6)


def test_float32_is_added_in_vectors():
    total(np.ones(3, np.float32), np.float32(0))
    texts = [text for kinds, text in total.inspect_llvm().items() if str(kinds[0].dtype) == "float32"]
    assert "x float>" in texts[0]


def test_nothing_else_is_reordered():
    """z + b - max(z + b) is exactly 0 at the maximum, however large z is."""

    @njit(**OPTIONS)
    def largest(z, b, out):
        highest = -np.inf
        for j in range(z.size):
            highest = max(highest, z[j] + b[j])
        for j in range(z.size):
            out[j] = exp(z[j] + b[j] - np.float32(highest))

    out = np.empty(8, np.float32)
    largest(np.full(8, 1e10, np.float32), np.linspace(0, 3000, 8).astype(np.float32), out)
    assert out.max() == 1
