"""Batch normalization: what it does to a batch, what it remembers, what prediction uses."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import Activation, BatchNormalization, Dense

RNG = np.random.default_rng(0)
X = RNG.normal([3.0, -50.0, 0.01, 0.0], [2.0, 10.0, 0.001, 1.0], (64, 4))  # the third has a tiny variance
Y = RNG.normal(0, 1, (64, 4))


def unit_metrics(units):
    """Metrics that report mean and variance of every unit of the training pass."""

    def make(name, reduce, j):
        return gn.metrics.Metric(f"{name}_{j}", lambda y, scores: reduce(scores[:, j]))

    rows = (("mean", lambda unit: unit.mean()), ("var", lambda unit: unit.var()))
    return [make(name, reduce, j) for name, reduce in rows for j in range(units)]


def compiled(layers, dtype="float64", metrics=(), learning_rate=1e-3):
    model = gn.Sequential(layers, dtype=dtype)
    model.compile(gn.optimizers.SGD(learning_rate), "squared_error", metrics)
    return model


@pytest.mark.parametrize("epsilon", [1e-3, 1e-5, 0.5])
@pytest.mark.parametrize("before", ["inputs", "dense"])
def test_at_the_start_each_unit_has_mean_0_and_variance_v_over_v_plus_epsilon(epsilon, before):
    dense = [Dense(4, use_bias=False)] if before == "dense" else []
    v = (dense[0](X) if dense else X).var(axis=0)
    model = compiled([*dense, BatchNormalization(epsilon=epsilon)], metrics=unit_metrics(4))
    history = model.fit(X, Y, batch_size=64, verbose=0).history
    means, variances = ([history[f"{name}_{j}"][0] for j in range(4)] for name in ("mean", "var"))
    np.testing.assert_allclose(means, 0, atol=1e-12)
    np.testing.assert_allclose(variances, v / (v + epsilon), rtol=1e-10)


@pytest.mark.parametrize("momentum", [0.99, 0.9, 0.5, 0.0, 1.0])
def test_running_statistics_by_hand(momentum):
    model = compiled([BatchNormalization(momentum=momentum)])
    model.fit(X, Y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    mean, variance = np.zeros(4), np.ones(4)
    for _ in range(2):
        for start in range(0, 64, 20):
            batch = X[start : start + 20]
            mean = momentum * mean + (1 - momentum) * batch.mean(axis=0)
            variance = momentum * variance + (1 - momentum) * batch.var(axis=0)
    key = "batch_normalization_1"
    np.testing.assert_allclose(model.state[f"{key}.moving_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(model.state[f"{key}.moving_variance"], variance, rtol=1e-12)


def test_statistics_of_sequences_are_over_all_axes_but_the_last():
    sequences = X[:60].reshape(12, 5, 4)
    model = compiled([BatchNormalization(momentum=0.0)])
    model.fit(sequences, np.zeros((12, 5, 4)), batch_size=12, verbose=0)
    moving = list(model.state.values())
    np.testing.assert_allclose(moving[0], X[:60].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moving[1], X[:60].var(axis=0), rtol=1e-12)


def test_prediction_uses_the_running_statistics():
    model = compiled([BatchNormalization(momentum=0.8, epsilon=0.01)], learning_rate=0.1)
    model.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    gamma, beta = model.parameters.values()
    mean, variance = model.state.values()
    assert not np.allclose(gamma, 1)
    expected = gamma * (X - mean) / np.sqrt(variance + 0.01) + beta
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X)[:1], model.predict(X[:1]))  # no matter who else is there


def test_loss_tells_training_from_prediction():
    model = compiled([BatchNormalization()])
    xhat = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 0.001)
    training = model.loss(X, Y, training=True).data
    assert training == pytest.approx(((xhat - Y) ** 2).mean(), rel=1e-12)
    assert model.loss(X, Y).data == pytest.approx(((X / np.sqrt(1.001) - Y) ** 2).mean(), rel=1e-12)
    assert not any(array.any() for key, array in model.state.items() if "mean" in key)  # nothing has moved


@pytest.mark.parametrize("n, batch_size", [(5, 2), (1, 32), (3, 1)])
def test_a_batch_of_one_example_works(n, batch_size):
    model = compiled([Dense(4), BatchNormalization(), Activation("relu"), Dense(4)], "float32")
    history = model.fit(X[:n], Y[:n], batch_size=batch_size, epochs=3, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all(np.isfinite(array).all() for array in [*model.parameters.values(), *model.state.values()])
    assert np.isfinite(model.predict(X)).all()


def test_in_a_batch_of_one_the_layer_answers_beta():
    model = compiled([BatchNormalization()])
    model.build((None, 4))
    model.set_parameters({"batch_normalization_1.beta": [1.0, 2.0, 3.0, 4.0]})
    expected = ((np.arange(1.0, 5.0) - Y[0]) ** 2).mean()
    assert model.loss(X[:1], Y[:1], training=True).data == pytest.approx(expected, rel=1e-14)


def test_frozen_it_uses_and_keeps_its_statistics_also_in_training():
    model = compiled([BatchNormalization(trainable=False), Dense(4)])
    model.build((None, 4))
    model.set_parameters(
        {
            "batch_normalization_1.moving_mean": X.mean(axis=0),
            "batch_normalization_1.moving_variance": X.var(axis=0),
        }
    )
    before = {key: array.copy() for key, array in {**model.parameters, **model.state}.items()}
    assert model.loss(X, Y, training=True) == model.loss(X, Y)
    model.fit(X, Y, epochs=2, verbose=0)
    after = {**model.parameters, **model.state}
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    assert changed == {"dense_1.kernel", "dense_1.bias"}


def test_a_shift_and_a_scale_before_it_change_nothing_but_by_epsilon():
    model = compiled([BatchNormalization(epsilon=1e-12)])
    shifted = model.loss(1000 + 7 * X, Y, training=True).data
    assert shifted == pytest.approx(model.loss(X, Y, training=True).data, rel=1e-6)


def test_a_constant_column_stays_finite_and_becomes_beta():
    constant = np.column_stack([X[:, :3], np.full(64, 0.1)]).astype(np.float32)
    model = compiled([BatchNormalization()], "float32", unit_metrics(4))
    history = model.fit(constant, Y, batch_size=64, verbose=0).history
    assert history["mean_3"][0] == pytest.approx(0, abs=1e-5)
    assert np.isfinite(model.predict(constant)).all()
