"""Constraints: applied to a weight after each update (projected gradient descent)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.context import hyper
from glassnet.nn.described import Described
from glassnet.nn.registry import getter, non_negative, positive, share
from glassnet.nn.sizes import axis_argument
from glassnet.trace.composite import composite

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get"]

Axis = int | tuple[int, ...]


class Constraint(Described):
    """Base of the constraints: called with an array, answers the constrained one."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError


@composite
def max_norm(w: Any, limit: Any, *, axis: Axis = 0) -> Any:
    norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    return w * np.minimum(1, limit / (norm + 1e-7))


@composite
def min_max_norm(w: Any, low: Any, high: Any, rate: Any, *, axis: Axis = 0) -> Any:
    norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    wanted = rate * np.minimum(np.maximum(norm, low), high) + (1 - rate) * norm
    return w * (wanted / (norm + 1e-7))


@composite
def unit_norm(w: Any, *, axis: Axis = 0) -> Any:
    norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    return w / (norm + 1e-7)


class MaxNorm(Constraint):
    """Clamp each unit's incoming weights to ``||w||₂ <= max_value``.

    Parameters
    ----------
    max_value : float, default 2
        The largest norm.
    axis : int or list of int, default 0
        Along which the norm is taken: 0 for the incoming weights of a dense layer's units, [0, 1, 2] for the
        filters of a convolution.

    Notes
    -----
    ``w * min(1, max_value / (||w|| + 1e-7))``: weights inside the ball stay as they are, to the last bit,
    which differs from Keras's rescaling by 1 - 1e-7 there.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Examples
    --------
    >>> MaxNorm(3)(np.array([[6.0, 1.0], [8.0, 0.0]])).round(3)
    array([[1.8, 1. ],
           [2.4, 0. ]])
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = (
            positive(max_value, "max_value", "MaxNorm"),
            axis_argument(axis, "MaxNorm"),
        )

    def __call__(self, w: Any) -> Any:
        return max_norm(w, hyper(self, "max_value", "max_norm_limit"), axis=self.axis)


class MinMaxNorm(Constraint):
    """Move the norm of each unit's incoming weights into an interval.

    Parameters
    ----------
    min_value : float, default 0.0
    max_value : float, default 1.0
    rate : float, default 1.0
        1 moves the norm all the way; less, only this share of it.
    axis : int or list of int, default 0
        Along which the norm is taken.

    Notes
    -----
    ``w * (rate * clip(||w||, min_value, max_value) + (1 - rate) * ||w||) / (||w|| + 1e-7)``, as in Keras.

    Examples
    --------
    >>> MinMaxNorm(1.0, 2.0)(np.array([[0.3, 3.0], [0.4, 4.0]])).round(3)
    array([[0.6, 1.2],
           [0.8, 1.6]])
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value = non_negative(min_value, "min_value", "MinMaxNorm")
        self.max_value = positive(max_value, "max_value", "MinMaxNorm")
        if self.min_value > self.max_value:
            raise InputError(f"MinMaxNorm: min_value {min_value!r} must not exceed max_value {max_value!r}.")
        self.rate, self.axis = share(rate, "rate", "MinMaxNorm"), axis_argument(axis, "MinMaxNorm")

    def __call__(self, w: Any) -> Any:
        low = hyper(self, "min_value", "min_norm_limit")
        high = hyper(self, "max_value", "max_norm_limit")
        return min_max_norm(w, low, high, hyper(self, "rate", "norm_rate"), axis=self.axis)


class NonNeg(Constraint):
    """Replace negative weights by 0.

    Examples
    --------
    >>> NonNeg()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __call__(self, w: Any) -> Any:
        return np.maximum(w, 0)


class UnitNorm(Constraint):
    """Scale each unit's incoming weights to norm 1.

    Parameters
    ----------
    axis : int or list of int, default 0
        Along which the norm is taken.

    Notes
    -----
    ``w / (||w|| + 1e-7)``, as in Keras: zeros stay zeros.

    Examples
    --------
    >>> UnitNorm()(np.array([[3.0, 0.0], [4.0, 2.0]])).round(3)
    array([[0.6, 0. ],
           [0.8, 1. ]])
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis_argument(axis, "UnitNorm")

    def __call__(self, w: Any) -> Any:
        return unit_norm(w, axis=self.axis)


CONSTRAINTS: dict[str, Callable[[], Constraint]] = {
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
}

get = getter("constraint", CONSTRAINTS, Constraint)
