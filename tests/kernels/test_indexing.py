"""Rows by number, as Python counts them."""

from __future__ import annotations

import pytest
from numba import njit

from glassnet.kernels.indexing import row
from glassnet.kernels.options import OPTIONS


@njit(**OPTIONS)
def find(index, count):
    return row(index, count)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_indices_count_from_either_end(count):
    numbers = range(-count, count)
    assert [find(i, count) for i in numbers] == [range(count)[i] for i in numbers]


@pytest.mark.parametrize(("index", "count"), [(5, 5), (-6, 5), (0, 0), (-1, 0), (2**62, 5), (-(2**62), 5)])
def test_indices_that_are_out_of_range(index, count):
    with pytest.raises(IndexError, match=r"^an index is out of range; expected -rows to rows - 1$"):
        find(index, count)
