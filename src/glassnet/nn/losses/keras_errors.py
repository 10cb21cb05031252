"""Keras's losses of numbers and of margins, under Keras's names and with its definitions.

They give one value per example. ``huber``, ``log_cosh`` and ``poisson`` are Keras's as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import LabelLoss, Loss, aligned, check_axis
from glassnet.nn.losses.base import over_outputs as reduce_outputs
from glassnet.nn.losses.binary import binary_hinge
from glassnet.nn.losses.regression import absolute_error, squared_error
from glassnet.nn.losses.softmax import distributions
from glassnet.nn.targets import signed_targets

EPSILON = 1e-7  # Keras's, in every formula below


def mean_squared_error(y: Any, scores: Any) -> Any:
    """Mean over the outputs of ``(scores - y)²``.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> mean_squared_error(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
    array([5.])
    """
    return squared_error(y, scores)


def mean_absolute_error(y: Any, scores: Any) -> Any:
    """Mean over the outputs of ``|scores - y|``.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> mean_absolute_error(np.array([[0.0, 0.0]]), np.array([[1.0, -3.0]]))
    array([2.])
    """
    return absolute_error(y, scores)


def mean_absolute_percentage_error(y: Any, scores: Any) -> Any:
    """Mean over the outputs of ``100 |scores - y| / max(|y|, 1e-7)``.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> mean_absolute_percentage_error(np.array([2.0, 4.0]), np.array([1.0, 5.0]))
    array([50., 25.])
    """
    y = aligned(y, scores)
    size = np.maximum(np.abs(y), EPSILON)
    e = (scores - y) / size
    return reduce_outputs(100 * np.abs(e), "mean")


def mean_squared_logarithmic_error(y: Any, scores: Any) -> Any:
    """Mean over the outputs of ``(log(1 + scores) - log(1 + y))²``; both are cut off below 1e-7.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> mean_squared_logarithmic_error(np.array([0.0]), np.array([np.e - 1])).round(6)
    array([1.])
    """
    y = aligned(y, scores)
    log_score = np.log1p(np.maximum(scores, EPSILON))
    log_y = np.log1p(np.maximum(y, EPSILON))
    e = log_score - log_y
    return reduce_outputs(e**2, "mean")


def cosine_similarity(y: Any, scores: Any) -> Any:
    """Minus the cosine of the angle between y and the scores: -1 for the same direction, 1 for opposite ones.

    Parameters
    ----------
    y : array (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> cosine_similarity(np.array([[0.0, 2.0]]), np.array([[0.0, 5.0]]))
    array([-1.])
    """
    target = formulas.unit(aligned(y, scores))
    direction = formulas.unit(scores)
    return reduce_outputs(-(target * direction).sum(axis=-1), "mean")


def hinge(y: Any, scores: Any) -> Any:
    """Mean over the outputs of ``max(0, 1 - y s)`` with y = ±1 (0 counts as -1).

    Parameters
    ----------
    y : array (n,) or (n, k)
        -1 and 1, or 0 and 1.
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> hinge(np.array([1, -1]), np.array([0.25, 0.25]))
    array([0.75, 1.25])
    """
    return binary_hinge(y, scores)


def squared_hinge(y: Any, scores: Any) -> Any:
    """Mean over the outputs of ``max(0, 1 - y s)²`` with y = ±1 (0 counts as -1).

    Parameters
    ----------
    y : array (n,) or (n, k)
        -1 and 1, or 0 and 1.
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> squared_hinge(np.array([1, -1]), np.array([0.5, 0.5]))
    array([0.25, 2.25])
    """
    return binary_hinge(y, scores, squared=True)


def categorical_hinge(y: Any, scores: Any) -> Any:
    """``max(0, 1 + max((1 - y) s) - Σ y s)`` with one-hot y.

    As in Keras the largest *wrong* score counts as at least 0.

    Parameters
    ----------
    y : array (n, k) or int array (n,)
        One-hot rows, or labels.
    scores : array (n, k)

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> categorical_hinge(np.array([[0, 1]]), np.array([[0.5, 0.25]]))
    array([1.25])
    """
    y = distributions(y, scores.shape[-1])
    right = (y * scores).sum(axis=1)
    others = (1 - y) * scores
    violation = np.maximum(others.max(axis=1) - right + 1, 0)
    return violation


# ------------------------------------------------------------------------------------------ classes
class MeanSquaredError(Loss):
    """See :func:`mean_squared_error`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(MeanSquaredError()(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """

    function = staticmethod(mean_squared_error)


class MeanAbsoluteError(Loss):
    """See :func:`mean_absolute_error`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(MeanAbsoluteError()(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """

    function = staticmethod(mean_absolute_error)


class MeanAbsolutePercentageError(Loss):
    """See :func:`mean_absolute_percentage_error`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(MeanAbsolutePercentageError()(np.array([2.0]), np.array([1.0])))
    50.0
    """

    function = staticmethod(mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(Loss):
    """See :func:`mean_squared_logarithmic_error`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(MeanSquaredLogarithmicError()(np.array([0.0]), np.array([np.e - 1])).round(6))
    1.0
    """

    function = staticmethod(mean_squared_logarithmic_error)


class CosineSimilarity(Loss):
    """See :func:`cosine_similarity`.

    Parameters
    ----------
    axis : int, default -1
        Always the last one.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(CosineSimilarity()(np.array([[0.0, 2.0]]), np.array([[0.0, 5.0]])))
    -1.0
    """

    function = staticmethod(cosine_similarity)

    def __init__(self, axis: int = -1, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.axis = check_axis(axis, "CosineSimilarity")


class Hinge(Loss):
    """See :func:`hinge`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Hinge()(np.array([1.0]), np.array([0.25])))
    0.75
    """

    function = staticmethod(hinge)
    threshold = 0.0
    task = "binary"

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return signed_targets(y, width, dtype, where, self.name)


class SquaredHinge(Hinge):
    """See :func:`squared_hinge`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(SquaredHinge()(np.array([1.0]), np.array([0.5])))
    0.25
    """

    function = staticmethod(squared_hinge)


class CategoricalHinge(LabelLoss):
    """See :func:`categorical_hinge`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(CategoricalHinge()(np.array([[0, 1]]), np.array([[0.5, 0.25]])))
    1.25
    """

    function = staticmethod(categorical_hinge)
