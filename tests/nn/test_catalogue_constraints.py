"""Catalogue rows E4, E11: every constraint by its formula, along every axis, in a training step."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import constraints, layers
from glassnet.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from glassnet.errors import InputError, UnknownNameError
from glassnet.nn.constraints import CONSTRAINTS

RNG = np.random.default_rng(4)
W = RNG.normal(0, 1, (6, 5)) * np.array([0.1, 0.5, 1.0, 2.0, 5.0])
X, Y = RNG.normal(0, 1, (8, 6)), RNG.normal(0, 1, (8, 5))
EPSILON = 1e-7


def by_norm(rule):
    """Rescale each vector to the norm that ``rule`` wants."""

    def constrained(w, axis):
        norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
        return w / (norm + EPSILON) * rule(norm)

    return constrained


# constraint of an axis, its definition
CASES = {
    "max_norm": (
        lambda axis: MaxNorm(1.5, axis=axis),
        lambda w, axis: np.where(
            np.sqrt((w**2).sum(axis=axis, keepdims=True)) <= 1.5 - EPSILON,
            w,
            by_norm(lambda norm: 1.5)(w, axis),
        ),
    ),
    "min_max_norm": (
        lambda axis: MinMaxNorm(0.5, 1.5, axis=axis),
        by_norm(lambda norm: np.clip(norm, 0.5, 1.5)),
    ),
    "min_max_norm, rate": (
        lambda axis: MinMaxNorm(0.5, 1.5, 0.3, axis),
        by_norm(lambda norm: 0.3 * np.clip(norm, 0.5, 1.5) + 0.7 * norm),
    ),
    "non_neg": (lambda axis: NonNeg(), lambda w, axis: np.where(w > 0, w, 0)),
    "unit_norm": (UnitNorm, by_norm(lambda norm: 1.0)),
}
each = pytest.mark.parametrize("name", CASES)
AXES = [0, 1, -1, (0, 1), [0]]


def test_every_constraint_has_a_row():
    classes = {type(make(0)).__name__ for make, _ in CASES.values()}
    assert classes == set(constraints.__all__) - {"Constraint", "get"}
    assert {cls.__name__ for cls in CONSTRAINTS.values()} == classes


@each
@pytest.mark.parametrize("axis", AXES, ids=str)
def test_definitions(name, axis):
    make, definition = CASES[name]
    over = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose(make(axis)(W), definition(W, over), rtol=1e-14)


@each
def test_filters_of_a_convolution(name):
    make, definition = CASES[name]
    w = RNG.normal(0, 1, (3, 3, 4, 5))
    np.testing.assert_allclose(make([0, 1, 2])(w), definition(w, (0, 1, 2)), rtol=1e-14)


@each
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_in_a_training_step_the_constraint_comes_after_the_update(name, dtype, optimizer):
    make, definition = CASES[name]
    models = []
    for constraint in (None, make(0)):
        dense = layers.Dense(5, kernel_initializer=W, kernel_constraint=constraint)
        model = gn.Sequential([dense, layers.Dense(5)], dtype=dtype)
        model.compile(
            getattr(gn.optimizers, {"sgd": "SGD", "adam": "Adam"}[optimizer])(0.05), "squared_error"
        )
        model.fit(X, Y, batch_size=8, epochs=1, verbose=0)
        models.append(model.parameters)
    free, held = (parameters["dense_1.kernel"] for parameters in models)
    assert held.dtype == dtype
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(held, definition(free.astype(float), 0), rtol=tolerance, atol=tolerance)
    assert (held != free).any()
    for key in ("dense_1.bias", "dense_2.kernel", "dense_2.bias"):
        np.testing.assert_array_equal(models[0][key], models[1][key])


@pytest.mark.parametrize("place", ["kernel", "bias"])
def test_places_of_a_dense_layer(place):
    options = {f"{place}_constraint": "non_neg", "bias_initializer": "random_normal"}
    model = gn.Sequential([layers.Dense(5, **options)])
    model.compile("sgd", "squared_error")
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    other = {"kernel": "bias", "bias": "kernel"}[place]
    assert (model.parameters[f"dense_1.{place}"] >= 0).all()
    assert (model.parameters[f"dense_1.{place}"] == 0).any()
    assert (model.parameters[f"dense_1.{other}"] < 0).any()


def test_e4_weights_inside_the_ball_keep_every_bit():
    w = RNG.normal(0, 0.1, (6, 5)).astype(np.float32)
    np.testing.assert_array_equal(MaxNorm(3)(w), w, strict=True)


def test_e4_the_norm_is_never_above_the_limit():
    for scale in 10.0 ** np.arange(-3, 15):
        norms = np.linalg.norm(MaxNorm(4)((scale * W).astype(np.float32)).astype(float), axis=0)
        assert (norms <= 4 * (1 + 1e-6)).all()


def test_zeros_stay_zeros():
    zeros = np.zeros((3, 2))
    for constraint in (MaxNorm(), MinMaxNorm(0.5, 1.0), UnitNorm(), NonNeg()):
        np.testing.assert_array_equal(constraint(zeros), zeros)


def test_limits_can_be_changed_between_runs():
    limit = MaxNorm(2)
    model = gn.Sequential([layers.Dense(5, kernel_initializer=W, kernel_constraint=limit)])
    model.compile("sgd", "squared_error")
    for value in (2, 0.5):
        limit.max_value = value
        model.fit(X, Y, batch_size=8, epochs=1, verbose=0)
        largest = np.linalg.norm(model.parameters["dense_1.kernel"], axis=0).max()
        assert largest == pytest.approx(value, rel=1e-6)


# ------------------------------------------------------------------------------------------ printing
UPDATE = """\
    # sgd
    W1 = W1 - learning_rate * dW1      # (6, 5)
    b1 = b1 - learning_rate * db1      # (5,)

    # constraints
    W1 = max_norm(W1, max_norm_limit)  # (6, 5)
