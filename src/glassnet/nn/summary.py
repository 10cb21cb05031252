"""The table that ``model.summary()`` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from glassnet.graph.dims import Shape
from glassnet.nn.layer import Layer
from glassnet.nn.specs import Spec

Row = tuple[str, str, str]


def summary_text(
    layers: Sequence[Layer], inputs: Sequence[Spec], shapes: Mapping[str, Shape], fixed: int
) -> str:
    """Layers, output shapes, parameters; the input is not counted as a layer."""
    rows = [("layer", "output shape", "parameters"), *_rows(layers, inputs, shapes)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}   {b:<{widths[1]}}   {c:>{widths[2]}}".rstrip() for a, b, c in rows]
    rule = "─" * (sum(widths) + 6)
    return "\n".join([lines[0], rule, *lines[1:], rule, _total(layers, bool(inputs), fixed)])


def _total(layers: Sequence[Layer], built: bool, fixed: int) -> str:
    if not built:
        return "not built yet: the parameters are created when the input shape is known"
    depth = sum(any(weight.name == "kernel" for weight, _ in layer.weights()) for layer in layers)
    count = sum(math.prod(w.shape) for layer in layers for w, _ in layer.weights() if w.trainable)
    parameters = f"{count:,} parameter{'' if count == 1 else 's'}"
    extra = f", {fixed:,} numbers that are not trained" if fixed else ""
    return f"{depth}-layer network (the input is not counted), {parameters}{extra}"


def _rows(layers: Sequence[Layer], inputs: Sequence[Spec], shapes: Mapping[str, Shape]) -> list[Row]:
    if not inputs:
        return [(layer.title(), "?", "?") for layer in layers]
    rows = [("input", " and ".join(map(str, inputs)), "")]
    for layer in layers:
        count = sum(math.prod(weight.shape) for weight, _ in layer.weights())
        shape = shapes.get(layer.key, ())
        rows.append((f"{layer.key}: {layer.title()}", f"({', '.join(map(str, shape))})", f"{count:,}"))
    return rows
