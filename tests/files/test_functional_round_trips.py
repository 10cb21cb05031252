"""Functional models: shared layers, several inputs, plain NumPy between layers, and parts of one's own."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from stored_models import data_for, trained

import glassnet as gn
from glassnet import activations, layers
from glassnet.files import Packer, Unpacker, operations, registry


def compiled(inputs, output, **options):
    model = gn.Model(inputs, output, **options)
    model.compile("adam", "squared_error")
    return trained(model)


def shared():
    x = gn.Input((4,))
    dense = layers.Dense(4, "tanh")
    return x, layers.Dense(2)(dense(dense(x)))


def several_inputs():
    a, b = gn.Input((3,), name="left"), gn.Input((2, 5), dtype="int32")
    looked_up = layers.Flatten()(layers.Embedding(7, 2)(b))
    return [b, a], layers.Dense(1)(layers.Concatenate()([a, looked_up]))


def unused_input():
    a, b = gn.Input((3,)), gn.Input((2,))
    return [b, a], layers.Dense(2)(a)


def dropout_twice():
    x = gn.Input((6,))
    drop = layers.Dropout(0.4)
    return x, layers.Dense(1)(drop(x) + drop(x))


def arithmetic():
    x = gn.Input((4,))
    h = layers.Dense(4)(x)
    squares = (h - x) ** 2 / (1.0 + np.abs(h)) + np.exp(-np.abs(x)) - 3
    low = np.minimum(np.maximum(squares, 0.1), 2.0)
    chosen = np.where((h > 0) & ~(x <= 0) | (h == 1), np.sqrt(low), np.log1p(low))
    waves = np.sin(x) * np.cos(h) + np.tanh(h) + np.sign(x) * np.floor(h)
    return x, layers.Dense(2)(chosen + waves)


def shapes():
    x = gn.Input((4, 6))
    h = x[:, ::2, 1:-1].transpose(0, 2, 1).reshape(x.shape[0], 8)
    parts = np.concatenate([h[:, ::-1], np.broadcast_to(h[:, :1], h.shape)], axis=1)
    table = np.stack([h, -h], axis=1) @ np.swapaxes(np.stack([h, h], axis=1), 1, 2)
    return x, layers.Dense(2)(np.concatenate([parts, table.reshape(x.shape[0], 4)], axis=1))


def reductions():
    x = gn.Input((4, 3))
    flat = [x.sum(axis=2), x.mean(axis=1), x.var(axis=1), x.max(axis=2), x.min(axis=(1, 2))[:, None]]
    centred = flat[0] - flat[0].mean(axis=0, keepdims=True)
    return x, layers.Dense(1)(np.concatenate([*flat, centred / x.shape[0]], axis=1))


def indices():
    x = gn.Input((5,))
    h = layers.Dense(5)(x)
    best = gn.pick(h, x.argmax(axis=1))
    worst = np.take_along_axis(h, h.argmin(axis=1)[:, None], axis=1)
    return x, layers.Dense(2)(np.concatenate([best[:, None], worst, h.astype(int).astype(float)], axis=1))


def stopped():
    x = gn.Input((3,))
    h = layers.Dense(3)(x)
    return x, layers.Dense(1)(gn.stop_gradient(h) * h)


def functions():
    x = gn.Input((4,))
    h = activations.gelu(layers.Dense(4)(x)) + activations.softmax(x, axis=-1)
    return x, layers.Dense(2)(activations.leaky_relu(h, 0.05) + activations.silu(x))


MODELS = (
    shared, several_inputs, unused_input, dropout_twice, arithmetic, shapes, reductions, indices, stopped,
    functions,
)  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", MODELS, ids=lambda m: m.__name__)
def test_functional_models(make, dtype, round_trip):
    round_trip(compiled(*make(), dtype=dtype, seed=4))


def test_a_layer_used_twice_in_a_sequence(round_trip):
    dense = layers.Dense(4, "tanh")
    model = gn.Sequential([dense, layers.Dropout(0.2), dense, layers.Dense(2)])
    model.build((None, 4))
    model.compile("adam", "squared_error")
    found = round_trip(trained(model))
    assert found.layers[0] is found.layers[2]


def test_frozen_layers_stay_frozen(round_trip):
    norm = layers.BatchNormalization(trainable=False)
    model = gn.Sequential([layers.Dense(4), norm, layers.Dense(2, trainable=False), layers.Dense(2)])
    model.build((None, 3))
    model.compile("adam", "squared_error")
    found = round_trip(trained(model))
    assert [layer.trainable for layer in found.layers] == [True, False, False, True]


def test_slots_of_other_weights_are_left_behind(round_trip):
    model = gn.Sequential([layers.Dense(4), layers.Dense(2)])
    model.build((None, 3))
    model.compile("adam", "squared_error")
    trained(model).layers[0].trainable = False
    found = round_trip(model, epochs=0)
    assert found._shelf.slots == {}


def test_preprocessing_that_has_seen_data(round_trip):
    scaler = layers.Normalization()
    scaler.adapt([[0.0, 1.0], [0.0, -1.0]])  # mean 0, variance 1: what it would start with
    model = gn.Sequential([scaler, layers.Dense(1)])
    model.build((None, 2))
    assert round_trip(model).layers[0].adapted


def test_preprocessing_that_has_not(round_trip):
    model = gn.Sequential([layers.Normalization(), layers.Dense(1)])
    model.build((None, 2))
    model.compile("adam", "squared_error")
    found = round_trip(model)
    assert found.layers[0].adapted  # by the training after the round trip


def test_a_model_that_was_never_compiled(round_trip):
    model = gn.Sequential([layers.Dense(2)])
    model.build((None, 2))
    found = round_trip(model)
    assert (found.optimizer, found.loss_function, found.history) == (None, None, None)


def test_history_and_validation(round_trip):
    model = gn.Sequential([layers.Dense(2)])
    model.build((None, 3))
    model.compile("adam", "softmax_cross_entropy", ["accuracy"])
    X, y = data_for(model)
    model.fit(X, y, epochs=3, validation_split=0.2, verbose=0, sample_weight=np.ones(len(X)))
    model.history.append(3, {"loss": float("inf")})  # the others become NaN
    before = repr(model.history.to_dict())
    found = round_trip(model, epochs=0)
    assert repr(found.history.to_dict()) == before
    assert found.source() == model.source()


def test_weights_changed_by_hand_and_dtype(round_trip):
    model = gn.Sequential([layers.Dense(2)])
    model.build((None, 3))
    model.set_parameters({"dense_1.kernel": [[1, float("nan")], [np.inf, -0.0], [1e-40, 2]]})
    found = round_trip(model)
    assert found.parameters["dense_1.kernel"].tobytes() == model.parameters["dense_1.kernel"].tobytes()
    model.astype("float64")
    assert round_trip(model).dtype == np.float64


# ------------------------------------------------------------------------------------------ the user's own
class Scale(gn.Layer):
    def __init__(self, factor, inner=None):
        super().__init__()
        self.factor, self.inner = factor, inner

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), "ones")
        self.late = layers.Dense(input_shape[-1])

    def call(self, x):
        h = x * self.scale * self.factor
        return self.late(h if self.inner is None else self.inner(h))


class WithConfig(gn.Layer):
    def __init__(self, power):
        super().__init__()
        self.hidden = 2 * power

    def get_config(self):
        return {"power": self.hidden // 2}

    def call(self, x):
        return x**self.hidden


class Halving(gn.schedules.LearningRateSchedule):
    def rate(self, step):
        return 0.1 * 0.5**step


class Cube(gn.regularizers.Regularizer):
    def __init__(self, strength=0.1):
        self.strength = strength

    def __call__(self, w):
        return self.strength * (np.abs(w) ** 3).sum()


def bent(x):
    return np.where(x > 0, x, 0.1 * x**2)


def tilted(y, scores):
    return np.where(y > scores, 2 * (y - scores), scores - y)


def closeness(y, scores):
    return np.exp(-np.abs(y - scores))


def halves(shape, seed=None):
    return np.full(shape, 0.5)


@gn.composite
def swish_of(z, beta, *, power=1):
    return z**power / (1 + np.exp(-beta * z))


@gn.composite
def both_ways(z):
    return np.exp(z), np.exp(-z)


OWN = {
    f.__name__: f
    for f in (Scale, WithConfig, Halving, Cube, bent, tilted, closeness, halves, swish_of, both_ways)
}


def own_model():
    x = gn.Input((3,))
    h = Scale(0.5, inner=layers.Dense(3, bent, kernel_initializer=halves, kernel_regularizer=Cube(0.2)))(x)
    h = WithConfig(1)(swish_of(h, 0.5, power=2))
    up, down = both_ways(h)
    h = up - 0.5 * down
    h = layers.Activation(functools.partial(scaled, by=2.0))(h)
    model = gn.Model(x, layers.Dense(1, name="last one")(h))
    model.compile(gn.optimizers.SGD(Halving()), tilted, [closeness, gn.metrics.Metric("again", closeness)])
    model.layers[0].inner.trainable = False
    return trained(model)


def scaled(x, by):
    return by * x


def test_layers_and_functions_of_ones_own(round_trip):
    model = own_model()
    found = round_trip(model, {**OWN, "scaled": scaled})
    assert found.layers[0].inner.trainable is False
    assert type(found.layers[0]) is Scale
    assert found.layers[0].inner.activation is bent


@pytest.mark.parametrize("name", [*OWN, "scaled"])
def test_they_have_to_be_handed_over(name, tmp_path):
    own_model().save(tmp_path / "m")
    rest = {key: value for key, value in {**OWN, "scaled": scaled}.items() if key != name}
    with pytest.raises(gn.errors.ModelFileError, match=rf"custom={{'{name}': ...}}"):
        gn.load(tmp_path / "m", rest)


def test_operations_that_files_do_not_know(tmp_path, monkeypatch):
    model = compiled(*arithmetic())
    monkeypatch.delitem(operations.OPERATIONS, "sin")
    with pytest.raises(
        gn.errors.ModelFileError, match=r"operations\[\d+\] cannot be stored: the operation 'sin' between"
    ):
        model.save(tmp_path / "m")


def test_more_classes_can_be_taken_in(monkeypatch):
    for table in ("CLASSES", "KIND_OF"):
        monkeypatch.setattr(registry, table, dict(getattr(registry, table)))
    registry.add("thing", Cube)
    packer = Packer()
    described = packer.pack(Cube(np.float64(0.25)))
    assert described == {"object": "thing/Cube", "config": {"strength": 0.25}}
    assert Unpacker({}).unpack(described).strength == 0.25
