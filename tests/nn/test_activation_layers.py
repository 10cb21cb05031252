"""Activation layers (catalogue row H8): by hand, gradients, keys, titles, shapes, errors."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import activations, layers
from glassnet.errors import InputError, ShapeError

RNG = np.random.default_rng(5)
Z = RNG.normal(0, 2, (7, 6))


def pieces(z, units):
    """Maxout from its definition, one unit after the other."""
    k = z.shape[-1] // units
    return np.stack([z[..., i * k : (i + 1) * k].max(axis=-1) for i in range(units)], axis=-1)


# layer, title, key, what it computes
CASES = {
    "relu": (layers.ReLU, {}, "ReLU()", "relu_1", lambda z: np.maximum(z, 0)),
    "relu, options": (
        layers.ReLU, {"max_value": 1.5, "negative_slope": 0.3, "threshold": 0.7},
        "ReLU(max_value=1.5, negative_slope=0.3, threshold=0.7)", "relu_1",
        lambda z: np.where(z > 0.7, np.minimum(z, 1.5), 0.3 * (z - 0.7)),
    ),
    "leaky relu": (
        layers.LeakyReLU, {}, "LeakyReLU(0.3)", "leaky_relu_1", lambda z: np.where(z > 0, z, 0.3 * z)
    ),
    "elu": (layers.ELU, {"alpha": 0.5}, "ELU(0.5)", "elu_1",
            lambda z: np.where(z > 0, z, 0.5 * (np.exp(z) - 1))),
    "prelu": (layers.PReLU, {"alpha_initializer": gn.initializers.Constant(0.2)}, "PReLU", "prelu_1",
              lambda z: np.where(z > 0, z, 0.2 * z)),
    "softmax": (layers.Softmax, {}, "Softmax", "softmax_1",
                lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)),
    "maxout": (layers.Maxout, {"units": 3}, "Maxout(3)", "maxout_1", lambda z: pieces(z, 3)),
    "maxout of all": (layers.Maxout, {"units": 1}, "Maxout(1)", "maxout_1", lambda z: pieces(z, 1)),
}  # fmt: skip
each = pytest.mark.parametrize("name", CASES)


@each
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(name, dtype):
    cls, options, title, key, definition = CASES[name]
    model = gn.Sequential([cls(**options)], dtype=dtype)
    answer = model.predict(Z)
    assert answer.dtype == dtype
    np.testing.assert_allclose(answer, definition(Z), rtol=1e-6 if dtype == "float32" else 1e-14)
    np.testing.assert_allclose(cls(**options)(Z), definition(Z), rtol=1e-14)
    assert (model.layers[0].key, model.layers[0].title()) == (key, title)


@each
def test_gradients_against_differences(name):
    cls, options, *_ = CASES[name]
    model = gn.Sequential([layers.Dense(6), cls(**options), layers.Dense(2)], dtype="float64")
    model.compile("sgd", "squared_error")
    check = gn.check_gradients(model, Z, RNG.normal(0, 1, (7, 2)))
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())


@each
def test_images(name):
    cls, options, _, _, definition = CASES[name]
    images = np.resize(Z, (2, 4, 4, 6))
    np.testing.assert_allclose(cls(**options)(images), definition(images), rtol=1e-14)


# ------------------------------------------------------------------------------------------ PReLU
@pytest.mark.parametrize(
    "shared_axes, shape",
    [(None, (4, 5, 6)), ([1, 2], (1, 1, 6)), (1, (1, 5, 6)), ((1, 2, 3), (1, 1, 1)), ([3], (4, 5, 1))],
)
def test_prelu_shares_its_slopes(shared_axes, shape):
    model = gn.Sequential([layers.PReLU(shared_axes=shared_axes)])
    model.build((None, 4, 5, 6))
    assert model.parameters["prelu_1.alpha"].shape == shape
    assert (model.parameters["prelu_1.alpha"] == 0).all()


def test_prelu_learns_the_slope():
    x = np.linspace(-1, 1, 40)[:, None]
    model = gn.Sequential([layers.PReLU()], dtype="float64")
    model.compile(gn.optimizers.SGD(0.5), "squared_error")
    model.fit(x, np.where(x > 0, x, 0.37 * x), batch_size=40, epochs=300, verbose=0)
    np.testing.assert_allclose(model.parameters["prelu_1.alpha"], [0.37], rtol=1e-6)


def test_prelu_takes_penalties_and_constraints():
    prelu = layers.PReLU("ones", alpha_regularizer="l2", alpha_constraint=gn.constraints.MaxNorm(0.5))
    model = gn.Sequential([prelu])
    model.compile("sgd", "squared_error")
    y = np.zeros((7, 6))
    assert model.loss(Z, y).penalty == pytest.approx(0.01 * 6)
    model.fit(Z, y, batch_size=7, epochs=1, verbose=0)
    assert np.linalg.norm(model.parameters["prelu_1.alpha"]) == pytest.approx(0.5, rel=1e-6)


# ------------------------------------------------------------------------------------------ Softmax, Maxout
@pytest.mark.parametrize("axis", [-1, 1, 2, [1, 2], (1, 2)], ids=str)
def test_softmax_axes(axis):
    z = RNG.normal(0, 3, (4, 5, 6))
    over = tuple(axis) if isinstance(axis, list) else axis
    p = gn.Sequential([layers.Softmax(axis=axis)], dtype="float64").predict(z)
    np.testing.assert_allclose(p.sum(axis=over), 1, rtol=1e-14)
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=over, keepdims=True), rtol=1e-13)
    if isinstance(axis, int):
        np.testing.assert_allclose(p, activations.softmax(z, axis), rtol=1e-14)


def test_relu_is_a_special_case_of_maxout():
    """``max(w₁ᵀx + b₁, w₂ᵀx + b₂)`` with the second line flat."""
    W = RNG.normal(0, 1, (6, 3))
    both = np.zeros((6, 6))
    both[:, 0::2] = W
    dense = layers.Dense(6, kernel_initializer=both, use_bias=False)
    model = gn.Sequential([dense, layers.Maxout(3)], dtype="float64")
    np.testing.assert_allclose(model.predict(Z), np.maximum(Z @ W, 0), rtol=1e-13, atol=1e-15)


def test_of_equal_inputs_maxout_s_first_takes_the_gradient():
    slope = gn.grad(lambda z: z.reshape(1, 3).max(axis=-1).sum())(np.array([2.0, 2.0, 1.0]))
    model = gn.Sequential([layers.Dense(3, kernel_initializer="ones"), layers.Maxout(1)], dtype="float64")
    model.compile("sgd", "sum_of_squares")
    gradients = model.gradients(np.ones((1, 1)), np.zeros((1, 1)))
    np.testing.assert_array_equal(slope, [1, 0, 0])
    np.testing.assert_array_equal(gradients["dense_1.kernel"], [[2, 0, 0]])


# ------------------------------------------------------------------------------------------ errors
AXIS = "axis must be a whole number or a tuple of them, such as -1; got"
ERRORS = [
    (lambda: layers.ReLU(max_value=-1), "ReLU: max_value must be a number at least 0; got -1."),
    (lambda: layers.ReLU(negative_slope=-1), "ReLU: negative_slope must be a number at least 0; got -1."),
    (lambda: layers.ReLU(threshold="a"), "ReLU: threshold must be a number at least 0; got 'a'."),
    (lambda: layers.LeakyReLU(-0.1), "LeakyReLU: negative_slope must be a number at least 0; got -0.1."),
    (lambda: layers.ELU(0), "ELU: alpha must be a number above 0; got 0."),
    (lambda: layers.Softmax("last"), f"Softmax: {AXIS} 'last'."),
    (lambda: layers.PReLU(shared_axes=1.5), f"PReLU: {AXIS} 1.5."),
    (lambda: layers.Maxout(0), "Maxout: units must be a whole number of at least 1; got 0."),
]


@pytest.mark.parametrize("make, text", ERRORS, ids=[text for _, text in ERRORS])
def test_errors(make, text):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == text


def test_shared_axes_that_are_not_there():
    with pytest.raises(InputError) as caught:
        layers.PReLU(shared_axes=[1, 3])(np.zeros((2, 4, 5)))
    assert str(caught.value) == (
        "PReLU: shared_axes must lie between 1 and 2 for inputs of shape (None, 4, 5); got [1, 3]."
    )


def test_maxout_needs_groups_of_one_size():
    model = gn.Sequential([layers.Dense(7), layers.Maxout(3)])
    with pytest.raises(ShapeError) as caught:
        model.build((None, 4))
    assert str(caught.value) == "layer maxout_1: Maxout(3) needs a multiple of 3 inputs; got 7."
