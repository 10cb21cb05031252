"""What follows a product element by element is done in registers, and where a BLAS multiplies, in a loop."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.kernels import vectors

ROWS = 192


def dense(*options, width=24, **more):
    return [layers.Dense(width, *options, **more), layers.Dense(width, *options, **more), layers.Dense(3)]


# what makes the layers → the epilogues of a training step, in the order of the program
NETWORKS = {
    "relu": (
        lambda: dense("relu"),
        [
            "z1_2 = product + b1[j]; f(0) if z1_2 < f(0) else z1_2",
            "z2_2 = product + b2[j]; f(0) if z2_2 < f(0) else z2_2",
            "product + b3[j]",
            "product * f(h2[i, j] > f(0))",
            "product * f(h1[i, j] > f(0))",
        ],
    ),
    "leaky, which reads the product twice": (
        lambda: dense(layers.LeakyReLU(0.25))[1:],
        [
            "product + b1[j]",
            "product + b2[j]",
            "product if z1[i, j] > f(0) else f(0.25) * product",
        ],
    ),
    "dropout: the rectified sum is what the forward and the backward pass begin with": (
        lambda: [layers.Dense(24, "relu"), layers.Dropout(0.25), layers.Dense(24), layers.Dense(3)],
        [
            "z1_2 = product + b1[j]; f(0) if z1_2 < f(0) else z1_2",
            "product + b2[j]",
            "product + b3[j]",
            "(product if keep1[i, j] else f(0)) / f(t1) * f(h1[i, j] > f(0))",
        ],
    ),
    "tanh": (
        lambda: dense("tanh"),
        [
            "tanh(product + b1[j])",
            "tanh(product + b2[j])",
            "product + b3[j]",
            "product * (f(1) - a2[i, j] * a2[i, j])",
            "product * (f(1) - a1[i, j] * a1[i, j])",
        ],
    ),
    "sigmoid: two functions of the graph, one after the other": (
        lambda: dense("sigmoid"),
        [
            "f(1) / (f(1) + exp(-(product + b1[j])))",
            "f(1) / (f(1) + exp(-(product + b2[j])))",
            "product + b3[j]",
            "product * a2[i, j] * (f(1) - a2[i, j])",
            "product * a1[i, j] * (f(1) - a1[i, j])",
        ],
    ),
    "softplus: its gradient needs what the exponential is of": (
        lambda: [layers.Dense(24, "softplus"), layers.Dense(3)],
        ["product + b1[j]", "product + b2[j]", "product / (f(1) + t6[i, j])"],
    ),
    "rows narrower than a vector: their functions are computed over all rows at once": (
        lambda: [layers.Dense(6, "tanh"), layers.Dense(3)],
        ["product + b1[j]", "product + b2[j]"],
    ),
    "a penalty": (
        lambda: [layers.Dense(3, use_bias=False, kernel_regularizer=gn.regularizers.L2(0.1))],
        ["product + f(t4) * W1[i, j]"],
    ),
    "batch normalization: its sums need the product": (
        lambda: [
            layers.Dense(24, use_bias=False),
            layers.BatchNormalization(),
            layers.Dense(3, use_bias=False),
        ],
        [],
    ),
}


def trained(network, backend, width=8, parts=None, epochs=2):
    generator = np.random.default_rng(0)
    X, y = generator.standard_normal((ROWS, width)), generator.integers(0, 3, ROWS)
    model = gn.Sequential(network, seed=1)
    model.compile(gn.optimizers.Adam(), "softmax_cross_entropy", backend=backend)
    model.fit(X, y, batch_size=64, epochs=epochs, verbose=0, threads=parts)
    return model


def epilogues(text):
    """The texts behind the products of a program."""
    return [part.split('"')[1] for part in text.split("_then(")[1:]]


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_done_in_registers(name):
    network, expected = NETWORKS[name]
    if not vectors().bits:  # loops finish products then
        expected = []
    assert epilogues(trained(network(), "numba").source()) == expected


@pytest.mark.parametrize("between", [[], [layers.Dropout(0.25)]], ids=["dense", "dropout"])
@pytest.mark.parametrize("bits, parts", [("512", 2), ("256", 1), ("256", 2), ("0", 1), ("0", 2)])
def test_large_products(bits, parts, between, monkeypatch):
    """A processor without vectors hands them to the BLAS; the step is the same."""
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    network = [layers.Dense(256, "relu"), *between, layers.Dense(256, "relu"), layers.Dense(3)]
    ours, numpy = (trained(network, backend, 128, parts) for backend in ("numba", "numpy"))
    how = "_then(" if vectors().bits else "gemm_at("
    assert how in ours.source("train", "numba")
    for key, array in numpy.parameters.items():
        np.testing.assert_allclose(ours.parameters[key], array, rtol=1e-3, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("bits, parts", [("512", 2), ("256", 1), ("0", 2)])
def test_functions_in_registers(bits, parts, monkeypatch):
    """Without register tiles, the program has a loop behind the product, with the same result."""
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    network = [layers.Dense(32, "sigmoid"), layers.Dense(32, "tanh"), layers.Dense(3)]
    ours, numpy = (trained(network, backend, parts=parts) for backend in ("numba", "numpy"))
    assert bool(epilogues(ours.source("train", "numba"))) == bool(vectors().bits)
    for key, array in numpy.parameters.items():
        np.testing.assert_allclose(ours.parameters[key], array, rtol=1e-3, atol=1e-5, err_msg=key)
