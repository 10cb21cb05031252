"""Losses on plain arrays: values by hand, gradients against differences, extreme scores, weights."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import losses
from glassnet.activations import sigmoid, softmax
from glassnet.errors import InputError, ShapeError, UnknownNameError
from glassnet.losses import (
    BinaryCrossEntropy,
    Loss,
    SoftmaxCrossEntropy,
    SquaredError,
    SumOfSquares,
    binary_cross_entropy,
    softmax_cross_entropy,
    squared_error,
    sum_of_squares,
)

RNG = np.random.default_rng(0)
LABELS = np.array([0, 2, 1, 2, 0])
ONE_HOT = np.eye(3)[LABELS]
SPREAD = RNG.dirichlet(np.ones(3), 5)
SCORES = RNG.normal(0, 2, (5, 3))
BITS = (RNG.uniform(size=(5, 3)) < 0.5).astype(float)
WEIGHTS = np.array([0.5, 0.0, 2.0, 1.0, 3.0])


def row(*scores):
    return np.array([scores], dtype=float)


# ------------------------------------------------------------------------------------------ values
@pytest.mark.parametrize(
    "scores, probabilities",
    [((1, -2, 0), (0.7054, 0.0351, 0.2595)), ((0.5, -1, 0), (0.5465, 0.1220, 0.3315))],
)
def test_softmax_of_the_notes(scores, probabilities):
    for label, p in enumerate(probabilities):
        loss = softmax_cross_entropy(np.array([label]), row(*scores))
        assert np.exp(-loss[0]) == pytest.approx(p, abs=5e-5)
    np.testing.assert_allclose(softmax(row(*scores))[0], probabilities, atol=5e-5)


BY_HAND = [
    (softmax_cross_entropy, [0], row(10, -2, 3), [9.18e-4], 5e-7),
    (softmax_cross_entropy, [0], row(10, -100, -100), [0.0], 1e-15),
    (softmax_cross_entropy, [0], row(10, 9, 9), [0.5514], 5e-5),
    (softmax_cross_entropy, [2], row(-2.85, 0.86, 0.28), [1.04], 5e-3),
    (softmax_cross_entropy, [0], row(123, 456, 789), [666.0], 0),
    (softmax_cross_entropy, [2], row(123, 456, 789), [0.0], 0),
    (softmax_cross_entropy, [1], row(0, 0, 0, 0), [np.log(4)], 1e-15),
    (softmax_cross_entropy, [[0.5, 0.5]], row(0, 0), [np.log(2)], 1e-15),
    (binary_cross_entropy, [1.0], np.array([0.0]), [np.log(2)], 1e-15),
    (binary_cross_entropy, [1.0], np.array([3.0]), [np.log1p(np.exp(-3))], 1e-15),
    (binary_cross_entropy, [0.0], np.array([3.0]), [3 + np.log1p(np.exp(-3))], 1e-15),
    (binary_cross_entropy, [[1.0, 0.0]], row(0, 3), [(np.log(2) + 3 + np.log1p(np.exp(-3))) / 2], 1e-15),
    (squared_error, [1.0, 2.0], np.array([1.0, 4.0]), [0.0, 4.0], 0),
    (squared_error, [[0.0, 0.0]], row(1, 3), [5.0], 0),
    (squared_error, [[[0.0, 1.0], [2.0, 3.0]]], np.zeros((1, 2, 2)), [3.5], 0),
    (sum_of_squares, [1.0, 2.0], np.array([1.0, 4.0]), [0.0, 4.0], 0),
    (sum_of_squares, [[0.0, 0.0]], row(1, 3), [10.0], 0),
]


@pytest.mark.parametrize("loss, y, scores, values, tolerance", BY_HAND)
def test_values_by_hand(loss, y, scores, values, tolerance):
    result = loss(np.array(y), scores)
    assert result.shape == (len(scores),)
    np.testing.assert_allclose(result, values, rtol=1e-15, atol=tolerance)


def test_over_outputs_sum():
    for loss in (squared_error, binary_cross_entropy):
        np.testing.assert_allclose(loss(BITS, SCORES, over_outputs="sum"), 3 * loss(BITS, SCORES), rtol=1e-15)


def test_labels_and_one_hot_rows_agree():
    by_label, by_row = softmax_cross_entropy(LABELS, SCORES), softmax_cross_entropy(ONE_HOT, SCORES)
    np.testing.assert_allclose(by_row, by_label, rtol=1e-14)


def test_cross_entropy_is_entropy_plus_kl_divergence():
    q = softmax(SCORES)
    entropy = -(SPREAD * np.log(SPREAD)).sum(axis=1)
    kl = (SPREAD * np.log(SPREAD / q)).sum(axis=1)
    np.testing.assert_allclose(softmax_cross_entropy(SPREAD, SCORES), entropy + kl, rtol=1e-12)


def test_the_two_classes_of_a_binary_loss_mirror_each_other():
    s = np.linspace(-50, 50, 101)
    np.testing.assert_array_equal(
        binary_cross_entropy(np.ones(101), s), binary_cross_entropy(np.zeros(101), -s)
    )
    two = softmax_cross_entropy(np.zeros(101, int), np.column_stack([s, 0 * s]))
    np.testing.assert_allclose(binary_cross_entropy(np.ones(101), s), two, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", [squared_error, sum_of_squares, binary_cross_entropy])
def test_a_column_is_never_broadcast_against_a_row(loss):
    y, scores = BITS[:, 0], SCORES[:, 0]
    np.testing.assert_array_equal(loss(y, scores[:, None]), loss(y, scores))
    np.testing.assert_array_equal(loss(y[:, None], scores), loss(y, scores))
    with pytest.raises(ShapeError) as caught:
        loss(y, np.zeros((5, 5)))
    assert str(caught.value) == "y has shape (5,), the scores (5, 5).\nThe loss needs one target per output."


def test_a_column_of_labels_is_labels():
    np.testing.assert_array_equal(
        softmax_cross_entropy(LABELS[:, None], SCORES), softmax_cross_entropy(LABELS, SCORES)
    )


# ------------------------------------------------------------------------------------------ gradients
CASES = [
    (SoftmaxCrossEntropy(), LABELS),
    (SoftmaxCrossEntropy(), ONE_HOT),
    (SoftmaxCrossEntropy(), SPREAD),
    (SoftmaxCrossEntropy(reduction="sum"), LABELS),
    (SoftmaxCrossEntropy(reduction="sum"), SPREAD),
    (BinaryCrossEntropy(), BITS),
    (BinaryCrossEntropy(over_outputs="sum"), BITS),
    (BinaryCrossEntropy(reduction="sum"), SPREAD),
    (SquaredError(), SPREAD),
    (SquaredError(over_outputs="sum"), SPREAD),
    (SquaredError(over_outputs="sum", reduction="sum"), SPREAD),
    (SumOfSquares(), SPREAD),
    (SumOfSquares(reduction="mean"), SPREAD),
    (losses.get(lambda y, scores: np.abs(scores - y) ** 3), SPREAD),
]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("loss, y", CASES, ids=[f"{case[0]!r}, y {case[1].shape}" for case in CASES])
def test_gradients_against_differences(loss, y, weights):
    check = gn.check_gradients(lambda scores: loss(y, scores, weights), SCORES)
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())
    if y.dtype.kind == "f":  # targets can be computed, too
        check = gn.check_gradients(lambda y, scores: loss(y, scores, weights), y, SCORES)
        assert check.max_error <= 1e-7, str(check)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("loss, y", CASES, ids=[f"{case[0]!r}, y {case[1].shape}" for case in CASES])
def test_reductions_by_hand(loss, y, weights):
    values = loss.per_example(y, SCORES)
    assert values.shape == (5,)
    w = np.ones(5) if weights is None else weights
    expected = (w * values).sum() / (w.sum() if loss.reduction == "mean" else 1)
    assert float(loss(y, SCORES, weights)) == pytest.approx(expected, rel=1e-14)


CLOSED = [
    (SoftmaxCrossEntropy(), LABELS, lambda: (softmax(SCORES) - ONE_HOT) / 5),
    (SoftmaxCrossEntropy(), SPREAD, lambda: (softmax(SCORES) - SPREAD) / 5),
    (BinaryCrossEntropy(over_outputs="sum"), BITS, lambda: (sigmoid(SCORES) - BITS) / 5),
    (SquaredError(), SPREAD, lambda: 2 * (SCORES - SPREAD) / 15),
    (SumOfSquares(), SPREAD, lambda: 2 * (SCORES - SPREAD)),
]


@pytest.mark.parametrize("loss, y, closed", CLOSED, ids=[repr(case[0]) for case in CLOSED])
def test_gradients_in_closed_form(loss, y, closed):
    gradient = gn.grad(lambda scores: loss(y, scores))(SCORES)
    np.testing.assert_allclose(gradient, closed(), rtol=1e-14, atol=1e-16)


# ------------------------------------------------------------------------------------------ extremes
def test_cross_entropy_does_not_see_a_shift():
    exact = np.round(SCORES * 2**20) / 2**20  # so that adding 1e8 loses nothing
    for y in (LABELS, SPREAD):
        np.testing.assert_array_equal(softmax_cross_entropy(y, exact + 1e8), softmax_cross_entropy(y, exact))


EXTREMES = [0.0, -0.0, 5e-324, 1e-45, 2.0**-52, 88.7, 88.8, 709.7, 709.9, 1e8, 1e30, 8e37]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", EXTREMES)
@pytest.mark.filterwarnings("error")
def test_extreme_scores_give_finite_losses_and_gradients(size, sign, dtype):
    scores = np.array([[sign * size, 0.0, -size], [size, size, -1.0]], dtype)
    tasks = [
        lambda s: softmax_cross_entropy(np.array([0, 2]), s),
        lambda s: softmax_cross_entropy(np.array([[0.2, 0.3, 0.5], [1, 0, 0]], dtype), s),
        lambda s: binary_cross_entropy(np.array([[0, 1, 0.5], [1, 0, 1]], dtype), s),
    ]
    for loss in tasks:
        value, gradient = gn.value_and_grad(lambda s, loss=loss: loss(s).mean())(scores)
        assert loss(scores).dtype == gradient.dtype == dtype
        assert np.isfinite(loss(scores)).all()
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() <= 1


def test_saturated_gradients_are_exact():
    gradient = gn.grad(lambda s: binary_cross_entropy(np.array([1.0, 0.0, 1.0, 0.0]), s).sum())
    np.testing.assert_array_equal(gradient(np.array([1e4, 1e4, -1e4, -1e4])), [0.0, 1.0, -1.0, 0.0])
    gradient = gn.grad(lambda s: softmax_cross_entropy(np.array([0, 1]), s).sum())
    np.testing.assert_array_equal(gradient(np.array([[1e4, 0.0], [1e4, 0.0]])), [[0, 0], [1, -1]])


@pytest.mark.parametrize(
    "loss, y", CASES[:-1], ids=[f"{case[0]!r}, y {case[1].shape}" for case in CASES[:-1]]
)
def test_a_batch_without_weight_contributes_nothing(loss, y):
    value, gradient = gn.value_and_grad(lambda scores: loss(y, scores, np.zeros(5)))(SCORES)
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros((5, 3)))


# ------------------------------------------------------------------------------------------ identifiers
@pytest.mark.parametrize(
    "identifier, expected",
    [
        ("softmax_cross_entropy", "SoftmaxCrossEntropy()"),
        ("SoftmaxCrossEntropy", "SoftmaxCrossEntropy()"),
        (softmax_cross_entropy, "SoftmaxCrossEntropy()"),
        ("binary_cross_entropy", "BinaryCrossEntropy()"),
        (BinaryCrossEntropy, "BinaryCrossEntropy()"),
        (squared_error, "SquaredError()"),
        (SquaredError(over_outputs="sum"), "SquaredError(over_outputs='sum')"),
        ("sum_of_squares", "SumOfSquares()"),
        (SumOfSquares("mean"), "SumOfSquares(reduction='mean')"),
    ],
)
def test_identifiers(identifier, expected):
    loss = losses.get(identifier)
    assert isinstance(loss, Loss)
    assert repr(loss) == expected


BAD = [
    (
        InputError,
        lambda: SquaredError(reduction="avg"),
        "reduction must be 'mean' or 'sum'; got 'avg'.",
    ),
    (
        InputError,
        lambda: SquaredError(over_outputs="none"),
        "over_outputs must be 'mean' or 'sum'; got 'none'.",
    ),
    (
        InputError,
        lambda: SoftmaxCrossEntropy(reduction=None),
        "reduction must be 'mean' or 'sum'; got None.",
    ),
    (
        InputError,
        lambda: losses.get(3),
        "3 is not a loss: give a name, a loss object, or a NumPy function of (y, scores).",
    ),
    (
        UnknownNameError,
        lambda: losses.get("sofmax_cross_entropy"),
        "unknown loss 'sofmax_cross_entropy'. Did you mean 'softmax_cross_entropy'?",
    ),
]


@pytest.mark.parametrize("kind, make, message", BAD, ids=[row[2][:40] for row in BAD])
def test_bad_options(kind, make, message):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == message
