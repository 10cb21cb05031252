"""How long a whole ``fit`` takes: layers to trained network, the libraries already imported."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, load_iris


def scaled(loaded: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs with mean 0 and deviation 1 in float32 (a constant column stays 0), and labels."""
    X, y = loaded
    return ((X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9)).astype(np.float32), y


def glassnet(loaded: Any, hidden: tuple[int, ...], epochs: int, batch: int) -> tuple[float, dict[str, float]]:
    """Milliseconds, and the accuracy on the training data, which shows that the work is the same."""
    import glassnet as gn
    from glassnet import layers

    X, y = scaled(loaded)
    start = time.perf_counter()
    model = gn.Sequential(
        [*(layers.Dense(units, "relu") for units in hidden), layers.Dense(int(y.max()) + 1)]
    )
    model.compile("adam", "softmax_cross_entropy")
    model.fit(X, y, batch_size=batch, epochs=epochs, verbose=0)
    elapsed = time.perf_counter() - start
    return 1e3 * elapsed, {"accuracy": round(float((model.predict(X).argmax(axis=1) == y).mean()), 3)}


def scikit_learn(
    loaded: Any, hidden: tuple[int, ...], epochs: int, batch: int
) -> tuple[float, dict[str, float]]:
    """The same for ``MLPClassifier``, told never to stop early."""
    from sklearn.neural_network import MLPClassifier

    X, y = scaled(loaded)
    start = time.perf_counter()
    model = MLPClassifier(
        hidden,
        batch_size=batch,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs + 1,
        alpha=0.0,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged is what was asked for
        model.fit(X, y)
    elapsed = time.perf_counter() - start
    return 1e3 * elapsed, {"accuracy": round(float(model.score(X, y)), 3)}


IRIS = ((16, 16), 200, 16)
DIGITS = ((64, 64), 20, 32)


def glassnet_iris() -> tuple[float, dict[str, float]]:
    """Iris with glassnet."""
    return glassnet(load_iris(return_X_y=True), *IRIS)


def scikit_learn_iris() -> tuple[float, dict[str, float]]:
    """Iris with scikit-learn."""
    return scikit_learn(load_iris(return_X_y=True), *IRIS)


def glassnet_digits() -> tuple[float, dict[str, float]]:
    """Digits with glassnet."""
    return glassnet(load_digits(return_X_y=True), *DIGITS)


def scikit_learn_digits() -> tuple[float, dict[str, float]]:
    """Digits with scikit-learn."""
    return scikit_learn(load_digits(return_X_y=True), *DIGITS)
