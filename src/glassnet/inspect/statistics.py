"""What reaches each layer: statistics of activations, and of the gradients that come back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.grad.backward import backward
from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.model import Model
from glassnet.nn.sizes import whole_number
from glassnet.passes.expand import expand
from glassnet.programs.python import compile_graph
from glassnet.trace.tracer import Trace, node_of
from glassnet.train import graphs, prepare
from glassnet.train.data import Dataset
from glassnet.train.shelf import Shelf


@dataclass(frozen=True)
class ArrayStatistics:
    """Statistics of one array, in float64.

    Attributes
    ----------
    mean, std, minimum, maximum : float
    zeros : float
        The share of exact zeros.
    dead : float
        The share of units that are 0 for every example.
    equal : float
        The share of units that answer the same as another one before them, for every example: after an
        initialization with equal weights no unit ever differs from the others.
    counts, edges : array
        A histogram, as ``np.histogram`` answers it.
    """

    mean: float
    std: float
    minimum: float
    maximum: float
    zeros: float
    dead: float
    equal: float
    counts: np.ndarray
    edges: np.ndarray


@dataclass(frozen=True)
class LayerStatistics:
    """Statistics of one layer.

    Attributes
    ----------
    title : str
        ``"Dense(500, tanh)"``.
    output : ArrayStatistics
        Of what the layer answers.
    gradient : ArrayStatistics or None
        Of the loss's gradient with respect to that, if targets were given.
    """

    title: str
    output: ArrayStatistics
    gradient: ArrayStatistics | None = None


class StatisticsTable(dict[str, LayerStatistics]):
    """Key of each layer → its statistics; prints as a table."""

    def __str__(self) -> str:
        names = [f"{key}: {row.title}" for key, row in self.items()]
        width = max(map(len, ["layer", *names]))
        head = f"{'layer':<{width}}  {'mean':>8}  {'std':>8}  {'zeros':>6}  {'dead':>6}  {'equal':>6}"
        lines = [f"{name:<{width}}  {_line(row)}" for name, row in zip(names, self.values(), strict=True)]
        with_gradients = any(row.gradient for row in self.values())
        return "\n".join([head + ("  gradient std" if with_gradients else ""), *lines])


def _line(row: LayerStatistics) -> str:
    out = row.output
    shares = "  ".join(f"{share:>6.1%}" for share in (out.zeros, out.dead, out.equal))
    gradient = f"  {row.gradient.std:>12.2g}" if row.gradient else ""
    return f"{out.mean:>8.2g}  {out.std:>8.2g}  {shares}{gradient}"


def layer_statistics(
    model: Model, X: Any, y: Any = None, *, training: bool = False, bins: int = 50
) -> StatisticsTable:
    """Mean, spread and histogram of every layer's output, and of the gradient that arrives there.

    In a well initialized network the standard deviation stays about the same from layer to layer; one that
    shrinks or grows in a straight line on a log scale belongs to a network that will not train.

    Parameters
    ----------
    model : Model
        Built; compiled, if y is given.
    X : array (n, ...), or list of arrays
        One batch.
    y : array, optional
        Targets, for the gradients of the loss with respect to the outputs.
    training : bool, default False
        As in training: dropout drops, batch normalization uses the batch's statistics.
    bins : int, default 50
        Of the histograms.

    Returns
    -------
    StatisticsTable
        A dict from each layer's key, in the order of computation, to its statistics.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(8, "relu"), gn.layers.Dense(1)])
    >>> model.build((None, 4))
    >>> table = layer_statistics(model, np.random.default_rng(0).standard_normal((100, 4)))
    >>> list(table)
    ['dense_1', 'dense_2']
    >>> 0.3 < table["dense_1"].output.zeros < 0.7
    True
    """
    count = whole_number(bins, "bins", "layer_statistics()")
    model.require_built("layer_statistics()")
    outputs, gradients = layer_arrays(model, X, y, training)
    titles = {layer.key: layer.title() for top in model.layers for layer in top.all_layers()}
    rows = {
        key: LayerStatistics(
            titles[key], _statistics(array, count), _statistics(gradients[key], count) if gradients else None
        )
        for key, array in outputs.items()
    }
    return StatisticsTable(rows)


def _statistics(array: np.ndarray, bins: int) -> ArrayStatistics:
    values = np.asarray(array, float)
    counts, edges = np.histogram(values, bins)
    units = values.reshape(len(values), -1).T
    return ArrayStatistics(
        mean=float(values.mean()),
        std=float(values.std()),
        minimum=float(values.min()),
        maximum=float(values.max()),
        zeros=float((values == 0).mean()),
        dead=float((units == 0).all(axis=1).mean()),
        equal=1 - len({unit.tobytes() for unit in units}) / len(units),
        counts=counts,
        edges=edges,
    )


def layer_arrays(
    model: Model, X: Any, y: Any, training: bool
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Each layer's output and its gradient, by key."""
    where = "layer_statistics()"
    data = Dataset(prepare.prepare_inputs(model, X, where)) if y is None else model._dataset(X, y, where)
    graph = statistics_graph(model, None if y is None else data, training)
    values = compile_graph(graph)(Shelf(model).batch_values(graph, data, model.seed, model.step))
    found: dict[str, dict[str, np.ndarray]] = {"output": {}, "gradient": {}}
    for (_, name), value in values.items():
        kind, _, key = name.partition(" ")
        found[kind][key] = np.asarray(value)
    return found["output"], found["gradient"]


def statistics_graph(model: Model, data: Dataset | None, training: bool) -> Graph:
    """A batch to every layer's output and, if there are targets, to the gradients there."""
    sheet = graphs.Sheet(model, training)
    with sheet.trace:
        sheet.bind_entries()
        scores = sheet.run()
        outputs = dict(sheet.trace.layer_outputs)
        total = None if data is None else _total_loss(sheet, data, scores)
        sheet.bind_all()
    sheet.outputs = {("return", f"output {key}"): node for key, node in outputs.items()}
    if total is None:
        return sheet.graph("statistics", "Every layer's output.")
    sheet.outputs["return", "loss"] = total
    return _with_gradients(sheet.graph("statistics", "Every layer's output, and the gradient there."))


def _total_loss(sheet: graphs.Sheet, data: Dataset, scores: Any) -> Node:
    loss = sheet.network.loss_function
    assert loss is not None
    y, weights = sheet.targets(prepare.target_spec(data), data.weights is not None)
    total, penalty = loss(y, scores, weights), sheet.penalty()
    return node_of(total if penalty is None else total + penalty)


def _with_gradients(graph: Graph) -> Graph:
    """The loss, the last output, replaced by its gradients with respect to the others."""
    opened = expand(graph, lambda call: call.attrs["function"].gradient is None)
    *outputs, total = opened.outputs
    with Trace():
        gradients = backward(total, outputs)
    names = [place[1].replace("output", "gradient", 1) for place in opened.places[:-1]]
    places = (*opened.places[:-1], *(("return", name) for name in names))
    return replace(opened, outputs=(*outputs, *gradients), places=places)
