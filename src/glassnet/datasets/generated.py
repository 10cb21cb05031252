"""Data sets made by a formula."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import InputError


def spiral(
    points_per_class: int = 100, classes: int = 3, seed: int = 0, noise: float = 0.2
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Interleaved spiral arms, one per class, that no straight line separates.

    Arm ``j`` runs from the origin outwards: its radius ``r`` grows from 0 to 1 while its angle ``t`` turns
    from ``4 j`` to ``4 (j + 1)`` radians, plus normal noise; a point is ``(r sin t, r cos t)``. These are
    the data of the neural-network case study in the notes of Stanford's course CS231n, where a linear
    softmax classifier reaches 49 % and a network with one hidden layer 98 %.

    Parameters
    ----------
    points_per_class : int, default 100
        Points on each arm, at least 1.
    classes : int, default 3
        Number of arms, at least 1.
    seed : int, default 0
        Equal seeds give equal points.
    noise : float, default 0.2
        Standard deviation of the noise in the angle, in radians.

    Returns
    -------
    X : ndarray of float64, shape (classes * points_per_class, 2)
        The points, arm after arm.
    y : ndarray of int64, shape (classes * points_per_class,)
        The number of each point's arm.

    Raises
    ------
    InputError
        If a count is below 1 or `noise` is negative or not finite.

    Examples
    --------
    >>> from glassnet import datasets
    >>> X, y = datasets.spiral()
    >>> X.shape, y[[0, 100, 200]]
    ((300, 2), array([0, 1, 2]))
    """
    _check_spiral(points_per_class, classes, noise)
    arm = np.arange(classes)[:, None]
    turns = np.linspace(4 * arm, 4 * (arm + 1), points_per_class, axis=-1).reshape(classes, points_per_class)
    angle = turns + noise * np.random.default_rng(seed).standard_normal((classes, points_per_class))
    radius = np.linspace(0, 1, points_per_class)
    X = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1).reshape(-1, 2)
    return X, np.repeat(np.arange(classes, dtype=np.int64), points_per_class)


def _check_spiral(points_per_class: int, classes: int, noise: float) -> None:
    for name, count in (("points_per_class", points_per_class), ("classes", classes)):
        if count < 1:
            raise InputError(f"spiral() got {name}={count!r}; it needs at least 1.")
    if not (np.isfinite(noise) and noise >= 0):
        raise InputError(f"spiral() got noise={noise!r}; it needs a finite number that is not negative.")


def tutorial() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The four rows of the well-known eleven-line network: whether exactly one of two inputs is on.

    The answer is the exclusive or of the first two columns, which a network without a hidden layer cannot
    learn. The third column is always 1 and does the work of a bias.

    Returns
    -------
    X : ndarray of float64, shape (4, 3)
        The inputs.
    y : ndarray of int64, shape (4,)
        0 or 1 for each row.

    Examples
    --------
    >>> from glassnet import datasets
    >>> X, y = datasets.tutorial()
    >>> y
    array([0, 1, 1, 0])
    """
    X: Any = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
    return np.array(X, np.float64), np.array([0, 1, 1, 0], np.int64)
