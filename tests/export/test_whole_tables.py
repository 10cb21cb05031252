"""Estimators of data frames: the columns of a table go in as they are, in ONNX, NumPy and C."""

from __future__ import annotations

import datetime as dt
import runpy

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skl2onnx
from c_compiler import OPTIMIZED, SANITIZED, Case, assert_close, run_all
from onnx_runs import assert_near, session
from sklearn.base import clone

import glassnet as gn
from frames.frame_data import COLUMNS, ROWS, TARGET
from glassnet.errors import GlassnetError, InputError
from glassnet.estimators import exporting
from glassnet.export.c import c_program, in_c
from glassnet.export.inference import inference_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"max_iter": 3, "random_state": 0}
MANY = gn.FrameEncoder(missing="median", max_one_hot=3, categorical=["whole"])
STANDARD = gn.FrameEncoder(missing="mean", numeric="standard", drop=["day"])
WORDS = np.array(["no", "yes"], object)[TARGET]
ESTIMATORS = {
    "one-hot": (gn.MLPClassifier(**SMALL, columns="auto", missing="median"), WORDS),
    "vectors": (gn.MLPClassifier(**SMALL, columns=MANY, batch_norm=True), TARGET),
    "float32": (gn.MLPClassifier(**SMALL, columns=MANY, dtype="float32"), TARGET),
    "numbers": (gn.MLPRegressor(**SMALL, columns=STANDARD, scale_target=True), COLUMNS["number"]),
    "two networks": (
        gn.MLPRegressor(**SMALL, columns=MANY, n_ensemble=2, dtype="float32"),
        COLUMNS["number"],
    ),
    "a network": (gn.NetworkClassifier(epochs=2, random_state=0, columns=STANDARD), WORDS),
    "linear": (gn.LinearClassifier(**SMALL, columns="auto", missing="median"), WORDS),
    "three networks": (gn.MLPClassifier(**SMALL, columns=MANY, n_ensemble=3), WORDS),
    "a network of numbers": (
        gn.NetworkRegressor(epochs=2, random_state=0, columns=STANDARD),
        COLUMNS["number"],
    ),
    "hidden features": (gn.HiddenFeatures(gn.MLPClassifier((5,), **SMALL, columns=MANY)), TARGET),
}


def some(values, *others):
    """The first values, a missing one, and others."""
    return [*values[:3], None, *others]


# What a table of other rows holds: values like those of fit, missing ones, and some that fit has not seen.
ROWS_TO_PREDICT = {
    **{name: some(values, values[3], values[5]) for name, values in COLUMNS.items()},
    "number": some(COLUMNS["number"], -7.25, 1e6),
    "whole": some(COLUMNS["whole"], 1234, COLUMNS["whole"][5]),
    "color": some(COLUMNS["color"], "violet", "red"),
    "color_gap": some(COLUMNS["color_gap"], "violet", "gray"),
    "moment": some(COLUMNS["moment"], dt.datetime(2024, 2, 29, 23, 59), dt.datetime(1969, 12, 31, 1)),
    "day": some(COLUMNS["day"], dt.date(2000, 1, 1), dt.date(2100, 3, 1)),
}  # fmt: skip
SIZE = len(ROWS_TO_PREDICT["number"])
EPOCH = dt.datetime(1970, 1, 1)


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request):
    estimator, y = ESTIMATORS[request.param]
    return clone(estimator).fit(pd.DataFrame(COLUMNS), y)


def expected(estimator):
    """Output's name → what the estimator answers."""
    table = pl.DataFrame(ROWS_TO_PREDICT, strict=False)
    if hasattr(estimator, "transform"):
        return {"variable": estimator.transform(table)}
    if hasattr(estimator, "classes_"):
        return {"label": estimator.predict(table), "probabilities": estimator.predict_proba(table)}
    return {"variable": estimator.predict(table)[:, None]}


def plain(value):
    """A value as files take it: days since 1970, seconds, or what it is."""
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
        return (moment - EPOCH) / dt.timedelta(days=1)
    return value


def as_input(value, kind):
    values = [plain(v) for v in ROWS_TO_PREDICT[value]]
    if kind == "tensor(string)":
        return np.array([["" if v is None else v] for v in values], object)
    return np.array([[np.nan if v is None else v] for v in values], float)


def test_onnx_takes_the_columns(fitted):
    opened = session(gn.export.to_onnx(fitted))
    names = [x.name for x in opened.get_inputs()]
    assert set(names) <= set(COLUMNS)
    assert "tensor(string)" in {x.type for x in opened.get_inputs()}
    found = opened.run(None, {x.name: as_input(x.name, x.type) for x in opened.get_inputs()})
    wanted = expected(fitted)
    assert [x.name for x in opened.get_outputs()] == list(wanted)
    for array, (name, answer) in zip(found, wanted.items(), strict=True):
        if name == "label":
            np.testing.assert_array_equal(array, answer)
        else:
            assert_near(array, answer, name)


