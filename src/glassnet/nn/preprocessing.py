"""Preprocessing of inputs by fixed statistics, which come from the training data and from nowhere else.

Each layer has ``adapt(data)``, which ``fit`` calls with the training split, and ``inverse(array)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn import initializers
from glassnet.nn.adaptable import AxisStatistics, Moments, Preprocessing
from glassnet.nn.layer import InputShape

__all__ = ["MeanSubtraction", "MinMaxScaling", "Normalization", "Rescaling"]


class Normalization(AxisStatistics):
    """Standardize the inputs: ``(x - mean) / sqrt(variance)``, feature by feature, with fixed statistics.

    Parameters
    ----------
    axis : int, tuple of int, or None, default -1
        Statistics for each index of these axes: -1 for each feature, or for each channel of images; None for
        one mean and one variance of everything; ``(1, 2, 3)`` for each pixel.
    mean, variance : array or float, optional
        Known statistics; otherwise :meth:`adapt` computes them, or ``fit`` does so from the training data.
    invert : bool, default False
        Undo the standardization instead: ``mean + x * sqrt(variance)``.
    name : str, optional

    Notes
    -----
    A constant feature is divided by 1, so it becomes 0 rather than NaN.

    Examples
    --------
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0.0, 5.0], [2.0, 5.0]]))
    >>> layer(np.array([[0.0, 5.0]]))
    array([[-1.,  0.]])
    >>> layer.inverse([[-1.0, 0.0]])
    array([[0., 5.]])
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(axis, name)
        if (mean is None) != (variance is None):
            raise InputError("Normalization: give both mean and variance, or neither.")
        self.invert, self.known = bool(invert), mean is not None
        given = (None, None) if mean is None else _checked(mean, variance)
        self.input_mean: np.ndarray | None = given[0]
        self.input_variance: np.ndarray | None = given[1]

    def build(self, input_shape: InputShape) -> None:
        shape = self.statistics_shape(input_shape)
        mean = _given("mean", self.input_mean, shape, "zeros")
        variance = _given("variance", self.input_variance, shape, "ones")
        self.mean = self.add_statistic("mean", shape, mean, "mu")
        self.variance = self.add_statistic("variance", shape, variance, "variance")

    def part(self, x: np.ndarray) -> Moments:
        return Moments(len(x), self.over_others(np.mean, x), self.over_others(np.var, x))

    def merge(self, one: Moments, other: Moments) -> Moments:
        return one.merged(other, np.square)

    def finish(self, kept: Moments) -> dict[str, Any]:
        # Rounding leaves a trace of variance on a constant feature whose value is not a binary fraction; and
        # what float32 cannot tell from 0 must not be divided by.
        trace = 1e-24 * (np.square(kept.mean) + kept.spread)
        constant = kept.spread <= np.maximum(trace, np.finfo(np.float32).tiny)
        return {"mean": kept.mean, "variance": np.where(constant, 1.0, kept.spread)}

    def call(self, x: Any) -> Any:
        if self.invert:
            restored = self.mean + x * np.sqrt(self.variance)
            return restored
        xn = (x - self.mean) / np.sqrt(self.variance)
        return xn

    def restore(self, z: Any) -> Any:
        spread = np.sqrt(np.asarray(self.variance, float))
        return (z - self.mean) / spread if self.invert else self.mean + z * spread


def _given(name: str, value: np.ndarray | None, shape: tuple[int, ...], placeholder: str) -> Any:
    """What a statistic starts with: one number given for all counts for each."""
    if value is None:
        return placeholder
    if value.shape not in ((), shape):
        raise ShapeError(f"Normalization: {name} has shape {value.shape}; these inputs need {shape}.")
    return initializers.Fixed(value)


def _checked(mean: Any, variance: Any) -> tuple[np.ndarray, np.ndarray]:
    """Given statistics as arrays, or an error."""
    mu, spread = np.asarray(mean, float), np.asarray(variance, float)
    if not np.isfinite(mu).all():
        raise InputError(f"Normalization: mean must be finite; got {mu.tolist()}.")
    if not (np.isfinite(spread) & (spread > 0)).all():
        raise InputError(f"Normalization: variance must be finite and above 0; got {spread.tolist()}.")
    return mu, spread


