"""Predictions of many rows, shared by threads."""

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
    monkeypatch.setattr(shelf, "for_rows", lambda network, rows: asked.append(rows) or 3)
    np.testing.assert_array_equal(model.predict(x), alone)
    assert asked == [rows]


def test_few_rows_and_small_networks_are_one_thread_s_work(model):
    assert shelf.for_rows(model, 10_000) == 1
