"""Graph → graph passes, and the pipelines made of them: readable lists, run from left to right."""

from __future__ import annotations

from collections.abc import Callable

from glassnet.graph.graph import Graph
from glassnet.passes.expand import expand_all, expand_inline
from glassnet.passes.lower import (
    lower_batch_means,
    lower_picks,
    lower_statistics,
    share_exponentials,
    take_rows_out_of_sums,
)
from glassnet.passes.tidy import drop_stops

Pass = Callable[[Graph], Graph]

# What a printer gets to see. NumPy keeps composites as helpers; the others have none left.
PIPELINES: dict[str, tuple[Pass, ...]] = {
    "numpy": (drop_stops, expand_inline, lower_batch_means),
    "reference": (drop_stops, expand_all),
    "compiled": (
        drop_stops,
        expand_all,
        share_exponentials,
        lower_picks,
        lower_statistics,
        take_rows_out_of_sums,
    ),
}


def run(graph: Graph, pipeline: str) -> Graph:
    """The graph after all passes of a pipeline."""
    for step in PIPELINES[pipeline]:
        graph = step(graph)
    return graph
