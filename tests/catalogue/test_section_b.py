"""Catalogue, section B: data preprocessing. Each test is named after its row."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import glassnet as gn
from glassnet import layers

DIGITS, LABELS = load_digits(return_X_y=True)  # (1797, 64): pictures of 8 × 8
PICTURES = DIGITS.reshape(-1, 8, 8, 1)
COLOURED = np.random.default_rng(0).uniform(0, 255, (50, 4, 4, 3)) * [1.0, 0.5, 0.1] + [0, 50, 200]


def adapted(layer, data):
    layer.adapt(data)
    return layer


def quietly(layer, data):
    """Adapted, without the warning about directions of no variance."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return adapted(layer, data)


# B1: mean subtraction: per feature; one value for all pixels; per colour channel; the mean image
def test_b1_per_feature():
    z = adapted(layers.MeanSubtraction(), DIGITS)(DIGITS)
    np.testing.assert_allclose(z, DIGITS - DIGITS.mean(axis=0), atol=1e-12)


def test_b1_one_value_for_all_pixels():
    layer = adapted(layers.MeanSubtraction(axis=None), COLOURED)
    assert np.asarray(layer.mean).item() == pytest.approx(COLOURED.mean(), rel=1e-13)
    np.testing.assert_allclose(layer(COLOURED), COLOURED - COLOURED.mean(), atol=1e-10)


def test_b1_per_colour_channel():
    layer = adapted(layers.MeanSubtraction(), COLOURED)
    np.testing.assert_allclose(layer.mean, [COLOURED[..., c].mean() for c in range(3)], rtol=1e-12)
    np.testing.assert_allclose(layer(COLOURED).mean(axis=(0, 1, 2)), 0, atol=1e-12)


def test_b1_the_mean_image():
    layer = adapted(layers.MeanSubtraction(axis=(1, 2, 3)), COLOURED)
    np.testing.assert_allclose(layer.mean, sum(COLOURED) / 50, rtol=1e-12)
    np.testing.assert_allclose(layer(COLOURED).mean(axis=0), 0, atol=1e-12)


def test_b1_the_statistics_come_from_the_training_data_only():
    model = gn.Sequential([layers.MeanSubtraction(), layers.Dense(10)], dtype="float64")
    model.compile("adam", "softmax_cross_entropy")
    model.fit(DIGITS[:1000], LABELS[:1000], validation_data=(DIGITS[1000:] + 7, LABELS[1000:]), verbose=0)
    np.testing.assert_allclose(model.state["mean_subtraction_1.mean"], DIGITS[:1000].mean(axis=0), rtol=1e-12)


# B2: divide by the standard deviation after centring; or min-max to [-1, 1]
def test_b2_unit_variance():
    z = adapted(layers.Normalization(), DIGITS)(DIGITS)
    varying = DIGITS.std(axis=0) > 0
    assert (~varying).sum() == 3  # three pixels of the margin are never drawn on
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), varying, rtol=1e-12)


def test_b2_min_max():
    z = adapted(layers.MinMaxScaling(), DIGITS)(DIGITS)
    varying = DIGITS.std(axis=0) > 0
    np.testing.assert_array_equal(z.min(axis=0), -1)
    np.testing.assert_array_equal(z.max(axis=0)[varying], 1)


# B3: XᵀX/n of the centred data: symmetric, positive semi-definite
def test_b3_covariance():
    C = layers.covariance(DIGITS)
    X = DIGITS - DIGITS.mean(axis=0)
    np.testing.assert_allclose(C, X.T @ X / 1797, rtol=1e-12)
    np.testing.assert_array_equal(C, C.T)
    np.testing.assert_allclose(np.diag(C), DIGITS.var(axis=0), rtol=1e-12)
    eigenvalues = np.linalg.eigvalsh(C)
    assert eigenvalues.min() > -1e-12 * eigenvalues.max()


# B4: rotate into the eigenbasis: orthonormal columns; the covariance becomes diagonal
def test_b4_pca():
    layer = adapted(layers.PCA(), DIGITS)
    U = np.asarray(layer.rotation)
    np.testing.assert_allclose(U.T @ U, np.eye(64), atol=1e-13)
    C = layers.covariance(layer(DIGITS))
    np.testing.assert_allclose(C, np.diag(np.asarray(layer.variance)), atol=1e-11)
    assert (np.diff(np.diag(C)) <= 1e-11).all()


