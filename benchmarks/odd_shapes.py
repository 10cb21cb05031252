"""Shapes that fit no vector beside their even neighbors: time for each floating-point operation.

    python -m benchmarks.odd_shapes

The pairs take turns in one process; the ratio is that of the medians, and should be at most 1.5.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable

import numpy as np

import glassnet as gn
from benchmarks.timing import seconds_per_epoch
from glassnet import layers

ROUNDS = 5
# title: widths, batch, rows; of the odd shape and of the nearest even one
PAIRS = {
    "7-33-17-5, batch 30": (((7, 33, 17, 5), 30, 1500), ((8, 32, 16, 8), 32, 1600)),
    "100-300-11, batch 50": (((100, 300, 11), 50, 2500), ((96, 304, 16), 48, 2400)),
    "64-64-64-10, batch 100, the last of 13": (((64, 64, 64, 10), 100, 1713), ((64, 64, 64, 10), 96, 1728)),
    "three branches of 37, 21 and 50, batch 30": ((37, 21, 50), (32, 16, 48)),
}
BRANCHED_ROWS = {37: (30, 1500), 32: (32, 1600)}


def dense(widths: tuple[int, ...]) -> tuple[gn.Model, float]:
    """A chain of layers, and the operations of one row's step."""
    hidden = [layers.Dense(width, activation="relu") for width in widths[1:-1]]
    pairs = [a * b for a, b in itertools.pairwise(widths)]
    return gn.Sequential([*hidden, layers.Dense(widths[-1])]), 2 * (3 * sum(pairs) - pairs[0])


def branched(widths: tuple[int, ...]) -> tuple[gn.Model, float]:
    """Three branches of different widths, added to what they read."""
    first = widths[0]
    x = gn.Input((first,))
    branches = []
    operations = 3 * first * 5
    for width in widths:
        inside = layers.Dense(width, activation="relu")(x)
        branches.append(layers.Dense(first)(inside))
        operations += 5 * first * width
    outputs = layers.Dense(5)(layers.Add()([x, *branches]))
    return gn.Model(x, outputs), 2 * operations


def fit_of(model: gn.Model, width: int, classes: int, batch: int, rows: int) -> Callable[[int], object]:
    """``fit`` on random data."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((rows, width), dtype=np.float32)
    y = generator.integers(0, classes, rows)
    model.compile("adam", "softmax_cross_entropy", backend="numba")
    return lambda epochs: model.fit(X, y, batch_size=batch, epochs=epochs, verbose=0)


def prepared(shape: tuple) -> tuple[Callable[[int], object], float]:
    """A fit, and the operations of one of its epochs."""
    if isinstance(shape[0], tuple):
        widths, batch, rows = shape
        model, operations = dense(widths)
        return fit_of(model, widths[0], widths[-1], batch, rows), operations * rows
    batch, rows = BRANCHED_ROWS[shape[0]]
    model, operations = branched(shape)
    return fit_of(model, shape[0], 5, batch, rows), operations * rows


def main() -> None:
    """Measure all pairs."""
    print(f"{'odd shape':44} {'GFLOP/s':>8} {'even':>8} {'ratio':>6}")
    for title, pair in PAIRS.items():
        fits = [prepared(shape) for shape in pair]
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for (fit, operations), found in zip(fits, times, strict=True):
                found.append(seconds_per_epoch(fit) / operations)
        odd, even = (statistics.median(found) for found in times)
        print(f"{title:44} {1e-9 / odd:8.1f} {1e-9 / even:8.1f} {odd / even:6.2f}", flush=True)


if __name__ == "__main__":
    main()
