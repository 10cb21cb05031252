"""The catalogue's layers through the same questions: weights, shapes, eager calls, gradients, float types, text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers as L
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
    "dropout, one mask per sequence": Case(lambda: L.Dropout(0.4, noise_shape=(None, 1, 3)), (4, 3), (4, 3)),
    "dropout, one mask for all": Case(lambda: L.Dropout(0.4, noise_shape=(1, 3)), (3,), (3,)),
    "vanilla dropout": Case(lambda: L.VanillaDropout(0.4), (3,), (3,)),
    "vanilla dropout of images": Case(lambda: L.VanillaDropout(0.4, (None, 1, 1, 3)), IMAGE, IMAGE),
    "alpha dropout": Case(lambda: L.AlphaDropout(0.4), (3,), (3,)),
    "gaussian noise": Case(lambda: L.GaussianNoise(0.5), (3,), (3,)),
    "gaussian noise of images": Case(lambda: L.GaussianNoise(0.5), IMAGE, IMAGE),
    "gaussian dropout": Case(lambda: L.GaussianDropout(0.4), (3,), (3,)),
    "no gaussian dropout": Case(lambda: L.GaussianDropout(0), (3,), (3,)),
    "dropconnect": Case(lambda: L.DropConnect(4, 0.4), (3,), (4,), DENSE),
    "dropconnect, all options": Case(
        lambda: L.DropConnect(
            4, rate=0.4, activation="tanh", kernel_regularizer="l2", kernel_constraint="max_norm"
        ),
        (3,),
        (4,),
        DENSE,
    ),
    "dropconnect of sequences": Case(lambda: L.DropConnect(4, 0.4), (5, 3), (5, 4), DENSE),
    # normalization
    "batch norm of images": Case(
        lambda: L.BatchNormalization(), IMAGE, IMAGE, affine("batch_normalization", (3,)), moving((3,))
    ),
    "batch norm, channels first": Case(
        lambda: L.BatchNormalization(axis=1), (2, 3, 4), (2, 3, 4), affine("batch_normalization", (2,)), moving((2,))
    ),
    "layer norm": Case(lambda: L.LayerNormalization(), (3,), (3,), affine("layer_normalization", (3,))),
    "layer norm of sequences": Case(
        lambda: L.LayerNormalization(), (4, 3), (4, 3), affine("layer_normalization", (3,))
    ),
    "layer norm of whole images": Case(
        lambda: L.LayerNormalization(axis=(1, 2, 3)), IMAGE, IMAGE, affine("layer_normalization", IMAGE)
    ),
    "layer norm over places": Case(
        lambda: L.LayerNormalization(axis=[2, 1]), IMAGE, IMAGE, affine("layer_normalization", (4, 5))
    ),
    "layer norm without weights": Case(lambda: L.LayerNormalization(center=False, scale=False), (3,), (3,)),
    "layer norm, all options": Case(
        lambda: L.LayerNormalization(
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
    "group norm": Case(lambda: L.GroupNormalization(2), (4,), (4,), affine("group_normalization", (4,))),
    "group norm of images": Case(
        lambda: L.GroupNormalization(3), (2, 4, 6), (2, 4, 6), affine("group_normalization", (6,))
    ),
    "one group": Case(lambda: L.GroupNormalization(1), (4, 3), (4, 3), affine("group_normalization", (3,))),
    "instance norm": Case(
        lambda: L.GroupNormalization(-1), IMAGE, IMAGE, affine("group_normalization", (3,))
    ),
    "rms norm": Case(lambda: L.RMSNormalization(), (3,), (3,), {"rms_normalization_1.scale": (3,)}),
    "rms norm over places": Case(
        lambda: L.RMSNormalization(axis=(1, 2), epsilon=1e-3), IMAGE, IMAGE, {"rms_normalization_1.scale": (4, 5)}
    ),
    "unit norm": Case(lambda: L.UnitNormalization(), (3,), (3,)),
    "unit norm of images": Case(lambda: L.UnitNormalization(axis=(1, 2, 3)), IMAGE, IMAGE),
    # shapes
    "flatten images": Case(lambda: L.Flatten(), IMAGE, (60,)),
    "reshape": Case(lambda: L.Reshape((2, 3)), (6,), (2, 3)),
    "reshape, the rest": Case(lambda: L.Reshape((-1, 2)), (4, 3), (6, 2)),
    "reshape to a row": Case(lambda: L.Reshape([12]), (4, 3), (12,)),
    "permute": Case(lambda: L.Permute((2, 1)), (4, 3), (3, 4)),
    "permute images": Case(lambda: L.Permute((3, 1, 2)), IMAGE, (3, 4, 5)),
    "repeat vector": Case(lambda: L.RepeatVector(4), (3,), (4, 3)),
    "bias trick": Case(lambda: L.BiasTrick(), (3,), (4,)),
    "bias trick of sequences": Case(lambda: L.BiasTrick(), (2, 3), (2, 4)),
    "activity regularization": Case(lambda: L.ActivityRegularization(l1=0.1, l2=0.2), (3,), (3,)),
    # several inputs
    "add": Case(lambda: L.Add(), (3,), (3,), several=2),
    "add three": Case(lambda: L.Add(), (4, 3), (4, 3), several=3),
    "subtract": Case(lambda: L.Subtract(), (3,), (3,), several=2),
    "multiply": Case(lambda: L.Multiply(), (3,), (3,), several=3),
    "average": Case(lambda: L.Average(), (3,), (3,), several=3),
    "maximum": Case(lambda: L.Maximum(), (3,), (3,), several=2),
    "minimum": Case(lambda: L.Minimum(), (3,), (3,), several=3),
    "concatenate": Case(lambda: L.Concatenate(), (3,), (9,), several=3),
    "concatenate sequences": Case(lambda: L.Concatenate(axis=1), (4, 3), (8, 3), several=2),
    "dot": Case(lambda: L.Dot(axes=1), (3,), (1,), several=2),
    "cosine": Case(lambda: L.Dot(axes=-1, normalize=True), (3,), (1,), several=2),
    "dot of sequences": Case(lambda: L.Dot(axes=2), (4, 3), (4, 4), several=2),
    "dot along different axes": Case(lambda: L.Dot(axes=(2, 1), normalize=True), (3, 3), (3, 3), several=2),
    "dot of images": Case(lambda: L.Dot(axes=(1, -3)), (2, 3, 4), (3, 4, 3, 4), several=2),
    # preprocessing
    "normalization of pixels": Case(
        lambda: adapted(L.Normalization(axis=(1, 2, 3)), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("normalization", mean=IMAGE, variance=IMAGE),
    ),
    "normalization of rows of images": Case(
        lambda: adapted(L.Normalization(axis=1), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("normalization", mean=(4, 1, 1), variance=(4, 1, 1)),
    ),
    "mean subtraction": Case(
        lambda: adapted(L.MeanSubtraction(), (3,)), (3,), (3,), state=statistics("mean_subtraction", mean=(3,))
    ),
    "mean of everything": Case(
        lambda: adapted(L.MeanSubtraction(None), IMAGE), IMAGE, IMAGE, state=statistics("mean_subtraction", mean=())
    ),
    "mean of a channel": Case(
        lambda: adapted(L.MeanSubtraction(), IMAGE), IMAGE, IMAGE, state=statistics("mean_subtraction", mean=(3,))
    ),
    "mean image": Case(
        lambda: adapted(L.MeanSubtraction((1, 2, 3)), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("mean_subtraction", mean=IMAGE),
    ),
    "min-max scaling": Case(
        lambda: adapted(L.MinMaxScaling(), (3,)),
        (3,),
        (3,),
        state=statistics("min_max_scaling", minimum=(3,), span=(3,)),
    ),
    "min-max scaling to 0 and 1": Case(
        lambda: adapted(L.MinMaxScaling((0, 1), axis=None), IMAGE),
        IMAGE,
        IMAGE,
        state=statistics("min_max_scaling", minimum=(), span=()),
    ),
    "pca": Case(lambda: adapted(L.PCA(), (3,)), (3,), (3,), state=statistics("pca", **ROTATION)),
    "pca to 2": Case(lambda: adapted(L.PCA(2), (3,)), (3,), (2,), state=statistics("pca", **REDUCED)),
    "whitening": Case(
        lambda: adapted(L.Whitening(), (3,)), (3,), (3,), state=statistics("whitening", **ROTATION)
    ),
    "zca whitening of 2": Case(
        lambda: adapted(L.Whitening("zca", 2, epsilon=0.1), (3,)),
        (3,),
        (3,),
        state=statistics("whitening", **REDUCED),
    ),
    "rescaling": Case(lambda: L.Rescaling(1 / 255, offset=-0.5), (3,), (3,)),
}  # fmt: skip

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
        L.Dense(case.input[-1], name=f"before {i}", kernel_initializer=normal)(x) for i in range(case.several)
    ]
    middle = case.make()(before if case.several > 1 else before[0])
    model = gn.Model(x, L.Dense(2, name="after")(L.Flatten()(middle)), dtype=dtype)
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
    program = model._shelf.program(kind, model._present_target() if kind == "train" else None, False, kind == "train")
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


# ------------------------------------------------------------------------------------------ whole numbers
def test_embedding_by_hand_and_its_gradient():
    table = np.arange(8.0).reshape(4, 2)
    model = gn.Sequential([L.Embedding(4, 2, embeddings_initializer=table), L.Flatten()], dtype="float64")
    ids = np.array([[0, 3, 3], [1, 1, 1]])
    np.testing.assert_array_equal(model.predict(ids), [[0, 1, 6, 7, 6, 7], [2, 3, 2, 3, 2, 3]])
    model.compile("sgd", "sum_of_squares")
    y = np.zeros((2, 6))
    (gradient,) = model.gradients(ids, y).values()
    np.testing.assert_allclose(gradient, 2 * table * np.array([[1], [3], [0], [2]]))
    assert gn.check_gradients(model, ids, y).max_error <= 1e-7


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float32, bool])
def test_embedding_takes_every_type_of_whole_numbers(dtype, kind):
    model = gn.Sequential([L.Embedding(2, 3), L.Flatten(), L.Dense(2)], dtype=dtype)
    model.compile("adam", "softmax_cross_entropy")
    ids = np.random.default_rng(0).integers(0, 2, (9, 4)).astype(kind)
    model.fit(ids, ids[:, 0].astype(int), epochs=30, batch_size=9, verbose=0)
    arrays = [*model.parameters.values(), model.predict(ids), *model._shelf.slots.values()]
    assert {array.dtype.name for array in arrays} == {dtype}
    np.testing.assert_array_equal(model.predict(ids), model.predict(ids.astype(int)))


def test_a_layer_that_only_moves_values_may_stand_before_an_embedding():
    model = gn.Sequential([L.Permute((2, 1)), L.Embedding(5, 2)])
    ids = np.arange(4).reshape(1, 2, 2)
    assert model.predict(ids).shape == (1, 2, 2, 2)
    with pytest.raises(gn.errors.InputError, match="outside 0 to 4"):
        model.predict(ids + 2)


def test_whole_numbers_and_floats_in_one_model():
    ids, x = gn.Input((2,), dtype="int32"), gn.Input((3,))
    words = L.Flatten()(L.Embedding(7, 4)(ids))
    model = gn.Model([ids, x], L.Dense(2)(L.Concatenate()([words, x])))
    model.compile("sgd", "squared_error")
    generator = np.random.default_rng(0)
    X = [generator.integers(0, 7, (6, 2)), generator.normal(0, 1, (6, 3))]
    assert gn.check_gradients(model, X, generator.normal(0, 1, (6, 2))).max_error <= 1e-7
    model.fit(X, np.zeros((6, 2)), verbose=0)
    assert model.predict(X).shape == (6, 2)


# ------------------------------------------------------------------------------------------ several inputs
class Difference(gn.Layer):
    """A layer as Keras users write it: one list of inputs, one list of shapes."""

    def build(self, input_shape):
        assert input_shape == [(None, 3), (None, 3)]
        self.scale = self.add_weight("scale", (3,), "ones")

    def call(self, inputs, training=False):
        a, b = inputs
        return self.scale * (a - b)


class Pair(gn.Layer):
    """A layer with two arguments."""

    def call(self, a, b):
        return a - b


@pytest.mark.parametrize("make", [Difference, Pair, L.Subtract])
@pytest.mark.parametrize("spread", [True, False])
def test_layers_of_several_inputs_take_a_list_or_arguments(make, spread):
    layer, (a, b) = make(), [gn.Input((3,)), gn.Input((3,))]
    model = gn.Model([a, b], layer(a, b) if spread else layer([a, b]))
    X = np.arange(12.0).reshape(2, 2, 3) ** 2
    np.testing.assert_array_equal(model.predict(list(X)), X[0] - X[1])
    np.testing.assert_array_equal(layer(*X) if spread else layer(tuple(X)), X[0] - X[1])


def test_a_list_of_numbers_is_one_array():
    np.testing.assert_array_equal(L.Flatten()([[1.0, 2.0], [3.0, 4.0]]), [[1, 2], [3, 4]])


def test_merging_adds_axes_behind_the_batch():
    a, b = np.ones((5, 3)), np.arange(60.0).reshape(5, 4, 3)
    np.testing.assert_array_equal(L.Add()([a, b]), a[:, None, :] + b)
    x, y = gn.Input((3,)), gn.Input((4, 3))
    np.testing.assert_array_equal(gn.Model([x, y], L.Add()([x, y]), dtype="float64").predict([a, b]), b + 1)


# ------------------------------------------------------------------------------------------ what they compute
def test_layer_normalization_gives_each_example_mean_0_and_variance_v_over_v_plus_epsilon():
    x = np.random.default_rng(0).normal([3.0, -50.0, 0.01, 0.0], [2.0, 10.0, 0.001, 1.0], (64, 4))
    z = L.LayerNormalization(epsilon=0.5)(x)
    v = x.var(axis=1)
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(z.var(axis=1), v / (v + 0.5), rtol=1e-10)


@pytest.mark.parametrize("groups", [1, 2, 3, 6, -1])
def test_group_normalization_by_hand(groups):
    x = np.random.default_rng(0).normal(1, 2, (5, 3, 4, 6))
    z = L.GroupNormalization(groups, epsilon=1e-4)(x)
    size = 6 // groups if groups > 0 else 1
    for i in range(5):
        for start in range(0, 6, size):
            part = x[i, :, :, start : start + size]
            expected = (part - part.mean()) / np.sqrt(part.var() + 1e-4)
            np.testing.assert_allclose(z[i, :, :, start : start + size], expected, rtol=1e-10, atol=1e-12)


def test_rms_normalization_gives_each_example_a_mean_square_of_1():
    x = np.random.default_rng(0).normal(1, 2, (5, 6))
    squares = (x**2).mean(axis=1)
    found = (L.RMSNormalization(epsilon=0.1)(x) ** 2).mean(axis=1)
    np.testing.assert_allclose(found, squares / (squares + 0.1), rtol=1e-12)


@pytest.mark.parametrize("length", [1.0, 1e-3, 2e-6, 1e-6, 5e-7, 1e-9, 0.0])
def test_unit_normalization_and_its_gradient_on_both_sides_of_its_limit(length):
    x = np.array([[0.6, -0.8]]) * length
    u = L.UnitNormalization()(x)
    assert np.linalg.norm(u) == pytest.approx(min(length / 1e-6, 1.0), rel=1e-12)

    norm = max(length, 1e-6)
    g = np.array([[1.0, 2.0]])
    slope = (g * u).sum() if length > 1e-6 else 0.0
    model = gn.Sequential([L.UnitNormalization()], dtype="float64")
    model.build((None, 2))
    kernel = L.Dense(2, use_bias=False, kernel_initializer=x)
    model = gn.Sequential([kernel, L.UnitNormalization()], dtype="float64")
    model.compile("sgd", lambda y, scores: (y * scores).sum(axis=1))
    (gradient,) = model.gradients(np.ones((1, 1)), g).values()
    np.testing.assert_allclose(gradient, (g - u * slope) / norm, rtol=1e-9)


LIMITS = {"float32": 1e18, "float64": 1e150}
TINY = {"float32": [1e-45, 1e-38, 1e-20], "float64": [5e-324, 2e-308, 1e-160]}


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize(
    "layer",
    [
        L.BatchNormalization(), L.LayerNormalization(), L.GroupNormalization(2), L.RMSNormalization(),
        L.UnitNormalization(), L.Dropout(0.5), L.AlphaDropout(0.5), L.GaussianNoise(1.0), L.GaussianDropout(0.5),
        L.VanillaDropout(0.5),
    ],
    ids=repr,
)  # fmt: skip
def test_special_values_stay_finite(layer, dtype):
    """From 0 to where a square no longer fits the float type."""
    ones = [0.0, -0.0, 1.0, -1.0, 0.1, 88.7, 709.8, 1e8, 1e15, LIMITS[dtype], *TINY[dtype]]
    values = np.array([s * v for v in ones for s in (1, -1)] + [2.0, 3.0], dtype)
    X = np.concatenate([np.repeat(values[:, None], 4, axis=1), values.reshape(-1, 4)])
    model = gn.Sequential([layer], dtype=dtype)
    model.compile("sgd", lambda y, scores: 1e-30 * scores.sum(axis=1))
    assert np.isfinite(model.predict(X)).all()
    for row in X:
        assert np.isfinite(model.loss(row[None], np.zeros((1, 4)), training=True).data)
    assert all(np.isfinite(g).all() for g in model.gradients(X, np.zeros((len(X), 4)), training=True).values())


# ------------------------------------------------------------------------------------------ words
TITLES = [
    (L.DropConnect(10, 0.25, "relu"), "DropConnect(10, relu, rate=0.25)"),
    (L.GaussianNoise(0.1), "GaussianNoise(0.1)"),
    (L.GaussianDropout(0.1), "GaussianDropout(0.1)"),
    (L.AlphaDropout(0.1), "AlphaDropout(0.1)"),
    (L.VanillaDropout(0.1), "VanillaDropout(0.1)"),
    (L.Embedding(100, 8), "Embedding(100, 8)"),
    (L.Reshape((8, -1)), "Reshape(8, -1)"),
    (L.Permute((2, 1)), "Permute(2, 1)"),
    (L.RepeatVector(3), "RepeatVector(3)"),
    (L.GroupNormalization(8), "GroupNormalization(8)"),
    (L.MinMaxScaling(), "MinMaxScaling(-1, 1)"),
    (L.Rescaling(1 / 255), "Rescaling(0.00392157, 0)"),
    (L.PCA(), "PCA"),
    (L.PCA(2), "PCA(2)"),
    (L.Whitening("zca", 2), "ZCA whitening(2)"),
    (L.Add(), "Add"),
]


@pytest.mark.parametrize("layer, title", TITLES, ids=[title for _, title in TITLES])
def test_titles(layer, title):
    assert layer.title() == title
    assert repr(layer) == f"<layer {title}>"


def called(layer, *shapes):
    return lambda: layer()([np.zeros(shape) for shape in shapes])


BAD = [
    (lambda: L.Dropout(1.0), "Dropout: rate must be a number at least 0 and below 1; got 1.0."),
    (lambda: L.VanillaDropout("a"), "VanillaDropout: rate must be a number at least 0 and below 1; got 'a'."),
    (
        lambda: L.Dropout(0.5, noise_shape=(3, 1)),
        "Dropout: noise_shape=(3, 1) cannot be used.\n"
        "It is a tuple such as (None, 1, 64): None where the mask has the input's extent, 1 where it is shared.",
    ),
    (lambda: L.GaussianNoise(-1), "GaussianNoise: stddev must be a number at least 0; got -1."),
    (lambda: L.DropConnect(0), "DropConnect: units must be a whole number of at least 1; got 0."),
    (
        lambda: L.BatchNormalization(axis=(1, 2)),
        "BatchNormalization: axis must be a whole number, such as -1; got (1, 2).",
    ),
    (lambda: L.BatchNormalization(momentum=2), "BatchNormalization: momentum must be a number from 0 to 1; got 2."),
    (
        lambda: L.BatchNormalization(axis=3)(np.zeros((2, 3))),
        "BatchNormalization: axis=3 does not fit arrays of shape (None, 3).\n"
        "The first axis is the batch; one example's axes are counted from 1, or from -1 backwards.",
    ),
    (
        lambda: L.LayerNormalization(axis="last"),
        "LayerNormalization: axis must be a whole number or a tuple of them, such as -1; got 'last'.",
    ),
    (lambda: L.LayerNormalization(epsilon=0), "LayerNormalization: epsilon must be a number above 0; got 0."),
    (
        lambda: L.GroupNormalization(4)(np.zeros((2, 6))),
        "GroupNormalization: 6 channels cannot be divided into 4 groups.",
    ),
    (
        lambda: L.GroupNormalization(2, axis=1),
        "GroupNormalization: axis must be -1, the channels come last; got 1.\nPut Permute before it.",
    ),
    (lambda: L.Reshape((-1, -1)), "Reshape: only one extent may be -1; got (-1, -1)."),
    (lambda: L.Reshape((0, 2)), "Reshape: target_shape must be a whole number of at least 1; got 0."),
    (
        lambda: L.Reshape((4, 2))(np.zeros((5, 6))),
        "Reshape: the 6 values of an example of shape (6,) do not fill (4, 2).",
    ),
    (
        lambda: gn.Sequential([L.Reshape((4, -1))]).build((None, 6)),
        "Reshape: the 6 values of an example of shape (6,) do not fill (4, -1).",
    ),
    (lambda: L.Permute((0, 1)), "Permute: dims must be the numbers 1 to 2 in some order; got (0, 1)."),
    (
        lambda: L.Permute((2, 1))(np.zeros((5, 6))),
        "Permute: (2, 1) needs examples of 2 dimensions; got 1.",
    ),
    (
        lambda: L.RepeatVector(2)(np.zeros((5, 6, 2))),
        "RepeatVector takes rows (batch, features); got 3 dimensions.",
    ),
    (lambda: L.Add()(np.zeros((2, 3))), "Add is called on a list of arrays: layers.Add()([a, b])."),
    (called(L.Subtract, (2, 3), (2, 3), (2, 3)), "Subtract takes 2 arrays; got 3."),
    (
        lambda: L.Concatenate(axis=0),
        "Concatenate: axis must be a whole number other than 0, the batch; got 0.",
    ),
    (
        called(L.Concatenate, (2, 3, 4), (2, 4, 4)),
        "Concatenate: shapes (2, 3, 4) and (2, 4, 4) differ in more than axis -1.",
    ),
    (lambda: L.Dot(axes=(1, 2, 3)), "Dot: axes must be one axis for both inputs, or two; got (1, 2, 3)."),
    (
        called(lambda: L.Dot(axes=1), (2, 3), (2, 4)),
        "Dot: shapes (2, 3) and (2, 4) differ along axes 1 and 1.",
    ),
    (lambda: L.Embedding(0, 2), "Embedding: input_dim must be a whole number of at least 1; got 0."),
    (
        lambda: L.Embedding(3, 2)(gn.Input((4,))),
        "layer embedding takes whole numbers, and its input is an array of floats.\n"
        'Write gn.Input(shape, dtype="int32"), or make Embedding the first layer.',
    ),
    (
        lambda: L.Embedding(3, 2)(np.array([[1, 3]])),
        "layer embedding takes whole numbers from 0 to 2; got numbers from 1 to 3.",
    ),
    (
        lambda: gn.Sequential([L.Embedding(3, 2)]).predict([[0, 1], [2, 3]]),
        "X has 1 value outside 0 to 2, at row 1, column 1: 3.\n"
        "predict() needs whole numbers from 0 to 2.\n"
        "Raise the input_dim of Embedding, or number what it looks up from 0.",
    ),
    (
        lambda: gn.Sequential([L.Embedding(3, 2)]).predict([[0, 1], [2, 0.5]]),
        "X has 1 value with a fraction, at row 1, column 1: 0.5.\n"
        "predict() needs whole numbers here, which Embedding looks up.",
    ),
    (
        lambda: gn.Input((3,), dtype="complex64"),
        "Input: dtype must be a float or an integer type, such as 'int32'; got 'complex64'.",
    ),
    (
        lambda: gn.Sequential([L.Dense(2)]).predict(np.ones((3, 2)), mc_samples=5),
        "predict(mc_samples=...) averages over dropout and noise, and this model has no layer that draws random "
        "numbers.",
    ),
    (
        lambda: gn.Sequential([L.Dropout(0.5)]).predict(np.ones((3, 2)), mc_samples=0),
        "predict(): mc_samples must be a whole number of at least 1; got 0.",
    ),
    (
        lambda: L.ActivityRegularization(l1=-1.0),
        "L1L2: l1 must be a number at least 0; got -1.0.",
    ),
]


@pytest.mark.parametrize("act, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(act, message):
    with pytest.raises(gn.errors.GlassnetError) as caught:
        act()
    assert str(caught.value) == message


def test_a_noise_shape_that_does_not_fit():
    model = gn.Sequential([L.Dropout(0.5, noise_shape=(None, 2))])
    model.compile("sgd", "softmax_cross_entropy")
    with pytest.raises(gn.errors.ShapeError) as caught:
        model.fit(np.ones((4, 3)), np.arange(4) % 3, verbose=0)
    assert str(caught.value) == "Dropout: noise_shape=(None, 2) does not fit an array of shape (n, 3)."
