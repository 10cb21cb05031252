"""The reference interpreter: slow, one node at a time, the living definition of every op."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from glassnet import random
from glassnet.graph.dims import Dim, concrete
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.graph.node import Node
from glassnet.graph.ops import UNARY_FLOAT, is_weak
from glassnet.printers.helpers import put_slice, scatter_add
from glassnet.printers.to_numpy import float_reference


class Frame:
    """What an op may need besides its inputs: the batch size and the float dtype."""

    def __init__(self, graph: Graph, values: Mapping[Place, Any], float_dtype: Any = None) -> None:
        self.values = values
        self.n = batch_size(graph, values)
        self.float_dtype = float_dtype or _float_dtype(graph, values)


def batch_size(graph: Graph, values: Mapping[Place, Any]) -> int:
    """How many rows the values have; 0 if no input grows with the batch."""
    for node in graph.inputs:
        for axis, extent in enumerate(node.shape):
            if isinstance(extent, Dim):
                return int(np.shape(values[input_place(node)])[axis]) // extent.k
    return 0


def _float_dtype(graph: Graph, values: Mapping[Place, Any]) -> np.dtype[Any]:
    """The same rule as the printed text's ``x.dtype``: the first float array, dictionaries last."""
    node = float_reference(graph)
    return np.dtype(float) if node is None else np.asarray(values[input_place(node)]).dtype


