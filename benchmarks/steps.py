"""How long one training step takes: a long fit minus a short one, so that everything else cancels."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np

ROWS, BATCH, SHORT, LONG = 160, 16, 20, 220


def data() -> tuple[np.ndarray, np.ndarray]:
    """Ten batches of sixteen rows, four columns, three classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((ROWS, 4), dtype=np.float32), rng.integers(0, 3, ROWS)


def microseconds_per_step(fit: Callable[[int], object]) -> float:
    """The median of three differences of ``fit(epochs)``."""

    def seconds(epochs: int) -> float:
        start = time.perf_counter()
        fit(epochs)
        return time.perf_counter() - start

    seconds(SHORT)
    steps = (LONG - SHORT) * ROWS / BATCH
    return 1e6 * statistics.median((seconds(LONG) - seconds(SHORT)) / steps for _ in range(3))


def glassnet_numpy() -> float:
    """The printed NumPy program, as ``fit`` runs it."""
    import glassnet as gn
    from glassnet import layers

    X, y = data()

    def fit(epochs: int) -> None:
        model = gn.Sequential([layers.Dense(16, "relu"), layers.Dense(16, "relu"), layers.Dense(3)])
        model.compile("adam", "softmax_cross_entropy", backend="numpy")
        model.fit(X, y, batch_size=BATCH, epochs=epochs, verbose=0)

    return microseconds_per_step(fit)


def scikit_learn() -> float:
    """``MLPClassifier`` with the same layers and the same optimizer, told never to stop early."""
    from sklearn.neural_network import MLPClassifier

    X, y = data()

    def fit(epochs: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged is what was asked for
            MLPClassifier(
                (16, 16),
                batch_size=BATCH,
                max_iter=epochs,
                tol=0.0,
                n_iter_no_change=epochs + 1,
                random_state=0,
            ).fit(X, y)

    return microseconds_per_step(fit)
