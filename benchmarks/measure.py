"""Run the peers of a row, each in a process of its own, in turns."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PACKAGES = ("glassnet", "numpy", "scikit-learn", "numba", "torch", "jax")


@dataclass(frozen=True)
class Peer:
    """One who is measured.

    Attributes
    ----------
    name : str
    function : str
        ``"module:function"``; it answers a number in the row's unit, or (number, dict of remarks).
    needs : tuple of str
        Modules without which the peer is left out.
    """

    name: str
    function: str
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """The modules that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]


@dataclass(frozen=True)
class Row:
    """One benchmark; the first peer is the one that the others are compared with.

    Attributes
    ----------
    name : str
        Of the file of results.
    title, unit : str
    peers : list of Peer
    goal : Goal, optional
    """

    name: str
    title: str
    unit: str
    peers: list[Peer]
    goal: Any = None


@dataclass
class Result:
    """What was measured: peer → a value per round."""

    row: Row
    values: dict[str, list[float]] = field(default_factory=dict)
    remarks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def left_out(self) -> dict[str, list[str]]:
        """Peer → what it lacks."""
        return {peer.name: peer.missing for peer in self.row.peers if peer.missing}

    def median(self, peer: str) -> float:
        """The peer's median over the rounds."""
        return statistics.median(self.values[peer])

    def ratios(self, peer: str) -> list[float]:
        """How many times the first peer's value this one's is, round by round."""
        first = next(iter(self.values.values()))
        return [b / a for a, b in zip(first, self.values[peer], strict=True)]

    def ratio(self, peer: str) -> float:
        """The median of :meth:`ratios`."""
        return statistics.median(self.ratios(peer))

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal, or if a peer is missing."""
        goal = self.row.goal
        return None if goal is None or self.left_out else bool(goal.reached(self))


def measure(row: Row, rounds: int, threads: int) -> Result:
    """Run every peer once to warm the caches of files, then in turns, ``rounds`` times."""
    result = Result(row)
    present = [peer for peer in row.peers if not peer.missing]
    for peer in present:
        run(peer, threads)
    for turn in range(rounds):
        for peer in present[turn % 2 :] + present[: turn % 2]:  # nobody always comes first
            value, remarks = run(peer, threads)
            result.values.setdefault(peer.name, []).append(value)
            result.remarks[peer.name] = remarks
    result.values = {peer.name: result.values[peer.name] for peer in present}
    return result


def run(peer: Peer, threads: int) -> tuple[float, dict[str, Any]]:
    """One measurement, in a fresh process."""
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    command = [sys.executable, "-m", "benchmarks.worker", peer.function]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{peer.name} failed:\n{done.stderr}")
    value, remarks = json.loads(done.stdout)
    return value, remarks


# ------------------------------------------------------------------------------------------ reports
def lines(result: Result) -> Iterator[str]:
    """A row as a table."""
    row = result.row
    yield f"{row.title} [{row.unit}]"
    width = max(len(peer.name) for peer in row.peers)
    for i, (name, values) in enumerate(result.values.items()):
        text = f"  {name:<{width}}  {result.median(name):9.1f}   ({min(values):.1f} to {max(values):.1f})"
        if i:
            ratios = result.ratios(name)
            text += f"   x {result.ratio(name):.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
        remarks = ", ".join(f"{key} {value}" for key, value in result.remarks[name].items())
        yield text + (f"   {remarks}" if remarks else "")
    for name, missing in result.left_out.items():
        yield f"  {name:<{width}}  left out: {', '.join(missing)} not installed"
    if row.goal is not None:
        verdict = {True: "reached", False: "NOT REACHED", None: "not decided"}[result.reached]
        yield f"  goal: {row.goal.text}: {verdict}"


def as_json(result: Result, threads: int) -> str:
    """A row as JSON, with the machine and the versions."""
    peers = {
        name: {
            "median": result.median(name),
            "values": values,
            "ratio": result.ratio(name),
            "ratios": result.ratios(name),
            **result.remarks[name],
        }
        for name, values in result.values.items()
    }
    goal = None if result.row.goal is None else {"text": result.row.goal.text, "reached": result.reached}
    content = {
        "title": result.row.title,
        "unit": result.row.unit,
        "peers": peers,
        "left_out": result.left_out,
        "goal": goal,
        "machine": {**machine(), "threads": threads},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def machine() -> dict[str, Any]:
    """Where it was measured."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
