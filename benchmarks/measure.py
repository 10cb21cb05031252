"""Run the peers of a row, each in a process of its own, in turns."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import threads
from benchmarks.networks import FOLDER

ROOT = Path(__file__).parents[1]
PATIENCE = 900  # seconds for one measurement


@dataclass(frozen=True)
class Peer:
    """One who is measured.

    Attributes
    ----------
    name : str
    function : str
        ``"module:function"``; it answers a number in the row's unit, or (number, dict of remarks).
    arguments : tuple of str
        Of the function.
    needs : tuple of str
        Modules without which the peer is left out.
    cold : bool
        Whether it starts without anything compiled earlier.
    """

    name: str
    function: str
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    cold: bool = False

    @property
    def missing(self) -> str:
        """The modules that are not installed, in words."""
        names = [module for module in self.needs if importlib.util.find_spec(module) is None]
        return f"{', '.join(names)} not installed" if names else ""


@dataclass(frozen=True)
class Goal:
    """What a result should show: in words and as a test of it, for one peer, perhaps beside others."""

    text: str
    peer: str
    reached: Callable[[Result], bool]
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One benchmark; the first peer is the one that the others are compared with.

    Attributes
    ----------
    name : str
        Of the file of results.
    title, unit : str
    peers : tuple of Peer
    goals : tuple of Goal
    """

    name: str
    title: str
    unit: str
    peers: tuple[Peer, ...]
    goals: tuple[Goal, ...] = ()


@dataclass
class Result:
    """What was measured: peer → a value per round; and who was left out, and why."""

    row: Row
    values: dict[str, list[float]] = field(default_factory=dict)
    remarks: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def median(self, peer: str) -> float:
        """The peer's median over the rounds."""
        return statistics.median(self.values[peer])

    def ratios(self, peer: str, than: str = "") -> list[float]:
        """How many times the other's value (the first peer's) this one's is, round by round."""
        first = self.values[than or self.row.peers[0].name]
        return [b / a for a, b in zip(first, self.values[peer], strict=True)]

    def ratio(self, peer: str, than: str = "") -> float:
        """The median of :meth:`ratios`."""
        return statistics.median(self.ratios(peer, than))

    def reached(self, goal: Goal) -> bool | None:
        """Whether a goal is reached; None if a peer is missing."""
        present = all(name in self.values for name in (goal.peer, *goal.beside))
        return bool(goal.reached(self)) if present else None


class FailedError(Exception):
    """A peer's process ended without an answer."""


def measure(row: Row, rounds: int, limit: int | None, folder: Path) -> Result:
    """Run every peer once to warm the caches of files, then in turns, ``rounds`` times.

    Who fails the first time is left out; who fails later spoils the row.
    """
    result = Result(row, left_out={peer.name: peer.missing for peer in row.peers if peer.missing})
    for peer in row.peers:
        if not peer.missing:
            try:
                run(peer, limit, folder)
            except FailedError as error:
                result.left_out[peer.name] = str(error)
    present = [peer for peer in row.peers if peer.name not in result.left_out]
    values: dict[str, list[float]] = {peer.name: [] for peer in present}
    for turn in range(rounds):
        for peer in present[turn % 2 :] + present[: turn % 2]:  # nobody always comes first
            value, result.remarks[peer.name] = run(peer, limit, folder)
            values[peer.name].append(value)
    result.values = values
    return result


def run(peer: Peer, limit: int | None, folder: Path) -> tuple[float, dict[str, Any]]:
    """One measurement, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.worker", peer.function, *peer.arguments]
    with tempfile.TemporaryDirectory() as empty:
        cache = Path(empty) if peer.cold else folder / "cache"
        environment = {**os.environ, **threads.environment(limit), **caches(cache), FOLDER: str(folder)}
        try:
            done = subprocess.run(
                command,
                check=False,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            raise FailedError(f"no answer after {PATIENCE} s") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise FailedError(f"failed: {lines[-1] if lines else f'code {done.returncode}'}")
    value, remarks = json.loads(done.stdout.splitlines()[-1])
    return value, remarks


def caches(folder: Path) -> dict[str, str]:
    """The environment in which every library keeps what it compiled in this folder."""
    return {
        "GLASSNET_CACHE_DIR": str(folder / "glassnet"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "torch"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
