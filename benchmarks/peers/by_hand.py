"""NumPy: the matrix products of a step and nothing else, and a prediction written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import networks
from benchmarks.networks import Network, Weights


def set_threads(number: int) -> None:
    """Of the linear algebra."""
    threadpool_limits(number)


def trainer(network: Network, X: np.ndarray, y: np.ndarray, variant: str) -> Callable[[int], Any]:
    """What no library that calls this BLAS can go below; nothing is learned."""
    kernels = [kernel for kernel, _ in networks.weights(network)]
    units = [np.ones((network.batch, size), np.float32) for size in network.sizes]
    updates = [np.empty_like(kernel) for kernel in kernels]

    def step() -> None:
        for kernel, a, z in zip(kernels, units, units[1:], strict=False):
            np.matmul(a, kernel, out=z)
        for i in reversed(range(len(kernels))):
            np.matmul(units[i].T, units[i + 1], out=updates[i])
            if i:
                np.matmul(units[i + 1], kernels[i].T, out=units[i])

    def fit(epochs: int) -> None:
        for _ in range(epochs * (len(X) // network.batch)):
            units[0].fill(1e-3)  # far from overflow
            step()

    return fit


def predictor(
    network: Network, weights: Weights, X: np.ndarray, variant: str
) -> tuple[Callable[[Any], Any], np.ndarray]:
    """Five lines."""
    return (lambda x: networks.scores(weights, x)), X
