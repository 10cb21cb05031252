"""Keras (on JAX) and PyTorch as referees of activations and of their layers: values and gradients."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="needs jax, torch and keras")
torch = pytest.importorskip("torch", reason="needs jax, torch and keras")
keras = pytest.importorskip("keras", reason="needs jax, torch and keras")

import glassnet as gn  # noqa: E402
from glassnet import activations, layers  # noqa: E402
from glassnet.nn.activations import ACTIVATIONS  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

# Random numbers of all sizes, and no kinks among them.
RNG = np.random.default_rng(11)
Z = np.concatenate([RNG.normal(0, scale, (20, 6)) for scale in (0.1, 1.0, 3.0, 10.0)])
MIX = RNG.normal(0, 1, Z.shape)

OPTIONS = {
    "celu": {"alpha": 0.5},
    "elu": {"alpha": 0.5},
    "gelu": {"approximate": True},
    "glu": {"axis": 1},
    "hard_shrink": {"threshold": 1.0},
    "leaky_relu": {"negative_slope": 0.01},
    "log_softmax": {"axis": 0},
    "relu": {"negative_slope": 0.3, "max_value": 1.5, "threshold": 0.7},
    "soft_shrink": {"threshold": 1.0},
    "softmax": {"axis": 0},
    "squareplus": {"b": 0.5},
    "threshold": {"threshold": 0.6, "default_value": -1.0},
}
PLAIN = sorted(set(ACTIVATIONS) - {"threshold", "sparsemax"})
CASES = [(name, {}) for name in PLAIN] + list(OPTIONS.items())
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


@pytest.fixture(autouse=True)
def double_precision():
    """JAX computes in float64 where it gets float64."""
    with jax.enable_x64(True):
        yield


def mix_for(y, dtype):
    return MIX[:, : y.shape[1]].astype(dtype)


def keras_value_and_gradient(f, z):
    x = jax.numpy.asarray(z)
    y = f(x)
    gradient = jax.grad(lambda x: (mix_for(y, z.dtype) * f(x)).sum())(x)
    return np.asarray(y), np.asarray(gradient)


def torch_value_and_gradient(f, z):
    x = torch.tensor(z, requires_grad=True)
    y = f(x)
    (torch.tensor(mix_for(y, z.dtype)) * y).sum().backward()
    return y.detach().numpy(), x.grad.numpy()


def our_value_and_gradient(f, z):
    mix = mix_for(f(z), z.dtype)
    return f(z), gn.grad(lambda x: (mix * f(x)).sum())(z)


def compare(ours, theirs, tolerance):
    for mine, other in zip(ours, theirs, strict=True):
        if other.dtype != mine.dtype:  # Keras on JAX answers tanh of float64 in float32
            tolerance = 1e-6
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)


def test_the_lists_are_the_same():
    theirs = {name for name in dir(keras.activations) if callable(getattr(keras.activations, name))}
    assert set(ACTIVATIONS) == theirs - {"get", "serialize", "deserialize"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", CASES, ids=[f"{n} {o or ''}".strip() for n, o in CASES])
def test_values_and_gradients(name, options, dtype):
    z = Z.astype(dtype)
    theirs = keras_value_and_gradient(partial(keras.activations.get(name), **options), z)
    ours = our_value_and_gradient(partial(ACTIVATIONS[name], **options), z)
    compare(ours, theirs, TOLERANCE[dtype] * (10 if name in SOFTER.get(dtype, ()) else 1))


# float32 gradients of sums over a whole axis, and of GELU where 1 - cdf cancels, differ by rounding: by up to
# 4e-6 from float64's, Keras's more than ours.
SOFTER = {"float32": ("gelu", "log_softmax", "softmax")}


def test_sparsemax_of_keras_is_no_distribution():
    """Keras 3.15 adds up all cumulative sums of the support where the paper takes the last one."""
    z = np.array([[1.0, 0.8, -1.0], [5.0, 0.0, -1.0]])
    theirs = np.asarray(keras.activations.sparsemax(z))
    ours = activations.sparsemax(z)
    np.testing.assert_allclose(theirs[0], [0.1, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(ours[0], [0.6, 0.4, 0.0], atol=1e-12)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-12)  # where the support is a single entry
    np.testing.assert_allclose(ours.sum(axis=1), 1, rtol=1e-15)


LAYERS = [
    ("ReLU", {}),
    ("ReLU", {"max_value": 1.5, "negative_slope": 0.3, "threshold": 0.7}),
    ("LeakyReLU", {}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.5}),
    ("Softmax", {}),
    ("PReLU", {"alpha_initializer": "ones"}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", LAYERS, ids=[f"{n} {o or ''}".strip() for n, o in LAYERS])
def test_layers(name, options, dtype):
    theirs = getattr(keras.layers, name)(dtype=dtype, **options)(Z.astype(dtype))
    model = gn.Sequential([getattr(layers, name)(**options)], dtype=dtype)
    answer = model.predict(Z.astype(dtype))
    np.testing.assert_allclose(answer, np.asarray(theirs), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


# PyTorch's gradient of hardsigmoid uses 1/6 in float32.
@pytest.mark.parametrize(
    "name, ours",
    [
        ("gelu", activations.gelu),
        ("hardshrink", activations.hard_shrink),
        ("hardsigmoid", activations.hard_sigmoid),
        ("hardswish", activations.hard_silu),
        ("logsigmoid", activations.log_sigmoid),
        ("mish", activations.mish),
        ("selu", activations.selu),
        ("softsign", activations.softsign),
        ("softshrink", activations.soft_shrink),
        ("tanhshrink", activations.tanh_shrink),
    ],
)
def test_torch(name, ours):
    theirs = torch_value_and_gradient(getattr(torch.nn.functional, name), Z)
    compare(our_value_and_gradient(ours, Z), theirs, 1e-7 if name == "hardsigmoid" else 1e-12)


def test_erf():
    x = torch.linspace(-7, 7, 10_001, dtype=torch.float64)
    np.testing.assert_allclose(activations.erf(x.numpy()), torch.erf(x).numpy(), rtol=1e-15, atol=1e-15)
