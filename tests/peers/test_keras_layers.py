"""Keras (JAX backend) as a referee of layers: arguments, outputs in prediction and training, gradients."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="needs jax and keras")
keras = pytest.importorskip("keras", reason="needs jax and keras")
if keras.backend.backend() != "jax":
    pytest.skip(
        "needs Keras on JAX: on torch it computes parts of float64 layers in float32", allow_module_level=True
    )

import glassnet as gn  # noqa: E402
from glassnet import layers  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(14)
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.fixture(autouse=True)
def double_precision(monkeypatch):
    """JAX computes in float64 where it gets float64, and Keras no longer narrows float64 to float32."""
    monkeypatch.setattr(keras.src.backend.common.dtypes, "BIT64_TO_BIT32_DTYPE", {})
    with jax.enable_x64(True):
        yield


ROWS, SEQUENCES, IMAGES = (RNG.normal(0.3, 1.5, shape) for shape in ((7, 6), (7, 4, 6), (7, 4, 5, 6)))
NAMES = [
    "Dense", "Dropout", "AlphaDropout", "GaussianNoise", "GaussianDropout", "BatchNormalization",
    "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization", "Embedding",
    "Reshape", "Flatten", "Permute", "RepeatVector", "Concatenate", "Add", "Subtract", "Multiply", "Average",
    "Maximum", "Minimum", "Dot", "ActivityRegularization", "Normalization", "Rescaling", "Activation",
]  # fmt: skip
# What Keras has and glassnet has not, and why; everything else has the same place in the list of arguments.
LACKING = {
    "seed": "the model's seed decides all randomness",
    "data_format": "channels come last",
    "mask_zero": "no masks",
    "weights": "embeddings_initializer takes an array",
    "lora_rank": "no low-rank adaptation",
    "lora_alpha": "no low-rank adaptation",
    "quantization_config": "no quantization",
    "renorm": "no batch renormalization",
    "renorm_clipping": "no batch renormalization",
    "renorm_momentum": "no batch renormalization",
    "synchronized": "one process computes the statistics",
}
CASES = [
    ("BatchNormalization", {}, ROWS),
    ("BatchNormalization", {"momentum": 0.8, "epsilon": 1e-4}, SEQUENCES),
    ("BatchNormalization", {"scale": False}, IMAGES),
    ("BatchNormalization", {"axis": 1, "center": False}, IMAGES),
    ("LayerNormalization", {}, ROWS),
    ("LayerNormalization", {"epsilon": 1e-5}, SEQUENCES),
    ("LayerNormalization", {"axis": [1, 2, 3]}, IMAGES),
    ("LayerNormalization", {"axis": (2, 3), "scale": False}, IMAGES),
    ("GroupNormalization", {"groups": 2}, ROWS),
    ("GroupNormalization", {"groups": 3, "epsilon": 1e-5}, IMAGES),
    ("GroupNormalization", {"groups": 1}, SEQUENCES),
    ("GroupNormalization", {"groups": -1}, IMAGES),
    ("RMSNormalization", {}, ROWS),
    ("RMSNormalization", {"epsilon": 1e-3}, IMAGES),
    ("UnitNormalization", {}, ROWS),
    ("UnitNormalization", {"axis": [1, 2]}, IMAGES),
    ("Dropout", {"rate": 0.5}, ROWS),
    ("AlphaDropout", {"rate": 0.5}, ROWS),
    ("GaussianDropout", {"rate": 0.5}, ROWS),
    ("GaussianNoise", {"stddev": 0.5}, ROWS),
    ("Dense", {"units": 3, "activation": "tanh"}, SEQUENCES),
    ("Activation", {"activation": "sigmoid"}, SEQUENCES),
    ("Flatten", {}, IMAGES),
    ("Flatten", {}, ROWS[:, 0]),
    ("Reshape", {"target_shape": (3, -1)}, SEQUENCES),
    ("Reshape", {"target_shape": (24,)}, SEQUENCES),
    ("Permute", {"dims": (3, 1, 2)}, IMAGES),
    ("RepeatVector", {"n": 3}, ROWS),
    ("Rescaling", {"scale": 0.5, "offset": -3}, IMAGES),
    ("Normalization", {"mean": 3.0, "variance": 2.0}, ROWS),
    ("Normalization", {"mean": np.arange(6.0), "variance": np.arange(1.0, 7.0)}, IMAGES),
    ("Normalization", {"mean": np.arange(6.0), "variance": np.arange(1.0, 7.0), "invert": True}, ROWS),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, ROWS),
]  # fmt: skip
PAIRS = [
    ("Add", {}, [ROWS, 2 * ROWS, ROWS**2]),
    ("Add", {}, [ROWS, SEQUENCES]),
    ("Subtract", {}, [ROWS, ROWS**2]),
    ("Multiply", {}, [ROWS, ROWS**2, ROWS + 1]),
    ("Average", {}, [ROWS, ROWS**2, ROWS + 1]),
    ("Maximum", {}, [ROWS, ROWS**2, 1 - ROWS]),
    ("Minimum", {}, [ROWS, ROWS**2, 1 - ROWS]),
    ("Concatenate", {}, [ROWS, ROWS**2, 1 - ROWS]),
    ("Concatenate", {"axis": 1}, [SEQUENCES, SEQUENCES[:, :2]]),
    ("Dot", {"axes": 1}, [ROWS, ROWS**2]),
    ("Dot", {"axes": -1, "normalize": True}, [ROWS, ROWS**2]),
    ("Dot", {"axes": 2}, [SEQUENCES, SEQUENCES**2]),
    ("Dot", {"axes": (2, 1), "normalize": True}, [SEQUENCES, ROWS]),
    ("Dot", {"axes": (1, 3)}, [ROWS, IMAGES]),
]


def ids(cases):
    return [f"{name} {options or ''} {np.shape(x[0])}" for name, options, x in cases]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_arguments_in_the_same_order_with_the_same_defaults(name):
    def arguments(cls):
        found = inspect.signature(cls.__init__).parameters.values()
        kept = [p for p in found if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in ("self", *LACKING)]
        return [(p.name, p.default) for p in kept if p.name not in ("name", "trainable")]

    theirs, ours = arguments(getattr(keras.layers, name)), arguments(getattr(layers, name))
    assert [n for n, _ in ours] == [n for n, _ in theirs]
    for (argument, mine), (_, default) in zip(ours, theirs, strict=True):
        same = mine == default or (argument, mine, default) == (
            "embeddings_initializer",
            "random_uniform",
            "uniform",
        )
        assert same, (argument, mine, default)


def pair(name, options, x, dtype):
    """Keras's layer and a model of ours, with the same random weights."""
    seeded = {"seed": 0} if "rate" in options or "stddev" in options else {}
    if name == "Dense":
        seeded = {"kernel_initializer": keras.initializers.GlorotUniform(seed=0)}
    theirs = getattr(keras.layers, name)(**options, **seeded, dtype=dtype)
    many = isinstance(x, list)
    theirs.build([(None, *a.shape[1:]) for a in x] if many else (None, *x.shape[1:]))
    inputs = [gn.Input(a.shape[1:]) for a in (x if many else [x])]
    model = gn.Model(inputs, getattr(layers, name)(**options)(inputs if many else inputs[0]), dtype=dtype)
    values = {key.split(".")[1]: key for key in [*model.parameters, *model.state]}
    for weight in theirs.weights:
        if name != "Normalization" and weight.name in values:
            drawn = RNG.uniform(0.5, 1.5, weight.shape).astype(dtype)
            weight.assign(drawn)
            model.set_parameters({values[weight.name]: drawn})
    return theirs, model


