"""Nodes, and the one function that makes them.

A :class:`Node` is immutable and hash-consed: within one :class:`Builder` equal nodes are the same object,
so common subexpressions are shared without a pass. :func:`make` normalizes kinds, tries the
simplification rules, infers shape and kind, and interns the result.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, Union

from glassnet.errors import ShapeError
from glassnet.graph.dims import Dim, Shape
from glassnet.graph.ops import ELEMENTWISE, INFER, UNARY_FLOAT, Kind, common_shape, is_weak, join_kinds

Value = Union["Node", Dim, bool, int, float]


@dataclass(slots=True)
class Label:
    """What a printer may say about a node. Never part of its identity.

    ``name`` is the user's variable, ``scope`` the layer, ``phase`` one of forward, backward and update,
    ``adjoint`` the gradient of the loss with respect to the node, ``replaces`` the node whose value it
    supersedes and whose name it may take over.
    """

    name: str | None = None
    scope: str = ""
    phase: str = "forward"
    adjoint: Node | None = None
    replaces: Node | None = None


class Node:
    """One array operation: an op's name, its inputs, its attributes; with shape and kind.

    Attributes
    ----------
    op : str
        A key of the op tables.
    inputs : tuple of Node
    attrs : dict
        Static attributes; never changed after creation.
    shape : tuple of int and at most one Dim
    kind : str
        One of ``weak_int``, ``weak_float``, ``bool``, ``int``, ``uint``, ``float``.
    id : int
        Creation order.
    label : Label
        Cosmetic: names for printers.
    """

    __slots__ = ("__weakref__", "attrs", "id", "inputs", "kind", "label", "op", "shape")

    def __init__(
        self, op: str, inputs: tuple[Node, ...], attrs: dict[str, Any], shape: Shape, kind: Kind, label: Label
    ) -> None:
        self.op, self.inputs, self.attrs, self.shape, self.kind = op, inputs, attrs, shape, kind
        self.id, self.label = next(_ids), label

    def __repr__(self) -> str:
        return f"<{self.op} {self.shape} {self.kind}>"

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def T(self) -> Node:
        return transpose(self, (*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))

    def __add__(self, other: Value) -> Node:
        return make("add", self, other)

    def __radd__(self, other: Value) -> Node:
        return make("add", other, self)

    def __sub__(self, other: Value) -> Node:
        return make("sub", self, other)

    def __rsub__(self, other: Value) -> Node:
        return make("sub", other, self)

    def __mul__(self, other: Value) -> Node:
        return make("mul", self, other)

    def __rmul__(self, other: Value) -> Node:  # type: ignore[misc]
        return make("mul", other, self)

    def __truediv__(self, other: Value) -> Node:
        return make("div", self, other)

    def __rtruediv__(self, other: Value) -> Node:
        return make("div", other, self)

    def __pow__(self, other: Value) -> Node:
        return make("pow", self, other)

    def __neg__(self) -> Node:
        return make("neg", self)

    def __matmul__(self, other: Node) -> Node:
        return make("matmul", self, other)

    def __lt__(self, other: Value) -> Node:
        return make("less", self, other)

    def __gt__(self, other: Value) -> Node:
        return make("greater", self, other)

    def __ge__(self, other: Value) -> Node:
        return make("greater_equal", self, other)


_ids = itertools.count()
RULES: dict[str, list[Callable[..., Any]]] = {}  # op → simplification rules, filled by graph/simplify.py


class Builder:
    """A graph under construction: the table of its nodes, and the current scope and phase.

    Parameters
    ----------
    weak : bool
        Keep nodes only while somebody refers to them (for the model-building API, which has no end).
    """

    def __init__(self, weak: bool = False) -> None:
        self.memo: MutableMapping[Any, Node] = weakref.WeakValueDictionary() if weak else {}
        self.scope, self.phase = "", "forward"
        self.on_make: Callable[[Node], None] | None = None

    def __enter__(self) -> Builder:
        _stack().append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _stack().pop()


class _Local(threading.local):
    def __init__(self) -> None:
        self.stack = [Builder(weak=True)]


_local = _Local()


def _stack() -> list[Builder]:
    return _local.stack


def current() -> Builder:
    """The builder that new nodes go to: the innermost ``with Builder()`` of this thread."""
    return _stack()[-1]


def is_tracing() -> bool:
    """Whether a builder has been opened (otherwise nodes belong to a model under construction)."""
    return len(_stack()) > 1


@contextlib.contextmanager
def place(scope: str | None = None, phase: str | None = None) -> Iterator[None]:
    """Say where the nodes made inside belong: to which layer, to which phase."""
    builder = current()
    old = builder.scope, builder.phase
    builder.scope = old[0] if scope is None else scope
    builder.phase = old[1] if phase is None else phase
    try:
        yield
    finally:
        builder.scope, builder.phase = old


def constant(value: bool | int | float) -> Node:
    """A Python number as a node; -0.0 and 0.0, 1 and 1.0 are different nodes."""
    return intern("const", (), {"value": value})


def lift(value: Value) -> Node:
    """A node for a number or an extent; nodes pass through."""
    if isinstance(value, Node):
        return value
    return intern("size", (), {"dim": Dim(value.k)}) if isinstance(value, Dim) else constant(value)


def _key(attrs: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        (name, type(value), repr(value) if isinstance(value, float) else value)
        for name, value in attrs.items()
    )


def intern(op: str, inputs: tuple[Node, ...], attrs: dict[str, Any]) -> Node:
    """The node with these parts, without simplification: the existing one or a new one."""
    builder = current()
    attrs = dict(sorted(attrs.items()))
    key = (op, tuple(map(id, inputs)), _key(attrs))
    node = builder.memo.get(key)
    if node is None:
        shape, kind = _infer(op, inputs, attrs)
        node = Node(op, inputs, attrs, shape, kind, Label(scope=builder.scope, phase=builder.phase))
        builder.memo[key] = node
    if builder.on_make is not None:
        builder.on_make(node)
    return node


def _infer(op: str, inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Shape, Kind]:
    try:
        shape, kind = INFER[op](*inputs, **attrs)
        if sum(isinstance(extent, Dim) for extent in shape) > 1:
            raise ShapeError(f"an array of shape {shape} would hold the batch dimension n twice")
        return shape, kind
    except ShapeError as error:
        if str(error).startswith(op):
            raise
        raise ShapeError(f"{op}: {error}") from None


def make(op: str, *values: Value, **attrs: Any) -> Node:
    """A node, simplified as it is made.

    Parameters
    ----------
    op : str
        A key of the op tables.
    *values : Node, Dim or number
        The inputs.
    **attrs
        The op's static attributes.

    Returns
    -------
    Node

    Raises
    ------
    ShapeError
        The inputs' shapes do not fit.
    """
    inputs = normalized(op, tuple(map(lift, values)))
    for rule in RULES.get(op, ()):
        result = rule(*inputs, **attrs)
        if result is not None:
            node = lift(result)
            builder = current()
            if builder.on_make is not None:
                builder.on_make(node)
            return node
    if op in ELEMENTWISE:
        fewer = _drop_broadcasts(op, inputs, attrs)
        if fewer != inputs:
            return make(op, *fewer, **attrs)
    return intern(op, inputs, attrs)


def _drop_broadcasts(op: str, inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Node, ...]:
    """An operand's explicit broadcast is noise where the operation broadcasts anyway."""
    if all(node.op != "broadcast" for node in inputs):
        return inputs
    shape, kind = _infer(op, inputs, attrs)
    for i, node in enumerate(inputs):
        if node.op == "broadcast":
            candidate = (*inputs[:i], node.inputs[0], *inputs[i + 1 :])
            if common_shape(*candidate) == shape and _infer(op, candidate, attrs)[1] == kind:
                inputs = candidate
    return inputs


