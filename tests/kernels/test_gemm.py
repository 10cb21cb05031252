"""Matrix products and transposes of compiled programs against NumPy, for each way of writing them."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numba.core.errors import TypingError

from glassnet.kernels import gemm, vectors
from glassnet.kernels.options import OPTIONS
from glassnet.kernels.tiles import panels
from glassnet.kernels.views import APART
from glassnet.passes.epilogues import parse

#: (rows, inner, columns): single elements, empty extents, tails, dot products, many panels.
SHAPES = [
    (1, 1, 1),
    (0, 3, 4),
    (3, 0, 4),
    (4, 3, 4),
    (5, 7, 10),
    (16, 4, 16),
    (7, 33, 1),
    (2, 20, 3),
    (1, 64, 64),
    (32, 64, 64),
    (33, 18, 300),
    (37, 5, 65),
    (0, 3, 1024),
    (3, 0, 1024),
    (40, 300, 1024),
    (9, 300, 1024),
    (40, 600, 256),
]
ALL_PRODUCTS = """
def products(outs, a, a_t, b, bias, n, m, k):
    matmul(outs[0], a, b, {rows}, {inner}, {columns})
    matmul(outs[1], a, b, n, m, {columns})
    matmul_then(outs[2], a, b, n, {inner}, {columns}, "product + bias[j]", bias)
    matmul_ta(outs[3], a_t, b, {rows}, m, {columns})
    matmul_ta(outs[4], a_t, b, n, {inner}, {columns})
"""
PLAIN_PRODUCTS = """
def products(outs, a, a_t, b, bias, n, m, k):
    matmul(outs[0], a, b, n, m, k)
    matmul(outs[1], a, b, {rows}, {inner}, k)
    matmul_then(outs[2], a, b, n, {inner}, k, "product + bias[j]", bias)
    matmul_ta(outs[3], a_t, b, {rows}, m, k)
    matmul_ta(outs[4], a_t, b, n, m, k)
"""
WITH_BIAS = 2


def compiled(text, **extents):
    names = dict(vars(gemm))
    exec(text.format(**extents), names)
    return njit(**OPTIONS)(names[text.split("(")[0].split()[-1]])


def framed(shape, dtype):
    """Return a matrix of NaN inside a longer array of sevens, and the sevens around it."""
    size = int(np.prod(shape))
    whole = np.full(size + 64, 7, dtype)
    whole[32 : 32 + size] = np.nan
    return whole[32 : 32 + size].reshape(shape), (whole[:32], whole[32 + size :])


def operands(rows, inner, columns, dtype):
    rng = np.random.default_rng(rows + 100 * inner + columns)
    a, b, bias = (rng.standard_normal(s).astype(dtype) for s in ((rows, inner), (inner, columns), columns))
    return a, b, bias


def assert_products(shape, dtype, text=ALL_PRODUCTS):
    rows, inner, columns = shape
    a, b, bias = operands(*shape, dtype)
    outs, frames = zip(*(framed((rows, columns), dtype) for _ in range(5)), strict=True)
    compiled(text, rows=rows, inner=inner, columns=columns)(
        outs, a, np.ascontiguousarray(a.T), b, bias, rows, inner, columns
    )
    product = a.astype(np.float64) @ b
    largest = np.abs(a).astype(np.float64) @ np.abs(b) + np.abs(bias)
    for i, (out, frame) in enumerate(zip(outs, frames, strict=True)):
        error = np.abs(out - (product + bias if i == WITH_BIAS else product))
        assert (error <= (inner + 1) * np.finfo(dtype).eps * largest).all(), i
        assert all((side == 7).all() for side in frame), i


@pytest.mark.parametrize("shape", SHAPES)
def test_products(shape):
    assert_products(shape, np.float32)


@pytest.mark.parametrize("shape", SHAPES[4::3])
def test_products_in_float64(shape):
    assert_products(shape, np.float64)


def test_products_of_unknown_width():
    assert_products((9, 5, 11), np.float32, PLAIN_PRODUCTS)


@pytest.mark.parametrize("bits", ["256", "0"])
@pytest.mark.parametrize("shape", [(33, 18, 43), (7, 33, 1)])
def test_products_of_lesser_processors(shape, bits, monkeypatch):
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    assert_products(shape, np.float32)


@pytest.mark.parametrize("rows", ["37", "n"])
def test_large_matrices_come_in_blocks_that_add_up(rows):
    """Several blocks of terms, and a number of rows that is no multiple of a tile's."""
    a, b, _ = operands(37, 600, 300, np.float64)
    out, frame = framed((37, 300), np.float64)
    compiled("def f(out, a, b, n): matmul(out, a, b, {rows}, 600, 300)", rows=rows)(out, a, b, 37)
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-12)
    assert all((side == 7).all() for side in frame)


