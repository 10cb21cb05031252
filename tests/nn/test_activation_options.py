"""Activations one by one: erf, sparsemax, kinks; names, options, errors; golden programs."""

from __future__ import annotations

import math
import pickle
from functools import partial

import numpy as np
import pytest

import glassnet as gn
from glassnet import activations
from glassnet.errors import InputError, ShapeError, TraceError, UnknownNameError
from glassnet.nn.activations import ACTIVATIONS
from golden.activations.regenerate import GOLDEN, PROGRAMS

BIG = float(np.finfo(np.float64).max)
SELU = (1.0507009873554805, 1.6732632423543772)


# ------------------------------------------------------------------------------------------ one by one
def test_erf_is_exact_to_1e_15():
    x = np.concatenate([np.linspace(-7, 7, 14_001), 10.0 ** np.arange(-300, 3)])
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(activations.erf(x), expected, rtol=1e-15, atol=0)
    np.testing.assert_array_equal(activations.erf(np.array([-BIG, -6.5, 0.0, 6.5, BIG])), [-1, -1, 0, 1, 1])
    assert np.abs(activations.erf(x.astype("float32")) - expected).max() < 3e-7
    slope = gn.grad(lambda x: activations.erf(x).sum())(x)
    np.testing.assert_allclose(slope, 2 / math.sqrt(math.pi) * np.exp(-(x**2)), rtol=1e-14)


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    z = np.random.default_rng(1).normal(0, 3, (50, 6))
    p = activations.sparsemax(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    assert (p >= 0).all()
    assert 0.3 < (p == 0).mean() < 0.9
    others = np.random.default_rng(2).dirichlet(np.ones(6), 200)
    nearest = ((z - p) ** 2).sum(axis=1)
    assert (nearest[:, None] <= ((z[:, None] - others) ** 2).sum(axis=2) + 1e-12).all()


def test_sparsemax_of_ties():
    np.testing.assert_allclose(activations.sparsemax(np.array([2.0, 2.0, 2.0])), [1 / 3] * 3, rtol=1e-15)
    np.testing.assert_allclose(activations.sparsemax(np.array([1.0, 0.0])), [1.0, 0.0])


def test_derivatives_at_kinks():
    """The value that Keras's backends give: 0 on the flat side, the leak's slope for leaky units."""
    at = {
        "relu": ([0.0], [0.0]), "relu6": ([0.0, 6.0], [0.0, 0.0]), "leaky_relu": ([0.0], [0.2]),
        "elu": ([0.0], [1.0]), "hard_tanh": ([-1.0, 1.0], [0.0, 0.0]), "selu": ([0.0], [SELU[0] * SELU[1]]),
        "hard_sigmoid": ([-3.0, 3.0], [0.0, 0.0]), "hard_silu": ([-3.0, 3.0], [0.0, 1.0]),
        "hard_shrink": ([-0.5, 0.5], [0.0, 0.0]), "soft_shrink": ([-0.5, 0.5], [0.0, 0.0]),
        "sparse_sigmoid": ([-1.0, 1.0], [0.0, 0.0]), "sparse_plus": ([-1.0, 1.0], [0.0, 1.0]),
    }  # fmt: skip
    for name, (points, slopes) in at.items():
        f = activations.get(name)
        found = gn.grad(lambda z, f=f: f(z).sum())(np.array(points))
        np.testing.assert_allclose(found, slopes, rtol=1e-15, err_msg=name)


def test_other_names_of_the_same():
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get("HardSiLU".lower().replace("hardsilu", "hard_silu")) is activations.hard_silu
    assert activations.get(None) is activations.linear


# ------------------------------------------------------------------------------------------ options
def test_options_by_position_or_by_name():
    z = np.array([-2.0, 3.0], np.float32)
    for slope in (0.5, np.float64(0.5), np.float32(0.5)):
        for answer in (activations.leaky_relu(z, slope), activations.leaky_relu(z, negative_slope=slope)):
            np.testing.assert_array_equal(answer, np.array([-1.0, 3.0], np.float32), strict=True)
    traced = gn.grad(lambda z: activations.leaky_relu(z, 0.5).sum())(z)
    np.testing.assert_array_equal(traced, np.array([0.5, 1.0], np.float32), strict=True)


def test_options_show_in_titles_and_survive_pickling():
    options = partial(activations.leaky_relu, negative_slope=np.float64(0.1))
    layer = gn.layers.Dense(2, options)
    assert layer.title() == "Dense(2, leaky_relu(negative_slope=0.1))"
    assert gn.layers.Activation(options).title() == "Activation(leaky_relu(negative_slope=0.1))"
    again = pickle.loads(pickle.dumps(layer))
    np.testing.assert_array_equal(again.activation(np.array([-1.0])), [-0.1])
    assert again.title() == layer.title()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_pickling_keeps_identity(name):
    f = ACTIVATIONS[name]
    assert pickle.loads(pickle.dumps(f)) is f


def test_a_layer_can_be_an_activation():
    layer = gn.layers.Dense(2, gn.layers.PReLU(alpha_initializer="ones"), kernel_initializer="ones")
    assert layer.title() == "Dense(2, PReLU)"
    model = gn.Sequential([layer])
    np.testing.assert_array_equal(model.predict(np.array([[-1.0, -2.0]])), [[-3.0, -3.0]])
    assert list(model.parameters) == ["dense_1.kernel", "dense_1.bias", "dense_1.activation.alpha"]


# ------------------------------------------------------------------------------------------ errors
def test_errors():
    with pytest.raises(UnknownNameError) as caught:
        activations.get("leaky_rleu")
    assert str(caught.value) == "unknown activation 'leaky_rleu'. Did you mean 'leaky_relu'?"
    with pytest.raises(InputError) as caught:
        activations.get(3)
    assert str(caught.value) == "3 is not an activation: give a name or a NumPy function of one array."
    with pytest.raises(InputError) as caught:
        gn.layers.Dense(2, "threshold")
    assert str(caught.value) == (
        "the activation threshold needs its options:\n"
        "functools.partial(activations.threshold, threshold=1.0, default_value=0.0)."
    )


def test_glu_needs_an_even_size():
    with pytest.raises(ShapeError) as caught:
        activations.glu(np.zeros((2, 3)))
    text = "glu halves axis -1, whose size must be even; got an array of shape (2, 3)."
    assert str(caught.value) == text
    model = gn.Sequential([gn.layers.Dense(3, "glu")])
    with pytest.raises(ShapeError, match=r"glu halves axis -1, whose size must be even"):
        model.build((None, 2))


def test_too_many_options():
    with pytest.raises((TypeError, TraceError)):
        activations.leaky_relu(np.zeros(2), 0.1, 0.2)


# ------------------------------------------------------------------------------------------ printing
@pytest.mark.parametrize("name", PROGRAMS)
def test_golden_programs(name):
    remedy = "if this change is meant, run: python tests/golden/activations/regenerate.py"
    assert (GOLDEN / name).read_text(encoding="utf-8") == PROGRAMS[name](), remedy


def test_no_other_golden_programs():
    assert {path.name for path in GOLDEN.glob("*.py")} == {*PROGRAMS, "regenerate.py"}
