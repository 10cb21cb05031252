"""Frames that differ from those of fit: what is handled, what is refused; for pandas and for polars."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from frame_data import COLUMNS, GIVEN, ROWS, TARGET, changed, frame

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"missing": "median", "max_one_hot": 3, "categorical": ["whole"]}


@pytest.fixture(scope="module", params=GIVEN)
def library(request):
    return request.param


@pytest.fixture(scope="module")
def encoder(library):
    return gn.FrameEncoder(**OPTIONS).fit(frame(library))


@pytest.fixture(scope="module")
def classifier(library):
    columns = gn.FrameEncoder(**OPTIONS)
    return gn.MLPClassifier((8,), columns=columns, max_iter=5, random_state=0).fit(frame(library), TARGET)


def features(encoder, table):
    """The encoded table by the names of its features."""
    found = encoder.transform(table)
    return dict(zip(encoder.get_feature_names_out().tolist(), found.T, strict=True))


# ------------------------------------------------------------------------------------------ handled
def test_columns_in_another_order_and_more_of_them(encoder, classifier, library):
    table = frame(library, {"new": [1] * ROWS, **dict(reversed(COLUMNS.items())), "more": ["x"] * ROWS})
    assert np.array_equal(encoder.transform(table), encoder.transform(frame(library)))
    assert np.array_equal(classifier.predict_proba(table), classifier.predict_proba(frame(library)))


def test_frames_of_the_other_library(encoder, classifier, library):
    (other,) = set(GIVEN) - {library}
    assert np.array_equal(encoder.transform(frame(other)), encoder.transform(frame(library)))
    assert np.array_equal(classifier.predict(frame(other)), classifier.predict(frame(library)))


def test_unknown_categories(encoder, classifier, library):
    table = changed(library, color=["violet"] * ROWS, two=["x"] * ROWS, whole=[-77] * ROWS)
    found = features(encoder, table)
    for name in ("color_blue", "color_green", "color_red", "two_m", "whole"):
        assert not found[name].any(), name
    assert np.isfinite(classifier.predict_proba(table)).all()


def test_the_vector_of_unknown_categories_is_zero(classifier):
    for table in map(np.asarray, classifier.model_.layers[0].tables):
        assert not table[0].any()
        assert table[1:].any(axis=1).all()


SAME_VALUES = {
    "whole numbers as floats": {"number": [round(v) for v in COLUMNS["number"]]},
    "small integers": {"whole": "int8"},
    "floats for categories of whole numbers": {"whole": "float64"},
    "float32": {"wait": None},
    "booleans as 0 and 1": {"yes": [int(v) for v in COLUMNS["yes"]]},
    "categories": {"color": "category"},
    "dates with a time": {"day": [dt.datetime.combine(v, dt.time()) for v in COLUMNS["day"]]},
    "one row": {},
}


def cast(library, name, kind):
    polars = {"int8": pl.Int8, "float64": pl.Float64, "category": pl.Categorical}
    values = COLUMNS[name]
    return pd.Series(values, dtype=kind) if library == "pandas" else pl.Series(values, dtype=polars[kind])


@pytest.mark.parametrize("case", [case for case in SAME_VALUES if case not in ("float32", "one row")])
def test_other_types_with_the_same_values(encoder, library, case):
    plain = {k: v for k, v in SAME_VALUES[case].items() if not isinstance(v, str)}
    other = {k: cast(library, k, v) for k, v in SAME_VALUES[case].items() if isinstance(v, str)}
    expected = frame(library)
    if case.startswith("whole"):
        expected = changed(library, number=[float(v) for v in plain["number"]])
    found = encoder.transform(changed(library, **plain, **other))
    assert np.array_equal(found, encoder.transform(expected))


def test_one_row_alone(encoder, classifier, library):
    first = frame(library)[:1]
    assert np.array_equal(encoder.transform(first), encoder.transform(frame(library))[:1])
    assert classifier.predict(first).shape == (1,)


def test_missing_values_in_every_column(encoder, classifier, library):
    table = frame(library, {name: [None] for name in COLUMNS})
    found = features(encoder, table)
    assert (found["gap_missing"], found["gap"], found["color_gap"]) == (1, 0, 5)
    assert not any(found[name] for name in found if name not in ("color_gap",) and "_missing" not in name)
    assert np.isfinite(classifier.predict_proba(table)).all()


# ------------------------------------------------------------------------------------------ refused
REFUSED = {
    "columns that are not there": (
        {"color": None, "gap": None}, InputError,
        ("X lacks 2 columns that fit() saw: 'gap', 'color'.\n"
        "{where} finds columns by their names, in any order.\nAdd what is missing."),
    ),
    "a column of another name": (
        {"color": None, "colour": COLUMNS["color"]}, InputError,
        ("X lacks 1 column that fit() saw: 'color'.\n"
        "{where} finds columns by their names, in any order.\nIt has 'colour', which fit() did not see."),
    ),
    "numbers as text": (
        {"number": ["1.5"] * ROWS}, InputTypeError,
        ("X has text in column 'number', first at row 0: '1.5'.\n"
        "{where} needs numbers there, as at fit.\n"
        "Turn the column into numbers (pandas.to_numeric, polars' cast)."),
    ),
    "text as numbers": (
        {"color": list(range(ROWS))}, InputTypeError,
        ("X has numbers in column 'color', first at row 0: 0.\n"
        "{where} needs text there, as at fit.\n"
        "Convert the column, or fit again with the kind of values that it has now."),
    ),
    "categories of numbers as text": (
        {"whole": [None, *map(str, COLUMNS["whole"][1:])]}, InputTypeError,
        (f"X has text in column 'whole', first at row 1: '{COLUMNS['whole'][1]}'.\n"
        "{where} needs numbers there, as at fit.\n"
        "Turn the column into numbers (pandas.to_numeric, polars' cast)."),
    ),
    "dates as text": (
        {"day": ["2020-01-01"] * ROWS}, InputTypeError,
        ("X has text in column 'day', first at row 0: '2020-01-01'.\n"
        "{where} needs dates there, as at fit.\n"
        "Read the text as times (pandas.to_datetime, polars' str.to_datetime)."),
    ),
    "durations as numbers": (
        {"wait": [3.5] * ROWS}, InputTypeError,
        ("X has numbers in column 'wait', first at row 0: 3.5.\n"
        "{where} needs durations there, as at fit.\n"
        "Convert the column, or fit again with the kind of values that it has now."),
    ),
    "booleans as text": (
        {"yes": ["no", "yes"] * (ROWS // 2)}, InputTypeError,
        ("X has text in column 'yes', first at row 0: 'no'.\n"
        "{where} needs booleans there, as at fit.\n"
        "Convert the column, or fit again with the kind of values that it has now."),
    ),
    "an infinite number": (
        {"number": [1.0, float("-inf")] * (ROWS // 2)}, InputError,
        (f"X has {ROWS // 2} infinite values, first at row 1, column 'number': -inf.\n"
        "{where} needs finite numbers.\nRemove those rows, or clip them (np.clip)."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(encoder, classifier, library, case):
    columns, error, message = REFUSED[case]
    for method, where in ((encoder.transform, "transform()"), (classifier.predict, "predict()")):
        with pytest.raises(error) as found:
            method(changed(library, **columns))
        assert str(found.value) == message.format(where=where)


def test_missing_values_are_refused_unless_asked_for(library):
    known = {name: COLUMNS[name] for name in ("number", "color")}
    encoder = gn.FrameEncoder().fit(frame(library, known))
    with pytest.raises(InputError) as found:
        encoder.transform(frame(library, {**known, "color": ["red"] * 5 + [None] * (ROWS - 5)}))
    assert str(found.value) == (
        f"X has {ROWS - 5} missing values (NaN), first at row 5, column 'color'.\n"
        "transform() needs finite numbers, and every value.\n"
        'Remove those rows, fill them (SimpleImputer), or pass missing="median".'
    )


def test_columns_that_are_left_out_may_hold_anything(library):
    encoder = gn.FrameEncoder(drop=["color"]).fit(frame(library, {"a": [1, 2], "color": [1, 2]}))
    assert encoder.transform(frame(library, {"a": [1, 2], "color": ["x", None]})).shape == (2, 1)


def test_columns_that_are_left_out_may_be_missing(library):
    table = {"a": [1.0, 2.0, 3.0], "color": ["x", "y", "z"], "id": [7, 8, 9]}
    encoder = gn.FrameEncoder(drop=["color", "id"]).fit(frame(library, table))
    found = encoder.transform(frame(library, {"a": [3.0, 1.0]}))
    assert np.array_equal(found, encoder.transform(frame(library, table))[[2, 0]])


def test_arrays_and_frames_in_turn(library):
    table = frame(library, {"a": [1.0, 2.0, 4.0], "b": [0.0, 5.0, 6.0]})
    array = np.asarray(table)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but FrameEncoder was fitted"):
        assert np.array_equal(
            gn.FrameEncoder().fit(table).transform(array), gn.FrameEncoder().fit_transform(array)
        )
    with pytest.warns(UserWarning, match="X has feature names, but FrameEncoder was fitted without"):
        gn.FrameEncoder().fit(array).transform(table)
    with pytest.raises(
        ShapeError, match="X has 1 features, but FrameEncoder is expecting 2 features as input"
    ):
        gn.FrameEncoder().fit(array).transform(array[:, :1])


def test_nothing_is_changed(library):
    table, again = frame(library), frame(library)
    gn.FrameEncoder(**OPTIONS).fit(table).transform(table)
    assert table.equals(again)


def test_every_error_is_one_of_ours():
    assert all(issubclass(error, GlassnetError) for _, error, _ in REFUSED.values())
