"""The table that ``model.summary()`` prints."""

from __future__ import annotations

import math
from typing import Any

from glassnet.graph.graph import input_node
from glassnet.nn.context import NetworkTrace
from glassnet.trace.tracer import TracedArray


def summary_text(model: Any) -> str:
    """Layers, output shapes, parameters; the input is not counted as a layer."""
    rows = [("layer", "output shape", "parameters"), *layer_rows(model)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}   {b:<{widths[1]}}   {c:>{widths[2]}}" for a, b, c in rows]
    rule = "─" * len(lines[0])
    depth = sum(any(weight.name == "kernel" for weight, _ in layer.weights()) for layer in model.layers)
    fixed = sum(math.prod(weight.shape) for weight, trained in model._weights() if not trained)
    total = f"{depth}-layer network (the input is not counted), {counted(model.count_params(), 'parameter')}"
    if fixed:
        total += f", {fixed:,} fixed numbers"
    return "\n".join([lines[0], rule, *lines[1:], rule, total])


def counted(number: int, noun: str) -> str:
    """``1 parameter``, ``2 parameters``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def layer_rows(model: Any) -> list[tuple[str, str, str]]:
    """One row per layer, or only the layers' names while the input shape is unknown."""
    if not model.built:
        return [(layer.title(), "?", "?") for layer in model.layers]
    shapes = output_shapes(model)
    inputs = " + ".join(_shape(spec.shape) for spec in model.input_specs)
    rows = [("input", inputs, "")]
    for layer in model.layers:
        count = sum(math.prod(weight.shape) for weight, _ in layer.weights())
        rows.append((f"{layer.key}: {layer.title()}", shapes.get(layer.key, ""), f"{count:,}"))
    return rows


def output_shapes(model: Any) -> dict[str, str]:
    """Each layer's output shape, as one trace sees it."""
    with NetworkTrace(training=False) as trace:
        inputs = [input_node(f"x{i}", spec.batch, spec.kind) for i, spec in enumerate(model.input_specs)]
        model.forward(*map(TracedArray, inputs))
    return {key: _shape(shape[1:]) for key, shape in trace.output_shapes.items()}


def _shape(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, ('n', *shape)))}{',' if not shape else ''})"
