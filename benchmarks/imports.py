"""How long an import takes, in a process that has loaded next to nothing, and what an installation weighs."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import time
from pathlib import Path


def milliseconds(*names: str) -> float:
    """To import modules one after the other."""
    start = time.perf_counter()
    for name in names:
        importlib.import_module(name)
    return 1e3 * (time.perf_counter() - start)


def mebibytes(name: str) -> tuple[float, dict[str, float]]:
    """A package with everything that it requires, and alone."""
    sizes = {package: size(package) for package in required(name, set())}
    return sum(sizes.values()) / 2**20, {"alone": round(sizes[name] / 2**20, 1)}


def required(name: str, known: set[str]) -> set[str]:
    """The package and what it requires, again and again; what is not installed, this system does not need."""
    if name in known or not any(True for _ in importlib.metadata.distributions(name=name)):
        return known
    known.add(name)
    for text in importlib.metadata.requires(name) or ():
        if "extra ==" not in text:
            required(re.split(r"[^\w.-]", text)[0].lower(), known)
    return known


def size(name: str) -> int:
    """Bytes of the installed files, without what Python compiled."""
    files = [file.locate() for file in importlib.metadata.files(name) or ()]
    spec = importlib.util.find_spec(name)
    origin = Path(spec.origin).parent if spec is not None and spec.origin else None
    if origin is not None and not any(origin in Path(str(file)).parents for file in files):
        files = list(origin.rglob("*"))  # an editable installation
    paths = {Path(str(file)) for file in files}
    return sum(p.stat().st_size for p in paths if p.is_file() and "__pycache__" not in p.parts)
