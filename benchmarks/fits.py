"""How long a whole ``fit`` takes on real data."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from benchmarks import STARTED, threads
from benchmarks.networks import NETWORKS, TASKS, Network, Task, read_task


def prepared(peer: str, name: str) -> tuple[Any, Network, Task, Any]:
    """The peer, what it trains, and on what."""
    module, task = importlib.import_module(f"benchmarks.peers.{peer}"), TASKS[name]
    return module, NETWORKS[task.network], task, read_task(name)


def take_threads(module: Any, network: Network) -> None:
    """What suits a network of this size: for small ones one thread is the best for every library."""
    numbers = threads.numbers(module)
    if numbers:
        module.set_threads(numbers[0 if network.gigaflops < 0.01 else -1])


def accuracy(predict: Callable[[Any], Any], X: Any, y: Any) -> dict[str, float]:
    """On the training data, as a sign that the work was the same."""
    return {"accuracy": round(float((predict(X).argmax(axis=1) == y).mean()), 3)}


def warm(peer: str, name: str, variant: str = "") -> tuple[float, dict[str, float]]:
    """Milliseconds of a second fit in a process, of another model of the same layers."""
    module, network, task, (X, y) = prepared(peer, name)
    take_threads(module, network)
    fit = module.trainer(network, X, y, variant)
    fit(task.epochs)
    start = time.perf_counter()
    predict = fit(task.epochs)
    elapsed = time.perf_counter() - start
    return 1e3 * elapsed, accuracy(predict, X, y)


def whole(peer: str, name: str, variant: str = "") -> tuple[float, dict[str, float]]:
    """Milliseconds from the start of the program: imports, reading the data, compiling, training."""
    module, network, task, (X, y) = prepared(peer, name)
    take_threads(module, network)
    predict = module.trainer(network, X, y, variant)(task.epochs)
    elapsed = time.perf_counter() - STARTED
    return 1e3 * elapsed, accuracy(predict, X, y)


def compilation(peer: str, name: str, variant: str = "") -> float:
    """Seconds by which the first fit of a network takes longer than the second; imports come before."""
    import numba  # noqa: F401

    from benchmarks.networks import data
    from benchmarks.timing import seconds

    module, network = importlib.import_module(f"benchmarks.peers.{peer}"), NETWORKS[name]
    fit = module.trainer(network, *data(network, 2 * network.batch + 1), variant)
    first = seconds(fit, 1)
    return first - seconds(fit, 1)
