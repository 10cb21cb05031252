"""Views into an arena."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from glassnet.kernels.arrays import ALIGNMENT, aligned, array
from glassnet.kernels.options import OPTIONS


@njit(**OPTIONS)
def number(arena, offset, rows):
    """Write into views of ranks 1 to 6 what NumPy would write, and return facts about them."""
    one = array(arena, offset, (rows,))
    two = array(arena, offset, (rows, 3))
    six = array(arena, offset, (rows, 1, 3, 1, 1, 1))
    for i in range(rows):
        for j in range(3):
            two[i, j] = 3 * i + j
    six[rows - 1, 0, 2, 0, 0, 0] += 1
    return one.shape, two.shape, six.shape, six.strides, two[1:].sum(), one.size, two.itemsize


@njit(**OPTIONS)
def empty(arena, rows):
    view = array(arena, 0, (rows, 3))
    return view.size, view.sum()


@njit(**OPTIONS)
def flattened(matrix, count):
    return array(matrix, 1, (count,))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_views_of_every_rank(dtype):
    arena = aligned(20, dtype)
    size = arena.itemsize
    facts = number(arena, 5, 4)
    expected = [0] * 5 + [*range(11), 12] + [0] * 3
    assert arena.tolist() == expected
    assert facts[:3] == ((4,), (4, 3), (4, 1, 3, 1, 1, 1))
    assert facts[3] == (3 * size, 3 * size, size, size, size, size)
    assert facts[4:] == (sum(range(3, 11)) + 12, 4, size)


def test_a_view_of_bool():
    @njit(**OPTIONS)
    def mark(arena):
        array(arena, 2, (2, 2))[1, 0] = True

    arena = aligned(6, bool)
    mark(arena)
    assert arena.tolist() == [False, False, False, False, True, False]


def test_empty_views():
    assert empty(aligned(0, np.float32), 0) == (0, 0.0)


def test_the_arena_may_have_any_shape():
    assert flattened(np.arange(6.0).reshape(2, 3), 4).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda a: array(a[::2], 0, (2,)), "expected a contiguous array"),
        (lambda a: array(a, 0.5, (2,)), "expected an int and a tuple of 1 to 6 ints"),
        (lambda a: array(a, 0, (2.0,)), "expected an int and a tuple of 1 to 6 ints"),
        (lambda a: array(a, 0, ()), "expected an int and a tuple of 1 to 6 ints"),
        (lambda a: array(a, 0, (1, 1, 1, 1, 1, 1, 1)), "expected an int and a tuple of 1 to 6 ints"),
    ],
)
def test_other_arguments_are_refused_when_compiling(build, message):
    with pytest.raises(TypingError, match=message):
        njit(**OPTIONS)(build).compile("(float64[::1],)")


def test_views_of_constant_shape_count_no_references():
    @njit(**OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    def total(arena):
        view = array(arena, 8, (4, 4))
        result = np.float32(0)
        for i in range(4):
            for j in range(4):
                result += view[i, j]
        return result

    total.compile("(float32[::1],)")
    (text,) = total.inspect_llvm().values()
    assert "total" in text
    assert "NRT_incref" not in text
    assert "br label" not in text  # the loops are gone


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64"])
def test_aligned_memory(count, dtype):
    arena = aligned(count, dtype)
    assert (arena.shape, arena.dtype) == ((count,), np.dtype(dtype))
    assert count == 0 or arena.ctypes.data % ALIGNMENT == 0
    assert not arena.any()
    assert arena.flags.c_contiguous
    assert arena.flags.writeable
