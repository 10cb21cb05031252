"""Every layer, activation, loss, metric, optimizer, constraint and regularizer, each in a small network.

The tables of the tests that define these things are read again here, so that a new member is compiled, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import glassnet as gn
from glassnet import layers, losses, optimizers, regularizers, schedules
from glassnet.layers import BatchNormalization, ColumnEmbedding, Dense, Dropout, Embedding, Flatten
from golden.optim.regenerate import OPTIMIZERS as STORED_OPTIMIZERS
from model import test_custom_layers as custom
from model import test_functional_models as functional
from nn import (
    test_activation_layers,
    test_catalogue_activations,
    test_catalogue_constraints,
    test_catalogue_layers,
    test_catalogue_losses,
    test_catalogue_metrics,
    test_catalogue_regularizers,
    test_layers,
    test_losses,
    test_targets,
)
from optim import test_catalogue_options, test_optimizers

RNG = np.random.default_rng(11)
X, Y, LABELS = RNG.normal(0, 1, (9, 4)), RNG.normal(0, 1, (9, 3)), RNG.integers(0, 3, 9)
WEIGHTS = np.linspace(0, 2, 9)


class Task(NamedTuple):
    """A compiled network with data."""

    model: Any
    X: Any
    y: Any
    sample_weight: Any = None


Maker = Callable[[str], Task]
TASKS: dict[str, Maker] = {}


def regression(
    dtype: str, *stack: Any, optimizer: Any = None, loss: Any = "squared_error", weights: Any = None
) -> Task:
    """Layers between the data and three outputs."""
    model = gn.Sequential([*stack, Dense(3, name="after")], dtype=dtype)
    model.compile(optimizer or gn.optimizers.SGD(0.1), loss)
    model.build((None, 4))
    return Task(model, X, Y, weights)


# ------------------------------------------------------------------------------------------ layers
def _sandwich(module: Any, name: str, dtype: str) -> Task:
    return Task(*module.sandwich(module.CASES[name], dtype))


for module in (test_layers, test_catalogue_layers):
    for name in module.CASES:
        TASKS[f"layer: {name}"] = partial(_sandwich, module, name)


def _activation_layer(name: str, dtype: str) -> Task:
    cls, options, *_ = test_activation_layers.CASES[name]
    return regression(dtype, Dense(6), cls(**options))


def _activation_layer_of_images(name: str, dtype: str) -> Task:
    cls, options, *_ = test_activation_layers.CASES[name]
    model = gn.Sequential([Dense(6), cls(**options), Flatten(), Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    return Task(model, RNG.normal(0, 1, (5, 2, 3, 4)), Y[:5])


for name in test_activation_layers.CASES:
    TASKS[f"layer: activation {name}"] = partial(_activation_layer, name)
    TASKS[f"layer: activation {name} of images"] = partial(_activation_layer_of_images, name)


def _embedding(dtype: str) -> Task:
    model = gn.Sequential([Embedding(7, 3, embeddings_regularizer="l2"), Flatten(), Dense(3)], dtype=dtype)
    model.compile("adam", "softmax_cross_entropy")
    return Task(model, RNG.integers(0, 7, (9, 4)), LABELS)


def _embedding_of_one_word(dtype: str) -> Task:
    model = gn.Sequential([Embedding(7, 3), Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1, momentum=0.9), "squared_error")
    return Task(model, RNG.integers(0, 7, 9), Y)


def _embedding_of_columns(dtype: str) -> Task:
    stack = [ColumnEmbedding([4, 7], [3, 2], embeddings_regularizer="l2"), Dense(3)]
    model = gn.Sequential(stack, dtype=dtype)
    model.compile("adam", "softmax_cross_entropy")
    indices = RNG.integers(0, 4, 9), RNG.integers(0, 7, 9)
    return Task(model, np.column_stack([RNG.normal(size=(9, 2)), *indices]), LABELS)


TASKS["layer: embedding"] = _embedding
TASKS["layer: embedding of columns"] = _embedding_of_columns
TASKS["layer: embedding of one word"] = _embedding_of_one_word


# ------------------------------------------------------------------------------------------ activations
def _activation(name: str, dtype: str) -> Task:
    function, _ = test_catalogue_activations.ALL[name]
    task = regression(dtype, Dense(6, function, kernel_initializer=gn.initializers.RandomNormal(0, 1.5)))
    return task


for name in test_catalogue_activations.ALL:
    if "axis" not in name:  # along the examples of a batch
        TASKS[f"activation: {name}"] = partial(_activation, name)


# ------------------------------------------------------------------------------------------ losses
def _scored(loss: Any, y: Any, scores: Any, weighted: bool, dtype: str, metrics: Any = ()) -> Task:
    """Scores that are nearly the inputs: where the loss is defined."""
    model = test_catalogue_losses.model_of(loss, scores.shape[1], dtype=dtype, metrics=metrics)
    return Task(model, scores, y, np.linspace(0, 2, len(scores)) if weighted else None)


for number, case in enumerate(test_catalogue_losses.CASES):
    for weighted in (False, True):
        name = f"loss: {case.loss!r} {number}" + (", weighted" if weighted else "")
        TASKS[name] = partial(_scored, case.loss, case.y, case.scores, weighted)
for number, (loss, y) in enumerate(test_losses.CASES):
    TASKS[f"loss: {loss!r}, {number}, y {y.shape}"] = partial(
        _scored, loss, y, test_losses.SCORES, number % 2 == 1
    )


# ------------------------------------------------------------------------------------------ targets
def _target(loss: Any, y: Any, width: Any, dtype: str) -> Task:
    y = np.asarray(y)
    model = gn.Sequential([Dense(width[-1]) if width else Dense(1)], dtype=dtype)
    if not width:
        x = gn.Input((4,))
        model = gn.Model(x, Dense(1)(x)[:, 0], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), loss)
    return Task(model, RNG.normal(0, 1, (len(y), *width[:-1], 4)), y)


for number, (loss, y, width, _) in enumerate(test_targets.TAKEN):
    if loss is test_targets.MINE and width == (3,):
        continue  # it takes the labels, and does not know what to do with them
    TASKS[f"target: {number}, {loss!r}, {np.asarray(y).dtype} {np.shape(y)}"] = partial(
        _target, loss, y, width
    )


# ------------------------------------------------------------------------------------------ metrics
def _measured(number: int, weighted: bool, dtype: str) -> Task:
    metric, loss, units, y, _ = test_catalogue_metrics.STREAMING[number]
    model = gn.Sequential([Dense(units)], dtype=dtype, seed=1)
    model.compile(gn.optimizers.SGD(0.1), loss, metrics=[metric])
    weights = test_catalogue_metrics.WEIGHTS if weighted else None
    return Task(model, test_catalogue_metrics.X, y, weights)


for number, (metric, loss, *_) in enumerate(test_catalogue_metrics.STREAMING):
    for weighted in (False, True):
        name = f"metric: {getattr(metric, '__name__', metric)!s:.30}, {loss}, {number}"
        TASKS[name + (", weighted" if weighted else "")] = partial(_measured, number, weighted)


# ------------------------------------------------------------------------------------------ optimizers
def _optimized(make: Callable[[], Any], dtype: str) -> Task:
    return regression(dtype, Dense(5, "tanh", name="dense_1"), optimizer=make())


def _optimized_layout(layout: str, make: Callable[[], Any], dtype: str) -> Task:
    model = gn.Sequential(test_optimizers.LAYOUTS[layout](), dtype=dtype)
    model.compile(make(), "squared_error")
    return Task(model, test_optimizers.X, test_optimizers.Y)


def _stored(make: Callable[[], Any], dtype: str) -> Task:
    model = gn.Sequential([Dense(5, "relu"), Dense(3)], dtype=dtype)
    model.compile(make(), "softmax_cross_entropy")
    return Task(model, X, LABELS)


def _with_options(kind: Any, name: str, dtype: str) -> Task:
    options, _ = test_catalogue_options.OPTIONS[name]
    model = test_catalogue_options.model_with(kind(0.1, **options), dtype)
    return Task(model, test_catalogue_options.X, test_catalogue_options.Y)


for name, make in STORED_OPTIMIZERS.items():
    TASKS[f"optimizer: {name.removesuffix('.py')}"] = partial(_stored, make)
for name, make in test_catalogue_options.EVERY.items():
    TASKS[f"optimizer: {name}, every"] = partial(_optimized, make)
    TASKS[f"optimizer: {name}, clipped, decayed, averaged"] = partial(
        _optimized,
        partial(make, global_clipnorm=0.5, weight_decay=0.01, use_ema=True, ema_overwrite_frequency=3),
    )
for name, (make, *_) in test_optimizers.CASES.items():
    for layout in test_optimizers.LAYOUTS:
        TASKS[f"optimizer: {name}, {layout}"] = partial(_optimized_layout, layout, make)
for kind in (gn.optimizers.SGD, gn.optimizers.Adam):
    for name in test_catalogue_options.OPTIONS:
        TASKS[f"optimizer: {kind.__name__}, {name}"] = partial(_with_options, kind, name)


# ------------------------------------------------------------------------------------------ weights
def _constrained(make: Callable[[Any], Any], axis: Any, optimizer: Any, dtype: str) -> Task:
    W = test_catalogue_constraints.W
    dense = Dense(5, kernel_initializer=W, kernel_constraint=make(axis), bias_constraint="max_norm")
    model = gn.Sequential([dense, Dense(3)], dtype=dtype)
    model.compile(optimizer(), "squared_error")
    return Task(model, RNG.normal(0, 1, (9, 6)), Y)


for name, (make, _) in test_catalogue_constraints.CASES.items():
    for axis in test_catalogue_constraints.AXES:
        for optimizer in (gn.optimizers.SGD, gn.optimizers.Adam):
            key = f"constraint: {name}, axis {axis}, {optimizer.__name__}"
            TASKS[key] = partial(_constrained, make, axis, optimizer)


def _penalized(name: str, place: str, dtype: str) -> Task:
    options = {
        f"{place}_regularizer": test_catalogue_regularizers.CASES[name][0],
        "bias_initializer": gn.initializers.RandomNormal(0.1, 0.5),
    }
    return regression(dtype, Dense(5, "tanh", **options))


for name, where in test_catalogue_regularizers.PLACES:
    if (name, where) not in test_catalogue_regularizers.IMPOSSIBLE:
        TASKS[f"regularizer: {name} of the {where}"] = partial(_penalized, name, where)


# ------------------------------------------------------------------------------------------ models
def _functional(name: str, optimizer: str, dtype: str) -> Task:
    model, inputs = functional.NETWORKS[name]()
    model.astype(dtype)
    model.compile(optimizer, "softmax_cross_entropy", metrics=["accuracy"])
    return Task(model, inputs, functional.LABELS[: functional.count(inputs)])


def _custom(name: str, optimizer: str, frozen: bool, dtype: str) -> Task:
    make = custom.FREEZABLE[name] if frozen else custom.LAYERS[name][0]
    layer = make()
    if frozen:
        layer.trainable = False
    return Task(custom.model_with(layer, optimizer, dtype), custom.X, custom.Y)


for optimizer in ("sgd", "adam"):
    for name in functional.NETWORKS:
        TASKS[f"model: {name}, {optimizer}"] = partial(_functional, name, optimizer)
    for name in custom.LAYERS:
        TASKS[f"model: custom {name}, {optimizer}"] = partial(_custom, name, optimizer, False)
    for name in custom.FREEZABLE:
        TASKS[f"model: frozen {name}, {optimizer}"] = partial(_custom, name, optimizer, True)


def _everything(dtype: str) -> Task:
    """A deep network with all that a training step may contain, and more than one batch norm."""
    stack = [
        layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0]),
        Dense(6, kernel_regularizer="l2", kernel_constraint=gn.constraints.MaxNorm(1.5)),
        BatchNormalization(),
        layers.Activation("relu"),
        Dropout(0.3),
        layers.GaussianNoise(0.1),
        Dense(5, "gelu"),
        BatchNormalization(),
        Dropout(0.2),
        Dense(3),
    ]
    model = gn.Sequential(stack, dtype=dtype, seed=7)
    optimizer = gn.optimizers.AdamW(
        schedules.CosineDecay(0.0, 100, warmup_target=0.01, warmup_steps=10), clipnorm=1.0
    )
    model.compile(optimizer, "softmax_cross_entropy", metrics=["accuracy", "top_k_accuracy"])
    return Task(model, X, LABELS, WEIGHTS)


def _captured(dtype: str) -> Task:
    """Arrays and numbers that functions of the user's find around them."""
    mask, shift, number, turn = np.array([1.0, 0.0, 2.0, 1.0]), np.array(0.25), 3, np.eye(4)[::-1]
    stack = [lambda x: np.where(mask > 0, x * mask, shift) + number, Dense(4), lambda z: np.tanh(z @ turn)]
    model = gn.Sequential([*stack, Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), lambda y, scores: np.abs(scores - y) ** 1.5 * mask[:3])
    return Task(model, X, Y)