_FLOAT_OPS = frozenset((*UNARY_FLOAT, "div", "mean", "var"))
_MIXING_OPS = frozenset(
    ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "where", "matmul", "concat", "pack")
)


def normalized(op: str, inputs: tuple[Node, ...]) -> tuple[Node, ...]:
    """Cast what NumPy would otherwise turn into float64 behind the user's back."""
    if op in _FLOAT_OPS and not all(is_weak(node.kind) for node in inputs):
        return _as_floats(inputs)
    if op in _MIXING_OPS:
        operands = inputs[1:] if op == "where" else inputs
        joined = join_kinds(*[node.kind for node in operands])
        if joined == "weak_float" and op == "where" and not is_weak(inputs[0].kind):
            operands = (cast(operands[0]), operands[1])
        if joined == "float":
            operands = _as_floats(operands)
            if op == "pack":  # NumPy would make an array of float64 of a Python number
                operands = tuple(cast(node) for node in operands)
        return (*inputs[:1], *operands) if op == "where" else operands
    return inputs


def _as_floats(inputs: tuple[Node, ...]) -> tuple[Node, ...]:
    """Integers become floats; booleans only where no float array would do it for them."""
    lone = all(node.kind != "float" for node in inputs)
    return tuple(cast(x) if x.kind in ("int", "uint") or (lone and x.kind == "bool") else x for x in inputs)


# ------------------------------------------------------------- the ops as functions, for rules and gradients
def cast(x: Value, to: Kind = "float") -> Node:
    """The same values in another kind."""
    node = lift(x)
    return node if node.kind == to else make("cast", node, to=to)


def transpose(x: Node, axes: tuple[int, ...]) -> Node:
    """Permute the axes."""
    return make("transpose", x, axes=axes) if x.ndim > 1 else x


def reshape(x: Node, shape: Shape) -> Node:
    """The same elements in another shape."""
    return make("reshape", x, shape=shape)


def broadcast(x: Value, shape: Shape) -> Node:
    """Repeat along new or size-1 axes."""
    return make("broadcast", x, shape=shape)


def reduce(op: str, x: Node, axis: tuple[int, ...], keepdims: bool = False) -> Node:
    """A sum, mean, var, max or min over ``axis``."""
    return make(op, x, axis=axis, keepdims=keepdims)


def where(condition: Value, a: Value, b: Value) -> Node:
    """``a`` where the condition holds, else ``b``."""
    return make("where", condition, a, b)


def one_hot(index: Node, count: int) -> Node:
    """``index[..., None] == arange(count)``: true at each row's index."""
    return make("equal", reshape(index, (*index.shape, 1)), make("arange", count=count))


def topological(outputs: Iterable[Node]) -> list[Node]:
    """All nodes that the outputs need, in creation order (inputs always precede their users)."""
    seen: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.inputs)
    return sorted(seen, key=lambda node: node.id)
