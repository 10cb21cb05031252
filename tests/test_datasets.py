"""The data sets: their shapes and names, the spiral and the tutorial's rows number by number."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.datasets  # noqa: F401 - its first import, which brings rich, draws from Python's random

from glassnet import datasets
from glassnet.errors import InputError, UnknownNameError


@pytest.mark.parametrize(
    "name, shape, classes, task, image_shape, first_name",
    [
        ("digits", (1797, 64), 10, "classification", (8, 8), "0"),
        ("iris", (150, 4), 3, "classification", None, "setosa"),
        ("wine", (178, 13), 3, "classification", None, "class_0"),
        ("breast_cancer", (569, 30), 2, "classification", None, "malignant"),
        ("diabetes", (442, 10), 0, "regression", None, "progression"),
        ("spiral", (300, 2), 3, "classification", None, "arm 1"),
    ],
)
def test_load(name, shape, classes, task, image_shape, first_name):
    dataset = datasets.load(name)
    assert (dataset.name, dataset.data.shape, dataset.data.dtype) == (name, shape, np.float64)
    assert (dataset.rows, dataset.features, dataset.classes) == (*shape, classes)
    assert (dataset.task, dataset.image_shape, dataset.target_names[0]) == (task, image_shape, first_name)
    assert dataset.target.shape == shape[:1]
    assert dataset.target.dtype == (np.int64 if classes else np.float64)
    assert len(dataset.feature_names) == shape[1]
    assert len(dataset.target_names) == dataset.outputs == (classes or 1)
    assert np.isfinite(dataset.data).all()
    if classes:
        assert np.unique(dataset.target).tolist() == list(range(classes))


def test_names_are_what_load_knows():
    assert datasets.names() == ("digits", "iris", "wine", "breast_cancer", "diabetes", "spiral")


EVERY = "Data sets: digits, iris, wine, breast_cancer, diabetes, spiral."


@pytest.mark.parametrize(
    "name, message",
    [
        ("digit", f"There is no data set 'digit'. Did you mean 'digits'? {EVERY}"),
        ("banana", f"There is no data set 'banana'. {EVERY}"),
        (["banana"], f"There is no data set ['banana']. {EVERY}"),
    ],
)
def test_unknown_name(name, message):
    with pytest.raises(UnknownNameError) as caught:
        datasets.load(name)
    assert str(caught.value) == message


def notes_spiral(points, classes, seed, noise):
    """The spiral as the notes of CS231n write it, a class at a time."""
    generator = np.random.default_rng(seed)
    X, y = np.zeros((points * classes, 2)), np.zeros(points * classes, int)
    for j in range(classes):
        rows = range(points * j, points * (j + 1))
        r = np.linspace(0.0, 1, points)
        t = np.linspace(j * 4, (j + 1) * 4, points) + generator.standard_normal(points) * noise
        X[rows] = np.c_[r * np.sin(t), r * np.cos(t)]
        y[rows] = j
    return X, y


@pytest.mark.parametrize(
    "points, classes, seed, noise", [(100, 3, 0, 0.2), (7, 5, 3, 0.0), (1, 1, 0, 1.0), (2, 1, 9, 0.5)]
)
def test_spiral_is_the_one_of_the_notes(points, classes, seed, noise):
    X, y = datasets.spiral(points, classes, seed, noise)
    expected_X, expected_y = notes_spiral(points, classes, seed, noise)
    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(y, expected_y)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)


def test_spiral_in_numbers():
    X, y = datasets.spiral()
    radius = np.hypot(*X.T)
    np.testing.assert_allclose(radius, np.tile(np.linspace(0, 1, 100), 3), atol=1e-15)
    assert np.bincount(y).tolist() == [100, 100, 100]
    assert not np.array_equal(X, datasets.spiral(seed=1)[0])
    np.testing.assert_array_equal(X, datasets.load("spiral").data)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"points_per_class": 0}, "spiral() got points_per_class=0; it needs at least 1."),
        ({"classes": -2}, "spiral() got classes=-2; it needs at least 1."),
        ({"noise": -0.1}, "spiral() got noise=-0.1; it needs a finite number that is not negative."),
        ({"noise": float("nan")}, "spiral() got noise=nan; it needs a finite number that is not negative."),
    ],
)
def test_spiral_refuses(arguments, message):
    with pytest.raises(InputError) as caught:
        datasets.spiral(**arguments)
    assert str(caught.value) == message


def test_tutorial_rows():
    X, y = datasets.tutorial()
    assert X.tolist() == [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert y.tolist() == [0, 1, 1, 0]
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
