"""Regularizers and constraints: values by hand, and what they do to a model's loss, gradients and weights."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import constraints, regularizers
from glassnet.constraints import MaxNorm
from glassnet.errors import InputError, UnknownNameError
from glassnet.layers import BatchNormalization, Dense
from glassnet.regularizers import L2, HalfL2

RNG = np.random.default_rng(0)
X, Y = RNG.normal(0, 1, (12, 3)), RNG.normal(0, 1, (12, 2))


def absolute(w):
    return 0.25 * np.abs(w).sum()


VALUES = [
    (L2(1.0), [1.0, 0.0, 0.0, 0.0], 1.0),
    (L2(1.0), [0.25, 0.25, 0.25, 0.25], 0.25),
    (HalfL2(1.0), [1.0, 0.0, 0.0, 0.0], 0.5),
    (HalfL2(0.1), [[1.0, -2.0], [3.0, 0.0]], 0.7),
    (L2(), [3.0], 0.09),
    (HalfL2(), [3.0], 0.045),
    (L2(0), [3.0], 0.0),
]


@pytest.mark.parametrize("regularizer, w, value", VALUES)
def test_penalties_by_hand(regularizer, w, value):
    assert float(regularizer(np.array(w))) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "regularizer, slope",
    [
        (L2(0.3), lambda w: 0.6 * w),
        (HalfL2(0.3), lambda w: 0.3 * w),
        (absolute, lambda w: 0.25 * np.sign(w)),
    ],
)
def test_penalties_in_a_model(regularizer, slope):
    """They add to the loss, and their own gradient to the data's; the data loss stays what it was."""
    models = []
    for penalty in (None, regularizer):
        model = gn.Sequential([Dense(4, "tanh", kernel_regularizer=penalty), Dense(2)], dtype="float64")
        model.compile("sgd", "squared_error")
        models.append(model)
    plain, penalized = (model.loss(X, Y) for model in models)
    W = models[0].parameters["dense_1.kernel"]
    assert (plain.penalty, penalized.data) == (0.0, plain.data)
    assert penalized.penalty == pytest.approx(float(regularizer(W)), rel=1e-14)
    assert models[1].evaluate(X, Y)["loss"] == penalized.data + penalized.penalty
    history = models[1].fit(X, Y, batch_size=12, verbose=0).history
    assert history["loss"][0] == pytest.approx(sum(penalized), rel=1e-14)
    models[1].set_parameters(models[0].parameters)
    without, with_penalty = (model.gradients(X, Y) for model in models)
    without["dense_1.kernel"] = without["dense_1.kernel"] + slope(W)
    for key, gradient in with_penalty.items():
        np.testing.assert_allclose(gradient, without[key], rtol=1e-13, atol=1e-15)


def test_penalties_of_several_weights_add_up():
    layers = [
        Dense(4, kernel_regularizer="l2", bias_regularizer=HalfL2(0.5), bias_initializer="ones"),
        BatchNormalization(gamma_regularizer=L2(0.1), beta_regularizer=L2(0.1), beta_initializer="ones"),
        Dense(2, kernel_regularizer=L2(2.0)),
    ]
    model = gn.Sequential(layers, dtype="float64")
    model.compile("sgd", "squared_error")
    model.build((None, 3))
    W1, W2 = (model.parameters[f"dense_{i}.kernel"] for i in (1, 2))
    expected = 0.01 * (W1**2).sum() + 0.25 * 4 + 0.1 * 4 + 0.1 * 4 + 2 * (W2**2).sum()
    assert model.loss(X, Y).penalty == pytest.approx(expected, rel=1e-14)


def test_an_activity_penalty_is_a_mean_over_the_examples():
    model = gn.Sequential([Dense(2, "tanh", activity_regularizer=L2(0.5))], dtype="float64")
    model.compile("sgd", "squared_error")
    h = model.predict(X)
    for training in (True, False):
        penalty = model.loss(X, Y, training=training).penalty
        assert penalty == pytest.approx(0.5 * (h**2).sum() / len(X), rel=1e-14)


