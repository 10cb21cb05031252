"""The columns of a table as inputs of an ONNX file, and what makes the features of a network of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.export.onnx_operators import natives
from glassnet.export.preparation import SCOPE, Preparation, TableColumn
from glassnet.graph.dims import Dim
from glassnet.passes.expand import expand
from glassnet.printers.to_onnx import OnnxGraph, OnnxNode, OnnxValue, Operator, print_onnx
from glassnet.printers.to_onnx.operators import ELEMENT_TYPES
from glassnet.programs.freeze import freeze
from glassnet.trace.names import unused

DOUBLE, TEXT = np.dtype(np.float64), np.dtype(object)


def prepare(printed: OnnxGraph, preparation: Preparation) -> None:
    """Put the preparation in front of a network's operators: one input (n, 1) for each column.

    Columns are read and scaled in float64, which has the digits for dates and for large numbers; the features
    are then cast to the network's own type. A text is a string, the empty one being a missing value.

    Parameters
    ----------
    printed : OnnxGraph
        It is changed; its one input is the features.
    preparation : Preparation
    """
    features = printed.inputs.pop()
    front = _Front(printed.names() | {features.name}, {node.name for node in printed.nodes})
    numbers = [front.numbers(column) for column in preparation.columns]
    table = front.add("Concat", *numbers, axis=1) if len(numbers) > 1 else numbers[0]
    made = front.graph(preparation, table)
    front.write(Operator("Cast", (made,), {"to": ELEMENT_TYPES[features.dtype.name]}), features.name)
    printed.inputs += front.inputs
    printed.constants.update(front.constants)
    printed.nodes[:0] = front.nodes


class _Front:
    """Operators that are written before those of the network."""

    def __init__(self, taken: set[str], titles: set[str]) -> None:
        self.taken, self.titles = taken, titles
        self.nodes: list[OnnxNode] = []
        self.constants: dict[str, np.ndarray] = {}
        self.inputs: list[OnnxValue] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Write an operator, and answer the name of its result."""
        output = unused(f"{SCOPE}.{operator.lower()}", self.taken)
        self.write(Operator(operator, inputs, attributes), output)
        return output

    def write(self, operator: Operator, output: str) -> None:
        """Write an operator under a name of its own."""
        self.nodes.append(OnnxNode(operator, output, unused(f"{SCOPE}/{operator.name}", self.titles)))

    def constant(self, array: np.ndarray, name: str) -> str:
        """The name of an array."""
        found = unused(f"{SCOPE}.{name}", self.taken)
        self.constants[found] = array
        return found

    def numbers(self, column: TableColumn) -> str:
        """The numbers (n, 1) of a column, as `TableColumn.numbers` makes them."""
        name = unused(column.name, self.taken)
        text = column.kind == "text"
        self.inputs.append(OnnxValue(name, TEXT if text else DOUBLE, (Dim(1), 1)))
        if not text and not column.codes:
            return name
        dtype = TEXT if text else DOUBLE
        known = self._place(name, column, dtype) if column.codes else self.constant(np.zeros((1, 1)), "zero")
        gone = self._is_missing(name, column)
        return (
            known
            if gone is None
            else self.add("Where", gone, self.constant(np.array(np.nan), "missing"), known)
        )

    def _place(self, name: str, column: TableColumn, dtype: np.dtype[Any]) -> str:
        """The place of each value among the known ones, from 1, and 0 for others."""
        values = self.constant(np.array([column.codes], dtype), f"{column.name}.values")
        places = self.constant(np.arange(1.0, len(column.codes) + 1)[:, None], f"{column.name}.places")
        found = self.add("Cast", self.add("Equal", name, values), to=ELEMENT_TYPES["float64"])
        return self.add("MatMul", found, places)

    def _is_missing(self, name: str, column: TableColumn) -> str | None:
        if column.kind != "text":
            return self.add("IsNaN", name)
        if "" in column.codes:
            return None  # a category like others
        return self.add("Equal", name, self.constant(np.array([[""]], object), "empty"))

    def graph(self, preparation: Preparation, table: str) -> str:
        """Write the preparation's own operators, and answer the name of the features."""
        graph = expand(preparation.graph, lambda call: True)
        printed = print_onnx(freeze(graph, graph.values, np.float64), np.float64, natives(np.float64))
        new = {name: unused(f"{SCOPE}.{name}", self.taken) for name in sorted(printed.names())}
        new[printed.inputs[0].name] = table
        self.constants.update({new[name]: array for name, array in printed.constants.items()})
        for node in printed.nodes:
            inputs = tuple(new[name] for name in node.operator.inputs)
            self.write(Operator(node.operator.name, inputs, node.operator.attributes), new[node.output])
        return new[printed.outputs[0].name]
