"""The multiclass support vector machine: the right score should exceed the others by a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import ClassLoss, check_choice, classes_of
from glassnet.nn.registry import positive
from glassnet.trace.numpy_api import one_hot_rows

KINDS = ("weston_watkins", "one_vs_all", "crammer_singer")


def multiclass_hinge(
    y: Any, scores: Any, margin: float = 1.0, squared: bool = False, kind: str = "weston_watkins"
) -> Any:
    """``Σ_{j≠y} max(0, f_j - f_y + margin)``: each wrong score must stay below the right one by the margin.

    ``kind="one_vs_all"`` asks instead that the right score exceeds the margin and every wrong one lies below
    its negative: ``max(0, margin - f_y) + Σ_{j≠y} max(0, margin + f_j)``. ``kind="crammer_singer"`` counts
    the highest wrong score only: ``max(0, max_{j≠y} f_j - f_y + margin)``.

    Parameters
    ----------
    y : int array (n,)
        Labels 0..k-1.
    scores : array (n, k)
        At least two classes.
    margin : float, default 1
    squared : bool, default False
        Square the violations.
    kind : {"weston_watkins", "one_vs_all", "crammer_singer"}, default "weston_watkins"

    Returns
    -------
    array (n,)

    References
    ----------
    J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition", 1999;
    K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector machines",
    2001.

    Examples
    --------
    >>> f = np.array([[13.0, -7.0, 11.0]])
    >>> multiclass_hinge(np.array([0]), f, margin=10.0)
    array([8.])
    >>> multiclass_hinge(np.array([0]), f, margin=10.0, squared=True)
    array([64.])
    """
    y = classes_of(y)
    if kind == "one_vs_all":
        formula = formulas.squared_hinge if squared else formulas.hinge
        onehot = one_hot_rows(y, scores.shape[-1])
        return formula(scores, onehot, margin).sum(axis=1)
    if check_choice(kind, "kind", KINDS) == "crammer_singer":
        violation = np.maximum(formulas.crammer_singer(scores, y, margin), 0)
        return violation**2 if squared else violation
    formula = formulas.weston_watkins_squared if squared else formulas.weston_watkins
    return formula(scores, y, margin)


class MulticlassHinge(ClassLoss):
    """See :func:`multiclass_hinge`.

    Parameters
    ----------
    margin : float, default 1
    squared : bool, default False
    kind : {"weston_watkins", "one_vs_all", "crammer_singer"}, default "weston_watkins"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(MulticlassHinge(margin=10.0)(np.array([0]), np.array([[13.0, -7.0, 11.0]])))
    8.0
    """

    function = staticmethod(multiclass_hinge)
    hypers = ("margin",)

    def __init__(
        self,
        margin: float = 1.0,
        squared: bool = False,
        kind: str = "weston_watkins",
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.margin, self.squared = positive(margin, "margin", "MulticlassHinge"), bool(squared)
        self.kind = check_choice(kind, "kind", KINDS)
