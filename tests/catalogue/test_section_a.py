"""Catalogue, section A: a neural network from scratch. Each test is named after its row."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.errors import DivergenceError
from glassnet.random import shuffle

X, Y = gn.datasets.tutorial()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def network(sizes, activation="sigmoid", **options):
    """A network with an input of sizes[0] and a layer for each size after it, compiled for the tutorial."""
    bias = options.pop("use_bias", True)
    model = gn.Sequential([layers.Dense(units, activation, use_bias=bias) for units in sizes[1:]], **options)
    model.build((None, sizes[0]))
    model.compile(gn.optimizers.SGD(1.0), "sum_of_squares")
    return model


# A1: input layer, any number of hidden layers, output layer, weights and biases between each pair
@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (3, 4, 4, 1), (2, 5, 4, 3, 2, 1)])
def test_a1_weights_and_biases_stand_between_each_pair_of_layers(sizes):
    expected = {}
    for i, (inputs, units) in enumerate(itertools.pairwise(sizes), 1):
        expected |= {f"dense_{i}.kernel": (inputs, units), f"dense_{i}.bias": (units,)}
    parameters = network(sizes).parameters
    assert {key: array.shape for key, array in parameters.items()} == expected
    assert list(parameters) == list(expected)


def test_a1_each_layer_has_its_activation_and_model_is_sequential():
    dense = [layers.Dense(4, "tanh"), layers.Dense(3, "relu"), layers.Dense(2, "sigmoid")]
    sequential = gn.Sequential(dense, dtype="float64")
    sequential.build((None, 3))
    (W1, b1), (W2, b2), (W3, b3) = ((np.asarray(d.kernel), np.asarray(d.bias)) for d in dense)
    by_hand = sigmoid(np.maximum(np.tanh(X @ W1 + b1) @ W2 + b2, 0) @ W3 + b3)
    np.testing.assert_allclose(sequential.predict(X), by_hand, rtol=1e-14)

    x = gn.Input((3,))
    h = layers.Dense(4, "tanh")(x)
    h = layers.Dense(3, "relu")(h)
    model = gn.Model(x, layers.Dense(2, "sigmoid")(h), dtype="float64")
    np.testing.assert_array_equal(model.predict(X), sequential.predict(X), strict=True)


# A2: ŷ = σ(W₂ σ(W₁x + b₁) + b₂), here with vectors and loops
def test_a2_feedforward():
    W1, b1 = [[0.5, -0.25, 1.0], [-1.0, 0.75, 0.125]], [0.1, -0.2]
    W2, b2 = [[2.0, -1.5]], [0.3]
    x = [1.0, -2.0, 0.5]

    def layer(W, b, inputs):
        sums = [sum(w * value for w, value in zip(row, inputs, strict=True)) for row in W]
        return [1 / (1 + math.exp(-(s + shift))) for s, shift in zip(sums, b, strict=True)]

    model = network((3, 2, 1), dtype="float64")
    values = (np.transpose(W1), b1, np.transpose(W2), b2)  # a kernel holds one column per unit
    model.set_parameters(dict(zip(model.parameters, values, strict=True)))
    hidden = layer(W1, b1, x)
    assert hidden == pytest.approx([1 / (1 + math.exp(-1.6)), 1 / (1 + math.exp(2.6375))], rel=1e-14)
    (expected,) = layer(W2, b2, hidden)
    assert model.predict([x]).item() == pytest.approx(expected, rel=1e-14)


# A3: Σ (y − ŷ)²
def test_a3_sum_of_squares():
    y, guess = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.8, 0.6, 0.3])
    assert float(gn.losses.SumOfSquares()(y, guess)) == pytest.approx(0.01 + 0.04 + 0.16 + 0.09, rel=1e-14)

    model = gn.Sequential([layers.Dense(1, kernel_initializer="ones")], dtype="float64")
    model.compile("sgd", "sum_of_squares")
    assert model.loss(guess[:, None], y) == pytest.approx((0.30, 0.0), rel=1e-14)


# A4: the chain rule from the last layer to the first
def test_a4_backpropagation_link_by_link():
    x, y, w1, b1, w2, b2 = 2.0, 1.0, 0.5, -0.5, -1.0, 0.25
    a1 = 1 / (1 + math.exp(-(w1 * x + b1)))
    a2 = 1 / (1 + math.exp(-(w2 * a1 + b2)))
    link2 = 2 * (a2 - y) * a2 * (1 - a2)  # loss → output → its sum
    link1 = link2 * w2 * a1 * (1 - a1)  # → hidden output → its sum
    by_hand = [link1 * x, link1, link2 * a1, link2]

    model = network((1, 1, 1), dtype="float64")
    model.set_parameters(dict(zip(model.parameters, ([[w1]], [b1], [[w2]], [b2]), strict=True)))
    gradients = model.gradients([[x]], [y])
    assert [g.item() for g in gradients.values()] == pytest.approx(by_hand, rel=1e-13)


@pytest.mark.parametrize("sizes", [(3, 1), (3, 4, 1), (3, 5, 4, 1)])
def test_a4_backpropagation_agrees_with_differences_for_every_weight_and_bias(sizes):
    model = network(sizes, dtype="float64")
    check = gn.check_gradients(model, X, Y)
    assert list(check.errors) == list(model.parameters)
    assert check.max_error <= 1e-7
    assert set(check.kinks.values()) == {0}


# A5: on a quadratic bowl whose steepest curvature is c, gradient descent converges for rates below 2/c
@pytest.fixture(scope="module")
def bowl():
    x = np.linspace(-1, 1, 20)
    inputs = np.stack([x, np.sin(5 * x)], axis=1)
    curvature = np.linalg.eigvalsh(2 * inputs.T @ inputs / len(x)).max()
    return inputs, inputs @ [3.0, -2.0], curvature


def linear(rate):
    dense = layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = gn.Sequential([dense], dtype="float64")
    model.compile(gn.optimizers.SGD(rate), "squared_error")
    return model


def losses_of(bowl, rate, steps=100):
    """The losses of gradient descent at ``rate``, a multiple of 1/c."""
    inputs, targets, curvature = bowl
    model = linear(rate / curvature)
    return model.fit(inputs, targets, batch_size=20, epochs=steps, verbose=0).history["loss"]


def test_a5_a_good_rate_converges_a_low_one_crawls_a_high_one_diverges(bowl):
    good, low, high = (np.array(losses_of(bowl, rate)) for rate in (1.0, 0.001, 2.1))
    assert good[-1] < 1e-9 * good[0]
    assert 0.5 * low[0] < low[-1] < low[0]
    assert high[-1] > 100 * high[0]
    assert (np.diff(high[-50:]) > 0).all()


@pytest.mark.parametrize("rate, converges", [(1.98, True), (2.02, False)])
def test_a5_the_limit_is_two_over_the_curvature(bowl, rate, converges):
    losses = losses_of(bowl, rate, steps=400)
    assert (losses[-1] < losses[200]) is converges


def test_a5_a_rate_that_diverges_to_infinity_stops_with_finite_parameters(bowl):
    inputs, targets, curvature = bowl
    model = linear(40 / curvature)
    with pytest.raises(
        DivergenceError, match=r"training diverged at step \d+ .*\n.*\nLower the learning rate"
    ):
        model.fit(inputs, targets, batch_size=20, epochs=400, verbose=0)
    assert np.isfinite(model.parameters["dense_1.kernel"]).all()
    assert 50 < model.step < 400


# A6: the tutorial's toy run
def toy(seed):
    uniform = gn.initializers.RandomUniform(0, 1)
    model = gn.Sequential(
        [
            layers.Dense(4, "sigmoid", use_bias=False, kernel_initializer=uniform),
            layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer=uniform),
        ],
        seed=seed,
    )
    model.build((None, 3))
    model.compile(gn.optimizers.SGD(1.0), "sum_of_squares")
    return model


def test_a6_the_toy_run_learns_the_four_rows_for_all_of_ten_seeds():
    far = []
    for seed in range(10):
        model = toy(seed)
        initial = np.concatenate([w.ravel() for w in model.parameters.values()])
        assert initial.size == 16
        assert (initial >= 0).all()
        assert (initial < 1).all()
        model.fit(X, Y, batch_size=4, epochs=1500, shuffle=False, verbose=0)
        far.append(float(np.abs(model.predict(X)[:, 0] - Y).max()))
    assert model.step == 1500
    assert sum(distance < 0.05 for distance in far) == 10
    assert max(far) == pytest.approx(0.037, abs=0.0005)


def test_a6_the_toy_run_is_the_tutorial_s_loop():
    model = toy(0).astype("float64")
    W1, W2 = model.parameters.values()
    y = Y[:, None]
    losses = []
    for _ in range(1500):
        layer1 = sigmoid(X @ W1)
        output = sigmoid(layer1 @ W2)
        losses.append(((y - output) ** 2).sum())
        step2 = layer1.T @ (2 * (y - output) * output * (1 - output))
        step1 = X.T @ ((2 * (y - output) * output * (1 - output)) @ W2.T * layer1 * (1 - layer1))
        W1, W2 = W1 + step1, W2 + step2
    history = model.fit(X, Y, batch_size=4, epochs=1500, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-9)
    np.testing.assert_allclose(model.predict(X), sigmoid(sigmoid(X @ W1) @ W2), rtol=1e-9)


# A7: several passes and minibatches
POINTS = np.random.default_rng(7).standard_normal((10, 2))
TARGETS = POINTS @ [1.0, -2.0] + 0.5


@pytest.mark.parametrize("batch_size, steps", [(1, 10), (3, 4), (4, 3), (10, 1), (64, 1)])
@pytest.mark.parametrize("shuffled", [True, False])
def test_a7_an_epoch_takes_every_example_once_in_batches(batch_size, steps, shuffled):
    model = gn.Sequential([layers.Dense(1, kernel_initializer="ones")], seed=3, dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    history = model.fit(POINTS, TARGETS, batch_size=batch_size, epochs=3, shuffle=shuffled, verbose=0)
    assert model.step == 3 * steps

    W, b = np.ones(2), 0.0
    for epoch in range(3):
        order = shuffle(3, epoch, 10) if shuffled else np.arange(10)
        assert sorted(order) == list(range(10))
        total = 0.0
        for start in range(0, 10, batch_size):
            rows = order[start : start + batch_size]  # the last one may be short, and counts as what it is
            error = POINTS[rows] @ W + b - TARGETS[rows]
            total += (error**2).sum()
            W = W - 0.1 * 2 * error @ POINTS[rows] / len(rows)
            b = b - 0.1 * 2 * error.mean()
        assert history.history["loss"][epoch] == pytest.approx(total / 10, rel=1e-12)
    np.testing.assert_allclose(model.parameters["dense_1.kernel"][:, 0], W, rtol=1e-12)
    np.testing.assert_allclose(model.parameters["dense_1.bias"], b, rtol=1e-12)


def test_a7_the_order_changes_from_epoch_to_epoch_and_with_the_seed():
    orders = {tuple(shuffle(seed, epoch, 10)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


# A8: bias, and what it changes
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (3, 4, 4, 1)])
def test_a8_without_bias_the_scores_at_the_origin_are_exactly_zero(sizes, activation):
    model = network(sizes, activation, use_bias=False, seed=1)
    np.testing.assert_array_equal(model.predict(np.zeros((2, sizes[0]))), np.zeros((2, sizes[-1]), "float32"))
    points = np.random.default_rng(0).standard_normal((20, sizes[0]))
    assert np.abs(model.predict(points)).max() > 0


def test_a8_without_bias_every_linear_boundary_passes_through_the_origin():
    model = network((2, 3), None, use_bias=False)
    kernel = model.parameters["dense_1.kernel"]
    points = np.random.default_rng(0).standard_normal((50, 2)).astype("float32")
    np.testing.assert_array_equal(model.predict(-points), -model.predict(points))
    along = np.stack([-kernel[1], kernel[0]], axis=1)  # where the score of each class is 0
    for i in range(3):
        for stretch in (0.0, 1.0, 2.0, -4.0):
            assert model.predict(stretch * along[i : i + 1])[0, i] == 0


@pytest.mark.parametrize("use_bias, accuracy", [(True, 1.0), (False, 0.5)])
def test_a8_only_a_bias_can_shift_the_boundary(use_bias, accuracy):
    x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([0, 0, 1, 1])
    model = gn.Sequential([layers.Dense(1, use_bias=use_bias)])
    model.compile(gn.optimizers.SGD(0.5), "binary_cross_entropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=4, epochs=500, verbose=0)
    assert model.evaluate(x, y)["accuracy"] == accuracy


# A9: counting
SUMMARY = """\
layer                     output shape   parameters
───────────────────────────────────────────────────
input                     (n, 3)
dense_1: Dense(4, relu)   (n, 4)                 16
dense_2: Dense(2)         (n, 2)                 10
───────────────────────────────────────────────────
2-layer network (the input is not counted), 26 parameters
"""


@pytest.mark.parametrize("sizes, depth, count", [((3, 4, 2), 2, 26), ((3, 4, 4, 1), 3, 41)])
def test_a9_the_input_layer_is_not_counted(sizes, depth, count, capsys):
    model = network(sizes)
    assert model.count_params() == count
    assert sum(array.size for array in model.parameters.values()) == count
    model.summary()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{depth}-layer network (the input is not counted), {count} parameters"


def test_a9_the_summary(capsys):
    model = gn.Sequential([layers.Dense(4, "relu"), layers.Dense(2)])
    model.build((None, 3))
    model.summary()
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == SUMMARY.splitlines()
