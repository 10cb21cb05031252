"""Stopwatches."""

from __future__ import annotations

import math
import statistics
import time
import timeit
from collections.abc import Callable
from typing import Any

LEAST = 0.3  # seconds that a measurement has to take


def seconds(function: Callable[..., object], *arguments: Any) -> float:
    """The time of one call."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def seconds_per_epoch(fit: Callable[[int], object]) -> float:
    """The difference of ``fit(many)`` and ``fit(1)``: whatever happens once in a fit cancels."""
    fit(1)  # what is compiled, or imported late, is so now
    once = seconds(fit, 1)
    epochs = 2
    while (total := seconds(fit, epochs)) - once < LEAST:
        epochs *= max(2, math.floor(3 * LEAST / total))  # the next fit takes a second or twice as long
    return statistics.median((seconds(fit, epochs) - seconds(fit, 1)) / (epochs - 1) for _ in range(3))


def seconds_per_call(function: Callable[[Any], object], x: Any) -> float:
    """One of very many calls."""
    timer = timeit.Timer("function(x)", globals={"function": function, "x": x})
    timer.timeit(1)
    calls, _ = timer.autorange()  # 0.2 s or more
    return statistics.median(timer.repeat(5, calls)) / calls