"""


def test_a_constraint_prints_as_a_step_after_the_update():
    model = gn.Sequential([layers.Dense(5, kernel_constraint=MaxNorm(3))])
    model.build((None, 6))
    model.compile("sgd", "squared_error")
    text = model.source("train")
    assert "max_norm_limit = 3  # dense_1.kernel\n" in text
    assert UPDATE in text
    assert "constraint" not in model.source("predict")


# ------------------------------------------------------------------------------------------ names, errors
@pytest.mark.parametrize("name", sorted(CONSTRAINTS))
def test_names(name):
    found = constraints.get(name)
    assert type(found) is CONSTRAINTS[name]
    assert repr(found) == f"{type(found).__name__}()"
    assert type(constraints.get(type(found).__name__)) is type(found)


def test_repr_and_config():
    constraint = MinMaxNorm(0.5, rate=0.9, axis=[0, 1])
    assert repr(constraint) == "MinMaxNorm(min_value=0.5, rate=0.9, axis=(0, 1))"
    config = {"min_value": 0.5, "max_value": 1.0, "rate": 0.9, "axis": (0, 1)}
    assert constraint.get_config() == config
    np.testing.assert_array_equal(MinMaxNorm(**config)(W), constraint(W))


AXIS = "axis must be a whole number or a tuple of them, such as -1; got"
ERRORS = [
    (lambda: MaxNorm(0), "MaxNorm: max_value must be a number above 0; got 0."),
    (lambda: MaxNorm(math.inf), "MaxNorm: max_value must be a number above 0; got inf."),
    (lambda: MaxNorm(axis="rows"), f"MaxNorm: {AXIS} 'rows'."),
    (lambda: UnitNorm(axis=None), f"UnitNorm: {AXIS} None."),
    (lambda: MinMaxNorm(-1), "MinMaxNorm: min_value must be a number at least 0; got -1."),
    (lambda: MinMaxNorm(2, 1), "MinMaxNorm: min_value 2 must not exceed max_value 1."),
    (lambda: MinMaxNorm(rate=2), "MinMaxNorm: rate must be a number from 0 to 1; got 2."),
]


@pytest.mark.parametrize("make, text", ERRORS, ids=[text for _, text in ERRORS])
def test_errors(make, text):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == text


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        constraints.get("max_nrom")
    assert str(caught.value) == "unknown constraint 'max_nrom'. Did you mean 'max_norm'?"
