"""Where it was measured."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

PACKAGES = ("glassnet", "numpy", "numba", "jax", "torch", "scikit-learn", "onnxruntime")


def machine() -> dict[str, Any]:
    """Processor, memory, system, versions."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := version(name))},
    }


def version(package: str) -> str | None:
    """Of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """The processor's name and the width of its vectors, where the system tells them."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in found.items()}
    flags = set(fields.get("flags", "").split())
    vectors = [shown for flag, shown in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags]
    name = fields.get("model name", platform.machine())
    family = f", family {fields['cpu family']}" if "cpu family" in fields else ""
    return f"{name}{family}" + (f", {vectors[0]}" if vectors else "")


def memory() -> str:
    """The size of the main memory, where the system tells it."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return "unknown"
    return f"{int(path.read_text(encoding='utf-8').split()[1]) / 2**20:.0f} GiB"


def sentence(machine: dict[str, Any]) -> str:
    """All of it on one line."""
    versions = ", ".join(f"{name} {found}" for name, found in machine["versions"].items())
    return (
        f"{machine['processor']}; {machine['cores']} cores, {machine['memory']}; {machine['system']}; "
        f"Python {machine['python']}; {versions}; threads: {machine['threads']}"
    )
