"""A walk over a graph that writes ONNX operators: names, types, constants, the batch's size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.graph.dims import Dim, Shape
from glassnet.graph.graph import Graph, input_place
from glassnet.graph.node import Node
from glassnet.graph.ops import Kind
from glassnet.printers.names import Names
from glassnet.printers.to_onnx.operators import ELEMENT_TYPES, OPERATORS, Page
from glassnet.printers.to_onnx.pieces import OnnxGraph, OnnxNode, OnnxValue, Operator
from glassnet.trace.names import unused

# The version of ONNX's operators that is written: onnxruntime reads it since 1.17.
OPSET = 20
Native = Callable[[Page, Node], Operator]


class Writer:
    """The pieces of one ONNX graph, in the order of computation.

    Parameters
    ----------
    graph : Graph
        After the passes; its constants are inputs whose arrays are in ``values``.
    dtype : dtype
        The float type.
    natives : mapping
        Composite → row, for composites that ONNX has operators for.
    """

    def __init__(self, graph: Graph, dtype: Any, natives: Mapping[Any, Native]) -> None:
        self.graph, self.dtype, self.natives = graph, np.dtype(dtype), natives
        self.done = OnnxGraph(graph.name)
        self.nodes = graph.nodes()
        self.users = Counter([*graph.outputs, *(x for node in self.nodes for x in node.inputs)])
        self.names = Names(self.nodes, graph, (), ())
        self.taken: set[str] = set()
        self.values: dict[tuple[Node, Kind], str] = {}
        self.written: dict[str, str] = {}
        self.constants: dict[tuple[Any, ...], str] = {}
        self.operators: Counter[str] = Counter()
        self.results: dict[Node, str] = {}
        self.scope = ""

    # ------------------------------------------------------------------------------------ the walk
    def graph_of_operators(self) -> OnnxGraph:
        """Everything, written."""
        self._declare_inputs()
        self._reserve_outputs()
        fused = {node: product for node in self.nodes if (product := self._gemm(node)) is not None}
        products = set(fused.values())
        for node in self.nodes:
            if node.op not in ("input", "const") and node not in products:
                self.scope = node.label.scope
                operator = self._fused(node, fused[node]) if node in fused else self._row(node)
                self.values[node, node.kind] = self._write(operator, self._name(node))
        self._declare_outputs()
        return self.done

    def _declare_inputs(self) -> None:
        for node in self.graph.inputs:
            place = input_place(node)
            known = self.graph.values.get(place)
            if known is None:
                name = unused(node.attrs["name"], self.taken)
                self.done.inputs.append(OnnxValue(name, self.type_of(node.kind), node.shape))
            else:
                name = unused(place[1], self.taken)
                self.done.constants[name] = np.asarray(known, self.type_of(node.kind))
            self.values[node, node.kind] = name

    def _reserve_outputs(self) -> None:
        """Outputs are named as the graph names their places."""
        for node, (_, name) in zip(self.graph.outputs, self.graph.places, strict=True):
            self.taken.add(name)
            if node.op not in ("input", "const"):
                self.results.setdefault(node, name)

    def _declare_outputs(self) -> None:
        for node, (_, name) in zip(self.graph.outputs, self.graph.places, strict=True):
            if self.results.get(node) != name:
                self._write(Operator("Identity", (self.of(node),)), name)
            self.done.outputs.append(OnnxValue(name, self.type_of(node.kind), node.shape))

    def _row(self, node: Node) -> Operator:
        row = OPERATORS[node.op]
        if row is None:
            where = f"layer {node.label.scope}" if node.label.scope else "the model"
            raise InputError(
                f"{where} uses the op {node.op!r}, for which ONNX has no operator.\n"
                "Write that step with other NumPy functions, or ship glassnet's own model file: save()."
            )
        return row(self, node)

    # ------------------------------------------------------------------------------------ x @ W + b
    def _gemm(self, node: Node) -> Node | None:
        """The matrix product that a sum completes: one operator for both."""
        if node.op != "add" or node.kind != "float":
            return None
        for product, bias in (node.inputs, node.inputs[::-1]):
            alone = product.op == "matmul" and product.ndim == 2 and self.users[product] == 1
            if alone and product.shape == node.shape and bias.op == "input" and bias.ndim == 1:
                return product
        return None

    def _fused(self, node: Node, product: Node) -> Operator:
        self.scope = product.label.scope
        bias = next(x for x in node.inputs if x is not product)
        return Operator("Gemm", tuple(self.of(x, "float") for x in (*product.inputs, bias)))

    # ------------------------------------------------------------------------------------ for the rows
    def of(self, node: Node, kind: Kind | None = None) -> str:
        """The name of a node's value, cast to another kind if wanted."""
        if node.op == "const":
            return self.number(node.attrs["value"], kind or node.kind)
        wanted = kind or node.kind
        if (node, wanted) not in self.values:
            name = self.values[node, node.kind]
            if self.type_of(wanted) != self.type_of(node.kind):
                name = self.add("Cast", name, to=self.element_type(wanted))
            self.values[node, wanted] = name
        return self.values[node, wanted]

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Write an operator, and answer the name of its result."""
        return self._write(Operator(operator, inputs, attributes), "")

    def array(self, array: np.ndarray, name: str) -> str:
        """A constant of the printer's own; equal ones are one."""
        key = array.dtype.name, array.shape, array.tobytes()
        if key not in self.constants:
            self.constants[key] = unused(name, self.taken)
            self.done.constants[self.constants[key]] = array
        return self.constants[key]

    def whole(self, *values: int) -> str:
        """A constant vector of whole numbers."""
        return self.array(np.array(values, np.int64), f"vector_{'_'.join(map(str, values))}")

    def number(self, value: float, kind: Kind) -> str:
        """A constant scalar."""
        return self.array(np.asarray(value).astype(self.type_of(kind)), f"number_{value!r}")

    def extents(self, shape: Shape) -> str:
        """A shape as a vector, the batch's size taken from an input."""
        if not any(isinstance(extent, Dim) for extent in shape):
            return self.whole(*(extent for extent in shape if isinstance(extent, int)))
        parts = [self._multiple(e.k) if isinstance(e, Dim) else self.whole(e) for e in shape]
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0)

    def element_type(self, kind: Kind) -> int:
        """ONNX's number of the type of a kind."""
        return ELEMENT_TYPES[self.type_of(kind).name]

    def type_of(self, kind: Kind) -> np.dtype[Any]:
        """The type of the arrays of a kind."""
        types: dict[Kind, Any] = {"bool": bool, "uint": np.uint32, "int": np.int64, "weak_int": np.int64}
        found: np.dtype[Any] = np.dtype(types.get(kind, self.dtype))
        return found

    def native(self, node: Node) -> Operator:
        """A composite that ONNX knows."""
        return self.natives[node.attrs["function"]](self, node)

    # ------------------------------------------------------------------------------------ writing
    def _multiple(self, k: int) -> str:
        """``k * n`` as a vector of one element."""
        pairs = [(x, i) for x in self.graph.inputs for i, e in enumerate(x.shape) if isinstance(e, Dim)]
        if not pairs:
            raise InputError("the size of a batch is asked for, but no input has one.")
        node, axis = pairs[0]
        extent = node.shape[axis]
        assert isinstance(extent, Dim)
        found = self.add("Shape", self.of(node), start=axis, end=axis + 1)
        found = found if extent.k == 1 else self.add("Div", found, self.whole(extent.k))
        return found if k == 1 else self.add("Mul", found, self.whole(k))

    def _name(self, node: Node) -> str:
        """What a node's value is called: an output's name, the user's variable, or a temporary's."""
        return self.results[node] if node in self.results else unused(self.names.of(node), self.taken)

    def _write(self, operator: Operator, output: str) -> str:
        """Write an operator; what has been written already is not written again."""
        key = repr(operator)
        if not output and key in self.written:
            return self.written[key]
        name = output or unused(f"{self.scope or self.graph.name}.{operator.name.lower()}", self.taken)
        self.written.setdefault(key, name)
        self.done.nodes.append(OnnxNode(operator, name, self._node_name(operator)))
        return name

    def _node_name(self, operator: Operator) -> str:
        stem = f"{self.scope}/{operator.name}" if self.scope else operator.name
        self.operators[stem] += 1
        return stem if self.operators[stem] == 1 else f"{stem}_{self.operators[stem]}"


def print_onnx(graph: Graph, dtype: Any, natives: Mapping[Any, Native]) -> OnnxGraph:
    """The graph as operators of ONNX.

    Parameters
    ----------
    graph : Graph
        Its constants are inputs whose arrays are in ``values``; of composites only those in ``natives``.
    dtype : dtype
        The float type.
    natives : mapping
        Composite → row, for composites that ONNX has operators for.

    Returns
    -------
    OnnxGraph

    Raises
    ------
    InputError
        An op that ONNX has no operator for; it is named, with its layer.

    Examples
    --------
    >>> import glassnet as gn
    >>> W = np.ones((2, 3))
    >>> printed = print_onnx(gn.trace(lambda x: np.tanh(x @ W), ("n", 2)), "float32", {})
    >>> [(node.operator.name, node.operator.inputs, node.output) for node in printed.nodes]
    [('MatMul', ('x', 'W'), 't1'), ('Tanh', ('t1',), '0')]
    """
    return Writer(graph, dtype, natives).graph_of_operators()