@pytest.mark.parametrize("as_frame", [pl.DataFrame, pd.DataFrame, dict])
def test_numpy_modules_take_tables(fitted, as_frame, tmp_path):
    module = runpy.run_path(str(gn.export.to_numpy(fitted, str(tmp_path / "module.py"))))
    table = as_frame(pl.DataFrame(ROWS_TO_PREDICT, strict=False).to_dict(as_series=False))
    wanted = expected(fitted)
    if "label" in wanted:
        np.testing.assert_array_equal(module["predict"](table), wanted["label"])
        likely = module["predict_proba"](table)
        np.testing.assert_allclose(likely, wanted["probabilities"], rtol=0, atol=np.finfo(likely.dtype).eps)
    elif hasattr(fitted, "transform"):
        np.testing.assert_array_equal(module["transform"](table), wanted["variable"])
    else:
        np.testing.assert_array_equal(module["predict"](table), wanted["variable"][:, 0])


def test_numpy_modules_make_the_same_features(fitted, tmp_path):
    module = runpy.run_path(str(gn.export.to_numpy(fitted, str(tmp_path / "module.py"))))
    table = pl.DataFrame(ROWS_TO_PREDICT, strict=False)
    found = module["features"](module["numbers"](table), **module["FEATURES"])
    encoder = fitted.estimator_.encoder_ if hasattr(fitted, "transform") else fitted.encoder_
    np.testing.assert_array_equal(found, encoder.transform(table))


def test_numpy_modules_take_the_values_of_one_row(tmp_path):
    estimator, y = ESTIMATORS["one-hot"]
    fitted = clone(estimator).fit(pd.DataFrame(COLUMNS), y)
    module = runpy.run_path(str(gn.export.to_numpy(fitted, str(tmp_path / "module.py"))))
    row = {name: values[0] for name, values in COLUMNS.items()}
    likely = fitted.predict_proba(pd.DataFrame(COLUMNS)[:1])
    np.testing.assert_array_equal(module["predict_proba"](row), likely)
    with pytest.raises(TypeError, match="made for a data frame, or a dict of columns by their names"):
        module["predict"](np.zeros((2, 12)))


def shipped_in_c(name, estimator, y):
    """A C program, what it is to answer, and how near."""
    fitted = clone(estimator).fit(pd.DataFrame(COLUMNS), y)
    inference, wanted = inference_of(fitted), expected(fitted)
    given = {"predict": wanted.get("variable")}
    if "label" in wanted:
        table = fitted.encoder_.transform(pl.DataFrame(ROWS_TO_PREDICT, strict=False))
        several = getattr(fitted, "estimators_", [])  # they have the mean of their probabilities in common
        given = {
            "predict": wanted["probabilities"] if several else fitted.model_.predict(table),
            "label": np.searchsorted(fitted.classes_.astype(str), wanted["label"].astype(str)),
            "probabilities": wanted["probabilities"],
        }
    columns = [list(map(plain, ROWS_TO_PREDICT[column.name])) for column in inference.preparation.columns]
    texts = c_program(in_c(inference), name, f"{name}.h")
    tolerance = 1e-12 if inference.dtype == np.float64 else 3e-6
    return Case(name, *texts, [inference.preparation.numbers(columns)], given), tolerance


@pytest.mark.parametrize("flags", [OPTIMIZED, SANITIZED], ids=["optimized", "sanitized"])
def test_c_takes_places_of_categories(flags, tmp_path):
    without_dates = gn.FrameEncoder(missing="median", drop=["day", "moment"])
    single = gn.MLPRegressor(**SMALL, columns=without_dates, dtype="float32", scale_target=True)
    every = [*ESTIMATORS.values(), (single, COLUMNS["number"])]
    cases = [shipped_in_c(f"network_{i}", *one) for i, one in enumerate(every)]
    assert "const float *X" in cases[-1][0].header
    run_all([case for case, _ in cases], tmp_path, flags)
    for case, tolerance in cases:
        for suffix, found in case.found.items():
            assert_close(found, case.expected[suffix.removesuffix("_rows")], tolerance, least=0.1)


@pytest.mark.parametrize(("dtype", "found"), [(None, "double"), ("float32", "float")])
def test_dates_are_doubles_unless_asked(dtype, found, tmp_path):
    estimator, y = ESTIMATORS["float32"]
    gn.export.to_c(clone(estimator).fit(pd.DataFrame(COLUMNS), y), tmp_path / "net.c", dtype=dtype)
    assert f"net_predict(const {found} *X" in (tmp_path / "net.h").read_text()


