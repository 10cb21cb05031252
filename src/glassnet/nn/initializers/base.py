"""The base of the initializers, and the counts of connections they need."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.described import Described


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Incoming and outgoing connections of a unit: the last two axes, times the receptive field.

    Examples
    --------
    >>> fans((784, 10))
    (784, 10)
    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def matrix_shape(shape: tuple[int, ...], owner: str) -> tuple[int, int]:
    """Rows and columns of a kernel: all axes but the last together, or an error."""
    if len(shape) < 2:
        raise ShapeError(f"{owner} needs a weight of at least 2 dimensions; got shape {shape}.")
    return math.prod(shape[:-1]), shape[-1]


class Initializer(Described):
    """Base of the initializers: called with a shape, answers an array.

    Subclasses write ``draw(shape, generator)``, which answers float64 values.
    """

    seed: int | None = None

    def __call__(self, shape: tuple[int, ...], dtype: Any = None, seed: Any = None) -> np.ndarray:
        """Draw an array.

        Parameters
        ----------
        shape : tuple of int
        dtype : dtype, default float64
        seed : int, numpy.random.Generator or None
            A model passes a generator made from its own seed and the weight's key. The seed given to the
            initializer itself, if any, comes before it.

        Returns
        -------
        array
        """
        generator = np.random.default_rng(seed if self.seed is None else self.seed)
        return np.asarray(self.draw(tuple(shape), generator), dtype=float if dtype is None else dtype)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        """The values, in float64."""
        raise NotImplementedError


def checked_seed(seed: Any, owner: str) -> int | None:
    """None or a whole number from 0, or an error."""
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if seed is not None and not (whole and seed >= 0):
        raise InputError(f"{owner}: seed must be a whole number of at least 0, or None; got {seed!r}.")
    return None if seed is None else int(seed)
