"""Catalogue, section D: batch normalization. Each test is named after its row."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet import layers

DIGITS, LABELS = load_digits(return_X_y=True)
X, X_TEST, Y, Y_TEST = train_test_split(DIGITS / 16, LABELS, test_size=0.2, random_state=0, stratify=LABELS)


def seen(layer_list, data, training):
    """What leaves the layers, as the gradient of a kernel behind them shows it."""
    model = gn.Sequential(
        [*layer_list, layers.Flatten(), layers.Dense(1, use_bias=False, name="probe")], dtype="float64"
    )
    model.compile("sgd", lambda y, scores: (y * scores).sum(axis=1))
    rows = [model.gradients(data, y[:, None], training=training)["probe.kernel"] for y in np.eye(len(data))]
    return len(data) * np.stack(rows)[..., 0]


# D1: after dense layers and before the non-linearity; at the start each unit has mean 0 and variance v/(v+ε)
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_d1_a_unit_starts_with_mean_0_and_variance_v_over_v_plus_epsilon(epsilon):
    dense = layers.Dense(5, use_bias=False)
    v = dense(DIGITS[:40]).var(axis=0)
    dense = layers.Dense(5, use_bias=False, kernel_initializer=np.asarray(dense.kernel))
    out = seen([dense, layers.BatchNormalization(epsilon=epsilon)], DIGITS[:40], training=True)
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axis=0), v / (v + epsilon), rtol=1e-10)


def test_d1_of_images_each_channel_counts_over_all_places():
    images = np.random.default_rng(0).normal([1.0, -5.0], [2.0, 0.1], (6, 4, 3, 2))
    out = seen([layers.BatchNormalization()], images, training=True).reshape(images.shape)
    v = images.var(axis=(0, 1, 2))
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axis=(0, 1, 2)), v / (v + 1e-3), rtol=1e-10)


def test_d1_the_printed_program_shows_it_before_the_non_linearity():
    model = gn.Sequential(
        [layers.Dense(5), layers.BatchNormalization(), layers.Activation("relu"), layers.Dense(10)]
    )
    model.build((None, 64))
    model.compile("sgd", "softmax_cross_entropy")
    lines = [line.split("#")[0].strip() for line in model.source().splitlines()]
    order = [
        "z1 = x @ W1 + b1",
        "xhat1 = (z1 - mean1) / std1",
        "a1 = gamma1 * xhat1 + beta1",
        "h1 = np.maximum(a1, 0)",
    ]
    assert [line for line in lines if line in order] == order


def test_d1_running_mean_and_variance_serve_prediction():
    norm = layers.BatchNormalization(momentum=0.9)
    model = gn.Sequential([norm], dtype="float64")
    model.compile(gn.optimizers.SGD(1e-9), "squared_error")
    mean, variance = np.zeros(64), np.ones(64)
    for start in range(0, 400, 40):
        batch = DIGITS[start : start + 40]
        model.fit(batch, batch, batch_size=40, verbose=0)
        mean, variance = 0.9 * mean + 0.1 * batch.mean(axis=0), 0.9 * variance + 0.1 * batch.var(axis=0)
    np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-12)
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=1e-12)
    expected = (DIGITS - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(model.predict(DIGITS), expected, atol=1e-7)  # gamma and beta hardly moved


def test_d1_scale_and_shift_are_learned():
    model = gn.Sequential([layers.BatchNormalization()], dtype="float64")
    model.compile(gn.optimizers.SGD(0.5), "squared_error")
    x = np.random.default_rng(0).normal(0, 1, (200, 1))
    model.fit(x, 3 * (x - x.mean()) / x.std() + 2, batch_size=200, epochs=300, verbose=0)
    gamma, beta = model.parameters.values()
    assert gamma.item() == pytest.approx(3, rel=1e-2)
    assert beta.item() == pytest.approx(2, rel=1e-2)


# D2: a badly initialized deep net that fails without it trains with it
def deep(norm, seed):
    small = gn.initializers.RandomNormal(stddev=0.01)
    blocks = [
        [
            layers.Dense(64, kernel_initializer=small, use_bias=not norm),
            *([layers.BatchNormalization(momentum=0.9)] if norm else []),
            layers.Activation("relu"),
        ]
        for _ in range(9)
    ]
    last = layers.Dense(10, kernel_initializer=small)
    model = gn.Sequential([layer for block in blocks for layer in block] + [last], seed=seed)
    model.compile(gn.optimizers.Adam(3e-3), "softmax_cross_entropy", ["accuracy"])
    return model


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("norm, low, high", [(False, 0.05, 0.15), (True, 0.9, 1.0)])
def test_d2_ten_layers_with_weights_of_0_01(norm, low, high, seed):
    model = deep(norm, seed)
    model.fit(X, Y, batch_size=64, epochs=15, verbose=0)
    accuracy = model.evaluate(X_TEST, Y_TEST)["accuracy"]
    assert low < accuracy < high, accuracy
