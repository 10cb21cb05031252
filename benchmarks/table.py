"""Every benchmark, as a row: what is measured, by whom, and what it should show.

A new peer is a function in one of the other files and an entry here; so is a new row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.measure import Peer, Result, Row


@dataclass(frozen=True)
class Goal:
    """What a result should show, in words and as a test of it."""

    text: str
    reached: Callable[[Result], bool]


def times_faster(least: float, peer: str) -> Goal:
    """The first peer is at least this many times faster than ``peer``."""
    return Goal(f"at least {least:g} times faster than {peer}", lambda r: r.ratio(peer) >= least)


def below(most: float, unit: str) -> Goal:
    """Every peer needs less than this."""
    return Goal(f"under {most:g} {unit}", lambda r: max(map(r.median, r.values)) < most)


def more_than_first(most: float, unit: str, peer: str) -> Goal:
    """``peer`` needs at most this much more than the first one."""
    return Goal(
        f"{peer}: under {most:g} {unit} more",
        lambda r: r.median(peer) - r.median(next(iter(r.values))) < most,
    )


ROWS = [
    Row(
        "step_4_16_16_3",
        "One training step of 4-16-16-3, batch 16, Adam (long fit minus short fit)",
        "µs",
        [
            Peer("glassnet numpy", "benchmarks.steps:glassnet_numpy"),
            Peer("scikit-learn", "benchmarks.steps:scikit_learn", needs=("sklearn",)),
        ],
        times_faster(2, "scikit-learn"),
    ),
    Row(
        "import_time",
        "Import, the files in the system's cache",
        "ms",
        [
            Peer("numpy", "benchmarks.imports:numpy_alone"),
            Peer("numpy and glassnet", "benchmarks.imports:numpy_and_glassnet"),
        ],
        more_than_first(300, "ms", "numpy and glassnet"),
    ),
    Row(
        "print_60_layers",
        "Trace, differentiate, simplify, print and compile a training step of 60 layers",
        "ms",
        [
            Peer("20 x Dense, BatchNormalization, Dropout", "benchmarks.printing:blocks"),
            Peer("60 x Dense", "benchmarks.printing:dense"),
        ],
        below(1000, "ms"),
    ),
    Row(
        "fit_iris",
        "The whole fit of 4-16-16-3 to iris, 200 epochs, batch 16, Adam, tracing included",
        "ms",
        [
            Peer("glassnet", "benchmarks.fits:glassnet_iris"),
            Peer("scikit-learn", "benchmarks.fits:scikit_learn_iris", needs=("sklearn",)),
        ],
    ),
    Row(
        "fit_digits",
        "The whole fit of 64-64-64-10 to digits, 20 epochs, batch 32, Adam, tracing included",
        "ms",
        [
            Peer("glassnet", "benchmarks.fits:glassnet_digits"),
            Peer("scikit-learn", "benchmarks.fits:scikit_learn_digits", needs=("sklearn",)),
        ],
    ),
]
