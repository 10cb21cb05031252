"""Targets as a loss wants them: labels, columns of numbers, or distributions; checked against the scores.

Each function takes an array of finite numbers, as :func:`glassnet.train.checks.as_numbers` makes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError

Width = tuple[int, ...]  # the shape of one example's scores


def _mismatch(y: np.ndarray, width: Width, where: str) -> ShapeError:
    expected = ", ".join(map(str, ("n", *width)))
    return ShapeError(
        f"y has shape {y.shape}, the network's output ({expected}{',' if not width else ''}).\n"
        f"{where} needs one target per output."
    )


def numeric_targets(y: np.ndarray, width: Width, dtype: Any, where: str) -> np.ndarray:
    """Numbers of the scores' shape; (n,) against scores (n, 1) is a column."""
    if y.ndim == 1 and width == (1,):
        y = y[:, None]
    if y.ndim == 2 and y.shape[1] == 1 and width == ():
        y = y[:, 0]
    if y.shape[1:] != width:
        raise _mismatch(y, width, where)
    return np.ascontiguousarray(y, dtype)


def binary_targets(
    y: np.ndarray, width: Width, dtype: Any, where: str, loss: str = "binary_cross_entropy"
) -> np.ndarray:
    """0 and 1, or probabilities, of the scores' shape."""
    array = numeric_targets(y, width, dtype, where)
    if array.min() < 0 or array.max() > 1:
        low, high = array.min(), array.max()
        raise InputError(
            f"y holds values from {low:g} to {high:g}.\n"
            f"{where} needs 0 and 1 (or probabilities) for {loss}.\n"
            "Encode the two classes as 0 and 1."
        )
    return array


def signed_targets(y: np.ndarray, width: Width, dtype: Any, where: str, loss: str) -> np.ndarray:
    """0 and 1 of the scores' shape, given as 0 and 1 or as -1 and 1."""
    array = numeric_targets(y, width, dtype, where)
    bad = ~np.isin(array, (0, 1)) if (array >= 0).all() else ~np.isin(array, (-1, 1))
    if bad.any():
        raise InputError(
            f"y holds {array[bad][0]:g}, first at row {int(np.argwhere(bad)[0, 0])}.\n"
            f"{where} needs 0 and 1, or -1 and 1, for {loss}."
        )
    return (array > 0).astype(dtype)


def bounded_targets(
    y: np.ndarray, width: Width, dtype: Any, where: str, loss: str, positive: bool
) -> np.ndarray:
    """Numbers of at least 0 (or above it) of the scores' shape."""
    array = numeric_targets(y, width, dtype, where)
    bad = array <= 0 if positive else array < 0
    if bad.any():
        raise InputError(
            f"y holds {array[bad][0]:g}, first at row {int(np.argwhere(bad)[0, 0])}.\n"
            f"{where} needs numbers {'above 0' if positive else 'of at least 0'} for {loss}."
        )
    return array


def categorical_targets(
    y: np.ndarray, width: Width, dtype: Any, where: str, loss: str = "softmax_cross_entropy"
) -> np.ndarray:
    """Labels 0..k-1, or one distribution per example."""
    count = class_axis(width, loss)
    if y.ndim == 2 and y.shape[1] == 1 and count > 1:
        y = y[:, 0]
    if y.ndim == 1:
        return label_targets(y, count, where)
    if y.shape[1:] != width:
        raise _mismatch(y, width, where)
    _check_distributions(y, where)
    return np.ascontiguousarray(y, dtype)


def class_targets(y: np.ndarray, width: Width, count: int, where: str, loss: str) -> np.ndarray:
    """Labels 0..count-1; one-hot rows become labels."""
    class_axis(width, loss)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1:
        return label_targets(y, count, where)
    if y.shape[1:] != (count,):
        raise _mismatch(y, (count,), where)
    onehot = ((y == 0) | (y == 1)).all(axis=1) & (y.sum(axis=1) == 1)
    if not onehot.all():
        raise InputError(
            f"row {int(np.argmin(onehot))} of y is not one-hot.\n"
            f"{where} needs labels of shape (n,), or rows with a single 1, for {loss}."
        )
    labels: np.ndarray = y.argmax(axis=1)
    return labels


def class_axis(width: Width, loss: str) -> int:
    """The number of scores per example, or an error if they are not one row."""
    if len(width) != 1:
        expected = ", ".join(map(str, ("n", *width)))
        raise ShapeError(
            f"the network's output has shape ({expected}{',' if not width else ''}).\n"
            f"{loss} needs one row of scores per example, (n, classes).\n"
            "End with Dense(classes), and put a Flatten() before it if there are more axes."
        )
    return width[0]


def free_targets(y: np.ndarray, width: Width, dtype: Any, where: str) -> np.ndarray:
    """For a loss of the user's: whole numbers (n,) against several scores are labels, all else is numbers."""
    if y.ndim == 1 and y.dtype.kind in "iub" and len(width) == 1 and width[0] > 1:
        return label_targets(y, width[0], where)
    return numeric_targets(y, width, dtype, where)


def _check_distributions(y: np.ndarray, where: str) -> None:
    sums = y.sum(axis=1, dtype=float)
    bad = (y < 0).any(axis=1) | (np.abs(sums - 1) > 1e-3)
    if bad.any():
        row = int(np.argmax(bad))
        found = "it holds negative numbers" if (y[row] < 0).any() else f"it sums to {sums[row]:g}"
        raise InputError(
            f"row {row} of y is not a distribution: {found}.\n"
            f"{where} needs labels of shape (n,), or rows of non-negative numbers that sum to 1."
        )


def label_targets(y: np.ndarray, count: int, where: str) -> np.ndarray:
    """Whole numbers from 0 to count - 1."""
    labels = y.astype(np.int64)
    if not np.array_equal(labels, y):
        row = int(np.argmax(labels != y))
        raise InputError(
            f"y[{row}] = {y[row]:g} is not a label.\n"
            f"{where} needs whole numbers from 0 to {count - 1}.\n"
            "To predict a quantity, use a loss for it, such as squared_error."
        )
    bad = (labels < 0) | (labels >= count)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"y[{row}] = {labels[row]} is not a label of a network with {count} outputs.\n"
            f"{where} needs labels from 0 to {count - 1}.\n"
            "Give the last layer one unit per class, or encode the labels."
        )
    return labels
