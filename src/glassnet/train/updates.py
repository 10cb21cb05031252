"""The last part of a training step's graph: learning rate, clipping, the optimizer's rule, constraints."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from glassnet.errors import InputError
from glassnet.graph.graph import input_node
from glassnet.graph.node import Node, broadcast, lift, make, place, reshape
from glassnet.nn.context import NetworkTrace, Weight, hyper
from glassnet.optim.optimizer import Optimizer
from glassnet.trace.tracer import TracedArray, node_of

if TYPE_CHECKING:
    from glassnet.train.graphs import Sheet


def rename(node: Node, name: str) -> None:
    """Give a computed node a name."""
    if node.op not in ("input", "const", "size"):
        node.label.name = name


def part_of(vector: Node, start: int, shape: tuple[int, ...]) -> Node:
    """A weight's part of the vector, in its shape."""
    return reshape(make("slice", vector, slices=((start, start + math.prod(shape), 1),)), shape)


def add_update(sheet: Sheet, gradients: Sequence[Node], vector: Node | None) -> None:
    """Add the new parameters and slots to the outputs of a training step."""
    optimizer = sheet.network.optimizer
    assert optimizer is not None
    optimizer.check_keys([weight.key for weight, _ in sheet.weights])
    with place(phase="update"):
        if optimizer.full_batch:
            _add_gradient(sheet, gradients, vector)
        elif vector is None:
            _update_arrays(sheet, optimizer, gradients)
        else:
            _update_vector(sheet, optimizer, gradients, vector)


def _add_gradient(sheet: Sheet, gradients: Sequence[Node], vector: Node | None) -> None:
    """The gradient as one vector, for an optimizer that chooses its steps itself."""
    for weight in sheet.trained:
        if weight.constraint is not None:
            raise InputError(
                f"{weight.key} has the constraint {weight.constraint!r}, which LBFGS cannot keep.\n"
                "Remove the constraint, or use another optimizer."
            )
    if vector is None:
        raise InputError("LBFGS has nothing to train: the model has no parameters, or all are frozen.")
    with place(scope="lbfgs"):
        sheet.outputs["return", "g"] = _packed(gradients, vector)


def _packed(gradients: Sequence[Node], vector: Node) -> Node:
    """All gradients end to end."""
    if len(gradients) == 1:
        g = reshape(gradients[0], vector.shape)
        rename(g, g.label.name or "g")
        return g
    g = make("pack", *gradients)
    rename(g, "g")
    return g


@contextmanager
def _nameless(trace: NetworkTrace) -> Iterator[None]:
    """The variables of an optimizer that prints in place are not the user's."""
    old, trace.names.active = trace.names.active, False
    yield
    trace.names.active = old


# ------------------------------------------------------------------------------------------ its numbers
def _step_number(sheet: Sheet, optimizer: Optimizer) -> Any:
    if not optimizer.counts_steps:
        return None
    sheet.trace.step = sheet.trace.step or input_node("t", (), "weak_int")
    return TracedArray(sheet.trace.step)


def _learning_rate(optimizer: Optimizer, t: Any) -> Node:
    """The hyper-parameter, or the lines of a schedule."""
    scope = optimizer.learning_rate.scope if optimizer.scheduled else optimizer.rule_name
    with place(scope=scope):
        rate = node_of(optimizer.traced_rate(t))
        rename(rate, "learning_rate")
    return rate


def _numbers(optimizer: Optimizer, weight: Weight, rate: Node) -> tuple[Node, Node | None]:
    """The learning rate and the weight decay (None: it does not decay) of one parameter."""
    factor = optimizer.multiplier(weight.key)
    decay = node_of(hyper(optimizer, "weight_decay")) if optimizer.decays(weight.key) else None
    return (rate if factor == 1 else factor * rate), decay


def _spread(weights: Sequence[Weight], values: Sequence[Node], name: str) -> Node:
    """One number for all parameters, or a vector with each parameter's number in its places."""
    if len(set(values)) == 1:
        return values[0]
    parts = []
    for value, group in itertools.groupby(zip(values, weights, strict=True), key=lambda pair: pair[0]):
        parts.append(broadcast(value, (sum(math.prod(weight.shape) for _, weight in group),)))
    spread = make("pack", *parts)
    rename(spread, name)
    return spread


def _traced(node: Node | None) -> TracedArray | None:
    return None if node is None else TracedArray(node)