def test_what_a_header_says_of_the_columns():
    estimator, y = ESTIMATORS["one-hot"]
    table = {
        "size": COLUMNS["gap"],
        "color": COLUMNS["color"],
        "name": [f"n{i}" for i in range(ROWS - 1)] + [None],
    }
    with pytest.warns(UserWarning, match="nearly all values differ"):
        fitted = clone(estimator).fit(pd.DataFrame({**table, "day": COLUMNS["day"]}), y)
    header = c_program(inference_of(fitted), "net", "net.h").header
    assert [line for line in header.splitlines() if line.startswith("/* X[")] == [
        "/* X[0]: size */",
        "/* X[1]: color: 1 for 'blue', 2 for 'green', 3 for 'red', 0 for others */",
        "/* X[2]: name: 0; it only counts whether it is missing */",
        "/* X[3]: day, in days since 1970-01-01 */",
    ]
    assert "/* NAN stands for a missing value. */" in header
    assert "extern const char *const net_values_1[3];" in header


def test_an_empty_text_that_is_a_category_is_no_missing_value():
    table = {"a": ["", "x", None, "y"] * 6, "b": COLUMNS["number"]}
    fitted = clone(ESTIMATORS["one-hot"][0]).fit(pl.DataFrame(table), TARGET)
    opened = session(gn.export.to_onnx(fitted))
    given = {"a": np.array([[""], ["x"], ["?"]], object), "b": np.array([[1.0], [np.nan], [2.0]])}
    rows = pl.DataFrame({"a": ["", "x", "?"], "b": [1.0, None, 2.0]})
    assert_near(opened.run(["probabilities"], given)[0], fitted.predict_proba(rows))


def test_columns_may_have_any_name():
    table = {"label": COLUMNS["number"], "probabilities": COLUMNS["color"], "größe; rm -rf": COLUMNS["whole"]}
    fitted = clone(ESTIMATORS["one-hot"][0]).fit(pd.DataFrame(table), WORDS)
    opened = session(gn.export.to_onnx(fitted))
    assert [x.name for x in opened.get_inputs()] == ["label_2", "probabilities_2", "größe; rm -rf"]
    assert "rm -rf" not in c_program(inference_of(fitted), "net", "net.h").source


def test_arrays_of_columns_that_have_no_names():
    X = np.array([["a", 1.5], ["b", None], ["a", 2.5], ["c", 0.5]], object)
    fitted = clone(ESTIMATORS["one-hot"][0]).fit(X, [0, 1, 1, 0])
    opened = session(gn.export.to_onnx(fitted))
    assert [(x.name, x.type) for x in opened.get_inputs()] == [
        ("x0", "tensor(string)"),
        ("x1", "tensor(double)"),
    ]


# ------------------------------------------------------------------------------------------ refused
def test_pipelines_cannot_hand_over_tables():
    gn.export.register_skl2onnx()
    fitted = clone(ESTIMATORS["one-hot"][0]).fit(np.array(COLUMNS["number"])[:, None], TARGET)
    with pytest.raises(InputError) as caught:
        skl2onnx.to_onnx(fitted, np.zeros((1, 1), np.float32))
    assert str(caught.value) == (
        "MLPClassifier with columns=... reads a table, which skl2onnx cannot hand it.\n"
        "Export it alone: gn.export.to_onnx(estimator, path)."
    )


def test_encoders_alone_are_not_exported():
    with pytest.raises(InputError) as caught:
        gn.export.to_onnx(gn.FrameEncoder().fit(pd.DataFrame({"a": [1.0, 2.0]})))
    assert str(caught.value) == (
        "FrameEncoder alone is not exported, but an estimator with columns=FrameEncoder(...) is,\n"
        "with what the encoder does. Or keep it in a model file: save()."
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_scale_of_the_target_is_noticed(monkeypatch, dtype):
    """Answers in other units must not pass for rounding, whatever the graph itself says."""
    X = np.linspace(-1, 1, 40)[:, None]
    regressor = gn.MLPRegressor(**SMALL, scale_target=True, dtype=dtype).fit(X, 1000 + 300 * X[:, 0])
    gn.export.to_onnx(regressor)
    monkeypatch.setattr(exporting, "central", lambda goal, targets, scores: scores)
    with pytest.raises(GlassnetError) as caught:
        gn.export.to_onnx(regressor)
    assert str(caught.value).startswith("MLPRegressor: onnxruntime answers ")
