"""The graphs of a model: one training step, prediction, loss and metrics, gradients.

Layout of the parameters in a training step: arguments of their own for a small network and an optimizer that
remembers nothing, else one vector ``w`` of which each layer reads its part, so that the optimizer runs once
over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from glassnet.grad.backward import backward
from glassnet.graph.dims import N
from glassnet.graph.graph import Graph, Place, input_node, input_place
from glassnet.graph.node import Node, make, place
from glassnet.nn.context import NetworkTrace, Weight
from glassnet.nn.layer import Layer
from glassnet.nn.losses import Loss
from glassnet.nn.metrics import Metric
from glassnet.nn.specs import Spec
from glassnet.optim.optimizers import Optimizer
from glassnet.printers.expressions import shape_text
from glassnet.trace.tracer import TracedArray, node_of
from glassnet.train.updates import add_update, part_of, rename

SMALL = 6  # up to this many parameter arrays are arguments of their own
RESERVED = (
    "x",
    "y",
    "w",
    "g",
    "m",
    "v",
    "t",
    "seed",
    "n",
    "loss",
    "state",
    "frozen",
    "parameters",
    "sample_weight",
)


class Network(Protocol):
    """What the graphs need of a model."""

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers, in order."""

    input_specs: tuple[Spec, ...]
    loss_function: Loss | None
    metrics: tuple[Metric, ...]
    optimizer: Optimizer | None
    dtype: np.dtype[Any]

    def forward(self, *inputs: Any) -> Any:
        """The network's function on traced arrays."""

    def weights(self) -> list[tuple[Weight, bool]]:
        """All weights, and whether each is trained."""

    def trained_weights(self) -> list[Weight]:
        """The weights that training changes."""


class Sheet:
    """One graph being made for a network: the trace, the inputs, and where results go."""

    def __init__(self, network: Network, training: bool, sampling: bool = False) -> None:
        self.network = network
        slots = network.optimizer.slots if network.optimizer else ()
        self.trace = NetworkTrace(training, (*RESERVED, *slots), sampling)
        self.weights, self.trained = network.weights(), network.trained_weights()
        self.outputs: dict[Place, Node] = {}
        self.first: list[Node] = []
        self.slots: list[Node] = []

    def containers(self) -> dict[Weight, str]:
        """Where each weight lives: trained, a statistic, or frozen."""
        names = {}
        for weight, trained in self.weights:
            names[weight] = "parameters" if trained else "state" if not weight.trainable else "frozen"
        return names

    def bind_entries(self) -> None:
        """Weights are inputs, each by its key."""
        containers = self.containers()
        self.trace.bind = lambda weight: input_node(
            weight.symbol, weight.shape, "float", (containers[weight], weight.key)
        )

    def bind_vector(self) -> Node:
        """Trained weights are parts of one vector ``w``; the others are inputs."""
        self.bind_entries()
        entry_of = self.trace.bind
        offsets = vector_offsets(self.trained)
        vector = input_node("w", (sum(math.prod(weight.shape) for weight in self.trained),))

        def bind(weight: Weight) -> Node:
            if weight not in offsets:
                return entry_of(weight)
            node = part_of(vector, offsets[weight], weight.shape)
            node.label.name = weight.symbol
            return node

        self.trace.bind = bind
        return vector

    def run(self) -> Any:
        """The forward pass."""
        names = (
            ["x"]
            if len(self.network.input_specs) == 1
            else [f"x{i + 1}" for i in range(len(self.network.input_specs))]
        )
        for name, spec in zip(names, self.network.input_specs, strict=True):
            self.first.append(input_node(name, spec.batch, spec.kind))
        return self.network.forward(*map(TracedArray, self.first))

    def targets(self, spec: Spec, weighted: bool) -> tuple[Any, Any]:
        """The targets and, if wanted, the sample weights."""
        y = input_node("y", spec.batch, spec.kind)
        self.first.append(y)
        weights = input_node("sample_weight", (N,)) if weighted else None
        self.first += [weights] if weights is not None else []
        return TracedArray(y), None if weights is None else TracedArray(weights)

    def bind_all(self) -> None:
        """Bind the weights of layers that the forward pass did not use."""
        for weight, _ in self.weights:
            if weight not in self.trace.bound:
                self.trace.bound[weight] = TracedArray(self.trace.bind(weight))

    def node(self, weight: Weight) -> Node:
        """The node that stands for a weight."""
        return self.trace.bound[weight].node

    def penalty(self) -> Any:
        """The sum of all regularizers' penalties, or None."""
        terms = []
        for weight, _ in self.weights:
            if weight.regularizer is not None and weight in self.trained:
                self.trace.note = weight.key
                terms.append(weight.regularizer(self.trace.bound[weight]))
        for key, activity_penalty in self.trace.penalties:
            self.trace.note = key
            terms.append(activity_penalty())
        self.trace.note = ""
        if not terms:
            return None
        if len(terms) > 2:  # together they would not fit on a line
            for i, term in enumerate(terms, 1):
                rename(term.node, f"penalty{i}")
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def graph(self, name: str, doc: str, loose: bool = False) -> Graph:
        """The finished graph."""
        trace = self.trace
        used = {node for node in trace.memo.values() if node.op == "input"}
        order = [*self.first, *self._weight_inputs(used), *self.slots]
        order += [node for node in (trace.step, trace.seed) if node is not None]
        captured = {("captured", node.attrs["name"]): array for node, array in trace.captured.items()}
        hypers: dict[Any, Any] = {
            where: getattr(owner, name) for where, (owner, name) in trace.hypers.items()
        }
        inputs = tuple(dict.fromkeys([*order, *trace.captured, *trace.hyper_nodes.values()]))
        return Graph(
            inputs,
            tuple(self.outputs.values()),
            tuple(self.outputs),
            name=name,
            doc=doc,
            values={**captured, **hypers},
            titles={layer.key: layer.title() for top in self.network.layers for layer in top.all_layers()},
            comments={where: ", ".join(filter(None, notes)) for where, notes in trace.comments.items()},
            hypers=dict(trace.hypers),
            loose=loose,
        )

    def _weight_inputs(self, used: set[Node]) -> list[Node]:
        vector = [
            node for node in used if node.attrs["name"] == "w" and input_place(node) == ("argument", "w")
        ]
        entries = [self.node(weight) for weight, _ in self.weights if weight in self.trace.bound]
        entries.sort(key=lambda node: ("parameters", "frozen", "state").index(input_container(node)))
        return [*vector, *(node for node in entries if node.op == "input")]


