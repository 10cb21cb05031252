"""What all losses share: options, reductions, and what scores mean to a loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from typing import Any, Literal

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.context import hyper
from glassnet.nn.registry import snake_case
from glassnet.nn.targets import (
    binary_targets,
    categorical_targets,
    class_targets,
    free_targets,
    numeric_targets,
)
from glassnet.trace.tracer import TracedArray

Task = Literal["numbers", "binary", "labels"]
# Hyper-parameters that have another name at the top of printed programs.
_PRINTED = {"gamma": "focal_gamma", "alpha": "focal_alpha", "quantiles": "quantile"}


# ------------------------------------------------------------------------------------------ helpers
def over_outputs(values: Any, how: str) -> Any:
    """One value per example: the mean or the sum of its outputs' values."""
    if len(values.shape) < 2:
        return values
    axes = tuple(range(1, len(values.shape)))
    return values.mean(axis=axes) if how == "mean" else values.sum(axis=axes)


def check_choice(value: Any, name: str, choices: tuple[str, ...] = ("mean", "sum")) -> str:
    """One of a few words, or an error."""
    if value not in choices:
        listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        raise InputError(f"{name} must be {listed}; got {value!r}.")
    return str(value)


def check_axis(axis: Any, owner: str) -> int:
    """The last axis, which Keras's losses name, or an error."""
    if axis != -1:
        raise InputError(f"{owner}: axis must be -1, the classes stand on the last axis; got {axis!r}.")
    return -1


def array_of(value: Any) -> Any:
    """An array of a list or number; arrays, plain or traced, as they are."""
    return value if hasattr(value, "shape") else np.asarray(value)


def aligned(y: Any, scores: Any) -> Any:
    """Targets of the scores' shape: (n,) and (n, 1) match, and never make an n × n table.

    Raises
    ------
    ShapeError
        Targets that would be stretched over the scores.
    """
    y = array_of(y)
    if len(y.shape) == 1 and scores.shape == (*y.shape, 1):
        return y[:, None]
    if len(y.shape) == 2 and y.shape == (*scores.shape, 1):
        return y[:, 0]
    if y.shape not in ((), scores.shape):
        raise ShapeError(
            f"y has shape {y.shape}, the scores {scores.shape}.\nThe loss needs one target per output."
        )
    return y


def classes_of(y: Any) -> Any:
    """Labels (n,), also from a column (n, 1); distributions (n, k) as they are."""
    y = array_of(y)
    return y[:, 0] if y.shape[1:] == (1,) else y


def is_off(option: Any) -> bool:
    """Whether an option is the number 0 itself, so that its part of the formula is left out."""
    return isinstance(option, int | float) and option == 0


def decide(scores: Any, threshold: float | None) -> Any:
    """What scores say: the largest of several, or whether each exceeds the threshold (0.5 for a lone one).

    Parameters
    ----------
    scores : array (n,) or (n, k)
    threshold : float or None

    Returns
    -------
    int array (n,), or bool array of the scores' shape
    """
    if threshold is None and (len(scores.shape) < 2 or scores.shape[1] == 1):
        threshold = 0.5
    return scores.argmax(axis=1) if threshold is None else scores > threshold


def labels_from(y: Any) -> Any:
    """Labels (n,), also from a column (n, 1); of distributions (n, k) the likeliest class."""
    y = classes_of(y)
    return y if len(y.shape) == 1 else y.argmax(axis=1)


