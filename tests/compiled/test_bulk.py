"""Predictions and evaluations of many rows, shared by threads."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import BatchNormalization, Dense
from glassnet.train import shelf


@pytest.fixture(scope="module")
def model():
    model = gn.Sequential([Dense(8, "tanh"), BatchNormalization(), Dense(3)])
    model.compile("adam", "softmax_cross_entropy", backend="numba")
    x = np.random.default_rng(0).normal(size=(64, 5))
    model.fit(x, np.arange(64) % 3, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("rows", [17, 256, 257, 1000])
@pytest.mark.parametrize("kind", ["float32", "float64, every other column", "uint8", "Fortran"])
def test_threads_change_no_bit(model, rows, kind, monkeypatch):
    x = np.random.default_rng(1).normal(0, 3, (rows, 10))
    x = {
        "float32": lambda: x[:, :5].astype(np.float32),
        "float64, every other column": lambda: x[:, ::2],
        "uint8": lambda: np.abs(x[:, :5] * 10).astype(np.uint8),
        "Fortran": lambda: np.asfortranarray(x[:, :5]),
    }[kind]()
    alone = model.predict(x)
    asked = []
    monkeypatch.setattr(shelf, "for_rows", lambda network, rows, most: asked.append((rows, most)) or 3)
    np.testing.assert_array_equal(model.predict(x), alone)
    assert asked == [(rows, None)]


def test_few_rows_and_small_networks_are_one_thread_s_work(model):
    assert shelf.for_rows(model, 10_000, 8) == 1


def test_threads_share_an_evaluation(model, monkeypatch):
    generator = np.random.default_rng(2)
    x, y, weights = generator.normal(size=(1000, 5)), generator.integers(0, 3, 1000), generator.random(1000)
    alone = model.evaluate(x, y, sample_weight=weights)
    monkeypatch.setattr(shelf, "for_rows", lambda network, rows, most: 3)
    shared = [model.evaluate(x, y, sample_weight=weights) for _ in range(5)]
    assert shared[0] == pytest.approx(alone, rel=1e-6)
    assert all(one == shared[0] for one in shared), "whoever computes a part"


def test_a_fit_validates_with_its_own_threads(model, monkeypatch):
    asked = []
    monkeypatch.setattr(shelf, "for_rows", lambda network, rows, most: asked.append(most) or 1)
    x, y = np.random.default_rng(3).normal(size=(30, 5)), np.arange(30) % 3
    model.fit(x, y, epochs=2, threads=2, validation_data=(x, y), verbose=0)
    model.evaluate(x, y)
    assert asked == [2, 2, None]
