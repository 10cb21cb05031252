"""How each op reads in C: one row per op.

A row is an expression for one element of the result, at given indices; or it is a statement, for the ops
whose result has to be put together in memory: see :mod:`glassnet.printers.to_c.statements`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from glassnet.graph.node import Node
from glassnet.graph.ops import UNARY_FLOAT, Kind, is_weak, join_kinds
from glassnet.printers.to_c.indices import Index, aligned, sliced

TERNARY, OR, AND, EQUAL, COMPARE, ADD, MULTIPLY, UNARY, ATOM = range(9)
Piece = tuple[str, int]


class Page(Protocol):
    """What a row of the table may ask for."""

    def at(self, node: Node, index: Index, precedence: int = 0, kind: Kind = "float") -> str:
        """An element of an operand, in parentheses where needed; Python's numbers take the kind."""

    def view(self, node: Node, index: Index) -> Piece:
        """An element of an operand, whatever it is."""

    def flat(self, node: Node, index: Index) -> Piece:
        """An element of a reshape's operand, counted through."""

    def helper(self, name: str) -> str:
        """The name of a small function, which the program then contains."""

    def call_name(self, node: Node) -> str:
        """The name of the function that a composite has become."""

    def function(self, name: str) -> str:
        """A function of math.h for the program's float type."""

    @property
    def float_type(self) -> str:
        """``float`` or ``double``."""


Row = Callable[[Page, Node, Index], Piece]


def kind_of(node: Node) -> Kind:
    """The kind in which the operands meet."""
    return join_kinds(*[x.kind for x in (node.inputs[1:] if node.op == "where" else node.inputs)])


def _operand(p: Page, node: Node, number: int, index: Index, precedence: int = 0) -> str:
    x = node.inputs[number]
    return p.at(x, aligned(index, x.shape), precedence, kind_of(node))


def _infix(symbol: str, precedence: int, of_booleans: str = "") -> Row:
    """A binary operator; that of booleans is another one."""

    def row(p: Page, node: Node, index: Index) -> Piece:
        if of_booleans and node.kind == "bool":
            return _logical(of_booleans)(p, node, index)
        a, b = _operand(p, node, 0, index, precedence), _operand(p, node, 1, index, precedence + 1)
        return f"{a} {symbol} {b}", precedence

    return row


def _compare(symbol: str, precedence: int) -> Row:
    """A comparison; of a value with itself only as far as it says something: NaN is not equal to itself."""

    def row(p: Page, node: Node, index: Index) -> Piece:
        a, b = _operand(p, node, 0, index, ADD), _operand(p, node, 1, index, ADD)
        if a != b:
            left = f"({a})" if a.startswith("!") else a  # compilers ask whether !a == b is meant
            return f"{left} {symbol} {b}", precedence
        if symbol in "<>" or kind_of(node) != "float":
            return ("1" if symbol in ("<=", ">=", "==") else "0"), ATOM
        return f"{a} {'!=' if symbol == '!=' else '=='} {b}", EQUAL

    return row


def _logical(symbol: str) -> Row:
    """``&&`` and ``||``; parentheses keep compilers from asking whether they are meant."""
    precedence = AND if symbol == "&&" else OR
    return lambda p, x, i: (
        f"{_operand(p, x, 0, i, EQUAL)} {symbol} {_operand(p, x, 1, i, EQUAL)}",
        precedence,
    )


def _not(p: Page, node: Node, index: Index) -> Piece:
    return f"!{_operand(p, node, 0, index, UNARY)}", UNARY


def _call(name: str) -> Row:
    """A function of math.h."""
    return lambda p, x, i: (f"{p.function(name)}({_operand(p, x, 0, i)})", ATOM)


def _negative(p: Page, node: Node, index: Index) -> Piece:
    text = _operand(p, node, 0, index, UNARY)
    return (f"-({text})" if text.startswith("-") else f"-{text}"), UNARY


def _abs(p: Page, node: Node, index: Index) -> Piece:
    if node.kind == "float":
        return _call("fabs")(p, node, index)
    name = p.helper("absolute")
    return f"{name}({_operand(p, node, 0, index)})", ATOM


def _floor(p: Page, node: Node, index: Index) -> Piece:
    return _call("floor")(p, node, index) if node.kind == "float" else p.view(node.inputs[0], index)


def _of_kind(name: str) -> Row:
    """A helper for floats, another one for whole numbers; booleans are whole numbers here."""

    def row(p: Page, node: Node, index: Index) -> Piece:
        helper = p.helper(name if node.kind == "float" else f"{name}_integer")
        return f"{helper}({', '.join(_operand(p, node, k, index) for k in range(len(node.inputs)))})", ATOM

    return row


