"""How each op reads inside a compiled loop: one row per op, text and precedence.

Inside a loop there are only numbers, and each has a type: ``f`` (the program's float), ``single`` (float32,
for what is made of random numbers alone, in programs of any width), int, uint, bool, and Python's own
numbers, which take the type of what they meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from glassnet.graph.node import Node
from glassnet.graph.ops import ARITHMETIC, COMPARISONS, UNARY_FLOAT, is_weak
from glassnet.printers.expressions import (
    ADD,
    ATOM,
    BIT_AND,
    BIT_OR,
    COMPARE,
    MULTIPLY,
    NEGATE,
    OR,
    POWER,
    TERNARY,
    Piece,
)

MANY_FACTORS = 4  # x ** 4 is a product, x ** 5 a power


class Spot(Protocol):
    """What a row of the table may ask for: the operands of a value at the present indices."""

    def arg(self, number: int, precedence: int = 0, right: bool = False) -> str:
        """An operand's text, converted to the type of the operation."""

    def name_of(self, number: int) -> str:
        """An operand as a name, so that it may be used twice."""

    def element(self, number: int, index: str) -> str:
        """An element of an operand that is read out of place: along its last, or its first, axis."""

    def random(self) -> str:
        """The element's random number."""


Row = Callable[[Spot, Node], Piece]


def _infix(symbol: str, precedence: int, associative: bool = False) -> Row:
    def row(s: Spot, node: Node) -> Piece:
        right = s.arg(1, precedence, right=not associative)
        return f"{s.arg(0, precedence)} {symbol} {right}", precedence

    return row


def _compare(symbol: str) -> Row:
    return lambda s, x: (f"{s.arg(0, COMPARE + 1)} {symbol} {s.arg(1, COMPARE + 1)}", COMPARE)


def _call(name: str, weak_name: str | None = None) -> Row:
    """A function of as many arguments as the op has inputs."""

    def row(s: Spot, node: Node) -> Piece:
        called = weak_name if weak_name is not None and is_weak(node.kind) else name
        return f"{called}({', '.join(s.arg(i) for i in range(len(node.inputs)))})", ATOM

    return row


def _extreme(name: str, weak_name: str, symbol: str) -> Row:
    """``maximum``, with a shorter form where one side is a number that is never NaN."""

    def row(s: Spot, node: Node) -> Piece:
        a, b = node.inputs
        if is_weak(node.kind):
            return f"{weak_name}({s.arg(0)}, {s.arg(1)})", ATOM
        for number, constant in ((1, b), (0, a)):
            if constant.op == "const" and constant.attrs["value"] == constant.attrs["value"]:
                x = s.name_of(1 - number)
                c = s.arg(number)
                return f"{c} if {x} {symbol} {c} else {x}", TERNARY
        return f"{name}({s.arg(0)}, {s.arg(1)})", ATOM

    return row


def _where(s: Spot, node: Node) -> Piece:
    condition = s.arg(0, TERNARY + 1)
    return f"{s.arg(1, TERNARY + 1)} if {condition} else {s.arg(2, TERNARY)}", TERNARY


def _power(s: Spot, node: Node) -> Piece:
    base, exponent = node.inputs
    value: Any = exponent.attrs["value"] if exponent.op == "const" else None
    if is_weak(node.kind):
        decay = base.attrs["value"] if base.op == "const" else None
        if exponent.kind == "weak_int" and value is None and isinstance(decay, float) and 0 < decay < 1:
            # What averages forget: exp takes a third of the time of a general power.
            return f"math.exp({math.log(decay)!r} * {s.arg(1, MULTIPLY)})", ATOM
        if exponent.kind == "weak_int" and value is None and base.kind == "weak_float":
            return f"{s.arg(0, ATOM)} ** float({s.arg(1)})", POWER
        return f"{s.arg(0, ATOM)} ** {s.arg(1, NEGATE)}", POWER
    if value in range(2, MANY_FACTORS + 1):
        x = s.name_of(0)
        return " * ".join([x] * int(value)), MULTIPLY
    if value == 0.5 and node.kind == "float":
        return f"sqrt({s.arg(0)})", ATOM
    return f"{s.arg(0, ATOM)} ** {s.arg(1, NEGATE)}", POWER


