"""Random numbers and orders are those of glassnet.random, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from glassnet import random
from glassnet.kernels.hashing import hash_keys, scratch_size, shuffle, uniform
from glassnet.kernels.options import OPTIONS

WORDS = [0, 1, 12345, 2**31, 2**32 - 1, 2**32, 2**40 + 7, -1, -(2**35)]
COUNTS = [0, 1, 2, 3, 15, 16, 17, 150, 2047, 2048, 2049, 60_000]


@njit(**OPTIONS)
def compiled_uniform(out, seed, step, site):
    keys = hash_keys(seed, step, site)
    for i in range(out.size):
        out[i] = uniform(keys, 0, i)


@njit(**OPTIONS)
def rows_of_uniform(out, seed, step, site):
    keys = hash_keys(seed, step, site)
    for i in range(out.shape[0]):
        for j in range(64):
            out[i, j] = uniform(keys, i * 64, j)


@njit(**OPTIONS)
def one_uniform(seed, step, site, start, offset):
    return uniform(hash_keys(seed, step, site), start, offset)


@njit(**OPTIONS)
def compiled_shuffle(order, scratch, seed, epoch):
    shuffle(order, scratch, seed, epoch)


def wrapped(word):
    """A word as random.py takes it: NumPy wraps its own integers, not Python's."""
    return np.int64(word)


@pytest.mark.parametrize("seed", WORDS)
def test_uniform_numbers(seed):
    out = np.empty(100, np.float32)
    compiled_uniform(out, seed, 3, 7)
    np.testing.assert_array_equal(out, random.random_uniform(wrapped(seed), 3, 7, (100,)), strict=True)


@given(st.sampled_from(WORDS), st.integers(0, 2**31), st.integers(0, 100))
def test_uniform_numbers_of_any_stream(seed, step, site):
    out = np.empty(5, np.float32)
    compiled_uniform(out, seed, step, site)
    np.testing.assert_array_equal(out, random.random_uniform(wrapped(seed), step, site, (5,)), strict=True)


def test_an_element_counts_modulo_two_to_the_32():
    expected = random.random_uniform(1, 2, 3, (8,))[7]
    assert one_uniform(1, 2, 3, 5, 2) == expected
    assert one_uniform(1, 2, 3, 2**32 - 1, 8) == one_uniform(1, 2, 3, 0, 2**32 + 7) == expected


def test_uniform_numbers_are_calculated_in_vectors():
    out = np.empty((3, 64), np.float32)
    rows_of_uniform(out, 1, 2, 3)
    np.testing.assert_array_equal(out, random.random_uniform(1, 2, 3, (3, 64)), strict=True)
    assert all("x float>" in text for text in rows_of_uniform.inspect_llvm().values())


@pytest.mark.parametrize("count", COUNTS)
def test_shuffle(count):
    order = np.full(count, -1, np.int64)
    scratch = np.full(scratch_size(count), -1, np.int64)  # whatever was there before
    compiled_shuffle(order, scratch, 3, 5)
    np.testing.assert_array_equal(order, random.shuffle(3, 5, count))


@given(st.sampled_from(WORDS), st.integers(0, 2**31), st.integers(0, 300))
def test_shuffle_of_any_seed(seed, epoch, count):
    order, scratch = np.empty(count, np.int64), np.empty(scratch_size(count), np.int64)
    compiled_shuffle(order, scratch, seed, epoch)
    np.testing.assert_array_equal(order, random.shuffle(wrapped(seed), epoch, count))


def test_shuffle_stays_in_its_scratch():
    count, guard = 2049, 7
    memory = np.full(scratch_size(count) + 2 * guard, -5, np.int64)
    compiled_shuffle(np.empty(count, np.int64), memory[guard:-guard], 0, 0)
    assert set(memory[:guard]) | set(memory[-guard:]) == {-5}
