"""Constraints: applied to a weight after each update (projected gradient descent)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.nn.context import hyper
from glassnet.nn.registry import getter, positive
from glassnet.trace.composite import composite

__all__ = ["Constraint", "MaxNorm", "get"]


class Constraint:
    """Base of the constraints: called with an array, answers the constrained one."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


@composite
def max_norm(w: Any, limit: Any, *, axis: int = 0) -> Any:
    norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    return w * np.minimum(1, limit / (norm + 1e-7))


class MaxNorm(Constraint):
    """Clamp each unit's incoming weights to ``||w||₂ <= max_value``.

    Parameters
    ----------
    max_value : float, default 2
        The largest norm.
    axis : int, default 0
        Along which the norm is taken: 0 for the incoming weights of a dense layer's units.

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

    def __init__(self, max_value: float = 2, axis: int = 0) -> None:
        self.max_value, self.axis = positive(max_value, "max_value", "MaxNorm"), axis

    def __call__(self, w: Any) -> Any:
        return max_norm(w, hyper(self, "max_value", "max_norm_limit"), axis=self.axis)


CONSTRAINTS: dict[str, Callable[[], Constraint]] = {"max_norm": MaxNorm}

get = getter("constraint", CONSTRAINTS, Constraint)