def _product(s: Spot, node: Node) -> Piece:
    if node.kind == "bool":
        return _infix("&", BIT_AND, associative=True)(s, node)
    return _infix("*", MULTIPLY)(s, node)


def _sum(s: Spot, node: Node) -> Piece:
    if node.kind == "bool":
        return _infix("|", BIT_OR, associative=True)(s, node)
    return _infix("+", ADD)(s, node)


def _logical(symbol: str) -> Row:
    def row(s: Spot, node: Node) -> Piece:
        return f"{s.arg(0, OR + 1)} {symbol} {s.arg(1, OR + 1)}", OR

    return row


def _cast(s: Spot, node: Node) -> Piece:
    if node.attrs["to"] == "bool":
        return f"{s.arg(0, COMPARE + 1)} != 0", COMPARE
    called = {"float": "f", "int": "np.int64", "uint": "np.uint32"}[node.attrs["to"]]
    return f"{called}({s.arg(0)})", ATOM


def _pick(s: Spot, node: Node) -> Piece:
    count = node.inputs[0].shape[-1]
    return s.element(0, f"row({s.arg(1)}, {count})"), ATOM


def _take(s: Spot, node: Node) -> Piece:
    count = node.inputs[0].shape[0]
    return s.element(0, f"row({s.arg(1)}, {count})"), ATOM


def _unsigned(row: Row) -> Row:
    """Arithmetic of uint32 wraps around."""

    def wrapped(s: Spot, node: Node) -> Piece:
        text, precedence = row(s, node)
        return (f"np.uint32({text})", ATOM) if node.kind == "uint" else (text, precedence)

    return wrapped


# op → row; None: it has a loop of its own, or only says where to read
ROWS: dict[str, Row | None] = {
    "add": _unsigned(_sum),
    "sub": _unsigned(_infix("-", ADD)),
    "mul": _unsigned(_product),
    "div": _infix("/", MULTIPLY),
    "pow": _unsigned(_power),
    "neg": _unsigned(lambda s, x: (f"-{s.arg(0, NEGATE)}", NEGATE)),
    "maximum": _extreme("maximum", "max", "<"),
    "minimum": _extreme("minimum", "min", ">"),
    **{op: _call(op, f"math.{op}") for op in UNARY_FLOAT},
    "abs": _call("abs"),
    "sign": _call("sign"),
    "floor": _call("np.floor", "math.floor"),
    "less": _compare("<"),
    "less_equal": _compare("<="),
    "greater": _compare(">"),
    "greater_equal": _compare(">="),
    "equal": _compare("=="),
    "not_equal": _compare("!="),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_not": lambda s, x: (f"not {s.arg(0, COMPARE)}", OR),
    "where": _where,
    "cast": _cast,
    "pick": _pick,
    "take": _take,
    "random_uniform": lambda s, x: (s.random(), ATOM),
    **dict.fromkeys(("input", "const", "size", "arange", "transpose", "reshape", "broadcast", "slice")),
    **dict.fromkeys(("sum", "mean", "var", "max", "min", "argmax", "argmin", "matmul", "concat", "pack")),
    **dict.fromkeys(("unslice", "scatter_add", "stop", "call", "item", "apply")),
}


def operand_type(node: Node, number: int, type_of: Callable[[Node], str]) -> str:
    """The type in which an operation takes an operand."""
    if node.op in COMPARISONS or node.op in ARITHMETIC or node.op in UNARY_FLOAT or node.op == "where":
        operands = node.inputs[1:] if node.op == "where" else node.inputs
        types = {type_of(x) for x in operands}
        for wide in ("f", "single"):
            if wide in types:
                return wide
        if node.kind == "float":
            return "f"
        return "same"
    return "same"


def convert(piece: Piece, found: str, wanted: str) -> Piece:
    """A piece of one type as another."""
    text, _ = piece
    if wanted in ("f", "single") and found not in (wanted, "int"):
        return f"{wanted}({text})", ATOM
    return piece


def literal(value: Any) -> Piece:
    """A constant."""
    if isinstance(value, float) and value != value:
        return "np.nan", ATOM
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return ("np.inf", ATOM) if value > 0 else ("-np.inf", NEGATE)
    text = repr(value)
    return text, NEGATE if text[0] == "-" else ATOM
