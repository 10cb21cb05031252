"""Layer, group, RMS and unit normalization by hand; layers at the ends of the float types."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers


def test_layer_normalization_gives_each_example_mean_0_and_variance_v_over_v_plus_epsilon():
    x = np.random.default_rng(0).normal([3.0, -50.0, 0.01, 0.0], [2.0, 10.0, 0.001, 1.0], (64, 4))
    z = layers.LayerNormalization(epsilon=0.5)(x)
    v = x.var(axis=1)
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(z.var(axis=1), v / (v + 0.5), rtol=1e-10)


@pytest.mark.parametrize("groups", [1, 2, 3, 6, -1])
def test_group_normalization_by_hand(groups):
    x = np.random.default_rng(0).normal(1, 2, (5, 3, 4, 6))
    z = layers.GroupNormalization(groups, epsilon=1e-4)(x)
    size = 6 // groups if groups > 0 else 1
    for i in range(5):
        for start in range(0, 6, size):
            part = x[i, :, :, start : start + size]
            expected = (part - part.mean()) / np.sqrt(part.var() + 1e-4)
            np.testing.assert_allclose(z[i, :, :, start : start + size], expected, rtol=1e-10, atol=1e-12)


def test_rms_normalization_gives_each_example_a_mean_square_of_1():
    x = np.random.default_rng(0).normal(1, 2, (5, 6))
    squares = (x**2).mean(axis=1)
    found = (layers.RMSNormalization(epsilon=0.1)(x) ** 2).mean(axis=1)
    np.testing.assert_allclose(found, squares / (squares + 0.1), rtol=1e-12)


@pytest.mark.parametrize("length", [1.0, 1e-3, 2e-6, 1e-6, 5e-7, 1e-9, 0.0])
def test_unit_normalization_and_its_gradient_on_both_sides_of_its_limit(length):
    x = np.array([[0.6, -0.8]]) * length
    u = layers.UnitNormalization()(x)
    assert np.linalg.norm(u) == pytest.approx(min(length / 1e-6, 1.0), rel=1e-12)

    norm = max(length, 1e-6)
    g = np.array([[1.0, 2.0]])
    slope = (g * u).sum() if length > 1e-6 else 0.0
    model = gn.Sequential([layers.UnitNormalization()], dtype="float64")
    model.build((None, 2))
    kernel = layers.Dense(2, use_bias=False, kernel_initializer=x)
    model = gn.Sequential([kernel, layers.UnitNormalization()], dtype="float64")
    model.compile("sgd", lambda y, scores: (y * scores).sum(axis=1))
    (gradient,) = model.gradients(np.ones((1, 1)), g).values()
    np.testing.assert_allclose(gradient, (g - u * slope) / norm, rtol=1e-9)


LIMITS = {"float32": 1e18, "float64": 1e150}
TINY = {"float32": [1e-45, 1e-38, 1e-20], "float64": [5e-324, 2e-308, 1e-160]}


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(2),
        layers.RMSNormalization(),
        layers.UnitNormalization(), layers.Dropout(0.5), layers.AlphaDropout(0.5), layers.GaussianNoise(1.0),
        layers.GaussianDropout(0.5), layers.VanillaDropout(0.5),
    ],
    ids=repr,
)  # fmt: skip
def test_special_values_stay_finite(layer, dtype):
    """From 0 to where a square no longer fits the float type."""
    ones = [0.0, -0.0, 1.0, -1.0, 0.1, 88.7, 709.8, 1e8, 1e15, LIMITS[dtype], *TINY[dtype]]
    values = np.array([s * v for v in ones for s in (1, -1)] + [2.0, 3.0], dtype)
    X = np.concatenate([np.repeat(values[:, None], 4, axis=1), values.reshape(-1, 4)])
    model = gn.Sequential([layer], dtype=dtype)
    model.compile("sgd", lambda y, scores: 1e-30 * scores.sum(axis=1))
    assert np.isfinite(model.predict(X)).all()
    for row in X:
        assert np.isfinite(model.loss(row[None], np.zeros((1, 4)), training=True).data)
    assert all(
        np.isfinite(g).all() for g in model.gradients(X, np.zeros((len(X), 4)), training=True).values()
    )
