"""A prediction of a whole batch as the prediction of one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.errors import InputError
from glassnet.graph.dims import Dim, Shape, concrete, has_batch, product
from glassnet.graph.graph import Graph, rebuild
from glassnet.graph.node import Node, broadcast, intern, make, reduce, reshape


def one_row(graph: Graph) -> Graph:
    """The graph for a batch of a single row: every ``n`` is 1.

    Parameters
    ----------
    graph : Graph
        Each row of its outputs may depend on the same row of the inputs only.

    Returns
    -------
    Graph
        All extents are numbers.

    Raises
    ------
    InputError
        An operation that reads other rows, or counts them; the layer is named.
    """
    for node in graph.nodes():
        rule = _MIXES.get(node.op)
        reason = rule(node) if rule is not None else ""
        if reason:
            where = f"layer {node.label.scope}" if node.label.scope else "the model"
            raise InputError(
                f"{where} mixes the rows of a batch: {node.op!r} {reason}.\n"
                "Only networks that predict each row by itself can become a program for one row."
            )
    return rebuild(graph, _in_one_row)


def _in_one_row(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    if node.op == "call":
        return intern("call", inputs, {**node.attrs, "body": rebuild(node.attrs["body"], _in_one_row)})
    changed = {key: _one(value) for key, value in node.attrs.items()}
    if changed == node.attrs:
        return None
    return intern(node.op, inputs, changed) if node.op == "input" else make(node.op, *inputs, **changed)


def _one(value: Any) -> Any:
    """An attribute with 1 in the place of n."""
    return concrete(value, 1) if isinstance(value, tuple) and has_batch(value) else value


def lower_lookups(graph: Graph) -> Graph:
    """Lookups in tables of one row find that row: no index is needed."""

    def replace_node(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.op == "pick" and inputs[0].shape[-1] == 1:
            return reshape(inputs[0], node.shape)
        if node.op == "take" and inputs[0].shape[0] == 1:
            table, axes = inputs[0], (1,) * inputs[1].ndim
            return broadcast(reshape(table, (*axes, *table.shape[1:])), node.shape)
        if node.op == "scatter_add" and node.shape[0] == 1:
            return reshape(reduce("sum", inputs[0], tuple(range(inputs[1].ndim))), node.shape)
        return None

    return rebuild(graph, replace_node)


# ------------------------------------------------------------------------------------------ what mixes rows
def _batch_axis(shape: Shape) -> int:
    """Where the batch is; -1 if nowhere."""
    return next((i for i, extent in enumerate(shape) if isinstance(extent, Dim)), -1)


def _over_rows(node: Node) -> str:
    axis, batch = node.attrs["axis"], _batch_axis(node.inputs[0].shape)
    reduced = batch in axis if isinstance(axis, tuple) else batch == axis
    return f"over axis {batch}" if batch >= 0 and reduced else ""


def _contracts_rows(node: Node) -> str:
    return "sums over the rows" if isinstance(node.inputs[0].shape[-1], Dim) else ""


def _moves_rows(node: Node) -> str:
    """A reshape keeps a row's values together if as much stands before the batch as before."""
    old, new = node.inputs[0].shape, node.shape
    before = [product(shape[: _batch_axis(shape)]) for shape in (old, new) if has_batch(shape)]
    return "moves values from row to row" if len(set(before)) > 1 else ""


def _looks_up_rows(node: Node) -> str:
    table = node.inputs[0].shape
    axis = 0 if node.op == "take" else len(table) - 1
    return "looks up other rows" if _batch_axis(table) == axis else ""


def _adds_rows(node: Node) -> str:
    return "adds up rows" if has_batch(node.inputs[1].shape) or isinstance(node.shape[0], Dim) else ""


def _counts_rows(node: Node) -> str:
    return "counts the rows" if node.op == "size" or isinstance(node.attrs["count"], Dim) else ""


def _draws(node: Node) -> str:
    return "draws random numbers for the batch as a whole"


# op → rule (node) → what it does with other rows, or ""; ops without a rule leave rows alone
_MIXES: dict[str, Callable[[Node], str]] = {
    **dict.fromkeys(("sum", "mean", "var", "max", "min", "argmax", "argmin"), _over_rows),
    "matmul": _contracts_rows,
    "reshape": _moves_rows,
    **dict.fromkeys(("take", "pick"), _looks_up_rows),
    "scatter_add": _adds_rows,
    **dict.fromkeys(("size", "arange"), _counts_rows),
    "random_uniform": _draws,
}
