"""Every layer through the same questions: weights, shapes, eager calls, gradients, float types, names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import Activation, BatchNormalization, Dense, Dropout, Flatten, Normalization

Shape = tuple[int, ...]


class Scale(gn.Layer):
    """A custom layer with a weight."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), gn.initializers.RandomNormal(1.0, 0.3))

    def call(self, x):
        return x * self.scale


class Drift(gn.Layer):
    """A custom layer with a statistic that moves in training."""

    def build(self, input_shape):
        self.seen = self.add_weight("seen", (input_shape[-1],), "ones", trainable=False)

    def call(self, x, training=False):
        if training:
            self.seen.assign(0.5 * self.seen + 0.5 * np.abs(x).mean(axis=0))
        return x / (1 + self.seen**2)


class Block(gn.Layer):
    """A custom layer with layers inside: in an attribute, and in a list."""

    def __init__(self):
        super().__init__()
        self.first = Dense(5, activation="tanh")
        self.rest = [Scale(), Dense(3, use_bias=False)]

    def call(self, x):
        h = self.first(x)
        for layer in self.rest:
            h = layer(h)
        return x + h


@dataclass
class Case:
    """A layer, an input shape, and what is expected of them."""

    make: Callable[[], Any]
    input: Shape
    output: Shape
    parameters: dict[str, Shape] = field(default_factory=dict)
    state: dict[str, Shape] = field(default_factory=dict)


def dense(inputs, units, name="dense_1"):
    return {f"{name}.kernel": (inputs, units), f"{name}.bias": (units,)}


NORM = "batch_normalization_1"
NORM_STATE = {f"{NORM}.moving_mean": (3,), f"{NORM}.moving_variance": (3,)}
NORM_WEIGHTS = {f"{NORM}.gamma": (3,), f"{NORM}.beta": (3,)}

