"""A prediction as it is shipped: one graph from the data to what ``predict`` answers, all weights known."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from glassnet.errors import InputTypeError
from glassnet.export.preparation import Preparation
from glassnet.graph.graph import Graph, Place, copy_nodes, input_node, input_place
from glassnet.nn.specs import Spec
from glassnet.passes.expand import expand
from glassnet.passes.fold import fold_scaling
from glassnet.passes.tidy import drop_stops
from glassnet.programs.freeze import freeze
from glassnet.trace.composite import Composite
from glassnet.trace.tracer import Trace, TracedArray, node_of
from glassnet.train.graphs import prediction_graph
from glassnet.train.trainable import Trainable

Answer = Callable[[Sequence[np.ndarray]], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Inference:
    """What is shipped, and what its outputs mean.

    Attributes
    ----------
    title : str
        The class of the model or estimator.
    graph : Graph
        Its inputs are the data, then constants; their arrays are in ``graph.values``. Places of outputs:
        ``scores`` for a model; ``label`` (numbers of classes) and ``probabilities`` for a classifier,
        ``variable`` for a regressor or transformer.
    dtype : dtype
        The float type that it computes in.
    inputs : tuple of Spec
        What the data look like.
    answer : callable
        Arrays → output's name → what the model or estimator itself answers; labels as the user knows them.
        Where there is a preparation, it takes a list of values for each column instead.
    truth : callable
        The same, from networks that compute in float64.
    classes : tuple of ndarray
        The labels, per target; none where each output is a yes or no.
    feature_names : tuple of str
        If the estimator knows names.
    preparation : Preparation, optional
        What makes the data of the columns of a table.
    """

    title: str
    graph: Graph
    dtype: np.dtype[Any]
    inputs: tuple[Spec, ...]
    answer: Answer
    truth: Answer
    classes: tuple[np.ndarray, ...] = ()
    feature_names: tuple[str, ...] = ()
    preparation: Preparation | None = None

    def as_type(self, dtype: Any) -> Inference:
        """The same, computed in another float type."""
        return replace(self, dtype=np.dtype(dtype))

    def whole(self) -> Graph:
        """The graph from the columns of the table on, if there are some."""
        return self.graph if self.preparation is None else self.preparation.before(self.graph)

    def decoded(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of classes as labels."""
        if not self.classes:
            return numbers
        if len(self.classes) == 1:
            found: np.ndarray = self.classes[0][numbers]
            return found
        return np.stack([column[numbers[:, i]] for i, column in enumerate(self.classes)], axis=1)

    def folded(self, keep: Collection[Composite] = ()) -> Graph:
        """The graph with everything computed that is known, and scaling folded into matrix products.

        Parameters
        ----------
        keep : collection of Composite
            Composites that stay whole.

        Returns
        -------
        Graph
            Constants in float64.
        """
        graph = expand(drop_stops(self.graph), lambda call: call.attrs["function"] not in keep)
        return fold_scaling(freeze(graph, graph.values, np.float64), self.dtype)


def inference_of(thing: Any) -> Inference:
    """What is shipped of a model or an estimator.

    Parameters
    ----------
    thing : Model or estimator
        Built, or fitted.

    Raises
    ------
    InputTypeError
        It is neither.
    NotBuiltError
        The model's input shape is not known yet.
    """
    if isinstance(thing, Trainable):
        return of_network(thing)
    if hasattr(thing, "_inference") and not isinstance(thing, type):
        found: Inference = thing._inference()
        return found
    raise InputTypeError(
        f"export takes a model or an estimator of glassnet; got {_described(thing)}.\n"
        "Of a scikit-learn Pipeline, export the last step, or convert the whole with skl2onnx."
    )


def _described(thing: Any) -> str:
    return (
        f"the class {thing.__name__}"
        if isinstance(thing, type)
        else f"an object of type {type(thing).__name__}"
    )


def of_network(network: Trainable) -> Inference:
    """What is shipped of a model."""

    def answer(model: Trainable, arrays: Sequence[np.ndarray]) -> Mapping[str, Any]:
        return {"scores": model.predict(list(arrays) if len(arrays) > 1 else arrays[0])}

    return Inference(
        type(network).__name__,
        known_graph(network),
        network.dtype,
        network.input_specs,
        partial(answer, network),
        lambda arrays: answer(in_float64(network), arrays),
    )


def in_float64(network: Trainable) -> Trainable:
    """The network itself, or a copy of it that computes in float64."""
    return network if network.dtype == np.float64 else copy.deepcopy(network).astype("float64")


def known_graph(network: Trainable) -> Graph:
    """The graph of a prediction with the present values of everything in it."""
    network.require_built("export()")
    graph = prediction_graph(network)
    present = network._shelf.values(graph, network.seed, network.step)
    places = [input_place(node) for node in graph.inputs]
    values = {place: present[place] for place in places if place[0] != "argument"}
    return replace(graph, values=values, hypers={})


def extended(graphs: Sequence[Graph], name: str, head: Callable[[list[Any]], Mapping[str, Any]]) -> Graph:
    """The graphs of one or several networks on the same data, and what is made of their scores.

    Parameters
    ----------
    graphs : sequence of Graph
        From :func:`known_graph`, with one input.
    name : str
        Of the data.
    head : callable
        Traced scores, one array per network → output's name → traced array.

    Returns
    -------
    Graph
    """
    values: dict[Place, Any] = {}
    trace = Trace(reserved=(name,))
    with trace, trace.unnamed():  # names are the networks' own
        first = graphs[0].inputs[0]
        data = input_node(name, first.shape, first.kind)
        scores = []
        for number, graph in enumerate(graphs, 1):
            new: dict[Any, Any] = {graph.inputs[0]: data}
            for node in graph.inputs[1:]:
                container, key = input_place(node)
                place = container, key if number == 1 else f"network_{number}.{key}"
                new[node] = input_node(node.attrs["name"], node.shape, node.kind, place)
                new[node].label.scope = node.label.scope
                values[place] = graph.values[container, key]
            copied = copy_nodes(graph.nodes(), new)
            scores.append(TracedArray(copied[graph.outputs[0]]))
            if number > 1:
                for node in graph.nodes():
                    copied[node].label.scope = f"network_{number}.{node.label.scope}"
        outputs = {key: node_of(value) for key, value in head(scores).items()}
    values.update({("captured", node.attrs["name"]): array for node, array in trace.captured.items()})
    read = Graph((), tuple(outputs.values()), tuple(("return", key) for key in outputs))
    constants = [x for x in read.nodes() if x.op == "input" and x is not data]
    return replace(
        graphs[0],
        inputs=(data, *constants),
        outputs=read.outputs,
        places=read.places,
        titles=_titles(graphs),
        values={input_place(node): values[input_place(node)] for node in constants},
    )


def _titles(graphs: Sequence[Graph]) -> dict[str, str]:
    """Scope → what printers say about it, of all networks."""
    others = {f"network_{i}.{k}": v for i, graph in enumerate(graphs[1:], 2) for k, v in graph.titles.items()}
    return {**graphs[0].titles, **others}
