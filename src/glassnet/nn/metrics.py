"""Metrics: what is reported beside the loss. Functions of (y, scores), one value per example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.registry import lookup

__all__ = ["Metric", "accuracy", "get", "mean_absolute_error", "mean_squared_error"]


def accuracy(y: Any, scores: Any, threshold: float | None = None) -> Any:
    """Whether each example is classified correctly.

    Parameters
    ----------
    y : int array (n,), or array (n, k)
        Labels, distributions, or 0/1 targets (with ``threshold``).
    scores : array (n, k)
    threshold : float, optional
        Scores above it count as class 1; without it the largest score wins. In a model the loss knows it.

    Returns
    -------
    bool array (n,), or the share of correct outputs (n,) for several 0/1 targets

    Examples
    --------
    >>> accuracy(np.array([0, 1]), np.array([[2.0, 1.0], [3.0, 0.0]]))
    array([ True, False])
    """
    if threshold is None:
        labels = y if len(np.shape(y)) == 1 else y.argmax(axis=1)
        return scores.argmax(axis=1) == labels
    right = (scores > threshold) == (y > 0.5)
    return right if len(right.shape) == 1 else right.mean(axis=tuple(range(1, len(right.shape))))


def mean_squared_error(y: Any, scores: Any) -> Any:
    """``(scores - y)²``, averaged over outputs.

    Examples
    --------
    >>> mean_squared_error(np.array([1.0]), np.array([3.0]))
    array([4.])
    """
    squares = (scores - y) ** 2
    return squares if len(squares.shape) == 1 else squares.mean(axis=tuple(range(1, len(squares.shape))))


def mean_absolute_error(y: Any, scores: Any) -> Any:
    """``|scores - y|``, averaged over outputs.

    Examples
    --------
    >>> mean_absolute_error(np.array([1.0]), np.array([3.0]))
    array([2.])
    """
    sizes = np.abs(scores - y)
    return sizes if len(sizes.shape) == 1 else sizes.mean(axis=tuple(range(1, len(sizes.shape))))


class Metric:
    """A metric with its name.

    Parameters
    ----------
    name : str
        Its key in the history.
    function : callable
        Of (y, scores); answers one value per example, or a scalar for the batch.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function

    def __call__(self, y: Any, scores: Any, threshold: float | None = None) -> Any:
        """One value per example."""
        if self.function is accuracy:
            return accuracy(y, scores, threshold)
        return self.function(y, scores)

    def __repr__(self) -> str:
        return f"Metric({self.name!r})"


METRICS: dict[str, tuple[str, Callable[..., Any]]] = {
    "accuracy": ("accuracy", accuracy),
    "acc": ("accuracy", accuracy),
    "mean_squared_error": ("mean_squared_error", mean_squared_error),
    "mse": ("mean_squared_error", mean_squared_error),
    "mean_absolute_error": ("mean_absolute_error", mean_absolute_error),
    "mae": ("mean_absolute_error", mean_absolute_error),
}


def get(identifier: Any) -> Metric:
    """The metric for a name, an object, or a NumPy function of (y, scores).

    Parameters
    ----------
    identifier : str, Metric or callable

    Returns
    -------
    Metric

    Raises
    ------
    UnknownNameError
        A name that nobody knows.

    Examples
    --------
    >>> get("accuracy")
    Metric('accuracy')
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        return Metric(*lookup("metric", METRICS, identifier))
    if callable(identifier):
        return Metric(getattr(identifier, "__name__", "metric"), identifier)
    raise InputError(f"{identifier!r} is not a metric: give a name or a NumPy function of (y, scores).")
