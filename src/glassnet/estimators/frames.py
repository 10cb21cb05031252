"""Data frames and arrays as columns of plain values, whatever library they come from.

The same table gives the same columns from pandas, polars, pyarrow or NumPy, down to the last bit.
"""

from __future__ import annotations

import datetime as dt
import numbers
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, NoReturn

import narwhals as nw
import numpy as np

from glassnet.errors import InputError, InputTypeError
from glassnet.estimators import inputs
from glassnet.train import checks
from glassnet.train.reading import read_array
from glassnet.train.wording import a_kind, short, some

Kind = Literal["number", "boolean", "text", "date", "duration", "empty"]
PLURALS = {
    "number": "numbers",
    "boolean": "booleans",
    "text": "text",
    "date": "dates",
    "duration": "durations",
}
_TIMES = {"M": ("date", "M8[us]"), "m": ("duration", "m8[us]")}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    label : str or int
        Its name, or its number, from 0, where there are no names.
    kind : {"number", "boolean", "text", "date", "duration", "empty"}
    values : ndarray (n,)
        Numbers of any type, booleans, objects for text, ``datetime64[us]`` (the time that the clock on the
        wall shows), ``timedelta64[us]``; anything where an entry is missing.
    missing : ndarray (n,) of bool
    declared : bool
        Whether the frame itself calls this a category, as pandas' Categorical and polars' Enum do.
    """

    label: str | int
    kind: Kind
    values: np.ndarray
    missing: np.ndarray
    declared: bool = False

    @property
    def name(self) -> str:
        """The name of the feature: ``x0``, ``x1``, ... where there are no names, as in scikit-learn."""
        return self.label if isinstance(self.label, str) else f"x{self.label}"

    @property
    def present(self) -> np.ndarray:
        """The values that are there."""
        found: np.ndarray = self.values[~self.missing]
        return found

    def take(self, rows: np.ndarray) -> Column:
        """These rows of it."""
        part = replace(self, values=self.values[rows], missing=self.missing[rows])
        return _empty_or(part) if len(rows) else part


@dataclass(frozen=True)
class Table:
    """The columns of a table, and what they are called.

    Attributes
    ----------
    columns : tuple of Column
    names : tuple of str or None
        None for arrays, and for frames whose columns are numbered.
    rows : int
    """

    columns: tuple[Column, ...]
    names: tuple[str, ...] | None
    rows: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, len(self.columns)

    def take(self, rows: np.ndarray) -> Table:
        """These rows of it, by their numbers."""
        return Table(tuple(column.take(rows) for column in self.columns), self.names, len(rows))

    def named(self, names: Sequence[str]) -> Table:
        """The same columns under other names."""
        pairs = zip(self.columns, names, strict=True)
        return Table(tuple(replace(column, label=name) for column, name in pairs), tuple(names), self.rows)


def column_words(label: str | int) -> str:
    """``column 'age'``, or ``column 3``."""
    return f"column {short(label)}"


def is_frame(X: Any) -> bool:
    """Whether something is a data frame of a library that narwhals knows."""
    return bool(nw.dependencies.is_into_dataframe(X)) or isinstance(X, nw.DataFrame)


def read(X: Any, where: str, name: str = "X") -> Table:
    """The columns of a data frame, an array or a list of rows; a table that has been read already, as it is.

    Parameters
    ----------
    X : data frame, array, list of rows or Table
    where, name : str
        The method and the argument, for messages.

    Returns
    -------
    Table

    Raises
    ------
    InputError, InputTypeError, ShapeError
        Something that is no table, or has values that are neither numbers nor text nor times.
    """
    if isinstance(X, Table):
        return X
    table = _from_frame(X, where, name) if is_frame(X) else _from_array(X, where, name)
    if not table.rows or not table.columns:
        checks.as_array(np.empty((table.rows, len(table.columns))), name, where=where)  # which says so
    return table


# ------------------------------------------------------------------------------------------ data frames
def _from_frame(X: Any, where: str, name: str) -> Table:
    try:
        frame = nw.from_native(X, eager_only=True)
        labels: list[Any] = list(frame.columns)
    except nw.exceptions.DuplicateError:
        twice = [label for label, times in Counter(_labels(X)).items() if times > 1]
        raise InputError(
            f"{name} has several columns of one name: {some(twice)}.\n"
            f"{where} finds columns by their names.\nRename them."
        ) from None
    named = all(isinstance(label, str) for label in labels)
    if not named and any(isinstance(label, str) for label in labels):
        raise InputTypeError(
            "Feature names are only supported if all input features have string names: "
            f"{name} has columns {some(labels, limit=4)}.\nMake all of them text: "
            f"{name}.columns = {name}.columns.astype(str)."
        )
    columns = tuple(
        _from_series(series, label if named else i, f"{name}, {where}")
        for i, (label, series) in enumerate(zip(labels, frame.iter_columns(), strict=True))
    )
    return Table(columns, tuple(labels) if named else None, len(frame))


def _labels(X: Any) -> list[Any]:
    return list(getattr(X, "column_names", getattr(X, "columns", ())))


def _from_series(series: Any, label: str | int, place: str) -> Column:
    dtype = series.dtype
    if isinstance(dtype, nw.Categorical | nw.Enum):
        return _declared(_from_values(series.to_list(), label, place))
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        series = series.dt.replace_time_zone(None)
    if isinstance(dtype, nw.Decimal):
        series = series.cast(nw.Float64)
    missing = series.is_null().to_numpy()
    if missing.all():
        return Column(label, "empty", np.zeros(len(missing)), np.ones(len(missing), bool))
    if isinstance(dtype, nw.Boolean):
        return Column(label, "boolean", np.array(series.fill_null(False).to_list(), bool), missing)
    if isinstance(dtype, nw.String):
        values = series.to_list()
        if set(map(type, values)) <= {str, type(None)}:
            return Column(label, "text", _objects(values), missing)
        return _from_values(values, label, place)  # what pandas holds as objects may be something else, too
    array = np.asarray(series.to_numpy())
    return (
        _from_vector(array, label, place)
        if array.dtype != object
        else _from_values(series.to_list(), label, place)
    )


def _declared(column: Column) -> Column:
    return Column(column.label, column.kind, column.values, column.missing, declared=True)


# ------------------------------------------------------------------------------------------ arrays
def _from_array(X: Any, where: str, name: str) -> Table:
    array = read_array(X, name, where)
    if array.dtype.kind in "US" and not hasattr(X, "dtype"):  # a list in which text stands beside numbers
        array = np.array(X, object)
    if array.ndim != 2:
        raise inputs.not_a_table(array, name, where)
    place = f"{name}, {where}"
    return Table(tuple(_from_vector(array[:, i], i, place) for i in range(array.shape[1])), None, len(array))


def _from_vector(array: np.ndarray, label: str | int, place: str) -> Column:
    """A column from a one-dimensional array."""
    if array.dtype.kind in "OUST":
        return _from_values(array.tolist(), label, place)
    if array.dtype.kind in _TIMES:
        kind, unit = _TIMES[array.dtype.kind]
        missing = np.isnat(array)
        return _empty_or(Column(label, kind, array.astype(unit), missing))  # type: ignore[arg-type]
    if array.dtype.kind == "b":
        return Column(label, "boolean", array, np.zeros(len(array), bool))
    if array.dtype.kind in "iuf":
        missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(len(array), bool)
        return _empty_or(Column(label, "number", array, missing))
    name, where = place.split(", ", 1)
    what = "complex numbers. Complex data not supported" if array.dtype.kind == "c" else f"{array.dtype}"
    raise InputError(f"{name} has {what}, in {column_words(label)}.\n{where} needs numbers, text or times.")


def _empty_or(column: Column) -> Column:
    if not column.missing.all():
        return column
    return Column(column.label, "empty", np.zeros(len(column.missing)), column.missing)


# ------------------------------------------------------------------------------------------ Python's values
def _kind_of(kind: type) -> str:
    """What a type of Python counts as; "" for missing entries, and the type's name for those of no use."""
    if kind.__name__ in ("NoneType", "NAType", "NaTType"):
        return ""
    if issubclass(kind, np.timedelta64 | dt.timedelta):
        return "duration"
    for found, types in _TYPES.items():
        if issubclass(kind, types):
            return found
    return kind.__name__


