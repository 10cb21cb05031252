"""Catalogue rows E1-E3, E11: every regularizer by its formula and gradient, on kernel, bias and output."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers, regularizers
from glassnet.errors import InputError, ShapeError, UnknownNameError
from glassnet.nn.regularizers import REGULARIZERS
from glassnet.regularizers import L1, L1L2, L2, HalfL2, OrthogonalRegularizer

RNG = np.random.default_rng(3)
W = RNG.normal(0, 1, (5, 4))
X, Y = RNG.normal(0, 1, (6, 5)), RNG.normal(0, 1, (6, 4))


def mean_cosine(vectors):
    """Straight from the definition: one pair after the other."""
    pairs = [(a, b) for i, a in enumerate(vectors) for b in vectors[:i]]
    cosines = [abs(a @ b) / math.sqrt((a @ a) * (b @ b)) for a, b in pairs]
    return sum(cosines) / len(cosines)


# regularizer, its value, its gradient (None: by differences only)
CASES = {
    "l1": (L1(0.3), lambda w: 0.3 * np.abs(w).sum(), lambda w: 0.3 * np.sign(w)),
    "l2": (L2(0.3), lambda w: 0.3 * (w**2).sum(), lambda w: 0.6 * w),
    "half_l2": (HalfL2(0.3), lambda w: 0.15 * (w**2).sum(), lambda w: 0.3 * w),
    "l1_l2": (
        L1L2(0.2, 0.3),
        lambda w: 0.2 * np.abs(w).sum() + 0.3 * (w**2).sum(),
        lambda w: 0.2 * np.sign(w) + 0.6 * w,
    ),
    "l1 of l1_l2": (L1L2(l1=0.2), lambda w: 0.2 * np.abs(w).sum(), lambda w: 0.2 * np.sign(w)),
    "l2 of l1_l2": (L1L2(l2=0.2), lambda w: 0.2 * (w**2).sum(), lambda w: 0.4 * w),
    "orthogonal": (OrthogonalRegularizer(0.3), lambda w: 0.3 * mean_cosine(w), None),
    "orthogonal, columns": (
        OrthogonalRegularizer(0.3, mode="columns"),
        lambda w: 0.3 * mean_cosine(w.T),
        None,
    ),
    "off": (L2(0), lambda w: 0.0, lambda w: 0 * w),
}
each = pytest.mark.parametrize("name", CASES)
# A bias is no matrix, and the rows of an output are the examples.
IMPOSSIBLE = [("orthogonal", "bias"), ("orthogonal, columns", "bias"), ("orthogonal", "activity")]


def test_every_regularizer_has_a_row():
    classes = {type(regularizer).__name__ for regularizer, *_ in CASES.values()}
    assert classes == set(regularizers.__all__) - {"Regularizer", "get"}
    assert {type(make()).__name__ for make in REGULARIZERS.values()} == classes


@each
def test_values_and_gradients(name):
    regularizer, value, slope = CASES[name]
    assert float(regularizer(W)) == pytest.approx(value(W), rel=1e-14)
    found, gradient = gn.value_and_grad(regularizer)(W)
    assert found == pytest.approx(value(W), rel=1e-14)
    if slope is not None:
        np.testing.assert_allclose(gradient, slope(W), rtol=1e-15)
    check = gn.check_gradients(regularizer, W)
    assert check.max_error <= 1e-7
    assert not any(check.kinks.values())


@each
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_types(name, dtype):
    regularizer, value, _ = CASES[name]
    w = W.astype(dtype)
    assert regularizer(w).dtype == dtype
    found, gradient = gn.value_and_grad(regularizer)(w)
    assert np.asarray(gradient).dtype == dtype
    assert float(found) == pytest.approx(value(W), rel=1e-6)


PLACES = [(name, place) for name in CASES for place in ("kernel", "bias", "activity")]


@pytest.mark.parametrize("name, place", [row for row in PLACES if row not in IMPOSSIBLE])
def test_places_of_a_dense_layer(name, place):
    """The penalty is the regularizer's, its gradient too; an activity's is divided by the batch size."""
    regularizer, value, _ = CASES[name]
    options = {f"{place}_regularizer": regularizer, "bias_initializer": "random_normal"}
    model = gn.Sequential([layers.Dense(4, **options)], dtype="float64")
    model.compile("sgd", "squared_error")
    plain = gn.Sequential([layers.Dense(4, bias_initializer="random_normal")], dtype="float64")
    plain.compile("sgd", "squared_error")
    data = plain.loss(X, Y).data
    parts = {
        "kernel": lambda: value(model.parameters["dense_1.kernel"]),
        "bias": lambda: value(model.parameters["dense_1.bias"]),
        "activity": lambda: value(model.predict(X)) / len(X),
    }
    for training in (False, True):
        loss = model.loss(X, Y, training=training)
        assert loss.data == data
        assert loss.penalty == pytest.approx(parts[place](), rel=1e-13)
    assert model.evaluate(X, Y)["loss"] == pytest.approx(sum(loss), rel=1e-14)
    check = gn.check_gradients(model, X, Y)
    assert check.max_error <= 1e-7, str(check)


def test_an_activity_penalty_does_not_depend_on_the_batch_size():
    model = gn.Sequential([layers.Dense(3, "tanh", activity_regularizer=L2(0.1))], dtype="float64")
    model.compile("sgd", "squared_error")
    y = np.zeros((6, 3))
    once, twice = model.loss(X, y), model.loss(np.tile(X, (2, 1)), np.tile(y, (2, 1)))
    assert twice.penalty == pytest.approx(once.penalty, rel=1e-14)
    assert once.penalty == pytest.approx(0.1 * (model.predict(X) ** 2).sum() / 6, rel=1e-14)


PARTS = (
    "l1 = 0.0001  # dense_1.kernel\nl2 = 0.001  # dense_1.kernel\nl1_2 = 0.1  # dense_1\n",
    "l1 * np.abs(W1).sum() + l2 * (W1**2).sum()",
    "l1_2 * np.abs(a1).sum() / n",
    "dW1 = x.T @ dz1 + (l1 * np.sign(W1) + 2 * l2 * W1)",
)


def test_penalties_print_as_they_are_written():
    penalties = {"kernel_regularizer": L1L2(1e-4, 1e-3), "activity_regularizer": L1(0.1)}
    model = gn.Sequential([layers.Dense(3, "tanh", **penalties), layers.Dense(1)])
    model.build((None, 5))
    model.compile("sgd", "squared_error")
    model.loss(X, Y[:, :1])
    text = model.source("train")
    assert [part for part in PARTS if part not in text] == []
    assert "l1" not in model.source("predict")


def test_strengths_can_be_changed_between_runs():
    penalty = L1L2(0.1, 0.2)
    model = gn.Sequential([layers.Dense(4, kernel_regularizer=penalty)], dtype="float64")
    model.compile("sgd", "squared_error")
    before = model.loss(X, Y).penalty
    penalty.l1, penalty.l2 = 0.3, 0.6
    assert model.loss(X, Y).penalty == pytest.approx(3 * before, rel=1e-14)


# ------------------------------------------------------------------------------------------ orthogonal
def test_orthogonal_rows_have_no_penalty_and_parallel_ones_the_whole_factor():
    q = gn.initializers.Orthogonal()((3, 3), seed=0)
    assert float(OrthogonalRegularizer(1.0)(q)) == pytest.approx(0, abs=1e-15)
    parallel = np.array([[1.0, 2.0], [-2.0, -4.0], [0.5, 1.0]])
    assert float(OrthogonalRegularizer(0.7)(parallel)) == pytest.approx(0.7, rel=1e-14)


def test_orthogonal_of_one_row_or_of_zeros_is_nothing():
    for w in (np.ones((1, 4)), np.zeros((3, 4))):
        value, gradient = gn.value_and_grad(OrthogonalRegularizer())(w)
        assert value == pytest.approx(0, abs=1e-16)
        np.testing.assert_allclose(gradient, np.zeros_like(w), atol=1e-16)


def test_orthogonal_needs_a_matrix():
    with pytest.raises(ShapeError) as caught:
        OrthogonalRegularizer()(np.zeros(3))
    assert str(caught.value) == "OrthogonalRegularizer needs a matrix; got a weight of shape (3,)."


def test_orthogonal_does_not_compare_examples():
    model = gn.Sequential([layers.Dense(4, activity_regularizer="orthogonal")])
    model.compile("sgd", "squared_error")
    with pytest.raises(ShapeError) as caught:
        model.loss(X, Y)
    assert str(caught.value) == (
        "OrthogonalRegularizer(mode='rows') would compare the examples of a batch with each other.\n"
        "Give mode='columns' for a layer's output."
    )


# ------------------------------------------------------------------------------------------ names, errors
NAMES = [
    ("l1", "L1()"), ("L1", "L1()"), ("l2", "L2()"), ("half_l2", "HalfL2()"),
    ("l1_l2", "L1L2(l1=0.01, l2=0.01)"), ("L1L2", "L1L2(l1=0.01, l2=0.01)"),
    ("orthogonal", "OrthogonalRegularizer()"), ("OrthogonalRegularizer", "OrthogonalRegularizer()"),
]  # fmt: skip


@pytest.mark.parametrize("name, text", NAMES)
def test_names(name, text):
    assert repr(regularizers.get(name)) == text


def test_config_makes_it_again():
    for regularizer, *_ in CASES.values():
        again = type(regularizer)(**regularizer.get_config())
        assert float(again(W)) == float(regularizer(W))
    assert OrthogonalRegularizer(0.1).get_config() == {"factor": 0.1, "mode": "rows"}


ERRORS = [
    (lambda: L1(-0.1), "L1: l1 must be a number at least 0; got -0.1."),
    (lambda: L2("a"), "L2: l2 must be a number at least 0; got 'a'."),
    (lambda: HalfL2(math.inf), "HalfL2: l2 must be a number at least 0; got inf."),
    (lambda: L1L2(l2=math.nan), "L1L2: l2 must be a number at least 0; got nan."),
    (
        lambda: OrthogonalRegularizer(-1),
        "OrthogonalRegularizer: factor must be a number at least 0; got -1.",
    ),
    (
        lambda: OrthogonalRegularizer(mode="row"),
        "OrthogonalRegularizer: mode must be 'rows' or 'columns'; got 'row'.",
    ),
]


@pytest.mark.parametrize("make, text", ERRORS, ids=[text for _, text in ERRORS])
def test_errors(make, text):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == text


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        regularizers.get("l3")
    known = "half_l2, l1, l1_l2, l1l2, l2, orthogonal, orthogonal_regularizer"
    assert str(caught.value) == f"unknown regularizer 'l3'. Known names: {known}."
