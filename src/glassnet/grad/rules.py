"""The gradient rules, from easy to hard.

Each takes ``g`` (the gradient of the loss with respect to the result), ``y`` (the result), the inputs and
the op's attributes, and answers one gradient per input, or None where there is none. Rules are written in
graph operations, in the form in which a textbook would print them, so that gradients print and nest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.graph.dims import Shape, product
from glassnet.graph.node import Node, Value, broadcast, cast, make, one_hot, reduce, reshape, transpose, where
from glassnet.graph.simplify import value

Axes = tuple[int, ...]
Gradients = tuple[Value | None, ...]


def unbroadcast(g: Node, shape: Shape) -> Node:
    """Undo broadcasting by summing; nothing when the shapes agree."""
    lead = g.ndim - len(shape)
    stretched = tuple(i + lead for i, extent in enumerate(shape) if extent == 1 and g.shape[i + lead] != 1)
    axes = (*range(lead), *stretched)
    return reshape(reduce("sum", g, axes), shape) if axes else g


def spread(g: Value, x: Node, axis: Axes, keepdims: bool) -> Node:
    """Undo a reduction by repeating."""
    node = g if isinstance(g, Node) else make("mul", g, 1)
    if not keepdims and axis != tuple(range(len(axis))):
        node = reshape(node, tuple(1 if i in axis else extent for i, extent in enumerate(x.shape)))
    return broadcast(node, x.shape)


def count(x: Node, axis: Axes) -> Any:
    """How many elements a reduction takes together; 1 for none, whose gradient is empty anyway."""
    return product(x.shape[i] for i in axis) or 1


def power(g: Node, y: Node, a: Node, b: Node) -> Gradients:
    """``a**b``; the exponent's gradient counts only where the base is positive."""
    exponent = value(b)
    if exponent is not None:
        return (g * exponent * a ** make("sub", b, 1) if exponent != 0 else None, None)
    positive = a > 0
    slope = where(make("equal", b, 0), 0.0, b * a ** (b - 1))  # not 0 * inf where both are 0
    return g * slope, g * y * where(positive, make("log", where(positive, a, 1.0)), 0.0)


def maximum(g: Node, y: Node, a: Node, b: Node) -> Gradients:
    """The larger input takes the gradient; a tie goes to the second, and to no constant's rival."""
    if b.op == "const":
        return g * (y > b), None
    if a.op == "const":
        return None, g * (y > a)
    return g * (a > b), g * (b >= a)


def minimum(g: Node, y: Node, a: Node, b: Node) -> Gradients:
    """The smaller input takes the gradient."""
    if b.op == "const":
        return g * (y < b), None
    if a.op == "const":
        return None, g * (y < a)
    return g * (a < b), g * (a >= b)


def variance(g: Node, y: Node, x: Node, axis: Axes, keepdims: bool) -> Gradients:
    """``2 (x - mean) / m``."""
    return (spread(2 * g / count(x, axis), x, axis, keepdims) * (x - reduce("mean", x, axis, keepdims=True)),)


def extreme(finder: str) -> Callable[..., Gradients]:
    """A maximum or minimum over axes: the *first* extreme element takes the whole gradient."""

    def rule(g: Node, y: Node, x: Node, axis: Axes, keepdims: bool) -> Gradients:
        rest = tuple(i for i in range(x.ndim) if i not in axis)
        order = (*rest, *axis)
        length = count(x, axis)
        lead = tuple(x.shape[i] for i in rest)
        rows = reshape(transpose(x, order), (*lead, length))
        first = one_hot(make(finder, rows, axis=len(lead)), length)
        moved = reshape(g, (*lead, 1)) * first
        inverse = tuple(order.index(i) for i in range(x.ndim))
        return (transpose(reshape(moved, tuple(x.shape[i] for i in order)), inverse),)

    return rule


def matmul(g: Node, y: Node, a: Node, b: Node) -> Gradients:
    """``g @ b.T`` and ``a.T @ g``; leading axes are flattened where one operand is a plain matrix."""
    if a.ndim > 2 and b.ndim == 2:
        flat_a = reshape(a, (product(a.shape[:-1]), a.shape[-1]))
        flat_g = reshape(g, (product(g.shape[:-1]), g.shape[-1]))
        return g @ b.T, flat_a.T @ flat_g
    return unbroadcast(g @ b.T, a.shape), unbroadcast(a.T @ g, b.shape)