_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool, np.bool_),
    "text": (str,),
    "date": (dt.date, np.datetime64),
    "number": (numbers.Real, Decimal),
}


def _from_values(values: Sequence[Any], label: str | int, place: str) -> Column:
    """A column from Python's values, which say themselves what they are."""
    kinds = {kind: _kind_of(kind) for kind in set(map(type, values))}
    missing = np.fromiter((_is_missing(v, kinds[type(v)]) for v in values), bool, len(values))
    found = {kinds[type(v)] for v, gone in zip(values, missing, strict=True) if not gone}
    if not found:
        return Column(label, "empty", np.zeros(len(values)), missing)
    strange = found - PLURALS.keys()
    if found == {"boolean", "number"}:
        found = {"number"}
    if strange or len(found) > 1:
        _refuse(values, missing, kinds, found, label, place)
    kind = found.pop()
    return Column(label, kind, _MAKERS[kind](values, missing), missing)  # type: ignore[arg-type]


def _is_missing(value: Any, kind: str) -> bool:
    return not kind or (kind in ("number", "date", "duration") and bool(value != value))


def _refuse(
    values: Sequence[Any],
    missing: np.ndarray,
    kinds: dict[type, str],
    found: set[str],
    label: Any,
    place: str,
) -> NoReturn:
    """The error for a column that holds several kinds of values, or some that are of no use."""
    name, where = place.split(", ", 1)
    strange = found - PLURALS.keys()
    rarer = strange or found - {_commonest(values, missing, kinds)}
    row = next(i for i, v in enumerate(values) if not missing[i] and kinds[type(v)] in rarer)
    value = values[row]
    if strange:
        raise InputTypeError(
            f"{name} has {a_kind(value)} in {column_words(label)}, first at row {row}: {short(value)}.\n"
            f"{where} needs numbers, text or times. An argument must be a string or a number.\n"
            "Turn the column into one of these, or leave it out."
        )
    others = " and ".join(sorted(PLURALS[kind] for kind in found - rarer))
    raise InputTypeError(
        f"{name} has {PLURALS[kinds[type(value)]]} among {others} in {column_words(label)}, "
        f"first at row {row}: {short(value)}.\n{where} needs one kind of value per column.\n"
        "Put that right where the data come from, or make all of them text: .astype(str)."
    )