@pytest.mark.parametrize("inner", ["5", "40", "500", "m"])
@pytest.mark.parametrize("columns", [1, 10, 65, 300, 1024])
def test_a_row_does_not_depend_on_the_other_rows(inner, columns):
    """Threads take parts of the rows: no partition may change a bit of the result."""
    terms = 270 if inner == "m" else int(inner)
    a, b, _ = operands(79, terms, columns, np.float32)
    product = compiled("def f(out, a, b, n, m): matmul(out, a, b, n, {i}, {c})", i=inner, c=columns)
    whole, parts = np.empty((2, 79, columns), np.float32)
    product(whole, a, b, 79, terms)
    for low, high in ((0, 1), (1, 6), (6, 17), (17, 50), (50, 79)):
        product(parts[low:high], a[low:high], b, high - low, terms)
    np.testing.assert_array_equal(parts, whole)


def relu(z):
    return np.where(z < 0, 0, z)


# text → what it makes, from the product and the arguments h[i, j], b[j], s[i], the number c, and k = h > 0
EPILOGUES = {
    "product + b[j]": lambda p, h, b, s, c: p + b,
    "z = product + b[j]; f(0) if z < f(0) else z": lambda p, h, b, s, c: relu(p + b),
    "product * f(h[i, j] > f(0))": lambda p, h, b, s, c: p * (h > 0),
    "maximum(product, h[i, j]) - minimum(product, f(0.5))": lambda p, h, b, s, c: (
        np.maximum(p, h) - np.minimum(p, 0.5)
    ),
    "sqrt(product * product) / s[i] + f(c)": lambda p, h, b, s, c: np.sqrt(p * p) / s[:, None] + c,
    "f(2 * c + 1) * h[i, j] - -product": lambda p, h, b, s, c: (2 * c + 1) * h + p,
    "product if h[i, j] >= f(0) and not b[j] == f(0) or s[i] <= f(1) else f(-c)": lambda p, h, b, s, c: (
        np.where(((h >= 0) & (b != 0)) | (s[:, None] <= 1), p, -c)
    ),
    "product if h[i, j] != h[i, j] else h[i, j]": lambda p, h, b, s, c: h,
    "tanh(product + b[j])": lambda p, h, b, s, c: np.tanh(p + b),
    "maximum(h[i, j], f(0)) + log1p(exp(-abs(product)))": lambda p, h, b, s, c: (
        np.maximum(h, 0) + np.log1p(np.exp(-np.abs(p)))
    ),
    "expm1(f(-0.1) * abs(product)) * log(s[i])": lambda p, h, b, s, c: (
        np.expm1(-0.1 * np.abs(p)) * np.log(s[:, None])
    ),
    "(product if k[i, j] else f(0)) / f(c)": lambda p, h, b, s, c: np.where(h > 0, p, 0) / c,
    "product + f(k[i, j])": lambda p, h, b, s, c: p + (h > 0),
}


