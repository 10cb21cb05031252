"""Simplification rules, tried whenever a node is made.

One rule, one idea; each answers a simpler node or None. A rule never looks through a node that carries
the user's name, or the user's line would vanish from the printed program.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from glassnet.graph.dims import Dim, Shape, product
from glassnet.graph.node import RULES, Node, broadcast, make, reshape
from glassnet.graph.ops import Kind, Slices, common_shape, is_weak, join_kinds

Answer = Any  # a Node, a number, an extent, or None for "does not apply"
Axes = tuple[int, ...]


def value(node: Node) -> Any:
    """The number of a constant, else None."""
    return node.attrs["value"] if node.op == "const" else None


def is_constant(node: Node, number: float) -> bool:
    """Whether a node is this number."""
    return node.op == "const" and bool(node.attrs["value"] == number)


def is_integer(node: Node) -> bool:
    """Whether a node may hold unsigned integers, which no negative number may meet."""
    return node.kind in ("int", "uint")


def opened(node: Node, op: str) -> bool:
    """Whether a rule may look inside ``node``: it is an ``op`` and carries no user's name."""
    return node.op == op and node.label.name is None


# ------------------------------------------------------------------------------------------ constants
def decimal(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Arithmetic on the decimal numbers the user wrote: ``1 - 0.9`` is ``0.1``."""

    def fold(*numbers: Any) -> Any:
        if any(isinstance(number, float) for number in numbers):
            return float(compute(*(Decimal(repr(number)) for number in numbers)))
        return compute(*numbers)

    return fold


FOLD: dict[str, Callable[..., Any]] = {
    "add": decimal(operator.add),
    "sub": decimal(operator.sub),
    "mul": decimal(operator.mul),
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "maximum": max,
    "minimum": min,
}


def folded(op: str, *numbers: Any) -> Any:
    """The result of an op on numbers, or None where they or the result are not finite."""
    try:
        finite = all(math.isfinite(number) for number in numbers)
        result = FOLD[op](*numbers) if finite else None
        return result if isinstance(result, int | float) and math.isfinite(result) else None
    except (ArithmeticError, ValueError):
        return None


def fold(op: str) -> Callable[..., Answer]:
    """All inputs are finite constants and so is the result: compute it now."""

    def rule(*inputs: Node) -> Answer:
        numbers = [value(node) for node in inputs]
        known = not any(number is None or isinstance(number, bool) for number in numbers)
        return folded(op, *numbers) if known else None

    return rule


# ------------------------------------------------------------------------------------------ arithmetic
def filled(node: Node, shape: Shape, kind: Kind) -> Answer:
    """``node`` in place of an operation with it, if the kind agrees."""
    if node.kind != kind and not (is_weak(kind) and is_weak(node.kind)):
        return None
    return node if node.shape == shape else broadcast(node, shape)


def neutral(op: str, left: float | None, right: float | None) -> Callable[[Node, Node], Answer]:
    """``0 + x``, ``1 * x``, ``x / 1``, ``x - 0``: the other operand."""

    def rule(a: Node, b: Node) -> Answer:
        for constant, number, other in ((a, left, b), (b, right, a)):
            if number is not None and is_constant(constant, number):
                kind = "float" if op == "div" and not is_weak(other.kind) else join_kinds(a.kind, b.kind)
                return filled(other, common_shape(a, b), kind)
        return None

    return rule


def add_negative(a: Node, b: Node) -> Answer:
    """``a + (-b)`` → ``a - b``; likewise for a negative constant or factor."""
    if opened(b, "neg"):
        return a - b.inputs[0]
    if opened(a, "neg"):
        return b - a.inputs[0]
    if b.op == "const" and a.op != "const" and value(b) < 0:
        return a - (-value(b))
    if opened(b, "mul") and b.inputs[0].op == "const" and value(b.inputs[0]) < 0:
        return a - (-value(b.inputs[0])) * b.inputs[1]
    return None


def subtract_negative(a: Node, b: Node) -> Answer:
    """``a - (-b)`` → ``a + b``; ``0 - b`` → ``-b``."""
    if opened(b, "neg"):
        return a + b.inputs[0]
    return -b if is_constant(a, 0) and b.kind != "bool" and b.shape == common_shape(a, b) else None


def constant_first(a: Node, b: Node) -> Answer:
    """``x * 2`` → ``2 * x``."""
    return make("mul", b, a) if b.op == "const" and a.op != "const" else None


def multiply_constant(a: Node, b: Node) -> Answer:
    """``c * (d * x)`` → ``(c d) * x``; ``c * (-x)`` → ``(-c) * x``; ``-1 * x`` → ``-x``."""
    if a.op != "const":
        return None
    if opened(b, "neg") and not is_integer(b):
        return (-value(a)) * b.inputs[0]
    if opened(b, "mul") and b.inputs[0].op == "const" and not is_integer(b):
        factor = folded("mul", value(a), value(b.inputs[0]))
        return factor * b.inputs[1] if factor is not None else None
    if opened(b, "div") and b.inputs[0].op == "const" and value(a) != 0:
        factor = folded("mul", value(a), value(b.inputs[0]))
        return factor / b.inputs[1] if factor is not None else None
    return -b if is_constant(a, -1) and b.kind != "bool" else None


def multiply_scalars(a: Node, b: Node) -> Answer:
    """A scalar times a broadcast array is multiplied before the broadcast."""
    for p, q in ((a, b), (b, a)):
        if opened(q, "broadcast") and p.shape == ():
            return broadcast(p * q.inputs[0], q.shape)
    return None


def multiply_part(a: Node, b: Node) -> Answer:
    """``c * (x / d)`` → ``(c / d) * x``, where the quotient is exact; also through a reshape."""
    ratio = b.inputs[0] if opened(b, "reshape") else b
    if a.op != "const" or not opened(ratio, "div") or ratio.inputs[1].op != "const":
        return None
    quotient = exact_quotient(value(a), value(ratio.inputs[1]))
    return None if quotient is None else reshape(quotient * ratio.inputs[0], b.shape)


def multiply_negative(a: Node, b: Node) -> Answer:
    """``(-a) * b`` → ``-(a * b)``."""
    if opened(a, "neg"):
        return -(a.inputs[0] * b)
    return -(a * b.inputs[0]) if opened(b, "neg") else None


def multiply_reciprocal(a: Node, b: Node) -> Answer:
    """``x * (c / y / z)`` → ``c * x / y / z``, also through a broadcast."""
    for p, q in ((a, b), (b, a)):
        numerator, divisors = fraction(q.inputs[0] if opened(q, "broadcast") else q)
        constant_over = bool(divisors) and numerator.op == "const"
        if constant_over and not is_weak(p.kind) and common_shape(p, *divisors) == common_shape(a, b):
            return functools.reduce(operator.truediv, divisors, value(numerator) * p)
    return None


def fraction(node: Node) -> tuple[Node, list[Node]]:
    """The numerator of ``x / y / z``, and what it is divided by, in order."""
    divisors: list[Node] = []
    while opened(node, "div"):
        divisors.insert(0, node.inputs[1])
        node = node.inputs[0]
    return node, divisors


def multiply_ratio(a: Node, b: Node) -> Answer:
    """``c * (x / y)`` → ``c * x / y`` for a number c."""
    return (
        a * b.inputs[0] / b.inputs[1]
        if is_weak(a.kind) and opened(b, "div") and not is_weak(b.kind)
        else None
    )


def multiply_from_left(a: Node, b: Node) -> Answer:
    """``x * (c * y)`` → ``c * x * y``: constants stay on the left."""
    if opened(b, "mul") and a.op not in ("const", "size") and b.inputs[0].op == "const":
        return (a * b.inputs[0]) * b.inputs[1]
    return None


def divide_constant(a: Node, b: Node) -> Answer:
    """``(c * x) / d`` → ``(c / d) * x``, where the quotient is exact in decimal."""
    if b.op == "const" and opened(a, "mul") and a.inputs[0].op == "const":
        quotient = exact_quotient(value(a.inputs[0]), value(b))
        return None if quotient is None else quotient * a.inputs[1]
    return None


def exact_quotient(c: float, d: float) -> float | None:
    """``c / d``, if it is one that multiplies back to c."""
    return c / d if d != 0 and c / d * d == c else None


def divide_negative(a: Node, b: Node) -> Answer:
    """``(-a) / b`` → ``-(a / b)``."""
    return -(a.inputs[0] / b) if opened(a, "neg") else None


def divide_scalars(a: Node, b: Node) -> Answer:
    """A broadcast scalar over a scalar is divided before the broadcast."""
    if opened(a, "broadcast") and a.inputs[0].shape == () == b.shape:
        return broadcast(a.inputs[0] / b, a.shape)
    return None


def negate(a: Node) -> Answer:
    """``-(-x)`` → ``x``; ``-(c * x)`` → ``(-c) * x``; ``-`` before a broadcast."""
    if opened(a, "neg"):
        return a.inputs[0]
    if opened(a, "mul") and a.inputs[0].op == "const" and not is_integer(a):
        return (-value(a.inputs[0])) * a.inputs[1]
    if opened(a, "broadcast") and a.inputs[0].shape == () and not is_weak(a.inputs[0].kind):
        return broadcast(-a.inputs[0], a.shape)
    return None


def power_one(a: Node, b: Node) -> Answer:
    """``x ** 1`` → ``x``."""
    return a if is_constant(b, 1) and a.kind != "bool" else None


# ------------------------------------------------------------------------------------------ selection
def where_known(condition: Node, a: Node, b: Node) -> Answer:
    """A constant condition chooses now."""
    chosen = {True: a, False: b}.get(value(condition)) if condition.op == "const" else None
    return chosen if chosen is not None and chosen.shape == common_shape(a, b) else None


# ------------------------------------------------------------------------------------------ reductions
def sum_nothing(x: Node, axis: Axes, keepdims: bool) -> Answer:
    """No axis: nothing to add."""
    return x if not axis and x.kind != "bool" else None


def sum_repeated(x: Node, axis: Axes, keepdims: bool) -> Answer:
    """The sum of a repeated scalar is a multiple of it."""
    if opened(x, "broadcast") and x.inputs[0].shape == () and len(axis) == x.ndim and not keepdims:
        return x.inputs[0] * product(x.shape)
    return None


def mean_repeated(x: Node, axis: Axes, keepdims: bool) -> Answer:
    """The mean of a repeated scalar is that scalar."""
    everything = opened(x, "broadcast") and x.inputs[0].shape == () and len(axis) == x.ndim and not keepdims
    return x.inputs[0] if everything and not is_weak(x.inputs[0].kind) else None


def merge(op: str) -> Callable[[Node, Axes, bool], Answer]:
    """A sum of sums (a mean of means) that leaves a scalar is one sum over everything."""

    def rule(x: Node, axis: Axes, keepdims: bool) -> Answer:
        if opened(x, op) and len(axis) == x.ndim and not keepdims and not x.attrs["keepdims"]:
            inner = x.inputs[0]
            return make(op, inner, axis=tuple(range(inner.ndim)), keepdims=False)
        return None

    return rule


def pull_negative(op: str) -> Callable[[Node, Axes, bool], Answer]:
    """``sum(-x)`` → ``-sum(x)``."""

    def rule(x: Node, axis: Axes, keepdims: bool) -> Answer:
        return -make(op, x.inputs[0], axis=axis, keepdims=keepdims) if opened(x, "neg") else None

    return rule


# ------------------------------------------------------------------------------------------ shapes
def reshape_again(x: Node, shape: Shape) -> Answer:
    """Nothing to do; a reshape of a reshape; ``-`` before a reshape; a reshape of a repeated scalar."""
    if x.shape == shape:
        return x
    if opened(x, "neg"):
        return -reshape(x.inputs[0], shape)
    if is_weak(x.kind):
        return broadcast(x, shape)
    if opened(x, "reshape"):
        return reshape(x.inputs[0], shape)
    return broadcast(x.inputs[0], shape) if opened(x, "broadcast") and x.inputs[0].shape == () else None


def broadcast_again(x: Node, shape: Shape) -> Answer:
    """Nothing to do; a broadcast of a broadcast."""
    if x.shape == shape and not is_weak(x.kind):
        return x
    return broadcast(x.inputs[0], shape) if opened(x, "broadcast") else None


def transpose_again(x: Node, axes: Axes) -> Answer:
    """The identity; a transpose of a transpose."""
    if axes == tuple(range(x.ndim)):
        return x
    if opened(x, "transpose"):
        inner = x.inputs[0]
        return make("transpose", inner, axes=tuple(x.attrs["axes"][i] for i in axes))
    return None


def slice_everything(x: Node, slices: Slices) -> Answer:
    """A slice that keeps every element."""
    whole = all(s is None or s == (0, extent, 1) for s, extent in zip(slices, x.shape, strict=True))
    return x if whole else None


def cast_again(x: Node, to: Kind) -> Answer:
    """A cast to the kind the array has; booleans by way of ints to floats."""
    if x.kind == to:
        return x
    direct = opened(x, "cast") and x.inputs[0].kind == "bool" and to == "float"
    return make("cast", x.inputs[0], to=to) if direct else None


def one_times_bool(a: Node, b: Node) -> Answer:
    """``1 * mask`` → the mask as integers."""
    return make("cast", b, to="int") if b.kind == "bool" and value(a) == 1 and a.kind == "weak_int" else None


def scale_size(a: Node, b: Node) -> Answer:
    """``c * (k n)`` → ``(c k) n`` for whole numbers."""
    for p, q in ((a, b), (b, a)):
        if q.op == "size" and isinstance(value(p), int) and not isinstance(value(p), bool):
            return Dim(q.attrs["dim"].k * value(p))
    return None


RULES.update(
    add=[fold("add"), neutral("add", 0, 0), add_negative],
    sub=[fold("sub"), neutral("sub", None, 0), subtract_negative],
    mul=[
        fold("mul"),
        scale_size,
        neutral("mul", 1, 1),
        one_times_bool,
        multiply_scalars,
        constant_first,
        multiply_constant,
        multiply_part,
        multiply_negative,
        multiply_reciprocal,
        multiply_from_left,
        multiply_ratio,
    ],
    div=[fold("div"), neutral("div", None, 1), divide_constant, divide_negative, divide_scalars],
    pow=[fold("pow"), power_one],
    neg=[fold("neg"), negate],
    abs=[fold("abs")],
    sqrt=[fold("sqrt")],
    exp=[fold("exp")],
    log=[fold("log")],
    tanh=[fold("tanh")],
    maximum=[fold("maximum")],
    minimum=[fold("minimum")],
    where=[where_known],
    sum=[sum_nothing, sum_repeated, pull_negative("sum"), merge("sum")],
    mean=[sum_nothing, mean_repeated, pull_negative("mean"), merge("mean")],
    reshape=[reshape_again],
    broadcast=[broadcast_again],
    transpose=[transpose_again],
    slice=[slice_everything],
    cast=[cast_again],
)
