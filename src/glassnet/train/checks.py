"""Checks of what users pass in: every array becomes clean numbers, or one clear error of at most three lines.

A good array costs a few microseconds (one sum tells that all its entries are finite); the exact place of a
bad value is only looked for once it is known to exist.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Mapping, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glassnet.errors import InputError, InputTypeError, ShapeError, suggest

from .reading import read_array, read_numbers
from .wording import a_kind, both, count, place, short, some

__all__ = [
    "as_array",
    "as_integers",
    "as_numbers",
    "as_stored",
    "check_class_labels",
    "check_lengths",
    "check_sample_weight",
    "class_weights",
]

Array = NDArray[Any]

_CHUNK = 2**20  # numbers looked at together
_EXACT = 2**53  # up to here every whole number is exact in float64


def as_array(X: ArrayLike, name: str, *, where: str, dtype: DTypeLike = np.float32) -> Array:
    """Finite floating-point numbers in C order, or an error that says which entry is bad.

    Parameters
    ----------
    X : array_like
        An array of any numeric type and memory order, a list, a data frame, an object array of numbers.
        It is never changed; the result shares its memory where no conversion is needed.
    name : str
        What the user calls it, such as ``"X"``.
    where : str
        What needs it, such as ``"fit()"``.
    dtype : dtype, default float32
        ``float32`` or ``float64``, the type of the result.

    Returns
    -------
    ndarray
        At least one-dimensional, with at least one row.

    Raises
    ------
    InputError
        NaN, infinity, values too large for ``dtype``, complex numbers, or nothing at all.
    InputTypeError
        Text, dates, sparse matrices and other things that are not arrays of numbers.
    ShapeError
        A single number, or rows that differ in length.

    Examples
    --------
    >>> as_array([[1, 2], [3, 4]], "X", where="fit()")
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    >>> as_array([[1, 2], [3, np.nan]], "X", where="fit()")
    Traceback (most recent call last):
    glassnet.errors.InputError: X has 1 missing value (NaN), at row 1, column 1.
    fit() needs finite numbers.
    Remove those rows, or fill them (sklearn.impute.SimpleImputer).
    """
    source = _read(X, name, where)
    with np.errstate(over="ignore", invalid="ignore"):  # both are looked for just below
        array = np.require(source, dtype, ["C", "A"])
        # One sum is quicker than a look at every entry, which is needed where finite numbers overflow it.
        finite = math.isfinite(array.sum()) or np.isfinite(array).all()
    if not finite:
        raise _not_finite(source, array, X, name, where)
    return array


def as_stored(X: ArrayLike, name: str, *, where: str, dtype: DTypeLike = np.float32) -> Array:
    """Finite numbers as they lie in memory: compiled programs convert row by row, so nothing is copied.

    Parameters
    ----------
    X, name, where
        As for `as_array`.
    dtype : dtype, default float32
        What the values must fit into.

    Returns
    -------
    ndarray
        X itself where it is an array of integers, booleans, float32 or float64; else as `as_array` makes it.

    Raises
    ------
    InputError, InputTypeError, ShapeError
        As for `as_array`.

    Examples
    --------
    >>> as_stored(np.zeros((2, 2), np.uint8), "X", where="fit()").dtype
    dtype('uint8')
    """
    source = _read(X, name, where)
    if source.dtype.kind not in "biu" and source.dtype not in (np.float32, np.float64):
        return as_array(X, name, where=where, dtype=dtype)
    if source.dtype.kind == "f":
        rows = max(1, _CHUNK // max(1, source[:1].size))
        for start in range(0, len(source), rows):
            with np.errstate(over="ignore", invalid="ignore"):
                part = source[start : start + rows].astype(dtype, copy=False)
                finite = math.isfinite(part.sum()) or np.isfinite(part).all()
            if not finite:
                return as_array(X, name, where=where, dtype=dtype)  # which says what is wrong
    return source


def as_numbers(X: ArrayLike, name: str, *, where: str, dtype: DTypeLike = np.float32) -> Array:
    """Finite numbers: whole ones as they are, others as `as_array` makes them.

    Parameters
    ----------
    X : array_like
        As for `as_array`.
    name, where : str
        As for `as_array`.
    dtype : dtype, default float32
        The type of numbers that are not integers or booleans.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError, InputTypeError, ShapeError
        As for `as_array`.

    Examples
    --------
    >>> as_numbers([0, 2], "y", where="fit()"), as_numbers([0.5, 2], "y", where="fit()")
    (array([0, 2]), array([0.5, 2. ], dtype=float32))
    """
    source = _read(X, name, where)
    return source if source.dtype.kind in "biu" else as_array(X, name, where=where, dtype=dtype)


def _read(X: Any, name: str, where: str) -> Array:
    source = X if type(X) is np.ndarray and X.ndim else read_array(X, name, where)
    if source.dtype.kind not in "biuf":
        source = read_numbers(source, X, name, where)
    if not source.size:
        raise _empty(source, name, where)
    return source


def as_integers(
    X: ArrayLike,
    name: str,
    *,
    where: str,
    below: int | None = None,
    remedy: str = "Number them from 0 (sklearn.preprocessing.LabelEncoder).",
    fractions: str = "such as labels.\nTo predict a quantity, use a loss for it, such as squared_error.",
    dtype: DTypeLike = np.int64,
) -> Array:
    """Whole numbers in C order, such as labels or token ids, or an error that says which entry is bad.

    Parameters
    ----------
    X : array_like
        Integers, booleans, or floats without a fractional part.
    name, where : str
        As for `as_array`.
    below : int, optional
        When given, every entry has to be one of 0, 1, ..., ``below - 1``.
    remedy : str, optional
        The last line of the error for entries outside that range.
    fractions : str, optional
        How the error for fractions goes on after "needs whole numbers here".
    dtype : dtype, default int64
        An integer type, the type of the result.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        NaN, fractions, entries outside the range, or nothing at all.
    InputTypeError, ShapeError
        As for `as_array`.

    Examples
    --------
    >>> as_integers([0.0, 2.0, 1.0], "y", where="fit()", below=3)
    array([0, 2, 1])
    """
    source = _read(X, name, where)
    if source.dtype.kind == "f":
        _refuse_fractions(source, X, name, where, fractions)
    low, high = (0, below - 1) if below is not None else _integer_range(source.dtype, np.dtype(dtype))
    if int(source.min()) < low or int(source.max()) > high:
        found = _found((source < low) | (source > high), source, X, "value", f" outside {low} to {high}")
        last = remedy if below is not None else "Use smaller numbers."
        raise InputError(f"{name} has {found}.\n{where} needs whole numbers from {low} to {high}.\n{last}")
    return np.require(source, dtype, ["C", "A"])


def check_lengths(**arrays: Sized | None) -> None:
    """All arrays have the same number of rows; those that are None do not count.

    Parameters
    ----------
    **arrays : array or None
        By the names the user knows: ``check_lengths(X=X, y=y, sample_weight=sample_weight)``.

    Raises
    ------
    InputError
        The lengths differ.

    Examples
    --------
    >>> check_lengths(X=np.zeros((3, 2)), y=np.zeros(3), sample_weight=None)
    >>> check_lengths(X=np.zeros((3, 2)), y=np.zeros(2))
    Traceback (most recent call last):
    glassnet.errors.InputError: X has 3 rows and y has 2.
    X and y need the same number of rows: one per example.
    Check that they were split and filtered together.
    """
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) <= 1:
        return
    (first, rows), *others = lengths.items()
    found = [f"{first} has {count(rows, 'row')}", *(f"{name} has {n}" for name, n in others)]
    raise InputError(
        f"{both(found)}.\n"
        f"{both(list(lengths))} need the same number of rows: one per example.\n"
        "Check that they were split and filtered together."
    )


def check_sample_weight(
    w: ArrayLike, n: int, where: str, *, dtype: DTypeLike = np.float64, partial: bool = False
) -> Array:
    """One finite weight, 0 or more, for each of ``n`` examples, and not all of them zero.

    Parameters
    ----------
    w : array_like, shape (n,)
        The weights.
    n : int
        The number of examples.
    where : str
        What needs them, such as ``"fit()"``.
    dtype : dtype, default float64
        The type of the result.
    partial : bool, default False
        Whether there are more examples than these: then all weights may be zero.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InputError, InputTypeError, ShapeError
        The weights cannot be used.

    Examples
    --------
    >>> check_sample_weight([1, 0, 2], 3, "fit()")
    array([1., 0., 2.])
    """
    weights = as_array(w, "sample_weight", where=where, dtype=dtype)
    needs = f"{where} needs one weight, 0 or more, for each of {count(n, 'example')}"
    if weights.ndim != 1:
        raise ShapeError(f"sample_weight has shape {weights.shape}.\n{needs}: shape ({n},).")
    if len(weights) != n:
        raise InputError(f"sample_weight has {count(len(weights), 'entry', 'entries')}.\n{needs}.")
    if weights.min() < 0:
        found = _found(weights < 0, weights, w, "value", " below 0")
        raise InputError(f"sample_weight has {found}.\n{needs}.\nUse 0 to leave an example out.")
    if not partial and not weights.any():
        raise InputError(
            f"sample_weight is zero for every example.\n{where} needs at least one positive weight."
        )
    return weights


def class_weights(
    class_weight: Mapping[Any, float] | str, labels: ArrayLike, *, partial: bool = False
) -> NDArray[np.float64]:
    """The weight of each example, from the weights of the classes.

    ``"balanced"`` gives every class the same total, n / (K · count) per example with K classes, as in
    scikit-learn.

    Parameters
    ----------
    class_weight : dict or "balanced"
        Weight by label; a label that is not in the dict has weight 1.
    labels : array_like, shape (n,) or (n, 1)
        The label of each example, of any type.
    partial : bool, default False
        Whether there are more examples than these: then the dict may have labels that are not here.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InputError
        A label that no example has, a bad weight, an unknown name.
    InputTypeError
        Neither a dict nor a string.

    Examples
    --------
    >>> class_weights("balanced", [0, 0, 0, 1])
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    >>> class_weights({"spam": 5}, ["spam", "mail", "mail"])
    array([5., 1., 1.])
    """
    present, rows, counts = np.unique(np.asarray(labels).ravel(), return_inverse=True, return_counts=True)
    if isinstance(class_weight, Mapping):
        return _listed_weights(class_weight, present.tolist(), partial)[rows]
    if not isinstance(class_weight, str):
        raise InputTypeError(
            f"class_weight is {a_kind(class_weight)}.\n"
            'It has to be a dict, such as {0: 1.0, 1: 5.0}, or "balanced".'
        )
    if class_weight != "balanced":
        raise InputError(f"class_weight is {class_weight!r}.\n{suggest(class_weight, ['balanced'])}")
    balanced: NDArray[np.float64] = len(rows) / (len(present) * counts)
    return balanced[rows]


def _listed_weights(
    class_weight: Mapping[Any, Any], present: list[Any], partial: bool
) -> NDArray[np.float64]:
    if not partial:
        check_class_labels(class_weight, present)
    for label, weight in class_weight.items():
        if not _is_weight(weight):
            raise InputError(
                f"class_weight of label {short(label)} is {short(weight)}.\n"
                "The weight of a class is a finite number, 0 or more."
            )
    return np.array([class_weight.get(label, 1.0) for label in present], dtype=np.float64)


def check_class_labels(class_weight: Mapping[Any, Any], present: Collection[Any]) -> None:
    """Every label of the dict belongs to an example, or an error."""
    unknown = [label for label in class_weight if label not in present]
    if unknown:
        raise InputError(
            f"class_weight has {count(len(unknown), 'label')} that no example has: {some(unknown)}.\n"
            f"Labels of the examples: {some(present)}."
        )


def _is_weight(weight: Any) -> bool:
    return isinstance(weight, numbers.Real) and 0 <= float(weight) < math.inf


def _empty(source: Array, name: str, where: str) -> InputError:
    if not len(source):
        return InputError(
            f"{name} has 0 rows (shape {source.shape}).\n"
            f"{where} needs at least one example.\n"
            "Check how the data were read and filtered."
        )
    return InputError(  # the words that scikit-learn's checks of estimators look for
        f"{name} has 0 feature(s) (shape={source.shape}) while a minimum of 1 is required.\n"
        "Check how the columns were chosen."
    )


def _not_finite(source: Array, array: Array, X: Any, name: str, where: str) -> InputError:
    missing, infinite = np.isnan(source), np.isinf(source)
    bad = missing | infinite
    if not bad.any():
        return _too_large(source, array, X, name, where)
    remedy = "Remove those rows, or clip them (np.clip)."
    if missing.any():
        remedy = "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."
    if source.ndim == 1:
        remedy = "Remove those rows."
    kinds = [("missing value", " (NaN)", missing), ("infinite value", "", infinite)]
    what = both([count(kind.sum(), noun) + suffix for noun, suffix, kind in kinds if kind.any()])
    return InputError(f"{name} has {what}, {place(bad, X)}.\n{where} needs finite numbers.\n{remedy}")


def _too_large(source: Array, array: Array, X: Any, name: str, where: str) -> InputError:
    found = _found(np.isinf(array), source, X, "value", f" too large for {array.dtype}")
    limit = f"{where} computes in {array.dtype}, which ends at {np.finfo(array.dtype).max:.1e}."
    return InputError(f'{name} has {found}.\n{limit}\nScale the values down, or use dtype="float64".')


def _refuse_fractions(source: Array, X: Any, name: str, where: str, advice: str) -> None:
    if not np.isfinite(source).all():
        raise _not_finite(source, source, X, name, where)
    bad = source != np.floor(source)
    if bad.any():
        raise InputError(
            f"{name} has {_found(bad, source, X, 'value', ' with a fraction')}.\n"
            f"{where} needs whole numbers here, {advice}"
        )


def _integer_range(source: np.dtype[Any], target: np.dtype[Any]) -> tuple[int, int]:
    limits = np.iinfo(target)
    low, high = int(limits.min), int(limits.max)
    return (max(low, -_EXACT), min(high, _EXACT)) if source.kind == "f" else (low, high)


def _found(bad: Array, source: Array, X: Any, noun: str, after: str) -> str:
    """``3 values below 0, first at row 17, column 2: -1.5``."""
    return f"{count(bad.sum(), noun)}{after}, {place(bad, X)}: {short(source[bad][0])}"