def mode(layer, training):
    """The argument ``training``, for layers that have it."""
    return {"training": training} if "training" in inspect.signature(layer.call).parameters else {}


def close(found, expected, dtype):
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    scale = max(np.abs(expected).max(), 1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@each_dtype
@pytest.mark.parametrize("name, options, x", [*CASES, *PAIRS], ids=ids([*CASES, *PAIRS]))
def test_prediction(name, options, x, dtype):
    theirs, model = pair(name, options, x, dtype)
    x = [a.astype(dtype) for a in x] if isinstance(x, list) else x.astype(dtype)
    close(model.predict(x), theirs(x, **mode(theirs, False)), dtype)


@each_dtype
@pytest.mark.parametrize("name, options, x", CASES[:16], ids=ids(CASES[:16]))
def test_training_and_gradients(name, options, x, dtype):
    """Gradients by the input (as that of a bias added to it) and by the weights; moving statistics."""
    x = x.astype(dtype)
    theirs, _ = pair(name, options, x, dtype)

    class Shift(gn.Layer):
        def build(self, input_shape):
            self.shift = self.add_weight("shift", input_shape[1:], "zeros")

        def call(self, x):
            return x + self.shift

    ours = getattr(layers, name)(**options)
    model = gn.Sequential([Shift(), ours], dtype=dtype)
    model.build((None, *x.shape[1:]))
    keys = {key.split(".")[1]: key for key in [*model.parameters, *model.state]}
    model.set_parameters({keys[w.name]: np.asarray(w) for w in theirs.weights})
    g = RNG.normal(0, 1, x.shape).astype(dtype)
    model.compile(gn.optimizers.SGD(1e-3), lambda y, scores: (y * scores).reshape(y.shape[0], -1).sum(axis=1))
    gradients = model.gradients(x, g, training=True)

    def loss(trainable, shift):
        fixed = [w.value for w in theirs.non_trainable_variables]
        outputs, moved = theirs.stateless_call(trainable, fixed, x + shift, **mode(theirs, True))
        return (g * outputs).sum() / len(x), moved

    start = [w.value for w in theirs.trainable_variables], np.zeros(x.shape[1:], dtype)
    (expected, by_shift), moved = jax.grad(loss, argnums=(0, 1), has_aux=True)(*start)
    close(gradients["shift_1.shift"], by_shift, dtype)
    for weight, gradient in zip(theirs.trainable_variables, expected, strict=True):
        close(gradients[keys[weight.name]], gradient, dtype)

    model.fit(x, g, batch_size=len(x), verbose=0)
    for weight, value in zip(theirs.non_trainable_variables, moved, strict=True):
        close(model.state[keys[weight.name]], value, dtype)


@each_dtype
def test_embedding(dtype):
    ids_ = RNG.integers(0, 9, (5, 4))
    theirs = keras.layers.Embedding(9, 3, keras.initializers.RandomUniform(seed=0), dtype=dtype)
    theirs.build((None, 4))
    model = gn.Sequential([layers.Embedding(9, 3)], dtype=dtype)
    model.build((None, 4))
    model.set_parameters({"embedding_1.embeddings": np.asarray(theirs.weights[0])})
    close(model.predict(ids_), theirs(ids_), dtype)
    assert abs(np.asarray(theirs.weights[0])).max() <= 0.05
    ours = layers.Embedding(9, 3).embeddings_initializer((200, 200), seed=0)
    assert 0.049 < np.abs(ours).max() <= 0.05


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2), (1, 2, 3)])
def test_normalization_adapts_to_the_same_statistics(axis):
    theirs = keras.layers.Normalization(axis=axis, dtype="float64")
    theirs.adapt(IMAGES)
    ours = layers.Normalization(axis=axis)
    ours.adapt(IMAGES)
    np.testing.assert_allclose(
        np.ravel(ours.mean), np.ravel(theirs.mean), rtol=1e-6, atol=1e-7
    )  # float32 there
    np.testing.assert_allclose(np.ravel(ours.variance), np.ravel(theirs.variance), rtol=1e-6)
    np.testing.assert_allclose(ours(IMAGES), np.asarray(theirs(IMAGES)), atol=1e-5)


