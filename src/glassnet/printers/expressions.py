"""How each op reads as a NumPy expression: one row per op, text and precedence.

Python numbers (weak kinds) print with ``math`` and Python's own operators, because a NumPy function would
turn them into float64 arrays that widen everything they meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from glassnet.graph.dims import Shape
from glassnet.graph.node import Node
from glassnet.graph.ops import UNARY_FLOAT, is_weak

TERNARY, OR, COMPARE, BIT_OR, BIT_AND, ADD, MULTIPLY, NEGATE, POWER, ATOM = range(10)
Piece = tuple[str, int]


class Renderer(Protocol):
    """What a row of the table may ask for."""

    def ref(self, node: Node, precedence: int = 0, right: bool = False) -> str:
        """The text of an operand, in parentheses where needed."""

    def call_name(self, node: Node) -> str:
        """The printed name of a composite's helper."""

    @property
    def float_type(self) -> str:
        """An expression for the program's float dtype."""


def number(value: Any) -> Piece:
    """A constant by ``repr``."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return ("np.inf", ATOM) if value > 0 else ("-np.inf", NEGATE)
    if value != value:
        return "np.nan", ATOM
    if value == math.pi:
        return "math.pi", ATOM
    text = repr(value).replace("e-0", "e-")  # 1e-07 is the same number as 1e-7
    return text, NEGATE if text[0] == "-" else ATOM


def shape_text(shape: Shape) -> str:
    """A shape as a tuple."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def infix(symbol: str, precedence: int, associative: bool = False) -> Callable[[Renderer, Node], Piece]:
    """A binary operator; ``associative`` ones need no parentheses on the right."""

    def row(r: Renderer, node: Node) -> Piece:
        a, b = node.inputs
        right = r.ref(b, precedence, right=not associative)
        return f"{r.ref(a, precedence)} {symbol} {right}", precedence

    return row


def compare(symbol: str) -> Callable[[Renderer, Node], Piece]:
    """Comparisons do not chain: both sides bind tighter."""
    return lambda r, x: (
        f"{r.ref(x.inputs[0], COMPARE + 1)} {symbol} {r.ref(x.inputs[1], COMPARE + 1)}",
        COMPARE,
    )


def function(name: str, weak_name: str | None = None) -> Callable[[Renderer, Node], Piece]:
    """A call of a NumPy function, or of another one for Python numbers."""

    def row(r: Renderer, node: Node) -> Piece:
        called = weak_name if weak_name is not None and is_weak(node.kind) else name
        return f"{called}({', '.join(map(r.ref, node.inputs))})", ATOM

    return row


def logical(symbol: str, precedence: int, word: str) -> Callable[[Renderer, Node], Piece]:
    """``&`` on arrays, ``and`` on Python's own booleans."""

    def row(r: Renderer, node: Node) -> Piece:
        if is_weak(node.kind):
            return f"{r.ref(node.inputs[0], COMPARE)} {word} {r.ref(node.inputs[1], COMPARE)}", OR
        return infix(symbol, precedence, associative=True)(r, node)

    return row


def logical_not(r: Renderer, node: Node) -> Piece:
    """``~`` on arrays, ``not`` on Python's own booleans."""
    if is_weak(node.kind):
        return f"not {r.ref(node.inputs[0], COMPARE)}", OR
    return f"~{r.ref(node.inputs[0], NEGATE)}", NEGATE


def negative(r: Renderer, node: Node) -> Piece:
    """``-x``; a product needs no parentheses where its first factor is a float like itself."""
    x = first = node.inputs[0]
    while first.op in ("mul", "div", "matmul"):
        first = first.inputs[0]
    signed = first.kind in (
        "float",
        "weak_float",
    )  # a boolean has no minus, an unsigned integer a strange one
    return f"-{r.ref(x, MULTIPLY if signed else POWER)}", MULTIPLY


def power(r: Renderer, node: Node) -> Piece:
    """``a**b``."""
    a, b = node.inputs
    return f"{r.ref(a, POWER + 1)}**{r.ref(b, POWER + 1)}", POWER


