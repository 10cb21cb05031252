"""Loss functions of (y, scores): one value per example, on plain and traced arrays alike.

Each is a function and a class of the same name with options: ``squared_error`` and ``SquaredError``. Over
the outputs of one example elementwise losses average, as Keras does, or add up (``over_outputs="sum"``);
over the examples a training step averages, or adds up (``reduction="sum"``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.activations import log_softmax, sigmoid
from glassnet.nn.registry import lookup
from glassnet.nn.targets import binary_targets, categorical_targets, numeric_targets
from glassnet.trace.composite import composite
from glassnet.trace.numpy_api import one_hot_rows, pick

__all__ = [
    "BinaryCrossEntropy",
    "Loss",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "SumOfSquares",
    "binary_cross_entropy",
    "get",
    "softmax_cross_entropy",
    "squared_error",
    "sum_of_squares",
]


# ------------------------------------------------------------------------------------------ composites
@composite(inline=True)
def cross_entropy(z: Any, y: Any) -> Any:
    logp = log_softmax(z)
    return -pick(logp, y)


@cross_entropy.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    onehot = one_hot_rows(y, z.shape[-1])
    p = np.exp(log_softmax(z))
    return (p - onehot) * g[:, None], None


@composite(inline=True)
def distribution_cross_entropy(z: Any, y: Any) -> Any:
    logp = log_softmax(z)
    return -(y * logp).sum(axis=1)


@distribution_cross_entropy.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    logp = log_softmax(z)
    p = np.exp(logp)
    return (p * y.sum(axis=1, keepdims=True) - y) * g[:, None], -logp * g[:, None]


@composite
def logistic_loss(z: Any, y: Any) -> Any:
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


@logistic_loss.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    p = sigmoid(z)
    return (p - y) * g, -z * g


# ------------------------------------------------------------------------------------------ functions
def _over_outputs(values: Any, how: str) -> Any:
    if len(values.shape) < 2:
        return values
    axes = tuple(range(1, len(values.shape)))
    return values.mean(axis=axes) if how == "mean" else values.sum(axis=axes)


def _check_choice(how: str, name: str) -> str:
    if how not in ("mean", "sum"):
        raise InputError(f"{name} must be 'mean' or 'sum'; got {how!r}.")
    return how


def softmax_cross_entropy(y: Any, scores: Any) -> Any:
    """``-log p[y]`` with ``p = softmax(scores)``, computed stably from the scores.

    Parameters
    ----------
    y : int array (n,) or array (n, k)
        Labels 0..k-1, or a distribution per example.
    scores : array (n, k)
        Any real numbers.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> softmax_cross_entropy(np.array([0]), np.array([[1.0, -2.0, 0.0]])).round(4)
    array([0.349])
    """
    return cross_entropy(scores, y) if len(np.shape(y)) == 1 else distribution_cross_entropy(scores, y)


def binary_cross_entropy(y: Any, scores: Any, *, over_outputs: str = "mean") -> Any:
    """``-y log σ(s) - (1 - y) log(1 - σ(s))`` from scores s.

    Computed stably as ``max(s, 0) - s y + log(1 + exp(-|s|))``.

    Parameters
    ----------
    y : array (n,) or (n, k)
        0 or 1, or a probability.
    scores : array of the same shape
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> binary_cross_entropy(np.array([1.0]), np.array([0.0])).round(4)
    array([0.6931])
    """
    return _over_outputs(logistic_loss(scores, y), over_outputs)


def squared_error(y: Any, scores: Any, *, over_outputs: str = "mean") -> Any:
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
    e = scores - y
    return _over_outputs(e**2, over_outputs)


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
    e = scores - y
    return _over_outputs(e**2, "sum")


# ------------------------------------------------------------------------------------------ classes
class Loss:
    """A loss with its options.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
        Over the examples. Weighted, the mean is ``Σwℓ / Σw`` and the sum ``Σwℓ``.

    Attributes
    ----------
    threshold : float or None
        Scores above it count as class 1 (binary losses); None for other losses.
    """

    threshold: float | None = None
    targets: Callable[..., Any] = staticmethod(numeric_targets)

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = _check_choice(reduction, "reduction")

    @property
    def name(self) -> str:
        """The function's name."""
        return type(self).__name__

    def per_example(self, y: Any, scores: Any) -> Any:
        """One value per example."""
        raise NotImplementedError

    def __call__(self, y: Any, scores: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, a scalar.

        Parameters
        ----------
        y, scores : arrays
        sample_weight : array (n,), optional

        Returns
        -------
        scalar
        """
        if sample_weight is None:
            reduce = np.mean if self.reduction == "mean" else np.sum
            return reduce(self.per_example(y, scores))
        return self._weighted(self.per_example(y, scores), sample_weight)

    def _weighted(self, losses: Any, weights: Any) -> Any:
        if self.reduction == "sum":
            return (weights * losses).sum()
        # A batch without weight must contribute 0, not 0/0; 1e-30 is far below any real sum of weights.
        total_weight = np.maximum(weights.sum(), 1e-30)
        return (weights * losses).sum() / total_weight

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class SoftmaxCrossEntropy(Loss):
    """See :func:`softmax_cross_entropy`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(SoftmaxCrossEntropy()(np.array([0]), np.array([[0.0, 0.0]])).round(4))
    0.6931
    """

    targets = staticmethod(categorical_targets)

    def per_example(self, y: Any, scores: Any) -> Any:
        return softmax_cross_entropy(y, scores)


class BinaryCrossEntropy(Loss):
    """See :func:`binary_cross_entropy`.

    Parameters
    ----------
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(BinaryCrossEntropy()(np.array([1.0]), np.array([0.0])).round(4))
    0.6931
    """

    threshold = 0.0
    targets = staticmethod(binary_targets)

    def __init__(self, over_outputs: str = "mean", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.over_outputs = _check_choice(over_outputs, "over_outputs")

    def per_example(self, y: Any, scores: Any) -> Any:
        return binary_cross_entropy(y, scores, over_outputs=self.over_outputs)


class SquaredError(Loss):
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

    def __init__(self, over_outputs: str = "mean", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.over_outputs = _check_choice(over_outputs, "over_outputs")

    def per_example(self, y: Any, scores: Any) -> Any:
        return squared_error(y, scores, over_outputs=self.over_outputs)


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

    def __init__(self, reduction: str = "sum") -> None:
        super().__init__(reduction)

    def per_example(self, y: Any, scores: Any) -> Any:
        return sum_of_squares(y, scores)


class FunctionLoss(Loss):
    """Any NumPy function of (y, scores) as a loss; it may answer one value per example, or one per output.

    Parameters
    ----------
    function : callable
    reduction : {"mean", "sum"}, default "mean"
    """

    def __init__(self, function: Callable[[Any, Any], Any], reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.function = function

    @property
    def name(self) -> str:
        """The function's own name."""
        return getattr(self.function, "__name__", "loss")

    def per_example(self, y: Any, scores: Any) -> Any:
        return _over_outputs(self.function(y, scores), "mean")


LOSSES: dict[str, Callable[[], Loss]] = {
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "squared_error": SquaredError,
    "sum_of_squares": SumOfSquares,
}
_FUNCTIONS = {
    softmax_cross_entropy: SoftmaxCrossEntropy,
    binary_cross_entropy: BinaryCrossEntropy,
    squared_error: SquaredError,
    sum_of_squares: SumOfSquares,
}


def get(identifier: Any) -> Loss:
    """The loss for a name, an object, a class, or a NumPy function of (y, scores).

    Parameters
    ----------
    identifier : str, Loss or callable

    Returns
    -------
    Loss

    Raises
    ------
    UnknownNameError
        A name that nobody knows.

    Examples
    --------
    >>> get("squared_error")
    SquaredError(reduction='mean', over_outputs='mean')
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        return lookup("loss", LOSSES, identifier)()  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if identifier in _FUNCTIONS:
        loss: Loss = _FUNCTIONS[identifier]()
        return loss
    if callable(identifier):
        return FunctionLoss(identifier)
    raise InputError(
        f"{identifier!r} is not a loss: give a name, a loss object, or a NumPy function of (y, scores)."
    )
