"""How each op is computed by ONNX: one row per op.

A row takes the writer and a node, writes whatever must come first, and answers the operator whose result is
the node's value. ONNX mixes no types, so operands are asked for in the kind that the result has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from glassnet.graph.dims import Dim, Extent, Shape
from glassnet.graph.node import Node
from glassnet.graph.ops import Kind, is_weak, join_kinds
from glassnet.printers.to_onnx.pieces import Operator

FIRST = np.iinfo(np.int64).min  # before the first element: where a slice that runs backwards ends


class Page(Protocol):
    """What a row may ask for."""

    def of(self, node: Node, kind: Kind | None = None) -> str:
        """The name of a node's value, cast to another kind if wanted."""

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Write an operator, and answer the name of its result."""

    def array(self, array: np.ndarray, name: str) -> str:
        """A constant, called so if nothing else is."""

    def whole(self, *values: int) -> str:
        """A constant vector of whole numbers."""

    def number(self, value: float, kind: Kind) -> str:
        """A constant scalar."""

    def extents(self, shape: Shape) -> str:
        """A shape as a vector, the batch's size taken from an input."""

    def type_of(self, kind: Kind) -> np.dtype[Any]:
        """The type of the arrays of a kind."""

    def element_type(self, kind: Kind) -> int:
        """ONNX's number of the type of a kind."""

    def native(self, node: Node) -> Operator:
        """A composite that ONNX knows."""


Row = Callable[[Page, Node], Operator]


def simple(operator: str) -> Row:
    """An operator of the result's kind in all its operands."""
    return lambda p, x: Operator(operator, tuple(p.of(a, x.kind) for a in x.inputs))


def on_numbers(operator: str, on_bool: str) -> Row:
    """Arithmetic, which on booleans is logic."""
    return lambda p, x: simple(on_bool if x.kind == "bool" else operator)(p, x)


def on_floats(operator: str) -> Row:
    """An operator that leaves whole numbers and booleans as they are."""
    return lambda p, x: simple(operator if x.kind in ("float", "weak_float") else "Identity")(p, x)


def maximum(p: Page, x: Node) -> Operator:
    """``Relu`` where it is one."""
    if x.kind == "float" and x.inputs[1].op == "const" and x.inputs[1].attrs["value"] == 0:
        return Operator("Relu", (p.of(x.inputs[0], x.kind),))
    return on_numbers("Max", "Or")(p, x)


def add(p: Page, x: Node) -> Operator:
    """``Or`` for booleans."""
    return on_numbers("Add", "Or")(p, x)


def power(p: Page, x: Node) -> Operator:
    """A square is a product."""
    if x.inputs[1].op == "const" and x.inputs[1].attrs["value"] == 2:
        a = p.of(x.inputs[0], x.kind)
        return Operator("Mul", (a, a))
    return simple("Pow")(p, x)


def expm1(p: Page, x: Node) -> Operator:
    """``tanh(a / 2) * (exp(a) + 1)``, which is exp(a) - 1 and does not cancel."""
    a = p.of(x.inputs[0], x.kind)
    half = p.add("Tanh", p.add("Mul", a, p.number(0.5, x.kind)))
    return Operator("Mul", (half, p.add("Add", p.add("Exp", a), p.number(1, x.kind))))


def log1p(p: Page, x: Node) -> Operator:
    """``log(u)`` with ``u = 1 + a``, corrected by what rounding took from a."""
    a, one = p.of(x.inputs[0], x.kind), p.number(1, x.kind)
    u = p.add("Add", a, one)
    kept, log = p.add("Sub", u, one), p.add("Log", u)
    corrected = p.add("Sub", log, p.add("Div", p.add("Sub", kept, a), u))
    return Operator("Where", (p.add("Equal", kept, a), log, corrected))


def compare(operator: str, negated: bool = False) -> Row:
    """Both sides in one type: integers and floats meet as float64, as in NumPy."""

    def row(p: Page, x: Node) -> Operator:
        kinds = [a.kind for a in x.inputs]
        kind = join_kinds(*kinds)
        sides = [p.of(a, "int" if kind == "bool" and operator != "Equal" else kind) for a in x.inputs]
        if kind == "float" and "int" in kinds:
            sides = [p.add("Cast", p.of(a), to=DOUBLE) for a in x.inputs]
        found = Operator(operator, tuple(sides))
        return as_weak(p, x, negation(p, found) if negated else found)

    return row


