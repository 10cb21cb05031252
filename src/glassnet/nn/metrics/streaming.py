"""Metrics that a training step computes: functions of (y, scores), one value per example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.nn import losses
from glassnet.nn.losses.base import Loss, aligned, decide, labels_from
from glassnet.nn.sizes import whole_number
from glassnet.trace.numpy_api import pick


# ------------------------------------------------------------------------------------------ functions
def accuracy(y: Any, scores: Any, threshold: float | None = None) -> Any:
    """Whether each example is classified correctly.

    Parameters
    ----------
    y : int array (n,), or array (n, k)
        Labels, distributions, or 0/1 targets (with ``threshold``).
    scores : array (n, k)
    threshold : float, optional
        Scores above it count as class 1. In a model the loss knows it. Without it the largest score wins; a
        single score counts as a probability, with threshold 0.5.

    Returns
    -------
    bool array (n,), or the share of correct outputs (n,) for several 0/1 targets

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.array([0, 1]), np.array([[2.0, 1.0], [3.0, 0.0]]))
    array([ True, False])
    """
    return agreement(y, decide(scores, threshold), scores)


def agreement(y: Any, decided: Any, scores: Any) -> Any:
    """Whether each decision is right: labels against labels, or yes and no for each output."""
    if decided.shape != scores.shape:
        return decided == labels_from(y)
    right = decided == (aligned(y, scores) > 0.5)
    return right if len(right.shape) == 1 else right.mean(axis=tuple(range(1, len(right.shape))))


def binary_accuracy(y: Any, scores: Any, threshold: float = 0.5) -> Any:
    """The share of an example's outputs that lie on the right side of the threshold.

    Parameters
    ----------
    y : array (n,) or (n, k)
        0 and 1.
    scores : array of the same shape
    threshold : float, default 0.5

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> import numpy as np
    >>> binary_accuracy(np.array([[1, 0, 1, 1]]), np.array([[0.9, 0.2, 0.4, 0.6]]))
    array([0.75])
    """
    return agreement(y, scores > threshold, scores)


def top_k_accuracy(y: Any, scores: Any, k: int = 5) -> Any:
    """Whether the right class is among the k with the largest scores.

    Parameters
    ----------
    y : int array (n,) or array (n, k)
        Labels, or distributions.
    scores : array (n, classes)
    k : int, default 5

    Returns
    -------
    bool array (n,)

    Examples
    --------
    >>> import numpy as np
    >>> top_k_accuracy(np.array([2, 2]), np.array([[0.5, 0.3, 0.4], [0.5, 0.4, 0.3]]), k=2)
    array([ True, False])
    """
    right = pick(scores, labels_from(y))
    better = scores > right[:, None]
    return better.sum(axis=1) < k


def cosine_similarity(y: Any, scores: Any) -> Any:
    """The cosine of the angle between y and the scores: Keras's metric, which is minus Keras's loss.

    Parameters
    ----------
    y : array (n, k)
    scores : array of the same shape

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> import numpy as np
    >>> cosine_similarity(np.array([[0.0, 2.0]]), np.array([[0.0, 5.0]]))
    array([1.])
    """
    return -losses.cosine_similarity(y, scores)


# ------------------------------------------------------------------------------------------ objects
class Metric:
    """A metric with its name.

    Parameters
    ----------
    name : str
        Its key in the history.
    function : callable
        Of (y, scores); answers one value per example, or a scalar for the batch.

    Attributes
    ----------
    held_out : bool
        Computed on all predictions of held-out data at once, instead of in the training step.
    """

    held_out = False

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function

    def __call__(self, y: Any, scores: Any, loss: Loss | None = None) -> Any:
        """One value per example; the loss says what its scores mean."""
        return self.function(y, scores)

    def __repr__(self) -> str:
        return f"Metric({self.name!r})"


class Accuracy(Metric):
    """The share of examples classified correctly; see :func:`accuracy`. The loss knows what scores say.

    Parameters
    ----------
    name : str, default "accuracy"

    Examples
    --------
    >>> import numpy as np
    >>> Accuracy()(np.array([0, 1]), np.array([[2.0, 1.0], [3.0, 0.0]]))
    array([ True, False])
    """

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name, accuracy)

    def __call__(self, y: Any, scores: Any, loss: Loss | None = None) -> Any:
        if loss is None:
            return accuracy(y, scores)
        return agreement(y, loss.decide(scores), scores)


class BinaryAccuracy(Metric):
    """See :func:`binary_accuracy`.

    Parameters
    ----------
    threshold : float, optional
        By default the loss's, or 0.5.
    name : str, default "binary_accuracy"

    Examples
    --------
    >>> import numpy as np
    >>> BinaryAccuracy(threshold=0.8)(np.array([1, 0]), np.array([0.7, 0.7]))
    array([False,  True])
    """

    def __init__(self, threshold: float | None = None, name: str = "binary_accuracy") -> None:
        super().__init__(name, binary_accuracy)
        self.threshold = threshold

    def __call__(self, y: Any, scores: Any, loss: Loss | None = None) -> Any:
        given = self.threshold if self.threshold is not None or loss is None else loss.threshold
        return binary_accuracy(y, scores, 0.5 if given is None else given)


class TopKAccuracy(Metric):
    """See :func:`top_k_accuracy`.

    Parameters
    ----------
    k : int, default 5
    name : str, optional
        ``"top_5_accuracy"`` by default.

    Examples
    --------
    >>> TopKAccuracy(k=2)
    Metric('top_2_accuracy')
    """

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        self.k = whole_number(k, "k", "TopKAccuracy")
        super().__init__(name or f"top_{self.k}_accuracy", top_k_accuracy)

    def __call__(self, y: Any, scores: Any, loss: Loss | None = None) -> Any:
        return top_k_accuracy(y, scores, self.k)
