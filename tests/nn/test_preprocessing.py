"""Preprocessing layers: their statistics, where ``fit`` takes them from, and the way back."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn import decomposition, preprocessing
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet import layers
from glassnet.errors import GlassnetError, InputError

RNG = np.random.default_rng(0)
MIX = RNG.normal(0, 1, (4, 4))
X = RNG.normal([3.0, -500.0, 0.001, 7.0], [2.0, 30.0, 0.2, 1.0], (200, 4)) @ MIX + 5
Y = np.arange(200) % 2
IMAGES = RNG.uniform(0, 255, (30, 4, 5, 3)) * [1.0, 2.0, 0.5]


def adapted(layer, data=X):
    layer.adapt(data)
    return layer


def network(*stack, dtype="float64"):
    model = gn.Sequential([*stack, layers.Flatten(), layers.Dense(2)], dtype=dtype)
    model.compile("adam", "softmax_cross_entropy")
    return model


# ------------------------------------------------------------------------------------------ statistics
@pytest.mark.parametrize(
    "axis, others, shape",
    [
        (-1, (0, 1, 2), (3,)),
        (3, (0, 1, 2), (3,)),
        (None, (0, 1, 2, 3), ()),
        ((1, 2, 3), (0,), (4, 5, 3)),
        ((-1, 2), (0, 1), (5, 3)),
        (1, (0, 2, 3), (4, 1, 1)),
        ([1, 3], (0, 2), (4, 1, 3)),
    ],
)
def test_statistics_for_each_index_of_the_axes_over_all_others(axis, others, shape):
    mean, variance = IMAGES.mean(axis=others).reshape(shape), IMAGES.var(axis=others).reshape(shape)
    low, high = IMAGES.min(axis=others).reshape(shape), IMAGES.max(axis=others).reshape(shape)
    normal, centred, scaled = (
        adapted(make(axis=axis), IMAGES)
        for make in (layers.Normalization, layers.MeanSubtraction, layers.MinMaxScaling)
    )
    expected = [mean, variance, mean, low, high - low]
    found = [normal.mean, normal.variance, centred.mean, scaled.minimum, scaled.span]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-12)
    z = normal(IMAGES)
    np.testing.assert_allclose(z.mean(axis=others), 0, atol=1e-12)
    np.testing.assert_allclose(z.var(axis=others), 1, rtol=1e-12)
    np.testing.assert_allclose(centred(IMAGES).mean(axis=others), 0, atol=1e-11)
    np.testing.assert_allclose(scaled(IMAGES).min(axis=others), -1, rtol=1e-12)
    np.testing.assert_allclose(scaled(IMAGES).max(axis=others), 1, rtol=1e-12)


@pytest.mark.parametrize("limits", [(-1, 1), (0, 1), (0.25, 8.5), [-3, -2]])
def test_min_max_scaling_is_scikit_learns(limits):
    expected = preprocessing.MinMaxScaler(tuple(limits)).fit_transform(X)
    np.testing.assert_allclose(adapted(layers.MinMaxScaling(limits))(X), expected, rtol=1e-12, atol=1e-13)


def test_pca_is_scikit_learns():
    theirs = decomposition.PCA(svd_solver="full").fit(X)
    ours = adapted(layers.PCA())
    np.testing.assert_allclose(np.asarray(ours.rotation).T, theirs.components_, atol=1e-10)
    np.testing.assert_allclose(np.asarray(ours.variance), theirs.explained_variance_ * 199 / 200, rtol=1e-10)
    np.testing.assert_allclose(ours.explained_variance_ratio, theirs.explained_variance_ratio_, rtol=1e-10)
    np.testing.assert_allclose(ours(X), theirs.transform(X), atol=1e-9)
    np.testing.assert_allclose(adapted(layers.PCA(2))(X), ours(X)[:, :2], atol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_explained_variance_is_reported(count):
    layer = adapted(layers.PCA(count))
    z = layer(X)
    np.testing.assert_allclose(
        layer.explained_variance_ratio, z.var(axis=0) / X.var(axis=0).sum(), rtol=1e-10
    )
    share = 100 * z.var(axis=0).sum() / X.var(axis=0).sum()
    assert layer.title() == f"PCA({count} of 4, {share:.1f} % of the variance)"


def test_fewer_examples_than_features():
    few = RNG.normal(0, 1, (3, 8))
    with pytest.warns(UserWarning, match=r"^6 of 8 directions have no variance"):
        layer = adapted(layers.Whitening(), few)
    z = layer(few)
    assert np.isfinite(z).all()
    np.testing.assert_allclose(z.var(axis=0)[:2], 1, rtol=1e-4)
    np.testing.assert_allclose(z[:, 2:], 0, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [layers.Normalization, layers.MinMaxScaling, layers.MeanSubtraction, layers.PCA, layers.Whitening],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 / 3, -1e-30])
@pytest.mark.filterwarnings("ignore:1 of 2 directions have no variance")
def test_a_constant_column_stays_finite(layer, dtype, value):
    data = np.column_stack([X[:, 0], np.full(200, value)]).astype(dtype)
    model = network(layer(), dtype=dtype)
    history = model.fit(data, Y, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert np.isfinite(model.predict(data + 1)).all()


@pytest.mark.parametrize("scale", [1e-25, 1e-15, 1e15])
@pytest.mark.parametrize("layer", [layers.Normalization, layers.MinMaxScaling])
def test_very_small_and_very_large_features_stay_finite_in_float32(layer, scale):
    model = network(layer(), dtype="float32")
    model.fit(X * scale, Y, verbose=0)
    assert np.isfinite(model.predict(X * scale)).all()


def test_statistics_are_computed_in_float64():
    """In float32 the mean of a million values around 1000 would be off by far more than this."""
    data = (1000 + RNG.normal(0, 1, (200_000, 2))).astype(np.float32)
    double = data.astype(float)
    for layer in (layers.MeanSubtraction(), layers.PCA()):
        np.testing.assert_allclose(np.asarray(adapted(layer, data).mean), double.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(layers.covariance(data), np.cov(double.T, bias=True), rtol=1e-9)


# ------------------------------------------------------------------------------------------ the way back
WAYS = {
    "normalization": layers.Normalization,
    "normalization, inverted": lambda: layers.Normalization(invert=True),
    "normalization of everything": lambda: layers.Normalization(axis=None),
    "mean subtraction": layers.MeanSubtraction,
    "min-max scaling": layers.MinMaxScaling,
    "min-max scaling to 2 and 5": lambda: layers.MinMaxScaling((2, 5), axis=None),
    "pca": layers.PCA,
    "whitening": layers.Whitening,
    "zca whitening": lambda: layers.Whitening("zca", epsilon=0.1),
    "rescaling": lambda: layers.Rescaling(1 / 255, offset=-0.5),
}


@pytest.mark.parametrize("name", WAYS)
def test_inverse_undoes_the_layer(name):
    layer = adapted(WAYS[name]())
    np.testing.assert_allclose(layer.inverse(layer(X)), X, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(layer.inverse(layer(X[:1]).tolist()), X[:1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", WAYS)
def test_inverse_in_a_float32_model_keeps_float32(name):
    layer = WAYS[name]()
    model = gn.Sequential([layer])
    model.compile("sgd", "squared_error")
    data = X / np.abs(X).max(axis=0)
    model.fit(data, data, epochs=0, verbose=0)
    z = model.predict(data)
    back = layer.inverse(z)
    assert z.dtype == back.dtype == np.float32
    np.testing.assert_allclose(back, data, atol=2e-3 if "whitening" in name else 1e-5)


@pytest.mark.parametrize(
    "make", [lambda: layers.PCA(2), lambda: layers.Whitening("pca", 2), lambda: layers.Whitening("zca", 2)]
)
def test_inverse_of_a_reduction_is_the_nearest_point_of_the_plane_kept(make):
    layer = adapted(make())
    expected = decomposition.PCA(2).fit(X)
    np.testing.assert_allclose(
        layer.inverse(layer(X)), expected.inverse_transform(expected.transform(X)), atol=1e-8
    )


def test_inverse_with_given_statistics():
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 0.25])
    np.testing.assert_array_equal(layer.inverse([[1.0, 0.0], [0.0, 2.0]]), [[3, 2], [1, 3]])


# ------------------------------------------------------------------------------------------ in a network
def by_hand(*stack, data=X):
    """Each layer adapted to what the ones before it answer."""
    for layer in stack:
        layer.adapt(data)
        data = layer(data)
    return stack


def states_equal(model, stack):
    found = [array for key, array in model.state.items() if "moving" not in key]
    expected = [np.asarray(weight) for layer in stack for weight in layer.own_weights]
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_fit_adapts_a_chain_layer_by_layer():
    model = network(layers.MinMaxScaling(), layers.Normalization(), layers.PCA(3), layers.Whitening())
    model.fit(X, Y, verbose=0)
    states_equal(
        model, by_hand(layers.MinMaxScaling(), layers.Normalization(), layers.PCA(3), layers.Whitening())
    )


def test_fit_adapts_to_the_training_part_of_a_split():
    model = network(layers.Normalization(), layers.Whitening())
    model.fit(X, Y, validation_split=0.25, verbose=0)
    rows, _ = train_test_split(np.arange(200), test_size=50, random_state=0, stratify=Y)
    states_equal(model, by_hand(layers.Normalization(), layers.Whitening(), data=X[rows]))
    assert not np.allclose(model.state["normalization_1.mean"], X.mean(axis=0), rtol=1e-6)


def test_layers_that_training_does_not_change_may_stand_between():
    model = network(
        layers.Rescaling(1 / 255), np.sqrt, layers.Flatten(), layers.MeanSubtraction(), layers.BiasTrick()
    )
    model.fit(IMAGES, Y[:30], verbose=0)
    expected = np.sqrt(IMAGES / 255).reshape(30, -1).mean(axis=0)
    np.testing.assert_allclose(model.state["mean_subtraction_1.mean"], expected, rtol=1e-12)


def test_fit_adapts_behind_each_input_of_a_model():
    a, b = gn.Input((4,)), gn.Input((4, 5, 3))
    left, right = layers.Normalization(), layers.MeanSubtraction()
    h = np.concatenate([left(a), layers.Flatten()(right(b))], axis=1)
    model = gn.Model([a, b], layers.Dense(2)(layers.PCA(3)(h)), dtype="float64")
    model.compile("adam", "softmax_cross_entropy")
    model.fit([X[:30], IMAGES], Y[:30], verbose=0)
    np.testing.assert_allclose(left.mean, X[:30].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(right.mean, IMAGES.mean(axis=(0, 1, 2)), rtol=1e-12)
    joined = np.hstack([left(X[:30]), right(IMAGES).reshape(30, -1)])
    np.testing.assert_allclose(model.state["pca_1.mean"], joined.mean(axis=0), atol=1e-12)


def test_a_layer_for_two_inputs_is_adapted_to_both():
    a, b = gn.Input((4,)), gn.Input((4,))
    shared = layers.MeanSubtraction()
    model = gn.Model([a, b], layers.Dense(2)(shared(a) * shared(b)), dtype="float64")
    model.compile("adam", "softmax_cross_entropy")
    model.fit([X, 3 * X], Y, verbose=0)
    np.testing.assert_allclose(shared.mean, 2 * X.mean(axis=0), rtol=1e-12)


class Prepared(gn.Layer):
    """A layer of one's own, with preprocessing inside."""

    def __init__(self):
        super().__init__()
        self.normal = layers.Normalization()
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(self.normal(x))


