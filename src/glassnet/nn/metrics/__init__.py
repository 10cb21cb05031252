"""Metrics: what is reported beside the loss.

Streaming ones are functions of (y, scores), computed in the training step. scikit-learn's scorers, by their
names, are computed on held-out predictions: on ``validation_data`` after each epoch, and by ``evaluate``. A
loss, by its name, is a metric, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from glassnet.errors import InputError, UnknownNameError, suggest
from glassnet.nn.losses import LOSSES, Loss, mean_absolute_error, mean_squared_error
from glassnet.nn.metrics.scorers import Scorer, scorer_names
from glassnet.nn.metrics.streaming import (
    Accuracy,
    BinaryAccuracy,
    Metric,
    TopKAccuracy,
    accuracy,
    binary_accuracy,
    cosine_similarity,
    top_k_accuracy,
)
from glassnet.nn.registry import snake_case

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "Metric",
    "Scorer",
    "TopKAccuracy",
    "accuracy",
    "binary_accuracy",
    "cosine_similarity",
    "get",
    "mean_absolute_error",
    "mean_squared_error",
    "top_k_accuracy",
]

METRICS: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "acc": Accuracy,
    "categorical_accuracy": lambda: Accuracy("categorical_accuracy"),
    "sparse_categorical_accuracy": lambda: Accuracy("sparse_categorical_accuracy"),
    "binary_accuracy": BinaryAccuracy,
    "cosine_similarity": lambda: Metric("cosine_similarity", cosine_similarity),
    "top_k_accuracy": lambda: TopKAccuracy(name="top_k_accuracy"),
    "top_k_categorical_accuracy": lambda: TopKAccuracy(name="top_k_categorical_accuracy"),
    "sparse_top_k_categorical_accuracy": lambda: TopKAccuracy(name="sparse_top_k_categorical_accuracy"),
}
_BY_FUNCTION: dict[Any, Callable[[], Metric]] = {
    accuracy: Accuracy,
    binary_accuracy: BinaryAccuracy,
    top_k_accuracy: METRICS["top_k_accuracy"],
}


def get(identifier: Any) -> Metric:
    """The metric for a name, an object, a loss, or a NumPy function of (y, scores).

    Parameters
    ----------
    identifier : str, Metric, Loss or callable
        A name of ours, of a loss, or of one of scikit-learn's scorers; ours comes first.

    Returns
    -------
    Metric

    Raises
    ------
    UnknownNameError
        A name that nobody knows.

    Examples
    --------
    >>> get("accuracy"), get("mse")
    (Metric('accuracy'), Metric('mean_squared_error'))
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, Loss):
        return Metric(identifier.name, identifier.per_example)
    if isinstance(identifier, str):
        return _named(identifier)
    if isinstance(identifier, type):
        return get(identifier())
    if hasattr(identifier, "_score_func"):
        return Scorer(identifier._score_func.__name__, identifier)
    if callable(identifier):
        known = _BY_FUNCTION.get(identifier)
        name = getattr(identifier, "__name__", "metric")
        return Metric(name, identifier) if known is None else known()
    raise InputError(f"{identifier!r} is not a metric: give a name or a NumPy function of (y, scores).")


def _named(name: str) -> Metric:
    for spelling in (name, name.lower(), snake_case(name)):
        if spelling in METRICS:
            return METRICS[spelling]()
        if spelling in LOSSES:
            return get(LOSSES[spelling]())
    scorers = scorer_names()
    if name in scorers:
        return Scorer(name)
    raise UnknownNameError(f"unknown metric {name!r}. {suggest(name.lower(), {*METRICS, *LOSSES, *scorers})}")


def get_all(identifiers: Any, taken: Iterable[str] = ()) -> tuple[Metric, ...]:
    """The metrics for a list of identifiers, or for one, each with a name of its own.

    Parameters
    ----------
    identifiers : str, Metric, callable, a list of these, or None
    taken : iterable of str
        Names that mean something else in a training step.

    Returns
    -------
    tuple of Metric

    Raises
    ------
    InputError
        Two metrics of one name, or a name that is taken.

    Examples
    --------
    >>> get_all(["accuracy", "mse"])
    (Metric('accuracy'), Metric('mean_squared_error'))
    """
    if identifiers is None:
        return ()
    single = isinstance(identifiers, str) or callable(identifiers) or not isinstance(identifiers, Iterable)
    found = tuple(map(get, [identifiers] if single else identifiers))
    names = {"loss", "data_loss", "penalty", *taken}
    for metric in found:
        if metric.name in names:
            raise InputError(
                f"the name {metric.name!r} of a metric is taken.\n"
                f"Give it another: gn.metrics.Metric('my_{metric.name.strip('<>')}', function)."
            )
        names.add(metric.name)
    return found
