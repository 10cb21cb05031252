"""Expressions of a graph as LaTeX: one row per op, like the NumPy printer's table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from glassnet.graph.node import Node

SUM, PRODUCT, UNARY, ATOM = range(4)
Piece = tuple[str, int]

_GREEK = frozenset(("alpha", "beta", "gamma", "delta", "epsilon", "lambda", "mu", "sigma", "theta", "phi"))
_NAMED = {
    "xhat": r"\hat{x}",
    "logp": r"\log p",
    "onehot": r"\mathbf{1}_y",
    "e": "e",
    "data_loss": r"L_{\text{data}}",
}


class Names(Protocol):
    """What a row may ask for."""

    def ref(self, node: Node, precedence: int = 0) -> str:
        """An operand: a symbol or a formula, in parentheses where needed."""


def symbol(name: str) -> str:
    r"""A variable as LaTeX: ``W1`` is ``W_{1}``, ``dz2`` the derivative of the loss by ``z_{2}``.

    Examples
    --------
    >>> print(symbol("W1"), symbol("dz2"))
    W_{1} \frac{\partial L}{\partial z_{2}}
    """
    derivative = re.fullmatch(r"d([A-Za-z]\w*)", name)
    if derivative and name not in ("d", "data_loss") and not re.fullmatch(r"d\d*|data\w*", name):
        return rf"\frac{{\partial L}}{{\partial {symbol(derivative[1])}}}"
    stem, digits = re.fullmatch(r"(.*?)(\d*)", name).groups()  # type: ignore[union-attr]
    known = _NAMED.get(stem) or (rf"\{stem}" if stem in _GREEK else None)
    plain = stem if len(stem) == 1 else rf"\text{{{stem.replace('_', ' ')}}}"
    base = "L" if name == "loss" else known or plain
    return f"{base}_{{{digits}}}" if digits else base


def infix(sign: str, precedence: int) -> Callable[[Names, Node], Piece]:
    """A binary operator."""

    def row(r: Names, node: Node) -> Piece:
        a, b = node.inputs
        return f"{r.ref(a, precedence)} {sign} {r.ref(b, precedence + (sign == '-'))}", precedence

    return row


def product(r: Names, node: Node) -> Piece:
    """``2 x`` for a number, ``a ⊙ b`` for arrays."""
    a, b = node.inputs
    sign = r" \odot " if a.shape and b.shape else r" \, "
    return f"{r.ref(a, PRODUCT)}{sign}{r.ref(b, PRODUCT)}", PRODUCT


def fraction(r: Names, node: Node) -> Piece:
    """A quotient."""
    return rf"\frac{{{r.ref(node.inputs[0])}}}{{{r.ref(node.inputs[1])}}}", ATOM


def function(name: str) -> Callable[[Names, Node], Piece]:
    """A function in parentheses."""

    def row(r: Names, node: Node) -> Piece:
        return rf"{name}\left({', '.join(r.ref(x) for x in node.inputs)}\right)", ATOM

    return row


def power(r: Names, node: Node) -> Piece:
    """An exponent."""
    return f"{{{r.ref(node.inputs[0], ATOM)}}}^{{{r.ref(node.inputs[1])}}}", ATOM


def call(r: Names, node: Node) -> Piece:
    """A composite by its name; the logistic function by its letter."""
    name = node.attrs["function"].name
    shown = r"\sigma" if name == "sigmoid" else rf"\operatorname{{{name.replace('_', ' ')}}}"
    return function(shown)(r, node)


def reduction(sign: str) -> Callable[[Names, Node], Piece]:
    """A sum or mean; over the batch it says so."""

    def row(r: Names, node: Node) -> Piece:
        x, axis = node.inputs[0], node.attrs["axis"]
        over = "" if len(axis) == x.ndim else r"_{i}" if axis == (0,) else r"_{j}"
        return f"{sign}{over} {r.ref(x, PRODUCT)}", UNARY

    return row


def passed(r: Names, node: Node) -> Piece:
    """Shapes and casts are not mathematics."""
    return r.ref(node.inputs[0], ATOM), ATOM


def constant(r: Names, node: Node) -> Piece:
    """A number."""
    value = node.attrs["value"]
    return f"{value:g}", ATOM if value >= 0 else UNARY


ROWS: dict[str, Callable[[Names, Node], Piece]] = {
    "const": constant,
    "size": lambda r, x: (str(x.attrs["dim"]).replace(" * ", r" \, "), ATOM),
    "arange": lambda r, x: (r"(0, 1, \dots)", ATOM),
    "add": infix("+", SUM),
    "sub": infix("-", SUM),
    "mul": product,
    "div": fraction,
    "matmul": lambda r, x: (f"{r.ref(x.inputs[0], PRODUCT)} \\, {r.ref(x.inputs[1], PRODUCT)}", PRODUCT),
    "pow": power,
    "neg": lambda r, x: (f"-{r.ref(x.inputs[0], PRODUCT)}", SUM),
    "exp": lambda r, x: (f"e^{{{r.ref(x.inputs[0])}}}", ATOM),
    "sqrt": lambda r, x: (rf"\sqrt{{{r.ref(x.inputs[0])}}}", ATOM),
    "abs": lambda r, x: (rf"\left|{r.ref(x.inputs[0])}\right|", ATOM),
    **{op: function(rf"\{op}") for op in ("log", "tanh", "sin", "cos")},
    "maximum": function(r"\max"),
    "minimum": function(r"\min"),
    "transpose": lambda r, x: (rf"{{{r.ref(x.inputs[0], ATOM)}}}^\top", ATOM),
    **dict.fromkeys(("reshape", "broadcast", "cast", "stop", "slice"), passed),
    **{
        op: infix(sign, SUM)
        for op, sign in (("greater", ">"), ("less", "<"), ("equal", "="), ("greater_equal", r"\ge"))
    },
    "sum": reduction(r"\sum"),
    "mean": reduction(r"\operatorname{mean}"),
    "var": reduction(r"\operatorname{var}"),
    "pick": lambda r, x: (f"{r.ref(x.inputs[0], ATOM)}_{{{r.ref(x.inputs[1])}}}", ATOM),
    "call": call,
}


def render(r: Names, node: Node) -> Piece:
    """A node's formula and its precedence; ops without a row print as functions of their name."""
    text, precedence = ROWS.get(node.op, function(rf"\operatorname{{{node.op.replace('_', ' ')}}}"))(r, node)
    if node.op in ("greater", "less", "equal", "greater_equal"):
        return rf"\left[{text}\right]", ATOM
    return text, precedence
