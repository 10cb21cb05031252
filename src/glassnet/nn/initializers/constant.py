"""Initializers that draw nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ShapeError
from glassnet.nn.initializers.base import Initializer
from glassnet.nn.registry import finite


class Constant(Initializer):
    """One value everywhere.

    Parameters
    ----------
    value : float, default 0.0

    Examples
    --------
    >>> Constant(0.01)((2,))
    array([0.01, 0.01])
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = finite(value, "value", "Constant")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return np.full(shape, self.value)


class Fixed(Initializer):
    """A given array.

    Parameters
    ----------
    values : array
        Of the weight's shape, or one number for all entries.
    """

    def __init__(self, values: Any) -> None:
        self.values = np.array(values, dtype=float)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        if self.values.ndim:
            return self.values.copy()  # of another shape, it is refused by name where the weight is made
        return np.full(shape, self.values)

    def __repr__(self) -> str:
        return f"Fixed(array of shape {self.values.shape})"


class Zeros(Initializer):
    """Zeros; the usual choice for biases. As kernels they leave all units of a layer equal for ever.

    Examples
    --------
    >>> Zeros()((2,))
    array([0., 0.])
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return np.zeros(shape)


class Ones(Initializer):
    """Ones.

    Examples
    --------
    >>> Ones()((2,))
    array([1., 1.])
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return np.ones(shape)


class Identity(Initializer):
    """The identity matrix; ones on the diagonal, if it is not square.

    Parameters
    ----------
    gain : float, default 1.0
        A factor.

    Examples
    --------
    >>> Identity()((2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = finite(gain, "gain", "Identity")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        if len(shape) != 2:
            raise ShapeError(f"Identity needs a weight of 2 dimensions; got shape {shape}.")
        return self.gain * np.eye(*shape)
