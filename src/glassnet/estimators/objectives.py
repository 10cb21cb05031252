"""From an estimator's ``loss`` to what its network is trained for: the loss, its outputs, what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import xlogy

from glassnet.errors import InputError, InputTypeError
from glassnet.estimators.labels import Labels
from glassnet.estimators.parameters import refuse, unknown
from glassnet.nn import losses
from glassnet.nn.losses.base import FunctionLoss, Loss
from glassnet.nn.losses.several import HalfSquaredError, SeveralLabels
from glassnet.nn.registry import snake_case

CLASSIFIER_LOSSES = ("log_loss", "hinge")


def no_offset(y: np.ndarray, weights: np.ndarray | None) -> float:
    """The network's loss is what is reported."""
    return 0.0


@dataclass(frozen=True)
class Objective:
    """What a network is trained for.

    Attributes
    ----------
    loss : Loss
    outputs : int
        Units of the last layer.
    out_activation : str
        What turns scores into predictions, as ``out_activation_`` names it.
    scale : float
        The reported loss is the trained one times this.
    one_hot : int
        Labels are shown to the loss as so many columns; 0 for as they are.
    offset : callable
        (y, weights) → what is added to the reported loss.
    center, spread : tuple of float
        The loss sees ``(y - center) / spread``, output by output; empty where it sees y itself.
    """

    loss: Loss
    outputs: int
    out_activation: str = "identity"
    scale: float = 1.0
    one_hot: int = 0
    offset: Callable[[np.ndarray, np.ndarray | None], float] = no_offset
    center: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    def targets(self, y: np.ndarray) -> np.ndarray:
        """Encoded labels or numbers as the loss takes them."""
        if self.one_hot:
            columns: np.ndarray = (y[:, None] == np.arange(self.one_hot)).astype(np.float64)
            return columns
        if self.spread:
            standard: np.ndarray = (y.reshape(len(y), -1) - np.array(self.center)) / np.array(self.spread)
            return standard.reshape(y.shape)
        return y

    def in_units(self, predicted: np.ndarray) -> np.ndarray:
        """Predictions (n, outputs) in the units of y."""
        if not self.spread:
            return predicted
        found: np.ndarray = predicted * np.array(self.spread) + np.array(self.center)
        return found


# ------------------------------------------------------------------------------------------ classes
def for_classes(loss: Any, labels: Labels, owner: str) -> Objective:
    """The objective of a classifier.

    Parameters
    ----------
    loss : str, Loss or callable
        ``"log_loss"``, ``"hinge"``, or any of :mod:`glassnet.losses`.
    labels : Labels
    owner : str
        The estimator, for messages.

    Raises
    ------
    UnknownNameError, InputError
        An unknown loss, or one that cannot be used for such labels.
    """
    if labels.kind == "several":
        return _several(loss, labels, owner)
    size = labels.sizes[0]
    if labels.kind == "multilabel":
        return _columns(_binary(loss, owner, "sum"), size)
    if isinstance(loss, str) and loss in ("log_loss", "hinge"):
        return _columns(_binary(loss, owner, "mean"), 1) if size <= 2 else _labelled(loss, size, owner)
    found = _get(loss, owner)
    if found.task == "binary":
        return _columns(found, 1) if size <= 2 else _columns(found, size, size)
    if found.task == "labels" or isinstance(found, FunctionLoss):
        return _labelled(found, max(size, 2), owner)
    return Objective(found, max(size, 2), one_hot=max(size, 2))


def _get(loss: Any, owner: str) -> Loss:
    known = {*CLASSIFIER_LOSSES, *losses.LOSSES}
    if isinstance(loss, str) and loss not in known and snake_case(loss) not in known:
        raise unknown(owner, "loss", loss, known)
    try:
        found = losses.get(loss)
    except (InputError, InputTypeError):
        raise refuse(owner, "loss", "a name, a loss, or a NumPy function of (y, scores)", loss) from None
    if isinstance(loss, str) and hasattr(found, "from_logits"):
        found.from_logits = True
    _refuse_probabilities(found, owner)
    return found


def _refuse_probabilities(loss: Loss, owner: str) -> None:
    """An error for a loss that takes the network's outputs, which are scores, for probabilities."""
    name = type(loss).__name__
    if not getattr(loss, "from_logits", True):
        remedy = f"{name}(from_logits=True)"
    elif isinstance(loss, losses.CategoricalGeneralizedCrossEntropy):
        remedy = 'loss="log_loss" or another loss of scores'
    else:
        return
    raise InputError(f"{owner}: {name} takes probabilities, and the network gives scores.\nUse {remedy}.")


def _binary(loss: Any, owner: str, how: str) -> Loss:
    if isinstance(loss, str) and loss in ("log_loss", "binary_cross_entropy", "softmax_cross_entropy"):
        return losses.BinaryCrossEntropy(over_outputs=how)
    if isinstance(loss, str) and loss in ("hinge", "binary_hinge", "multiclass_hinge"):
        return losses.BinaryHinge(over_outputs=how)
    found = _get(loss, owner)
    if found.task == "labels":
        raise InputError(
            f"{owner}: {found.name} is a loss of one label per example; y has several yes or no.\n"
            'Use loss="log_loss", "hinge" or a loss of binary targets.'
        )
    return found


