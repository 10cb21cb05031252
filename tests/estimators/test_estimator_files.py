"""Estimators as model files: what comes back predicts and trains on, bit for bit; damage is refused."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

import glassnet as gn
from glassnet.errors import ModelFileError
from glassnet.files import read, write

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
WORDS = np.array(["x", "y", "z"])[Y]
OBJECTS = WORDS.astype(object)
SMALL = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0}


def build(inputs, outputs, units=6, loss="softmax_cross_entropy"):
    model = gn.Sequential([gn.layers.Dense(units, "relu"), gn.layers.Dense(outputs)])
    model.compile(gn.optimizers.Adam(0.02), loss)
    return model


ESTIMATORS = {
    "classes": (gn.MLPClassifier(**SMALL), Y),
    "words": (gn.MLPClassifier(**SMALL), WORDS),
    "objects": (gn.MLPClassifier(**SMALL), OBJECTS),
    "bool": (gn.MLPClassifier(**SMALL), Y > 0),
    "yes or no": (gn.MLPClassifier(**SMALL), np.c_[Y == 0, Y > 1].astype(int)),
    "several labels": (gn.MLPClassifier(**SMALL), np.c_[Y, Y > 0]),
    "every argument": (
        gn.MLPClassifier(
            **SMALL, activation=["relu", "silu"], dropout=[0.1, 0.2], batch_norm=True, l1=0.1, max_norm=2.0,
            kernel_initializer="he_normal", class_weight={0: 2.0},
            learning_rate=gn.schedules.CosineDecay(0.1, 9), n_ensemble=3, dtype="float32",
        ),
        Y,
    ),
    "early stopping": (gn.MLPClassifier(**SMALL, early_stopping=True), Y),
    "an optimizer": (gn.MLPClassifier(**SMALL, solver=gn.optimizers.Lion(0.01)), Y),
    "lbfgs": (gn.MLPClassifier(**SMALL, solver="lbfgs"), Y),
    "hinge": (gn.MLPClassifier(**SMALL, loss="hinge"), Y),
    "numbers": (gn.MLPRegressor(**SMALL), X[:, 0]),
    "two numbers": (gn.MLPRegressor(**SMALL, loss=gn.losses.Huber(0.5)), X[:, :2]),
    "quantiles": (gn.MLPRegressor(**SMALL, quantiles=(0.1, 0.9)), X[:, 0]),
    "poisson": (gn.MLPRegressor(**SMALL, loss="poisson"), Y),
    "normal": (gn.MLPRegressor(**SMALL, loss="gaussian_nll"), X[:, 0]),
    "linear": (gn.LinearClassifier("multiclass_hinge", max_iter=5, random_state=0), Y),
    "network": (gn.NetworkClassifier(epochs=3, random_state=0), WORDS),
    "network of numbers": (gn.NetworkRegressor(epochs=3, random_state=0), X[:, :2]),
}  # fmt: skip


def same(a, b):
    if isinstance(a, list):
        return all(map(same, a, b))
    return type(a) is type(b) and (np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b)


def outputs(estimator):
    names = ("predict", "predict_proba", "decision_function", "transform")
    return [getattr(estimator, name)(X) for name in names if hasattr(estimator, name)]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_what_comes_back_is_the_same(kind, tmp_path):
    estimator, y = ESTIMATORS[kind]
    fitted = clone(estimator).fit(X, y)
    fitted.save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert repr(found) == repr(fitted)
    assert same(outputs(found), outputs(fitted))
    kept = {n for n in [*vars(fitted), *dir(type(fitted))] if n.endswith("_") and not n.startswith("_")}
    kept -= {"model_", "_goal", "estimators_", "history_"}
    for name in kept:
        assert same(getattr(found, name), getattr(fitted, name)), name
    assert found.score(X, y) == fitted.score(X, y)


@pytest.mark.parametrize("kind", [k for k in ESTIMATORS if k not in ("lbfgs", "early stopping")])
def test_training_goes_on_where_it_was(kind, tmp_path):
    estimator, y = ESTIMATORS[kind]
    fitted = clone(estimator).fit(X, y)
    fitted.save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    for one in (fitted, found):
        one.partial_fit(X, y).partial_fit(X, y)
    assert same(outputs(found), outputs(fitted))
    assert found.loss_curve_ == fitted.loss_curve_


def test_an_estimator_that_is_not_fitted(tmp_path):
    gn.MLPClassifier(**SMALL).save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert repr(found) == repr(gn.MLPClassifier(**SMALL))
    assert found.fit(X, Y).score(X, Y) == gn.MLPClassifier(**SMALL).fit(X, Y).score(X, Y)


def test_hidden_features(tmp_path):
    features = gn.HiddenFeatures(gn.MLPClassifier(**SMALL), layer=0).fit(X, Y)
    features.save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert same(outputs(found), outputs(features))
    assert same(found.get_feature_names_out(), features.get_feature_names_out())


def test_names_of_columns(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    gn.MLPClassifier(**SMALL).fit(frame, Y).save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert found.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        found.predict(frame.rename(columns={"a": "z"}))


def test_a_function_of_ones_own_must_be_handed_over(tmp_path):
    gn.NetworkClassifier(build, epochs=2, units=5, random_state=0).fit(X, Y).save(tmp_path / "a.safetensors")
    with pytest.raises(ModelFileError, match="build"):
        gn.load(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors", custom={"build": build})
    assert found.get_params()["units"] == 5


def test_callbacks_and_generators_are_not_kept(tmp_path):
    callback = gn.callbacks.LambdaCallback()
    generator = np.random.default_rng(0)
    fitted = gn.MLPClassifier(max_iter=2, callbacks=[callback], random_state=generator).fit(X, Y)
    fitted.save(tmp_path / "a.safetensors")
    found = gn.load(tmp_path / "a.safetensors")
    assert (found.callbacks, found.random_state) == (None, None)
    assert same(outputs(found), outputs(fitted))


def test_a_subclass_cannot_be_stored(tmp_path):
    class Mine(gn.MLPClassifier):
        pass

    with pytest.raises(ModelFileError, match=r"Mine is a class of its own"):
        Mine(max_iter=2).fit(X, Y).save(tmp_path / "a.safetensors")


# ------------------------------------------------------------------------------------------ damage
@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "a.safetensors"
    gn.MLPClassifier((3,), max_iter=3, random_state=0).fit(X, WORDS).save(path)
    return read(path)


def changed(document, place, value):
    copy = json.loads(json.dumps(document))
    *way, last = place
    part = copy
    for step in way:
        part = part[step]
    part[last] = value
    return copy


FITTED = ("estimator", "fitted")
DAMAGE = {
    "an unknown class": (("estimator", "name"), "Pipeline"),
    "an unknown argument": (("estimator", "parameters"), {"path": "/etc/passwd"}),
    "another count of features": ((*FITTED, "features"), 5),
    "a count that is text": ((*FITTED, "features"), "4"),
    "names for other columns": ((*FITTED, "names"), ["a"]),
    "classes out of order": ((*FITTED, "labels", "classes"), [{"strings": ["z", "y", "x"]}]),
    "classes that are numbers": ((*FITTED, "labels", "classes"), [3]),
    "too few classes": ((*FITTED, "labels", "classes"), [{"strings": ["x", "y"]}]),
    "an unknown kind of labels": ((*FITTED, "labels", "kind"), "all"),
    "a dtype that is code": ((*FITTED, "labels", "dtype"), "__import__('os')"),
    "no network": ((*FITTED, "networks"), []),
    "a record that is text": ((*FITTED, "networks", 0, "records", "loss_"), "low"),
    "an unknown record": ((*FITTED, "networks", 0, "records", "fit"), 1.0),
    "no model": ((*FITTED, "networks", 0, "model"), None),
    "another kind": (("kind",), "pickle"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_refused(kind, parts, tmp_path):
    document, tensors = parts
    write(tmp_path / "a.safetensors", changed(document, *DAMAGE[kind]), tensors)
    with pytest.raises(ModelFileError):
        gn.load(tmp_path / "a.safetensors")


def leaves(value, place=()):
    if isinstance(value, dict | list):
        for step, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, step))
    else:
        yield place


def test_every_value_replaced_is_refused_or_harmless(parts, tmp_path):
    """Whatever stands at any place of the description: an estimator comes out that predicts, or one error."""
    document, tensors = parts
    loaded = refused = 0
    for place in leaves(document):
        for value in (None, -1, 1e300, "relu", [], {}, True):
            write(tmp_path / "a.safetensors", changed(document, place, value), tensors)
            try:
                found = gn.load(tmp_path / "a.safetensors")
            except ModelFileError:
                refused += 1
                continue
            loaded += 1
            assert type(found).__module__.startswith("glassnet.")
    assert refused > 300
    assert loaded > 50


LOAD = "import sys, glassnet as gn; gn.load(sys.argv[1]); print('sklearn.base' in sys.modules)"


@pytest.mark.parametrize("y", [X[:, 0], np.c_[Y, Y > 0]])
def test_the_network_alone_loads_without_the_estimators(y, tmp_path):
    estimator = gn.MLPClassifier if y.ndim > 1 else gn.MLPRegressor
    estimator(**SMALL).fit(X, y).model_.save(tmp_path / "a.safetensors")
    command = [sys.executable, "-c", LOAD, tmp_path / "a.safetensors"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
