"""Normalization of inputs: its statistics, where they come from, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet.errors import GlassnetError
from glassnet.layers import Dense, Normalization

RNG = np.random.default_rng(0)
X = RNG.normal([3.0, -500.0, 0.001], [2.0, 30.0, 1e-4], (200, 3))
Y = np.arange(200) % 2


def adapted(data, **options):
    layer = Normalization(**options)
    layer.adapt(data)
    return layer


@pytest.mark.parametrize(
    "data, options, axes",
    [
        (X, {}, 0),
        (X.tolist(), {}, 0),
        (X[:4].reshape(2, 2, 3), {}, (0, 1)),
        (X, {"axis": None}, (0, 1)),
        (X[:, :2].astype(int), {}, 0),
    ],
    ids=["features", "list", "sequences", "one for all", "integers"],
)
def test_after_adapt_means_are_0_and_variances_1(data, options, axes):
    z = adapted(data, **options)(np.asarray(data, float))
    np.testing.assert_allclose(z.mean(axis=axes), 0, atol=1e-11)
    np.testing.assert_allclose(z.var(axis=axes), 1, rtol=1e-11)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 / 3, -1e-30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_constant_column_becomes_0(value, dtype):
    data = np.column_stack([X[:, 0], np.full(200, value)]).astype(dtype)
    model = gn.Sequential([adapted(data)], dtype=dtype)
    z = model.predict(data)
    assert np.isfinite(z).all()
    np.testing.assert_allclose(z[:, 1], 0, atol=1e-9 if dtype == "float64" else abs(value) * 1e-6)


def test_a_column_that_is_nearly_constant_is_not_taken_for_one():
    column = 1.0 + 1e-9 * (np.arange(200) % 2)[:, None]
    assert adapted(column)(column).std() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("axis", [-1, None])
def test_invert_is_the_way_back(axis):
    there = adapted(X, axis=axis)
    mean, variance = (np.asarray(weight) for weight in (there.mean, there.variance))
    back = Normalization(axis=axis, mean=mean, variance=variance, invert=True)
    np.testing.assert_allclose(back(there(X)), X, rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(adapted(X, axis=axis, invert=True)(there(X)), X, rtol=1e-13, atol=1e-12)


def test_given_statistics_by_hand():
    layer = Normalization(mean=[1.0, 2.0], variance=[4.0, 0.25])
    np.testing.assert_array_equal(layer(np.array([[3.0, 2.0], [1.0, 3.0]])), [[1, 0], [0, 2]])


def network(*layers, dtype="float64"):
    model = gn.Sequential([*layers, Dense(2)], dtype=dtype)
    model.compile("adam", "softmax_cross_entropy")
    return model


def statistics(model):
    return model.state["normalization_1.mean"], model.state["normalization_1.variance"]


def test_fit_adapts_to_the_training_data_only():
    model = network(Normalization())
    model.fit(X, Y, validation_data=(X + 1e6, Y), verbose=0)
    np.testing.assert_allclose(statistics(model), (X.mean(axis=0), X.var(axis=0)), rtol=1e-12)


def test_fit_adapts_to_the_training_part_of_a_split():
    model = network(Normalization())
    model.fit(X, Y, validation_split=0.25, verbose=0)
    rows, _ = train_test_split(np.arange(200), test_size=50, random_state=0, stratify=Y)
    np.testing.assert_allclose(statistics(model), (X[rows].mean(axis=0), X[rows].var(axis=0)), rtol=1e-12)


@pytest.mark.parametrize("how", ["fit", "adapt", "given"])
def test_statistics_stay_once_they_are_known(how):
    layer = Normalization(mean=[1, 2, 3], variance=[1, 2, 3]) if how == "given" else Normalization()
    if how == "adapt":
        layer.adapt(X[:50])
    model = network(layer)
    if how == "fit":
        model.fit(X[:50], Y[:50], verbose=0)
    model.build((None, 3))
    before = [array.copy() for array in statistics(model)]
    model.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(statistics(model), before)


def test_adapting_again_replaces_the_statistics():
    layer = adapted(X)
    layer.adapt(2 * X + 1)
    np.testing.assert_allclose(layer.mean, 2 * X.mean(axis=0) + 1)


def test_adapt_before_or_inside_fit_gives_the_same_run():
    losses = []
    for adapt in (True, False):
        layer = adapted(X) if adapt else Normalization()
        losses.append(network(layer).fit(X, Y, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_statistics_are_computed_in_float64():
    """In float32 the mean of a million values around 1000 would be off by far more than this."""
    data = (1000 + RNG.normal(0, 1, (200_000, 1))).astype(np.float32)
    layer = adapted(data)
    assert float(layer.mean[0]) == pytest.approx(data.astype(float).mean(), rel=1e-12)


def test_statistics_are_not_trained():
    model = network(adapted(X))
    model.build((None, 3))
    assert list(model.parameters) == ["dense_1.kernel", "dense_1.bias"]


BAD = [
    (
        lambda: Normalization(axis=0),
        "Normalization: axis 0 is the batch; one example's axes are counted from 1, or from -1 backwards.",
    ),
    (lambda: Normalization(mean=1.0), "Normalization: give both mean and variance, or neither."),
    (
        lambda: Normalization(mean=[0.0, 0.0], variance=[1.0, -1.0]),
        "Normalization: variance must be finite and above 0; got [1.0, -1.0].",
    ),
    (
        lambda: Normalization(mean=[0.0, np.nan], variance=[1.0, 1.0]),
        "Normalization: mean must be finite; got [0.0, nan].",
    ),
    (
        lambda: Normalization().adapt([["a"]]),
        "Normalization.adapt() needs an array of numbers; got a list that NumPy cannot read as numbers.",
    ),
    (
        lambda: Normalization().adapt([[0.0], [np.nan], [np.inf]]),
        (
            "the data for Normalization.adapt() have 2 values that are not finite, first at row 1.\n"
            "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."
        ),
    ),
    (
        lambda: Normalization().adapt(np.zeros((0, 3))),
        "the data for Normalization.adapt() are empty: shape (0, 3).",
    ),
    (
        lambda: Normalization().adapt([1.0, 2.0]),
        (
            "Normalization takes arrays of at least 2 dimensions (batch, features); got 1.\n"
            "One feature: X.reshape(-1, 1). One example: X.reshape(1, -1)."
        ),
    ),
    (
        lambda: adapted(X).adapt(X[:, :2]),
        "Normalization.adapt(): the layer takes 3 features; got data of shape (200, 2).",
    ),
    (
        lambda: network(Normalization(mean=[1, 2], variance=[1, 2])).build((None, 3)),
        "layer normalization_1: Normalization: mean has shape (2,); these inputs need (3,).",
    ),
]


@pytest.mark.parametrize("act, message", BAD, ids=[message.split("\n")[0][:50] for _, message in BAD])
def test_bad_statistics_and_data(act, message):
    with pytest.raises(GlassnetError) as caught:
        act()
    assert str(caught.value) == message
