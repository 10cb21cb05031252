"""Estimators that take data frames as they are: ``columns="auto"``."""

import copy
import json
import pickle
import runpy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from frame_data import COLUMNS, GIVEN, ROWS, TARGET, changed, frame
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, ModelFileError, UnknownNameError
from glassnet.files import read, write

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

AUTO = {"columns": "auto", "missing": "median", "random_state": 0}
SMALL = {**AUTO, "hidden_layer_sizes": 6, "max_iter": 4}
WORDS = ["yes" if one else "no" for one in TARGET]
EMBEDDED = gn.FrameEncoder(missing="mean", max_one_hot=2, categorical=["whole"])
ESTIMATORS = {
    "MLPClassifier": (gn.MLPClassifier(**SMALL), WORDS),
    "MLPClassifier with vectors": (gn.MLPClassifier(6, columns=EMBEDDED, max_iter=4, random_state=0), WORDS),
    "an ensemble": (gn.MLPClassifier(**SMALL, n_ensemble=2), WORDS),
    "MLPRegressor": (gn.MLPRegressor(**SMALL), COLUMNS["whole"]),
    "MLPRegressor of two": (gn.MLPRegressor(**SMALL), np.c_[COLUMNS["whole"], COLUMNS["number"]] * 1e5),
    "MLPRegressor of quantiles": (gn.MLPRegressor(**SMALL, quantiles=(0.1, 0.9)), COLUMNS["whole"]),
    "LinearClassifier": (gn.LinearClassifier(**AUTO, max_iter=4), WORDS),
    "NetworkClassifier": (gn.NetworkClassifier(**AUTO, epochs=3), WORDS),
    "NetworkRegressor": (gn.NetworkRegressor(**AUTO, epochs=3), COLUMNS["number"]),
    "HiddenFeatures": (gn.HiddenFeatures(gn.MLPClassifier(**SMALL)), WORDS),
}


def outputs(estimator, table):
    names = ("predict", "predict_proba", "decision_function", "transform")
    return [getattr(estimator, name)(table) for name in names if hasattr(estimator, name)]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(one).fit(frame("pandas"), y) for name, (one, y) in ESTIMATORS.items()}


# ------------------------------------------------------------------------------------------ fit and predict
@pytest.mark.parametrize("name", ESTIMATORS)
def test_pandas_and_polars_give_the_same_bits(name, fitted):
    estimator, y = ESTIMATORS[name]
    other = clone(estimator).fit(frame("polars"), y)
    expected = outputs(fitted[name], frame("pandas"))
    assert same(outputs(other, frame("polars")), expected)
    assert same(outputs(other, frame("pandas")), expected)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_fit_remembers_of_the_columns(name, fitted):
    assert fitted[name].feature_names_in_.tolist() == list(COLUMNS)
    assert fitted[name].n_features_in_ == len(COLUMNS)
    table = changed("polars", **dict.fromkeys(["color", "two"], ["never seen"] * ROWS))
    assert all(np.isfinite(found).all() for found in outputs(fitted[name], table) if found.dtype.kind == "f")


