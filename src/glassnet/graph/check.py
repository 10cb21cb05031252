"""The invariants of a graph, in one place; run after each pass in tests."""

from __future__ import annotations

from glassnet.errors import GlassnetError
from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.graph.ops import INFER, KINDS


class GraphError(GlassnetError, AssertionError):
    """A graph breaks an invariant: a bug in glassnet."""


def check(graph: Graph) -> Graph:
    """Verify every invariant of a graph and answer it unchanged.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    Graph
        The same object.

    Raises
    ------
    GraphError
        Naming the node and the broken invariant.
    """
    _require(len(graph.outputs) == len(graph.places), "each output has one place", graph.outputs)
    _require(len(set(graph.places)) == len(graph.places), "no two outputs share a place", graph.places)
    _require(all(node.op == "input" for node in graph.inputs), "inputs are input nodes", graph.inputs)
    known = set(graph.inputs)
    for node in graph.nodes():
        _check_node(node, known)
        _require(all(x.id < node.id for x in node.inputs), "inputs precede their users", node)
    return graph


def _check_node(node: Node, known: set[Node]) -> None:
    _require(node.op in INFER, "the op is in the table", node)
    _require(node.kind in KINDS, "the kind is known", node)
    _require(node.op != "input" or node in known, "every input node is declared", node)
    _require(node.op != "apply", "layers have been traced through", node)
    inferred = INFER[node.op](*node.inputs, **node.attrs)
    _require(inferred == (node.shape, node.kind), f"shape and kind are as inferred, {inferred}", node)
    adjoint = node.label.adjoint
    same = adjoint is None or adjoint.shape == node.shape
    _require(same, "a gradient has its value's shape", node)


def _require(condition: bool, invariant: str, found: object) -> None:
    if not condition:
        raise GraphError(f"broken invariant: {invariant}\nfound: {found!r}")