# ------------------------------------------------------------------------------------------ classes
class Loss:
    """A loss with its options.

    A loss of one's own overrides ``per_example``, or is simply a NumPy function of (y, scores).

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
        Over the examples. Weighted, the mean is ``Σwℓ / Σw`` and the sum ``Σwℓ``.

    Attributes
    ----------
    threshold : float or None
        Scores above it count as class 1 (binary losses); None for other losses.
    task : {"numbers", "binary", "labels"}
        What targets are: numbers, 0 and 1 for each output, or whole numbers that name classes.
    hypers : tuple of str
        Options that can change without a new program.
    function : callable
        The function of (y, scores) behind the class.
    """

    threshold: float | None = None
    task: Task = "numbers"
    hypers: tuple[str, ...] = ()
    function: Callable[..., Any]

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = check_choice(reduction, "reduction")

    @property
    def name(self) -> str:
        """The name of the function behind the class."""
        function = getattr(type(self), "function", None)
        return getattr(function, "__name__", snake_case(type(self).__name__))

    # ------------------------------------------------------------------------------------ the formula
    def options(self) -> dict[str, Any]:
        """The options of the function: hyper-parameters as inputs of the program, others as they are."""
        accepted = list(inspect.signature(type(self).function).parameters)[2:]
        return {name: self._option(name) for name in accepted}

    def _option(self, name: str) -> Any:
        value = getattr(self, name)
        return hyper(self, name, _PRINTED.get(name)) if name in self.hypers and not is_off(value) else value

    def form(self) -> Hashable:
        """What programs depend on: the class and its options, of hyper-parameters only whether they are 0."""
        options = {k: is_off(v) if k in self.hypers else v for k, v in vars(self).items()}
        return type(self), tuple((k, v if isinstance(v, Hashable) else id(v)) for k, v in options.items())

    def per_example(self, y: Any, scores: Any) -> Any:
        """One value per example.

        Parameters
        ----------
        y, scores : arrays

        Returns
        -------
        array (n,)
        """
        return type(self).function(y, scores, **self.options())

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

    # ------------------------------------------------------------------------------------ targets
    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        """The user's targets as the formula wants them, checked.

        Parameters
        ----------
        y : ndarray
            Finite numbers.
        width : tuple of int
            The shape of one example's scores.
        dtype : dtype
            The model's float type.
        where : str
            Who asks: ``"fit()"``.

        Returns
        -------
        ndarray
        """
        return numeric_targets(y, self.target_width(width), dtype, where)

    def target_width(self, width: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one example's targets, if they are not labels."""
        return width

    def class_count(self, width: tuple[int, ...]) -> int:
        """How many classes scores of this shape speak of, if targets are labels."""
        return width[0] if width else 1

    def example_targets(
        self, generator: np.random.Generator, rows: int, width: tuple[int, ...]
    ) -> np.ndarray:
        """Random targets that fit, to try a network with."""
        if self.task == "labels":
            return generator.integers(0, self.class_count(width), rows)
        return generator.integers(0, 2, (rows, *self.target_width(width))).astype(float)

    # ------------------------------------------------------------------------------------ what scores mean
    def decide(self, scores: Any) -> Any:
        """What scores say: a label per example, or yes and no per output; plain or traced.

        Parameters
        ----------
        scores : array (n,) or (n, k)

        Returns
        -------
        int array (n,), or bool array of the scores' shape
        """
        return decide(scores, self.threshold)

    def probabilities(self, scores: Any) -> Any:
        """The probability of each class (or of yes, for each output), or None if the loss knows none.

        Parameters
        ----------
        scores : array (n,) or (n, k)

        Returns
        -------
        array or None
        """
        return None

    def __repr__(self) -> str:
        given = {
            name: getattr(self, name)
            for name, parameter in inspect.signature(type(self)).parameters.items()
            if getattr(self, name, parameter.default) != parameter.default
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


class OutputLoss(Loss):
    """A loss made of one value per output, averaged over the outputs as Keras does, or added up.

    Parameters
    ----------
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"
    """

    def __init__(self, over_outputs: str = "mean", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.over_outputs = check_choice(over_outputs, "over_outputs")


class LabelLoss(Loss):
    """A loss of labels 0..k-1 or one distribution per example."""

    task: Task = "labels"

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return categorical_targets(y, width, dtype, where, self.name)


class ClassLoss(Loss):
    """A loss of labels 0..k-1, which may come as one-hot rows."""

    task: Task = "labels"

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return class_targets(y, width, self.class_count(width), where, self.name)


class BinaryLoss(Loss):
    """A loss of 0 and 1 (or probabilities) for each output."""

    task: Task = "binary"

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return binary_targets(y, width, dtype, where, self.name)


class FunctionLoss(Loss):
    """Any NumPy function of (y, scores) as a loss; it may answer one value per example, or one per output.

    Whole numbers y of shape (n,) against several scores reach it as labels, all else as floats of the scores'
    shape.

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
        return getattr(self.__dict__.get("function"), "__name__", "loss")

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return free_targets(y, width, dtype, where)

    def per_example(self, y: Any, scores: Any) -> Any:
        return over_outputs(self.function(y, scores), "mean")

    def __repr__(self) -> str:
        return f"FunctionLoss({self.name})"


def logits_behind(scores: Any, activation: Any) -> Any:
    """The scores z where probabilities are traced as ``activation(z)``, over the last axis; else None.

    ``log(softmax(z))`` would lose all precision where the softmax underflows; knowing z, a loss can use the
    stable formula instead. Plain arrays have no memory of where they come from.
    """
    if not isinstance(scores, TracedArray) or scores.node.op != "call":
        return None
    node = scores.node
    on_last_axis = dict(node.attrs["options"]).get("axis", -1) in (-1, scores.ndim - 1)
    if node.attrs["function"] is not activation or not on_last_axis or len(node.inputs) != 1:
        return None
    z = node.inputs[0]
    if z.label.name is None and z.op not in ("input", "const", "size"):
        z.label.name = "z"  # the program now speaks of it twice
    return TracedArray(z)