TARGETS = {
    "pandas texts": pd.Series(WORDS),
    "pandas categories": pd.Series(WORDS, dtype="category"),
    "polars texts": pl.Series(WORDS),
    "polars Enum": pl.Series(WORDS, dtype=pl.Enum(["yes", "no"])),
    "polars Categorical": pl.Series(WORDS, dtype=pl.Categorical),
    "polars booleans": pl.Series([word == "yes" for word in WORDS]),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets_as_series(case):
    estimator = gn.MLPClassifier(**SMALL).fit(frame("polars"), TARGETS[case])
    expected = [False, True] if "booleans" in case else ["no", "yes"]
    assert estimator.classes_.tolist() == expected
    assert set(estimator.predict(frame("polars")).tolist()) <= set(expected)
    assert 0 <= estimator.score(frame("pandas"), TARGETS[case]) <= 1


def test_the_validation_set_is_encoded_too():
    table, y = changed("pandas", color=["pink"] * ROWS), WORDS
    estimator = gn.MLPClassifier(**SMALL, early_stopping=True).fit(frame("polars"), y, X_val=table, y_val=y)
    assert len(estimator.validation_loss_curve_) == estimator.n_iter_


def test_partial_fit_and_warm_start_keep_the_encoder():
    estimator = gn.MLPClassifier(**SMALL).partial_fit(frame("pandas"), WORDS, classes=["no", "yes"])
    encoder = estimator.encoder_
    estimator.partial_fit(changed("polars", color=["pink"] * ROWS), WORDS)
    assert estimator.encoder_ is encoder
    warm = gn.MLPRegressor(**SMALL, warm_start=True).fit(frame("pandas"), COLUMNS["whole"])
    encoder = warm.encoder_
    assert warm.fit(changed("pandas", gap=[1.0] * ROWS), COLUMNS["whole"]).encoder_ is encoder


def test_wide_categories_are_embedded_in_the_network(fitted):
    network = fitted["MLPClassifier with vectors"].model_
    encoder = fitted["MLPClassifier with vectors"].encoder_
    assert network.layers[0].input_dims == tuple(encoder.embedding_sizes_) == (19, 4, 6)
    assert network.layers[0].output_dims == (8, 2, 3)
    assert "index" in network.source("predict", backend="numpy")
    assert not any(name.startswith("column_embedding") for name in fitted["MLPClassifier"].model_.parameters)


def test_every_category_has_a_column_where_nothing_embeds_it():
    table = {"a": [f"v{i % 20}" for i in range(60)], "b": list(range(60))}
    for one in (gn.LinearClassifier(**AUTO, max_iter=2), gn.NetworkClassifier(**AUTO, epochs=1)):
        encoder = one.fit(pl.DataFrame(table), [i % 2 for i in range(60)]).encoder_
        assert len(encoder.get_feature_names_out()) == 21
    assert gn.LinearClassifier(**AUTO, max_iter=2).fit(pl.DataFrame(table), table["b"]).coef_.shape == (
        60,
        21,
    )


def test_the_compiled_program_embeds_as_the_numpy_program_does():
    models = {
        backend: gn.MLPClassifier(
            6, columns=EMBEDDED, max_iter=4, dtype="float64", backend=backend, random_state=0
        ).fit(frame("pandas"), WORDS)
        for backend in ("numpy", "numba")
    }
    a, b = (model.predict_proba(frame("pandas")) for model in models.values())
    assert np.allclose(a, b, rtol=0, atol=1e-12)


def test_a_category_seen_in_fit_is_learned():
    table = {"a": [f"v{i % 40}" for i in range(400)]}
    y = [i % 40 % 3 for i in range(400)]
    options = {"columns": "auto", "learning_rate_init": 0.01, "tol": 0.01, "random_state": 0}
    estimator = gn.MLPClassifier(16, **options).fit(pl.DataFrame(table), y)
    assert estimator.score(pl.DataFrame(table), y) == 1


# ------------------------------------------------------------------------------------------ units of y
def test_targets_are_standardized_with_columns():
    y = np.array(COLUMNS["number"]) * 1e6 + 1e7
    small = gn.MLPRegressor(**SMALL).fit(frame("pandas"), COLUMNS["number"])
    large = gn.MLPRegressor(**SMALL).fit(frame("pandas"), y)
    assert np.allclose(large.predict(frame("pandas")), small.predict(frame("pandas")) * 1e6 + 1e7, rtol=1e-9)
    assert np.isclose(large.loss_, small.loss_)
    assert large.scale_target == "auto"


def test_targets_are_as_they_are_without():
    X, y = np.array([COLUMNS["number"]]).T, np.array(COLUMNS["whole"], float)
    options = {"max_iter": 4, "random_state": 0}
    plain = gn.MLPRegressor(**options).fit(X, y).predict(X)
    assert np.array_equal(gn.MLPRegressor(**options, scale_target=False).fit(X, y).predict(X), plain)
    assert not np.array_equal(gn.MLPRegressor(**options, scale_target=True).fit(X, y).predict(X), plain)


@pytest.mark.parametrize("options", [{}, {"quantiles": (0.1, 0.5, 0.9)}, {"n_ensemble": 2}])
def test_exported_programs_predict_in_the_units_of_y(options, tmp_path):
    X, y = np.array([COLUMNS["number"], COLUMNS["whole"]]).T, np.array(COLUMNS["whole"]) * 1e4
    regressor = gn.MLPRegressor(max_iter=3, random_state=0, scale_target=True, **options).fit(X, y)
    regressor.export(tmp_path / "program.py")
    program = runpy.run_path(str(tmp_path / "program.py"))
    assert np.allclose(np.ravel(program["predict"](X)), regressor.predict(X), rtol=1e-12)


def test_losses_of_other_units_keep_them():
    poisson = gn.MLPRegressor(**SMALL, loss="poisson").fit(frame("pandas"), COLUMNS["whole"])
    assert poisson._goal.spread == ()
    with pytest.raises(InputError) as found:
        clone(poisson).set_params(scale_target=True).fit(frame("pandas"), COLUMNS["whole"])
    assert str(found.value) == (
        "MLPRegressor: poisson depends on the units of y, so scale_target=True cannot be.\n"
        'Leave scale_target out, or use loss="squared_error".'
    )


# ------------------------------------------------------------------------------------------ arguments
WRONG = {
    "columns": ({"columns": "all"}, "MLPClassifier: unknown columns 'all'. Known names: auto."),
    "columns of numbers": (
        {"columns": 3},
        'MLPClassifier: columns must be None, "auto" or a FrameEncoder; got 3.',
    ),
    "missing": (
        {"columns": "auto", "missing": "mode"},
        "MLPClassifier: unknown missing 'mode'. Known names: error, mean, median.",
    ),
    "missing alone": (
        {"missing": "mean"},
        (
            "MLPClassifier: missing='mean' stands alone.\n"
            'Pass columns="auto" with it, which encodes the columns and fills what is missing.'
        ),
    ),
    "missing twice": (
        {"columns": gn.FrameEncoder(), "missing": "mean"},
        (
            "MLPClassifier: missing='mean' stands beside columns=FrameEncoder(...).\n"
            "Write columns=FrameEncoder(missing='mean')."
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(case):
    options, message = WRONG[case]
    with pytest.raises(GlassnetError) as found:
        gn.MLPClassifier(**options).fit(np.eye(4), [0, 1, 0, 1])
    assert str(found.value) == message


def test_the_same_errors_through_an_estimator():
    with pytest.raises(InputError, match=r"X has 15 missing values \(NaN\) in 5 columns, first at row 3"):
        gn.MLPClassifier(columns="auto").fit(frame("pandas"), TARGET)
    with pytest.raises(UnknownNameError, match=r"drop has 'x', which is no column of X\."):
        gn.MLPClassifier(columns=gn.FrameEncoder(missing="mean", drop=["x"])).fit(frame("pandas"), TARGET)


def test_numbers_alone_stay_as_they_were():
    X = np.array([COLUMNS["number"], COLUMNS["whole"]]).T
    plain, default = (gn.MLPClassifier(4, max_iter=3, random_state=0, **o) for o in ({}, {"columns": None}))
    assert same(outputs(plain.fit(X, TARGET), X), outputs(default.fit(X, TARGET), X))
    assert not hasattr(plain, "encoder_")


# ------------------------------------------------------------------------------------------ scikit-learn
def test_searches_pipelines_and_copies(fitted):
    search = GridSearchCV(
        gn.MLPClassifier(columns=gn.FrameEncoder(missing="median"), max_iter=3, random_state=0),
        {"columns__numeric": ["robust", "standard"]}, cv=2,
    ).fit(frame("pandas"), TARGET)  # fmt: skip
    assert search.best_params_["columns__numeric"] in ("robust", "standard")
    assert len(cross_val_score(gn.MLPClassifier(**SMALL), frame("pandas"), TARGET, cv=2)) == 2
    encoded = make_pipeline(
        gn.FrameEncoder(missing="median"), gn.MLPClassifier(4, max_iter=3, random_state=0)
    )
    assert encoded.fit(frame("polars"), TARGET).predict(frame("pandas")).shape == (ROWS,)
    for name, one in fitted.items():
        for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert same(outputs(twin, frame("polars")), outputs(one, frame("polars"))), name


def test_tags():
    tags = get_tags(gn.MLPClassifier(columns="auto", missing="median")).input_tags
    assert (tags.categorical, tags.allow_nan, tags.sparse) == (True, True, False)
    tags = get_tags(gn.MLPClassifier(columns=gn.FrameEncoder())).input_tags
    assert (tags.categorical, tags.allow_nan) == (True, False)
    tags = get_tags(gn.MLPClassifier()).input_tags
    assert (tags.categorical, tags.allow_nan, tags.sparse) == (False, False, True)


def test_hidden_features_of_a_frozen_estimator(fitted):
    features = gn.HiddenFeatures(FrozenEstimator(fitted["MLPClassifier"])).fit(frame("polars"), WORDS)
    assert features.transform(frame("pandas")).shape == (ROWS, 6)


# ------------------------------------------------------------------------------------------ files
@pytest.mark.parametrize("name", ESTIMATORS)
def test_files_bring_the_encoder_back(name, fitted, tmp_path):
    fitted[name].save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert repr(found) == repr(fitted[name])
    assert same(outputs(found, frame("polars")), outputs(fitted[name], frame("polars")))
    if hasattr(found, "partial_fit"):
        twins = [
            one.partial_fit(frame("pandas"), ESTIMATORS[name][1])
            for one in (found, copy.deepcopy(fitted[name]))
        ]
        assert same(*(outputs(one, frame("polars")) for one in twins))


@pytest.mark.parametrize("named", ["pandas", "polars"])
@pytest.mark.parametrize(
    "estimator", [gn.MLPClassifier((4,), max_iter=2, columns="auto"), gn.NetworkClassifier(epochs=1)]
)
def test_files_bring_the_name_of_the_target_back(named, estimator, tmp_path):
    table = {"a": [1.0, 2.0, 4.0, 3.0]}
    y = {"pandas": pd.Series([0, 1, 1, 0], name="kept"), "polars": pl.Series("kept", [0, 1, 1, 0])}[named]
    fitted = clone(estimator).fit(frame(named, table), y)
    fitted.save(tmp_path / "a.safetensors")
    assert (fitted.target_name_, gn.load(tmp_path / "a.safetensors").target_name_) == ("kept", "kept")
    fitted.fit(frame(named, table), np.array([0, 1, 1, 0])).save(tmp_path / "a.safetensors")
    assert not hasattr(gn.load(tmp_path / "a.safetensors"), "target_name_")


@pytest.mark.parametrize("options", [{}, {"numeric": "standard", "dates": "number", "max_one_hot": None}])
def test_files_of_encoders(options, tmp_path):
    encoder = gn.FrameEncoder(missing="mean", categorical=["whole"], **options)
    encoder.save(tmp_path / "new.safetensors")
    assert repr(gn.load(tmp_path / "new.safetensors")) == repr(encoder)
    encoder.fit(frame("pandas")).save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert found.treatments_ == encoder.treatments_
    assert (found.describe(), found.embedding_sizes_) == (encoder.describe(), encoder.embedding_sizes_)
    assert np.array_equal(found.transform(frame("polars")), encoder.transform(frame("polars")))


@pytest.fixture(scope="module")
def parts(tmp_path_factory, fitted):
    path = tmp_path_factory.mktemp("files") / "a.safetensors"
    table = {name: COLUMNS[name] for name in ("gap", "color", "whole", "yes")}
    estimator = gn.MLPClassifier(3, columns=EMBEDDED, max_iter=2, random_state=0)
    estimator.fit(frame("pandas", table), WORDS).save(path)
    return read(path)


ENCODER = ("estimator", "fitted", "encoder", "estimator", "fitted")
CATEGORIES = (*ENCODER, "treatments", 1, "config")
DAMAGE = {
    "a scale that is text": ((*ENCODER, "treatments", 0, "config", "scale"), "1"),
    "a scale that is NaN": ((*ENCODER, "treatments", 0, "config", "scale"), {"float": "nan"}),
    "a fill that is an array": ((*ENCODER, "treatments", 0, "config", "fill"), {"array": "arrays/0"}),
    "an indicator that is no flag": ((*ENCODER, "treatments", 0, "config", "indicator"), 1),
    "an unknown kind": ((*ENCODER, "treatments", 0, "config", "kind"), "code"),
    "an unknown treatment": ((*ENCODER, "treatments", 0, "object"), "treatment/Eval"),
    "another object": ((*ENCODER, "treatments", 0), {"object": "regularizer/L2", "config": {"l2": 1.0}}),
    "a treatment too few": ((*ENCODER, "treatments"), []),
    "categories out of order": ((*CATEGORIES, "values"), {"tuple": ["red", "green", "blue"]}),
    "categories twice": ((*CATEGORIES, "values"), {"tuple": ["blue", "blue", "red"]}),
    "no categories": ((*CATEGORIES, "values"), {"tuple": []}),
    "categories of two kinds": ((*CATEGORIES, "values"), {"tuple": ["blue", 3]}),
    "categories that are lists": ((*CATEGORIES, "values"), {"tuple": [["a"], ["b"]]}),
    "categories that are objects": ((*CATEGORIES, "values"), {"tuple": [{"function": "numpy/exp"}]}),
    "more categories than vectors": ((*CATEGORIES, "values"), {"tuple": ["a", "b", "c", "d"]}),
    "columns of another name": ((*ENCODER, "names"), ["gap", "color", "whole", "no"]),
    "columns without a name": ((*ENCODER, "names"), None),
    "no encoder": (("estimator", "fitted", "encoder"), None),
    "an encoder that is not fitted": ((*ENCODER,), None),
    "another estimator": (("estimator", "fitted", "encoder", "estimator", "name"), "HiddenFeatures"),
    "vectors for another count": (
        ("estimator", "fitted", "networks", 0, "model", "model", "layers", 0, "config", "input_dims"),
        {"tuple": [3, 19]},
    ),
}


def damaged(document, place, value):
    found = copy.deepcopy(document)
    *way, last = place
    part = found
    for step in way:
        part = part[step]
    assert last in part if isinstance(part, dict) else last < len(part)
    part[last] = value
    return found


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused(case, parts, tmp_path):
    document, tensors = parts
    write(tmp_path / "a.safetensors", damaged(document, *DAMAGE[case]), tensors)
    with pytest.raises(ModelFileError):
        gn.load(tmp_path / "a.safetensors")


def places(value, way=()):
    if isinstance(value, dict | list):
        for step, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*way, step))
    else:
        yield way


def test_every_value_of_the_encoder_replaced_is_refused_or_harmless(parts, tmp_path):
    """Whatever stands there: an estimator comes out that predicts, or one error."""
    document, tensors = parts
    table = frame("polars")
    loaded = refused = 0
    for place in places(json.loads(json.dumps(document["estimator"]["fitted"]["encoder"]))):
        for value in (None, -1, 1e300, "relu", [], {}, True):
            where = ("estimator", "fitted", "encoder", *place)
            write(tmp_path / "a.safetensors", damaged(document, where, value), tensors)
            try:
                found = gn.load(tmp_path / "a.safetensors")
            except ModelFileError:
                refused += 1
                continue
            loaded += 1
            try:
                found.predict(table)
            except GlassnetError:  # such as a column of another name
                continue
    assert refused > 150
    assert loaded > 10


@pytest.mark.parametrize("units", [None, [], [[1.0]], [[1.0], [0.0]], [["a"], [1.0]], [[1.0] * 2] * 2, 3])
def test_damaged_units_are_refused(units, fitted, tmp_path):
    fitted["MLPRegressor"].save(tmp_path / "a.safetensors")
    document, tensors = read(tmp_path / "a.safetensors")
    write(tmp_path / "a.safetensors", damaged(document, ("estimator", "fitted", "units"), units), tensors)
    with pytest.raises(ModelFileError):
        gn.load(tmp_path / "a.safetensors")


def test_libraries():
    assert set(GIVEN) == {"pandas", "polars"}
