"""Losses of yes and no for each output, from scores: logistic and hinge (attribute classification)."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.nn.activations import sigmoid
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import (
    BinaryLoss,
    OutputLoss,
    aligned,
    is_off,
)
from glassnet.nn.losses.base import over_outputs as reduce_outputs
from glassnet.nn.registry import fraction, positive
from glassnet.nn.targets import signed_targets


def binary_cross_entropy(
    y: Any, scores: Any, label_smoothing: float = 0.0, over_outputs: str = "mean"
) -> Any:
    """``-y log σ(s) - (1 - y) log(1 - σ(s))`` from scores s.

    Computed stably as ``max(s, 0) - s y + log(1 + exp(-|s|))``; its gradient is ``σ(s) - y``.

    Parameters
    ----------
    y : array (n,) or (n, k)
        0 or 1, or a probability.
    scores : array of the same shape
    label_smoothing : float, default 0
        Squeezes the targets towards one half: ``(1 - l) y + l / 2``.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> binary_cross_entropy(np.array([1.0]), np.array([0.0])).round(4)
    array([0.6931])
    """
    targets = squeezed(aligned(y, scores), label_smoothing)
    return reduce_outputs(formulas.logistic_loss(scores, targets), over_outputs)


def squeezed(y: Any, label_smoothing: Any) -> Any:
    """Targets moved towards one half."""
    if is_off(label_smoothing):
        return y
    q = (1 - label_smoothing) * y + 0.5 * label_smoothing
    return q


def binary_hinge(
    y: Any, scores: Any, margin: float = 1.0, squared: bool = False, over_outputs: str = "mean"
) -> Any:
    """``max(0, margin - y s)`` with y = ±1: the support vector machine for each output.

    Parameters
    ----------
    y : array (n,) or (n, k)
        0 and 1, or -1 and 1.
    scores : array of the same shape
    margin : float, default 1
    squared : bool, default False
        Square the violations.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> binary_hinge(np.array([1, 0]), np.array([0.25, 0.25]))
    array([0.75, 1.25])
    """
    formula = formulas.squared_hinge if squared else formulas.hinge
    return reduce_outputs(formula(scores, aligned(y, scores) > 0, margin), over_outputs)


class BinaryCrossEntropy(BinaryLoss, OutputLoss):
    """See :func:`binary_cross_entropy`.

    Parameters
    ----------
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"
    label_smoothing : float, default 0

    Examples
    --------
    >>> float(BinaryCrossEntropy()(np.array([1.0]), np.array([0.0])).round(4))
    0.6931
    """

    function = staticmethod(binary_cross_entropy)
    hypers = ("label_smoothing",)
    threshold = 0.0

    def __init__(
        self, over_outputs: str = "mean", reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        OutputLoss.__init__(self, over_outputs, reduction)
        self.label_smoothing = fraction(label_smoothing, "label_smoothing", "BinaryCrossEntropy")

    def probabilities(self, scores: Any) -> Any:
        return sigmoid(scores)


class BinaryHinge(OutputLoss):
    """See :func:`binary_hinge`.

    Parameters
    ----------
    margin : float, default 1
    squared : bool, default False
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(BinaryHinge(over_outputs="sum")(np.array([[1, -1]]), np.array([[0.5, 0.5]])))
    2.0
    """

    function = staticmethod(binary_hinge)
    hypers = ("margin",)
    threshold = 0.0
    task = "binary"

    def __init__(
        self,
        margin: float = 1.0,
        squared: bool = False,
        over_outputs: str = "mean",
        reduction: str = "mean",
    ) -> None:
        super().__init__(over_outputs, reduction)
        self.margin, self.squared = positive(margin, "margin", "BinaryHinge"), bool(squared)

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return signed_targets(y, width, dtype, where, self.name)