# B5: [n×D] → [n×k], the k directions of most variance; explained variance reported
@pytest.mark.parametrize("k, share", [(1, 0.149), (2, 0.285), (10, 0.738), (21, 0.903), (64, 1.0)])
def test_b5_reduction(k, share):
    layer = adapted(layers.PCA(k), DIGITS)
    z = layer(DIGITS)
    assert z.shape == (1797, k)
    ratio = layer.explained_variance_ratio
    assert ratio.sum() == pytest.approx(share, abs=5e-4)
    np.testing.assert_allclose(
        ratio, PCA(svd_solver="full").fit(DIGITS).explained_variance_ratio_[:k], atol=1e-12
    )
    assert f"PCA({k} of 64, {100 * share:.1f} % of the variance)" == layer.title()


# B6: divide by sqrt(eigenvalue + ε), ε=1e-5 and adjustable; the variance of direction i becomes s/(s+ε)
@pytest.mark.parametrize("epsilon", [1e-5, 0.1, 10.0])
def test_b6_whitening(epsilon):
    layer = quietly(layers.Whitening(epsilon=epsilon), DIGITS)
    s = np.asarray(layer.variance)
    C = layers.covariance(layer(DIGITS))
    np.testing.assert_allclose(C, np.diag(s / (s + epsilon)), atol=1e-9)
    if epsilon == 1e-5:
        large = s > 10 * epsilon
        assert large.sum() == 61
        np.testing.assert_allclose(C[large][:, large], np.eye(61), atol=0.03)


def test_b6_zca_turns_back_and_stays_nearest_to_the_pictures():
    pca, zca = (quietly(layers.Whitening(kind), DIGITS) for kind in ("pca", "zca"))
    U = np.asarray(zca.rotation)
    np.testing.assert_allclose(zca(DIGITS), pca(DIGITS) @ U.T, atol=1e-10)
    s = np.asarray(zca.variance)
    np.testing.assert_allclose(layers.covariance(zca(DIGITS)), U * (s / (s + 1e-5)) @ U.T, atol=1e-9)
    normal = adapted(layers.Normalization(), DIGITS)(DIGITS)

    def distance(z):
        return np.square(z - normal).mean()

    assert distance(zca(DIGITS)) < 0.5 * distance(pca(DIGITS))


@pytest.mark.parametrize("kind", ["pca", "zca"])
def test_b6_three_directions_of_digits_have_no_variance(kind):
    with pytest.warns(UserWarning, match="directions") as caught:
        layer = adapted(layers.Whitening(kind), DIGITS)
    assert str(caught[0].message) == (
        "3 of 64 directions have no variance: Whitening multiplies what noise new data have there by 316, "
        "1 / sqrt(epsilon).\n"
        "Keep fewer directions (n_components=61), or use a larger epsilon."
    )
    assert np.isfinite(layer(DIGITS)).all()
    noisy = DIGITS + np.random.default_rng(0).normal(0, 0.01, DIGITS.shape)
    assert np.isfinite(layer(noisy)).all()
    z = quietly(layers.Whitening("pca"), DIGITS)(noisy)
    np.testing.assert_allclose(z[:, 61:].std(axis=0), 0.01 * 1e-5**-0.5, rtol=0.1)  # the noise, 316 times


def test_b6_fit_whitens_the_training_data_and_warns():
    model = gn.Sequential([layers.Whitening(), layers.Dense(10)])
    model.compile("adam", "softmax_cross_entropy", ["accuracy"])
    with pytest.warns(UserWarning, match=r"^3 of 64 directions have no variance"):
        history = model.fit(DIGITS, LABELS, epochs=20, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fewer = gn.Sequential([layers.Whitening(n_components=61), layers.Dense(10)])
        fewer.compile("adam", "softmax_cross_entropy")
        fewer.fit(DIGITS, LABELS, verbose=0)


# B7: every transformation has its inverse, so that pictures can be drawn back
@pytest.mark.parametrize(
    "make",
    [
        layers.MeanSubtraction, lambda: layers.MeanSubtraction(axis=None), layers.Normalization,
        layers.MinMaxScaling, layers.PCA, layers.Whitening, lambda: layers.Whitening("zca"),
        lambda: layers.Rescaling(1 / 16),
    ],
)  # fmt: skip
def test_b7_inverse(make):
    layer = quietly(make(), DIGITS)
    np.testing.assert_allclose(layer.inverse(layer(DIGITS)), DIGITS, atol=1e-10)


def test_b7_pictures_of_a_few_directions_are_drawn_back():
    errors = []
    for k in (1, 10, 30, 61):
        layer = adapted(layers.PCA(k), DIGITS)
        back = layer.inverse(layer(DIGITS)).reshape(PICTURES.shape)
        errors.append(np.square(back - PICTURES).sum() / np.square(PICTURES - PICTURES.mean(axis=0)).sum())
        assert errors[-1] == pytest.approx(1 - layer.explained_variance_ratio.sum(), abs=1e-10)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-12