def _power(p: Page, node: Node, index: Index) -> Piece:
    exponent = node.inputs[1]
    value: Any = exponent.attrs["value"] if exponent.op == "const" else None
    if node.kind != "float":
        helper = p.helper("power_integer")
        return f"{helper}({_operand(p, node, 0, index)}, {_operand(p, node, 1, index)})", ATOM
    if value == 2:
        return f"{p.helper('square')}({_operand(p, node, 0, index)})", ATOM
    if value == 0.5:
        return _call("sqrt")(p, node, index)
    return f"{p.function('pow')}({_operand(p, node, 0, index)}, {_operand(p, node, 1, index)})", ATOM


def _where(p: Page, node: Node, index: Index) -> Piece:
    condition = node.inputs[0]
    test = p.at(condition, aligned(index, condition.shape), OR, "bool")
    return f"{test} ? {_operand(p, node, 1, index, OR)} : {_operand(p, node, 2, index)}", TERNARY


def _cast(p: Page, node: Node, index: Index) -> Piece:
    x, to = node.inputs[0], node.attrs["to"]
    if to == "bool":
        return f"{p.at(x, index, ADD, x.kind)} != 0", EQUAL
    if to == "int" and x.kind == "float":
        return f"{p.helper('whole')}({p.at(x, index)})", ATOM
    name = {"float": p.float_type, "int": "long"}[to]
    return f"({name}){p.at(x, index, UNARY, to if is_weak(x.kind) else x.kind)}", UNARY


def _transpose(p: Page, node: Node, index: Index) -> Piece:
    inner = [""] * node.ndim
    for position, axis in enumerate(node.attrs["axes"]):
        inner[axis] = index[position]
    return p.view(node.inputs[0], tuple(inner))


def _broadcast(p: Page, node: Node, index: Index) -> Piece:
    x = node.inputs[0]
    return p.at(x, aligned(index, x.shape), ATOM, node.kind), ATOM


def _slice(p: Page, node: Node, index: Index) -> Piece:
    return p.view(node.inputs[0], sliced(index, node.attrs["slices"]))


def _row_number(p: Page, index: Node, at: Index, rows: Any) -> str:
    return f"{p.helper('row_of')}({p.at(index, at, 0, 'int')}, {rows})"


def _take(p: Page, node: Node, index: Index) -> Piece:
    table, number = node.inputs
    row = _row_number(p, number, index[: number.ndim], table.shape[0])
    return p.view(table, (row, *index[number.ndim :]))


def _pick(p: Page, node: Node, index: Index) -> Piece:
    z, number = node.inputs
    return p.view(z, (*index, _row_number(p, number, index, z.shape[-1])))


STATEMENT = "statement"
# op → row, STATEMENT, or None where it cannot be printed
OPERATIONS: dict[str, Row | str | None] = {
    "input": None,  # the functions' arguments, and the constants above them
    "const": None,  # printed in the kind of what it meets
    "size": None,  # a program of one row counts none
    "arange": lambda p, x, i: (f"(long){i[0]}" if i[0].isidentifier() else f"(long)({i[0]})", UNARY),
    "add": _infix("+", ADD, "||"),
    "sub": _infix("-", ADD),
    "mul": _infix("*", MULTIPLY, "&&"),
    "div": _infix("/", MULTIPLY),
    "matmul": STATEMENT,
    "pow": _power,
    "neg": _negative,
    **{op: _call(op) for op in UNARY_FLOAT},
    "abs": _abs,
    "sign": _of_kind("sign"),
    "floor": _floor,
    "maximum": _of_kind("maximum"),
    "minimum": _of_kind("minimum"),
    "less": _compare("<", COMPARE),
    "less_equal": _compare("<=", COMPARE),
    "greater": _compare(">", COMPARE),
    "greater_equal": _compare(">=", COMPARE),
    "equal": _compare("==", EQUAL),
    "not_equal": _compare("!=", EQUAL),
    "logical_and": _logical("&&"),
    "logical_or": _logical("||"),
    "logical_not": _not,
    "where": _where,
    "cast": _cast,
    "stop": None,  # of no meaning in a prediction
    "sum": STATEMENT,
    "mean": None,  # written as sums
    "var": None,
    "max": STATEMENT,
    "min": STATEMENT,
    "argmax": STATEMENT,
    "argmin": STATEMENT,
    "transpose": _transpose,
    "reshape": lambda p, x, i: p.flat(x, i),
    "broadcast": _broadcast,
    "concat": STATEMENT,
    "pack": STATEMENT,
    "slice": _slice,
    "unslice": STATEMENT,
    "pick": _pick,
    "take": _take,
    "scatter_add": STATEMENT,
    "random_uniform": None,  # predictions draw nothing
    "call": lambda p, x, i: (
        f"{p.call_name(x)}({', '.join(_operand(p, x, k, i) for k in range(len(x.inputs)))})",
        ATOM,
    ),
    "item": None,  # composites of several results are expanded
    "apply": None,
}
