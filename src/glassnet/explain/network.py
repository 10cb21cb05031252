"""A network as columns of units, for the drawing of its layers."""

from __future__ import annotations

import math

from glassnet.explain.drawing import Column
from glassnet.nn.network import Network


def layer_columns(network: Network) -> list[Column]:
    """The input, then each layer with a kernel; what stands between is named with the layer before it."""
    inputs = " and ".join(map(str, network.input_specs))
    size = sum(math.prod(spec.shape) for spec in network.input_specs)
    columns = [Column("input", size, (inputs,))]
    for layer in network.layers:
        weights = [weight for weight, _ in layer.weights()]
        count = sum(math.prod(weight.shape) for weight in weights)
        kernels = [weight for weight in weights if weight.name == "kernel"]
        if kernels:
            columns.append(Column(layer.title(), kernels[-1].shape[-1], (f"{count:,} parameters",)))
        else:
            last = columns[-1]
            columns[-1] = Column(last.title, last.size, (*last.notes, layer.title()))
    return columns