def _columns(loss: Loss, outputs: int, one_hot: int = 0) -> Objective:
    likely = loss.probabilities(np.zeros((1, outputs))) is not None
    return Objective(loss, outputs, "logistic" if likely else "identity", one_hot=one_hot)


def _labelled(loss: Any, size: int, owner: str) -> Objective:
    """A loss of labels with as many scores as it needs for so many classes."""
    names = {"log_loss": losses.SoftmaxCrossEntropy, "hinge": losses.MulticlassHinge}
    found = names[loss]() if isinstance(loss, str) and loss in names else _get(loss, owner)
    outputs = next((w for w in (size, size - 1) if found.class_count((w,)) == size), size)
    activation = "softmax" if _is_likelihood(found, outputs) else "identity"
    return Objective(found, outputs, activation)


def _is_likelihood(loss: Loss, outputs: int) -> bool:
    return loss.probabilities(np.zeros((1, outputs))) is not None


def _several(loss: Any, labels: Labels, owner: str) -> Objective:
    parts = [_labelled(loss, max(size, 2), owner) for size in labels.sizes]
    if any(part.loss.task != "labels" for part in parts):
        raise InputError(
            f"{owner}: y has several labels per example, which needs a loss of labels.\n"
            'Use loss="log_loss" or "hinge".'
        )
    sizes = [part.outputs for part in parts]
    return Objective(SeveralLabels(sizes, parts[0].loss), sum(sizes), parts[0].out_activation)


# ------------------------------------------------------------------------------------------ numbers
def for_numbers(loss: Any, quantiles: Any, targets: int, owner: str) -> Objective:
    """The objective of a regressor.

    Parameters
    ----------
    loss : str, Loss or callable
    quantiles : sequence of float, optional
    targets : int
        Numbers per example.
    owner : str
        The estimator, for messages.

    Raises
    ------
    UnknownNameError, InputError
        An unknown loss, or one that does not go with the quantiles or targets.
    """
    if quantiles is not None:
        return _quantiles(loss, tuple(quantiles), targets, owner)
    if isinstance(loss, str) and loss == "squared_error":
        return Objective(HalfSquaredError(), targets, scale=1 / targets)
    found = _of_numbers(loss, targets, owner)
    if isinstance(found, losses.Poisson) and found.from_log:
        return Objective(found, targets, "exp", offset=_deviance_offset)
    if isinstance(found, losses.Gamma | losses.Tweedie):
        return Objective(found, targets, "exp")
    return Objective(found, targets * (2 if isinstance(found, losses.GaussianNLL) else 1))


def standardized(goal: Objective, y: np.ndarray) -> Objective:
    """The same objective for targets of mean 0 and standard deviation 1, as those of y become.

    Parameters
    ----------
    goal : Objective
        One that :func:`can_be_standardized`.
    y : ndarray (n,) or (n, outputs)
    """
    columns = y.reshape(len(y), -1)
    spread = columns.std(axis=0)
    center = columns.mean(axis=0)
    return replace(
        goal, center=tuple(center.tolist()), spread=tuple(np.where(spread > 0, spread, 1).tolist())
    )


def can_be_standardized(goal: Objective) -> bool:
    """Whether the loss is one of differences, so that other units of y change only its own."""
    free = isinstance(goal.loss, losses.GaussianNLL | FunctionLoss)
    return goal.out_activation == "identity" and not free


def _of_numbers(loss: Any, targets: int, owner: str) -> Loss:
    if isinstance(loss, str) and loss == "poisson":
        return losses.Poisson(from_log=True, over_outputs="sum")
    found = _get(loss, owner) if not isinstance(loss, str) else _named(loss, owner)
    if found.task != "numbers":
        raise InputError(
            f"{owner}: {found.name} is a loss of classes.\nUse a classifier, or a loss of numbers such as "
            '"squared_error".'
        )
    return found


def _named(loss: str, owner: str) -> Loss:
    numeric = [name for name, cls in losses.LOSSES.items() if cls.task == "numbers"]
    if loss not in losses.LOSSES and snake_case(loss) not in losses.LOSSES:
        raise unknown(owner, "loss", loss, numeric)
    found = losses.get(loss)
    if getattr(found, "over_outputs", None) == "mean":
        found.over_outputs = "sum"  # type: ignore[attr-defined]
    return found


def _quantiles(loss: Any, levels: tuple[float, ...], targets: int, owner: str) -> Objective:
    if not (isinstance(loss, str) and loss in ("squared_error", "quantile")):
        raise InputError(f'{owner}: quantiles come with loss="quantile"; got loss={loss!r}.')
    if targets > 1:
        raise InputError(
            f"{owner}: quantiles need one number per example; y has {targets}.\nFit an estimator per column."
        )
    return Objective(losses.Quantile(levels, over_outputs="sum"), len(levels))


def _deviance_offset(y: np.ndarray, weights: np.ndarray | None) -> float:
    """What turns ``m - y log m`` into half the deviance that scikit-learn reports."""
    terms = xlogy(y, y) - y
    return float(np.average(terms.reshape(len(y), -1).sum(axis=1), weights=weights))