@each_dtype
def test_activity_regularization_costs_the_same(dtype):
    theirs = keras.layers.ActivityRegularization(l1=0.1, l2=0.2, dtype=dtype)
    theirs(ROWS.astype(dtype))
    model = gn.Sequential([layers.ActivityRegularization(l1=0.1, l2=0.2)], dtype=dtype)
    model.compile("sgd", "squared_error")
    found = model.loss(ROWS, ROWS, training=True).penalty
    # Keras keeps the strength of the L1 part in float32.
    assert found == pytest.approx(float(theirs.losses[0]), rel=1e-6 if dtype == "float32" else 1e-7)


@pytest.mark.parametrize(
    "name, options",
    [
        ("Dropout", {"rate": 0.3}),
        ("AlphaDropout", {"rate": 0.3}),
        ("GaussianDropout", {"rate": 0.3}),
        ("GaussianNoise", {"stddev": 0.7}),
    ],
)
def test_noise_comes_from_the_same_distribution(name, options):
    """Quantiles of what becomes of one value, in samples of 400,000."""
    x = np.full((400, 1000), 0.8, np.float32)
    theirs = np.asarray(getattr(keras.layers, name)(**options, seed=0)(x, training=True)).ravel()
    ours = gn.Sequential([getattr(layers, name)(**options)]).predict(x, mc_samples=1).ravel()
    grid = np.linspace(0.01, 0.99, 50) if "Gaussian" in name else np.array([0.1, 0.2, 0.4, 0.9])
    np.testing.assert_allclose(np.quantile(ours, grid), np.quantile(theirs, grid), atol=0.03)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.01)
    assert ours.std() == pytest.approx(theirs.std(), abs=0.01)
