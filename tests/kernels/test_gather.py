"""Rows of data of every type and layout, converted while they are gathered."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from glassnet.kernels.gather import describe, gather, gather_int
from glassnet.kernels.options import OPTIONS

TYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64"]
ORDERS = {"shuffled": np.array([3, 0, 6, 6, 2, 1]), "as they are": np.zeros(0, np.int64)}
LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "unaligned": lambda a: packed(a)["x"],
}


def packed(a):
    """A structure of one odd byte and a row."""
    out = np.zeros(len(a), dtype=[("odd", "u1"), ("x", a.dtype, a.shape[1:])])
    out["x"] = a
    return out


@njit(**OPTIONS)
def rows(out, source, order, first, count):
    gather(out, source, order, first, count)


@njit(**OPTIONS)
def labels(out, source, order, first, count):
    gather_int(out, source, order, first, count)


def values(dtype, shape):
    """Numbers over the whole range of a type."""
    generator = np.random.default_rng(0)
    if dtype == "bool":
        return generator.random(shape) < 0.5
    if np.dtype(dtype).kind == "f":
        return generator.standard_normal(shape).astype(dtype) * 1000
    return generator.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("to", ["float32", "float64"])
def test_rows(dtype, layout, order, to):
    data = LAYOUTS[layout](values(dtype, (7, 37)))
    out = np.full((4, 37), np.nan, to)
    rows(out, describe(data), ORDERS[order], 2, 4)
    numbers = ORDERS[order][2:6] if ORDERS[order].size else [2, 3, 4, 5]
    np.testing.assert_array_equal(out, data[numbers].astype(to), strict=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TYPES)
def test_labels(dtype, layout):
    data = LAYOUTS[layout](values(dtype, (7, 2)))
    out = np.full((6, 2), -1)
    labels(out, describe(data), ORDERS["shuffled"], 0, 6)
    np.testing.assert_array_equal(out, data[ORDERS["shuffled"]].astype(np.int64), strict=True)


@pytest.mark.parametrize("width", [1, 2, 3, 15, 16, 17, 64, 100])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_rows_of_every_width_touch_nothing_else(width, dtype):
    data = values(dtype, (5, width))
    memory = np.full(3 * width + 2, -7, np.float32)
    rows(memory[1:-1].reshape(3, width), describe(data), np.array([4, 0, 2]), 0, 3)
    np.testing.assert_array_equal(memory[1:-1].reshape(3, width), data[[4, 0, 2]].astype(np.float32))
    assert memory[0] == memory[-1] == -7


@pytest.mark.parametrize(
    "data",
    [
        values("float32", (6,)),
        values("float64", (12,))[::2],
        values("uint8", (6, 2, 3, 4)),
        values("float32", (6, 4, 3)).transpose(0, 2, 1)[:, :1],
        values("int16", (6, 2, 3, 8))[:, :, :, ::2],
        values("float64", (6, 0)),
        values("float64", (6, 1, 5, 1)),
    ],
    ids=lambda data: str(data.shape),
)
def test_arrays_of_every_rank(data):
    out = np.zeros((2, data[0].size), np.float32)
    rows(out, describe(data), np.array([5, 1]), 0, 2)
    np.testing.assert_array_equal(out, data[[5, 1]].reshape(2, -1).astype(np.float32))


def test_memory_maps_that_may_only_be_read(tmp_path):
    data = values("uint8", (7, 20))
    data.tofile(tmp_path / "data")
    mapped = np.memmap(tmp_path / "data", np.uint8, "r", shape=(7, 20))
    out = np.zeros((6, 20), np.float32)
    rows(out, describe(mapped), ORDERS["shuffled"], 0, 6)
    np.testing.assert_array_equal(out, data[ORDERS["shuffled"]])


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((3, 2), ">f4" if np.little_endian else "<f4"),
        np.zeros((3, 2), np.float16),
        np.zeros((3, 2), np.uint64),
        np.zeros((3, 2), complex),
        np.zeros((3, 2), object),
        np.zeros((3, 2), "U3"),
        np.array(1.0),
        np.zeros((3, 4, 6))[:, :, :5],
        np.zeros((3, 4, 6)).transpose(0, 2, 1),
    ],
    ids=lambda data: f"{data.dtype}{data.shape}",
)
def test_arrays_that_must_be_copied_first(data):
    assert describe(data) is None
