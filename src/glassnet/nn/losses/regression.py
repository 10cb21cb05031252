"""Losses of numbers: squares, absolute values, and what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import Loss, OutputLoss, aligned, array_of
from glassnet.nn.losses.base import over_outputs as reduce_outputs
from glassnet.nn.registry import positive


# ------------------------------------------------------------------------------------------ squares
def squared_error(y: Any, scores: Any, over_outputs: str = "mean") -> Any:
    """``(scores - y)²``, averaged over the outputs of an example.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> squared_error(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
    array([5.])
    """
    e = scores - aligned(y, scores)
    return reduce_outputs(e**2, over_outputs)


def sum_of_squares(y: Any, scores: Any) -> Any:
    """``Σ (scores - y)²`` over the outputs of an example.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> sum_of_squares(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
    array([10.])
    """
    return squared_error(y, scores, "sum")


def l2_regression(y: Any, scores: Any) -> Any:
    """``‖scores - y‖₂²``: the squared Euclidean norm of the error; its gradient is linear in the error.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> l2_regression(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([25.])
    """
    return squared_error(y, scores, "sum")


# ------------------------------------------------------------------------------------------ absolute values
def absolute_error(y: Any, scores: Any, over_outputs: str = "mean") -> Any:
    """``|scores - y|``, averaged over the outputs of an example.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> absolute_error(np.array([[0.0, 0.0]]), np.array([[1.0, -3.0]]))
    array([2.])
    """
    e = scores - aligned(y, scores)
    return reduce_outputs(np.abs(e), over_outputs)


def l1_regression(y: Any, scores: Any) -> Any:
    """``‖scores - y‖₁``: the absolute errors of all dimensions added up; its gradient is their sign.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> l1_regression(np.array([[0.0, 0.0]]), np.array([[3.0, -4.0]]))
    array([7.])
    """
    return absolute_error(y, scores, "sum")


# ------------------------------------------------------------------------------------------ in between
def huber(y: Any, scores: Any, delta: float = 1.0, over_outputs: str = "mean") -> Any:
    """``e² / 2`` for errors up to ``delta``, ``delta (|e| - delta / 2)`` beyond: outliers pull less.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape
    delta : float, default 1
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> huber(np.array([0.0, 0.0]), np.array([0.5, 10.0]))
    array([0.125, 9.5  ])
    """
    e = scores - aligned(y, scores)
    return reduce_outputs(formulas.huber(e, delta), over_outputs)


def log_cosh(y: Any, scores: Any, over_outputs: str = "mean") -> Any:
    """``log(cosh(e))``: ``e² / 2`` for small errors, ``|e| - log 2`` for large ones; its gradient is tanh(e).

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> log_cosh(np.array([0.0, 0.0]), np.array([0.1, 1000.0])).round(3)
    array([5.00000e-03, 9.99307e+02])
    """
    e = scores - aligned(y, scores)
    return reduce_outputs(formulas.log_cosh(e), over_outputs)


def quantile(y: Any, scores: Any, quantiles: Any = 0.5, over_outputs: str = "mean") -> Any:
    """``max(q e, (q - 1) e)`` with ``e = y - scores``: its best constant answer is the q-quantile of y.

    Parameters
    ----------
    y : array (n,) or (n, k)
        With several quantiles one number per example.
    scores : array of the same shape, or (n, number of quantiles)
    quantiles : float or sequence of float, default 0.5
        Between 0 and 1; one output for each of several. The median by default.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    References
    ----------
    R. Koenker and G. Bassett, "Regression quantiles", 1978.

    Examples
    --------
    >>> quantile(np.array([1.0, -1.0]), np.array([0.0, 0.0]), 0.9)
    array([0.9, 0.1])
    """
    if np.ndim(quantiles) == 0:
        return reduce_outputs(formulas.pinball(scores, aligned(y, scores), quantiles), over_outputs)
    y = array_of(y)
    column = y[:, None] if len(y.shape) == 1 else y
    if scores.shape[1:] != (len(quantiles),) or column.shape[1:] != (1,):
        raise ShapeError(
            f"{len(quantiles)} quantiles need scores (n, {len(quantiles)}) and y (n,); "
            f"got {scores.shape} and {y.shape}."
        )
    quantiles = np.asarray(quantiles, float)
    return reduce_outputs(formulas.pinball(scores, column, quantiles), over_outputs)


# ------------------------------------------------------------------------------------------ classes
class SquaredError(OutputLoss):
    """See :func:`squared_error`.

    Parameters
    ----------
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(SquaredError()(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """

    function = staticmethod(squared_error)


class SumOfSquares(Loss):
    """``Σ (scores - y)²`` over outputs and, unless ``reduction="mean"``, over examples.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "sum"

    Examples
    --------
    >>> float(SumOfSquares()(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    4.0
    """

    function = staticmethod(sum_of_squares)

    def __init__(self, reduction: str = "sum") -> None:
        super().__init__(reduction)


class L2Regression(Loss):
    """See :func:`l2_regression`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(L2Regression()(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])))
    25.0
    """

    function = staticmethod(l2_regression)


class AbsoluteError(OutputLoss):
    """See :func:`absolute_error`.

    Parameters
    ----------
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(AbsoluteError()(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """

    function = staticmethod(absolute_error)


class L1Regression(Loss):
    """See :func:`l1_regression`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(L1Regression()(np.array([[0.0, 0.0]]), np.array([[3.0, -4.0]])))
    7.0
    """

    function = staticmethod(l1_regression)


class Huber(OutputLoss):
    """See :func:`huber`.

    Parameters
    ----------
    delta : float, default 1
    reduction : {"mean", "sum"}, default "mean"
    over_outputs : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Huber(delta=2.0)(np.array([0.0]), np.array([10.0])))
    18.0
    """

    function = staticmethod(huber)
    hypers = ("delta",)

    def __init__(self, delta: float = 1.0, reduction: str = "mean", over_outputs: str = "mean") -> None:
        super().__init__(over_outputs, reduction)
        self.delta = positive(delta, "delta", "Huber")


class LogCosh(OutputLoss):
    """See :func:`log_cosh`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
    over_outputs : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(LogCosh()(np.array([0.0]), np.array([1.0])).round(4))
    0.4338
    """

    function = staticmethod(log_cosh)

    def __init__(self, reduction: str = "mean", over_outputs: str = "mean") -> None:
        super().__init__(over_outputs, reduction)


class Quantile(OutputLoss):
    """See :func:`quantile`.

    Parameters
    ----------
    quantiles : float or sequence of float, default 0.5
        A single one can change without a new program.
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Quantile([0.1, 0.9])(np.array([1.0]), np.array([[0.0, 0.0]])))
    0.5
    """

    function = staticmethod(quantile)

    def __init__(
        self, quantiles: float | Sequence[float] = 0.5, over_outputs: str = "mean", reduction: str = "mean"
    ) -> None:
        super().__init__(over_outputs, reduction)
        several = isinstance(quantiles, list | tuple | np.ndarray)
        levels = tuple(map(_level, quantiles)) if several else _level(quantiles)  # type: ignore[arg-type]
        self.quantiles: Any = levels
        self.hypers = () if several else ("quantiles",)

    def target_width(self, width: tuple[int, ...]) -> tuple[int, ...]:
        return (1,) if isinstance(self.quantiles, tuple) else width


def _level(value: Any) -> float:
    number = positive(value, "quantiles", "Quantile")
    if number >= 1:
        raise InputError(f"Quantile: quantiles must lie between 0 and 1; got {value!r}.")
    return number
