"""Dropout: which values it drops, how it scales the others, and when it does nothing."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import Dense, Dropout
from glassnet.random import random_uniform

COUNT = 20_000


def first(y, scores):
    """A loss whose gradient with respect to the last kernel is what came out of the layer before it."""
    return scores[:, 0]


def probe(rate, seed=0, dtype="float32"):
    """A model that shows a dropout layer's output for inputs of 1: see `dropped`."""
    layers = [Dropout(rate), Dense(1, use_bias=False)]
    model = gn.Sequential(layers, seed=seed, dtype=dtype)
    model.compile(gn.optimizers.SGD(1e-3), first)
    return model


def dropped(model, count=COUNT):
    """The dropout layer's output in the next training step, for one example of ones."""
    (kernel,) = model.gradients(np.ones((1, count)), np.zeros(1), training=True).values()
    return kernel[:, 0]


def one_step(model, count=COUNT):
    model.fit(np.ones((1, count)), np.zeros(1), verbose=0)


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.75, 0.9])
def test_share_scale_and_expectation(rate):
    values = dropped(probe(rate))
    assert set(values.tolist()) == {0.0, float(np.float32(1) / np.float32(1 - rate))}
    spread = np.sqrt(rate * (1 - rate) / COUNT)
    assert (values > 0).mean() == pytest.approx(1 - rate, abs=4 * spread)
    assert values.mean() == pytest.approx(1, abs=4 * spread / (1 - rate))


def test_the_mask_is_the_documented_function_of_seed_step_site_and_element():
    model = probe(0.3, seed=7)
    for step in (1, 2, 3):
        keep = random_uniform(7, step, 1, (1, COUNT))[0] >= 0.3
        np.testing.assert_array_equal(dropped(model) > 0, keep)
        one_step(model)


def test_masks_repeat_for_the_same_seed_and_step_only():
    model = probe(0.5)
    start = dropped(model)
    np.testing.assert_array_equal(dropped(model), start)
    np.testing.assert_array_equal(dropped(probe(0.5)), start)
    others = [dropped(probe(0.5, seed=1))]
    for _ in range(3):
        one_step(model)
        others.append(dropped(model))
    for i, a in enumerate([start, *others]):
        for b in others[i:]:
            agreement = ((a > 0) == (b > 0)).mean()  # half of them, if the masks have nothing in common
            assert agreement == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(COUNT))


def sites(make):
    """The masks at two places in one network."""
    x = gn.Input((COUNT,))
    model = gn.Model(x, Dense(1, use_bias=False)(np.concatenate(make(x), axis=1)))
    model.compile("sgd", first)
    (kernel,) = model.gradients(np.ones((1, COUNT)), np.zeros(1), training=True).values()
    return kernel[:COUNT, 0] > 0, kernel[COUNT:, 0] > 0


def two_layers(x):
    return [Dropout(0.5)(x), Dropout(0.5)(x)]


def one_layer_twice(x):
    layer = Dropout(0.5)
    return [layer(x), layer(x)]


@pytest.mark.parametrize("make", [two_layers, one_layer_twice])
def test_masks_differ_between_places(make):
    a, b = sites(make)
    assert (a == b).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(COUNT))


def test_masks_differ_between_examples():
    model = gn.Sequential([Dropout(0.5), Dense(1, use_bias=False)])
    model.compile("sgd", lambda y, scores: y[:, 0] * scores[:, 0])
    rows = [model.gradients(np.ones((2, COUNT)), y, training=True)["dense_1.kernel"] for y in np.eye(2)]
    a, b = ((row > 0)[:, 0] for row in rows)
    assert (a == b).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(COUNT))


def test_masks_do_not_depend_on_the_float_type():
    np.testing.assert_array_equal(dropped(probe(0.3)) > 0, dropped(probe(0.3, dtype="float64")) > 0)


def test_prediction_and_evaluation_are_untouched():
    X, y = np.random.default_rng(0).normal(0, 1, (20, 3)), np.arange(20) % 2
    plain = gn.Sequential([Dense(8, "relu"), Dense(2)])
    noisy = gn.Sequential([Dropout(0.5), Dense(8, "relu"), Dropout(0.9), Dense(2)])
    for model in (plain, noisy):
        model.compile("sgd", "softmax_cross_entropy")
    np.testing.assert_array_equal(noisy.predict(X), plain.predict(X))
    assert noisy.evaluate(X, y) == plain.evaluate(X, y)
    assert noisy.loss(X, y) == plain.loss(X, y) != noisy.loss(X, y, training=True)
    assert "random" not in noisy.source("predict") + noisy.source("loss")


def test_rate_0_trains_as_if_it_were_not_there():
    X, y = np.random.default_rng(0).normal(0, 1, (20, 3)), np.arange(20) % 2
    losses = []
    for extra in ([], [Dropout(0.0)]):
        model = gn.Sequential([Dense(8, "relu"), *extra, Dense(2)])
        model.compile("adam", "softmax_cross_entropy")
        losses.append(model.fit(X, y, batch_size=6, epochs=3, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_a_changed_rate_takes_effect():
    model = probe(0.1)
    one_step(model)
    assert (dropped(model) > 0).mean() == pytest.approx(0.9, abs=0.01)
    model.layers[0].rate = 0.8
    values = dropped(model)
    assert (values > 0).mean() == pytest.approx(0.2, abs=0.02)
    assert values.max() == pytest.approx(5)
    one_step(model)
    assert "dropout_rate = 0.8" in model.source()


def test_loss_in_training_mode_is_the_next_steps():
    X, y = np.random.default_rng(0).normal(0, 1, (20, 3)), np.arange(20) % 2
    model = gn.Sequential([Dense(8, "relu"), Dropout(0.5), Dense(2)])
    model.compile("adam", "softmax_cross_entropy")
    for _ in range(3):
        expected = model.loss(X, y, training=True)
        history = model.fit(X, y, batch_size=20, shuffle=False, verbose=0).history
        assert history["loss"] == [expected.data]
