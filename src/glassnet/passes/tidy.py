"""Drop what only mattered before differentiation."""

from __future__ import annotations

from glassnet.graph.graph import Graph, rebuild


def drop_stops(graph: Graph) -> Graph:
    """Remove ``stop_gradient``: it has done its work."""
    if not any(node.op == "stop" for node in graph.nodes()):
        return graph
    return rebuild(graph, lambda node, inputs: inputs[0] if node.op == "stop" else None)