def where(r: Renderer, node: Node) -> Piece:
    """``np.where``; a conditional expression for Python numbers."""
    condition, a, b = node.inputs
    if is_weak(node.kind):
        return f"{r.ref(a, OR)} if {r.ref(condition, OR)} else {r.ref(b)}", TERNARY
    return function("np.where")(r, node)


def reduction(r: Renderer, node: Node) -> Piece:
    """``x.sum(axis=0)``."""
    x, axis = node.inputs[0], node.attrs["axis"]
    arguments = []
    if len(axis) < x.ndim or (node.attrs["keepdims"] and x.ndim):
        arguments.append(f"axis={axis[0] if len(axis) == 1 else axis}" if len(axis) < x.ndim else "")
    if node.attrs["keepdims"]:
        arguments.append("keepdims=True")
    if x.kind == "weak_float" or x.kind == "weak_int":
        return r.ref(x, ATOM), ATOM
    return f"{r.ref(x, ATOM)}.{node.op}({', '.join(filter(None, arguments))})", ATOM


def position(r: Renderer, node: Node) -> Piece:
    """``x.argmax(axis=0)``."""
    return f"{r.ref(node.inputs[0], ATOM)}.{node.op}(axis={node.attrs['axis']})", ATOM


def cast(r: Renderer, node: Node) -> Piece:
    """``x.astype(...)``, in the float type that the program's inputs have."""
    x, to = node.inputs[0], node.attrs["to"]
    target = r.float_type if to == "float" else {"int": "int", "bool": "bool", "uint": "np.uint32"}[to]
    if is_weak(x.kind):
        return (f"{target}({r.ref(x)})" if "." not in target else f"{target}.type({r.ref(x)})"), ATOM
    return f"{r.ref(x, ATOM)}.astype({target})", ATOM


def transpose(r: Renderer, node: Node) -> Piece:
    """``.T`` for a matrix."""
    axes = node.attrs["axes"]
    text = r.ref(node.inputs[0], ATOM)
    return (f"{text}.T" if axes == (1, 0) else f"{text}.transpose{shape_text(axes)}"), ATOM


def reshape(r: Renderer, node: Node) -> Piece:
    """``[:, None]`` for a new last axis, ``.reshape(...)`` else."""
    x, shape = node.inputs[0], node.attrs["shape"]
    text = r.ref(x, ATOM)
    if shape[:-1] == x.shape and shape[-1:] == (1,) and x.shape:
        return (f"{text}[:, None]" if x.ndim == 1 else f"{text}[..., None]"), ATOM
    inner = ", ".join(map(str, shape)) if shape else "()"
    return f"{text}.reshape({inner})", ATOM


def broadcast(r: Renderer, node: Node) -> Piece:
    """``np.broadcast_to``; ``np.full`` for a Python number."""
    x, shape = node.inputs[0], shape_text(node.attrs["shape"])
    if is_weak(x.kind):
        return f"np.full({shape}, {r.ref(x)}, {r.float_type})", ATOM
    return f"np.broadcast_to({r.ref(x)}, {shape})", ATOM


def slice_text(slices: tuple[tuple[int, int, int] | None, ...], shape: Shape) -> str:
    """The inside of ``x[...]``, without trailing full slices."""
    parts = []
    for chosen, extent in zip(slices, shape, strict=True):
        if chosen is None:
            parts.append(":")
            continue
        start, stop, step = chosen
        first = "" if start == 0 and step > 0 else str(start)
        last = "" if stop < 0 or (stop == extent and step > 0) else str(stop)
        parts.append(f"{first}:{last}" + (f":{step}" if step != 1 else ""))
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    return ", ".join(parts)


def slicing(r: Renderer, node: Node) -> Piece:
    """``x[a:b]``."""
    x = node.inputs[0]
    return f"{r.ref(x, ATOM)}[{slice_text(node.attrs['slices'], x.shape)}]", ATOM


