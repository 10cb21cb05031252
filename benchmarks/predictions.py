"""How long predictions take, and that all peers predict the same."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from benchmarks import threads
from benchmarks.networks import NETWORKS, data, scores, weights
from benchmarks.timing import seconds_per_call


def microseconds(peer: str, network: str, rows: str, variant: str = "") -> tuple[float, dict[str, Any]]:
    """One call for so many rows."""
    module, shape = importlib.import_module(f"benchmarks.peers.{peer}"), NETWORKS[network]
    X, _ = data(shape, int(rows))
    expected, found = scores(weights(shape), X), {}
    for number in threads.each(module):
        function, x = module.predictor(shape, weights(shape), X, variant)
        require_same(np.asarray(function(x)), expected)
        found[seconds_per_call(function, x)] = number
    best = min(found)
    return 1e6 * best, {} if found[best] is None else {"threads": found[best]}


def require_same(result: np.ndarray, expected: np.ndarray) -> None:
    """Scores, or their softmax."""
    result = result.reshape(expected.shape)
    if result.min() >= 0 and np.allclose(result.sum(axis=1), 1, atol=1e-5):
        powers = np.exp(expected - expected.max(axis=1, keepdims=True))
        expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-3)
