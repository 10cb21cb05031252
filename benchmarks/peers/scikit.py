"""scikit-learn's ``MLPClassifier``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.networks import Network, Weights, data


def set_threads(number: int) -> None:
    """Of the linear algebra."""
    threadpool_limits(number)


def trainer(network: Network, X: np.ndarray, y: np.ndarray, variant: str) -> Callable[[int], Any]:
    """``fit``, told never to stop early."""

    def fit(epochs: int) -> Any:
        model = MLPClassifier(
            network.hidden,
            batch_size=network.batch,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs + 1,
            alpha=0.0,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged is what was asked for
            model.fit(X, y)
        return model.predict_proba

    return fit


def predictor(
    network: Network, weights: Weights, X: np.ndarray, variant: str
) -> tuple[Callable[[Any], Any], np.ndarray]:
    """``predict_proba``."""
    classes = range(network.sizes[-1])
    model = MLPClassifier(network.hidden).partial_fit(*data(network, 16), classes=classes)
    model.coefs_ = [kernel for kernel, _ in weights]
    model.intercepts_ = [bias for _, bias in weights]
    return model.predict_proba, X
