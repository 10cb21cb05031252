"""Targets as a loss wants them: labels, columns of numbers, or distributions; checked against the scores."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from glassnet.errors import InputError, InputTypeError, ShapeError

Width = tuple[int, ...]  # the shape of one example's scores


def _mismatch(y: np.ndarray, width: Width, where: str) -> ShapeError:
    expected = ", ".join(map(str, ("n", *width)))
    return ShapeError(
        f"y has shape {y.shape}, the network's output ({expected}).\n{where} needs one target per output."
    )


def _numbers(y: Any, where: str) -> np.ndarray:
    array = np.asarray(y)
    if array.dtype.kind == "O":
        with contextlib.suppress(TypeError, ValueError):
            array = array.astype(float)
    if array.dtype.kind not in "fiub":
        raise InputTypeError(
            f"y holds {array.dtype.type.__name__} values, first {array.ravel()[:1].tolist()}.\n"
            f"{where} needs numbers: encode labels as 0, 1, 2, ... (sklearn.preprocessing.LabelEncoder)."
        )
    if array.dtype.kind == "f":
        _check_finite(array, where)
    return array


def _check_finite(y: np.ndarray, where: str) -> None:
    bad = ~np.isfinite(y)
    if bad.any():
        kind = "missing values (NaN)" if np.isnan(y).any() else "infinite values"
        first = int(np.argwhere(bad)[0][0])
        raise InputError(
            f"y has {int(bad.sum())} {kind}, first at row {first}.\n"
            f"{where} needs finite targets.\nRemove those rows."
        )


def numeric_targets(y: Any, width: Width, dtype: Any, where: str) -> np.ndarray:
    """Numbers of the scores' shape; (n,) against scores (n, 1) is a column."""
    array = _numbers(y, where)
    if array.ndim == 1 and width == (1,):
        array = array[:, None]
    if array.ndim == 2 and array.shape[1] == 1 and width == ():
        array = array[:, 0]
    if array.shape[1:] != width:
        raise _mismatch(array, width, where)
    return np.ascontiguousarray(array, dtype)


def binary_targets(y: Any, width: Width, dtype: Any, where: str) -> np.ndarray:
    """0 and 1, or probabilities, of the scores' shape."""
    array = numeric_targets(y, width, dtype, where)
    if array.size and (array.min() < 0 or array.max() > 1):
        low, high = array.min(), array.max()
        raise InputError(
            f"y holds values from {low:g} to {high:g}.\n"
            f"{where} needs 0 and 1 (or probabilities) for binary_cross_entropy.\n"
            "Encode the two classes as 0 and 1."
        )
    return array


def categorical_targets(y: Any, width: Width, dtype: Any, where: str) -> np.ndarray:
    """Labels 0..k-1, or one distribution per example."""
    array = _numbers(y, where)
    if len(width) != 1:
        raise _mismatch(array, width, where)
    count = width[0]
    if array.ndim == 2 and array.shape[1] == 1 and count > 1:
        array = array[:, 0]
    if array.ndim == 1:
        return _labels(array, count, where)
    if array.shape[1:] != width:
        raise _mismatch(array, width, where)
    sums = array.sum(axis=1)
    if array.size and (array.min() < 0 or not np.allclose(sums, 1, atol=1e-3)):
        row = int(np.argmax(np.abs(sums - 1)))
        raise InputError(
            f"row {row} of y is not a distribution: it sums to {sums[row]:g}.\n"
            f"{where} needs labels of shape (n,) or rows "
            "of non-negative numbers that sum to 1."
        )
    return np.ascontiguousarray(array, dtype)


def _labels(y: np.ndarray, count: int, where: str) -> np.ndarray:
    labels = y.astype(np.int64)
    if not np.array_equal(labels, y):
        row = int(np.argmax(labels != y))
        raise InputError(
            f"y[{row}] = {y[row]!r} is not a label.\n"
            f"{where} needs whole numbers from 0 to {count - 1} for softmax_cross_entropy.\n"
            "For regression use loss='squared_error'."
        )
    bad = (labels < 0) | (labels >= count)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"y[{row}] = {int(labels[row])} is not a label of a network with {count} outputs.\n"
            f"{where} needs labels from 0 to {count - 1}.\n"
            "Give the last layer one unit per class, or encode the labels."
        )
    return labels
