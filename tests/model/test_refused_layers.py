"""Layers, inputs and networks that do not fit together: each with the exact words."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, ShapeError, TraceError
from glassnet.layers import BatchNormalization, Dense, Flatten

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(0, 1, (10, 3)), np.arange(10) % 2


def refusal(act):
    with pytest.raises(GlassnetError) as caught:
        act()
    message = str(caught.value)
    assert message.count("\n") <= 2
    return type(caught.value), message


def compiled(*layers):
    model = gn.Sequential(layers)
    model.compile("sgd", "softmax_cross_entropy")
    return model


def built():
    model = gn.Sequential([Dense(2)])
    model.build((None, 3))
    return model


# ------------------------------------------------------------------------------------------ layers
class Silent(gn.Layer):
    def call(self, x):
        x + 1


class TwoWeights(gn.Layer):
    def build(self, input_shape):
        self.a, self.b = self.add_weight("a", (1,)), self.add_weight("a", (1,))

    def call(self, x):
        return x


class Branches(gn.Layer):
    def call(self, x):
        if x.sum() > 0:
            return x
        return -x


class InPlace(gn.Layer):
    def call(self, x):
        x += 1
        return x


class Total(gn.Layer):
    def call(self, x):
        return x.sum()


def shared_with_other_inputs():
    layer = Dense(2)
    layer(gn.Input((3,)))
    layer(gn.Input((4,)))


def build(*layers):
    return lambda: gn.Sequential(layers).build((None, 3))


AXES = "takes arrays of at least 2 dimensions (batch, features); got 1.\n"
RESHAPE = "One feature: X.reshape(-1, 1). One example: X.reshape(1, -1)."
LAYERS = [
    (lambda: gn.Sequential([Dense(2)]).build((None,)), ShapeError, f"layer dense_1: Dense {AXES}{RESHAPE}"),
    (
        lambda: gn.Sequential([np.tanh, BatchNormalization()]).build((None,)),
        ShapeError,
        f"layer batch_normalization_1: BatchNormalization {AXES}{RESHAPE}",
    ),
    (shared_with_other_inputs, ShapeError, "layer dense takes 3 inputs, got 4 (array of shape (n, 4))."),
    (
        build(Dense(2, kernel_initializer=np.zeros((5, 2)))),
        InputError,
        "the initializer of dense_1.kernel answered shape (5, 2), expected (3, 2).",
    ),
    (
        build(Dense(2), Dense(2, name="last", kernel_initializer=lambda shape, seed: np.zeros(7))),
        InputError,
        "the initializer of last.kernel answered shape (7,), expected (2, 2).",
    ),
    (build(Total()), ShapeError, "the network answers shape (): the first extent must be the batch n."),
    (
        build(np.transpose),
        ShapeError,
        "the network answers shape (3, n): the first extent must be the batch n.",
    ),
    (build(Silent()), InputError, "Silent.call() answered None; end it with return."),
    (build(TwoWeights()), InputError, "layer TwoWeights already has a weight 'a'; give each its own name."),
    (
        build(Branches()),
        TraceError,
        (
            "test_refused_layers.py:{line}: if x.sum() > 0\n"
            "the value of a traced array (greater, shape ()) is not known while tracing.\n"
            "Write np.where(condition, a, b) instead of if, and, or, while."
        ),
    ),
    (
        build(InPlace()),
        TraceError,
        (
            "test_refused_layers.py:{line}: x += 1\n"
            "traced arrays are never changed in place.\n"
            "Write x = x + 1 instead of x += 1 (or out=x)."
        ),
    ),
    (
        build(Dense(2, name="a"), Dense(2, name="a")),
        InputError,
        "two layers are called 'a'; give each layer its own name.",
    ),
    (
        build(Dense(2, name="dense_1"), Dense(2)),
        InputError,
        "two layers are called 'dense_1'; give each layer its own name.",
    ),
    (
        lambda: Dense(2, name="a.b"),
        InputError,
        "layer name 'a.b' cannot be used.\nUse letters, digits, '_', '-' and spaces, at most 64 characters.",
    ),
    (build(), InputError, "the model has no layers; add some: model.add(gn.layers.Dense(10))."),
    (
        lambda: gn.Sequential([Dense]),
        InputError,
        (
            "<class 'glassnet.nn.core.Dense'> is not a layer: give an object such as layers.Dense(10), or a "
            "NumPy function."
        ),
    ),
    (
        lambda: gn.Sequential(["relu"]),
        InputError,
        "'relu' is not a layer: give an object such as layers.Dense(10), or a NumPy function.",
    ),
    (
        lambda: gn.Sequential([gn.Input((3,))]),
        InputError,
        "Sequential takes layers; gn.Input belongs to gn.Model(inputs, outputs).",
    ),
    (
        lambda: gn.Sequential(np.tanh),
        InputError,
        "Sequential takes a list of layers, such as [layers.Dense(10)]; got <ufunc 'tanh'>.",
    ),
    (
        lambda: built().add(Dense(1)),
        InputError,
        "layers cannot be added to a built model; make a new Sequential.",
    ),
]


def line_of(text):
    """The number of the line of this file that holds nothing but this text."""
    with open(__file__, encoding="utf-8") as file:
        return next(i for i, line in enumerate(file, 1) if line.strip().rstrip(":") == text)


@pytest.mark.parametrize("act, kind, message", LAYERS, ids=[row[2][:60] for row in LAYERS])
def test_layers_that_do_not_fit(act, kind, message):
    if "{line}" in message:
        message = message.replace("{line}", str(line_of(message.split("\n")[0].split(": ", 1)[1])))
    assert refusal(act) == (kind, message)


def test_after_a_failed_build_another_shape_may_come():
    tried, fresh = (compiled(Dense(4), Flatten(), Dense(2, kernel_initializer=np.ones((4, 2)))) for _ in "ab")
    assert refusal(lambda: tried.fit(np.zeros((10, 5, 3)), LABELS))[0] is InputError
    assert not tried.built
    losses = [model.fit(X, LABELS, verbose=0).history["loss"] for model in (tried, fresh)]
    assert losses[0] == losses[1]


# ------------------------------------------------------------------------------------------ Input and Model
def misused():
    a, b = gn.Input((3,)), gn.Input((3,), name="second")
    dense = Dense(2)
    inputs = "Model(inputs, outputs): inputs must be made by gn.Input(shape), one or a list of them."
    outputs = "Model(inputs, outputs): outputs must be one symbolic array; got {}."
    return [
        (lambda: gn.Model(np.zeros(3), dense(a)), InputError, inputs),
        (lambda: gn.Model(a + 1, dense(a)), InputError, inputs),
        (
            lambda: gn.Model([a, a], dense(a)),
            InputError,
            "Model(inputs, outputs): the same gn.Input is listed twice.",
        ),
        (lambda: gn.Model(a, np.zeros(3)), InputError, outputs.format("ndarray")),
        (lambda: gn.Model(a, [dense(a)]), InputError, outputs.format("list")),
        (
            lambda: gn.Model(a, dense(a) + dense(b)),
            InputError,
            (
                "the output depends on 'second', which is not among the model's inputs.\n"
                "List every gn.Input that was used: Model([x1, x2], output)."
            ),
        ),
        (
            lambda: gn.Model(a, a.sum()),
            ShapeError,
            "the network answers shape (): the first extent must be the batch n.",
        ),
        (
            lambda: gn.trace(lambda x: gn.Input((3,)) + x, (3,)),
            InputError,
            "gn.Input belongs outside functions that are traced, where a model is put together.",
        ),
        (
            lambda: gn.grad(lambda x: Dense(1)(x).sum())(X),
            GlassnetError,
            "layers work inside models; gn.grad and gn.trace take plain NumPy functions.",
        ),
    ]


@pytest.mark.parametrize("act, kind, message", misused(), ids=[row[2][:60] for row in misused()])
def test_misused_inputs(act, kind, message):
    assert refusal(act) == (kind, message)


def test_layers_and_arrays_that_do_not_fit_an_input():
    x = gn.Input((3,))
    _, message = refusal(lambda: x + gn.Input((4,)))
    assert message.split("\n")[1:] == ["add: shapes (n, 3) and (n, 4) do not broadcast together"]
    _, message = refusal(lambda: x @ np.ones((4, 4)))
    assert message.split("\n")[1:] == [
        "an array was mixed with gn.Input.",
        "Put it into a layer's weights, or inside a function or layer.",
    ]
