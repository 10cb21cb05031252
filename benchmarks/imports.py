"""How long an import takes, in a process that has loaded next to nothing."""

from __future__ import annotations

import importlib
import time


def seconds_to_import(*names: str) -> float:
    """The time to import modules one after the other."""
    start = time.perf_counter()
    for name in names:
        importlib.import_module(name)
    return time.perf_counter() - start


def numpy_alone() -> float:
    """NumPy, in milliseconds."""
    return 1e3 * seconds_to_import("numpy")


def numpy_and_glassnet() -> float:
    """NumPy and glassnet, in milliseconds."""
    return 1e3 * seconds_to_import("numpy", "glassnet")
