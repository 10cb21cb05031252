"""Losses of one label (or distribution) per example, from scores: the softmax and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.nn.activations import softmax
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import ClassLoss, LabelLoss, classes_of, is_off
from glassnet.nn.registry import fraction, non_negative
from glassnet.trace.numpy_api import one_hot_rows


def softmax_cross_entropy(y: Any, scores: Any, label_smoothing: float = 0.0) -> Any:
    """``-log p[y]`` with ``p = softmax(scores)``, computed stably from the scores.

    For a distribution y it is ``-Σ y_j log p_j``: the cross-entropy H(y, p).

    Parameters
    ----------
    y : int array (n,) or array (n, k)
        Labels 0..k-1, or a distribution per example.
    scores : array (n, k)
        Any real numbers.
    label_smoothing : float, default 0
        Mixes the targets with the uniform distribution: ``(1 - s) y + s / k``.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> softmax_cross_entropy(np.array([0]), np.array([[1.0, -2.0, 0.0]])).round(4)
    array([0.349])
    """
    y = classes_of(y)
    if len(y.shape) > 1:
        return formulas.distribution_cross_entropy(scores, smoothed(y, label_smoothing))
    if is_off(label_smoothing):
        return formulas.cross_entropy(scores, y)
    return formulas.smooth_cross_entropy(scores, y, label_smoothing)


def smoothed(y: Any, label_smoothing: Any) -> Any:
    """Distributions mixed with the uniform one."""
    if is_off(label_smoothing):
        return y
    q = (1 - label_smoothing) * y + label_smoothing / y.shape[-1]
    return q


def distributions(y: Any, classes: int) -> Any:
    """Labels as one-hot rows of booleans; distributions as they are."""
    y = classes_of(y)
    if len(y.shape) > 1:
        return y
    onehot = one_hot_rows(y, classes)
    return onehot


def focal(y: Any, scores: Any, gamma: float = 2.0) -> Any:
    """``-(1 - p[y])**gamma log p[y]`` with ``p = softmax(scores)``: easy examples count less.

    Parameters
    ----------
    y : int array (n,)
        Labels 0..k-1.
    scores : array (n, k)
    gamma : float, default 2
        0 gives the cross-entropy.

    Returns
    -------
    array (n,)

    References
    ----------
    T.-Y. Lin et al., "Focal loss for dense object detection", 2017.

    Examples
    --------
    >>> focal(np.array([0]), np.array([[0.0, 0.0]])).round(4)
    array([0.1733])
    """
    return formulas.softmax_focal(scores, distributions(y, scores.shape[-1]), gamma)


def entropy(p: Any) -> Any:
    """``-Σ p_j log p_j`` of distributions, with ``0 log 0 = 0``.

    The cross-entropy is ``H(p, q) = H(p) + KL(p‖q)``: what p costs at least, and what a wrong q adds.

    Parameters
    ----------
    p : array (n, k)

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4)
    array([0.6931, 0.    ])
    """
    logp = np.log(np.where(p > 0, p, 1))
    return 0.0 - (p * logp).sum(axis=-1)


class SoftmaxCrossEntropy(LabelLoss):
    """See :func:`softmax_cross_entropy`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
    label_smoothing : float, default 0

    Examples
    --------
    >>> float(SoftmaxCrossEntropy()(np.array([0]), np.array([[0.0, 0.0]])).round(4))
    0.6931
    """

    function = staticmethod(softmax_cross_entropy)
    hypers = ("label_smoothing",)

    def __init__(self, reduction: str = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction)
        self.label_smoothing = fraction(label_smoothing, "label_smoothing", "SoftmaxCrossEntropy")

    def probabilities(self, scores: Any) -> Any:
        return softmax(scores)


class Focal(ClassLoss):
    """See :func:`focal`.

    Parameters
    ----------
    gamma : float, default 2
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Focal()(np.array([0]), np.array([[0.0, 0.0]])).round(4))
    0.1733
    """

    function = staticmethod(focal)
    hypers = ("gamma",)

    def __init__(self, gamma: float = 2.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.gamma = non_negative(gamma, "gamma", "Focal")

    def probabilities(self, scores: Any) -> Any:
        return softmax(scores)
