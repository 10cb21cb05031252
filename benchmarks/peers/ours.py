"""glassnet; the variants are its backends, and ``"bare"`` for the predictor without checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import glassnet as gn
from benchmarks.networks import Network, Weights
from glassnet import layers


def hidden(units: int, dropout: float) -> list[Any]:
    """A hidden layer."""
    if not dropout:
        return [layers.Dense(units, "relu")]
    return [
        layers.Dense(units),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dropout(dropout),
    ]


def compiled(network: Network, backend: str) -> gn.Sequential:
    """A model with new weights."""
    blocks = [layer for units in network.hidden for layer in hidden(units, network.dropout)]
    model = gn.Sequential([*blocks, layers.Dense(network.sizes[-1])])
    model.compile("adam", "softmax_cross_entropy", backend=backend)
    return model


def trainer(network: Network, X: np.ndarray, y: np.ndarray, variant: str) -> Callable[[int], Any]:
    """Just ``fit``: shuffling, the last short batch and the history are part of it."""

    def fit(epochs: int) -> Any:
        model = compiled(network, variant)
        model.fit(X, y, batch_size=network.batch, epochs=epochs, verbose=0)
        return model.predict

    return fit


def predictor(
    network: Network, weights: Weights, X: np.ndarray, variant: str
) -> tuple[Callable[[Any], Any], np.ndarray]:
    """``predict``, or the bare function for one row."""
    model = compiled(network, "numba" if variant == "bare" else variant)
    model.build((None, network.sizes[0]))
    pairs = [array for pair in weights for array in pair]
    model.set_parameters(dict(zip(model.parameters, pairs, strict=True)))
    return (model.predictor(), X[0]) if variant == "bare" else (model.predict, X)
