"""Sparse matrices: made dense, for training as a whole, for predictions a part at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from glassnet.errors import InputError, InputTypeError

ROWS = 4096  # of a prediction, made dense at a time


def dense(X: Any, name: str, where: str, dtype: Any) -> np.ndarray:
    """A sparse matrix as an array.

    Parameters
    ----------
    X : sparse matrix or array
    name, where : str
        For messages.
    dtype : dtype
        Of the result, where all values fit into it.

    Returns
    -------
    ndarray

    Raises
    ------
    InputTypeError
        No numbers.
    InputError
        The array would not fit into memory.
    """
    if X.dtype.kind not in "biufc":
        raise InputTypeError(f"{name} is a sparse matrix of {X.dtype}.\n{where} needs numbers.")
    X = X.tocsr()
    if _fits(X, dtype):  # else as it is, so that the error can say what is in it
        X = X.astype(dtype)
    size = math.prod(X.shape) * X.dtype.itemsize
    if size > _memory():
        raise _too_large(X, size, name, where)
    try:
        array: np.ndarray = X.toarray()
    except MemoryError:
        raise _too_large(X, size, name, where) from None
    return array


def parts(X: Any, dtype: Any) -> Iterator[Any]:
    """Rows of a sparse matrix, so many at a time; anything else as a whole.

    Parameters
    ----------
    X : sparse matrix, or anything
    dtype : dtype
        What the values have to fit into; a matrix where they do not comes as a whole, too, so that the error
        can say where.

    Yields
    ------
    sparse matrix, or X
    """
    if not sparse.issparse(X) or X.ndim != 2 or X.shape[0] <= ROWS:
        yield X
        return
    by_rows = X.tocsr()
    if not _fits(by_rows, dtype):
        yield X
        return
    for start in range(0, X.shape[0], ROWS):
        yield by_rows[start : start + ROWS]


def _fits(X: Any, dtype: Any) -> bool:
    """Whether all values are finite numbers of a type."""
    if X.dtype.kind not in "biuf":
        return False
    return not X.nnz or bool(np.abs(X.data).max() <= np.finfo(dtype).max)


def _memory() -> float:
    """Bytes of the machine's memory, where the system says so."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _too_large(X: Any, size: int, name: str, where: str) -> InputError:
    shape = " × ".join(f"{extent:,}" for extent in X.shape)
    parts = "partial_fit() with some rows at a time" if where == "fit()" else "fewer rows at a time"
    return InputError(
        f"{name} is sparse, {shape}; {where} makes it dense: {size / 2**30:,.1f} GiB of memory.\n"
        f"Use {parts}, or fewer columns (TruncatedSVD, SelectKBest)."
    )
