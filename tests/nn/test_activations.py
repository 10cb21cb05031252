"""Activations: values, gradients, extremes, float types, names."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import activations
from glassnet.activations import linear, log_softmax, relu, sigmoid, softmax, tanh
from glassnet.errors import InputError, UnknownNameError

NAMES = ["linear", "relu", "tanh", "sigmoid", "softmax", "log_softmax"]
RNG = np.random.default_rng(0)
Z = RNG.normal(0, 2, (4, 3))
MIX = RNG.normal(0, 1, (4, 3))  # so that no gradient is zero by symmetry

each_name = pytest.mark.parametrize("name", NAMES)


@each_name
@pytest.mark.parametrize("shape", [(4, 3), (2, 2, 3), (3,), (1, 1)])
def test_gradients_against_differences(name, shape):
    f, z, mix = activations.get(name), np.resize(Z, shape), np.resize(MIX, shape)
    check = gn.check_gradients(lambda z: (mix * f(z)).sum(), z)
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())


@each_name
def test_second_derivatives_against_differences(name):
    f = activations.get(name)
    slope = gn.grad(lambda z: (MIX * f(z)).sum())
    check = gn.check_gradients(lambda z: (np.cos(MIX) * slope(z)).sum(), Z)
    assert check.max_error <= 1e-7, str(check)


@each_name
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_types_pass_through(name, dtype):
    f = activations.get(name)
    assert f(Z.astype(dtype)).dtype == dtype
    assert gn.grad(lambda z: f(z).sum())(Z.astype(dtype)).dtype == dtype


EXTREMES = [0.0, 5e-324, 1e-45, 88.7, 88.8, 709.7, 709.9, 1e8, 1e30, 2e38]


@each_name
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", EXTREMES)
@pytest.mark.filterwarnings("error")
def test_extremes_stay_finite_and_silent(name, size, dtype):
    f = activations.get(name)
    z = np.array([[size, -size / 2, 0.0], [-size / 2, size / 4, 1.0]], dtype)
    gradient = gn.grad(lambda z: f(z).sum())(z)
    assert np.isfinite(f(z)).all()
    assert np.isfinite(gradient).all()


def test_values_by_hand():
    z = np.array([-2.0, -0.0, 0.0, 3.0])
    np.testing.assert_array_equal(linear(z), z)
    np.testing.assert_array_equal(relu(z), [0, 0, 0, 3])
    np.testing.assert_array_equal(tanh(z), np.tanh(z))
    np.testing.assert_allclose(sigmoid(z), [1 / (1 + np.e**2), 0.5, 0.5, 1 / (1 + np.e**-3)], rtol=1e-15)


def test_the_derivative_of_relu_at_zero_is_zero():
    np.testing.assert_array_equal(gn.grad(lambda z: relu(z).sum())(np.array([-1.0, 0.0, 2.0])), [0, 0, 1])


def test_sigmoid_is_accurate_in_both_tails():
    z = np.array([-700.0, -100.0, -40.0, 40.0])
    expected = np.exp(z[:3])
    np.testing.assert_allclose(sigmoid(z)[:3], expected, rtol=1e-13)
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 1e4])), [0.0, 1.0])
    np.testing.assert_allclose(sigmoid(z) + sigmoid(-z), 1, rtol=1e-15)


@pytest.mark.parametrize("shape", [(4, 3), (2, 2, 3), (3,)])
def test_softmax_sums_to_one_and_log_softmax_is_its_logarithm(shape):
    z = np.resize(Z, shape)
    np.testing.assert_allclose(softmax(z).sum(axis=-1), 1, rtol=1e-15)
    np.testing.assert_allclose(log_softmax(z), np.log(softmax(z)), rtol=1e-13)


def test_softmax_does_not_see_a_shift():
    exact = np.round(Z * 2**20) / 2**20
    np.testing.assert_array_equal(softmax(exact + 1e8), softmax(exact))
    assert log_softmax(np.array([0.0, 1000.0]))[0] == -1000.0  # where the logarithm of softmax would be -inf


def test_identifiers():
    assert activations.get(None) is linear
    assert activations.get("ReLU") is relu
    assert activations.get("LogSoftmax") is log_softmax
    assert activations.get(np.sin) is np.sin


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        activations.get("rleu")
    assert str(caught.value) == "unknown activation 'rleu'. Did you mean 'relu'?"
    with pytest.raises(InputError) as caught:
        activations.get(3)
    assert str(caught.value) == "3 is not an activation: give a name or a NumPy function of one array."
