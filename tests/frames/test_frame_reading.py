"""What is read from frames and arrays: the kind of each column, its values, the errors."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from frame_data import COLUMNS, GIVEN, frame

from glassnet.errors import GlassnetError, InputError, InputTypeError
from glassnet.estimators.frames import read

KINDS = {
    "number": "number", "gap": "number", "whole": "number", "whole_gap": "number", "yes": "boolean",
    "yes_gap": "boolean", "color": "text", "color_gap": "text", "two": "text", "day": "date",
    "moment": "date", "wait": "duration",
}  # fmt: skip


@pytest.mark.parametrize("library", GIVEN)
@pytest.mark.parametrize("name", COLUMNS)
def test_the_kind_and_what_is_missing(library, name):
    table = read(frame(library), "fit()")
    column = dict(zip(table.names, table.columns, strict=True))[name]
    assert column.kind == KINDS[name]
    assert column.missing.tolist() == [value is None for value in COLUMNS[name]]


@pytest.mark.parametrize("name", COLUMNS)
def test_both_libraries_give_the_same_values(name):
    columns = [read(frame(library, {name: COLUMNS[name]}), "fit()").columns[0] for library in GIVEN]
    a, b = (column.present for column in columns)
    assert np.array_equal(a, b)
    assert np.array_equal(a.astype(object), np.array([v for v in COLUMNS[name] if v is not None], a.dtype))


T = dt.datetime(2020, 5, 17, 13, 30)
SERIES = {
    "pandas Int64": (pd.array([1, None], "Int64"), "number", [1.0]),
    "pandas Float32": (pd.array([0.5, None], "Float32"), "number", [0.5]),
    "pandas boolean": (pd.array([True, None], "boolean"), "boolean", [True]),
    "pandas string": (pd.array(["a", None], "string"), "text", ["a"]),
    "pandas category of numbers": (pd.Categorical([7, None]), "number", [7.0]),
    "pandas category of texts": (pd.Categorical(["b", "a"]), "text", ["b", "a"]),
    "pandas dates as objects": (pd.Series([dt.date(2020, 1, 2), None], dtype=object), "date", None),
    "pandas time zone": (pd.Series([T, T]).dt.tz_localize("Asia/Tokyo"), "date", [T, T]),
    "pandas nothing": (pd.Series([None, None], dtype=object), "empty", []),
    "pandas float16": (np.array([1, 2], np.float16), "number", [1.0, 2.0]),
    "pandas decimals": (pd.Series([Decimal("1.5"), None], dtype=object), "number", [1.5]),
    "pandas booleans and numbers": (pd.Series([True, 3], dtype=object), "number", [1, 3]),
    "polars Int8": (pl.Series([1, None], dtype=pl.Int8), "number", [1.0]),
    "polars Float32 with NaN": (pl.Series([0.5, float("nan")], dtype=pl.Float32), "number", [0.5]),
    "polars Categorical": (pl.Series(["a", None], dtype=pl.Categorical), "text", ["a"]),
    "polars Enum": (pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])), "text", ["b", "a"]),
    "polars time zone": (pl.Series([T, T]).dt.replace_time_zone("Asia/Tokyo"), "date", [T, T]),
    "polars Null": (pl.Series([None, None]), "empty", []),
    "polars Decimal": (pl.Series([Decimal("1.5"), None]), "number", [1.5]),
    "polars Object": (pl.Series([True, False], dtype=pl.Object), "boolean", [True, False]),
}


@pytest.mark.parametrize("case", SERIES)
def test_types_of_columns(case):
    values, kind, present = SERIES[case]
    column = read(GIVEN[case.split()[0]]({"a": values}), "fit()").columns[0]
    assert column.kind == kind
    if present is not None:
        assert column.present.tolist() == present


ARRAYS = {
    "floats": (np.array([[0.5, np.nan]]), ["number", "empty"]),
    "booleans": (np.array([[True, False]]), ["boolean", "boolean"]),
    "objects": (np.array([[1, "a", None], [2.5, "b", True]], object), ["number", "text", "boolean"]),
    "rows": ([[1, "a"], [2, "b"]], ["number", "text"]),
    "texts": (np.array([["a", "b"]]), ["text", "text"]),
    "dates": (np.array([["2020-01-01", "NaT"]], "M8[D]"), ["date", "empty"]),
    "durations": (np.array([[1, 2]], "m8[s]"), ["duration", "duration"]),
    "big whole numbers": ([[2**70, 3]], ["number", "number"]),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays(case):
    array, kinds = ARRAYS[case]
    table = read(array, "fit()")
    assert [column.kind for column in table.columns] == kinds
    assert (table.names, table.columns[0].name) == (None, "x0")


def test_pyarrow_like_frames_and_numbered_columns():
    table = read(pd.DataFrame(np.zeros((2, 3))), "fit()")
    assert (table.names, [column.label for column in table.columns]) == (None, [0, 1, 2])


REFUSED = {
    "text among numbers": (
        pd.DataFrame({"a": [1, "x", 2]}), InputTypeError,
        ("X has text among numbers in column 'a', first at row 1: 'x'.\n"
        "fit() needs one kind of value per column.\n"
        "Put that right where the data come from, or make all of them text: .astype(str)."),
    ),
    "a number below many texts": (
        pd.DataFrame({"a": pd.Series(["x"] * 150 + [7], dtype=object)}),
        InputTypeError,
        ("X has numbers among text in column 'a', first at row 150: 7.\n"
        "fit() needs one kind of value per column.\n"
        "Put that right where the data come from, or make all of them text: .astype(str)."),
    ),
    "the rarer among times": (
        [[dt.date(2020, 1, 1)], [3], [dt.date(2020, 1, 1)]], InputTypeError,
        ("X has numbers among dates in column 0, first at row 1: 3.\n"
        "fit() needs one kind of value per column.\n"
        "Put that right where the data come from, or make all of them text: .astype(str)."),
    ),
    "lists": (
        pl.DataFrame({"a": [[1], [2]]}), InputTypeError,
        ("X has a list in column 'a', first at row 0: [1].\n"
        "fit() needs numbers, text or times. An argument must be a string or a number.\n"
        "Turn the column into one of these, or leave it out."),
    ),
    "times of day": (
        pl.DataFrame({"a": [None, dt.time(3)]}), InputTypeError,
        ("X has a time in column 'a', first at row 1: datetime.time(3, 0).\n"
        "fit() needs numbers, text or times. An argument must be a string or a number.\n"
        "Turn the column into one of these, or leave it out."),
    ),
    "complex numbers": (
        np.array([[1j, 2]]), InputError,
        ("X has complex numbers. Complex data not supported, in column 0.\n"
        "fit() needs numbers, text or times."),
    ),
    "two columns of one name": (
        pd.DataFrame([[1, 2]], columns=["a", "a"]), InputError,
        "X has several columns of one name: 'a'.\nfit() finds columns by their names.\nRename them.",
    ),
    "names and numbers as names": (
        pd.DataFrame({"a": [1], 3: [2]}), InputTypeError,
        ("Feature names are only supported if all input features have string names: X has columns 'a', 3.\n"
        "Make all of them text: X.columns = X.columns.astype(str)."),
    ),
    "one dimension": (
        np.zeros(3), GlassnetError,
        ("X has shape (3,); fit() needs a table, (examples, features).\n"
        "Reshape your data: X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one example."),
    ),
    "no rows": (
        pd.DataFrame({"a": []}), InputError,
        ("X has 0 rows (shape (0, 1)).\nfit() needs at least one example.\n"
        "Check how the data were read and filtered."),
    ),
    "no columns": (
        pl.DataFrame(), InputError,
        ("X has 0 rows (shape (0, 0)).\nfit() needs at least one example.\n"
        "Check how the data were read and filtered."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read(case):
    X, error, message = REFUSED[case]
    with pytest.raises(error) as found:
        read(X, "fit()")
    assert str(found.value) == message


def test_a_lazy_frame_and_a_series_are_no_tables():
    with pytest.raises(GlassnetError, match="LazyFrame"):
        read(pl.LazyFrame({"a": [1]}), "fit()")
    with pytest.raises(GlassnetError, match="needs a table"):
        read(pl.Series([1, 2]), "fit()")
