"""Write statistics as sums: what a loop can do."""

from __future__ import annotations

from glassnet.graph.dims import Dim, product
from glassnet.graph.graph import Graph, rebuild
from glassnet.graph.node import Node, constant, lift, make, reduce, reshape
from glassnet.graph.ops import reduced_shape


def lower_statistics(graph: Graph) -> Graph:
    """``mean`` becomes a sum and a division, ``var`` the mean of squared deviations (in two passes)."""

    def replace(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.op not in ("mean", "var"):
            return None
        x, axis, keepdims = inputs[0], node.attrs["axis"], node.attrs["keepdims"]
        if node.op == "mean":
            return _mean(x, axis, keepdims)
        deviation = x - _mean(x, axis, keepdims=True)
        return _mean(deviation * deviation, axis, keepdims)

    return rebuild(graph, replace)


def _mean(x: Node, axis: tuple[int, ...], keepdims: bool) -> Node:
    """The same sum serves a mean that keeps its axes and one that does not."""
    mean = reduce("sum", x, axis, keepdims=False) / count(x, axis)
    return reshape(mean, reduced_shape(x.shape, axis, keepdims=True)) if keepdims else mean


def count(x: Node, axis: tuple[int, ...]) -> Node:
    """How many elements a reduction takes together."""
    extent = product(x.shape[i] for i in axis)
    if isinstance(extent, Dim) and extent.k > 1:
        return make("mul", constant(extent.k), lift(Dim(1)))
    return lift(extent)
