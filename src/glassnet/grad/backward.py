"""Reverse accumulation: from the outputs back to the inputs, once over the graph."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from glassnet.errors import TraceError
from glassnet.grad.rules import RULES, unbroadcast
from glassnet.graph.graph import copy_nodes, inline_call
from glassnet.graph.node import Node, Value, broadcast, cast, constant, current, lift, place, topological
from glassnet.graph.ops import ELEMENTWISE, is_weak
from glassnet.trace.tracer import Trace, TracedArray, node_of


def backward(output: Node, wrt: Sequence[Node], seed: Value | None = None) -> list[Node]:
    """The gradients of a scalar (or of ``sum(seed * output)``) with respect to nodes.

    Parameters
    ----------
    output : Node
        A scalar, or an array when ``seed`` is given.
    wrt : sequence of Node
        What to differentiate by; each must be among the output's ancestors to have a gradient.
    seed : Node or number, optional
        The gradient that arrives at the output; 1 by default.

    Returns
    -------
    list of Node
        One for each of ``wrt``, of its shape; zeros where the output does not depend on it.
    """
    output = _open_calls(output, wrt)
    order = topological([output])
    needed = _ancestors(order, wrt)
    adjoints: dict[Node, Node] = {output: constant(1) if seed is None else lift(seed)}
    with place(phase="backward"), _unnamed():
        for node in reversed(order):
            if node in adjoints and node in needed and node.inputs:
                with place(scope=node.label.scope):
                    _propagate(node, adjoints, needed)
        return [_finish(node, adjoints) for node in wrt]


def _finish(node: Node, adjoints: dict[Node, Node]) -> Node:
    """The gradient of one input, remembered as its adjoint for the printer."""
    gradient = adjoints.get(node)
    if gradient is None:
        gradient = broadcast(0.0, node.shape) if node.shape else constant(0.0)
    if node.label.adjoint is None:
        node.label.adjoint = gradient
    return gradient


def _ancestors(order: Sequence[Node], wrt: Sequence[Node]) -> set[Node]:
    """The nodes through which a gradient reaches one of ``wrt``."""
    needed = set(wrt)
    for node in order:
        if _carries_gradient(node) and any(x in needed for x in node.inputs):
            needed.add(node)
    return needed


def _carries_gradient(node: Node) -> bool:
    results = node.attrs["body"].outputs if node.op == "call" else (node,)
    return any(result.kind in ("float", "weak_float", "weak_int") for result in results)


def _propagate(node: Node, adjoints: dict[Node, Node], needed: set[Node]) -> None:
    g = adjoints[node]
    if node.label.adjoint is None:
        node.label.adjoint = g
    for x, gradient in zip(node.inputs, _gradients(node, g), strict=True):
        if x not in needed or gradient is None:
            continue
        arrived = lift(gradient)
        if node.op in ELEMENTWISE and arrived.shape != node.shape:
            arrived = broadcast(arrived, node.shape)
        arrived = unbroadcast(arrived if is_weak(arrived.kind) else cast(arrived), x.shape)
        adjoints[x] = arrived + adjoints[x] if x in adjoints else arrived


def _gradients(node: Node, g: Node) -> tuple[Any, ...]:
    if node.op == "call":
        return _composite_gradients(node, g)
    rule = RULES[node.op]
    if rule is None:
        return (None,) * len(node.inputs)
    return rule(g, node, *node.inputs, **node.attrs)


def _composite_gradients(node: Node, g: Node) -> tuple[Node | None, ...]:
    """A composite's own rule is NumPy code like a user's: its variables name the lines."""
    function, options = node.attrs["function"], dict(node.attrs["options"])
    with _unnamed(False):
        answers = function.gradient(
            TracedArray(g), TracedArray(node), *map(TracedArray, node.inputs), **options
        )
    if not isinstance(answers, tuple) or len(answers) != len(node.inputs):
        raise TraceError(
            f"the gradient of composite {function.name} must answer a tuple of {len(node.inputs)}.\n"
            "Answer None for an input without a gradient."
        )
    return tuple(None if answer is None else node_of(answer) for answer in answers)


@contextlib.contextmanager
def _unnamed(unnamed: bool = True) -> Iterator[None]:
    """Gradient rules are not the user's code: no variable names are read while they run."""
    builder = current()
    if not isinstance(builder, Trace):
        yield
        return
    old, builder.names.active = builder.names.active, not unnamed
    try:
        yield
    finally:
        builder.names.active = old


def _open_calls(output: Node, wrt: Sequence[Node]) -> Node:
    """Replace composites without a gradient of their own by their bodies, where a gradient passes."""

    def closed(node: Node) -> bool:
        return node.op == "call" and node.attrs["function"].gradient is None

    while True:
        order = topological([output])
        needed = _ancestors(order, wrt)
        affected: set[Node] = set()
        for node in order:
            opens = closed(node) and node in needed
            if node not in wrt and (opens or any(x in affected for x in node.inputs)):
                affected.add(node)
        if not affected:
            return output
        kept: dict[Node, Any] = {node: node for node in order if node not in affected}
        with _unnamed():
            new = copy_nodes(order, kept, lambda n, xs: inline_call(n, xs) if closed(n) else None)
        output = new[output]
