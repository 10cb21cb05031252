"""Write what loops do not do well as what they do: statistics, and the scores of the labels, as sums."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from operator import mul

from glassnet.graph.dims import Dim, N, product
from glassnet.graph.graph import Graph, Place, input_place, rebuild
from glassnet.graph.node import Node, constant, lift, make, one_hot, reduce, reshape, where
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


def lower_batch_means(graph: Graph) -> Graph:
    """The mean over the examples becomes a sum divided by n: the same bits, faster than NumPy's ``mean``."""

    def replace(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.op != "mean" or node.inputs[0].shape != (N,) or node.kind != "float":
            return None
        return _mean(inputs[0], node.attrs["axis"], node.attrs["keepdims"])

    return rebuild(graph, replace)


def take_rows_out_of_sums(graph: Graph) -> Graph:
    """``(g * gamma).sum(axis=0)`` becomes ``g.sum(axis=0) * gamma``: all terms have the factor ``gamma``.

    Behind batch normalization that leaves two of the gradient's four sums over the examples; the other two
    are those of its scale and its shift.
    """

    def replace(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.op != "sum" or node.kind != "float":
            return None
        axis, keepdims = node.attrs["axis"], node.attrs["keepdims"]
        behind = node.inputs[0].ndim - 1 - max(axis, default=0)
        factors = _factors(inputs[0])
        rows = [x for x in factors if 0 < x.ndim <= behind]
        others = [x for x in factors if x not in rows]
        if not rows or not others:
            return None
        total = reduce("sum", _product(others), axis, keepdims)
        return _product([total, *rows])

    return rebuild(graph, replace)


def _factors(x: Node) -> list[Node]:
    """The factors of a product, from left to right."""
    return [x] if x.op != "mul" else [factor for part in x.inputs for factor in _factors(part)]


def _product(factors: Sequence[Node]) -> Node:
    return functools.reduce(mul, factors)


def share_exponentials(graph: Graph) -> Graph:
    """``exp(z - log(sum(exp(z))))``, a softmax from its logarithm, becomes ``exp(z) / sum(exp(z))``.

    The exponentials are there already: the sum is made of them. Where they overflow, both forms do.
    """

    def replace(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.op != "exp" or inputs[0].op != "sub" or inputs[0].inputs[1].op != "log":
            return None
        z, total = inputs[0].inputs[0], inputs[0].inputs[1].inputs[0]
        shares = total.op == "sum" and total.attrs["keepdims"] and total.inputs[0].op == "exp"
        return total.inputs[0] / total if shares and total.inputs[0].inputs[0] is z else None

    return rebuild(graph, replace)


# With more classes than this, reading the label's score takes less time than adding up a row.
FEW_CLASSES = 32


def lower_picks(graph: Graph) -> Graph:
    """``z[i, y[i]]`` becomes a sum over the row in which only the label's score is not zero.

    Then no score has to be written to memory in order to be read at the label's place, and nothing keeps
    loops over few classes from using vectors. Labels that are out of range would add up to nothing:
    :func:`label_ranges` says what the caller has to check.
    """

    def replace(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if not _is_narrow_pick(node):
            return None
        z, y = inputs
        extent = z.shape[-1]
        assert isinstance(extent, int)
        return reduce("sum", where(one_hot(y, extent), z, 0.0), (z.ndim - 1,))

    return rebuild(graph, replace)


def label_ranges(graph: Graph) -> dict[Place, int]:
    """Place of labels → how many classes there are, wherever picks were lowered."""
    ranges: dict[Place, int] = {}
    for node in graph.nodes():
        extent = node.inputs[0].shape[-1] if _is_narrow_pick(node) else None
        if isinstance(extent, int):
            place = input_place(node.inputs[1])
            ranges[place] = min(extent, ranges.get(place, extent))
    return ranges


def _is_narrow_pick(node: Node) -> bool:
    if node.op != "pick" or node.kind != "float":
        return False
    z, index = node.inputs
    extent = z.shape[-1]
    few = isinstance(extent, int) and extent <= FEW_CLASSES
    return few and index.op == "input" and input_place(index) == ("argument", "y")


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
