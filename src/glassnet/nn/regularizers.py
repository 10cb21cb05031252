"""Regularizers: a penalty on a weight, added to the loss.

Two conventions live side by side: :class:`L2` is Keras's ``λ Σ w²``, :class:`HalfL2` the course notes'
``½ λ Σ w²``, whose gradient is ``λ w``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.nn.context import hyper
from glassnet.nn.registry import getter, non_negative

__all__ = ["L2", "HalfL2", "Regularizer", "get"]


class Regularizer:
    """Base of the regularizers: called with an array, answers the penalty, a scalar."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, vars(self).values()))})"


class L2(Regularizer):
    """``λ Σ w²`` (Keras's convention); gradient ``2 λ w``.

    Parameters
    ----------
    l2 : float, default 0.01
        The strength λ.

    Examples
    --------
    >>> import numpy as np
    >>> float(L2(1.0)(np.array([0.25, 0.25, 0.25, 0.25])))
    0.25
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = non_negative(l2, "l2", "L2")

    def __call__(self, w: Any) -> Any:
        return hyper(self, "l2") * (w**2).sum()


class HalfL2(Regularizer):
    """``½ λ Σ w²`` (the course notes' convention); gradient ``λ w``.

    Parameters
    ----------
    l2 : float, default 0.01
        The strength λ.

    Examples
    --------
    >>> import numpy as np
    >>> float(HalfL2(1.0)(np.array([1.0, 0.0, 0.0, 0.0])))
    0.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = non_negative(l2, "l2", "HalfL2")

    def __call__(self, w: Any) -> Any:
        return 0.5 * hyper(self, "l2") * (w**2).sum()


REGULARIZERS: dict[str, Callable[[], Regularizer]] = {"l2": L2, "half_l2": HalfL2}

get = getter("regularizer", REGULARIZERS, Regularizer)
