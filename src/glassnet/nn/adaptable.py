"""Layers whose statistics are computed once, from the training data, and then stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from glassnet.errors import InputError, InputTypeError, NotBuiltError, ShapeError
from glassnet.nn.layer import Layer
from glassnet.nn.norm import broadcastable
from glassnet.nn.sizes import axis_argument, chosen_axes, extents

__all__ = ["AxisStatistics", "Moments", "Preprocessing", "finite_numbers"]

Axis = int | tuple[int, ...] | None


class Preprocessing(Layer):
    """Base of layers whose statistics are computed once, in float64, and then stay as they are.

    Subclasses create them in ``build`` with ``add_statistic`` and compute them in ``statistics``; or, where
    the data may come in parts, by ``part``, ``merge`` and ``finish``.

    Parameters
    ----------
    name : str, optional
    """

    known = False  # whether the statistics were given or computed

    def add_statistic(self, name: str, shape: tuple[int, ...], initializer: Any, symbol: str) -> Any:
        """A weight that is not trained."""
        return self.add_weight(name, shape, initializer, trainable=False, symbol=symbol)

    @property
    def adapted(self) -> bool:
        """Whether the statistics are known: given, computed, or put there by ``model.set_parameters``."""
        return self.known or any(map(_moved, self.own_weights))

    def adapt(self, data: Any) -> None:
        """Compute the statistics, in float64.

        Parameters
        ----------
        data : array (n, ..., features)
            The training data, and nothing else: statistics from other data leak it into training.

        Raises
        ------
        InputError, InputTypeError, ShapeError
            No numbers, NaN or infinity, or another shape than the layer has.
        """
        self.adapt_to([data])

    def adapt_to(self, parts: Iterable[Any]) -> None:
        """Compute the statistics of data that come in parts, one after the other.

        Parameters
        ----------
        parts : iterable of array (n, ..., features)
        """
        merged: Any = None
        for data in parts:
            x = finite_numbers(data, type(self).__name__)
            merged = self.part(x) if merged is None else self.merge(merged, self.part(x))
        self._take(self.finish(merged), x.shape)

    def _take(self, found: dict[str, Any], shape: tuple[int, ...]) -> None:
        """Put statistics, of data of such a shape, into the weights."""
        self.build_once((None, *shape[1:]))
        weights = {weight.name: weight for weight in self.own_weights}
        for name, value in found.items():
            weight = weights[name]
            if np.shape(value) != weight.shape:
                raise self._misfit(weight.shape, shape)
        for name, value in found.items():
            old = weights[name].value
            weights[name].assign(np.asarray(value, float if old is None else old.dtype))
        self.known = True

    def _misfit(self, own: tuple[int, ...], shape: tuple[int, ...]) -> ShapeError:
        takes = f"{own[0]} features" if len(own) in (1, 2) else f"statistics of shape {own}"
        name = type(self).__name__
        return ShapeError(f"{name}.adapt(): the layer takes {takes}; got data of shape {shape}.")

    def statistics(self, x: np.ndarray) -> dict[str, Any]:
        """Name → value, computed from float64 data."""
        raise NotImplementedError

    @property
    def takes_parts(self) -> bool:
        """Whether the data may come in parts."""
        return type(self).merge is not Preprocessing.merge

    def part(self, x: np.ndarray) -> Any:
        """What to keep of a part of the data."""
        return x

    def merge(self, one: Any, other: Any) -> Any:
        """What to keep of two parts together."""
        raise InputError(
            f"{type(self).__name__} needs all data at once for its statistics; here they come in parts.\n"
            "Call its adapt(data) before fit(), with as many rows as memory holds."
        )

    def finish(self, kept: Any) -> dict[str, Any]:
        """Name → value, from what was kept of all parts."""
        return self.statistics(kept)

    def inverse(self, array: Any) -> np.ndarray:
        """Undo the transformation, on plain arrays.

        Parameters
        ----------
        array : array (n, ...)
            What the layer answers.

        Returns
        -------
        ndarray
            In float64, or in the array's own float type.

        Raises
        ------
        NotBuiltError
            The statistics are not known yet.
        """
        if not self.adapted:
            raise NotBuiltError(
                f"{type(self).__name__}.inverse() needs statistics, and there are none yet.\n"
                "Call adapt(data) or model.fit(X, y) first."
            )
        given = np.asarray(array)
        self.build_once((None, *given.shape[1:]))
        for weight in self.own_weights:
            if weight.value is None:  # given to the constructor, and not used before
                weight.initialize(np.random.default_rng(0), float)
        restored = np.asarray(self.restore(given.astype(float)))
        return restored.astype(given.dtype) if given.dtype.kind == "f" else restored

    def restore(self, z: Any) -> Any:
        """The inverse of ``call``."""
        raise NotImplementedError


def _moved(weight: Any) -> bool:
    """Whether a statistic is no longer the placeholder it was made with."""
    if weight.value is None:
        return False
    return not np.array_equal(weight.value, np.asarray(weight.initializer(weight.shape), weight.value.dtype))


def finite_numbers(data: Any, owner: str) -> np.ndarray:
    """The data for ``adapt`` as float64, or an error."""
    try:
        x = np.asarray(data, float)
    except (TypeError, ValueError):
        raise InputTypeError(
            f"{owner}.adapt() needs an array of numbers; got a {type(data).__name__} "
            "that NumPy cannot read as numbers."
        ) from None
    if not x.size:
        raise InputError(f"the data for {owner}.adapt() are empty: shape {x.shape}.")
    bad = ~np.isfinite(x)
    if bad.any():
        raise InputError(
            f"the data for {owner}.adapt() have {int(bad.sum())} values that are not finite, "
            f"first at row {int(np.argwhere(bad)[0][0])}.\n"
            "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."
        )
    return x


class Moments(NamedTuple):
    """Number, mean and (co)variance of rows.

    Examples
    --------
    >>> a, b = np.array([[1.0], [2.0]]), np.array([[3.0], [4.0], [8.0]])
    >>> moments = [Moments(len(x), x.mean(axis=0), x.var(axis=0)) for x in (a, b, np.concatenate([a, b]))]
    >>> moments[0].merged(moments[1], np.square).spread.round(9) == moments[2].spread.round(9)
    array([ True])
    """

    rows: int
    mean: np.ndarray
    spread: np.ndarray

    def merged(self, other: Moments, product: Callable[[np.ndarray], Any]) -> Moments:
        """The moments of both together (Chan, Golub and LeVeque, 1979).

        Parameters
        ----------
        other : Moments
        product : callable
            Of a difference of means with itself: a square for variances, an outer product for covariances.
        """
        rows = self.rows + other.rows
        share, difference = other.rows / rows, other.mean - self.mean
        within = (1 - share) * self.spread + share * other.spread
        between = share * (1 - share) * product(difference)
        return Moments(rows, self.mean + share * difference, within + between)


class AxisStatistics(Preprocessing):
    """Base of layers with statistics for each index of some axes.

    Parameters
    ----------
    axis : int, tuple of int, or None
        Keras's meaning: statistics for each index of these axes, over all the others. -1 is one for each
        feature, or for each channel of images; None one for everything; ``(1, 2, 3)`` one for each pixel.
    name : str, optional
    """

    def __init__(self, axis: Any, name: str | None) -> None:
        super().__init__(name)
        owner = type(self).__name__
        self.axis: Axis = None if axis is None else axis_argument(axis, owner)
        if self.axis == 0 or (isinstance(self.axis, tuple) and 0 in self.axis):
            raise InputError(
                f"{owner}: axis 0 is the batch; one example's axes are counted from 1, or from -1 backwards."
            )

    def kept_axes(self, shape: tuple[Any, ...]) -> tuple[int, ...]:
        """The axes whose indices have statistics of their own."""
        return () if self.axis is None else chosen_axes(self.axis, shape, type(self).__name__)

    def statistics_shape(self, shape: tuple[Any, ...]) -> tuple[int, ...]:
        """The shape of a statistic for inputs of this shape."""
        kept = self.kept_axes(shape)
        placeholder = np.broadcast_to(0.0, extents(shape, kept))  # takes no memory
        return tuple(broadcastable(placeholder, kept, len(shape)).shape)

    def over_others(self, reduce: Any, x: np.ndarray) -> np.ndarray:
        """A statistic over all axes but those kept."""
        kept = self.kept_axes(x.shape)
        found = reduce(x, axis=tuple(i for i in range(x.ndim) if i not in kept))
        return np.asarray(broadcastable(np.asarray(found), kept, x.ndim))
