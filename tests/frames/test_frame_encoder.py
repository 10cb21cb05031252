"""The encoder: what becomes of each kind of column, what it is called, what is left out."""

import datetime as dt
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from frame_data import COLUMNS, GIVEN, ROWS, changed, frame
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import glassnet as gn
from glassnet.errors import GlassnetError
from glassnet.estimators import FrameEncoder
from glassnet.estimators.frame_encoder import LeftOutColumnWarning


def encoded(values, **options):
    """The encoding of one column, and the names of its features."""
    encoder = FrameEncoder(missing="median", **options).fit(pl.DataFrame({"a": values}, strict=False))
    found = encoder.transform(pl.DataFrame({"a": values}, strict=False))
    return found.round(4).tolist(), encoder.get_feature_names_out().tolist()


SQUASHED = [round(z / np.sqrt(1 + z * z / 9), 4) for z in (-1.0, -0.5, 0.0, 0.5, 1.0)]
WAVE = 2 * np.pi * np.array([0, 59]) / 365
CASES = {
    "robust": ([1, 2, 3, 4, 5], {}, [[z] for z in SQUASHED], ["a"]),
    "robust, equal quartiles": (
        [0, 0, 0, 0, 4],
        {},
        [[0.0]] * 4 + [[round(2 / np.sqrt(1 + 4 / 9), 4)]],
        ["a"],
    ),
    "standard": ([1, 3], {"numeric": "standard"}, [[-1.0], [1.0]], ["a"]),
    "as it is": ([1, 30], {"numeric": "none"}, [[1.0], [30.0]], ["a"]),
    "a gap": ([1.0, None, 3.0], {"numeric": "none"}, [[1, 0], [2, 1], [3, 0]], ["a", "a_missing"]),
    "booleans": ([True, False, None], {}, [[1.0], [-1.0], [0.0]], ["a"]),
    "two texts": (["m", None, "f"], {}, [[1.0], [0.0], [-1.0]], ["a_m"]),
    "three texts": (
        ["b", "c", "a", None],
        {},
        [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0]],
        ["a_a", "a_b", "a_c"],
    ),
    "numbers as categories": (
        [10, 9, 11],
        {"categorical": ["a"]},
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
        ["a_9", "a_10", "a_11"],
    ),
    "an index": (["b", "c", None, "a"], {"max_one_hot": 2}, [[2.0], [3.0], [4.0], [1.0]], ["a"]),
    "seconds": ([dt.timedelta(0), dt.timedelta(minutes=2)], {"numeric": "none"}, [[0.0], [120.0]], ["a"]),
    "days": (
        [dt.date(1970, 1, 2), dt.date(1970, 1, 4)],
        {"numeric": "none", "dates": "number"},
        [[1.0], [3.0]],
        ["a"],
    ),
    "time of year": (
        [dt.date(2018, 1, 1), dt.date(2018, 3, 1)],
        {"numeric": "none"},
        [
            [17532.0, *map(float, (0.0, 1.0, 0.0, 1.0))],
            [
                17591.0,
                *np.round(
                    [np.sin(WAVE[1]), np.cos(WAVE[1]), np.sin(6 * np.pi / 7), np.cos(6 * np.pi / 7)], 4
                ),
            ],
        ],
        ["a", "a_year_sin", "a_year_cos", "a_week_sin", "a_week_cos"],
    ),
    "time of day": (
        [dt.datetime(1970, 1, 1), dt.datetime(1970, 1, 1, 6)],
        {"numeric": "none"},
        None,
        ["a", "a_year_sin", "a_year_cos", "a_day_sin", "a_day_cos"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_column_becomes(case):
    values, options, expected, names = CASES[case]
    found, features = encoded(values, **options)
    assert features == names
    if expected is not None:
        assert found == expected
    else:
        assert found[1][3:] == [1.0, 0.0]  # six o'clock is a quarter of a day


def test_outliers_stay_within_three():
    found = FrameEncoder().fit_transform(np.array([[0.0], [1.0], [2.0], [1e30], [-1e30]]))
    assert np.abs(found).max() == pytest.approx(3.0)


def test_pandas_and_polars_give_the_same_bits():
    a, b = (FrameEncoder(missing="median").fit(frame(library)) for library in GIVEN)
    tables = [encoder.transform(frame(library)) for encoder in (a, b) for library in GIVEN]
    assert len({table.tobytes() for table in tables}) == 1
    assert a.describe() == b.describe()
    assert a.get_feature_names_out().tolist() == b.get_feature_names_out().tolist()


def test_pyarrow_gives_them_too():
    encoder = FrameEncoder(missing="median").fit(frame("polars"))
    table = pa.table(COLUMNS)
    assert encoder.transform(table).tobytes() == encoder.transform(frame("polars")).tobytes()
    assert FrameEncoder(missing="median").fit(table).describe() == encoder.describe()


@pytest.mark.parametrize("library", GIVEN)
@pytest.mark.parametrize("count", [16, 17])
def test_the_limit_of_one_hot(library, count):
    values = [f"v{i:02}" for i in range(count)]
    encoder = FrameEncoder().fit(frame(library, {"a": values * 3}))
    found = encoder.transform(frame(library, {"a": [*values, "new"]}))
    if count == 16:
        assert np.array_equal(found, np.eye(17, 16))
        assert encoder.embedding_sizes_ == []
    else:
        assert np.array_equal(found[:, 0], [*range(1, 18), 0])
        assert encoder.embedding_sizes_ == [18]


CELLS = {
    "number": st.floats(-1e30, 1e30),
    "whole": st.integers(-(2**40), 2**40),
    "yes": st.booleans(),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=3),
    "day": st.dates(dt.date(1700, 1, 1), dt.date(2250, 1, 1)),
    "moment": st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)),
    "wait": st.timedeltas(dt.timedelta(-10000), dt.timedelta(10000)),
}


