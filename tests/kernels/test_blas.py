"""BLAS's matrix product inside compiled programs against NumPy."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from glassnet.errors import InputTypeError
from glassnet.kernels.blas import address, gemm_at
from glassnet.kernels.options import OPTIONS


@njit(**OPTIONS)
def product(where, out, a, b, rows, inner, columns, a_transposed, b_transposed):
    gemm_at(where, out, a, b, rows, inner, columns, a_transposed, b_transposed)


def operands(rows, inner, columns, dtype):
    rng = np.random.default_rng(rows + 100 * inner + columns)
    return rng.standard_normal((rows, inner)).astype(dtype), rng.standard_normal((inner, columns)).astype(
        dtype
    )


def stored(matrix, transposed):
    return np.ascontiguousarray(matrix.T) if transposed else matrix


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 7, 2), (7, 1, 1), (0, 3, 4), (3, 0, 4), (64, 32, 10)])
@pytest.mark.parametrize("a_transposed", [False, True])
@pytest.mark.parametrize("b_transposed", [False, True])
def test_product(shape, dtype, a_transposed, b_transposed):
    a, b = operands(*shape, dtype)
    whole = np.full((shape[0] + 2, shape[2]), 7, dtype)
    out = whole[1:-1]
    out[:] = np.nan
    product(
        address(dtype),
        out,
        stored(a, a_transposed),
        stored(b, b_transposed),
        *shape,
        a_transposed,
        b_transposed,
    )
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=100 * np.finfo(dtype).eps)
    assert (whole[[0, -1]] == 7).all()


def test_ranges_of_columns():
    a, b = operands(9, 8, 7, np.float64)
    wide = np.full((9, 20), 7.0)
    product(address("float64"), wide[:, 3:8], a[:, 2:6], b[1:5, 2:7], 9, 4, 5, False, False)
    np.testing.assert_allclose(wide[:, 3:8], a[:, 2:6] @ b[1:5, 2:7], rtol=0, atol=1e-13)
    assert (np.delete(wide, range(3, 8), axis=1) == 7).all()


def test_two_threads_at_once():
    a, b = operands(64, 50, 30, np.float32)
    where, outs = address("float32"), np.empty((2, 64, 30), np.float32)

    def work(out):
        for _ in range(500):
            product(where, out, a, b, 64, 50, 30, False, False)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, outs))
    np.testing.assert_allclose(outs[0], a @ b, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(outs[0], outs[1])


def test_other_types():
    text = "BLAS has no matrix product for int64.\nExpected float32 or float64."
    with pytest.raises(InputTypeError, match=f"^{re.escape(text)}$"):
        address(np.int64)
    a = np.ones((2, 2), np.float32)
    with pytest.raises(TypingError, match="gemm_at multiplies float32 or float64 matrices in C order"):
        product(address("float64"), np.ones((2, 2)), a, a, 2, 2, 2, False, False)
