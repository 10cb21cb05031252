"""Metrics: values by hand, thresholds, names."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import metrics
from glassnet.errors import InputError, UnknownNameError
from glassnet.layers import Dense
from glassnet.metrics import Metric, accuracy, mean_absolute_error, mean_squared_error
from glassnet.nn.metrics import get_all

SCORES = np.array([[2.0, 1.0], [3.0, 0.0], [0.0, 0.5], [1.0, 1.0]])
COLUMN = np.array([[-1.0], [0.2], [0.7], [3.0]])

ACCURACY = [
    ([0, 1, 1, 0], SCORES, None, [1, 0, 1, 1]),
    (np.eye(2)[[0, 1, 1, 0]], SCORES, None, [1, 0, 1, 1]),
    ([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.5, 0.5]], SCORES, None, [1, 0, 1, 1]),
    ([[0], [1], [1], [0]], SCORES, None, [1, 0, 1, 1]),
    ([[0], [0], [1], [0]], COLUMN, 0.0, [1, 0, 1, 0]),
    ([0, 0, 1, 0], COLUMN, 0.0, [1, 0, 1, 0]),
    ([0, 0, 1, 0], COLUMN[:, 0], 0.0, [1, 0, 1, 0]),
    ([0, 0, 1, 0], COLUMN, None, [1, 1, 1, 0]),  # one score alone is read as a probability
    ([[0, 1], [0, 0], [1, 1], [1, 1]], SCORES, 0.75, [0.5, 0.5, 0, 1]),
]


@pytest.mark.parametrize("y, scores, threshold, right", ACCURACY)
def test_accuracy_by_hand(y, scores, threshold, right):
    np.testing.assert_array_equal(accuracy(np.array(y), scores, threshold), right)


@pytest.mark.parametrize(
    "metric, y, scores, values",
    [
        (mean_squared_error, [1.0, 2.0], [3.0, 2.0], [4, 0]),
        (mean_squared_error, [[0.0, 0.0]], [[1.0, 3.0]], [5]),
        (mean_squared_error, [1.0, 2.0], [[3.0], [2.0]], [4, 0]),
        (mean_absolute_error, [1.0, 2.0], [3.0, 2.0], [2, 0]),
        (mean_absolute_error, [[0.0, 0.0]], [[1.0, -3.0]], [2]),
        (mean_absolute_error, [1.0, 2.0], [[3.0], [2.0]], [2, 0]),
    ],
)
def test_errors_by_hand(metric, y, scores, values):
    np.testing.assert_array_equal(metric(np.array(y), np.array(scores)), values)


IN_A_MODEL = [
    ("softmax_cross_entropy", 2, lambda s, y: np.mean(s.argmax(axis=1) == y)),
    ("binary_cross_entropy", 1, lambda s, y: np.mean((s[:, 0] > 0) == y)),
    ("squared_error", 1, lambda s, y: np.mean((s[:, 0] > 0.5) == y)),
]


@pytest.mark.parametrize("loss, units, expected", IN_A_MODEL)
@pytest.mark.parametrize("batch_size", [4096, 7])
def test_accuracy_takes_its_threshold_from_the_loss(loss, units, expected, batch_size):
    generator = np.random.default_rng(0)
    X, y = generator.normal(0, 1, (30, 3)), generator.integers(0, 2, 30)
    model = gn.Sequential([Dense(units)])
    model.compile("sgd", loss, ["accuracy"])
    found = model.evaluate(X, y, batch_size=batch_size)["accuracy"]
    assert found == pytest.approx(expected(model.predict(X), y), abs=1e-7)
    assert 0.2 < found < 0.8


def test_metrics_of_a_model_are_means_over_the_data():
    generator = np.random.default_rng(0)
    X, Y, w = generator.normal(0, 1, (10, 3)), generator.normal(0, 1, (10, 2)), generator.uniform(0, 1, 10)
    model = gn.Sequential([Dense(2)], dtype="float64")

    def largest(y, scores):  # one value for the batch
        return np.abs(scores - y).max()

    model.compile("sgd", "squared_error", ["mse", "mae", largest, Metric("bias", lambda y, s: (s - y)[:, 0])])
    e = model.predict(X) - Y
    found = model.evaluate(X, Y)
    assert list(found) == ["loss", "mean_squared_error", "mean_absolute_error", "largest", "bias"]
    expected = [(e**2).mean(), (e**2).mean(), np.abs(e).mean(), np.abs(e).max(), e[:, 0].mean()]
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-13)
    found = model.evaluate(X, Y, batch_size=3, sample_weight=w)
    weighted = [np.average((e**2).mean(axis=1), weights=w), np.average(np.abs(e).mean(axis=1), weights=w)]
    np.testing.assert_allclose([found["loss"], found["mean_absolute_error"]], weighted, rtol=1e-13)


def test_identifiers():
    assert repr(metrics.get("acc")) == repr(metrics.get("accuracy")) == "Metric('accuracy')"
    assert metrics.get(np.maximum).name == "maximum"
    named = Metric("mine", accuracy)
    assert metrics.get(named) is named
    assert get_all("mse")[0].name == "mean_squared_error"
    assert get_all(named) == get_all([named]) == (named,)
    assert get_all(None) == get_all([]) == ()


TAKEN = "the name {0!r} of a metric is taken.\nGive it another: gn.metrics.Metric('my_{1}', function)."
BAD = [
    (InputError, "sgd", [3], "3 is not a metric: give a name or a NumPy function of (y, scores)."),
    (InputError, "sgd", 3, "3 is not a metric: give a name or a NumPy function of (y, scores)."),
    (UnknownNameError, "sgd", ["acuracy"], "unknown metric 'acuracy'. Did you mean 'accuracy'?"),
    (InputError, "sgd", ["mse", "mse"], TAKEN.format("mean_squared_error", "mean_squared_error")),
    (InputError, "sgd", [lambda y, s: s, lambda y, s: y], TAKEN.format("<lambda>", "lambda")),
    (InputError, "sgd", [Metric("loss", accuracy)], TAKEN.format("loss", "loss")),
    (InputError, "sgd", [Metric("penalty", accuracy)], TAKEN.format("penalty", "penalty")),
    (InputError, "sgd", [Metric("w", accuracy)], TAKEN.format("w", "w")),
    (InputError, "adam", [Metric("v", accuracy)], TAKEN.format("v", "v")),
]


@pytest.mark.parametrize("kind, optimizer, given, message", BAD, ids=[row[3][:30] for row in BAD])
def test_bad_metrics(kind, optimizer, given, message):
    with pytest.raises(kind) as caught:
        gn.Sequential([Dense(1)]).compile(optimizer, "squared_error", given)
    assert str(caught.value) == message