# ------------------------------------------------------------------------------------------ array by array
def _update_arrays(sheet: Sheet, optimizer: Optimizer, gradients: Sequence[Node]) -> None:
    """``W1 = W1 - learning_rate * dW1``, array by array."""
    t = _step_number(sheet, optimizer)
    rate = _learning_rate(optimizer, t)
    with place(scope=optimizer.rule_name):
        clipped = optimizer.clip_all(optimizer.clip_each([TracedArray(g) for g in gradients]))
    for old, new in zip(gradients, clipped, strict=True):
        _keep_name(old, new.node, "clipped")
    with _nameless(sheet.trace):
        updated = []
        for weight, g in zip(sheet.trained, clipped, strict=True):
            with place(scope=optimizer.rule_name):
                w = TracedArray(sheet.node(weight))
                numbers = map(_traced, _numbers(optimizer, weight, rate))
                updated.append(optimizer.traced_update(w, g, (), t, *numbers)[0].node)
        for weight, value in zip(sheet.trained, updated, strict=True):
            if weight.constraint is not None:
                rename(value, weight.symbol)  # a line of its own: first the step, then the bound
            sheet.outputs["parameters", weight.key] = _constrained(sheet, weight, value)


def _constrained(sheet: Sheet, weight: Weight, value: Node) -> Node:
    """The weight after its constraint; both steps keep the weight's name."""
    if weight.constraint is None:
        return value
    value.label.replaces = value.label.replaces or sheet.node(weight)
    sheet.trace.note = weight.key
    with place(scope="constraints"):
        result = node_of(weight.constraint(TracedArray(value)))
    sheet.trace.note = ""
    result.label.replaces = sheet.node(weight)
    return result


# ------------------------------------------------------------------------------------------ all in one vector
def _update_vector(sheet: Sheet, optimizer: Optimizer, gradients: Sequence[Node], vector: Node) -> None:
    """``w, m, v = adam(w, g, m, v, t)``, all parameters at once; then the constraints, part by part."""
    t = _step_number(sheet, optimizer)
    rate = _learning_rate(optimizer, t)
    with place(scope=optimizer.rule_name):
        g = _clipped_vector(optimizer, gradients, vector)
        rates, decays = _vectors(sheet, optimizer, rate)
        slots = [input_node(slot, optimizer.slot_shape(slot, vector.shape)) for slot in optimizer.slots]
        sheet.slots = slots
        with _nameless(sheet.trace):
            arrays = tuple(map(TracedArray, slots))
            new, *rest = optimizer.traced_update(TracedArray(vector), g, arrays, t, rates, decays)
    with _nameless(sheet.trace):
        sheet.outputs["return", "w"] = _constrained_vector(sheet, vector, new.node)
    for slot, value in zip(optimizer.slots, rest, strict=True):
        sheet.outputs["return", slot] = node_of(value)


def _clipped_vector(optimizer: Optimizer, gradients: Sequence[Node], vector: Node) -> TracedArray:
    each = optimizer.clip_each([TracedArray(g) for g in gradients])
    for old, new in zip(gradients, each, strict=True):
        _keep_name(old, node_of(new), "clipped")
    g = _packed([node_of(one) for one in each], vector)
    clipped = node_of(optimizer.clip_all([TracedArray(g)])[0])
    _keep_name(g, clipped, "g")
    return TracedArray(clipped)


def _keep_name(old: Node, new: Node, name: str) -> None:
    """A clipped gradient has a line, and takes over the gradient's name (if nobody reads that any more)."""
    if new is not old:
        new.label.name, new.label.replaces = name, old


def _vectors(sheet: Sheet, optimizer: Optimizer, rate: Node) -> tuple[TracedArray, TracedArray | None]:
    """The learning rate and the weight decay of all parameters."""
    pairs = [_numbers(optimizer, weight, rate) for weight in sheet.trained]
    rates = _spread(sheet.trained, [rate for rate, _ in pairs], "rates")
    if all(decay is None for _, decay in pairs):
        return TracedArray(rates), None
    zero = lift(0.0)
    decays = _spread(sheet.trained, [zero if decay is None else decay for _, decay in pairs], "decays")
    return TracedArray(rates), TracedArray(decays)


def _constrained_vector(sheet: Sheet, old: Node, new: Node) -> Node:
    """The vector with the constrained weights put back in their places."""
    if not any(weight.constraint for weight in sheet.trained):
        return new
    new.label.replaces = old
    parts: list[Node] = []
    start = untouched = 0
    for weight in [*sheet.trained, None]:
        if weight is None or weight.constraint is not None:
            parts += [make("slice", new, slices=((untouched, start, 1),))] if untouched < start else []
        if weight is None:
            break
        stop = start + math.prod(weight.shape)
        if weight.constraint is not None:
            piece = part_of(new, start, weight.shape)
            result = _constrained(sheet, weight, piece)
            piece.label.replaces = None
            parts.append(result)
            untouched = stop
        start = stop
    with place(scope="constraints"):
        whole = make("pack", *parts)
    whole.label.replaces = new
    return whole
