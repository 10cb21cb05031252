"""Where the constants of ``backend="auto"`` come from: what a NumPy step and a compilation cost.

    python -m benchmarks.rule

Fits of several networks are timed with NumPy; their compilations, each in a process of its own with an empty
cache. Two lines through the measurements give the constants of ``glassnet.train.backend``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import glassnet as gn
from glassnet import layers
from glassnet.train import backend
from glassnet.train.threads import work

# (widths, batch, steps to time)
SHAPES = [
    ((4, 8, 3), 16, 1500),
    ((4, 16, 16, 3), 16, 1500),
    ((64, 64, 64, 10), 32, 1000),
    ((32, 64, 64, 64, 64, 5), 32, 800),
    ((128, 256, 128, 10), 64, 300),
    ((784, 256, 128, 10), 128, 60),
]


def network(widths: tuple[int, ...], chosen: str) -> gn.Sequential:
    """A network with relu between its layers, ready to train."""
    hidden = [layers.Dense(width, activation="relu") for width in widths[1:-1]]
    model = gn.Sequential([*hidden, layers.Dense(widths[-1])])
    model.build((None, widths[0]))
    model.compile("adam", "softmax_cross_entropy", backend=chosen)
    return model


def data(widths: tuple[int, ...], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Random examples."""
    generator = np.random.default_rng(0)
    return generator.standard_normal((rows, widths[0])), generator.integers(0, widths[-1], rows)


def numpy_step(widths: tuple[int, ...], batch: int, steps: int) -> float:
    """Seconds of a training step in NumPy: the median of five."""
    model, (X, y) = network(widths, "numpy"), data(widths, 10 * batch)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        model.fit(X, y, batch_size=batch, epochs=steps // 10, verbose=0)
        times.append((time.perf_counter() - start) / (steps // 10 * 10))
    return float(np.median(times[1:]))


def compilation(number: int) -> float:
    """Seconds until the first compiled fit has ended, in this process."""
    widths, batch, _ = SHAPES[number]
    model, (X, y) = network(widths, "numba"), data(widths, 2 * batch)
    start = time.perf_counter()
    model.fit(X, y, batch_size=batch, verbose=0)
    return time.perf_counter() - start


def in_new_process(number: int) -> float:
    """The same in a process of its own, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.rule", str(number)]
        environment = {**os.environ, "GLASSNET_CACHE_DIR": folder + "/cache"}
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(answer.stdout)


def main() -> None:
    """Measure, and print the constants beside those in use."""
    rows = []
    for number, (widths, batch, steps) in enumerate(SHAPES):
        model = network(widths, "numpy")
        weights, operations = len(model.weights()), work(model, batch, 3)
        rows.append((weights, operations, numpy_step(widths, batch, steps), in_new_process(number)))
        name = "-".join(map(str, widths))
        print(
            f"{name:24} batch {batch:4}  step {rows[-1][2] * 1e6:8.1f} µs  compilation {rows[-1][3]:5.2f} s"
        )
    table = np.array(rows)
    ones = np.ones(len(table))
    # Relative errors count: the smallest step matters as much as the largest.
    step = np.column_stack([ones, table[:, 0], table[:, 1]]) / table[:, 2:3]
    first, each, operation = np.linalg.lstsq(step, ones, rcond=None)[0]
    compiled = np.linalg.lstsq(np.column_stack([ones, table[:, 0]]), table[:, 3], rcond=None)[0]
    print(f"step:        first {first:.2g}, each weight {each:.2g}, operation {operation:.2g}")
    used = (backend.STEP_FIRST, backend.STEP_EACH, backend.STEP_OPERATION)
    print("in use:      first {:.2g}, each weight {:.2g}, operation {:.2g}".format(*used))
    print("compilation: first {:.2g}, each weight {:.2g}".format(*compiled))
    print(f"in use:      first {backend.COMPILE_FIRST:.2g}, each weight {backend.COMPILE_EACH:.2g}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(compilation(int(sys.argv[1])))
    else:
        main()
