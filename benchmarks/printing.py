"""How long it takes from layers to a training step that can run."""

from __future__ import annotations

import time

import glassnet as gn
from glassnet import layers


def milliseconds(model: gn.Sequential) -> tuple[float, dict[str, int]]:
    """Print the training step of a network that is built and compiled."""
    model.build((None, 64))
    model.compile("adam", "softmax_cross_entropy")
    start = time.perf_counter()
    text = model.source("train")
    return 1e3 * (time.perf_counter() - start), {"lines": len(text.splitlines())}


def blocks() -> tuple[float, dict[str, int]]:
    """Twenty times Dense, BatchNormalization, Dropout."""
    block = [
        layer
        for _ in range(20)
        for layer in (layers.Dense(32, "relu"), layers.BatchNormalization(), layers.Dropout(0.1))
    ]
    return milliseconds(gn.Sequential([*block[:-3], layers.Dense(10), *block[-2:]]))


def dense() -> tuple[float, dict[str, int]]:
    """Sixty times Dense."""
    return milliseconds(gn.Sequential([*(layers.Dense(32, "relu") for _ in range(59)), layers.Dense(10)]))