def unslice(r: Renderer, node: Node) -> Piece:
    """The gradient of a slice, by a helper."""
    shape = node.attrs["shape"]
    index = slice_text(node.attrs["slices"], shape)
    return f"put_slice({r.ref(node.inputs[0])}, np.s_[{index}], {shape_text(shape)})", ATOM


def pick(r: Renderer, node: Node) -> Piece:
    """``scores[np.arange(n), y]``."""
    z, index = node.inputs
    if z.ndim == 2:
        return f"{r.ref(z, ATOM)}[np.arange({z.shape[0]}), {r.ref(index)}]", ATOM
    if z.ndim == 1:
        return f"{r.ref(z, ATOM)}[{r.ref(index)}]", ATOM
    return f"np.take_along_axis({r.ref(z)}, {r.ref(index, ATOM)}[..., None], axis=-1)[..., 0]", ATOM


def joined(r: Renderer, node: Node) -> Piece:
    """``np.concatenate``; ``axis=None`` flattens."""
    axis = None if node.op == "pack" else node.attrs["axis"]
    return f"np.concatenate([{', '.join(map(r.ref, node.inputs))}], axis={axis})", ATOM


def extent(r: Renderer, node: Node) -> Piece:
    """``n`` or a multiple."""
    dim = node.attrs["dim"]
    return str(dim), ATOM if dim.k == 1 else MULTIPLY


def uniform(r: Renderer, node: Node) -> Piece:
    """``random_uniform(seed, t, 1, (n, 64))``."""
    seed, step = map(r.ref, node.inputs)
    return f"random_uniform({seed}, {step}, {node.attrs['site']}, {shape_text(node.attrs['shape'])})", ATOM


# op → row; every op of the table has one, or None where it never reaches a printer
EXPRESSIONS: dict[str, Callable[[Renderer, Node], Piece] | None] = {
    "input": None,
    "const": lambda r, x: number(x.attrs["value"]),
    "size": extent,
    "arange": lambda r, x: (f"np.arange({x.attrs['count']})", ATOM),
    "add": infix("+", ADD),
    "sub": infix("-", ADD),
    "mul": infix("*", MULTIPLY),
    "div": infix("/", MULTIPLY),
    "matmul": infix("@", MULTIPLY),
    "pow": power,
    "neg": negative,
    **{op: function(f"np.{op}", f"math.{op}") for op in UNARY_FLOAT},
    "abs": function("np.abs", "abs"),
    "sign": function("np.sign"),
    "floor": function("np.floor", "math.floor"),
    "maximum": function("np.maximum", "max"),
    "minimum": function("np.minimum", "min"),
    "less": compare("<"),
    "less_equal": compare("<="),
    "greater": compare(">"),
    "greater_equal": compare(">="),
    "equal": compare("=="),
    "not_equal": compare("!="),
    "logical_and": logical("&", BIT_AND, "and"),
    "logical_or": logical("|", BIT_OR, "or"),
    "logical_not": logical_not,
    "where": where,
    "cast": cast,
    "stop": None,
    "sum": reduction,
    "mean": reduction,
    "var": reduction,
    "max": reduction,
    "min": reduction,
    "argmax": position,
    "argmin": position,
    "transpose": transpose,
    "reshape": reshape,
    "broadcast": broadcast,
    "concat": joined,
    "pack": joined,
    "slice": slicing,
    "unslice": unslice,
    "pick": pick,
    "take": lambda r, x: (f"{r.ref(x.inputs[0], ATOM)}[{r.ref(x.inputs[1])}]", ATOM),
    "scatter_add": lambda r, x: (f"scatter_add({', '.join(map(r.ref, x.inputs))}, {x.attrs['rows']})", ATOM),
    "random_uniform": uniform,
    "call": lambda r, x: (f"{r.call_name(x)}({', '.join(map(r.ref, x.inputs))})", ATOM),
    "item": lambda r, x: (f"{r.ref(x.inputs[0], ATOM)}[{x.attrs['index']}]", ATOM),
    "apply": None,
}
