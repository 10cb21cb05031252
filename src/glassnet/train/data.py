"""Examples: inputs, targets and weights that belong together, cut into batches and into two sets."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import InputError, InputTypeError
from glassnet.random import same_random_state

from .wording import a_kind, count, short, some

__all__ = ["Dataset", "batches", "validation_split"]

Array = NDArray[Any]
Order = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Dataset:
    """Examples: row i of every array belongs to example i.

    Parameters
    ----------
    inputs : tuple of ndarray
        One array per input of the network.
    targets : ndarray, optional
        What the network should answer.
    weights : ndarray of shape (n,), optional
        How much each example counts.
    dtypes : tuple of dtype, optional
        What batches of each input are converted to; the data themselves may be too large for that.

    Examples
    --------
    >>> data = Dataset((np.arange(4.0),), targets=np.array([0, 1, 0, 1]))
    >>> len(data), data.take(np.array([3, 0])).targets, data.slice(0, 2).inputs[0]
    (4, array([1, 0]), array([0., 1.]))
    """

    inputs: tuple[Array, ...]
    targets: Array | None = None
    weights: Array | None = None
    dtypes: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    def batch_size(self, asked: int) -> int:
        """The size of a batch: not larger than all."""
        return min(asked, len(self))

    def steps(self, batch_size: int) -> int:
        """The batches of an epoch."""
        return -(-len(self) // batch_size)

    def total_weight(self) -> float:
        """How much a batch counts in a mean: its examples, or the sum of their weights."""
        return float(len(self)) if self.weights is None else float(self.weights.sum())

    def arrays(self) -> dict[str, Array | None]:
        """The arrays by their names in programs: ``x`` (or ``x1``, ``x2``, ...), ``y``, ``sample_weight``."""
        single = len(self.inputs) == 1
        named = {"x" if single else f"x{i}": array for i, array in enumerate(self.inputs, 1)}
        return {**named, "y": self.targets, "sample_weight": self.weights}

    def take(self, rows: Order) -> Dataset:
        """The examples at these rows, in this order, as new arrays."""
        return self._cut(rows)

    def slice(self, start: int, stop: int) -> Dataset:
        """The examples from ``start`` up to ``stop``, as views: nothing is copied."""
        return self._cut(np.s_[start:stop])

    def _cut(self, rows: Any) -> Dataset:
        targets = None if self.targets is None else self.targets[rows]
        weights = None if self.weights is None else self.weights[rows]
        inputs = tuple([array[rows] for array in self.inputs])
        if self.dtypes is not None:
            inputs = tuple(np.require(x, t, ["C"]) for x, t in zip(inputs, self.dtypes, strict=True))
        return Dataset(inputs, targets, weights)


def batches(n: int, batch_size: int, order: Order | None = None) -> Iterator[Order | slice]:
    """Cut an epoch of ``n`` examples into batches; the last one may be short and is not dropped.

    Parameters
    ----------
    n : int
        The number of examples.
    batch_size : int
        The number of examples per batch, at least 1.
    order : ndarray of int, shape (n,), optional
        The order of the examples; without it they come as they stand.

    Returns
    -------
    iterator of slice or ndarray
        What to index the arrays with: slices (views, no copies) without ``order``, else parts of it.

    Raises
    ------
    InputError, InputTypeError
        ``batch_size`` is not a whole number from 1.

    Examples
    --------
    >>> list(batches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    >>> list(batches(3, 2, order=np.array([2, 0, 1])))
    [array([2, 0]), array([1])]
    """
    size = checked_batch_size(batch_size)
    starts = range(0, n, size)
    if order is None:
        return (slice(start, min(start + size, n)) for start in starts)
    return (order[start : start + size] for start in starts)


def checked_batch_size(batch_size: Any) -> int:
    """How many examples a batch has, or an error."""
    try:
        size = operator.index(batch_size)
    except TypeError:
        raise InputTypeError(
            f"batch_size is {a_kind(batch_size)}: {short(batch_size)}.\n"
            "It has to be a whole number, such as 32."
        ) from None
    if size < 1:
        raise InputError(f"batch_size is {size}.\nA batch needs at least one example.")
    return size


def validation_split(dataset: Dataset, fraction: float, seed: int, stratify: bool) -> tuple[Dataset, Dataset]:
    """Split examples at random into those to train on and those to validate with.

    ⌈n · fraction⌉ examples are held out, the same ones as by scikit-learn's `train_test_split` with this
    seed. Both parts keep the order of the data.

    Parameters
    ----------
    dataset : Dataset
        The examples.
    fraction : float
        The share held out for validation, above 0 and below 1.
    seed : int
        The same seed gives the same split.
    stratify : bool
        Keep the share of every class. Targets of several columns are read as scores of classes. Where a
        class is too rare for that, a warning says so and the split is not stratified.

    Returns
    -------
    training, validation : Dataset

    Raises
    ------
    InputError
        The fraction is out of range, or one of the parts would be empty.

    Examples
    --------
    >>> data = Dataset((np.arange(10.0),), targets=np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]))
    >>> training, validation = validation_split(data, 0.5, seed=0, stratify=True)
    >>> validation.targets
    array([0, 0, 0, 0, 1])
    """
    n = len(dataset)
    held_out = _held_out(n, fraction)
    labels = _stratification(dataset.targets, held_out) if stratify else None
    with same_random_state():  # the first call loads more
        from sklearn.model_selection import train_test_split

        # Negative seeds are fine for us and not for NumPy's generator behind the split.
        training, validation = train_test_split(
            np.arange(n), test_size=held_out, random_state=seed % 2**32, stratify=labels
        )
    return dataset.take(np.sort(training)), dataset.take(np.sort(validation))


def _held_out(n: int, fraction: Any) -> int:
    if not isinstance(fraction, int | float | np.floating) or not 0 < fraction < 1:
        raise InputError(
            f"validation_split is {short(fraction)}.\n"
            "It is the share of the examples held out: above 0 and below 1, such as 0.2."
        )
    held_out = math.ceil(n * fraction)
    if held_out >= n:
        raise InputError(
            f"validation_split={short(fraction)} of {count(n, 'example')} leaves none to train on.\n"
            "Pass a smaller share, more examples, or validation_data."
        )
    return held_out


def _stratification(targets: Array | None, held_out: int) -> Array | None:
    if targets is None:
        return None
    labels = targets.argmax(axis=1) if targets.ndim == 2 and targets.shape[1] > 1 else targets.ravel()
    classes, counts = np.unique(labels, return_counts=True)
    reason = _why_not(classes, counts, held_out)
    if reason is None:
        return labels
    warnings.warn(
        f"{reason}, so validation_split does not keep the share of each class.",
        UserWarning,
        stacklevel=3,
    )
    return None


def _why_not(classes: Array, counts: Array, held_out: int) -> str | None:
    rare = classes[counts == 1].tolist()
    if rare:
        many = len(rare) > 1
        names = f"Classes {some(rare, limit=5)} have" if many else f"Class {some(rare)} has"
        return f"{names} only one example{' each' if many else ''}"
    smaller = min(held_out, int(counts.sum()) - held_out)
    if smaller < len(classes):
        return f"{count(smaller, 'example')} cannot hold all {len(classes)} classes"
    return None
