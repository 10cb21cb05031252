"""Catalogue, section E: dropout and other noise (rows E5 to E8). Each test is named after its row."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits

import glassnet as gn
from glassnet import layers

RNG = np.random.default_rng(0)
ONES = np.ones((200, 500))


def built(*layer_list, inputs, seed=0):
    model = gn.Sequential(layer_list, seed=seed, dtype="float64")
    model.build((None, inputs))
    generator = np.random.default_rng(seed + 1)
    model.set_parameters({k: generator.normal(0, 0.7, v.shape) for k, v in model.parameters.items()})
    return model


def drawn(layer, x=ONES, seed=0):
    """What one layer makes of x in training: one sampled pass."""
    return gn.Sequential([layer], seed=seed, dtype="float64").predict(x, mc_samples=1)


def over_all_masks(model, x, keep, size):
    """The printed program run on every binary mask of ``size`` values: probabilities and outputs."""
    namespace = {}
    exec(model.source("sample"), namespace)
    program = model._shelf.program("sample", None)
    bound = program.bind({**model._shelf.values(program.graph, 0, 0), ("argument", "x"): x})
    chances, outputs = [], []
    for bits in itertools.product([False, True], repeat=size):
        # A number of 1 is above every rate, so kept; -1 is below.
        namespace["random_uniform"] = lambda seed, t, site, shape, b=bits: np.where(b, 1.0, -1.0).reshape(
            shape
        )
        chances.append(keep ** sum(bits) * (1 - keep) ** (size - sum(bits)))
        outputs.append(namespace["sample"](**bound))
    return np.array(chances), np.array(outputs)


def arithmetic_mean(chances, outputs):
    return np.tensordot(chances, outputs, 1)


def normalized_geometric_mean(chances, outputs):
    mean = np.exp(np.tensordot(chances, np.log(outputs), 1))
    return mean / mean.sum(axis=-1, keepdims=True)


# E5: vanilla dropout: keep with probability p (Keras's rate is 1 − p), scale by p at prediction
@pytest.mark.parametrize("p", [0.5, 0.8, 0.3])
def test_e5_training_keeps_or_drops_and_prediction_scales(p):
    layer = layers.VanillaDropout(1 - p)
    values = drawn(layer, 3 * ONES)
    assert set(values.ravel().tolist()) == {0.0, 3.0}
    spread = np.sqrt(p * (1 - p) / ONES.size)
    assert (values > 0).mean() == pytest.approx(p, abs=4 * spread)
    np.testing.assert_allclose(layer(3 * ONES), 3 * p, rtol=1e-15)


@pytest.mark.parametrize("make", [layers.VanillaDropout, layers.Dropout])
@pytest.mark.parametrize("p", [0.5, 0.8])
def test_e5_expectation_equal(make, p):
    """The mean over all masks of what training computes is what prediction does, behind a linear layer."""
    model = built(make(1 - p), layers.Dense(3), inputs=6)
    x = RNG.normal(0, 1, (1, 6))
    chances, outputs = over_all_masks(model, x, p, 6)
    assert chances.sum() == pytest.approx(1, rel=1e-14)
    np.testing.assert_allclose(arithmetic_mean(chances, outputs), model.predict(x), rtol=1e-12)


def test_e5_both_kinds_drop_the_same_values_and_differ_by_the_scale():
    vanilla, inverted = drawn(layers.VanillaDropout(0.25)), drawn(layers.Dropout(0.25))
    np.testing.assert_allclose(inverted, vanilla / 0.75, rtol=1e-14)
    np.testing.assert_allclose(
        layers.Dropout(0.25)(ONES), layers.VanillaDropout(0.25)(ONES) / 0.75, rtol=1e-14
    )


# E6: inverted dropout: keep with p, divide by p in training, prediction untouched
@pytest.mark.parametrize("p", [0.5, 0.8, 0.3])
def test_e6_training_divides_and_prediction_is_untouched(p):
    layer = layers.Dropout(1 - p)
    values = drawn(layer, 3 * ONES)
    assert set(values.ravel().tolist()) == {0.0, 3.0 / (1 - (1 - p))}
    assert values.mean() == pytest.approx(3, abs=4 * 3 * np.sqrt((1 - p) / p / ONES.size))
    np.testing.assert_array_equal(layer(3 * ONES), 3 * ONES)


@pytest.mark.parametrize("make", [layers.Dropout, layers.VanillaDropout])
@pytest.mark.parametrize("p", [0.5, 0.8])
@pytest.mark.parametrize("where", ["input", "hidden"])
def test_e6_the_prediction_is_the_geometric_mean_over_all_masks(make, p, where):
    """Exactly so for a softmax on one linear layer; the arithmetic mean of the probabilities is another."""
    hidden = [layers.Dense(6, "relu")] if where == "hidden" else []
    model = built(*hidden, make(1 - p), layers.Dense(3, "softmax"), inputs=6)
    differences = []
    for row in RNG.normal(0, 1, (4, 1, 6)):
        chances, outputs = over_all_masks(model, row, p, 6)
        predicted = model.predict(row)
        np.testing.assert_allclose(normalized_geometric_mean(chances, outputs), predicted, rtol=1e-12)
        arithmetic = arithmetic_mean(chances, outputs)
        assert arithmetic.sum() == pytest.approx(1, rel=1e-12)
        differences.append(np.abs(arithmetic - predicted).max())
    assert max(differences) > 1e-3


def test_e6_with_two_layers_of_units_it_is_an_approximation():
    model = built(layers.Dropout(0.5), layers.Dense(6, "tanh"), layers.Dense(3, "softmax"), inputs=6)
    x = RNG.normal(0, 1, (1, 6))
    difference = normalized_geometric_mean(*over_all_masks(model, x, 0.5, 6)) - model.predict(x)
    assert 1e-3 < np.abs(difference).max() < 0.3


# E7: noise, marginalized: analytically, or as the average of many sampled passes
LINEAR = [
    lambda: layers.Dropout(0.3),
    lambda: layers.VanillaDropout(0.3),
    lambda: layers.GaussianDropout(0.3),
    lambda: layers.GaussianNoise(0.5),
]


@pytest.mark.parametrize("make", LINEAR, ids=["inverted", "vanilla", "gaussian dropout", "gaussian noise"])
def test_e7_sampled_passes_converge_to_the_analytic_prediction_of_a_linear_net(make):
    model = built(make(), layers.Dense(5), make(), layers.Dense(1), inputs=8)
    x = RNG.normal(0, 1, (50, 8))
    analytic = model.predict(x)
    errors = [np.sqrt(np.square(model.predict(x, mc_samples=s) - analytic).mean()) for s in (10, 160, 2560)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]  # a sixteenfold sample divides the error by about four
    one = np.sqrt(np.square(model.predict(x, mc_samples=1) - analytic).mean())
    assert errors[2] < 2 * one / np.sqrt(2560)


def test_e7_sampled_passes_follow_from_the_seed():
    x = RNG.normal(0, 1, (10, 8))
    model = built(layers.Dropout(0.5), layers.Dense(3), inputs=8)
    first = model.predict(x, mc_samples=20)
    np.testing.assert_array_equal(model.predict(x, mc_samples=20), first)
    model.seed = 1
    assert not np.array_equal(model.predict(x, mc_samples=20), first)


def test_e7_an_average_is_the_mean_of_its_passes_and_each_part_has_its_own():
    model = built(layers.Dropout(0.5), layers.Dense(3), inputs=8)
    x = np.repeat(RNG.normal(0, 1, (1, 8)), 6, axis=0)
    program = model._shelf.program("sample", None)
    values = {**model._shelf.values(program.graph, 0, 0), ("argument", "x"): x}
    passes = [program({**values, ("argument", "t"): t})["return", "scores"] for t in (1, 2, 3, 4)]
    np.testing.assert_allclose(model.predict(x, mc_samples=4), np.mean(passes, axis=0), rtol=1e-14)
    halves = model.predict(x, batch_size=3, mc_samples=1)
    assert len(np.unique(halves.round(12), axis=0)) == 6  # no two rows, and no two parts, share a mask


def test_e7_only_noise_is_drawn_and_statistics_stay():
    norm = layers.BatchNormalization()
    model = built(layers.Dense(4), norm, layers.Dropout(0.5), layers.Dense(2), inputs=8)
    before = {key: array.copy() for key, array in model.state.items()}
    text = model.source("sample")
    assert "random_uniform" in text
    assert 'state["batch_normalization_1.moving_mean"]' in text
    assert ".mean(axis=0)" not in text
    model.predict(RNG.normal(0, 1, (10, 8)), mc_samples=3)
    for key, array in model.state.items():
        np.testing.assert_array_equal(array, before[key])


def test_e7_the_spread_of_the_passes_tells_known_from_unknown_inputs():
    X, y = load_digits(return_X_y=True)
    model = gn.Sequential([layers.Dense(64, "relu"), layers.Dropout(0.5), layers.Dense(10, "softmax")])
    model.compile(gn.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(X[:1500] / 16, y[:1500], epochs=10, verbose=0)
    noise = np.random.default_rng(0).permuted(X[1500:], axis=1) / 16  # the same pixels in another order
    sure, unsure = (model.predict(x, mc_samples=50).max(axis=1).mean() for x in (X[1500:] / 16, noise))
    assert sure > unsure + 0.2


# E8: DropConnect: weights instead of units
@pytest.mark.parametrize("p", [0.5, 0.8])
def test_e8_expectation_over_all_masks_of_the_weights(p):
    model = built(layers.DropConnect(3, rate=1 - p), inputs=3)
    x = RNG.normal(0, 1, (2, 3))
    chances, outputs = over_all_masks(model, x, p, 9)
    np.testing.assert_allclose(arithmetic_mean(chances, outputs), model.predict(x), rtol=1e-12, atol=1e-14)


def test_e8_single_weights_are_dropped_and_prediction_is_a_dense_layers():
    layer = layers.DropConnect(500, rate=0.3, kernel_initializer="ones")
    kernel = drawn(layer, np.eye(200))  # row i is row i of the masked kernel
    assert set(kernel.ravel().tolist()) == {0.0, 1 / 0.7}
    assert (kernel > 0).mean() == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / kernel.size))
    assert 100 < (kernel[:, 0] > 0).sum() < 180  # of one unit some weights are kept, others dropped
    W, b = RNG.normal(0, 1, (4, 3)), RNG.normal(0, 1, 3)
    options = {"kernel_initializer": W, "bias_initializer": b, "activation": "tanh"}
    x = RNG.normal(0, 1, (5, 4))
    np.testing.assert_array_equal(layers.DropConnect(3, **options)(x), layers.Dense(3, **options)(x))


def test_e8_it_learns_digits():
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order] / 16, y[order]
    model = gn.Sequential([layers.DropConnect(64, 0.5, "relu"), layers.DropConnect(10, 0.5)])
    model.compile(gn.optimizers.Adam(3e-3), "softmax_cross_entropy", ["accuracy"])
    model.fit(X[:1500], y[:1500], epochs=15, verbose=0)
    assert model.evaluate(X[1500:], y[1500:])["accuracy"] > 0.9


# the distributions that the rows above and Keras's noise layers draw from
def test_gaussian_noise_is_gaussian():
    values = drawn(layers.GaussianNoise(2.0), 0 * ONES).ravel()
    assert stats.kstest(values / 2.0, stats.norm.cdf).pvalue > 0.01
    skewness, kurtosis = stats.skew(values), stats.kurtosis(values)
    assert skewness == pytest.approx(0, abs=4 * np.sqrt(6 / values.size))
    assert kurtosis == pytest.approx(0, abs=4 * np.sqrt(24 / values.size))
    grid = values.reshape(ONES.shape)
    for other in (grid[:, 1:] * grid[:, :-1], grid[1:] * grid[:-1]):  # neighbours have nothing in common
        assert other.mean() == pytest.approx(0, abs=4 * 4 / np.sqrt(other.size))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_gaussian_dropout_has_mean_1_and_the_variance_of_dropout(rate):
    values = drawn(layers.GaussianDropout(rate))
    variance = rate / (1 - rate)
    assert values.mean() == pytest.approx(1, abs=4 * np.sqrt(variance / values.size))
    assert values.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / values.size))
    assert drawn(layers.Dropout(rate)).var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_alpha_dropout_keeps_mean_0_and_variance_1(rate):
    x = np.random.default_rng(1).normal(0, 1, (1000, 1000))
    values = drawn(layers.AlphaDropout(rate), x)
    assert values.mean() == pytest.approx(0, abs=5e-3)
    assert values.var() == pytest.approx(1, abs=1e-2)
    depth = 1.0507009873554805 * 1.6732632423543772
    floor = (rate - 1) * depth / np.sqrt((1 - rate) * (1 + rate * depth**2))
    assert np.isclose(values, floor, rtol=1e-12).mean() == pytest.approx(rate, abs=0.002)