@pytest.mark.filterwarnings("ignore::glassnet.estimators.inputs.ConstantColumnWarning")
@given(st.data(), st.integers(2, 12), st.sampled_from(["robust", "standard", "none"]))
def test_any_table_gives_the_same_bits(data, rows, numeric):
    columns = {
        name: data.draw(st.lists(st.none() | cells, min_size=rows, max_size=rows), name)
        for name, cells in CELLS.items()
    }
    columns["anchor"] = list(range(rows))
    schema = {
        "number": pl.Float64, "whole": pl.Int64, "yes": pl.Boolean, "text": pl.String, "day": pl.Date,
        "moment": pl.Datetime("us"), "wait": pl.Duration("us"), "anchor": pl.Int64,
    }  # fmt: skip
    tables = [
        FrameEncoder(numeric=numeric, missing="mean", max_one_hot=3).fit_transform(table)
        for table in (pd.DataFrame(columns), pl.DataFrame(columns, schema))
    ]
    assert tables[0].tobytes() == tables[1].tobytes()
    assert np.isfinite(tables[0]).all()


# ------------------------------------------------------------------------------------------ scikit-learn
def test_names_of_features_and_set_output():
    encoder = FrameEncoder(missing="median", max_one_hot=2).set_output(transform="polars")
    found = encoder.fit_transform(frame("pandas"))
    assert isinstance(found, pl.DataFrame)
    assert found.columns == encoder.get_feature_names_out().tolist()
    assert found.columns[-2:] == ["color", "color_gap"]  # indices come last
    assert encoder.embedding_sizes_ == [4, 6]  # 0 for what is unknown, and a missing one where there is one


def test_names_without_names():
    encoder = FrameEncoder().fit([[1.0, "a"], [2.0, "b"], [3.0, "c"]])
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1_a", "x1_b", "x1_c"]
    assert encoder.get_feature_names_out(["u", "v"]).tolist() == ["u", "v_a", "v_b", "v_c"]
    with pytest.raises(ValueError, match="input_features should have length equal"):
        encoder.get_feature_names_out(["u"])


def test_names_that_would_stand_twice():
    table = {"a": [1.0, None, 2.0], "a_missing": [1.0, 2.0, 3.0]}
    encoder = FrameEncoder(missing="median").fit(pl.DataFrame(table))
    assert encoder.get_feature_names_out().tolist() == ["a", "a_missing", "a_missing_2"]


def test_copies_and_clones():
    encoder = FrameEncoder(missing="median", categorical=["whole"]).fit(frame("polars"))
    expected = encoder.transform(frame("polars"))
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform(frame("polars")), expected)
    assert np.array_equal(clone(encoder).fit_transform(frame("polars")), expected)
    assert not hasattr(clone(encoder), "treatments_")


def test_the_description():
    table = {name: COLUMNS[name] for name in ("whole", "gap", "yes", "color", "two", "day")}
    assert FrameEncoder(missing="median").fit(frame("pandas", table)).describe().splitlines() == [
        "whole  number    (x - 25.5) / 21, limited to ±3",
        "gap    number    (x - 2.536) / 1.869, limited to ±3; missing → 2.536, with an indicator",
        "yes    boolean   False → -1, True → +1",
        "color  category  3 values, one-hot: 'blue', 'green', 'red'",
        "two    category  'f' → -1, 'm' → +1",
        "day    date      days since 2020-05-06 / 126.5, limited to ±3; waves of the year, week",
    ]


# ------------------------------------------------------------------------------------------ left out
LONG = [f"name {i}" for i in range(ROWS)]
LEFT_OUT = {
    "a single value": ([3] * ROWS, "a single value", []),
    "a single text": (["x"] * ROWS, "a single value", []),
    "a single value or none": (
        [3] * (ROWS - 1) + [None],
        "a single value; kept: whether one is missing",
        ["a_missing"],
    ),
    "nothing": ([None] * ROWS, "no value at all", []),
    "names": (LONG, "nearly all values differ", []),
    "names or none": (
        [*LONG[1:], None],
        "nearly all values differ; kept: whether one is missing",
        ["a_missing"],
    ),
}


