"""The catalogue's layers, asked the same questions: weights, shapes, gradients, float types, printed text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from golden.layers.regenerate import GOLDEN, PROGRAMS

Shape = tuple[int, ...]


def adapted(layer, shape):
    """A preprocessing layer with statistics of random data, which no placeholder has."""
    layer.adapt(np.random.default_rng(3).normal(0.3, 1.7, (50, *shape)))
    return layer


@dataclass
class Case:
    """A layer, the shape of one example, and what is expected of them."""

    make: Callable[[], Any]
    input: Shape
    output: Shape
    parameters: dict[str, Shape] = field(default_factory=dict)
    state: dict[str, Shape] = field(default_factory=dict)
    several: int = 1  # inputs


def affine(name, shape):
    return {f"{name}_1.gamma": shape, f"{name}_1.beta": shape}


def moving(shape):
    return {f"batch_normalization_1.moving_{what}": shape for what in ("mean", "variance")}


def statistics(family, **shapes):
    return {f"{family}_1.{name}": shape for name, shape in shapes.items()}


DENSE = {"drop_connect_1.kernel": (3, 4), "drop_connect_1.bias": (4,)}
ROTATION = {"mean": (3,), "rotation": (3, 3), "variance": (3,), "total_variance": ()}
REDUCED = {"mean": (3,), "rotation": (3, 2), "variance": (2,), "total_variance": ()}
IMAGE = (4, 5, 3)

CASES = {
    # noise
    "dropout, one mask per sequence": Case(
        lambda: layers.Dropout(0.4, noise_shape=(None, 1, 3)), (4, 3), (4, 3)
    ),
    "dropout, one mask for all": Case(lambda: layers.Dropout(0.4, noise_shape=(1, 3)), (3,), (3,)),
    "vanilla dropout": Case(lambda: layers.VanillaDropout(0.4), (3,), (3,)),
    "vanilla dropout of images": Case(lambda: layers.VanillaDropout(0.4, (None, 1, 1, 3)), IMAGE, IMAGE),
    "alpha dropout": Case(lambda: layers.AlphaDropout(0.4), (3,), (3,)),
    "gaussian noise": Case(lambda: layers.GaussianNoise(0.5), (3,), (3,)),
    "gaussian noise of images": Case(lambda: layers.GaussianNoise(0.5), IMAGE, IMAGE),
    "gaussian dropout": Case(lambda: layers.GaussianDropout(0.4), (3,), (3,)),
    "no gaussian dropout": Case(lambda: layers.GaussianDropout(0), (3,), (3,)),
    "dropconnect": Case(lambda: layers.DropConnect(4, 0.4), (3,), (4,), DENSE),
    "dropconnect, all options": Case(
        lambda: layers.DropConnect(
            4, rate=0.4, activation="tanh", kernel_regularizer="l2", kernel_constraint="max_norm"
        ),
        (3,),
        (4,),
        DENSE,
    ),
    "dropconnect of sequences": Case(lambda: layers.DropConnect(4, 0.4), (5, 3), (5, 4), DENSE),
    # normalization
    "batch norm of images": Case(
        layers.BatchNormalization, IMAGE, IMAGE, affine("batch_normalization", (3,)), moving((3,))
    ),
    "batch norm, channels first": Case(
        lambda: layers.BatchNormalization(axis=1),
        (2, 3, 4),
        (2, 3, 4),
        affine("batch_normalization", (2,)),
        moving((2,)),
    ),
    "layer norm": Case(layers.LayerNormalization, (3,), (3,), affine("layer_normalization", (3,))),
    "layer norm of sequences": Case(
        layers.LayerNormalization, (4, 3), (4, 3), affine("layer_normalization", (3,))
    ),
    "layer norm of whole images": Case(
        lambda: layers.LayerNormalization(axis=(1, 2, 3)), IMAGE, IMAGE, affine("layer_normalization", IMAGE)
    ),
    "layer norm over places": Case(
        lambda: layers.LayerNormalization(axis=[2, 1]), IMAGE, IMAGE, affine("layer_normalization", (4, 5))
    ),
    "layer norm without weights": Case(
        lambda: layers.LayerNormalization(center=False, scale=False), (3,), (3,)
    ),
    "layer norm, all options": Case(
        lambda: layers.LayerNormalization(
            epsilon=1e-5,
            beta_initializer="random_normal",
            gamma_initializer=gn.initializers.RandomUniform(0.5, 2),
            beta_regularizer="l2",
            gamma_regularizer="half_l2",
            gamma_constraint=gn.constraints.MaxNorm(3),
        ),
        (3,),
        (3,),
        affine("layer_normalization", (3,)),
    ),
    "group norm": Case(lambda: layers.GroupNormalization(2), (4,), (4,), affine("group_normalization", (4,))),
    "group norm of images": Case(
        lambda: layers.GroupNormalization(3), (2, 4, 6), (2, 4, 6), affine("group_normalization", (6,))
    ),
    "one group": Case(
        lambda: layers.GroupNormalization(1), (4, 3), (4, 3), affine("group_normalization", (3,))
    ),
    "instance norm": Case(
        lambda: layers.GroupNormalization(-1), IMAGE, IMAGE, affine("group_normalization", (3,))
    ),
    "rms norm": Case(layers.RMSNormalization, (3,), (3,), {"rms_normalization_1.scale": (3,)}),
    "rms norm over places": Case(
        lambda: layers.RMSNormalization(axis=(1, 2), epsilon=1e-3),
        IMAGE,
        IMAGE,
        {"rms_normalization_1.scale": (4, 5)},
    ),
    "unit norm": Case(layers.UnitNormalization, (3,), (3,)),
    "unit norm of images": Case(lambda: layers.UnitNormalization(axis=(1, 2, 3)), IMAGE, IMAGE),
    # shapes
    "flatten images": Case(layers.Flatten, IMAGE, (60,)),
    "reshape": Case(lambda: layers.Reshape((2, 3)), (6,), (2, 3)),
    "reshape, the rest": Case(lambda: layers.Reshape((-1, 2)), (4, 3), (6, 2)),
    "reshape to a row": Case(lambda: layers.Reshape([12]), (4, 3), (12,)),
    "permute": Case(lambda: layers.Permute((2, 1)), (4, 3), (3, 4)),
    "permute images": Case(lambda: layers.Permute((3, 1, 2)), IMAGE, (3, 4, 5)),
    "repeat vector": Case(lambda: layers.RepeatVector(4), (3,), (4, 3)),
    "bias trick": Case(layers.BiasTrick, (3,), (4,)),
    "bias trick of sequences": Case(layers.BiasTrick, (2, 3), (2, 4)),
    "activity regularization": Case(lambda: layers.ActivityRegularization(l1=0.1, l2=0.2), (3,), (3,)),
    # several inputs
    "add": Case(layers.Add, (3,), (3,), several=2),
    "add three": Case(layers.Add, (4, 3), (4, 3), several=3),
    "subtract": Case(layers.Subtract, (3,), (3,), several=2),
    "multiply": Case(layers.Multiply, (3,), (3,), several=3),
    "average": Case(layers.Average, (3,), (3,), several=3),
    "maximum": Case(layers.Maximum, (3,), (3,), several=2),
    "minimum": Case(layers.Minimum, (3,), (3,), several=3),
    "concatenate": Case(layers.Concatenate, (3,), (9,), several=3),
    "concatenate sequences": Case(lambda: layers.Concatenate(axis=1), (4, 3), (8, 3), several=2),
    "dot": Case(lambda: layers.Dot(axes=1), (3,), (1,), several=2),
    "cosine": Case(lambda: layers.Dot(axes=-1, normalize=True), (3,), (1,), several=2),
    "dot of sequences": Case(lambda: layers.Dot(axes=2), (4, 3), (4, 4), several=2),
    "dot along different axes": Case(
        lambda: layers.Dot(axes=(2, 1), normalize=True), (3, 3), (3, 3), several=2
    ),
    "dot of images": Case(lambda: layers.Dot(axes=(1, -3)), (2, 3, 4), (3, 4, 3, 4), several=2),
    # preprocessing
    "normalization of pixels": Case(
        lambda: adapted(layers.Normalization(axis=(1, 2, 3)), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("normalization", mean=IMAGE, variance=IMAGE),
    ),
    "normalization of rows of images": Case(
        lambda: adapted(layers.Normalization(axis=1), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("normalization", mean=(4, 1, 1), variance=(4, 1, 1)),
    ),
    "mean subtraction": Case(
        lambda: adapted(layers.MeanSubtraction(), (3,)),
        (3,),
        (3,),
        state=statistics("mean_subtraction", mean=(3,)),
    ),
    "mean of everything": Case(
        lambda: adapted(layers.MeanSubtraction(None), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("mean_subtraction", mean=()),
    ),
    "mean of a channel": Case(
        lambda: adapted(layers.MeanSubtraction(), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("mean_subtraction", mean=(3,)),
    ),
    "mean image": Case(
        lambda: adapted(layers.MeanSubtraction((1, 2, 3)), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("mean_subtraction", mean=IMAGE),
    ),
    "min-max scaling": Case(
        lambda: adapted(layers.MinMaxScaling(), (3,)),
        (3,),
        (3,),
        state=statistics("min_max_scaling", minimum=(3,), span=(3,)),
    ),
    "min-max scaling to 0 and 1": Case(
        lambda: adapted(layers.MinMaxScaling((0, 1), axis=None), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("min_max_scaling", minimum=(), span=()),
    ),
    "pca": Case(lambda: adapted(layers.PCA(), (3,)), (3,), (3,), state=statistics("pca", **ROTATION)),
    "pca to 2": Case(lambda: adapted(layers.PCA(2), (3,)), (3,), (2,), state=statistics("pca", **REDUCED)),
    "whitening": Case(
        lambda: adapted(layers.Whitening(), (3,)), (3,), (3,), state=statistics("whitening", **ROTATION)
    ),
    "zca whitening of 2": Case(
        lambda: adapted(layers.Whitening("zca", 2, epsilon=0.1), (3,)),
        (3,),
        (3,),
        state=statistics("whitening", **REDUCED),
    ),
    "rescaling": Case(lambda: layers.Rescaling(1 / 255, offset=-0.5), (3,), (3,)),
}

each_layer = pytest.mark.parametrize("name", CASES)


def shapes(arrays):
    return {key: array.shape for key, array in arrays.items()}


def inputs(case, n=5):
    arrays = np.random.default_rng(1).normal(0.2, 1.0, (case.several, n, *case.input))
    return list(arrays) if case.several > 1 else arrays[0]


def alone(case, dtype="float64"):
    xs = [gn.Input(case.input) for _ in range(case.several)]
    given = xs if case.several > 1 else xs[0]
    layer = case.make()
    return layer, gn.Model(given, layer(given), dtype=dtype)


def sandwich(case, dtype="float32"):
    """The layer between dense layers: a wrong gradient with respect to an input shows in the first ones."""
    normal = gn.initializers.RandomNormal(0.1, 0.7)
    x = gn.Input((*case.input[:-1], 4))
    before = [
        layers.Dense(case.input[-1], name=f"before {i}", kernel_initializer=normal)(x)
        for i in range(case.several)
    ]
    middle = case.make()(before if case.several > 1 else before[0])
    model = gn.Model(x, layers.Dense(2, name="after")(layers.Flatten()(middle)), dtype=dtype)
    model.compile(gn.optimizers.Adam(0.01), "squared_error")
    generator = np.random.default_rng(2)
    return model, generator.normal(0.2, 1.0, (6, *x.shape[1:])), generator.normal(0, 1, (6, 2))


@each_layer
def test_weights_keys_and_shapes(name):
    case = CASES[name]
    _, model = alone(case)
    assert shapes(model.parameters) == case.parameters
    assert list(model.parameters) == list(case.parameters)
    assert shapes(model.state) == case.state
    assert model.output_shape == case.output


@each_layer
@pytest.mark.parametrize("n", [1, 5])
def test_an_eager_call_is_a_prediction(name, n):
    case = CASES[name]
    layer, model = alone(case)
    X = inputs(case, n)
    predicted = model.predict(X)
    assert predicted.shape == (n, *case.output)
    eager = layer(X)
    assert isinstance(eager, np.ndarray)
    np.testing.assert_allclose(eager, predicted, rtol=1e-13, atol=1e-13)


@each_layer
@pytest.mark.parametrize("training", [True, False])
def test_gradients_against_differences(name, training):
    model, X, y = sandwich(CASES[name])
    check = gn.check_gradients(model, X, y, training=training, max_coordinates=12)
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())
    assert set(CASES[name].parameters) <= set(check.errors)


@each_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_float_type_everywhere(name, dtype):
    model, X, y = sandwich(CASES[name], dtype)
    before = {key: array.copy() for key, array in model.parameters.items()}
    model.fit(X.astype(np.float32), y, batch_size=4, epochs=1, verbose=0)
    arrays = {**model.parameters, **model.state, **model._shelf.slots, **model.gradients(X, y, training=True)}
    assert {array.dtype.name for array in arrays.values()} == {dtype}
    assert model.predict(X).dtype == dtype
    outer = [key for key in model.parameters if "before" in key or "after" in key]
    assert all(not np.array_equal(before[key], model.parameters[key]) for key in outer)


@each_layer
@pytest.mark.parametrize("kind", ["predict", "sample", "train"])
def test_the_printed_text_alone_computes_the_same(name, kind):
    """The text, executed with nothing but NumPy around it, answers what the model answers."""
    model, X, y = sandwich(CASES[name], "float64")
    program = model._shelf.program(
        kind, model._present_target() if kind == "train" else None, False, kind == "train"
    )
    text = model.source(kind)
    assert "/work" not in text
    namespace = {}
    exec(compile(text, name, "exec"), namespace)
    values = {**model._shelf.training_values(program, 0, 0), ("argument", "x"): X, ("argument", "y"): y}
    function = namespace[{"train": "train_step"}.get(kind, kind)]
    answer = function(**program.bind(values))
    expected = {
        "predict": lambda: model.predict(X),
        "sample": lambda: answer if "seed" not in text else model.predict(X, mc_samples=1),
        "train": lambda: sum(model.loss(X, y, training=True)),
    }[kind]()
    np.testing.assert_allclose(answer[0] if kind == "train" else answer, expected, rtol=1e-14)


@pytest.mark.parametrize("name", PROGRAMS)
def test_golden_programs(name):
    remedy = "if this change is meant, run: python tests/golden/layers/regenerate.py"
    assert (GOLDEN / name).read_text(encoding="utf-8") == PROGRAMS[name](), remedy


def test_no_other_golden_programs():
    assert {path.name for path in GOLDEN.glob("*.py")} == {*PROGRAMS, "regenerate.py"}