def input_container(node: Node) -> str:
    """The container of an input; parts of the vector count as parameters."""
    return input_place(node)[0] if node.op == "input" else "parameters"


def vector_offsets(weights: Sequence[Weight]) -> dict[Weight, int]:
    """Where each weight begins in the vector of all trained weights."""
    offsets, start = {}, 0
    for weight in weights:
        offsets[weight] = start
        start += math.prod(weight.shape)
    return offsets


def prediction_graph(network: Network, sampling: bool = False) -> Graph:
    """Inputs to the last layer's output; with dropout and noise drawn, if asked."""
    sheet = Sheet(network, training=False, sampling=sampling)
    with sheet.trace:
        sheet.bind_entries()
        scores = node_of(sheet.run())
    sheet.outputs["return", "scores"] = scores
    doc = "The network's output for the inputs x."
    if sampling and sheet.trace.seed is not None:
        doc = f"{doc[:-1]}, with dropout and noise drawn.\n\nt = 1, 2, ... is the number of the pass."
    return sheet.graph("sample" if sampling else "predict", doc, loose=len(sheet.trained) <= SMALL)


def _loss_outputs(sheet: Sheet, spec: Spec, weighted: bool, scores: Any) -> tuple[Node, Node, Node | None]:
    """Total loss, data loss and penalty; metrics become outputs; targets are declared here."""
    assert sheet.network.loss_function is not None
    y, weights = sheet.targets(spec, weighted)
    with place(scope="loss"):
        data = node_of(sheet.network.loss_function(y, scores, weights))
        rename(data, "data_loss")
        penalty = sheet.penalty()
        if penalty is not None:
            rename(penalty.node, "penalty")
        total = data if penalty is None else data + penalty.node
        rename(total, "loss")
        _metric_outputs(sheet, y, scores, weights)
    return total, data, None if penalty is None else penalty.node


def _metric_outputs(sheet: Sheet, y: Any, scores: Any, weights: Any) -> None:
    assert sheet.network.loss_function is not None
    for metric in sheet.network.metrics:
        if metric.held_out:
            continue
        values = metric(y, scores, sheet.network.loss_function)
        if not values.shape:
            mean = values
        elif weights is None:
            mean = values.mean()
        else:
            mean = (weights * values).sum() / TracedArray(make("maximum", node_of(weights.sum()), 1e-30))
        rename(mean.node, metric.name if metric.name.isidentifier() else "metric")
        sheet.outputs["return", metric.name] = mean.node


