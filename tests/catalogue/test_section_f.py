"""Catalogue, section F: loss functions. Each test is named after its row."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers


# F5: softmax cross-entropy, computed stably
@pytest.mark.parametrize(
    "scores, probabilities",
    [([1.0, -2.0, 0.0], [0.7054, 0.0351, 0.2595]), ([0.5, -1.0, 0.0], [0.5465, 0.1220, 0.3315])],
)
@pytest.mark.parametrize("label", [0, 1, 2])
def test_f5_softmax_cross_entropy(scores, probabilities, label):
    p = gn.activations.softmax(np.array([scores]))
    np.testing.assert_allclose(p[0], probabilities, atol=5e-5)
    assert p.sum() == pytest.approx(1, abs=1e-15)

    loss = gn.losses.softmax_cross_entropy(np.array([label]), np.array([scores]))
    assert loss.shape == (1,)
    assert loss[0] == pytest.approx(-math.log(p[0, label]), rel=1e-14)
    by_hand = -scores[label] + math.log(sum(map(math.exp, scores)))
    assert loss[0] == pytest.approx(by_hand, rel=1e-14)


def test_f5_halving_the_scores_flattens_the_probabilities():
    # The notes' two rows of scores are the same ones, halved: what a stronger penalty on W does.
    p, flatter = gn.activations.softmax(np.array([[1.0, -2.0, 0.0], [0.5, -1.0, 0.0]]))
    assert flatter.max() < p.max()
    assert flatter.min() > p.min()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "scores, label, expected",
    [
        ([123, 456, 789], 2, 0.0),
        ([123, 456, 789], 0, 666.0),
        ([-789, -456, -123], 0, 666.0),
        ([1e8, 0, -1e8], 0, 0.0),
        ([1e8, 0, -1e8], 2, 2e8),
        ([1e8, 1e8, 1e8], 1, math.log(3)),
    ],
)
def test_f5_large_scores_stay_finite_in_the_loss_and_in_a_model(scores, label, expected, dtype):
    f, y = np.array([scores], dtype), np.array([label])
    with np.errstate(all="raise", under="ignore"):
        loss = gn.losses.softmax_cross_entropy(y, f)
    assert loss.dtype == dtype
    assert float(loss[0]) == pytest.approx(expected, rel=1e-6, abs=1e-12)

    identity = layers.Dense(3, use_bias=False)
    model = gn.Sequential([identity], dtype=dtype)
    model.build((None, 3))
    model.set_parameters({"dense_1.kernel": np.eye(3)})
    model.compile("sgd", "softmax_cross_entropy")
    assert model.loss(f, y).data == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert all(np.isfinite(g).all() for g in model.gradients(f, y).values())


def test_f5_the_gradient_is_the_probability_minus_one_at_the_label():
    f, y = np.array([[1.0, -2.0, 0.0], [0.5, -1.0, 0.0]]), np.array([0, 2])
    gradient = gn.grad(lambda scores: gn.losses.softmax_cross_entropy(y, scores).sum())(f)
    onehot = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(gradient, gn.activations.softmax(f) - onehot, rtol=0, atol=1e-15)


# F13: data loss + regularization loss
@pytest.mark.parametrize("classes", [2, 3, 10, 100])
def test_f13_small_weights_give_ln_k_and_the_penalty_stands_apart(classes):
    rng = np.random.default_rng(classes)
    X, y = rng.standard_normal((200, 20)), rng.integers(0, classes, 200)
    small = {
        "kernel_initializer": gn.initializers.RandomNormal(stddev=1e-3),
        "kernel_regularizer": gn.regularizers.HalfL2(0.1),
    }
    dense = [layers.Dense(50, "relu", **small), layers.Dense(classes, **small)]
    model = gn.Sequential(dense, dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
    loss = model.loss(X, y)
    assert loss.data == pytest.approx(math.log(classes), abs=1e-4)
    squares = sum((np.asarray(layer.kernel) ** 2).sum() for layer in dense)
    assert loss.penalty == pytest.approx(0.5 * 0.1 * squares, rel=1e-13)
    assert loss.penalty > 0
    assert model.evaluate(X, y) == pytest.approx({"loss": loss.data + loss.penalty}, rel=1e-14)
    first = model.fit(X, y, batch_size=200, epochs=1, verbose=0).history["loss"][0]
    assert first == pytest.approx(loss.data + loss.penalty, rel=1e-13)


def test_f13_the_penalty_rises_with_its_strength_and_the_data_loss_does_not_move():
    X, y = np.ones((4, 3)), np.array([0, 1, 1, 0])
    found = []
    for strength in (0.0, 0.5, 1.0):
        regularizer = gn.regularizers.L2(strength)
        model = gn.Sequential([layers.Dense(2, kernel_regularizer=regularizer)], seed=1, dtype="float64")
        model.compile("sgd", "softmax_cross_entropy")
        found.append(model.loss(X, y))
    squares = (model.parameters["dense_1.kernel"] ** 2).sum()
    assert len({loss.data for loss in found}) == 1
    assert [loss.penalty for loss in found] == pytest.approx([0, 0.5 * squares, squares], rel=1e-14)
