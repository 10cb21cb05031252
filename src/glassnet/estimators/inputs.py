"""The user's X, y and weights as plain arrays of numbers, or one clear error; names and counts of columns."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import validate_data

from glassnet.errors import InputError, InputTypeError, ShapeError
from glassnet.estimators import sparse_tables
from glassnet.train import checks
from glassnet.train.wording import column, count

# Up to so many numbers, a table is computed in float64: it takes no longer there, and agrees with
# scikit-learn's results to the last digits.
SMALL_TABLE = 10_000

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)

_IN_SCIKIT_LEARN = (
    "In scikit-learn's words: Solver produced non-finite parameter weights. "
    "The input data may contain large values and need to be preprocessed."
)


def float_type(X: Any) -> np.dtype[Any]:
    """The type that predictions and coefficients have for this X: float32 for float32, else float64."""
    if type(X) is np.ndarray:
        return FLOAT32 if X.dtype == np.float32 else FLOAT64
    kinds = {str(kind) for kind in getattr(X, "dtypes", [])} if hasattr(X, "columns") else set()
    kind = kinds.pop() if len(kinds) == 1 else str(getattr(X, "dtype", ""))
    return FLOAT32 if kind.lower() == "float32" else FLOAT64


def computing_type(wanted: str, X: Any, full_batch: bool) -> np.dtype[Any]:
    """The type to compute in, by the estimator's ``dtype``.

    ``"auto"`` follows float32 data; else it is float64 for L-BFGS, whose line search needs the digits, and
    for small tables, and float32 for all others.
    """
    if wanted != "auto":
        return np.dtype(wanted)
    if float_type(X) == np.float32:
        return np.dtype(np.float32)
    shape = getattr(X, "shape", None) or np.asarray(X, object).shape
    return np.dtype(np.float64 if full_batch or math.prod(shape) <= SMALL_TABLE else np.float32)


def read_table(estimator: Any, X: Any, where: str, *, reset: bool, dtype: Any, name: str = "X") -> np.ndarray:
    """X as finite numbers (n, features); at the first fit its column count and names are remembered.

    Parameters
    ----------
    estimator : estimator
    X : array, data frame, sparse matrix or list of rows
    where : str
        What needs it, such as ``"fit()"``.
    reset : bool
        Whether this X decides what the estimator expects; else it is compared with that.
    dtype : dtype
    name : str, default "X"
        What the user calls it.

    Returns
    -------
    ndarray (n, features)

    Raises
    ------
    InputError, InputTypeError, ShapeError
        An X that cannot be used.
    """
    table = _as_table(X, name, where, dtype)
    if getattr(estimator, "dtype", "auto") == "auto" and dtype == np.float64:
        _refuse_huge(table, X, name, where)
    if table.ndim != 2:
        raise not_a_table(table, name, where)
    if type(X) is np.ndarray and not reset and not hasattr(estimator, "feature_names_in_"):
        _check_columns(estimator, table)  # what scikit-learn checks, without its search for data frames
        return table
    try:
        validate_data(estimator, X if hasattr(X, "shape") else table, reset=reset, skip_check_array=True)
    except ValueError as error:  # other names or another count of columns
        raise InputError(str(error)) from None
    return table


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The rows of several arrays."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _check_columns(estimator: Any, table: np.ndarray) -> None:
    expected = getattr(estimator, "n_features_in_", table.shape[1])
    if table.shape[1] != expected:
        raise InputError(
            f"X has {table.shape[1]} features, but {type(estimator).__name__} is expecting {expected} "
            "features as input."
        )


def _as_table(X: Any, name: str, where: str, dtype: Any) -> np.ndarray:
    if sparse.issparse(X):
        X = sparse_tables.dense(X, name, where, dtype)
    if getattr(getattr(X, "dtype", None), "kind", "") == "c":
        raise InputError(
            f"{name} has complex numbers. Complex data not supported.\n{where} needs real numbers.\n"
            "Pass the real and the imaginary parts as separate columns."
        )
    try:
        return checks.as_array(X, name, where=where, dtype=dtype)
    except InputError as error:
        raise _in_other_words(error) from None
    except InputTypeError as error:
        raise _with_scikit_learns_words(error) from None


def _in_other_words(error: InputError) -> InputError:
    first, _, rest = str(error).partition("\n")
    if "too large for" not in first:
        return error
    return InputError(f"{first}\n{_IN_SCIKIT_LEARN}\n{rest.rpartition(chr(10))[2]}")


def _refuse_huge(table: np.ndarray, X: Any, name: str, where: str) -> None:
    """A larger table would be computed in float32, so that what is refused does not depend on the size."""
    if table.size and np.abs(table).max() > np.finfo(np.float32).max:
        _as_table(X, name, where, np.float32)


def _with_scikit_learns_words(error: InputTypeError) -> InputTypeError:
    """What is neither text nor a number: ``float()``'s words, too, which scikit-learn's users know."""
    first, *others = str(error).split("\n")
    if "has text" in first or len(others) != 2 or not others[0].endswith("needs numbers."):
        return error
    return InputTypeError(f"{first}\n{others[0]} An argument must be a string or a number.\n{others[1]}")


def not_a_table(table: np.ndarray, name: str, where: str) -> ShapeError:
    """The error for an array of one dimension, or of more than two."""
    if table.ndim == 1:
        return ShapeError(
            f"{name} has shape {table.shape}; {where} needs a table, (examples, features).\n"
            "Reshape your data: X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one example."
        )
    return ShapeError(
        f"{name} has shape {table.shape}; {where} needs a table, (examples, features).\n"
        "Reshape your data: X.reshape(len(X), -1)."
    )


def warn_of_constant_columns(table: np.ndarray, X: Any) -> None:
    """One warning that names the columns with a single value; they say nothing about y."""
    if len(table) < 2:
        return
    same = np.flatnonzero(table.min(axis=0) == table.max(axis=0))
    if not len(same):
        return
    names = [column(int(i), X).removeprefix("column ") for i in same]
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    warnings.warn(
        f"X has {count(len(names), 'constant column')}: {listed}.\n"
        "A column with a single value says nothing about y; it may be left out.",
        ConstantColumnWarning,
        stacklevel=2,
    )


class ConstantColumnWarning(UserWarning):
    """Columns of X hold a single value."""


def one_column(y: np.ndarray) -> np.ndarray:
    """(n, 1) as (n,), with scikit-learn's warning."""
    if y.ndim != 2 or y.shape[1] != 1:
        return y
    warnings.warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
        "(n_samples, ), for example using ravel().",
        DataConversionWarning,
        stacklevel=2,
    )
    return y[:, 0]


def read_target(y: Any, owner: str) -> Any:
    """Y itself, dense, or an error if there is none."""
    if y is None:
        raise InputError(f"{owner} requires y to be passed, but the target y is None.")
    return y.toarray() if sparse.issparse(y) else y


def read_weights(
    sample_weight: Any, where: str, name: str = "sample_weight", **data: Any
) -> np.ndarray | None:
    """One weight per example, or None.

    Parameters
    ----------
    sample_weight : array (n,) or None
    where, name : str
        The method and the argument, for messages.
    **data : arrays
        What has to have as many rows, by name; also when there are no weights.

    Returns
    -------
    ndarray (n,) or None
    """
    if sample_weight is None:
        checks.check_lengths(**data)
        return None
    found = np.asarray(sample_weight)
    checks.check_lengths(**data, **{name: found if found.ndim else None})
    return checks.check_sample_weight(found, len(next(iter(data.values()))), where)
