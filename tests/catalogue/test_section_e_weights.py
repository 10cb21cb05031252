"""Catalogue, section E: penalties and constraints on weights. Each test is named after its row."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import ElasticNet

import glassnet as gn
from glassnet import layers
from glassnet.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from glassnet.errors import DivergenceError
from glassnet.regularizers import L1, L1L2, L2, HalfL2, OrthogonalRegularizer

PIXELS, LABELS = load_digits(return_X_y=True)
SPIKE, SPREAD = np.array([1.0, 0.0, 0.0, 0.0]), np.full(4, 0.25)


# E1: L2
def test_e1_one_large_weight_costs_more_than_four_small_ones():
    """Both give the score 1 on x = [1, 1, 1, 1]; Σw² is 1.0 and 0.25."""
    assert SPIKE @ np.ones(4) == SPREAD @ np.ones(4) == 1
    assert [float(L2(1.0)(w)) for w in (SPIKE, SPREAD)] == [1.0, 0.25]
    assert [float(HalfL2(1.0)(w)) for w in (SPIKE, SPREAD)] == [0.5, 0.125]


def test_e1_the_gradient_of_half_l2_is_the_weight_itself():
    w = np.array([[3.0, -0.5], [0.0, 1e-3]])
    np.testing.assert_array_equal(gn.grad(HalfL2(0.25))(w), 0.25 * w)
    np.testing.assert_array_equal(gn.grad(L2(0.25))(w), 0.5 * w)


def test_e1_gradient_descent_then_decays_the_weights_linearly():
    """``W += -rate λ W``: without data to pull at them, a constant share goes at each step."""
    rate, strength, steps = 0.5, 0.1, 7
    dense = layers.Dense(3, use_bias=False, kernel_regularizer=HalfL2(strength))
    model = gn.Sequential([dense], dtype="float64")
    model.build((None, 4))
    before = model.parameters["dense_1.kernel"].copy()
    model.compile(gn.optimizers.SGD(rate), "squared_error")
    model.fit(np.zeros((2, 4)), np.zeros((2, 3)), batch_size=2, epochs=steps, verbose=0)
    after = (1 - rate * strength) ** steps * before
    np.testing.assert_allclose(model.parameters["dense_1.kernel"], after, rtol=1e-14)


# E2: L1
def sparse_problem():
    """100 features, of which 10 matter."""
    generator = np.random.default_rng(0)
    X = generator.normal(0, 1, (200, 100))
    w = np.concatenate([generator.choice([-1.0, 1.0], 10) * generator.uniform(0.5, 2, 10), np.zeros(90)])
    return X, X @ w + generator.normal(0, 0.5, 200)


def trained_weights(regularizer, epochs=600, rates=(0.05, 0.01, 0.001)):
    X, y = sparse_problem()
    dense = layers.Dense(1, kernel_regularizer=regularizer, kernel_initializer="zeros")
    model = gn.Sequential([dense], dtype="float64")
    for rate in rates:
        model.compile(gn.optimizers.SGD(rate), "squared_error")
        model.fit(X, y, batch_size=200, epochs=epochs, verbose=0)
    return model.parameters["dense_1.kernel"][:, 0]


def test_e2_l1_makes_weights_nearly_zero_and_l2_does_not():
    near_zero = {}
    for name, regularizer in (("none", None), ("l1", L1(0.2)), ("l2", L2(0.1))):
        weights = trained_weights(regularizer)
        near_zero[name] = (np.abs(weights) < 1e-3).mean()
        assert np.abs(weights[:10]).min() > 0.2  # those that matter stay
    assert near_zero["l1"] >= 0.75  # of 0.9 that do not matter
    assert near_zero["none"] <= 0.05
    assert near_zero["l2"] <= 0.05


# E3: elastic net
def test_e3_the_elastic_net_is_the_sum_of_both():
    w = np.random.default_rng(1).normal(0, 1, (5, 4))
    assert float(L1L2(0.3, 0.7)(w)) == pytest.approx(0.3 * np.abs(w).sum() + 0.7 * (w**2).sum(), rel=1e-15)
    slope = gn.grad(L1L2(0.3, 0.7))(w)
    np.testing.assert_allclose(slope, 0.3 * np.sign(w) + 1.4 * w, rtol=1e-15)


def test_e3_its_minimum_is_scikit_learn_s():
    """Whose objective is half of ours: ``1/(2n) |y - Xw|² + α ρ |w| + ½ α (1 - ρ) w²``."""
    X, y = sparse_problem()
    l1, l2 = 0.2, 0.1
    theirs = ElasticNet(alpha=l1 / 2 + l2, l1_ratio=(l1 / 2) / (l1 / 2 + l2), tol=1e-10, random_state=0).fit(
        X, y
    )
    ours = trained_weights(L1L2(l1, l2), rates=(0.05, 0.02, 0.005, 0.001, 0.0002))
    np.testing.assert_allclose(ours, theirs.coef_, atol=1e-3)


# E4: max-norm
def deep(activation, units, constraint, seed):
    """Three hidden layers on raw pixels (0 to 16), to be trained at rate 1."""
    options = {"kernel_initializer": "he_normal", "kernel_constraint": constraint}
    hidden = [layers.Dense(units, activation, **options) for _ in range(3)]
    model = gn.Sequential([*hidden, layers.Dense(10, **options)], seed=seed)
    model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy")
    return model


@pytest.mark.parametrize("activation, units", [("relu", 256), ("leaky_relu", 64)])
@pytest.mark.parametrize("seed", range(3))
def test_e4_rate_one_on_raw_pixels_is_finite_with_max_norm_and_diverges_without(activation, units, seed):
    for limit in (3, 4):
        model = deep(activation, units, MaxNorm(limit), seed)
        history = model.fit(PIXELS, LABELS, batch_size=128, epochs=3, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        for key, array in model.parameters.items():
            assert np.isfinite(array).all()
            if key.endswith("kernel"):
                assert (np.linalg.norm(array.astype(float), axis=0) <= limit * (1 + 1e-6)).all()
    model = deep(activation, units, None, seed)
    with pytest.raises(DivergenceError, match=r"training diverged at step \d+ \(epoch 1\): (inf|nan) in "):
        model.fit(PIXELS, LABELS, batch_size=128, epochs=3, verbose=0)
    assert all(np.isfinite(array).all() for array in model.parameters.values())


def test_e4_projected_gradient_descent_finds_the_constrained_minimum():
    """The nearest point of the ball, for a quadratic bowl around a point outside it."""
    target = np.array([[3.0], [4.0]])
    dense = layers.Dense(1, use_bias=False, kernel_constraint=MaxNorm(1))
    model = gn.Sequential([dense], dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    model.fit(np.eye(2), target, batch_size=2, epochs=200, verbose=0)
    np.testing.assert_allclose(model.parameters["dense_1.kernel"], target / 5, rtol=1e-6)


# E9: bias regularization
def test_e9_biases_are_not_regularized_unless_asked():
    X, y = np.random.default_rng(2).normal(0, 1, (6, 3)), np.zeros((6, 2))
    for options, expected in (
        ({}, 0.0),
        ({"kernel_regularizer": L2(0.5)}, None),
        ({"bias_regularizer": L2(0.5)}, 0.5 * 2 * 0.3**2),
        ({"bias_regularizer": HalfL2(0.5)}, 0.25 * 2 * 0.3**2),
    ):
        dense = layers.Dense(2, bias_initializer=gn.initializers.Constant(0.3), **options)
        model = gn.Sequential([dense], dtype="float64")
        model.compile("sgd", "squared_error")
        penalty = model.loss(X, y).penalty
        if expected is None:
            expected = 0.5 * (model.parameters["dense_1.kernel"] ** 2).sum()
        assert penalty == pytest.approx(expected, rel=1e-14)


# E10: a strength per layer
def test_e10_each_layer_has_its_own_strength():
    X, y = np.random.default_rng(3).normal(0, 1, (6, 3)), np.array([0, 1, 0, 1, 1, 0])
    strengths = {"dense_1": 0.1, "dense_2": 0.01, "dense_3": 0.0}
    dense = [layers.Dense(4, "tanh", kernel_regularizer=HalfL2(value)) for value in strengths.values()]
    model = gn.Sequential([*dense, layers.Dense(2)], dtype="float64")
    plain = gn.Sequential([*(layers.Dense(4, "tanh") for _ in dense), layers.Dense(2)], dtype="float64")
    for network in (model, plain):
        network.compile("sgd", "softmax_cross_entropy")
        network.loss(X, y)
    with_penalty, without = model.gradients(X, y), plain.gradients(X, y)
    for key, strength in strengths.items():
        kernel = f"{key}.kernel"
        extra = with_penalty[kernel] - without[kernel]
        np.testing.assert_allclose(extra, strength * model.parameters[kernel], atol=1e-15)
    text = model.source("train")
    for line in (
        "l2 = 0.1  # dense_1.kernel",
        "l2_2 = 0.01  # dense_2.kernel",
        "l2_3 = 0.0  # dense_3.kernel",
    ):
        assert f"\n{line}\n" in text


# E11: Keras's others, each trained for a while; their formulas are in tests/nn/
def digits_network(seed=0, **options):
    model = gn.Sequential([layers.Dense(16, "relu", **options), layers.Dense(10)], seed=seed)
    model.compile("adam", "softmax_cross_entropy", metrics=["accuracy"])
    model.fit(PIXELS / 16, LABELS, batch_size=64, epochs=5, verbose=0)
    return model, PIXELS / 16


def mean_cosine_of_units(model):
    W = model.parameters["dense_1.kernel"].astype(float)
    unit = W / np.linalg.norm(W, axis=0)
    return np.abs(unit.T @ unit)[np.triu_indices(16, 1)].mean()


def test_e11_the_orthogonal_regularizer_turns_the_units_apart():
    penalty = OrthogonalRegularizer(10.0, mode="columns")
    free, held = (digits_network(kernel_regularizer=r)[0] for r in (None, penalty))
    assert mean_cosine_of_units(held) < 0.5 * mean_cosine_of_units(free)


def test_e11_the_activity_regularizer_quiets_the_units():
    (free, X), (held, _) = (digits_network(activity_regularizer=r) for r in (None, L1(0.1)))
    activity = [np.maximum(X @ m.parameters["dense_1.kernel"] + m.parameters["dense_1.bias"], 0).mean()
                for m in (free, held)]  # fmt: skip
    assert activity[1] < 0.5 * activity[0]


@pytest.mark.parametrize(
    "constraint, holds",
    [
        (NonNeg(), lambda W, norms: (W >= 0).all() and (W == 0).any()),
        (UnitNorm(), lambda W, norms: np.allclose(norms, 1, atol=1e-6)),
        (MinMaxNorm(0.8, 1.2), lambda W, norms: (norms > 0.8 - 1e-6).all() and (norms < 1.2 + 1e-6).all()),
        (MaxNorm(0.7), lambda W, norms: (norms < 0.7 + 1e-6).all()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_e11_constraints_hold_after_training(constraint, holds):
    model, _ = digits_network(kernel_constraint=constraint)
    W = model.parameters["dense_1.kernel"].astype(float)
    assert holds(W, np.linalg.norm(W, axis=0))
    free = digits_network()[0].parameters["dense_1.kernel"]
    assert not holds(free, np.linalg.norm(free, axis=0))
