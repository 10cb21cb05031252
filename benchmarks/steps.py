"""How long one training step takes, seen from ``fit``."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks import threads
from benchmarks.networks import NETWORKS, data
from benchmarks.timing import seconds_per_epoch

# These train on the last, shorter batch, too; the others leave it out.
WHOLE = ("ours", "scikit")


def microseconds(peer: str, network: str, variant: str = "") -> tuple[float, dict[str, Any]]:
    """Per step; a short batch counts as the share of a step that its rows are."""
    module, shape = importlib.import_module(f"benchmarks.peers.{peer}"), NETWORKS[network]
    batches = shape.rows / shape.batch if peer in WHOLE else shape.rows // shape.batch
    found = {}
    for number in threads.each(module):
        fit = module.trainer(shape, *data(shape), variant)
        found[seconds_per_epoch(fit) / batches] = number
    best = min(found)
    remarks: dict[str, Any] = {} if found[best] is None else {"threads": found[best]}
    return 1e6 * best, {**remarks, "GFLOP/s": float(f"{shape.gigaflops / best:.3g}")}