CASES = {
    "dense": Case(lambda: Dense(4), (3,), (4,), dense(3, 4)),
    "dense, one to one": Case(lambda: Dense(1), (1,), (1,), dense(1, 1)),
    "dense of sequences": Case(lambda: Dense(4, "tanh"), (5, 3), (5, 4), dense(3, 4)),
    "dense of images": Case(lambda: Dense(2, "relu"), (2, 3, 3), (2, 3, 2), dense(3, 2)),
    "dense without bias": Case(lambda: Dense(4, use_bias=False), (3,), (4,), {"dense_1.kernel": (3, 4)}),
    "dense relu": Case(lambda: Dense(4, activation="relu"), (3,), (4,), dense(3, 4)),
    "dense sigmoid": Case(lambda: Dense(4, activation="sigmoid"), (3,), (4,), dense(3, 4)),
    "dense tanh": Case(lambda: Dense(4, activation=np.tanh), (3,), (4,), dense(3, 4)),
    "dense softmax": Case(lambda: Dense(4, activation="softmax"), (3,), (4,), dense(3, 4)),
    "dense lambda": Case(lambda: Dense(4, lambda z: z * np.exp(-(z**2))), (3,), (4,), dense(3, 4)),
    "dense, all options": Case(
        lambda: Dense(
            4,
            activation="tanh",
            kernel_initializer="he_normal",
            bias_initializer=gn.initializers.Constant(0.3),
            kernel_regularizer=gn.regularizers.L2(0.1),
            bias_regularizer=gn.regularizers.HalfL2(0.2),
            activity_regularizer="l2",
            kernel_constraint=gn.constraints.MaxNorm(1.0),
            bias_constraint="max_norm",
        ),
        (3,),
        (4,),
        dense(3, 4),
    ),
    "dense, named": Case(lambda: Dense(2, name="my scores"), (3,), (2,), dense(3, 2, "my scores")),
    "linear": Case(lambda: Activation("linear"), (3,), (3,)),
    "relu": Case(lambda: Activation("relu"), (3,), (3,)),
    "tanh": Case(lambda: Activation("tanh"), (2, 3), (2, 3)),
    "sigmoid": Case(lambda: Activation("sigmoid"), (3,), (3,)),
    "softmax": Case(lambda: Activation("softmax"), (3,), (3,)),
    "softmax of sequences": Case(lambda: Activation("softmax"), (4, 3), (4, 3)),
    "log_softmax": Case(lambda: Activation("log_softmax"), (3,), (3,)),
    "numpy function": Case(lambda: np.tanh, (3,), (3,)),
    "function": Case(lambda: lambda x: np.concatenate([x, x**2], axis=1), (3,), (6,)),
    "dropout": Case(lambda: Dropout(0.4), (3,), (3,)),
    "dropout of sequences": Case(lambda: Dropout(0.4), (4, 3), (4, 3)),
    "no dropout": Case(lambda: Dropout(0), (3,), (3,)),
    "batch norm": Case(BatchNormalization, (3,), (3,), NORM_WEIGHTS, NORM_STATE),
    "batch norm of sequences": Case(
        lambda: BatchNormalization(momentum=0.5), (4, 3), (4, 3), NORM_WEIGHTS, NORM_STATE
    ),
    "batch norm without scale": Case(
        lambda: BatchNormalization(scale=False), (3,), (3,), {f"{NORM}.beta": (3,)}, NORM_STATE
    ),
    "batch norm without center": Case(
        lambda: BatchNormalization(center=False), (3,), (3,), {f"{NORM}.gamma": (3,)}, NORM_STATE
    ),
    "batch norm without weights": Case(
        lambda: BatchNormalization(center=False, scale=False), (3,), (3,), {}, NORM_STATE
    ),
    "batch norm, all options": Case(
        lambda: BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            beta_initializer="random_normal",
            gamma_initializer=gn.initializers.RandomUniform(0.5, 2),
            beta_regularizer="l2",
            gamma_regularizer="half_l2",
            beta_constraint=gn.constraints.MaxNorm(2),
            gamma_constraint=gn.constraints.MaxNorm(3),
        ),
        (3,),
        (3,),
        NORM_WEIGHTS,
        NORM_STATE,
    ),
    "flatten": Case(Flatten, (2, 4, 3), (24,)),
    "flatten rows": Case(Flatten, (3,), (3,)),
    "normalization": Case(
        lambda: Normalization(mean=[1.0, -2.0, 0.5], variance=[4.0, 0.25, 1.0]),
        (3,),
        (3,),
        {},
        {"normalization_1.mean": (3,), "normalization_1.variance": (3,)},
    ),
    "normalization of everything": Case(
        lambda: Normalization(axis=None, mean=1.0, variance=4.0),
        (2, 3),
        (2, 3),
        {},
        {"normalization_1.mean": (), "normalization_1.variance": ()},
    ),
    "normalization, inverted": Case(
        lambda: Normalization(mean=[1.0, -2.0, 0.5], variance=[4.0, 0.25, 1.0], invert=True),
        (3,),
        (3,),
        {},
        {"normalization_1.mean": (3,), "normalization_1.variance": (3,)},
    ),
    "custom": Case(Scale, (3,), (3,), {"scale_1.scale": (3,)}),
    "custom with a statistic": Case(Drift, (3,), (3,), {}, {"drift_1.seen": (3,)}),
    "custom with layers inside": Case(
        Block,
        (3,),
        (3,),
        {
            **dense(3, 5, "block_1.first"),
            "block_1.rest_1.scale": (5,),
            "block_1.rest_2.kernel": (5, 3),
        },
    ),
}

each_layer = pytest.mark.parametrize("name", CASES)


def shapes(arrays):
    return {key: array.shape for key, array in arrays.items()}


def inputs(case, n=5):
    return np.random.default_rng(1).normal(0.2, 1.0, (n, *case.input))


def alone(case, dtype="float64"):
    model = gn.Sequential([case.make()], dtype=dtype)
    model.build((None, *case.input))
    return model


def sandwich(case, dtype="float32"):
    """The layer between two others: a wrong gradient with respect to its input shows in the first."""
    before = Dense(case.input[-1], name="before", kernel_initializer=gn.initializers.RandomNormal(0.1, 0.7))
    after = Dense(2, name="after")
    model = gn.Sequential([before, case.make(), Flatten(), after], dtype=dtype)
    model.compile(optimizer=gn.optimizers.Adam(0.01), loss="softmax_cross_entropy")
    generator = np.random.default_rng(2)
    X = generator.normal(0.2, 1.0, (6, *case.input[:-1], 4))
    return model, X, generator.integers(0, 2, 6)


@each_layer
def test_weights_keys_and_shapes(name):
    case = CASES[name]
    model = alone(case)
    assert shapes(model.parameters) == case.parameters
    assert list(model.parameters) == list(case.parameters)
    assert shapes(model.state) == case.state
    assert model.count_params() == sum(int(np.prod(shape)) for shape in case.parameters.values())
    assert model.output_shape == case.output


