"""The same numbers as scikit-learn's MLP from the same seed, where both see the same batches."""

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler, scale

import glassnet as gn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS, FLOWERS = load_iris(return_X_y=True)
IRIS = StandardScaler().fit_transform(IRIS)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PROGRESS = scale(PROGRESS)
SEVERAL = np.c_[FLOWERS == 0, FLOWERS == 1, FLOWERS < 2].astype(int)

CLASSES = {
    "three classes": (IRIS, FLOWERS, {}),
    "two classes": (IRIS[:100], FLOWERS[:100], {}),
    "several yes or no": (IRIS, SEVERAL, {}),
    "a strong penalty": (IRIS, FLOWERS, {"alpha": 10.0}),
    "no penalty": (IRIS, FLOWERS, {"alpha": 0}),
    "two hidden layers": (IRIS, FLOWERS, {"hidden_layer_sizes": (20, 10), "activation": "tanh"}),
    "logistic units": (IRIS, FLOWERS, {"activation": "logistic"}),
    "identity": (IRIS, FLOWERS, {"activation": "identity"}),
    "early stopping": (IRIS, FLOWERS, {"early_stopping": True, "n_iter_no_change": 3}),
    "early stopping, two classes": (
        IRIS[:100], FLOWERS[:100], {"early_stopping": True, "n_iter_no_change": 3},
    ),
    "invscaling": (IRIS, FLOWERS, {"learning_rate": "invscaling", "learning_rate_init": 0.5}),
    "adaptive": (
        IRIS, FLOWERS,
        {"learning_rate": "adaptive", "learning_rate_init": 0.5, "n_iter_no_change": 2, "tol": 0.1},
    ),
    "no momentum": (IRIS, FLOWERS, {"momentum": 0}),
    "plain momentum": (IRIS, FLOWERS, {"nesterovs_momentum": False}),
    "in order": (IRIS, FLOWERS, {"batch_size": 50, "shuffle": False, "alpha": 1.0}),
}  # fmt: skip
NUMBERS = {
    "one number": (DIABETES, PROGRESS, {"batch_size": 442}),
    "two numbers": (DIABETES, np.c_[PROGRESS, PROGRESS**2], {"batch_size": 442}),
    "poisson": (DIABETES, np.exp(PROGRESS), {"batch_size": 442, "loss": "poisson"}),
    "early stopping": (DIABETES[:200], PROGRESS[:200], {"early_stopping": True}),
    "in order": (DIABETES[:440], PROGRESS[:440], {"batch_size": 110, "shuffle": False, "alpha": 1.0}),
}
CASES = [("MLPClassifier", *case) for case in CLASSES.items()]
CASES += [("MLPRegressor", *case) for case in NUMBERS.items()]


def both(name, X, y, weights=None, **options):
    options = {"max_iter": 30, "random_state": 0, **options}
    ours = getattr(gn, name)(dtype="float64", **options).fit(X, y, weights)
    return ours, getattr(neural_network, name)(**options).fit(X, y, weights)


def distance(ours, theirs):
    pairs = zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


@pytest.mark.parametrize(("name", "kind", "case"), CASES)
def test_gradient_descent_takes_the_same_steps(name, kind, case):
    X, y, options = case
    ours, theirs = both(name, X, y, solver="sgd", **{"learning_rate_init": 0.01, **options})
    assert distance(ours, theirs) < 1e-10
    assert ours.loss_curve_ == pytest.approx(theirs.loss_curve_, rel=1e-4 if kind == "two numbers" else 1e-9)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert ours.out_activation_ == theirs.out_activation_
    if ours.early_stopping:
        assert ours.validation_scores_ == pytest.approx(theirs.validation_scores_, rel=1e-9)


@pytest.mark.parametrize(("name", "kind", "case"), [c for c in CASES if c[1] in ("two classes", "poisson")])
def test_adam_takes_nearly_the_same_steps(name, kind, case):
    """Our epsilon is added to the corrected root, scikit-learn's to the uncorrected one."""
    X, y, options = case
    ours, theirs = both(name, X, y, solver="adam", **options)
    assert ours.loss_curve_ == pytest.approx(theirs.loss_curve_, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "kind", "case"),
    [c for c in CASES if c[1] in ("three classes", "several yes or no", "one number")],
)
def test_lbfgs_takes_the_same_steps(name, kind, case):
    X, y, options = case
    ours, theirs = both(name, X, y, solver="lbfgs", **{**options, "max_iter": 10})
    assert distance(ours, theirs) < 1e-9
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9)
    assert ours.n_iter_ == theirs.n_iter_


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_sample_weights_count_the_same(solver):
    weights = np.random.default_rng(0).random(150) * 3
    ours, theirs = both("MLPClassifier", IRIS, FLOWERS, weights, solver=solver, max_iter=10)
    assert distance(ours, theirs) < 1e-9


def test_what_is_predicted_is_the_same():
    ours, theirs = both("MLPClassifier", IRIS, FLOWERS, solver="sgd")
    assert np.array_equal(ours.predict(IRIS), theirs.predict(IRIS))
    assert ours.predict_proba(IRIS) == pytest.approx(theirs.predict_proba(IRIS), abs=1e-12)
    assert ours.predict_log_proba(IRIS) == pytest.approx(theirs.predict_log_proba(IRIS), abs=1e-10)
    assert ours.score(IRIS, FLOWERS) == theirs.score(IRIS, FLOWERS)


def test_partial_fit_takes_the_same_steps():
    ours = gn.MLPClassifier(solver="sgd", random_state=0, dtype="float64")
    theirs = neural_network.MLPClassifier(solver="sgd", random_state=0)
    for estimator in (ours, theirs):
        for part in (slice(0, 60), slice(60, 150)):
            estimator.partial_fit(IRIS[part], FLOWERS[part], classes=[0, 1, 2])
    assert distance(ours, theirs) < 1e-12
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)


def test_a_warm_start_takes_the_same_steps():
    ours, theirs = both("MLPClassifier", IRIS, FLOWERS, solver="sgd", warm_start=True, max_iter=5)
    ours.fit(IRIS, FLOWERS)
    theirs.fit(IRIS, FLOWERS)
    assert distance(ours, theirs) < 1e-12
    assert len(ours.loss_curve_) == len(theirs.loss_curve_) == 10
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_) == (5, 1500)


def test_what_is_printed_is_the_same(capsys):
    outputs = []
    for module in (gn, neural_network):
        module.MLPClassifier(solver="sgd", max_iter=3, verbose=True, random_state=0).fit(IRIS, FLOWERS)
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != ""


def test_weights_set_by_hand_are_the_ones_that_predict():
    ours, theirs = both("MLPClassifier", IRIS, FLOWERS, solver="sgd", max_iter=2)
    for estimator in (ours, theirs):
        estimator.coefs_ = [np.full(c.shape, 0.1) * np.arange(c.shape[1]) for c in estimator.coefs_]
        estimator.intercepts_[0][:] = 0.5
    assert ours.predict_proba(IRIS) == pytest.approx(theirs.predict_proba(IRIS), abs=1e-12)
    single = gn.MLPClassifier(max_iter=2, dtype="float32").fit(IRIS, FLOWERS)
    with pytest.raises(ValueError, match="read-only"):  # a copy in another type: nobody would see the change
        single.coefs_[0][:] = 0
