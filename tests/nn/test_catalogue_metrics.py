"""Metrics in training and scikit-learn's scorers on held-out predictions."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics as sk

import glassnet as gn
from glassnet import layers, losses, metrics
from glassnet.activations import sigmoid, softmax
from glassnet.errors import InputError, UnknownNameError

RNG = np.random.default_rng(7)
N = 60
X = RNG.normal(0, 1, (N, 4))
LABELS = (X[:, 0] + 0.7 * RNG.normal(0, 1, N) > 0).astype(int) + (X[:, 1] > 0.3)
BITS = (LABELS > 0).astype(int)
SEVERAL = (X[:, :3] + RNG.normal(0, 1, (N, 3)) > 0).astype(int)
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + RNG.normal(0, 1, N)
COUNTS = RNG.poisson(np.exp(0.3 * X[:, 0])).astype(float) + 1
WEIGHTS = RNG.uniform(0.1, 2, N)


def trained(loss, units, y, names, activation=None, weights=None):
    """A model in float64 after a few steps, and its scores."""
    model = gn.Sequential([layers.Dense(units, activation)], dtype="float64", seed=1)
    model.compile(gn.optimizers.SGD(0.1), loss, metrics=names)
    model.fit(X, y, epochs=3, verbose=0, sample_weight=weights)
    return model, model.predict(X)


# ------------------------------------------------------------------------------------------ streaming
def test_top_k_by_hand():
    scores = np.array([[5.0, 4, 3, 2], [1, 2, 3, 4], [1, 1, 1, 1]])
    y = np.array([2, 1, 3])
    for k, right in ((1, [0, 0, 1]), (2, [0, 0, 1]), (3, [1, 1, 1]), (4, [1, 1, 1])):
        np.testing.assert_array_equal(metrics.top_k_accuracy(y, scores, k), right)
    np.testing.assert_array_equal(metrics.top_k_accuracy(np.eye(4)[y], scores, 3), [1, 1, 1])


STREAMING = [
    ("accuracy", "softmax_cross_entropy", 3, LABELS, lambda y, s: s.argmax(axis=1) == y),
    ("categorical_accuracy", "softmax_cross_entropy", 3, LABELS, lambda y, s: s.argmax(axis=1) == y),
    ("sparse_categorical_accuracy", "multiclass_hinge", 3, LABELS, lambda y, s: s.argmax(axis=1) == y),
    ("top_k_categorical_accuracy", "softmax_cross_entropy", 3, LABELS, lambda y, s: np.ones(N)),
    (metrics.TopKAccuracy(2), "softmax_cross_entropy", 3, LABELS, lambda y, s: s.argmin(axis=1) != y),
    ("binary_accuracy", "binary_cross_entropy", 1, BITS, lambda y, s: (s[:, 0] > 0) == y),
    ("binary_accuracy", "binary_hinge", 1, 2 * BITS - 1, lambda y, s: (s[:, 0] > 0) == (y > 0)),
    ("binary_accuracy", "squared_error", 1, BITS, lambda y, s: (s[:, 0] > 0.5) == y),
    (metrics.BinaryAccuracy(0.3), "squared_error", 1, BITS, lambda y, s: (s[:, 0] > 0.3) == y),
    ("accuracy", "binary_cross_entropy", 3, SEVERAL, lambda y, s: ((s > 0) == y).mean(axis=1)),
    ("accuracy", "ordinal", 2, LABELS, lambda y, s: (s > 0).sum(axis=1) == y),
    ("accuracy", losses.Ordinal("independent"), 3, LABELS, lambda y, s: s.argmax(axis=1) == y),
    (
        "accuracy", "hierarchical_softmax", 2, LABELS,
        lambda y, s: losses.Tree.balanced(3).probabilities(s).argmax(axis=1) == y,
    ),
    ("mse", "absolute_error", 1, NUMBERS, lambda y, s: (s[:, 0] - y) ** 2),
    ("mae", "squared_error", 1, NUMBERS, lambda y, s: np.abs(s[:, 0] - y)),
    ("mean_absolute_percentage_error", "mse", 1, COUNTS, lambda y, s: 100 * np.abs(s[:, 0] - y) / y),
    ("huber", "squared_error", 1, NUMBERS, lambda y, s: losses.huber(y, s[:, 0])),
    (losses.Huber(0.1), "squared_error", 1, NUMBERS, lambda y, s: losses.huber(y, s[:, 0], 0.1)),
    (losses.Quantile, "squared_error", 1, NUMBERS, lambda y, s: 0.5 * np.abs(s[:, 0] - y)),
    (losses.log_cosh, "squared_error", 1, NUMBERS, lambda y, s: np.log(np.cosh(s[:, 0] - y))),
    (
        "cosine_similarity", "mse", 3, SEVERAL + 0.5,
        lambda y, s: (s * y).sum(1) / np.linalg.norm(s, axis=1) / np.linalg.norm(y, axis=1),
    ),
    (metrics.accuracy, "binary_cross_entropy", 1, BITS, lambda y, s: (s[:, 0] > 0) == y),
]  # fmt: skip


@pytest.mark.parametrize(
    "metric, loss, units, y, expected",
    STREAMING,
    ids=[f"{getattr(r[0], '__name__', r[0])!s:.40}, {r[1]}" for r in STREAMING],
)
def test_streaming_metrics(metric, loss, units, y, expected):
    model, scores = trained(loss, units, y, [metric])
    name = metrics.get(metric).name
    values = np.asarray(expected(y, scores), float)
    found = model.evaluate(X, y, batch_size=17)
    assert list(found) == ["loss", name]
    assert found[name] == pytest.approx(values.mean(), rel=1e-12)
    found = model.evaluate(X, y, batch_size=17, sample_weight=WEIGHTS)
    assert found[name] == pytest.approx(np.average(values, weights=WEIGHTS), rel=1e-12)
    assert name in model.history.history


def test_names_and_reprs():
    assert repr(metrics.get("top_k_accuracy")) == "Metric('top_k_accuracy')"
    assert repr(metrics.TopKAccuracy(3)) == "Metric('top_3_accuracy')"
    assert repr(metrics.get("BinaryAccuracy")) == "Metric('binary_accuracy')"
    assert repr(metrics.get(metrics.BinaryAccuracy)) == "Metric('binary_accuracy')"
    assert repr(metrics.get("roc_auc")) == "Scorer('roc_auc')"
    with pytest.raises(InputError) as caught:
        metrics.TopKAccuracy(0)
    assert str(caught.value) == "TopKAccuracy: k must be a whole number of at least 1; got 0."


@pytest.mark.parametrize(
    "name, message",
    [
        ("roc_acu", "unknown metric 'roc_acu'. Did you mean 'roc_auc'?"),
        ("f1_makro", "unknown metric 'f1_makro'. Did you mean 'f1_macro'?"),
        ("top_k_acuracy", "unknown metric 'top_k_acuracy'. Did you mean 'top_k_accuracy'?"),
        ("mean_sqared_error", "unknown metric 'mean_sqared_error'. Did you mean 'mean_squared_error'?"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(UnknownNameError) as caught:
        metrics.get(name)
    assert str(caught.value) == message


# ------------------------------------------------------------------------------------------ scorers
SCORERS = [
    # loss, units, activation, y, scorer, expected from the scores
    ("binary_cross_entropy", 1, None, BITS, "roc_auc", lambda y, s: sk.roc_auc_score(y, s[:, 0])),
    ("binary_cross_entropy", 1, None, BITS, "f1", lambda y, s: sk.f1_score(y, s[:, 0] > 0)),
    ("binary_cross_entropy", 1, None, BITS, "neg_log_loss", lambda y, s: -sk.log_loss(y, sigmoid(s[:, 0]))),
    (
        "binary_cross_entropy",
        1,
        None,
        BITS,
        "neg_brier_score",
        lambda y, s: -sk.brier_score_loss(y, sigmoid(s[:, 0])),
    ),
    ("binary_hinge", 1, None, BITS, "average_precision", lambda y, s: sk.average_precision_score(y, s[:, 0])),
    ("binary_crossentropy", 1, "sigmoid", BITS, "neg_log_loss", lambda y, s: -sk.log_loss(y, s[:, 0])),
    ("binary_crossentropy", 1, "sigmoid", BITS, "recall", lambda y, s: sk.recall_score(y, s[:, 0] > 0.5)),
    (
        "binary_cross_entropy",
        3,
        None,
        SEVERAL,
        "f1_macro",
        lambda y, s: sk.f1_score(y, s > 0, average="macro"),
    ),
    ("binary_cross_entropy", 3, None, SEVERAL, "roc_auc", sk.roc_auc_score),
    ("softmax_cross_entropy", 2, None, BITS, "roc_auc", lambda y, s: sk.roc_auc_score(y, s[:, 1] - s[:, 0])),
    (
        "softmax_cross_entropy",
        3,
        None,
        LABELS,
        "balanced_accuracy",
        lambda y, s: sk.balanced_accuracy_score(y, s.argmax(1)),
    ),
    (
        "softmax_cross_entropy",
        3,
        None,
        LABELS,
        "roc_auc_ovr",
        lambda y, s: sk.roc_auc_score(y, softmax(s), multi_class="ovr"),
    ),
    ("softmax_cross_entropy", 3, None, LABELS, "neg_log_loss", lambda y, s: -sk.log_loss(y, softmax(s))),
    (
        "softmax_cross_entropy",
        3,
        None,
        np.eye(3)[LABELS],
        "f1_macro",
        lambda y, s: sk.f1_score(LABELS, s.argmax(1), average="macro"),
    ),
    (
        "sparse_categorical_crossentropy",
        3,
        "softmax",
        LABELS,
        "neg_log_loss",
        lambda y, s: -sk.log_loss(y, s),
    ),
    (
        "multiclass_hinge",
        3,
        None,
        LABELS,
        "f1_micro",
        lambda y, s: sk.f1_score(y, s.argmax(1), average="micro"),
    ),
    (
        "ordinal",
        2,
        None,
        LABELS,
        "neg_log_loss",
        lambda y, s: -sk.log_loss(y, losses.Ordinal().probabilities(s)),
    ),
    ("ordinal", 2, None, LABELS, "f1_macro", lambda y, s: sk.f1_score(y, (s > 0).sum(1), average="macro")),
    (
        "hierarchical_softmax",
        2,
        None,
        LABELS,
        "neg_log_loss",
        lambda y, s: -sk.log_loss(y, losses.Tree.balanced(3).probabilities(s)),
    ),
    ("squared_error", 1, None, NUMBERS, "r2", lambda y, s: sk.r2_score(y, s[:, 0])),
    (
        "absolute_error",
        1,
        None,
        NUMBERS,
        "neg_root_mean_squared_error",
        lambda y, s: -np.sqrt(((y - s[:, 0]) ** 2).mean()),
    ),
    ("squared_error", 2, None, np.stack([NUMBERS, COUNTS], 1), "r2", sk.r2_score),
]


@pytest.mark.parametrize(
    "loss, units, activation, y, name, expected", SCORERS, ids=[f"{r[4]}, {r[0]}" for r in SCORERS]
)
def test_scorers(loss, units, activation, y, name, expected):
    model, scores = trained(loss, units, y, ["accuracy", name] if loss == "ordinal" else [name], activation)
    assert name not in model.history.history
    found = model.evaluate(X, y, batch_size=13)
    assert found[name] == pytest.approx(expected(y, scores), rel=1e-12, abs=1e-12)


def test_scorers_on_validation_data_after_each_epoch():
    model = gn.Sequential([layers.Dense(1)], dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), "binary_cross_entropy", metrics=["accuracy", "roc_auc"])
    history = model.fit(X[:40], BITS[:40], epochs=4, verbose=0, validation_data=(X[40:], BITS[40:])).history
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", "val_roc_auc"}
    assert len(history["val_roc_auc"]) == 4
    last = sk.roc_auc_score(BITS[40:], model.predict(X[40:])[:, 0])
    assert history["val_roc_auc"][-1] == pytest.approx(last, rel=1e-14)


def test_weights_reach_the_scorers_that_take_them():
    largest = sk.make_scorer(sk.max_error, greater_is_better=False)  # takes no weights
    model, scores = trained("squared_error", 1, NUMBERS, ["r2", largest])
    found = model.evaluate(X, NUMBERS, sample_weight=WEIGHTS)
    assert found["r2"] == pytest.approx(sk.r2_score(NUMBERS, scores[:, 0], sample_weight=WEIGHTS), rel=1e-12)
    assert found["max_error"] == pytest.approx(-np.abs(NUMBERS - scores[:, 0]).max(), rel=1e-12)


def test_a_scorer_made_by_scikit_learn():
    beta = sk.make_scorer(sk.fbeta_score, beta=2)
    model, scores = trained("binary_cross_entropy", 1, BITS, [beta])
    assert model.evaluate(X, BITS)["fbeta_score"] == pytest.approx(
        sk.fbeta_score(BITS, scores[:, 0] > 0, beta=2)
    )
    named = metrics.Scorer("f2", beta)
    assert trained("binary_cross_entropy", 1, BITS, [named])[0].evaluate(X, BITS)["f2"] > 0


@pytest.mark.parametrize(
    "loss, units, y, name, reason",
    [
        ("multiclass_hinge", 3, LABELS, "neg_log_loss", "predict_proba"),
        ("squared_error", 1, NUMBERS, "f1", "continuous"),
    ],
)
def test_a_scorer_that_does_not_fit_says_so(loss, units, y, name, reason):
    model, _ = trained(loss, units, y, [name])
    with pytest.raises(InputError) as caught:
        model.evaluate(X, y)
    first, *_, last = str(caught.value).split("\n")
    assert first.startswith(f"metric {name!r} cannot be computed with the loss {loss}: ")
    assert reason in first
    assert last == "Choose another, or compute it yourself from model.predict(X)."


def test_scikit_learn_is_imported_when_it_is_used():
    code = (
        "import sys, glassnet as gn\n"
        "m = gn.Sequential([gn.layers.Dense(1)]); m.compile('sgd', 'mse', metrics=['accuracy', 'mae'])\n"
        "print('sklearn' in sys.modules)\n"
        "m.compile('sgd', 'mse', metrics=['r2'])\n"
        "print('sklearn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
