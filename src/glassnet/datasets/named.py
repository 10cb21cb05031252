"""Data sets by name: five bundles of scikit-learn and the spiral."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.datasets.dataset import Dataset, Task
from glassnet.datasets.generated import spiral
from glassnet.errors import UnknownNameError, suggest
from glassnet.random import same_random_state


def names() -> tuple[str, ...]:
    """The names that `load` knows.

    Returns
    -------
    tuple of str
        In the order in which help texts list them.

    Examples
    --------
    >>> from glassnet import datasets
    >>> datasets.names()
    ('digits', 'iris', 'wine', 'breast_cancer', 'diabetes', 'spiral')
    """
    return tuple(_LOADERS)


def load(name: str) -> Dataset:
    """Load a data set by its name; nothing is downloaded.

    Parameters
    ----------
    name : str
        One of `names`. All but ``"spiral"`` are read from the installed scikit-learn.

    Returns
    -------
    Dataset
        The rows, the target, and their names.

    Raises
    ------
    UnknownNameError
        If there is no data set of that name; the message lists those there are.

    Examples
    --------
    >>> from glassnet import datasets
    >>> digits = datasets.load("digits")
    >>> digits.data.shape, digits.task, digits.image_shape
    ((1797, 64), 'classification', (8, 8))
    """
    if name not in names():
        hint = suggest(name, names())
        every = f"Data sets: {', '.join(names())}."
        nearest = f"{hint} " if hint.startswith("Did you mean") else ""
        raise UnknownNameError(f"There is no data set {name!r}. {nearest}{every}")
    with same_random_state():  # the first call loads parts of scikit-learn
        return _LOADERS[name]()


def _digits() -> Dataset:
    from sklearn.datasets import load_digits

    return _from_scikit_learn("digits", load_digits(), "handwritten digits, 8 × 8 gray pixels", (8, 8))


def _iris() -> Dataset:
    from sklearn.datasets import load_iris

    return _from_scikit_learn("iris", load_iris(), "iris flowers, petals and sepals measured in cm")


def _wine() -> Dataset:
    from sklearn.datasets import load_wine

    return _from_scikit_learn("wine", load_wine(), "wines of three growers, by chemical analysis")


def _breast_cancer() -> Dataset:
    from sklearn.datasets import load_breast_cancer

    return _from_scikit_learn(
        "breast_cancer", load_breast_cancer(), "tumors, by the shape of their cell nuclei"
    )


def _diabetes() -> Dataset:
    from sklearn.datasets import load_diabetes

    description = "patients, and how far their diabetes went in a year"
    return _from_scikit_learn("diabetes", load_diabetes(scaled=False), description)


def _spiral() -> Dataset:
    X, y = spiral()
    names = ("arm 1", "arm 2", "arm 3")
    return Dataset("spiral", X, y, ("x", "y"), names, "classification", "points on three spiral arms")


def _from_scikit_learn(
    name: str, bunch: Any, description: str, image_shape: tuple[int, int] | None = None
) -> Dataset:
    """A Bunch without target names is a regression: its one target is named after what it measures."""
    classes = bunch.get("target_names")
    task: Task = "regression" if classes is None else "classification"
    return Dataset(
        name=name,
        data=np.asarray(bunch.data, np.float64),
        target=np.asarray(bunch.target, np.float64 if classes is None else np.int64),
        feature_names=tuple(str(feature) for feature in bunch.feature_names),
        target_names=("progression",) if classes is None else tuple(str(label) for label in classes),
        task=task,
        description=description,
        image_shape=image_shape,
    )


_LOADERS: dict[str, Callable[[], Dataset]] = {
    "digits": _digits,
    "iris": _iris,
    "wine": _wine,
    "breast_cancer": _breast_cancer,
    "diabetes": _diabetes,
    "spiral": _spiral,
}
