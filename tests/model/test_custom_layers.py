"""Layers, activations, losses and metrics of the user's own, written in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import Activation, BatchNormalization, Dense, Flatten

RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(0, 1, (20, 3)), RNG.normal(0, 1, (20, 2)), RNG.integers(0, 2, 20)


class Scale(gn.Layer):
    def build(self, input_shape):
        assert input_shape == (None, 3)
        self.scale = self.add_weight(
            "scale",
            (input_shape[-1],),
            "ones",
            regularizer="l2",
            constraint=gn.constraints.MaxNorm(2),
            symbol="s",
        )

    def call(self, x):
        return x * self.scale


class Forgetful(gn.Layer):
    """Does without super().__init__()."""

    def __init__(self, power):
        self.power = power

    def build(self, input_shape):
        self.shift = self.add_weight("shift", (3,), "random_normal")

    def call(self, x):
        z = x + self.shift
        return np.sign(z) * np.abs(z) ** self.power


class RunningMean(gn.Layer):
    """Subtracts a running mean that it keeps itself."""

    def build(self, input_shape):
        self.mean = self.add_weight("mean", (3,), "zeros", trainable=False)
        self.count = self.add_weight("count", (), "zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.count.assign(self.count + 1)
            self.mean.assign(0.9 * self.mean + 0.1 * x.mean(axis=0))
        return x - self.mean


class Residual(gn.Layer):
    """Layers in attributes, in lists, and inside those."""

    def __init__(self, name=None):
        super().__init__(name)
        self.norm = BatchNormalization()
        self.path = [Dense(4, "tanh"), Scaled(), Dense(3)]

    def call(self, x):
        h = self.norm(x)
        for layer in self.path:
            h = layer(h)
        return x + h


class Scaled(gn.Layer):
    def __init__(self):
        super().__init__()
        self.inner = Dense(4, use_bias=False)

    def call(self, x):
        return 0.5 * self.inner(x)


class Bilinear(gn.Layer):
    """Two inputs."""

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (3, 3))

    def call(self, a, b):
        return ((a @ self.kernel) * b).sum(axis=1, keepdims=True)


class Sine(gn.Layer):
    """No weights, no build."""

    def call(self, x):
        return np.sin(x)


LAYERS = {
    "weights": (Scale, ["scale_1.scale"], []),
    "no super().__init__()": (lambda: Forgetful(1.5), ["forgetful_1.shift"], []),
    "statistics": (RunningMean, [], ["running_mean_1.mean", "running_mean_1.count"]),
    "layers inside": (
        Residual,
        [
            "residual_1.norm.gamma",
            "residual_1.norm.beta",
            "residual_1.path_1.kernel",
            "residual_1.path_1.bias",
            "residual_1.path_2.inner.kernel",
            "residual_1.path_3.kernel",
            "residual_1.path_3.bias",
        ],
        ["residual_1.norm.moving_mean", "residual_1.norm.moving_variance"],
    ),
    "named": (
        lambda: Residual(name="block"),
        [f"block.{k}" for k in ("norm.gamma", "norm.beta", "path_1.kernel", "path_1.bias")],
        ["block.norm.moving_mean", "block.norm.moving_variance"],
    ),
    "neither": (Sine, [], []),
}


def model_with(layer, optimizer="adam", dtype="float64"):
    model = gn.Sequential([Dense(3, name="before"), layer, Dense(2, name="after")], dtype=dtype)
    model.compile(optimizer, "squared_error")
    model.build((None, 3))
    return model


@pytest.mark.parametrize("name", LAYERS)
def test_keys(name):
    make, parameters, state = LAYERS[name]
    model = model_with(make())
    inside = [key for key in model.parameters if not key.startswith(("before", "after"))]
    assert inside[: len(parameters)] == parameters
    assert list(model.state) == state


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name, training):
    check = gn.check_gradients(model_with(LAYERS[name][0]()), X, Y, training=training)
    assert check.max_error <= 1e-7, str(check)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", LAYERS)
def test_every_weight_is_trained(name, optimizer):
    model = model_with(LAYERS[name][0](), optimizer)
    before = {key: value.copy() for key, value in model.parameters.items()}
    model.fit(X, Y, batch_size=7, epochs=2, verbose=0)
    assert all((model.parameters[key] != value).any() for key, value in before.items())


def test_assigned_statistics_by_hand():
    model = gn.Sequential([RunningMean()], dtype="float64")
    model.compile("sgd", "squared_error")
    model.fit(X, X, batch_size=8, epochs=2, shuffle=False, verbose=0)
    mean = np.zeros(3)
    for _ in range(2):
        for start in (0, 8, 16):
            mean = 0.9 * mean + 0.1 * X[start : start + 8].mean(axis=0)
    np.testing.assert_allclose(model.state["running_mean_1.mean"], mean, rtol=1e-13)
    assert model.state["running_mean_1.count"] == 6
    np.testing.assert_allclose(model.predict(X), X - mean, rtol=1e-13)


def test_regularizer_constraint_and_symbol_of_a_weight():
    model = model_with(Scale(), gn.optimizers.SGD(5.0))
    assert model.loss(X, Y).penalty == pytest.approx(0.03)
    model.fit(X, Y, epochs=5, batch_size=20, verbose=0)
    assert np.linalg.norm(model.parameters["scale_1.scale"]) <= 2
    assert " s1" in model.source()


def test_a_layer_with_two_inputs():
    a, b = gn.Input((3,)), gn.Input((3,))
    model = gn.Model([a, b], Bilinear()(a, Dense(3)(b)))
    model.compile("adam", "squared_error")
    assert gn.check_gradients(model, [X, X[::-1].copy()], Y[:, 0]).max_error <= 1e-7
    layer = Bilinear()
    eager = layer(X, X)
    assert eager.shape == (20, 1)
    np.testing.assert_allclose(eager[:, 0], np.einsum("ni,ij,nj->n", X, np.asarray(layer.kernel), X))


def test_weights_behave_like_arrays():
    layer = Scale()
    layer(X)
    layer.scale.assign([1.0, 2.0, 3.0])
    scale = layer.scale
    np.testing.assert_array_equal(2 * scale + 1, [3, 5, 7])
    np.testing.assert_array_equal(np.concatenate([scale, scale]), [1, 2, 3, 1, 2, 3])
    np.testing.assert_array_equal(scale[1:], [2, 3])
    assert (scale.shape, scale.sum(), np.max(scale)) == ((3,), 6, 3)
    assert repr(scale) == "<weight scale.scale (3,)>"


# ------------------------------------------------------------------------------------------ frozen
FREEZABLE = {
    "dense": lambda: Dense(3, "tanh"),
    "batch norm": BatchNormalization,
    "custom": Scale,
    "layers inside": Residual,
}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", FREEZABLE)
def test_a_frozen_layer_stays_bit_equal(name, optimizer):
    layer = FREEZABLE[name]()
    layer.trainable = False
    model = model_with(layer, optimizer)
    before = {key: value.copy() for key, value in model.parameters.items()}
    model.fit(X, Y, batch_size=7, epochs=2, verbose=0)
    for key, value in model.parameters.items():
        assert np.array_equal(value, before[key]) == (not key.startswith(("before", "after")))
    assert set(model.gradients(X, Y)) == {"before.kernel", "before.bias", "after.kernel", "after.bias"}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_layer_can_be_frozen_and_freed_between_fits(optimizer):
    layer = Dense(3, "tanh")
    model = model_with(layer, optimizer)
    changed = []
    for trainable in (True, False, True):
        layer.trainable = trainable
        before = model.parameters["dense_1.kernel"].copy()
        model.fit(X, Y, verbose=0)
        changed.append(bool((model.parameters["dense_1.kernel"] != before).any()))
    assert changed == [True, False, True]


# ------------------------------------------------------------------------------------------ functions
def swish(z):
    return z / (1 + np.exp(-z))


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Dense(4), swish],
        lambda: [Dense(4), Activation(swish)],
        lambda: [Dense(4, activation=swish)],
    ],
)
def test_functions_as_layers_and_activations(layers):
    model = gn.Sequential([*layers(), Dense(2)], dtype="float64")
    model.compile("adam", "squared_error")
    assert gn.check_gradients(model, X, Y).max_error <= 1e-7
    W = model.parameters
    h = swish(X @ W["dense_1.kernel"] + W["dense_1.bias"])
    expected = h @ W["dense_2.kernel"] + W["dense_2.bias"]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-13)
    assert "swish" in model.layers[-2].title()


def hinge(y, scores):
    """Of labels."""
    right = gn.pick(scores, y)[:, None]
    return (np.maximum(scores - right + 1, 0)).sum(axis=1) - 1


def cubic(y, scores):
    """One value per output."""
    return np.abs(scores - y) ** 3


def mean_cubic(y, scores):
    """One value per example."""
    return cubic(y, scores).mean(axis=1)


def whole(y, scores):
    """One value for the batch."""
    return cubic(y, scores).mean()


def test_losses_of_ones_own():
    values = []
    for loss in (cubic, mean_cubic, whole):
        model = gn.Sequential([Dense(2)], dtype="float64")
        model.compile("adam", loss)
        assert gn.check_gradients(model, X, Y).max_error <= 1e-7
        values.append(model.loss(X, Y).data)
    expected = (np.abs(model.predict(X) - Y) ** 3).mean()
    assert values == pytest.approx([expected] * 3, rel=1e-13)


def test_a_loss_of_labels_of_ones_own():
    model = gn.Sequential([Dense(2)], dtype="float64")
    model.compile(gn.optimizers.Adam(0.1), hinge, ["accuracy"])
    assert gn.check_gradients(model, X, LABELS).max_error <= 1e-7
    assert model.loss(X, LABELS).data == pytest.approx(hinge(LABELS, model.predict(X)).mean(), rel=1e-13)
    separable = (X[:, 0] > 0).astype(int)
    model.fit(X, separable, epochs=100, verbose=0)
    assert model.evaluate(X, separable)["accuracy"] == 1


def test_metrics_of_ones_own():
    model = gn.Sequential([Dense(2)], dtype="float64")
    model.compile("sgd", "squared_error", [cubic, mean_cubic, whole])
    found = model.evaluate(X, Y)
    expected = (np.abs(model.predict(X) - Y) ** 3).mean()
    assert list(found) == ["loss", "cubic", "mean_cubic", "whole"]
    assert list(found.values())[1:] == pytest.approx([expected] * 3, rel=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_around_a_function_follow_the_models_float_type(dtype):
    mixing = RNG.normal(0, 1, (3, 3))  # float64

    def mix(x):
        return x @ mixing + np.float64(0.5)

    model = gn.Sequential([mix, Dense(2)], dtype=dtype)
    model.compile("adam", "squared_error")
    history = model.fit(X, Y, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert {array.dtype.name for array in (*model.parameters.values(), model.predict(X))} == {dtype}
    model.astype("float64")
    W = model.parameters
    expected = (X @ mixing + 0.5) @ W["dense_1.kernel"] + W["dense_1.bias"]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)


def test_a_layer_of_images():
    class Crop(gn.Layer):
        def call(self, x):
            return x[:, 1:-1, 1:-1]

    model = gn.Sequential([Crop(), Flatten(), Dense(2)])
    assert model.predict(np.zeros((5, 6, 6))).shape == (5, 2)
    assert model.layers[0](np.zeros((5, 6, 6))).shape == (5, 4, 4)
