"""How much memory a fit needs at most, over what is resident after compiling (Linux)."""

from __future__ import annotations

import ctypes
import gc
import importlib
from pathlib import Path

from benchmarks.networks import NETWORKS, data

PROCESS = Path("/proc/self")


def resident(field: str) -> float:
    """MiB: ``VmRSS`` is now, ``VmHWM`` the most since the last reset."""
    lines = (PROCESS / "status").read_text(encoding="utf-8").splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return int(found[field].split()[0]) / 1024


def mebibytes(peer: str, network: str, variant: str = "") -> float:
    """The data, and the most that a second fit needs beside them; the first one has compiled everything."""
    module, shape = importlib.import_module(f"benchmarks.peers.{peer}"), NETWORKS[network]
    module.trainer(shape, *data(shape), variant)(1)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed does not hide what is needed
    (PROCESS / "clear_refs").write_text("5", encoding="utf-8")
    before = resident("VmRSS")
    module.trainer(shape, *data(shape), variant)(2)
    return resident("VmHWM") - before
