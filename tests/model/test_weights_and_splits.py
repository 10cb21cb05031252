"""Sample weights, class weights, batches without weight, held-out data."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet.layers import BatchNormalization, Dense, Dropout

RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (24, 3))
LABELS, NUMBERS = RNG.integers(0, 3, 24), RNG.normal(0, 1, (24, 2))
TIMES = RNG.integers(0, 4, 24)  # how often each example counts

LOSSES = {
    "softmax_cross_entropy": (3, LABELS),
    "binary_cross_entropy": (1, LABELS % 2),
    "squared_error": (2, NUMBERS),
    "sum_of_squares": (2, NUMBERS),
}


def model_for(loss, *, optimizer="sgd", metrics=(), dtype="float64"):
    model = gn.Sequential([Dense(4, "tanh", kernel_regularizer="l2"), Dense(LOSSES[loss][0])], dtype=dtype)
    model.compile(optimizer, loss, metrics)
    return model


def assert_equal_parameters(one, other, tolerance=0.0):
    for key, value in one.parameters.items():
        np.testing.assert_allclose(other.parameters[key], value, rtol=tolerance, atol=tolerance, err_msg=key)


# ------------------------------------------------------------------------------------------ weights
@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_is_a_repetition(loss):
    y = LOSSES[loss][1]
    weighted, repeated = model_for(loss), model_for(loss)
    X3, y3 = np.repeat(X, TIMES, axis=0), np.repeat(y, TIMES, axis=0)
    for _ in range(3):
        np.testing.assert_allclose(
            weighted.loss(X, y, sample_weight=TIMES), repeated.loss(X3, y3), rtol=1e-12
        )
        a, b = weighted.gradients(X, y, sample_weight=TIMES), repeated.gradients(X3, y3)
        for key, gradient in a.items():
            np.testing.assert_allclose(b[key], gradient, rtol=1e-6, atol=1e-12)
        losses = [
            weighted.fit(X, y, batch_size=999, sample_weight=TIMES, verbose=0).history["loss"],
            repeated.fit(X3, y3, batch_size=999, verbose=0).history["loss"],
        ]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    assert_equal_parameters(weighted, repeated, 1e-6)


def test_metrics_are_weighted_too():
    model = model_for("softmax_cross_entropy", metrics=["accuracy"])
    repeated = model.evaluate(np.repeat(X, TIMES, axis=0), np.repeat(LABELS, TIMES))
    assert model.evaluate(X, LABELS, sample_weight=TIMES) == pytest.approx(repeated, rel=1e-12)
    assert model.evaluate(X, LABELS, batch_size=5, sample_weight=TIMES) == pytest.approx(repeated, rel=1e-12)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "squared_error"])
def test_the_scale_of_weights_does_not_matter_to_a_mean(loss):
    y = LOSSES[loss][1]
    one, other = model_for(loss), model_for(loss)
    for model, factor in ((one, 1), (other, 1024)):
        model.fit(X, y, batch_size=7, epochs=2, sample_weight=factor * (1 + TIMES), verbose=0)
    assert_equal_parameters(one, other, 1e-12)


def test_weights_of_one_change_nothing():
    one, other = model_for("softmax_cross_entropy"), model_for("softmax_cross_entropy")
    losses = [
        one.fit(X, LABELS, batch_size=7, epochs=2, verbose=0).history["loss"],
        other.fit(X, LABELS, batch_size=7, epochs=2, sample_weight=np.ones(24), verbose=0).history["loss"],
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)
    assert_equal_parameters(one, other, 1e-12)


BALANCED = {label: 24 / (3 * count) for label, count in enumerate(np.bincount(LABELS))}


@pytest.mark.parametrize("class_weight", [{0: 1.0, 1: 3.0, 2: 0.5}, {1: 3.0}, "balanced"])
@pytest.mark.parametrize("sample_weight", [None, TIMES])
def test_class_weights_are_sample_weights(class_weight, sample_weight):
    table = BALANCED if class_weight == "balanced" else class_weight
    by_class, by_sample = model_for("softmax_cross_entropy"), model_for("softmax_cross_entropy")
    factors = np.array([table.get(label, 1.0) for label in LABELS])
    factors = factors if sample_weight is None else factors * sample_weight
    by_class.fit(X, LABELS, epochs=2, class_weight=class_weight, sample_weight=sample_weight, verbose=0)
    by_sample.fit(X, LABELS, epochs=2, sample_weight=factors, verbose=0)
    assert_equal_parameters(by_class, by_sample)


@pytest.mark.parametrize("y", [LABELS % 2, (LABELS % 2)[:, None].astype(float)])
def test_class_weights_of_a_binary_loss(y):
    by_class, by_sample = model_for("binary_cross_entropy"), model_for("binary_cross_entropy")
    by_class.fit(X, y, class_weight={0: 2.0, 1: 0.5}, verbose=0)
    by_sample.fit(X, y, sample_weight=np.where(LABELS % 2, 0.5, 2.0), verbose=0)
    assert_equal_parameters(by_class, by_sample)


def test_class_weights_of_one_hot_rows():
    by_class, by_sample = model_for("softmax_cross_entropy"), model_for("softmax_cross_entropy")
    by_class.fit(X, np.eye(3)[LABELS], class_weight={2: 5.0}, verbose=0)
    by_sample.fit(X, np.eye(3)[LABELS], sample_weight=np.where(LABELS == 2, 5.0, 1.0), verbose=0)
    assert_equal_parameters(by_class, by_sample)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_without_weight_contributes_nothing(loss):
    """Plain gradient descent without penalty then stands still for that step."""
    y = LOSSES[loss][1]
    with_it = gn.Sequential([Dense(4, "tanh"), Dense(LOSSES[loss][0])], dtype="float64")
    without = gn.Sequential([Dense(4, "tanh"), Dense(LOSSES[loss][0])], dtype="float64")
    weights = np.repeat([1.0, 0.0, 2.0], 8)
    for model, rows in ((with_it, slice(None)), (without, np.r_[0:8, 16:24])):
        model.compile(gn.optimizers.SGD(0.1), loss, ["mae"] if loss == "squared_error" else [])
        history = model.fit(X[rows], y[rows], 8, sample_weight=weights[rows], shuffle=False, verbose=0)
        model.found = history.history
    assert (with_it.step, without.step) == (3, 2)
    assert_equal_parameters(with_it, without)
    assert with_it.found == without.found


# ------------------------------------------------------------------------------------------ held out
def rows_of(n, share, seed, labels):
    return train_test_split(
        np.arange(n), test_size=int(np.ceil(n * share)), random_state=seed, stratify=labels
    )


SPLITS = {
    "labels": ("softmax_cross_entropy", LABELS, LABELS),
    "one-hot rows": ("softmax_cross_entropy", np.eye(3)[LABELS], LABELS),
    "binary": ("binary_cross_entropy", LABELS % 2, LABELS % 2),
    "numbers": ("squared_error", NUMBERS, None),
    "probabilities": ("binary_cross_entropy", RNG.uniform(0, 1, 24), None),
}


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("name", SPLITS)
def test_a_validation_split_is_seeded_and_stratified(name, seed):
    loss, y, classes = SPLITS[name]
    training, held_out = map(np.sort, rows_of(24, 0.25, seed, classes))
    runs = []
    for options in (
        {"X": X, "y": y, "validation_split": 0.25},
        {"X": X[training], "y": y[training], "validation_data": (X[held_out], y[held_out])},
    ):
        model = gn.Sequential([Dropout(0.2), Dense(4), Dense(LOSSES[loss][0])], seed=seed)
        model.compile("adam", loss)
        runs.append(model.fit(batch_size=5, epochs=2, verbose=0, **options).history)
    assert runs[0] == runs[1]
    assert list(runs[0]) == ["loss", "val_loss"]


def test_weights_are_split_with_their_examples():
    training, held_out = map(np.sort, rows_of(24, 0.25, 0, LABELS))
    one, other = model_for("softmax_cross_entropy"), model_for("softmax_cross_entropy")
    given = (X[held_out], LABELS[held_out], TIMES[held_out])
    runs = [
        one.fit(X, LABELS, sample_weight=TIMES, validation_split=0.25, verbose=0).history,
        other.fit(
            X[training], LABELS[training], sample_weight=TIMES[training], validation_data=given, verbose=0
        ).history,
    ]
    assert runs[0] == runs[1]
    expected = other.evaluate(*given[:2], sample_weight=given[2])["loss"]
    assert runs[1]["val_loss"] == [expected]


def test_validation_is_prediction():
    """No dropout, running statistics, and nothing learned from it."""
    model = gn.Sequential([Dense(4), BatchNormalization(), Dropout(0.5), Dense(3)])
    model.compile("adam", "softmax_cross_entropy", ["accuracy"])
    alone = gn.Sequential([Dense(4), BatchNormalization(), Dropout(0.5), Dense(3)])
    alone.compile("adam", "softmax_cross_entropy", ["accuracy"])
    history = model.fit(X, LABELS, 7, epochs=3, validation_data=(X + 1, LABELS), verbose=0).history
    alone.fit(X, LABELS, 7, epochs=3, verbose=0)
    assert_equal_parameters(model, alone)
    found = model.evaluate(X + 1, LABELS)
    assert (history["val_loss"][-1], history["val_accuracy"][-1]) == (found["loss"], found["accuracy"])
