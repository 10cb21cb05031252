"""What an ONNX graph is made of, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.graph.dims import Shape


@dataclass(frozen=True)
class Operator:
    """An operator that still has no name for its result."""

    name: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OnnxNode:
    """An operator in its place: with the name of its result, and a name of its own."""

    operator: Operator
    output: str
    name: str


@dataclass(frozen=True)
class OnnxValue:
    """An input or an output: the batch is an extent named ``n``."""

    name: str
    dtype: np.dtype[Any]
    shape: Shape


@dataclass
class OnnxGraph:
    """Operators in an order in which they can run.

    Attributes
    ----------
    name : str
    nodes : list of OnnxNode
    constants : dict
        Name → array.
    inputs, outputs : list of OnnxValue
    """

    name: str
    nodes: list[OnnxNode] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: list[OnnxValue] = field(default_factory=list)
    outputs: list[OnnxValue] = field(default_factory=list)

    def names(self) -> set[str]:
        """Every name that a value has."""
        values = (*self.inputs, *self.outputs)
        return {*self.constants, *(x.name for x in values), *(node.output for node in self.nodes)}