class MeanSubtraction(AxisStatistics):
    """Subtract the training data's mean: ``x - mean``.

    Parameters
    ----------
    axis : int, tuple of int, or None, default -1
        -1: a mean for each feature, or for each channel of images. None: one number for everything.
        ``(1, 2, 3)``: the mean image.
    name : str, optional

    Examples
    --------
    >>> layer = MeanSubtraction(axis=None)
    >>> layer.adapt(np.array([[0.0, 2.0], [4.0, 6.0]]))
    >>> layer(np.array([[3.0, 5.0]]))
    array([[0., 2.]])
    """

    def __init__(self, axis: Any = -1, name: str | None = None) -> None:
        super().__init__(axis, name)

    def build(self, input_shape: InputShape) -> None:
        self.mean = self.add_statistic("mean", self.statistics_shape(input_shape), "zeros", "mu")

    def part(self, x: np.ndarray) -> Moments:
        mean = self.over_others(np.mean, x)
        return Moments(len(x), mean, np.zeros_like(mean))

    def merge(self, one: Moments, other: Moments) -> Moments:
        return one.merged(other, np.zeros_like)

    def finish(self, kept: Moments) -> dict[str, Any]:
        return {"mean": kept.mean}

    def call(self, x: Any) -> Any:
        xc = x - self.mean
        return xc

    def restore(self, z: Any) -> Any:
        return z + self.mean


class MinMaxScaling(AxisStatistics):
    """Scale to a range: ``low + (high - low) * (x - minimum) / span``, with the training data's extremes.

    Parameters
    ----------
    feature_range : tuple (low, high), default (-1, 1)
    axis : int, tuple of int, or None, default -1
        Extremes for each index of these axes: -1 for each feature or channel, None for everything.
    name : str, optional

    Notes
    -----
    ``span`` is maximum - minimum; that of a constant feature counts as 1, so it becomes ``low``. Values
    outside the training data's range leave the range.

    Examples
    --------
    >>> layer = MinMaxScaling()
    >>> layer.adapt(np.array([[0.0], [10.0]]))
    >>> layer(np.array([[5.0], [10.0]]))
    array([[0.],
           [1.]])
    """

    def __init__(self, feature_range: Any = (-1.0, 1.0), axis: Any = -1, name: str | None = None) -> None:
        super().__init__(axis, name)
        limits = np.asarray(feature_range, float)
        if limits.shape != (2,) or not np.isfinite(limits).all() or limits[0] >= limits[1]:
            raise InputError(
                "MinMaxScaling: feature_range must be two numbers, the smaller first, such as (-1, 1); "
                f"got {feature_range!r}."
            )
        # Whole numbers as such: they print as -1 rather than -1.0.
        low, high = (int(limit) if limit.is_integer() else float(limit) for limit in limits.tolist())
        self.feature_range = low, high

    def build(self, input_shape: InputShape) -> None:
        shape = self.statistics_shape(input_shape)
        self.minimum = self.add_statistic("minimum", shape, "zeros", "minimum")
        self.span = self.add_statistic("span", shape, "ones", "span")

    def part(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.over_others(np.min, x), self.over_others(np.max, x)

    def merge(
        self, one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])

    def finish(self, kept: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
        minimum, maximum = kept
        span = maximum - minimum
        return {"minimum": minimum, "span": np.where(span > np.finfo(np.float32).tiny, span, 1.0)}

    def call(self, x: Any) -> Any:
        low, high = self.feature_range
        xs = (high - low) * (x - self.minimum) / self.span + low
        return xs

    def restore(self, z: Any) -> Any:
        low, high = self.feature_range
        return self.minimum + (z - low) * self.span / (high - low)

    def title(self) -> str:
        """``MinMaxScaling(-1, 1)``."""
        return f"MinMaxScaling({', '.join(map(str, self.feature_range))})"


class Rescaling(Preprocessing):
    """Multiply and add: ``x * scale + offset``, such as ``Rescaling(1 / 255)`` for pixels.

    Parameters
    ----------
    scale : float
        Not 0.
    offset : float, default 0
    name : str, optional

    Examples
    --------
    >>> Rescaling(1 / 127.5, offset=-1)(np.array([0.0, 255.0]))
    array([-1.,  1.])
    """

    known = True

    def __init__(self, scale: float, offset: float = 0.0, name: str | None = None) -> None:
        super().__init__(name)
        for what, value in (("scale", scale), ("offset", offset)):
            if isinstance(value, str | bool) or np.ndim(value) or not np.isfinite(value):
                raise InputError(f"Rescaling: {what} must be a finite number; got {value!r}.")
        if scale == 0:
            raise InputError("Rescaling: scale must not be 0, there would be no way back.")
        self.scale, self.offset = float(scale), float(offset)

    def adapt(self, data: Any) -> None:
        """Nothing to compute: scale and offset are given."""

    def call(self, x: Any) -> Any:
        xs = x * self.scale + self.offset
        return xs

    def inverse(self, array: Any) -> np.ndarray:
        return (np.asarray(array) - self.offset) / self.scale

    def title(self) -> str:
        """``Rescaling(0.5, -1.0)``."""
        return f"Rescaling({self.scale:.6g}, {self.offset:.6g})"