@pytest.mark.parametrize("bits", ["512", "256", "0"])
@pytest.mark.parametrize("shape", [(9, 5, 10), (37, 300, 1100)], ids=["one block", "blocks"])
def test_epilogues(shape, bits, monkeypatch):
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    rows, inner, columns = shape
    left, right, _ = operands(*shape, np.float32)
    rng = np.random.default_rng(7)
    h = rng.standard_normal((rows, columns)).astype(np.float32)
    b = np.round(rng.standard_normal(columns)).astype(np.float32)
    s, c = rng.uniform(0.5, 2, rows).astype(np.float32), 1.5
    lines = [
        "def all_of_them(plain, outs, left, left_t, right, n, m, h, b, s, c, k):",
        "    matmul(plain[0], left, right, n, {inner}, {columns})",
        "    matmul_ta(plain[1], left_t, right, {rows}, m, {columns})",
    ]
    for i, text in enumerate(EPILOGUES):
        given = "".join(f", {part}" for part in (repr(text), *parse(text).names))
        lines += [
            f"    matmul_then(outs[{2 * i}], left, right, n, {{inner}}, {{columns}}{given})",
            f"    matmul_ta_then(outs[{2 * i + 1}], left_t, right, {{rows}}, m, {{columns}}{given})",
        ]
    count = 2 * len(EPILOGUES)
    outs, frames = zip(*(framed((rows, columns), np.float32) for _ in range(count)), strict=True)
    plain = np.empty((2, rows, columns), np.float32)
    compiled("\n".join(lines), rows=rows, inner=inner, columns=columns)(
        plain, outs, left, np.ascontiguousarray(left.T), right, rows, inner, h, b, s, c, h > 0
    )
    for i, (out, frame) in enumerate(zip(outs, frames, strict=True)):
        text, make = list(EPILOGUES.items())[i // 2]
        np.testing.assert_allclose(out, make(plain[i % 2], h, b, s, c), rtol=1e-6, atol=1e-6, err_msg=text)
        assert all((side == 7).all() for side in frame), text


def test_an_epilogue_reads_ranges():
    """Threads hand in their part of the columns of what is as large as the result, and of what is a row."""
    a, b, bias = operands(20, 30, 40, np.float32)
    out, h = np.full((20, 40), 7, np.float32), np.full((20, 40), -1, np.float32)
    h[:, 16:32] = 1
    text = (
        "def f(out, a, b, h, c, n): matmul_then(out[:, 16:32], a, b[:, 16:32], n, 30, 16, "
        "'product * f(h[i, j] > f(0)) + c[j]', h[:, 16:32], c[16:32])"
    )
    compiled(text)(out, a, b, h, bias, 20)
    np.testing.assert_allclose(out[:, 16:32], (a @ b + bias)[:, 16:32], rtol=1e-5, atol=1e-5)
    assert (out[:, :16] == 7).all()
    assert (out[:, 32:] == 7).all()


@pytest.mark.parametrize(
    "text, error",
    [
        ("z = product", "'z = product' does not end with an expression."),
        ("h[i, j] + h[j]", "'h[i, j] + h[j]' reads h in two ways."),
    ],
)
def test_texts_that_are_no_epilogues(text, error):
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse(text)


def test_an_epilogue_gets_what_it_reads():
    a, b, bias = operands(4, 3, 5, np.float32)
    with pytest.raises(TypingError, match=r"'product \+ h\[i, j\]' reads h; it got \[1\] axes."):
        compiled("def f(o, a, b, h): matmul_then(o, a, b, 4, 3, 5, 'product + h[i, j]', h)")(
            np.empty((4, 5), np.float32), a, b, bias
        )


def test_ranges_of_columns():
    """Operands and the result may be ranges of columns of larger matrices."""
    x, b, _ = operands(20, 30, 40, np.float32)
    dz = operands(20, 6, 40, np.float32)[0]
    wide = np.full((13, 20), 7, np.float32)
    text = "def f(out, a, b, n, m): matmul_ta(out[:, 2:8], a[:, 4:17], b, {rows}, m, 6)"
    for rows in ("13", "n"):
        compiled(text, rows=rows)(wide, x, dz, 13, 20)
        np.testing.assert_allclose(wide[:, 2:8], x[:, 4:17].T @ dz, rtol=1e-5, atol=1e-5)
        assert (wide[:, :2] == 7).all()
        assert (wide[:, 8:] == 7).all()
    out = np.empty((20, 16), np.float32)
    compiled("def f(out, a, b, n): matmul(out, a[:, 3:30], b[:27, 5:21], n, 27, 16)")(out, x, b, 20)
    np.testing.assert_allclose(out, x[:, 3:] @ b[:27, 5:21], rtol=1e-5, atol=1e-5)


def test_rows_with_steps_are_refused():
    a, b, _ = operands(4, 10, 3, np.float32)
    out = np.empty((4, 3), np.float32)
    product = compiled("def f(out, a, b): matmul(out, a[:, ::2], b, 4, 5, 3)")
    if vectors().bits:
        with pytest.raises(ValueError, match=f"^{APART}$"):
            product(out, a, b[:5])
    else:  # plain loops take any steps
        product(out, a, b[:5])
        np.testing.assert_allclose(out, a[:, ::2] @ b[:5], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_integers(dtype):
    a, b = np.arange(12, dtype=dtype).reshape(3, 4), np.arange(20, dtype=dtype).reshape(4, 5)
    out, turned = np.empty((3, 5), dtype), np.empty((4, 3), dtype)
    compiled("def f(out, t, a, b): matmul(out, a, b, 3, 4, 5); transpose(t, a, 3, 4)")(out, turned, a, b)
    np.testing.assert_array_equal(out, a @ b)
    np.testing.assert_array_equal(turned, a.T)


def test_fortran_order_and_mixed_types():
    a, b, _ = operands(6, 5, 4, np.float64)
    out, mixed = np.empty((6, 4)), np.empty((6, 4))
    text = "def f(out, mixed, a, b, c): matmul(out, a, b, 6, 5, 4); matmul(mixed, c, b, 6, 5, 4)"
    compiled(text)(out, mixed, np.asfortranarray(a), b, a.astype(np.float32))
    np.testing.assert_allclose(out, a @ b, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(mixed, a.astype(np.float32) @ b, rtol=1e-12, atol=1e-14)


def test_nan_stays_in_its_row():
    a, b, _ = operands(20, 30, 10, np.float32)
    a[7, 3] = np.nan
    out = np.empty((20, 10), np.float32)
    compiled("def f(out, a, b, n): matmul(out, a, b, n, 30, 10)")(out, a, b, 20)
    assert np.isnan(out).any(axis=1).nonzero()[0].tolist() == [7]
    assert np.isnan(out[7]).all()


@pytest.mark.parametrize(
    "rows, columns",
    [(1, 1), (0, 3), (4, 4), (3, 4), (64, 10), (10, 64), (33, 70), (1, 20), (20, 1), (300, 2)],
)
def test_transpose(rows, columns):
    assert_transpose(rows, columns)


@pytest.mark.parametrize("bits", ["256", "0"])
@pytest.mark.parametrize("rows, columns", [(3, 4), (33, 70)])
def test_transpose_of_lesser_processors(rows, columns, bits, monkeypatch):
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    assert_transpose(rows, columns)


def assert_transpose(rows, columns):
    text = "def f(o, p, x, y, n): transpose(o, x, {r}, {c}); transpose(p, y, n, {c})"
    turn = compiled(text, r=rows, c=columns)
    x = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    y = x.astype(np.float64)
    (o, around_o), (p, around_p) = framed((columns, rows), np.float32), framed((columns, rows), np.float64)
    turn(o, p, x, y, rows)
    np.testing.assert_array_equal(o, x.T)
    np.testing.assert_array_equal(p, y.T)
    assert all((side == 7).all() for side in (*around_o, *around_p))


def test_programs_are_cached(tmp_path):
    """A program that multiplies comes out of Numba's cache, without compiling, and computes the same."""
    path = tmp_path / "cached_product.py"
    path.write_text(
        "from numba import njit\nfrom glassnet.kernels.gemm import matmul, transpose\n"
        "@njit(cache=True)\ndef f(out, a, b, n):\n    matmul(out, a, b, n, 6, 10)\n"
    )
    a, b, _ = operands(9, 6, 10, np.float32)
    hits = []
    for _ in range(2):
        spec = importlib.util.spec_from_file_location("cached_product", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        out = np.full((9, 10), np.nan, np.float32)
        module.f(out, a, b, 9)
        np.testing.assert_allclose(out, a @ b, rtol=1e-5, atol=1e-5)
        hits.append(sum(module.f.stats.cache_hits.values()))
    assert hits == [0, 1]


@given(
    rows=st.none() | st.integers(0, 400),
    columns=st.integers(0, 2000),
    lanes=st.sampled_from([1, 2, 4, 8, 16]),
    registers=st.sampled_from([16, 32]),
)
def test_panels_cover_the_columns_and_fit_the_registers(rows, columns, lanes, registers):
    at = 0
    for panel in panels(rows, columns, lanes, registers):
        assert panel.first == at
        assert 1 <= panel.last <= lanes
        assert panel.last == lanes or panel.repeat == 1
        at += panel.repeat * panel.vectors * lanes - (lanes - panel.last)
        for height in panel.rows:
            assert height * panel.vectors + panel.vectors < registers
        assert rows is None or all(height <= rows for height in panel.rows)
        assert rows is not None or panel.rows[-1] == 1
    assert at == columns
