"""Activations and normalization that ONNX has operators of its own for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.graph.node import Node
from glassnet.nn import norm
from glassnet.nn.activations import hard, rectifiers, rows, smooth
from glassnet.printers.to_onnx import Native
from glassnet.printers.to_onnx.operators import Page
from glassnet.printers.to_onnx.pieces import Operator
from glassnet.trace.composite import Composite


def options_of(call: Node) -> dict[str, Any]:
    """A composite's options, with the defaults of those that were not given."""
    function: Composite = call.attrs["function"]
    parameters = inspect.signature(function.function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {**defaults, **dict(call.attrs["options"])}


def operator(name: str, **attributes: Any) -> Native:
    """An operator with these attributes; those that name an option, as ``alpha="slope"``, take its value."""

    def row(p: Page, x: Node) -> Operator:
        options = options_of(x)
        chosen = {k: options[v] if isinstance(v, Option) else v for k, v in attributes.items()}
        floats = {k: float(v) if isinstance(v, float | int) and k != "axis" else v for k, v in chosen.items()}
        return Operator(name, (p.of(x.inputs[0], "float"),), floats)

    return row


class Option(str):
    """The name of a composite's option."""

    __slots__ = ()


def clip(low: Callable[[dict[str, Any]], float], high: Callable[[dict[str, Any]], float]) -> Native:
    """``Clip`` between two numbers."""

    def row(p: Page, x: Node) -> Operator:
        options = options_of(x)
        limits = (p.number(limit(options), "float") for limit in (low, high))
        return Operator("Clip", (p.of(x.inputs[0], "float"), *limits))

    return row


def layer_normalization(p: Page, x: Node) -> Operator:
    """``LayerNormalization`` over the last axes; over others its parts."""
    a, options = x.inputs[0], options_of(x)
    axis, value = options["axis"], p.of(a, "float")
    extents = [extent for extent in a.shape[axis[0] :] if isinstance(extent, int)]
    if axis == tuple(range(a.ndim - len(axis), a.ndim)) and len(extents) == len(axis):
        ones = p.array(np.ones(extents, p.type_of("float")), "ones")
        attributes = {"axis": axis[0] - a.ndim, "epsilon": options["epsilon"]}
        return Operator("LayerNormalization", (value, ones), attributes)
    axes = p.whole(*axis)
    deviation = p.add("Sub", value, p.add("ReduceMean", value, axes, keepdims=1))
    variance = p.add("ReduceMean", p.add("Mul", deviation, deviation), axes, keepdims=1)
    std = p.add("Sqrt", p.add("Add", variance, p.number(options["epsilon"], "float")))
    return Operator("Div", (deviation, std))


# What onnxruntime computes in any float type
ANY_TYPE: dict[Composite, Native] = {
    smooth.sigmoid: operator("Sigmoid"),
    rows.softmax: operator("Softmax", axis=Option("axis")),
    rows.log_softmax: operator("LogSoftmax", axis=Option("axis")),
    norm.standardize: layer_normalization,
    hard.hard_tanh: clip(lambda options: -1, lambda options: 1),
    rectifiers.clip_from_zero: clip(lambda options: 0, lambda options: options["max_value"]),
}
# What onnxruntime computes in float32 alone; in float64 the parts are written
SINGLE: dict[Composite, Native] = {
    smooth.softplus: operator("Softplus"),
    smooth.softsign: operator("Softsign"),
    smooth.mish: operator("Mish"),
    smooth.erf: operator("Erf"),
    smooth.gelu_by_erf: operator("Gelu"),
    smooth.gelu_by_tanh: operator("Gelu", approximate="tanh"),
    rectifiers.leaky_relu: operator("LeakyRelu", alpha=Option("negative_slope")),
    rectifiers.elu: operator("Elu", alpha=Option("alpha")),
    rectifiers.celu: operator("Celu", alpha=Option("alpha")),
    rectifiers.selu: operator("Selu", alpha=rectifiers.SELU_ALPHA, gamma=rectifiers.SELU_SCALE),
    hard.hard_sigmoid: operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    hard.hard_silu: operator("HardSwish"),
}


def natives(dtype: Any) -> dict[Composite, Native]:
    """The table for a float type."""
    return ANY_TYPE | (SINGLE if np.dtype(dtype) == np.float32 else {})
