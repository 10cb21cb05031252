"""Regularizers: a penalty on a weight or on a layer's output, added to the loss.

Two conventions live side by side: :class:`L2` is Keras's ``λ Σ w²``, :class:`HalfL2` the course notes'
``½ λ Σ w²``, whose gradient is ``λ w``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.context import hyper
from glassnet.nn.described import Described
from glassnet.nn.registry import getter, non_negative
from glassnet.trace.composite import composite

__all__ = ["L1", "L1L2", "L2", "HalfL2", "OrthogonalRegularizer", "Regularizer", "get"]


class Regularizer(Described):
    """Base of the regularizers: called with an array, answers the penalty, a scalar.

    As an ``activity_regularizer`` it is called with a layer's output, and divided by the batch size.
    """

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError


class L1(Regularizer):
    """``λ Σ |w|``; gradient ``λ sign(w)``: weights that the data does not need go to nearly 0.

    Parameters
    ----------
    l1 : float, default 0.01
        The strength λ.

    Examples
    --------
    >>> import numpy as np
    >>> float(L1(0.5)(np.array([1.0, -3.0])))
    2.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = non_negative(l1, "l1", "L1")

    def __call__(self, w: Any) -> Any:
        return hyper(self, "l1") * np.abs(w).sum()


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


class L1L2(Regularizer):
    """The elastic net: ``λ₁ Σ |w| + λ₂ Σ w²``.

    Parameters
    ----------
    l1 : float, default 0.0
        The strength λ₁.
    l2 : float, default 0.0
        The strength λ₂.

    Notes
    -----
    The identifier ``"l1_l2"`` means 0.01 for both, as Keras documents it.

    References
    ----------
    H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", 2005.

    Examples
    --------
    >>> import numpy as np
    >>> float(L1L2(l1=1.0, l2=0.5)(np.array([1.0, -2.0])))
    5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = non_negative(l1, "l1", "L1L2")
        self.l2 = non_negative(l2, "l2", "L1L2")

    def __call__(self, w: Any) -> Any:
        return hyper(self, "l1") * np.abs(w).sum() + hyper(self, "l2") * (w**2).sum()


class OrthogonalRegularizer(Regularizer):
    """The mean size of the cosine between two different rows (or columns), times ``factor``.

    Parameters
    ----------
    factor : float, default 0.01
    mode : {"rows", "columns"}, default "rows"
        Which vectors of the matrix shall be orthogonal to each other. A dense layer's units are its columns.

    Notes
    -----
    As Keras computes it: ``factor * Σ_{i<j} |cos(i, j)| / pairs``. A matrix of a single row has penalty 0.

    Examples
    --------
    >>> import numpy as np
    >>> penalty = OrthogonalRegularizer(factor=1.0, mode="rows")
    >>> round(float(penalty(np.array([[1.0, 0.0], [1.0, 1.0]]))), 4)
    0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise InputError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns'; got {mode!r}.")
        self.factor, self.mode = non_negative(factor, "factor", "OrthogonalRegularizer"), mode

    def __call__(self, w: Any) -> Any:
        if len(w.shape) != 2:
            raise ShapeError(f"OrthogonalRegularizer needs a matrix; got a weight of shape {w.shape}.")
        if self.mode == "rows" and not isinstance(w.shape[0], int):
            raise ShapeError(
                "OrthogonalRegularizer(mode='rows') would compare the examples of a batch with each other.\n"
                "Give mode='columns' for a layer's output."
            )
        return hyper(self, "factor", "orthogonal_factor") * mean_cosine(w if self.mode == "rows" else w.T)


@composite
def mean_cosine(w: Any) -> Any:
    """The mean absolute cosine between two rows of a matrix."""
    norm = np.sqrt(np.maximum((w**2).sum(axis=1, keepdims=True), 1e-14))
    unit = w / norm
    return (np.abs(unit @ unit.T).sum() - (unit**2).sum()) / twice_pairs(w)


@mean_cosine.defgradient
def _(g: Any, y: Any, w: Any) -> Any:
    norm = np.sqrt(np.maximum((w**2).sum(axis=1, keepdims=True), 1e-14))
    unit = w / norm
    dunit = g * 2 * (np.sign(unit @ unit.T) @ unit - unit) / twice_pairs(w)
    return ((dunit - (dunit * unit).sum(axis=1, keepdims=True) * unit) / norm,)


def twice_pairs(w: Any) -> int:
    """Twice the number of pairs of rows, and 1 for a single row."""
    rows: int = w.shape[0]
    return max(rows * (rows - 1), 1)


def both() -> Regularizer:
    """What Keras means by the name ``"l1_l2"``."""
    return L1L2(0.01, 0.01)


REGULARIZERS: dict[str, Callable[[], Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "half_l2": HalfL2,
    "l1_l2": both,
    "l1l2": both,
    "orthogonal": OrthogonalRegularizer,
    "orthogonal_regularizer": OrthogonalRegularizer,
}

get = getter("regularizer", REGULARIZERS, Regularizer)