def _commonest(values: Sequence[Any], missing: np.ndarray, kinds: dict[type, str]) -> str:
    found = [kinds[type(v)] for v, gone in zip(values, missing, strict=True) if not gone]
    return max(sorted(set(found)), key=found.count)


def _objects(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _numbers(values: Sequence[Any], missing: np.ndarray) -> np.ndarray:
    whole = not missing.any() and all(isinstance(v, numbers.Integral) for v in values)
    if whole and all(-(2**63) <= int(v) < 2**63 for v in values):
        return np.array([int(v) for v in values], np.int64)
    return np.array([np.nan if gone else float(v) for v, gone in zip(values, missing, strict=True)])


def _booleans(values: Sequence[Any], missing: np.ndarray) -> np.ndarray:
    return np.array([bool(v) and not gone for v, gone in zip(values, missing, strict=True)])


def _dates(values: Sequence[Any], missing: np.ndarray) -> np.ndarray:
    pairs = zip(values, missing, strict=True)
    return np.array([np.datetime64("NaT") if gone else _on_the_wall(v) for v, gone in pairs], "M8[us]")


def _on_the_wall(value: Any) -> Any:
    zone = getattr(value, "tzinfo", None)
    return np.datetime64(value if zone is None else value.replace(tzinfo=None), "us")


def _durations(values: Sequence[Any], missing: np.ndarray) -> np.ndarray:
    pairs = zip(values, missing, strict=True)
    return np.array([np.timedelta64("NaT") if gone else np.timedelta64(v, "us") for v, gone in pairs])


_MAKERS: dict[str, Any] = {
    "number": _numbers,
    "boolean": _booleans,
    "text": lambda values, missing: _objects(values),
    "date": _dates,
    "duration": _durations,
}