def negation(p: Page, found: Operator) -> Operator:
    """The opposite of a comparison."""
    return Operator("Not", (p.add(found.name, *found.inputs),))


def as_weak(p: Page, x: Node, found: Operator) -> Operator:
    """What Python's own numbers compare to is a number, too."""
    if not is_weak(x.kind):
        return found
    return Operator("Cast", (p.add(found.name, *found.inputs),), {"to": p.element_type("int")})


def logical(operator: str) -> Row:
    """On booleans; other kinds are compared with 0."""
    return lambda p, x: as_weak(p, x, Operator(operator, tuple(p.of(a, "bool") for a in x.inputs)))


def where(p: Page, x: Node) -> Operator:
    """``Where``; of booleans, which onnxruntime does not choose from, logic."""
    condition, a, b = x.inputs
    if x.kind == "bool":
        c = p.of(condition, "bool")
        chosen = p.add("And", c, p.of(a, "bool"))
        return Operator("Or", (chosen, p.add("And", p.add("Not", c), p.of(b, "bool"))))
    return Operator("Where", (p.of(condition, "bool"), p.of(a, x.kind), p.of(b, x.kind)))


def cast(p: Page, x: Node) -> Operator:
    """``Cast``."""
    return Operator("Cast", (p.of(x.inputs[0]),), {"to": p.element_type(x.kind)})


# ------------------------------------------------------------------------------------------ reductions
def reduction(operator: str) -> Row:
    """Over ``axis``; booleans are counted, or compared as numbers."""

    def row(p: Page, x: Node) -> Operator:
        a, kind = x.inputs[0], x.kind
        if not a.shape:
            return Operator("Identity", (p.of(a, kind),))
        found = reduced(operator, x, p, p.of(a, "int" if kind == "bool" else kind))
        if kind != "bool":
            return found
        return Operator("Cast", (p.add(found.name, *found.inputs, **found.attributes),), {"to": BOOL})

    return row


def reduced(operator: str, x: Node, p: Page, value: str) -> Operator:
    """A reduction as ``x`` does it, of another value of the same shape."""
    axes = p.whole(*x.attrs["axis"])
    return Operator(operator, (value, axes), {"keepdims": int(x.attrs["keepdims"])})


def variance(p: Page, x: Node) -> Operator:
    """The mean of squared deviations."""
    if not x.inputs[0].shape:
        a = p.of(x.inputs[0], x.kind)
        return Operator("Sub", (a, a))
    a = p.of(x.inputs[0], x.kind)
    deviation = p.add("Sub", a, p.add("ReduceMean", a, p.whole(*x.attrs["axis"]), keepdims=1))
    return reduced("ReduceMean", x, p, p.add("Mul", deviation, deviation))


def position(operator: str) -> Row:
    """The first extreme value."""

    def row(p: Page, x: Node) -> Operator:
        a = x.inputs[0]
        value = p.of(a, "int" if a.kind == "bool" else None)
        return Operator(operator, (value,), {"axis": x.attrs["axis"], "keepdims": 0})

    return row


# ------------------------------------------------------------------------------------------ shapes
def reshape(p: Page, x: Node) -> Operator:
    """The batch is what is left over, unless another extent is 0."""
    shape: Shape = x.attrs["shape"]
    a = p.of(x.inputs[0])
    if 0 in shape:
        return Operator("Reshape", (a, p.extents(shape)), {"allowzero": 1})
    return Operator("Reshape", (a, p.whole(*(-1 if isinstance(e, Dim) else e for e in shape))))


def transpose(p: Page, x: Node) -> Operator:
    """``Transpose``."""
    return Operator("Transpose", (p.of(x.inputs[0]),), {"perm": list(x.attrs["axes"])})


def broadcast(p: Page, x: Node) -> Operator:
    """``Expand``."""
    return Operator("Expand", (p.of(x.inputs[0], x.kind), p.extents(x.attrs["shape"])))


def concat(p: Page, x: Node) -> Operator:
    """``Concat``."""
    return Operator("Concat", tuple(p.of(a, x.kind) for a in x.inputs), {"axis": x.attrs["axis"]})


def pack(p: Page, x: Node) -> Operator:
    """Everything end to end."""
    flat = tuple(p.add("Reshape", p.of(a, x.kind), p.whole(-1)) for a in x.inputs)
    return Operator("Concat", flat, {"axis": 0})


