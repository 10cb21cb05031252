"""Catalogue, section H: learning. Each test is named after its row."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers

RNG = np.random.default_rng(1)
X, Y = RNG.standard_normal((12, 4)), RNG.integers(0, 3, 12)

L2, HALF_L2 = gn.regularizers.L2(0.1), gn.regularizers.HalfL2(0.3)
PENALTIES = {
    "none": {},
    "half": {"kernel_regularizer": HALF_L2},
    "full": {"kernel_regularizer": L2, "bias_regularizer": HALF_L2},
}


def compiled(dense, loss="softmax_cross_entropy", **options):
    model = gn.Sequential(dense, dtype="float64", **options)
    model.compile("sgd", loss)
    return model


# H1: gradient check
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softmax", None])
def test_h1_gradients_agree_with_centred_differences(activation, penalty):
    dense = [layers.Dense(5, activation, **PENALTIES[penalty]), layers.Dense(3, **PENALTIES[penalty])]
    model = compiled(dense)
    check = gn.check_gradients(model, X, Y)
    assert list(check.errors) == list(model.parameters)
    assert check.max_error <= 1e-7
    assert set(check.kinks.values()) == {0}
    assert check.passed
    assert (model.loss(X, Y).penalty > 0) is (penalty != "none")


def test_h1_the_penalty_is_a_part_of_what_is_checked():
    plain, penalized = (
        compiled([layers.Dense(3, **PENALTIES[name])]).gradients(X, Y)["dense_1.kernel"]
        for name in ("none", "half")
    )
    model = compiled([layers.Dense(3)])
    model.build((None, 4))
    np.testing.assert_allclose(penalized - plain, 0.3 * model.parameters["dense_1.kernel"], rtol=1e-13)


def test_h1_a_kink_is_noticed_and_left_out():
    model = compiled([layers.Dense(2, "relu"), layers.Dense(3)])
    model.build((None, 4))
    kernel = np.array(model.parameters["dense_1.kernel"])
    kernel[:, 0] = 0.0  # the first unit stands exactly at its kink, for every example
    model.set_parameters({"dense_1.kernel": kernel})
    check = gn.check_gradients(model, X, Y)
    assert check.kinks == {
        "dense_1.kernel": 4,
        "dense_1.bias": 1,
        "dense_2.kernel": 0,
        "dense_2.bias": 0,
    }
    assert check.passed
    assert "(4 kinks left out)" in str(check)


def test_h1_a_wrong_gradient_is_caught():
    @gn.composite
    def square(x):
        return x**2

    @square.defgradient
    def _(g, y, x):
        return (2.001 * g * x,)

    check = gn.check_gradients(lambda x: square(x).sum(), np.array([0.5, -1.0, 2.0]))
    assert not check.passed
    assert check.errors["x"] == pytest.approx(0.001 / 2.001, rel=1e-4)
    assert str(check).endswith("gradients DIFFER (largest relative error 5.0e-04)")


# H9: the spiral study
def spiral_run(seed, hidden, steps):
    """The notes' full-batch training with step 1; answers the first loss, the last one and the accuracy."""
    points, labels = gn.datasets.spiral(seed=seed)
    options = {
        "kernel_initializer": gn.initializers.RandomNormal(stddev=0.01),
        "kernel_regularizer": gn.regularizers.HalfL2(1e-3),
    }
    model = gn.Sequential(
        [*(layers.Dense(units, "relu", **options) for units in hidden), layers.Dense(3, **options)], seed=seed
    )
    model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy", metrics=["accuracy"])
    history = model.fit(points, labels, batch_size=300, epochs=steps, shuffle=False, verbose=0)
    assert model.step == steps
    result = model.evaluate(points, labels)
    return history.history["loss"][0], result["loss"], result["accuracy"]


def test_h9_the_spiral_is_as_described():
    points, labels = gn.datasets.spiral(seed=0)
    assert np.bincount(labels).tolist() == [100, 100, 100]
    radius = np.hypot(*points.T).reshape(3, 100)
    np.testing.assert_allclose(radius, np.tile(np.linspace(0, 1, 100), (3, 1)), atol=1e-15)
    angle = np.arctan2(*points.T).reshape(3, 100)  # a point is (r sin t, r cos t)
    expected = np.linspace(4 * np.arange(3), 4 * np.arange(1, 4), 100, axis=1)
    noise = (angle - expected + np.pi) % (2 * np.pi) - np.pi
    assert noise[:, 1:].std() == pytest.approx(0.2, abs=0.02)  # the angle at the origin means nothing


@pytest.mark.parametrize("seed", range(5))
def test_h9_a_linear_classifier_gets_about_half_of_the_spiral(seed):
    first, loss, accuracy = spiral_run(seed, hidden=(), steps=200)
    assert first == pytest.approx(math.log(3), abs=0.005)
    assert 0.72 <= loss <= 0.80
    assert 0.48 <= accuracy <= 0.56


@pytest.mark.parametrize("seed", range(5))
def test_h9_one_hidden_layer_gets_nearly_all_of_it(seed):
    first, loss, accuracy = spiral_run(seed, hidden=(100,), steps=10_000)
    assert first == pytest.approx(math.log(3), abs=0.005)
    assert 0.24 <= loss <= 0.26
    assert 0.975 <= accuracy <= 0.99 + 1e-6