@pytest.mark.parametrize("library", GIVEN)
@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_left_out(library, case):
    values, reason, names = LEFT_OUT[case]
    table = frame(library, {"a": values, "b": list(range(ROWS))})
    with pytest.warns(LeftOutColumnWarning) as caught:
        encoder = FrameEncoder(missing="median").fit(table)
    assert str(caught[0].message) == (
        f"X has 1 column to learn nothing from: 'a' ({reason}).\n"
        "To keep one, list it in categorical or numerical; to be rid of this warning, in drop."
    )
    assert encoder.get_feature_names_out().tolist() == [*names, "b"]
    assert encoder.transform(table).shape == (ROWS, 1 + len(names))


@pytest.mark.parametrize("name", ["id", "PassengerId", "customer_id", "ID", "row id", "userID"])
def test_numbers_of_rows_are_left_out(name):
    table = pl.DataFrame({name: list(range(ROWS)), "b": COLUMNS["number"]})
    with pytest.warns(LeftOutColumnWarning, match="it numbers the rows"):
        assert FrameEncoder().fit(table).get_feature_names_out().tolist() == ["b"]
    assert len(FrameEncoder(numerical=[name]).fit(table).get_feature_names_out()) == 2


@pytest.mark.parametrize("name", ["grid", "paid", "idea", "width", "t"])
def test_other_columns_that_count_are_kept(name):
    table = pl.DataFrame({name: list(range(ROWS)), "b": COLUMNS["number"]})
    assert FrameEncoder().fit(table).get_feature_names_out().tolist() == [name, "b"]


def test_columns_can_be_chosen():
    table = changed("pandas", name=LONG, constant=[1] * ROWS)
    options = {"missing": "median", "max_one_hot": 3, "drop": ["constant", "whole"]}
    encoder = FrameEncoder(categorical=["name", 3], numerical=["yes"], **options).fit(table)
    kinds = dict(zip(table.columns, (t.kind for t in encoder.treatments_), strict=True))
    assert (kinds["name"], kinds["whole_gap"], kinds["yes"]) == ("category", "category", "number")
    assert "whole" not in encoder.get_feature_names_out()


# ------------------------------------------------------------------------------------------ bad input
BAD = {
    "missing values": (
        {},
        changed("polars"),
        (
            "X has 15 missing values (NaN) in 5 columns, first at row 3, column 'gap'.\n"
            "fit() needs finite numbers, and every value.\n"
            'Remove those rows, fill them (SimpleImputer), or pass missing="median".'
        ),
    ),
    "infinite values": (
        {},
        pd.DataFrame({"a": [1.0, np.inf, -np.inf]}),
        (
            "X has 2 infinite values, first at row 1, column 'a': inf.\n"
            "fit() needs finite numbers.\nRemove those rows, or clip them (np.clip)."
        ),
    ),
    "too large": (
        {},
        pd.DataFrame({"a": [1.0, 1e39]}),
        (
            "X has 1 value too large for float32, at row 1, column 'a': 1e+39.\n"
            "fit() needs finite numbers.\nRemove those rows, or clip them (np.clip)."
        ),
    ),
    "nothing to use": (
        {},
        pd.DataFrame({"a": [1, 1], "b": [2, 2]}),
        (
            "X has no column that FrameEncoder can use: 'a' (a single value), 'b' (a single value).\n"
            "fit() needs at least one."
        ),
    ),
    "an unknown column": (
        {"drop": ["colour"]},
        frame("pandas", {"color": [1, 2]}),
        "drop has 'colour', which is no column of X. Did you mean 'color'?",
    ),
    "a column too far": (
        {"drop": [2]},
        np.eye(2),
        "drop has 2; X has columns 0 to 1.",
    ),
    "two wishes": (
        {"drop": ["a"], "categorical": ["a"]},
        frame("pandas", {"a": [1, 2]}),
        "categorical and drop both list column 'a'.",
    ),
    "dates as categories": (
        {"categorical": ["a"]},
        frame("polars", {"a": COLUMNS["day"]}),
        (
            "column 'a' holds dates, which are no categories.\n"
            "Make them text, or leave the column out of categorical."
        ),
    ),
    "text as numbers": (
        {"numerical": ["a"]},
        frame("polars", {"a": ["1", "x"]}),
        (
            "column 'a' holds text, which is no number: '1'.\n"
            "Turn the column into numbers, or leave it out of numerical."
        ),
    ),
    "a bad word": (
        {"numeric": "robus"},
        np.eye(2),
        "FrameEncoder: unknown numeric 'robus'. Did you mean 'robust'?",
    ),
    "a bad limit": (
        {"max_one_hot": 0},
        np.eye(2),
        "FrameEncoder: max_one_hot must be a whole number of at least 1; got 0.",
    ),
    "a column alone": (
        {"drop": "a"},
        np.eye(2),
        "FrameEncoder: drop must be a list of columns, such as ['age']; got 'a'.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    options, X, message = BAD[case]
    with pytest.raises(GlassnetError) as found:
        FrameEncoder(**options).fit(X)
    assert str(found.value) == message


def test_the_face():
    assert gn.FrameEncoder is FrameEncoder
