"""Replace composite calls by their bodies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from glassnet.graph.graph import Graph, inline_call, rebuild
from glassnet.graph.node import Node


def expand(graph: Graph, chosen: Callable[[Node], bool]) -> Graph:
    """Replace the chosen calls by their bodies, again and again until none is left."""

    def replace(node: Node, inputs: tuple[Node, ...]) -> Node | Sequence[Node] | None:
        return inline_call(node, inputs) if node.op == "call" and chosen(node) else None

    while any(node.op == "call" and chosen(node) for node in graph.nodes()):
        graph = rebuild(graph, replace)
    return graph


def expand_inline(graph: Graph) -> Graph:
    """Open the composites that read better in place, or that cannot stand alone."""
    return expand(graph, lambda node: node.attrs["function"].inline or _lacks_float_type(node))


def _lacks_float_type(call: Node) -> bool:
    """Whether a helper would make floats without an argument to tell it their width."""
    body: Graph = call.attrs["body"]
    return any(node.kind == "float" for node in body.nodes()) and all(x.kind != "float" for x in body.inputs)


def expand_all(graph: Graph) -> Graph:
    """Open every composite."""
    return expand(graph, lambda node: True)