def _weak(numpy_function: Callable[..., Any], python_function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda f, x, *inputs: (python_function if is_weak(x.kind) else numpy_function)(*inputs)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda f, x, *inputs: function(*inputs)


def _reduction(f: Frame, x: Node, value: Any) -> Any:
    if is_weak(x.inputs[0].kind):
        return value
    axis, keepdims = x.attrs["axis"], x.attrs["keepdims"]
    everything = len(axis) == x.inputs[0].ndim
    options = {"keepdims": True} if keepdims else {}
    return getattr(value, x.op)(axis=None if everything else axis[0] if len(axis) == 1 else axis, **options)


def _cast(f: Frame, x: Node, value: Any) -> Any:
    dtype = {
        "float": f.float_dtype,
        "int": np.dtype(int),
        "bool": np.dtype(bool),
        "uint": np.dtype(np.uint32),
    }[x.attrs["to"]]
    return dtype.type(value) if is_weak(x.inputs[0].kind) else value.astype(dtype)


def _broadcast(f: Frame, x: Node, value: Any) -> Any:
    shape = concrete(x.attrs["shape"], f.n)
    return (
        np.full(shape, value, f.float_dtype) if is_weak(x.inputs[0].kind) else np.broadcast_to(value, shape)
    )


def _pick(f: Frame, x: Node, z: Any, index: Any) -> Any:
    if z.ndim == 2:
        return z[np.arange(len(z)), index]
    return z[index] if z.ndim == 1 else np.take_along_axis(z, index[..., None], axis=-1)[..., 0]


def _slices(x: Node) -> tuple[slice, ...]:
    """Python's slices; a negative stop means 'to the front' and is None there."""
    return tuple(
        slice(None) if s is None else slice(s[0], None if s[1] < 0 else s[1], s[2]) for s in x.attrs["slices"]
    )


def _call(f: Frame, x: Node, *inputs: Any) -> Any:
    body: Graph = x.attrs["body"]
    values = {input_place(node): value for node, value in zip(body.inputs, inputs, strict=True)}
    return tuple(run_nodes(body, values, f.float_dtype))


# op → function (frame, node, input values) → value; a call answers a tuple
INTERPRET: dict[str, Callable[..., Any] | None] = {
    "input": lambda f, x: f.values[input_place(x)],
    "const": lambda f, x: x.attrs["value"],
    "size": lambda f, x: x.attrs["dim"].k * f.n,
    "arange": lambda f, x: np.arange(*concrete((x.attrs["count"],), f.n)),
    "add": _plain(operator.add),
    "sub": _plain(operator.sub),
    "mul": _plain(operator.mul),
    "div": _plain(operator.truediv),
    "pow": _plain(operator.pow),
    "neg": _plain(operator.neg),
    "matmul": _plain(operator.matmul),
    **{op: _weak(getattr(np, op), getattr(math, op)) for op in UNARY_FLOAT},
    "abs": _weak(np.abs, abs),
    "sign": _plain(np.sign),
    "floor": _weak(np.floor, math.floor),
    "maximum": _weak(np.maximum, max),
    "minimum": _weak(np.minimum, min),
    "less": _plain(operator.lt),
    "less_equal": _plain(operator.le),
    "greater": _plain(operator.gt),
    "greater_equal": _plain(operator.ge),
    "equal": _plain(operator.eq),
    "not_equal": _plain(operator.ne),
    "logical_and": _weak(operator.and_, lambda a, b: a and b),
    "logical_or": _weak(operator.or_, lambda a, b: a or b),
    "logical_not": _weak(operator.invert, operator.not_),
    "where": _weak(np.where, lambda c, a, b: a if c else b),
    "cast": _cast,
    "stop": _plain(lambda value: value),
    "sum": _reduction,
    "mean": _reduction,
    "var": _reduction,
    "max": _reduction,
    "min": _reduction,
    "argmax": lambda f, x, value: value.argmax(axis=x.attrs["axis"]),
    "argmin": lambda f, x, value: value.argmin(axis=x.attrs["axis"]),
    "transpose": lambda f, x, value: value.transpose(x.attrs["axes"]),
    "reshape": lambda f, x, value: value.reshape(concrete(x.attrs["shape"], f.n)),
    "broadcast": _broadcast,
    "concat": lambda f, x, *values: np.concatenate(values, axis=x.attrs["axis"]),
    "pack": lambda f, x, *values: np.concatenate(values, axis=None),
    "slice": lambda f, x, value: value[_slices(x)],
    "unslice": lambda f, x, value: put_slice(value, _slices(x), concrete(x.attrs["shape"], f.n)),
    "pick": _pick,
    "take": lambda f, x, table, index: table[index],
    "scatter_add": lambda f, x, values, index: scatter_add(values, index, x.attrs["rows"]),
    "random_uniform": lambda f, x, seed, step: random.random_uniform(
        seed, step, x.attrs["site"], concrete(x.shape, f.n)
    ),
    "call": _call,
    "item": lambda f, x, call: call[x.attrs["index"]],
    "apply": None,
}


def evaluate_node(frame: Frame, node: Node, known: Mapping[Node, Any]) -> Any:
    """One node's value from its inputs'; a call's is the tuple of its results."""
    function = INTERPRET[node.op]
    assert function is not None, node.op
    inputs = [known[x][0] if x.op == "call" and node.op != "item" else known[x] for x in node.inputs]
    with np.errstate(over="ignore"):
        return function(frame, node, *inputs)


def trace_values(
    graph: Graph, values: Mapping[Place, Any], float_dtype: Any = None
) -> Iterator[tuple[Node, Any]]:
    """Every node with its value, in order of computation."""
    frame = Frame(graph, values, float_dtype)
    known: dict[Node, Any] = {}
    for node in graph.nodes():
        known[node] = evaluate_node(frame, node, known)
        yield node, known[node][0] if node.op == "call" else known[node]


def run_nodes(graph: Graph, values: Mapping[Place, Any], float_dtype: Any = None) -> list[Any]:
    """The outputs' values, in order."""
    known = dict(trace_values(graph, values, float_dtype))
    return [known[node] for node in graph.outputs]


def interpret(graph: Graph, values: Mapping[Place, Any]) -> dict[Place, Any]:
    """Evaluate a graph.

    Parameters
    ----------
    graph : Graph
    values : mapping
        Place of each input → array or number; the graph's own ``values`` fill in the rest.

    Returns
    -------
    dict
        Place of each output → value.
    """
    return dict(zip(graph.places, run_nodes(graph, {**graph.values, **values}), strict=True))