@each_layer
@pytest.mark.parametrize("n", [1, 5])
def test_an_eager_call_is_a_prediction(name, n):
    case = CASES[name]
    model = alone(case)
    X = inputs(case, n)
    predicted = model.predict(X)
    assert predicted.shape == (n, *case.output)
    eager = model.layers[0](X)
    assert isinstance(eager, np.ndarray)
    np.testing.assert_allclose(eager, predicted, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case.make(), gn.Layer)])
def test_an_eager_call_builds_the_layer(name):
    case = CASES[name]
    layer = case.make()
    assert layer(inputs(case)).shape == (5, *case.output)
    assert [weight.shape for weight, trained in layer.weights() if trained] == list(case.parameters.values())


@each_layer
@pytest.mark.parametrize("training", [True, False])
def test_gradients_against_differences(name, training):
    model, X, y = sandwich(CASES[name])
    check = gn.check_gradients(model, X, y, training=training, max_coordinates=40)
    inside = {key for key in check.errors if key.split(".")[0] not in ("before", "after")}
    assert len(inside) == len(CASES[name].parameters)
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())


@each_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_float_type_everywhere(name, dtype):
    model, X, y = sandwich(CASES[name], dtype)
    before = {key: array.copy() for key, array in fitted(model, X, y, epochs=0).items()}
    after = fitted(model, X.astype(np.float32), y, epochs=2)
    assert {array.dtype.name for array in [*before.values(), *after.values()]} == {dtype}
    assert model.predict(X).dtype == dtype
    assert {g.dtype.name for g in model.gradients(X, y, training=True).values()} == {dtype}
    trained = [key for key in model.parameters if "before" in key or "after" in key]
    assert all(not np.array_equal(before[key], after[key]) for key in trained)


def fitted(model, X, y, epochs):
    """Every array that training touches, after some epochs."""
    model.fit(X, y, batch_size=4, epochs=epochs, verbose=0)
    return {**model.parameters, **model.state, **{f"slot {k}": v for k, v in model._shelf.slots.items()}}


def test_layers_are_counted_from_one():
    model = gn.Sequential(
        [Dense(4), BatchNormalization(), np.tanh, Dense(4), Dense(3, name="last"), Dense(2)]
    )
    model.build((None, 3))
    assert [layer.key for layer in model.layers] == [
        "dense_1",
        "batch_normalization_1",
        "activation_1",
        "dense_2",
        "last",
        "dense_3",
    ]
    assert list(model.parameters)[:4] == [
        "dense_1.kernel",
        "dense_1.bias",
        "batch_normalization_1.gamma",
        "batch_normalization_1.beta",
    ]


def test_numbering_starts_again_with_every_model():
    for _ in range(2):
        model = gn.Sequential([Dense(2)])
        model.build((None, 3))
        assert list(model.parameters) == ["dense_1.kernel", "dense_1.bias"]


TITLES = [
    (Dense(10), "Dense(10)"),
    (Dense(10, "relu"), "Dense(10, relu)"),
    (Dense(10, np.tanh, use_bias=False), "Dense(10, tanh, no bias)"),
    (Activation("softmax"), "Activation(softmax)"),
    (Dropout(0.5), "Dropout(0.5)"),
    (Flatten(), "Flatten"),
    (Scale(), "Scale"),
]


@pytest.mark.parametrize("layer, title", TITLES, ids=[title for _, title in TITLES])
def test_titles(layer, title):
    assert layer.title() == title


def test_a_dense_layer_by_hand():
    kernel, bias = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([0.1, -0.2])
    layer = Dense(2, "relu", kernel_initializer=kernel, bias_initializer=bias)
    np.testing.assert_allclose(layer(np.array([[1.0, 2.0], [-1.0, 1.0]])), [[2.1, 3.8], [0.0, 4.8]])


@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
def test_without_bias_zero_stays_zero(activation):
    model = gn.Sequential([Dense(5, activation, use_bias=False), Dense(3, use_bias=False)])
    assert not model.predict(np.zeros((1, 4))).any()


def test_the_initial_weights_of_a_layer_do_not_depend_on_the_others():
    one = gn.Sequential([Dense(4)], seed=3)
    two = gn.Sequential([Dense(4), Dense(5)], seed=3)
    for model in (one, two):
        model.build((None, 3))
    np.testing.assert_array_equal(one.parameters["dense_1.kernel"], two.parameters["dense_1.kernel"])
    other = gn.Sequential([Dense(4)], seed=4)
    other.build((None, 3))
    assert (one.parameters["dense_1.kernel"] != other.parameters["dense_1.kernel"]).all()
