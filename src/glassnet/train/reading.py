"""Reading what users pass as data: what holds numbers becomes an array of them, the rest a clear error."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError

from .wording import a_kind, column, count, short

__all__ = ["read_array", "read_numbers"]

Array = NDArray[Any]

# By name, because pandas may not be installed: None, pandas.NA and pandas.NaT all mean "missing".
_MISSING = {"NoneType", "NAType", "NaTType"}

_TIMES = {
    "M": ("dates", "Turn them into numbers, such as days: {}.astype('datetime64[D]').astype(int)."),
    "m": ("durations", "Turn them into numbers, such as seconds: {} / np.timedelta64(1, 's')."),
}


def read_array(X: Any, name: str, where: str) -> Array:
    """``X`` as a plain array of any type with at least one axis; masked entries become NaN.

    Parameters
    ----------
    X : object
        What the user passed.
    name, where : str
        What the user calls it, and what needs it, such as ``"fit()"``.

    Returns
    -------
    ndarray
        Shares the memory of ``X`` where it can.

    Raises
    ------
    InputTypeError
        Sparse matrices, and things that are not arrays.
    ShapeError
        A single number, or rows that differ in shape.

    Examples
    --------
    >>> read_array([[1, 2], [3, 4]], "X", "fit()").shape
    (2, 2)
    """
    if hasattr(X, "tocsr"):
        raise InputTypeError(
            f"{name} is a sparse {type(X).__name__} of shape {X.shape}.\n"
            f"{where} needs a dense array.\n"
            f"Pass {name}.toarray()."
        )
    try:
        array = np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _unreadable(X, error, name, where) from error
    if array.ndim == 0:
        raise _not_rows(X, array, name, where)
    return _without_masked(X, array) if np.ma.is_masked(X) else array


def _without_masked(X: Any, array: Array) -> Array:
    # Only objects can be missing in an array of any type.
    values = array.astype(np.float64 if array.dtype.kind in "biuf" else object)
    values[np.ma.getmaskarray(X)] = None
    return values


def _unreadable(X: Any, error: Exception, name: str, where: str) -> GlassnetError:
    if "inhomogeneous" not in str(error):
        reason = str(error).partition("\n")[0]
        return InputTypeError(
            f"{name} ({type(X).__name__}) cannot be read as an array: {reason}\n"
            f"{where} needs an array, a list of rows or a data frame."
        )
    lengths = [len(row) if isinstance(row, Sized) else 1 for row in X]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    detail = "" if odd is None else f": row 0 has {count(lengths[0], 'value')}, row {odd} has {lengths[odd]}"
    return ShapeError(
        f"{name} is ragged{detail}.\n{where} needs rows of equal shape.\nPad them, or cut them."
    )


def _not_rows(X: Any, array: Array, name: str, where: str) -> GlassnetError:
    needs = f"{where} needs an array, a list of rows or a data frame."
    if array.dtype.kind in "biufc":
        return ShapeError(f"{name} is one number, {short(array.item())}.\n{needs}")
    if X is None:
        return InputTypeError(f"{name} is None.\n{needs}")
    return InputTypeError(f"{name} is {a_kind(X)}: {short(X)}.\n{needs}\nRead it or convert it first.")


def read_numbers(source: Array, X: Any, name: str, where: str) -> Array:
    """An array that is not numeric by its type (objects, text, dates) as float64, missing entries as NaN.

    Parameters
    ----------
    source : ndarray
        The array that `read_array` made.
    X : object
        What the user passed; a data frame gives messages its column names.
    name, where : str
        As for `read_array`.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    InputTypeError
        Text, dates and other objects: names the column and the first value.
    InputError
        Complex numbers.

    Examples
    --------
    >>> read_numbers(np.array([1, True, None], dtype=object), None, "y", "fit()")
    array([ 1.,  1., nan])
    """
    kind = source.dtype.kind
    if kind == "c":
        raise InputError(
            f"Complex data not supported: {name} is {source.dtype}.\n"
            f"{where} needs real numbers.\n"
            "Pass the real and the imaginary parts as separate columns."
        )
    if kind in _TIMES:
        what, remedy = _TIMES[kind]
        raise InputTypeError(
            f"{name} has {what} ({source.dtype}).\n{where} needs numbers.\n{remedy.format(name)}"
        )
    values = source.astype(object)
    odd = {kind for kind in set(map(type, values.flat)) if not _is_number(kind)}
    if odd:
        raise _not_numbers(values, odd, X, name, where)
    return _floats(values)


def _is_number(kind: type) -> bool:
    if kind.__name__ in _MISSING or issubclass(kind, numbers.Real | np.bool_):
        return not issubclass(kind, np.timedelta64)  # NumPy counts it among the integers
    return issubclass(kind, numbers.Number) and not issubclass(kind, numbers.Complex)  # Decimal


def _floats(values: Array) -> Array:
    try:
        return values.astype(np.float64)
    except (TypeError, OverflowError):  # pandas.NA, or integers beyond float64
        return np.fromiter(map(_float, values.flat), np.float64, count=values.size).reshape(values.shape)


def _float(value: Any) -> float:
    if type(value).__name__ in _MISSING:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _not_numbers(values: Array, odd: set[type], X: Any, name: str, where: str) -> InputTypeError:
    # Text that is no numeral says more than "42" does: it is shown first, where there is any.
    suspects = [i for i, value in enumerate(values.flat) if type(value) in odd]
    words = (i for i in suspects if not _is_numeral(values.flat[i]))
    first = next(words, None)
    index = np.unravel_index(suspects[0] if first is None else first, values.shape)
    value = values[index]
    what = "text" if isinstance(value, str | bytes) else a_kind(value)
    inside = f" in {column(int(index[1]), X)}" if values.ndim == 2 else ""
    remedy = f"These are numbers written as text: pass np.asarray({name}, dtype=float)."
    if first is not None:
        remedy = _remedy(value, values.ndim)
    found = f"{name} has {what}{inside}, first at row {index[0]}: {short(value)}."
    return InputTypeError(f"{found}\n{where} needs numbers.\n{remedy}")


def _remedy(value: object, ndim: int) -> str:
    if not isinstance(value, str | bytes):
        return "Turn it into numbers, or leave it out."
    if ndim == 1:
        return "Encode labels as whole numbers (sklearn.preprocessing.LabelEncoder)."
    return "Encode the column (sklearn.preprocessing.OneHotEncoder or OrdinalEncoder), or leave it out."


def _is_numeral(value: object) -> bool:
    try:
        float(value) if isinstance(value, str) else float("word")
    except ValueError:
        return False
    return True