def concatenation(g: Node, y: Node, *nodes: Node, axis: int) -> Gradients:
    """Each input takes its own part."""
    parts: list[Node] = []
    start = 0
    for node in nodes:
        stop = start + int(node.shape[axis])  # type: ignore[arg-type]
        slices = tuple((start, stop, 1) if i == axis else None for i in range(g.ndim))
        parts.append(make("slice", g, slices=slices))
        start = stop
    return tuple(parts)


def packing(g: Node, y: Node, *nodes: Node) -> Gradients:
    """Each input takes its own part, in its own shape."""
    flat = [reshape(node, (product(node.shape),)) for node in nodes]
    parts = concatenation(g, y, *flat, axis=0)
    return tuple(
        reshape(part, node.shape) for part, node in zip(parts, nodes, strict=True) if isinstance(part, Node)
    )


def inverse_order(axes: Axes) -> Axes:
    """The permutation that undoes ``axes``."""
    return tuple(axes.index(i) for i in range(len(axes)))


Rule = Callable[..., Gradients] | None

# op → rule (g, result, inputs, attributes); None: nothing flows back through this op
RULES: dict[str, Rule] = {
    "input": None,
    "const": None,
    "size": None,
    "arange": None,
    "add": lambda g, y, a, b: (g, g),
    "sub": lambda g, y, a, b: (g, -g),
    "mul": lambda g, y, a, b: (g * b, g * a),
    "div": lambda g, y, a, b: (g / b, -g * y / b),
    "pow": power,
    "neg": lambda g, y, a: (-g,),
    "exp": lambda g, y, a: (g * y,),
    "log": lambda g, y, a: (g / a,),
    "sqrt": lambda g, y, a: (g * 0.5 / y,),
    "tanh": lambda g, y, a: (g * (1 - y**2),),
    "sin": lambda g, y, a: (g * make("cos", a),),
    "cos": lambda g, y, a: (-g * make("sin", a),),
    "expm1": lambda g, y, a: (g * (y + 1),),
    "log1p": lambda g, y, a: (g / (1 + a),),
    "abs": lambda g, y, a: (g * make("sign", a),),
    "sign": None,
    "floor": None,
    "maximum": maximum,
    "minimum": minimum,
    "less": None,
    "less_equal": None,
    "greater": None,
    "greater_equal": None,
    "equal": None,
    "not_equal": None,
    "logical_and": None,
    "logical_or": None,
    "logical_not": None,
    "where": lambda g, y, c, a, b: (None, where(c, g, 0), where(c, 0, g)),
    "cast": lambda g, y, a, to: (g,),
    "stop": None,
    "sum": lambda g, y, x, axis, keepdims: (spread(g, x, axis, keepdims),),
    "mean": lambda g, y, x, axis, keepdims: (spread(g / count(x, axis), x, axis, keepdims),),
    "var": variance,
    "max": extreme("argmax"),
    "min": extreme("argmin"),
    "argmax": None,
    "argmin": None,
    "matmul": matmul,
    "transpose": lambda g, y, a, axes: (transpose(g, inverse_order(axes)),),
    "reshape": lambda g, y, a, shape: (reshape(g, a.shape),),
    "broadcast": lambda g, y, a, shape: (unbroadcast(g, a.shape),),
    "concat": concatenation,
    "pack": packing,
    "slice": lambda g, y, x, slices: (make("unslice", g, slices=slices, shape=x.shape),),
    "unslice": lambda g, y, x, slices, shape: (make("slice", g, slices=slices),),
    "pick": lambda g, y, z, i: (reshape(g, (*g.shape, 1)) * one_hot(i, z.shape[-1]), None),
    "take": lambda g, y, table, i: (make("scatter_add", cast(g), i, rows=table.shape[0]), None),
    "scatter_add": lambda g, y, values, i, rows: (make("take", g, i), None),
    "random_uniform": None,
    "call": None,  # composites bring their own rule, or their body is differentiated
    "item": None,
    "apply": None,
}