def evaluation_graph(network: Network, spec: Spec, weighted: bool, training: bool) -> Graph:
    """Data loss, penalty, metrics."""
    sheet = Sheet(network, training)
    with sheet.trace:
        sheet.bind_entries()
        scores = sheet.run()
        _, data, penalty = _loss_outputs(sheet, spec, weighted, scores)
        sheet.bind_all()
    metrics = sheet.outputs
    sheet.outputs = {("return", "data_loss"): data}
    if penalty is not None:
        sheet.outputs["return", "penalty"] = penalty
    sheet.outputs.update(metrics)
    what = "The loss of a batch" + (", and its penalty." if penalty is not None else ".")
    doc = f"{what}\n\n{_batch_doc(sheet, spec)}"
    return sheet.graph("loss", doc, loose=len(sheet.trained) <= SMALL)


def gradients_graph(
    network: Network, spec: Spec, weighted: bool, training: bool, with_loss: bool = False
) -> Graph:
    """The gradient of the total loss with respect to every trained weight; the loss too, if asked."""
    sheet = Sheet(network, training)
    with sheet.trace:
        sheet.bind_entries()
        scores = sheet.run()
        total, _, _ = _loss_outputs(sheet, spec, weighted, scores)
        sheet.bind_all()
        gradients = backward(total, [sheet.node(weight) for weight in sheet.trained])
    pairs = zip(sheet.trained, gradients, strict=True)
    sheet.outputs = {("return", "loss"): total} if with_loss else {}
    sheet.outputs.update({("gradients", weight.key): gradient for weight, gradient in pairs})
    doc = f"The gradient of the loss with respect to each parameter.\n\n{_batch_doc(sheet, spec)}"
    return sheet.graph("gradients", doc, loose=len(sheet.trained) <= SMALL)


def uses_vector(network: Network, count: int) -> bool:
    """Whether the training step keeps the parameters in one vector."""
    assert network.optimizer is not None
    remembers = bool(network.optimizer.slots) or network.optimizer.full_batch
    return count > 0 and (remembers or count > SMALL)


def training_graph(network: Network, spec: Spec, weighted: bool) -> Graph:
    """One training step: forward, loss, backward, update, constraints, statistics."""
    sheet = Sheet(network, training=True)
    with sheet.trace:
        vector = sheet.bind_vector() if uses_vector(network, len(sheet.trained)) else None
        if vector is None:
            sheet.bind_entries()
        scores = sheet.run()
        total, _, _ = _loss_outputs(sheet, spec, weighted, scores)
        sheet.bind_all()
        metrics, sheet.outputs = sheet.outputs, {("return", "loss"): total}
        sheet.outputs.update(metrics)
        gradients = backward(total, [sheet.node(weight) for weight in sheet.trained])
        add_update(sheet, gradients, vector)
        for weight, node in sheet.trace.updates.items():
            node.label.name = None
            sheet.outputs["state", weight.key] = node
    full_batch = network.optimizer is not None and network.optimizer.full_batch
    name = "loss_and_gradient" if full_batch else "train_step"
    return sheet.graph(name, _training_doc(sheet, spec, vector), loose=True)


def _training_doc(sheet: Sheet, spec: Spec, vector: Node | None) -> str:
    """The docstring: what goes in, in the words of the arguments."""
    optimizer = sheet.network.optimizer
    full_batch = optimizer is not None and optimizer.full_batch
    first = "One training step: loss, gradients, update."
    if full_batch:
        first = "The loss and its gradient at w; SciPy's L-BFGS-B chooses the next w."
    rest = [_batch_doc(sheet, spec)]
    if vector is not None:
        rest.append(f"w {shape_text(vector.shape)} holds all parameters, end to end.")
    if sheet.trace.step is not None:
        rest.append("t = 1, 2, ... is the number of the step.")
    if sheet.trace.updates:
        rest.append("The running statistics in the dict state are updated in place.")
    return "\n".join([first, "", *rest])


def _batch_doc(sheet: Sheet, spec: Spec) -> str:
    """The docstring's line about the batch: x (n, 3) inputs, y (n,) labels."""
    words = {"y": "labels" if spec.kind == "int" else "targets", "sample_weight": "weights"}
    names = {node.attrs["name"]: node.shape for node in sheet.first}
    return ", ".join(f"{n} {shape_text(s)} {words.get(n, 'inputs')}" for n, s in names.items()) + "."
