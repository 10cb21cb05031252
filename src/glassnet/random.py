"""Randomness as a pure function of (seed, step, site, element).

The same 32-bit hash runs in every backend, so a dropout mask or an epoch's order can be recomputed
anywhere, from anywhere: no generator state is kept. The functions here are also the text that printed
programs contain, word for word.

The finalizer is the "lowbias32" integer hash: two rounds of xor-shift and multiply (C. Wellons,
"Prospecting for hash functions", 2018).
"""

from __future__ import annotations

import random as python_random
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["Orders", "mix", "parameter_generator", "random_uniform", "same_random_state", "shuffle"]


# The unannotated style below is deliberate: printed programs show these functions as they stand here.
# fmt: off
def mix(x):
    x = (x ^ (x >> 16)) * 0x7FEB352D
    x = (x ^ (x >> 15)) * 0x846CA68B
    return x ^ (x >> 16)


def random_bits(seed, step, site, count):
    key = np.array([0x9E3779B9, 0x85EBCA6B], dtype=np.uint32)
    for word in (seed, step, site):
        key = mix(key ^ np.uint32(word)) + 0x9E3779B9
    i = np.arange(count, dtype=np.uint32)
    return mix(mix(i ^ key[0]) + key[1])


def random_uniform(seed, step, site, shape):
    bits = random_bits(seed, step, site, np.prod(shape))
    return (bits >> 8).astype(np.float32).reshape(shape) * 2**-24


def shuffle(seed, epoch, count):
    return np.argsort(random_bits(seed, epoch, 0, count), kind="stable")
# fmt: on


mix.__doc__ = (
    "Scramble unsigned 32-bit integers (an array of ``uint32``) so that every bit depends on every bit."
)
random_bits.__doc__ = "``count`` random ``uint32`` numbers, a pure function of (seed, step, site)."
random_uniform.__doc__ = """Uniform numbers in [0, 1), a pure function of (seed, step, site, element).

    Parameters
    ----------
    seed, step, site : int
        The model's seed, the number of the training step, the place in the network.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    ndarray of float32
        Multiples of 2**-24, exact in every float type.

    Examples
    --------
    >>> random_uniform(0, 1, 1, (3,)).dtype
    dtype('float32')
    """
shuffle.__doc__ = """The order of the examples in an epoch: a permutation, a pure function of (seed, epoch).

    Examples
    --------
    >>> sorted(shuffle(seed=0, epoch=1, count=4).tolist())
    [0, 1, 2, 3]
    """


class Orders:
    """The orders of a run's epochs; those of small data are made many at a time, in a fifth of the time each.

    Parameters
    ----------
    seed : int
        The model's.

    Examples
    --------
    >>> orders = Orders(seed=0)
    >>> np.array_equal(orders.of(3, 150), shuffle(0, 3, 150))
    True
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._first, self._block = 0, np.empty((0, 0), np.int64)

    def of(self, epoch: int, count: int) -> np.ndarray:
        """What ``shuffle(seed, epoch, count)`` answers."""
        together = min(_TOGETHER // max(count, 1), _MOST_EPOCHS)
        if together < 2:
            return np.asarray(shuffle(self.seed, epoch, count))
        if count != self._block.shape[1] or not self._first <= epoch < self._first + len(self._block):
            self._first, self._block = epoch, _shuffles(self.seed, epoch, together, count)
        order: np.ndarray = self._block[epoch - self._first]
        return order


# So many numbers of rows are put into order at once, of so many epochs at most.
_TOGETHER, _MOST_EPOCHS = 1 << 14, 64


def _shuffles(seed: int, first: int, epochs: int, count: int) -> np.ndarray:
    """``shuffle`` of several epochs, a row each."""
    key = np.array([[0x9E3779B9], [0x85EBCA6B]], dtype=np.uint32)
    for word in (seed, np.arange(first, first + epochs), 0):
        key = mix(key ^ np.uint32(word)) + 0x9E3779B9
    i = np.arange(count, dtype=np.uint32)
    bits = mix(mix(i ^ key[0][:, None]) + key[1][:, None])
    return np.argsort(bits, axis=1, kind="stable")


def parameter_generator(seed: int, key: str) -> np.random.Generator:
    """A NumPy generator of its own for each (seed, parameter key).

    Adding a layer to a network therefore never changes the initial weights of another.

    Parameters
    ----------
    seed : int
        The model's seed.
    key : str
        The parameter's key, such as ``"dense_1.kernel"``.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> a = parameter_generator(0, "dense_1.kernel").standard_normal()
    >>> a == parameter_generator(0, "dense_1.kernel").standard_normal()
    True
    """
    return np.random.default_rng([seed, zlib.crc32(key.encode())])


@contextmanager
def same_random_state() -> Iterator[None]:
    """Give Python's global generator its state back: rich draws from it while it loads.

    Parts of scikit-learn load rich, so importing those draws, too.

    Examples
    --------
    >>> before = python_random.getstate()
    >>> with same_random_state():
    ...     import rich.style
    >>> python_random.getstate() == before
    True
    """
    state = python_random.getstate()
    try:
        yield
    finally:
        python_random.setstate(state)
