"""Statistics for preprocessing layers, from the training data, layer after layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.graph.graph import Graph, input_node, input_place
from glassnet.graph.node import Node, topological
from glassnet.nn.adaptable import Preprocessing
from glassnet.nn.context import NetworkTrace
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.programs.python import compile_graph
from glassnet.trace.tracer import TracedArray
from glassnet.train.data import Dataset
from glassnet.train.memory import is_mapped
from glassnet.train.prepare import as_floats

BLOCK = 1 << 20  # numbers of data larger than memory that are looked at together


def adapt(network: Network, parts: Callable[[Preprocessing], Iterable[Dataset]]) -> None:
    """Give each preprocessing layer that has no statistics yet those of what reaches it.

    Parameters
    ----------
    network : Network
    parts : callable
        Answers the training data for a layer, in parts if it takes them.

    Raises
    ------
    InputError
        Something that training changes, or that is random, stands before such a layer.
    """
    for layer in _unadapted(network):
        arriving = _arriving(network, layer)
        layer.adapt_to(map(arriving, parts(layer)))


def parts_of(data: Dataset, layer: Preprocessing) -> Iterable[Dataset]:
    """The data; a memory map in blocks of rows, for a layer that takes parts."""
    in_blocks = layer.takes_parts and any(map(is_mapped, data.inputs))
    return blocks(data) if in_blocks else [data]


def blocks(data: Dataset) -> Iterator[Dataset]:
    """The data in blocks of rows, small beside what larger data would take."""
    rows = max(1, BLOCK * len(data) // sum(array.size for array in data.inputs))
    return (data.slice(first, first + rows) for first in range(0, len(data), rows))


def _unadapted(network: Network) -> Iterator[Preprocessing]:
    for top in network.layers:
        for layer in top.all_layers():
            if isinstance(layer, Preprocessing) and not layer.adapted:
                yield layer


def _arriving(network: Network, layer: Layer) -> Callable[[Dataset], np.ndarray]:
    """A function that answers what reaches a layer when the network sees training data."""
    trace = NetworkTrace(training=True)
    with trace:
        inputs = [
            input_node(f"x{i + 1}", spec.batch, spec.kind) for i, spec in enumerate(network.input_specs)
        ]
        network.forward(*map(TracedArray, inputs))
    nodes = tuple(trace.layer_inputs.get(layer.key, ()))
    statistics = _statistics_before(network, trace, nodes, layer)
    captured = {("captured", node.attrs["name"]): array for node, array in trace.captured.items()}
    used = [node for node in topological(nodes) if node.op == "input"]
    places = tuple(("return", f"arriving{i + 1}") for i in range(len(nodes)))
    graph = Graph(tuple(used), nodes, places, name="arriving", values=dict(captured))
    program = compile_graph(graph)

    def arriving(data: Dataset) -> np.ndarray:
        arrays = as_floats(network, data).inputs
        examples = {input_place(node): array for node, array in zip(inputs, arrays, strict=True)}
        found = program({**captured, **statistics, **examples}).values()
        return np.concatenate([np.asarray(array) for array in found])

    return arriving


def _statistics_before(
    network: Network, trace: NetworkTrace, nodes: tuple[Node, ...], layer: Layer
) -> dict[Any, Any]:
    """Place → value of the statistics that are used on the way; an error if something else is."""
    fixed = [x for top in network.layers for x in top.all_layers() if isinstance(x, Preprocessing)]
    known = {trace.bound[w].node: w.value for x in fixed for w in x.own_weights if w in trace.bound}
    used = [node for node in topological(nodes) if node.op == "input"]
    if not nodes or any(_is_changing(node) and node not in known for node in used):
        raise InputError(
            f"layer {layer.key} has no statistics, and what reaches it changes in training.\n"
            "Call its adapt(data) before fit(), or use BatchNormalization there."
        )
    return {input_place(node): value for node, value in known.items()}


def _is_changing(node: Node) -> bool:
    place = input_place(node)
    return place[0] in ("parameters", "state", "hyper") or place[1] in ("seed", "t")