def slicing(p: Page, x: Node) -> Operator:
    """``Slice`` along the axes that are cut."""
    cut = [(axis, s) for axis, s in enumerate(x.attrs["slices"]) if s is not None]
    starts = p.whole(*(s[0] for _, s in cut))
    stops = p.whole(*(FIRST if s[1] < 0 else s[1] for _, s in cut))
    axes, steps = p.whole(*(axis for axis, _ in cut)), p.whole(*(s[2] for _, s in cut))
    return Operator("Slice", (p.of(x.inputs[0]), starts, stops, axes, steps))


def size(p: Page, x: Node) -> Operator:
    """``n`` or a multiple, as a scalar."""
    return Operator("Squeeze", (p.extents((x.attrs["dim"],)),))


def arange(p: Page, x: Node) -> Operator:
    """Whole numbers from 0."""
    count: Extent = x.attrs["count"]
    if isinstance(count, int):
        return Operator("Identity", (p.whole(*range(count)),))
    last = p.add("Squeeze", p.extents((count,)))
    return Operator("Range", (p.number(0, "int"), last, p.number(1, "int")))


# ------------------------------------------------------------------------------------------ looking up
def pick(p: Page, x: Node) -> Operator:
    """One element of each row."""
    z, index = x.inputs
    last = p.whole(-1)
    chosen = p.add("GatherElements", p.of(z), p.add("Unsqueeze", p.of(index, "int"), last), axis=-1)
    return Operator("Squeeze", (chosen, last))


def take(p: Page, x: Node) -> Operator:
    """Rows of a table."""
    return Operator("Gather", (p.of(x.inputs[0]), p.of(x.inputs[1], "int")), {"axis": 0})


def scatter_add(p: Page, x: Node) -> Operator:
    """Rows added into a table of zeros."""
    g, index = x.inputs
    zeros = p.add("Expand", p.number(0, x.kind), p.extents(x.shape))
    places = p.add("Unsqueeze", p.of(index, "int"), p.whole(-1))
    return Operator("ScatterND", (zeros, places, p.of(g)), {"reduction": "add"})


# ONNX's numbers of its types, which its format has fixed for ever
ELEMENT_TYPES = {"float32": 1, "uint32": 12, "int64": 7, "bool": 9, "float64": 11}
DOUBLE, BOOL = ELEMENT_TYPES["float64"], ELEMENT_TYPES["bool"]

# op → row; None where ONNX cannot say it, or nothing that reaches the printer has it
OPERATORS: dict[str, Row | None] = {
    "input": None,
    "const": None,
    "size": size,
    "arange": arange,
    "add": add,
    "sub": simple("Sub"),
    "mul": on_numbers("Mul", "And"),
    "div": simple("Div"),
    "pow": power,
    "neg": simple("Neg"),
    "maximum": maximum,
    "minimum": on_numbers("Min", "And"),
    "exp": simple("Exp"),
    "log": simple("Log"),
    "sqrt": simple("Sqrt"),
    "tanh": simple("Tanh"),
    "sin": simple("Sin"),
    "cos": simple("Cos"),
    "expm1": expm1,
    "log1p": log1p,
    "abs": on_numbers("Abs", "Identity"),
    "sign": on_numbers("Sign", "Identity"),
    "floor": on_floats("Floor"),
    "less": compare("Less"),
    "less_equal": compare("LessOrEqual"),
    "greater": compare("Greater"),
    "greater_equal": compare("GreaterOrEqual"),
    "equal": compare("Equal"),
    "not_equal": compare("Equal", negated=True),
    "logical_and": logical("And"),
    "logical_or": logical("Or"),
    "logical_not": logical("Not"),
    "where": where,
    "cast": cast,
    "stop": None,
    "sum": reduction("ReduceSum"),
    "mean": reduction("ReduceMean"),
    "var": variance,
    "max": reduction("ReduceMax"),
    "min": reduction("ReduceMin"),
    "argmax": position("ArgMax"),
    "argmin": position("ArgMin"),
    "matmul": simple("MatMul"),
    "transpose": transpose,
    "reshape": reshape,
    "broadcast": broadcast,
    "concat": concat,
    "pack": pack,
    "slice": slicing,
    "unslice": None,
    "pick": pick,
    "take": take,
    "scatter_add": scatter_add,
    "random_uniform": None,
    "call": lambda p, x: p.native(x),
    "item": None,
    "apply": None,
}