def test_fit_adapts_inside_a_layer_of_ones_own():
    model = network(Prepared())
    model.fit(X, Y, verbose=0)
    np.testing.assert_allclose(model.state["prepared_1.normal.mean"], X.mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("how", ["fit", "adapt", "set_parameters"])
def test_statistics_stay_once_they_are_known(how):
    layer = layers.PCA(2)
    model = network(layer)
    if how == "adapt":
        layer.adapt(X[:50])
    if how == "fit":
        model.fit(X[:50], Y[:50], verbose=0)
    model.build((None, 4))
    if how == "set_parameters":
        other = adapted(layers.PCA(2), X[:50])
        model.set_parameters({f"pca_1.{w.name}": np.asarray(w) for w in other.own_weights})
    before = {key: array.copy() for key, array in model.state.items()}
    model.fit(X, Y, epochs=2, verbose=0)
    for key, array in model.state.items():
        np.testing.assert_array_equal(array, before[key])
    np.testing.assert_allclose(layer.inverse(layer(X)).mean(axis=0), X.mean(axis=0), rtol=0.1)


def test_a_pickled_layer_keeps_its_statistics():
    model = network(layers.Whitening(n_components=2))
    model.fit(X, Y, verbose=0)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    assert copy.layers[0].adapted


CHANGING = (
    "layer normalization_1 has no statistics, and what reaches it changes in training.\n"
    "Call its adapt(data) before fit(), or use BatchNormalization there."
)


@pytest.mark.parametrize(
    "before",
    [
        layers.Dense(3),
        layers.Dropout(0.5),
        layers.BatchNormalization(),
        layers.GaussianNoise(0.1),
        layers.LayerNormalization(),
    ],
)
def test_what_training_changes_cannot_be_adapted_to(before):
    model = network(before, layers.Normalization())
    with pytest.raises(InputError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == CHANGING
    model.layers[1].adapt(RNG.normal(0, 1, (9, 3 if isinstance(before, layers.Dense) else 4)))
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


# ------------------------------------------------------------------------------------------ errors
BAD = [
    (
        lambda: layers.MeanSubtraction(axis=(0, 1)),
        "MeanSubtraction: axis 0 is the batch; one example's axes are counted from 1, or from -1 backwards.",
    ),
    (
        lambda: layers.MinMaxScaling(axis=1.5),
        "MinMaxScaling: axis must be a whole number or a tuple of them, such as -1; got 1.5.",
    ),
    (
        lambda: adapted(layers.MeanSubtraction(axis=(1, 2))),
        (
            "MeanSubtraction: axis=(1, 2) does not fit arrays of shape (200, 4).\n"
            "The first axis is the batch; one example's axes are counted from 1, or from -1 backwards."
        ),
    ),
    (
        lambda: layers.MinMaxScaling((1, 0)),
        "MinMaxScaling: feature_range must be two numbers, the smaller first, such as (-1, 1); got (1, 0).",
    ),
    (lambda: layers.Rescaling(0), "Rescaling: scale must not be 0, there would be no way back."),
    (lambda: layers.Rescaling(1, [2]), "Rescaling: offset must be a finite number; got [2]."),
    (lambda: layers.Whitening("lda"), "Whitening: kind must be 'pca' or 'zca'; got 'lda'."),
    (lambda: layers.Whitening(epsilon=0), "Whitening: epsilon must be a number above 0; got 0."),
    (lambda: layers.PCA(0.95), "PCA: n_components must be a whole number of at least 1; got 0.95."),
    (lambda: adapted(layers.PCA(5)), "PCA: n_components=5 of rows with 4 features."),
    (
        lambda: adapted(layers.Whitening(), IMAGES),
        "Whitening takes rows (batch, features); got 4 dimensions.\nImages: put Flatten() before it.",
    ),
    (
        lambda: adapted(adapted(layers.PCA()), X[:, :2]),
        "PCA.adapt(): the layer takes 4 features; got data of shape (200, 2).",
    ),
    (
        lambda: adapted(adapted(layers.MeanSubtraction((1, 2, 3)), IMAGES), IMAGES[:, :2]),
        (
            "MeanSubtraction.adapt(): the layer takes statistics of shape (4, 5, 3); "
            "got data of shape (30, 2, 5, 3)."
        ),
    ),
    (
        lambda: adapted(layers.Whitening(), [[1.0, np.nan], [2.0, 3.0]]),
        (
            "the data for Whitening.adapt() have 1 values that are not finite, first at row 0.\n"
            "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."
        ),
    ),
    (
        lambda: layers.PCA().inverse(X),
        "PCA.inverse() needs statistics, and there are none yet.\nCall adapt(data) or model.fit(X, y) first.",
    ),
    (lambda: layers.covariance([1.0, 2.0]), "covariance() takes an array of shape (n, features); got (2,)."),
]


@pytest.mark.parametrize("act, message", BAD, ids=[message.split("\n")[0][:50] for _, message in BAD])
def test_bad_arguments_and_data(act, message):
    with pytest.raises(GlassnetError) as caught:
        act()
    assert str(caught.value) == message


def test_a_failed_adapt_changes_nothing():
    layer = adapted(layers.Normalization())
    before = np.array(layer.mean)
    with pytest.raises(GlassnetError):
        layer.adapt(X[:, :2])
    np.testing.assert_array_equal(layer.mean, before)
