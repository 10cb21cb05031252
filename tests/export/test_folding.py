"""Scaling folded into matrix products: where it is right, and not where digits would be lost."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.export.inference import inference_of
from glassnet.graph import check
from glassnet.graph.graph import input_place
from glassnet.layers import Activation, BatchNormalization, Dense, Flatten, Normalization
from glassnet.passes.fold import fold_scaling
from glassnet.programs import interpret
from glassnet.programs.freeze import freeze

R = np.random.default_rng(8)
IMAGES = R.normal(0.4, 1.3, (30, 2, 4, 3))


def shaken(model):
    """Statistics and weights that no default has."""
    arrays = {**model.parameters, **model.state}
    model.set_parameters({key: value + R.uniform(0.2, 0.9, value.shape) for key, value in arrays.items()})
    return model


def built(*stack, shape=(5,), dtype="float64"):
    model = gn.Sequential(stack, dtype=dtype)
    model.build((None, *shape))
    return shaken(model)


def adapted(layer, data):
    layer.adapt(data)
    return layer


def ops(graph):
    return [node.op for node in graph.nodes() if node.op not in ("input", "const")]


def answers(graph, X):
    return interpret(graph, {("argument", "x"): X})["return", "scores"]


PRODUCT = ["matmul", "add"]
STACKS = {
    "scaled inputs": (lambda: [Normalization(), Dense(3)], PRODUCT),
    "scaled inputs, no bias": (lambda: [Normalization(), Dense(3, use_bias=False)], PRODUCT),
    "nothing to fold": (lambda: [Dense(3)], PRODUCT),
    "batch norm": (lambda: [Dense(3), BatchNormalization()], PRODUCT),
    "batch norm, no bias": (lambda: [Dense(3, use_bias=False), BatchNormalization()], PRODUCT),
    "only scaled": (lambda: [Dense(3, use_bias=False), BatchNormalization(center=False)], PRODUCT),
    "both sides": (lambda: [BatchNormalization(), Dense(3), BatchNormalization()], PRODUCT),
    "twice": (lambda: [Dense(3), BatchNormalization(), BatchNormalization()], PRODUCT),
    "behind an activation": (
        lambda: [Dense(4), Activation("relu"), BatchNormalization(), Dense(3)],
        [*PRODUCT, "maximum", *PRODUCT],
    ),
    "between activations": (
        lambda: [Activation("tanh"), BatchNormalization(), Activation("tanh")],
        ["tanh", "mul", "add", "tanh"],
    ),
    "dense after dense": (lambda: [Dense(4), Dense(3)], [*PRODUCT, *PRODUCT]),
    "rescaled": (lambda: [layers.Rescaling(1 / 255, -0.5), Dense(3)], PRODUCT),
    "between bounds": (lambda: [layers.MinMaxScaling(), Dense(3)], PRODUCT),
    "whitened": (lambda: [layers.Whitening(), Dense(3)], [*PRODUCT, *PRODUCT]),
    "back to the user's units": (
        lambda: [Dense(3), Normalization(mean=[1.0, 2, 3], variance=[4.0, 5, 6], invert=True)],
        PRODUCT,
    ),
    "negative, halved": (lambda: [Dense(3), lambda z: 1 - z / 2], PRODUCT),
    "negated": (lambda: [Dense(3), lambda z: -z], PRODUCT),
    "divided by": (lambda: [Dense(3), lambda z: 1 / (z * z + 2)], [*PRODUCT, "mul", "add", "div"]),
    "numbers stay as they stand": (
        lambda: [lambda x: 0.5 * (1 + np.tanh(x)), Activation("exponential")],
        ["tanh", "add", "mul", "exp"],
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_what_is_left(name):
    make, expected = STACKS[name]
    model = built(*make())
    inference = inference_of(model)
    graph = check(inference.folded())
    assert ops(graph) == expected
    X = R.normal(0, 1, (7, 5))
    np.testing.assert_allclose(answers(graph, X), model.predict(X), rtol=1e-11, atol=1e-12)
    assert ops(fold_scaling(graph, "float64")) == expected


@pytest.mark.parametrize(
    "layer",
    [
        lambda: adapted(Normalization(), IMAGES),
        lambda: adapted(Normalization(axis=(1, 2, 3)), IMAGES),
        lambda: adapted(Normalization(axis=None), IMAGES),
        lambda: adapted(layers.MeanSubtraction((1, 2, 3)), IMAGES),
        BatchNormalization,
        lambda: BatchNormalization(axis=1),
        lambda: layers.Rescaling(1 / 255),
    ],
)
def test_images_before_they_are_flattened(layer):
    model = built(layer(), Flatten(), Dense(3), shape=IMAGES.shape[1:])
    graph = inference_of(model).folded()
    assert ops(graph) == ["reshape", *PRODUCT]
    np.testing.assert_allclose(answers(graph, IMAGES), model.predict(IMAGES), rtol=1e-11)


def test_other_axes_than_the_last_stay_beside_the_product():
    model = built(BatchNormalization(axis=1), Dense(3), BatchNormalization(axis=1), shape=(4, 5))
    graph = inference_of(model).folded()
    assert ops(graph) == ["mul", "add", "matmul", "add", "mul", "add"]
    X = R.normal(0, 1, (7, 4, 5))
    np.testing.assert_allclose(answers(graph, X), model.predict(X), rtol=1e-11)


# ------------------------------------------------------------------------------------------ digits
@pytest.mark.parametrize(
    ("far", "dtype", "folded"),
    [(1, "float32", True), (8, "float32", True), (100, "float32", False), (1e6, "float32", False),
     (1e6, "float64", True), (1e12, "float64", False)],
)  # fmt: skip
def test_inputs_far_from_zero_keep_their_digits(far, dtype, folded):
    """x / std - mean / std would cancel: years, heights above the sea, times since 1970."""
    mean, std = np.full(3, float(far)), np.array([0.5, 1.0, 2.0])
    model = gn.Sequential([Normalization(mean=mean, variance=std**2), Dense(4)], dtype=dtype)
    model.build((None, 3))
    graph = inference_of(model).folded()
    assert (ops(graph) == PRODUCT) == folded
    if not folded:
        assert ops(graph) == ["sub", "mul", *PRODUCT]
    Z = R.normal(0, 1, (50, 3))
    X = (mean + std * Z).astype(dtype)
    rounded = {place: value.astype(dtype) for place, value in graph.values.items()}
    found = interpret(graph, {("argument", "x"): X, **rounded})["return", "scores"]
    exact = ((X.astype(np.longdouble) - mean) / std) @ model.parameters["dense_1.kernel"]
    assert np.abs(found - exact).max() < 40 * np.finfo(dtype).eps + (2e-5 if folded and far > 5 else 0)


def test_a_scale_that_the_float_type_cannot_hold_stays():
    model = gn.Sequential([layers.Rescaling(1e30), layers.Rescaling(1e30), Dense(2)], dtype="float32")
    model.build((None, 3))
    assert ops(inference_of(model).folded())[0] == "mul"
    assert all(np.isfinite(a.astype("float32")).all() for a in inference_of(model).folded().values.values())


# ------------------------------------------------------------------------------------------ sharing
def test_a_value_that_is_read_twice_is_computed_once():
    x = gn.Input((5,))
    h = BatchNormalization()(x)
    model = shaken(gn.Model(x, Dense(5)(h) + h, dtype="float64"))
    graph = inference_of(model).folded()
    assert ops(graph) == ["mul", "add", *PRODUCT, "add"]
    X = R.normal(0, 1, (7, 5))
    np.testing.assert_allclose(answers(graph, X), model.predict(X), rtol=1e-11)


def test_a_shared_layer_with_different_neighbours():
    x, dense = gn.Input((5,)), Dense(5)
    one = BatchNormalization()(dense(x))
    two = layers.Rescaling(0.5)(dense(np.tanh(one)))
    model = shaken(gn.Model(x, dense(two), dtype="float64"))
    graph = check(inference_of(model).folded())
    X = R.normal(0, 1, (7, 5))
    np.testing.assert_allclose(answers(graph, X), model.predict(X), rtol=1e-11)
    keys = [key for _, key in map(input_place, graph.inputs)]
    assert len(set(keys)) == len(keys)
    np.testing.assert_array_equal(
        graph.values["parameters", "dense_1.kernel"], model.parameters["dense_1.kernel"]
    )


def test_keys_and_names_stay():
    model = built(Normalization(), Dense(4, "relu"), BatchNormalization(), Dense(3, use_bias=False))
    graph = inference_of(model).folded()
    assert [key for _, key in graph.values] == [
        "dense_1.kernel", "dense_1.bias", "dense_2.kernel", "dense_2.bias",
    ]  # fmt: skip
    assert [(x.label.scope, x.label.name) for x in graph.nodes() if x.op == "add"] == [
        ("dense_1", "z"),
        ("dense_2", "z"),
    ]


def test_a_plain_function():
    W, c = R.normal(0, 1, (4, 3)), np.array([1.0, 2.0, 4.0])
    f = lambda x: ((2 - (x - 1) / c[:1]) @ W - c) / c  # noqa: E731
    graph = gn.trace(f, ("n", 4))
    folded = fold_scaling(freeze(graph, graph.values, float), float)
    assert ops(folded) == PRODUCT
    X = R.normal(0, 1, (6, 4))
    np.testing.assert_allclose(interpret(folded, {("argument", "x"): X})["return", "0"], f(X), rtol=1e-12)