def test_a_layer_that_is_applied_twice_pays_for_both_outputs():
    x, layer = gn.Input((3,)), Dense(3, "tanh", activity_regularizer=L2(0.5))
    model = gn.Model(x, layer(layer(x)), dtype="float64")
    model.compile("sgd", "squared_error")
    first = layer(X)
    expected = 0.5 * ((first**2).sum() + (layer(first) ** 2).sum()) / len(X)
    assert model.loss(X, X).penalty == pytest.approx(expected, rel=1e-14)


def test_a_frozen_weight_costs_nothing():
    frozen = Dense(4, kernel_regularizer="l2", trainable=False)
    model = gn.Sequential([frozen, Dense(2, kernel_regularizer=L2(1.0))], dtype="float64")
    model.compile("sgd", "squared_error")
    W = model.predict(X) is not None and model.parameters["dense_2.kernel"]
    assert model.loss(X, Y).penalty == pytest.approx((W**2).sum(), rel=1e-14)


def test_plain_gradient_descent_on_the_half_square_decays_weights_linearly():
    model = gn.Sequential([Dense(3, use_bias=False, kernel_regularizer=HalfL2(0.5))], dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), lambda y, scores: 0 * scores)
    model.build((None, 3))
    start = model.parameters["dense_1.kernel"].copy()
    model.fit(X, np.zeros((12, 3)), batch_size=12, epochs=10, verbose=0)
    np.testing.assert_allclose(model.parameters["dense_1.kernel"], start * 0.95**10, rtol=1e-13)


def test_a_changed_strength_takes_effect():
    regularizer = L2(0.1)
    model = gn.Sequential([Dense(2, kernel_regularizer=regularizer)], dtype="float64")
    model.compile("sgd", "squared_error")
    before = model.loss(X, Y).penalty
    regularizer.l2 = 0.3
    assert model.loss(X, Y).penalty == pytest.approx(3 * before, rel=1e-14)


# ------------------------------------------------------------------------------------------ constraints
def test_max_norm_by_hand():
    w = np.array([[6.0, 1.0, 0.0], [8.0, 0.5, 0.0]])
    expected = np.array([[1.8, 1.0, 0.0], [2.4, 0.5, 0.0]])
    np.testing.assert_allclose(MaxNorm(3)(w), expected, atol=1e-7)
    np.testing.assert_array_equal(MaxNorm(3)(w)[:, 1:], w[:, 1:])  # inside the ball: not a bit differs
    rows = np.array([[3.0, 4.0], [0.3, 0.4]])
    np.testing.assert_allclose(MaxNorm(1, axis=1)(rows), [[0.6, 0.8], [0.3, 0.4]], atol=1e-7)
    np.testing.assert_allclose(MaxNorm(1)(np.array([3.0, 4.0])), [0.6, 0.8], atol=1e-7)


def norms(model):
    """The largest norm of a unit's incoming weights, by kernel."""
    kernels = {key: value for key, value in model.parameters.items() if key.endswith("kernel")}
    return {key: np.sqrt((kernel.astype(float) ** 2).sum(axis=0)).max() for key, kernel in kernels.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [gn.optimizers.SGD(5.0), gn.optimizers.Adam(0.5)], ids=repr)
@pytest.mark.parametrize("depth", [1, 4])
def test_after_every_step_no_norm_is_above_the_limit(optimizer, dtype, depth):
    hidden = [Dense(5, "tanh", kernel_constraint=MaxNorm(0.8)) for _ in range(depth)]
    model = gn.Sequential([*hidden, Dense(2, kernel_constraint=MaxNorm(1.5))], dtype=dtype)
    model.compile(optimizer, "squared_error")
    seen = []
    watch = gn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(norms(model)))
    model.fit(X, Y, batch_size=12, epochs=20, verbose=0, callbacks=[watch])
    limits = {key: 1.5 if key == list(seen[0])[-1] else 0.8 for key in seen[0]}
    assert len(seen) == 20
    assert all(norm <= limits[key] * (1 + 1e-6) for step in seen for key, norm in step.items())
    assert any(step[key] > limits[key] * (1 - 1e-6) for step in seen for key in limits)  # and it was needed


