"""Parameters become constants: what depends on nothing else is computed once and for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.graph.dims import has_batch
from glassnet.graph.graph import Graph, Place, input_node, input_place, rebuild
from glassnet.graph.node import Node, constant
from glassnet.graph.ops import is_weak
from glassnet.programs.interpret import Frame, evaluate_node
from glassnet.trace.names import unused

COMPUTED = "computed"  # the container of what follows from parameters
_FREE = ("const", "arange", "broadcast")  # kept as they are: their arrays say no more
_UNKNOWN = ("size", "random_uniform")


def freeze(graph: Graph, values: Mapping[Place, Any], dtype: Any) -> Graph:
    """The graph with its parameters known: everything that depends on them alone is a constant.

    Parameters
    ----------
    graph : Graph
        Without composites, or with such as depend on the data.
    values : mapping
        Place → value of every input that is not data.
    dtype : dtype
        The float type.

    Returns
    -------
    Graph
        Its inputs are the data, and constants: inputs whose arrays are in ``values``.

    Examples
    --------
    >>> import glassnet as gn
    >>> W = np.ones((3, 2))
    >>> graph = gn.trace(lambda x: x @ np.sqrt(W + 3), ("n", 3))
    >>> frozen = freeze(graph, graph.values, float)
    >>> [(node.op, node.shape) for node in frozen.nodes()]
    [('input', (n, 3)), ('input', (3, 2)), ('matmul', (n, 2))]
    """
    known = _known(graph, values, np.dtype(dtype))
    kept: dict[Place, Any] = {}
    keys = {key for _, key in values}

    def replace_node(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node not in known or node.op in _FREE:
            return None
        if is_weak(node.kind):
            return constant(known[node])
        name = node.attrs["name"] if node.op == "input" else node.label.name or "c"
        place = input_place(node) if node.op == "input" else (COMPUTED, unused(_key(node, name), keys))
        kept[place] = np.asarray(known[node])
        return input_node(name, node.shape, node.kind, place)

    frozen = rebuild(graph, replace_node)
    used = {node for node in frozen.nodes() if node.op == "input"}
    data = [x for x in frozen.inputs if x.op == "input" and input_place(x) not in values]
    constants = sorted((node for node in used if input_place(node) in kept), key=lambda node: node.id)
    arrays = {input_place(node): kept[input_place(node)] for node in constants}
    return replace(frozen, inputs=(*data, *constants), values=arrays, hypers={}, comments={})


def _key(node: Node, name: str) -> str:
    """``batch_normalization_1.std``."""
    return f"{node.label.scope}.{name}" if node.label.scope else name


def _known(graph: Graph, values: Mapping[Place, Any], dtype: np.dtype[Any]) -> dict[Node, Any]:
    """The value of each node that depends neither on data nor on the batch's size."""
    frame = Frame(replace(graph, inputs=()), values, dtype)
    known: dict[Node, Any] = {}
    results: dict[Node, Any] = {}  # of calls: tuples
    for node in graph.nodes():
        if node.op == "input":
            value = values.get(input_place(node))
            if value is not None:
                known[node] = np.asarray(value, dtype) if node.kind == "float" else value
        elif not has_batch(node.shape) and node.op not in _UNKNOWN and all(x in known for x in node.inputs):
            results[node] = evaluate_node(frame, node, {**known, **results})
            known[node] = results[node][0] if node.op == "call" else results[node]
    return known