def _names_of_ours(dtype: str) -> Task:
    """A user's variables may be called as something that compiled programs need."""
    f, exp, floats, rows, y, w = (RNG.normal(0, 1, 4) for _ in range(6))
    batch, array, i, results, z1, train_step = (RNG.normal(0, 1, 4) for _ in range(6))

    def mixed(x):
        n, t, seed = x + f, x * exp * y, x - floats + z1 - w - train_step
        matmul, j, blas = rows * n, t + batch, array * seed
        return matmul + j * blas + i * results

    model = gn.Sequential([mixed, Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    return Task(model, X, Y)


class Delay(gn.Layer):
    """Statistics that take over each other's values: what is read is what the last step left."""

    def build(self, input_shape):
        one, two, three, four = (self.add_weight(f"s{i}", (4,), "zeros", trainable=False) for i in range(4))
        self.line = one, two, three, four

    def call(self, x, training=False):
        one, two, three, four = self.line
        before = one + 2 * two + 3 * three + 5 * four
        if training:
            one_now, two_now, three_now = one + 0, two + 0, three + 0
            one.assign(x.mean(axis=0))
            two.assign(one_now)
            three.assign(two_now * 2)
            four.assign(three_now)
        return x + before


class Swap(gn.Layer):
    """Two statistics that change places."""

    def build(self, input_shape):
        self.one = self.add_weight("one", (4,), "zeros", trainable=False)
        self.two = self.add_weight("two", (4,), "ones", trainable=False)

    def call(self, x, training=False):
        if training:
            one, two = self.one + 0, self.two + 0
            self.one.assign(two)
            self.two.assign(one)
        return x * self.two


def _statistics(layer: Any, dtype: str) -> Task:
    model = gn.Sequential([layer(), Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    model.build((None, 4))
    for weight, _ in model.weights():
        weight.value = np.asarray(RNG.normal(0, 1, weight.shape), dtype)
    return Task(model, X, Y)


for layer in (Delay, Swap):
    TASKS[f"model: {layer.__name__}"] = partial(_statistics, layer)


def _branches(dtype: str) -> Task:
    """Two branches, slices, a transposition, a product of activations."""
    x = gn.Input((4,))
    a, b = Dense(6, "relu")(x), Dense(6, "tanh")(x)
    pairs = (a * b).reshape(-1, 2, 3)
    products = pairs @ np.swapaxes(pairs, 1, 2)
    joined = layers.Concatenate()([a[:, ::2], b[:, 1:4], products.reshape(-1, 4), x[:, -1:]])
    model = gn.Model(x, Dense(3)(joined), dtype=dtype)
    model.compile(gn.optimizers.RMSprop(0.01, momentum=0.9), "huber", metrics=["mae", "mse"])
    return Task(model, X, Y, WEIGHTS)


def _attention(dtype: str) -> Task:
    """Sequences: scores of every pair of places, a softmax, a mean over places."""
    x = gn.Input((5, 4))
    q, k, v = Dense(3)(x), Dense(3)(x), Dense(3)(x)
    scores = q @ np.swapaxes(k, 1, 2) / np.sqrt(3.0)
    mixed = gn.activations.softmax(scores) @ v
    model = gn.Model(x, Dense(3)(mixed.mean(axis=1)), dtype=dtype)
    model.compile("adam", "softmax_cross_entropy", metrics=["accuracy"])
    return Task(model, RNG.normal(0, 1, (9, 5, 4)), LABELS)


def _pixels(dtype: str) -> Task:
    """Preprocessing of images, adapted to the data."""
    stack = [
        layers.Rescaling(1 / 16),
        layers.Flatten(),
        layers.MeanSubtraction(axis=None),
        layers.Whitening("zca"),
        Dense(3),
    ]
    model = gn.Sequential(stack, dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
    return Task(model, RNG.integers(0, 17, (30, 3, 2)).astype(np.uint8), np.arange(30) % 3)


def _wide(dtype: str) -> Task:
    """Products that go to the BLAS."""
    model = gn.Sequential([Dense(120, "relu"), Dense(110, "tanh"), Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.01), "softmax_cross_entropy")
    return Task(model, RNG.normal(0, 1, (90, 130)), RNG.integers(0, 3, 90))


def _one_of_everything(dtype: str) -> Task:
    """One input, one unit, one output, one row."""
    model = gn.Sequential([Dense(1), BatchNormalization(), Dense(1)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    return Task(model, RNG.normal(0, 1, (1, 1)), RNG.normal(0, 1, (1, 1)))


for make in (
    _everything,
    _captured,
    _names_of_ours,
    _branches,
    _attention,
    _pixels,
    _wide,
    _one_of_everything,
):
    TASKS[f"model: {make.__name__[1:].replace('_', ' ')}"] = make


def _summed(dtype: str) -> Task:
    return regression(
        dtype, Dense(4, "tanh"), loss=losses.SquaredError("sum", reduction="sum"), weights=WEIGHTS
    )


def _own_penalty(dtype: str) -> Task:
    dense = Dense(4, lambda z: z / (1 + np.abs(z)), kernel_regularizer=lambda w: 0.1 * np.abs(w).max())
    return regression(
        dtype, dense, Dense(3, kernel_regularizer=regularizers.L1(0.1)), optimizer=optimizers.Adam()
    )


TASKS["loss: summed over examples"] = _summed
TASKS["regularizer: of one's own"] = _own_penalty
TASKS["optimizer: step_decay"] = partial(
    _stored, lambda: gn.optimizers.SGD(schedules.StepDecay(0.1, 1000, 0.5))
)


def _same_numbers(make: Maker, start: Any, dtype: str) -> Task:
    """A task's data do not depend on the tasks made before."""
    RNG.bit_generator.state = start
    return make(dtype)


for name, make in TASKS.items():
    TASKS[name] = partial(_same_numbers, make, RNG.bit_generator.state)