@pytest.mark.parametrize("make", [lambda: gn.optimizers.SGD(0.5), lambda: gn.optimizers.Adam(0.2)])
def test_the_constraint_comes_after_the_update(make):
    limits = {"dense_1.kernel": MaxNorm(0.7), "dense_1.bias": MaxNorm(0.1), "dense_3.kernel": MaxNorm(0.9)}
    layers = [
        Dense(4, "tanh", kernel_constraint=MaxNorm(0.7), bias_constraint=MaxNorm(0.1)),
        Dense(3, "tanh"),
        Dense(2, kernel_constraint=MaxNorm(0.9)),
    ]
    model = gn.Sequential(layers, dtype="float64")
    model.compile(make(), "squared_error")
    model.build((None, 3))
    optimizer, parameters = make(), {key: value.copy() for key, value in model.parameters.items()}
    state = optimizer.init(parameters)
    for _ in range(5):
        gradients = model.gradients(X, Y, training=True)
        parameters, state = optimizer.update(parameters, gradients, state)
        parameters.update({key: limit(parameters[key]) for key, limit in limits.items()})
        model.fit(X, Y, batch_size=12, shuffle=False, verbose=0)
        for key, value in model.parameters.items():
            np.testing.assert_allclose(value, parameters[key], rtol=1e-12, atol=1e-14)


def test_any_numpy_function_is_a_constraint():
    model = gn.Sequential([Dense(4, kernel_constraint=lambda w: np.maximum(w, 0)), Dense(2)])
    model.compile("adam", "squared_error")
    model.fit(X, Y, epochs=3, verbose=0)
    assert model.parameters["dense_1.kernel"].min() == 0.0
    assert model.parameters["dense_2.kernel"].min() < 0


def test_a_changed_limit_takes_effect():
    limit = MaxNorm(3.0)
    model = gn.Sequential([Dense(2, kernel_constraint=limit)])
    model.compile(gn.optimizers.SGD(1e-3), "squared_error")
    model.fit(X, Y, verbose=0)
    limit.max_value = 0.1
    model.fit(X, Y, verbose=0)
    assert norms(model)["dense_1.kernel"] == pytest.approx(0.1, rel=1e-4)


# ------------------------------------------------------------------------------------------ identifiers
@pytest.mark.parametrize(
    "found, expected",
    [
        (regularizers.get("l2"), L2()),
        (regularizers.get("L2"), L2()),
        (regularizers.get("half_l2"), HalfL2()),
        (regularizers.get("HalfL2"), HalfL2()),
        (regularizers.get(L2), L2()),
        (constraints.get("max_norm"), MaxNorm()),
        (constraints.get("MaxNorm"), MaxNorm()),
    ],
)
def test_identifiers(found, expected):
    assert repr(found) == repr(expected)


def test_none_and_functions_pass():
    assert regularizers.get(None) is None
    assert regularizers.get(absolute) is absolute
    assert constraints.get(np.abs) is np.abs


BAD = [
    (InputError, lambda: L2(-1), "L2: l2 must be a number at least 0; got -1."),
    (InputError, lambda: HalfL2("0.1"), "HalfL2: l2 must be a number at least 0; got '0.1'."),
    (InputError, lambda: L2(np.nan), "L2: l2 must be a number at least 0; got nan."),
    (InputError, lambda: MaxNorm(0), "MaxNorm: max_value must be a number above 0; got 0."),
    (InputError, lambda: MaxNorm(np.inf), "MaxNorm: max_value must be a number above 0; got inf."),
    (
        InputError,
        lambda: Dense(2, kernel_regularizer=0.1),
        "0.1 is not a regularizer: give a name, an object, or a NumPy function.",
    ),
    (
        UnknownNameError,
        lambda: Dense(2, kernel_regularizer="half_l3"),
        "unknown regularizer 'half_l3'. Did you mean 'half_l2'?",
    ),
    (
        UnknownNameError,
        lambda: Dense(2, kernel_constraint="maxnorm"),
        "unknown constraint 'maxnorm'. Did you mean 'max_norm'?",
    ),
]


@pytest.mark.parametrize("kind, make, message", BAD, ids=[row[2][:40] for row in BAD])
def test_bad_options(kind, make, message):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == message
