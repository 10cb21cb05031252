"""Keras (on JAX) as a referee of regularizers: penalties, gradients, activity penalties."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="needs jax and keras")
keras = pytest.importorskip("keras", reason="needs jax and keras")

import glassnet as gn  # noqa: E402
from glassnet import layers, regularizers  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def double_precision():
    """JAX computes in float64 where it gets float64."""
    with jax.enable_x64(True):
        yield


RNG = np.random.default_rng(12)
W = RNG.normal(0, 1, (7, 5))
X, Y = RNG.normal(0, 1, (6, 7)), RNG.normal(0, 1, (6, 5))
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
each = pytest.mark.parametrize("name, options", CASES, ids=[f"{n} {o or ''}".strip() for n, o in CASES])
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
# Keras keeps the strengths of L1 and OrthogonalRegularizer in float32, whatever the weights are.
STRENGTH_IN_FLOAT32 = ("L1", "OrthogonalRegularizer")


def tolerance(name, dtype):
    return 1e-7 if dtype == "float64" and name in STRENGTH_IN_FLOAT32 else TOLERANCE[dtype]


@each
@each_dtype
def test_values_and_gradients(name, options, dtype):
    w = W.astype(dtype)
    penalty = getattr(keras.regularizers, name)(**options)
    theirs, slope = jax.value_and_grad(penalty)(jax.numpy.asarray(w))
    value, gradient = gn.value_and_grad(getattr(regularizers, name)(**options))(w)
    assert float(value) == pytest.approx(float(theirs), rel=tolerance(name, dtype), abs=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=tolerance(name, dtype), atol=tolerance(name, dtype))


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_options_have_the_same_names_order_and_defaults(name):
    def parameters(cls):
        return [(p.name, p.default) for p in inspect.signature(cls).parameters.values()]

    assert parameters(getattr(regularizers, name)) == parameters(getattr(keras.regularizers, name))


@pytest.mark.parametrize("identifier", ["l1", "l2"])
def test_identifiers_mean_the_same_strengths(identifier):
    ours, theirs = regularizers.get(identifier), keras.regularizers.get(identifier)
    assert ours.get_config() == pytest.approx(theirs.get_config(), rel=1e-7)


def test_the_identifier_l1l2_does_what_keras_says_and_not_what_it_does():
    """Its documentation promises 0.01 for both; the object has 0 for both, and punishes nothing."""
    assert "`l1=0.01` and `l2=0.01`" in keras.regularizers.L1L2.__doc__
    assert keras.regularizers.get("l1l2").get_config() == {"l1": 0.0, "l2": 0.0}
    for identifier in ("l1l2", "l1_l2", "L1L2"):
        assert regularizers.get(identifier).get_config() == {"l1": 0.01, "l2": 0.01}


@each
def test_in_a_dense_layer(name, options):
    """The kernel's and the bias's penalty, and the activity's over the batch size."""

    activity = options | ({"mode": "columns"} if name == "OrthogonalRegularizer" else {})

    def dense(module, penalties):
        penalty = getattr(penalties, name)
        return module.Dense(
            5,
            kernel_initializer="ones",
            kernel_regularizer=penalty(**options),
            activity_regularizer=penalty(**activity),
            bias_regularizer=penalties.L2(0.25),
            bias_initializer="ones",
            **({"dtype": "float64"} if module is keras.layers else {}),
        )

    theirs = dense(keras.layers, keras.regularizers)
    theirs.build((None, 7))
    theirs.kernel.assign(W)
    theirs(X)
    model = gn.Sequential([dense(layers, regularizers)], dtype="float64")
    model.build((None, 7))
    model.set_parameters({"dense_1.kernel": W})
    model.compile("sgd", "squared_error")
    total = sum(float(loss) for loss in theirs.losses)
    assert model.loss(X, Y).penalty == pytest.approx(total, rel=tolerance(name, "float64"))
