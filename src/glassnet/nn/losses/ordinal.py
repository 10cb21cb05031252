"""Regression as classification: bins on a line, and classifiers that know their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.graph.node import make
from glassnet.nn.activations import sigmoid, softmax
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import Loss, check_choice, classes_of
from glassnet.nn.targets import class_targets
from glassnet.trace.numpy_api import is_plain, one_hot_rows
from glassnet.trace.tracer import TracedArray

KINDS = ("cumulative", "independent")


def ordinal(y: Any, scores: Any, kind: str = "cumulative") -> Any:
    """A logistic loss for each of several classifiers that stand for bins 0..k-1 in order, added up.

    ``"cumulative"``: k - 1 classifiers, the j-th of which says whether y > j; being wrong by two bins costs
    about twice as much. ``"independent"``: k classifiers, the j-th of which says whether y = j.

    Parameters
    ----------
    y : int array (n,)
        Bins 0..k-1.
    scores : array (n, k - 1) or (n, k)
    kind : {"cumulative", "independent"}, default "cumulative"

    Returns
    -------
    array (n,)

    References
    ----------
    E. Frank and M. Hall, "A simple approach to ordinal classification", 2001.

    Examples
    --------
    >>> ordinal(np.array([0, 2]), np.array([[-9.0, -9.0], [9.0, -9.0]])).round(3)
    array([0., 9.])
    """
    y = classes_of(y)
    if check_choice(kind, "kind", KINDS) == "cumulative":
        above = y[:, None] > _counting(scores.shape[-1], y)
        return formulas.logistic_loss(scores, above).sum(axis=1)
    onehot = one_hot_rows(y, scores.shape[-1])
    return formulas.logistic_loss(scores, onehot).sum(axis=1)


def _counting(count: int, like: Any) -> Any:
    """``np.arange(count)``, plain or traced."""
    return np.arange(count) if is_plain(like) else TracedArray(make("arange", count=count))


class Ordinal(Loss):
    """See :func:`ordinal`.

    Parameters
    ----------
    kind : {"cumulative", "independent"}, default "cumulative"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Ordinal()(np.array([2]), np.array([[9.0, -9.0]])).round(3))
    9.0
    """

    function = staticmethod(ordinal)
    task = "labels"

    def __init__(self, kind: str = "cumulative", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.kind = check_choice(kind, "kind", KINDS)

    def class_count(self, width: tuple[int, ...]) -> int:
        return super().class_count(width) + (self.kind == "cumulative")

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return class_targets(y, width, self.class_count(width), where, self.name)

    def decide(self, scores: Any) -> Any:
        return (scores > 0).sum(axis=1) if self.kind == "cumulative" else scores.argmax(axis=1)

    def probabilities(self, scores: Any) -> Any:
        """The probability of each bin.

        Independent classifiers need not add up to 1, nor cumulative ones fall from bin to bin: what is
        negative counts as 0, and the rest is normalized.
        """
        p = sigmoid(scores)
        if self.kind == "cumulative":
            one = np.ones_like(p[:, :1])
            exceeds = np.concatenate([one, p, 0 * one], axis=1)
            p = np.maximum(exceeds[:, :-1] - exceeds[:, 1:], 0)
        return p / np.maximum(p.sum(axis=1, keepdims=True), 1e-30)


class Bins:
    """Numbers as classes and back: each number belongs to the nearest of k values.

    A network with a softmax over bins (or :class:`Ordinal`) learns a whole distribution of y, also one with
    two peaks, where a squared error learns only its mean.

    Parameters
    ----------
    values : sequence of float
        In ascending order: the stars 1 to 5, or the middles of intervals.

    Examples
    --------
    >>> stars = Bins([1, 2, 3, 4, 5])
    >>> stars.labels([5, 1, 3])
    array([4, 0, 2])
    >>> p = np.array([[0.4, 0.0, 0.0, 0.0, 0.6]])
    >>> stars.mode(p), stars.expectation(p)
    (array([5.]), array([3.4]))
    """

    def __init__(self, values: Sequence[float]) -> None:
        self.values = np.array(values, float)
        if self.values.ndim != 1 or len(self.values) < 2 or not (np.diff(self.values) > 0).all():
            raise InputError(f"Bins: values must be at least two numbers in ascending order; got {values!r}.")

    @classmethod
    def uniform(cls, low: float, high: float, count: int) -> Bins:
        """Equal intervals; the values are their middles.

        Parameters
        ----------
        low, high : float
        count : int

        Returns
        -------
        Bins

        Examples
        --------
        >>> Bins.uniform(0, 10, 5).values
        array([1., 3., 5., 7., 9.])
        """
        edges = np.linspace(low, high, count + 1)
        return cls(list((edges[:-1] + edges[1:]) / 2))

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Bins({self.values.tolist()})"

    def labels(self, y: Any) -> np.ndarray:
        """The bin of each number.

        Parameters
        ----------
        y : array (n,)

        Returns
        -------
        int array (n,)
        """
        middles = (self.values[:-1] + self.values[1:]) / 2
        return np.searchsorted(middles, np.ravel(np.asarray(y, float)))

    def probabilities(self, scores: Any, loss: Any = None) -> np.ndarray:
        """The probability of each bin.

        Parameters
        ----------
        scores : array
            A network's output.
        loss : Loss, optional
            What it was trained with, such as :class:`Ordinal`; a softmax over the bins by default.

        Returns
        -------
        array (n, k)
        """
        found: np.ndarray = softmax(scores) if loss is None else loss.probabilities(scores)
        return found

    def mode(self, p: Any) -> np.ndarray:
        """The value of the likeliest bin.

        Parameters
        ----------
        p : array (n, k)

        Returns
        -------
        array (n,)
        """
        values: np.ndarray = self.values[np.argmax(p, axis=1)]
        return values

    def expectation(self, p: Any) -> np.ndarray:
        """The mean of the values, weighted by their probabilities.

        Parameters
        ----------
        p : array (n, k)

        Returns
        -------
        array (n,)
        """
        expected: np.ndarray = np.asarray(p) @ self.values
        return expected
