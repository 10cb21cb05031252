"""Scaling before and after a matrix product becomes a part of its kernel and its bias.

``((x - mean) / std) @ W + b`` is ``x @ W' + b'``, and so is ``(x @ W + b - mean) / std * gamma + beta``: in a
network whose weights are known, normalization and batch normalization beside a dense layer cost nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

import numpy as np

from glassnet.graph.dims import Dim, Extent, Shape
from glassnet.graph.graph import Graph, Place, copy_nodes, input_node, input_place
from glassnet.graph.node import Builder, Node, constant, intern, make, place, reshape
from glassnet.graph.ops import is_weak
from glassnet.trace.names import unused

# What a fold before a product may lose, in units of the scaled inputs: x / std - mean / std cancels where
# (x - mean) / std does not, and then the float type's own error counts mean / std times.
LOSS = 2e-6
_STEPS = ("add", "sub", "mul", "div", "neg")


@dataclass(frozen=True)
class Step:
    """One operation with a constant: ``constant`` stands on the left, on the right, or (``neg``) nowhere."""

    op: str
    constant: Node | None
    left: bool


@dataclass(frozen=True)
class Scaled:
    """``(x - centre) * factor + shift``, not made yet; the arrays broadcast with x and have no batch."""

    x: Node
    last: Node  # of the old graph: the value that this is
    steps: tuple[Step, ...] = ()  # as they stood in the old graph; none where shapes have changed since
    centre: np.ndarray = field(default_factory=lambda: np.zeros(()))
    factor: np.ndarray = field(default_factory=lambda: np.ones(()))
    shift: np.ndarray = field(default_factory=lambda: np.zeros(()))

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.x.shape

    @property
    def offset(self) -> np.ndarray:
        """What is added where x is multiplied first."""
        return np.asarray(self.shift - self.centre * self.factor)

    def stays_exact(self, dtype: Any) -> bool:
        """Whether ``x * factor + offset`` says the same, up to what may be lost."""
        far = float(np.abs(self.centre * self.factor).max(initial=0.0))
        return far * float(np.finfo(dtype).eps) <= LOSS

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What the float type must be able to hold."""
        return self.factor, self.shift

    def after(self, op: str, c: np.ndarray, left: bool) -> Self | None:
        """The value after one more step; None where it has no such form."""
        if op == "add":
            return replace(self, shift=self.shift + c)
        if op == "sub" and not left:
            fresh = (self.factor == 1).all() and (self.shift == 0).all()
            return replace(self, centre=self.centre + c) if fresh else replace(self, shift=self.shift - c)
        if op == "mul":
            return replace(self, factor=self.factor * c, shift=self.shift * c)
        if op == "div" and not left:
            return replace(self, factor=self.factor / c, shift=self.shift / c)
        return None if op == "div" else replace(self, factor=-self.factor, shift=c - self.shift)


@dataclass(frozen=True)
class Product:
    """``x @ kernel + bias``, not made yet, with the old graph's product, kernel and bias."""

    x: Node
    product: Node
    last: Node
    kernel: np.ndarray
    bias: np.ndarray | None
    old_kernel: Node
    old_bias: Node | None = None

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return (*self.x.shape[:-1], self.kernel.shape[1])

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What the float type must be able to hold."""
        return (self.kernel,) if self.bias is None else (self.kernel, self.bias)

    def after(self, op: str, c: np.ndarray, left: bool) -> Self | None:
        """The value after one more step; None where it has no such form."""
        c = np.broadcast_to(c, self.kernel.shape[1:])
        bias = np.zeros(c.shape) if self.bias is None else self.bias
        if op == "add":
            return replace(self, bias=bias + c)
        if op == "sub" and not left:
            return replace(self, bias=bias - c)
        if op == "mul":
            return replace(self, kernel=self.kernel * c, bias=None if self.bias is None else bias * c)
        if op == "div" and not left:
            return replace(self, kernel=self.kernel / c, bias=None if self.bias is None else bias / c)
        return None if op == "div" else replace(self, kernel=-self.kernel, bias=c - bias)


Pending = Node | Scaled | Product
Value = TypeVar("Value", Scaled, Product)


def fold_scaling(graph: Graph, dtype: Any) -> Graph:
    """Fold scaling by constants into the matrix products beside it.

    Parameters
    ----------
    graph : Graph
        With its constants in ``values``, as :func:`~glassnet.programs.freeze.freeze` answers it; best in
        float64, whatever the program will run in.
    dtype : dtype
        What the program will run in: where a fold would lose digits of it, the scaling stays.

    Returns
    -------
    Graph
        The same function. Kernels and biases keep their places, and have other values.

    Examples
    --------
    >>> import glassnet as gn
    >>> W, scale = np.ones((2, 3)), np.array([1.0, 2.0, 4.0])
    >>> graph = gn.trace(lambda x: (x @ W + 1.0) * scale, ("n", 2))
    >>> folded = fold_scaling(graph, "float32")
    >>> [node.op for node in folded.nodes()]
    ['input', 'input', 'matmul', 'input', 'add']
    >>> list(folded.values.values())[1]
    array([1., 2., 4.])
    """
    return _Fold(graph, np.dtype(dtype)).result()


class _Fold:
    """One fold of one graph."""

    def __init__(self, graph: Graph, dtype: np.dtype[Any]) -> None:
        self.graph, self.dtype = graph, dtype
        nodes = graph.nodes()
        self.users = {x: node for node in nodes for x in node.inputs}
        self.uses = Counter([*graph.outputs, *(x for node in nodes for x in node.inputs)])
        self.finished = {*graph.outputs, *(node for node, count in self.uses.items() if count > 1)}
        self.values: dict[Place, np.ndarray] = dict(graph.values)
        self.keys = {key for _, key in graph.values}

    def result(self) -> Graph:
        """The folded graph, with the constants that it still reads."""
        data = [node for node in self.graph.inputs if input_place(node) not in self.graph.values]
        with Builder():
            copied = copy_nodes([*data, *self.graph.nodes()], {}, self._replace)
        graph = replace(self.graph, outputs=tuple(copied[node] for node in self.graph.outputs))
        read = [node for node in graph.nodes() if node.op == "input" and input_place(node) in self.values]
        values = {input_place(node): self.values[input_place(node)] for node in read}
        return replace(graph, inputs=(*(copied[node] for node in data), *read), values=values)

    def _replace(self, node: Node, inputs: tuple[Pending, ...]) -> Pending | None:
        """A pending value where the node scales or multiplies, else the node made of finished inputs."""
        pending = self._pending(node, inputs)
        if pending is not None:
            return self._made(pending) if node in self.finished else pending
        if all(isinstance(x, Node) for x in inputs):
            return None
        finished = tuple(map(self._made, inputs))
        if node.op in ("call", "item"):
            return intern(node.op, finished, node.attrs)
        return make(node.op, *finished, **node.attrs)

    def _pending(self, node: Node, inputs: tuple[Pending, ...]) -> Pending | None:
        if node.kind != "float":
            return None
        if node.op in _STEPS:
            return self._step(node, inputs)
        if node.op == "matmul":
            return self._product(node, *inputs)
        return self._reshaped(node, inputs[0]) if node.op == "reshape" else None

    def _array(self, value: Pending) -> np.ndarray | None:
        """A constant's array."""
        if not isinstance(value, Node):
            return None
        if value.op == "const":
            return np.asarray(value.attrs["value"], float)
        known = self.values.get(input_place(value)) if value.op == "input" else None
        return None if known is None or value.kind != "float" else np.asarray(known, float)

    # ------------------------------------------------------------------------------------ steps
    def _step(self, node: Node, inputs: tuple[Pending, ...]) -> Pending | None:
        arrays = [self._array(x) for x in inputs]
        free = [x for x, array in zip(inputs, arrays, strict=True) if array is None]
        if len(free) != 1 or free[0].shape != node.shape or _kind(free[0]) != "float":
            return None
        left = len(inputs) == 2 and arrays[0] is not None
        c = next((array for array in arrays if array is not None), np.zeros(()))
        if isinstance(free[0], Product):
            found = self._product_after(free[0], node, c, left)
            if found is not None:
                return found
        x = free[0] if isinstance(free[0], Scaled) else Scaled(self._made(free[0]), node)
        changed = self._after(x, node.op, c, left)
        if changed is None:
            return None
        other = next((x for x, array in zip(inputs, arrays, strict=True) if array is not None), None)
        assert other is None or isinstance(other, Node)
        return replace(changed, last=node, steps=(*x.steps, Step(node.op, other, left)))

    def _product_after(self, x: Product, node: Node, c: np.ndarray, left: bool) -> Product | None:
        vector = _along_last(c)
        changed = None if vector is None else self._after(x, node.op, vector, left)
        if changed is None:
            return None
        if node.op == "add" and c.shape == x.kernel.shape[1:] and self._belongs(node.inputs[not left], x):
            return replace(changed, last=node, old_bias=node.inputs[not left])
        return replace(changed, last=node)

    def _belongs(self, bias: Node, x: Product) -> bool:
        """Whether a constant is the bias of the layer that multiplies, and of nobody else."""
        if bias.op != "input" or self.uses[bias] > 1:
            return False
        return _layer(input_place(bias)[1]) == _layer(input_place(x.old_kernel)[1])

    def _after(self, x: Value, op: str, c: np.ndarray, left: bool) -> Value | None:
        """The value after a step, if the float type can hold its arrays."""
        with np.errstate(all="ignore"):
            changed = x.after(op, c, left)
            return changed if changed is not None and self._holds(changed) else None

    def _holds(self, x: Scaled | Product) -> bool:
        return all(np.isfinite(array.astype(self.dtype)).all() for array in x.arrays)

    def _product(self, node: Node, x: Pending, right: Pending) -> Product | None:
        kernel = self._array(right)
        if kernel is None or kernel.ndim != 2 or self._array(x) is not None:
            return None
        folded = self._scaled_product(node, x, kernel) if isinstance(x, Scaled) else None
        return folded or Product(self._made(x), node, node, kernel, None, node.inputs[1])

    def _scaled_product(self, node: Node, x: Scaled, kernel: np.ndarray) -> Product | None:
        """The product of a scaled value, if its scaling differs along the last axis only."""
        factor, offset = _along_last(x.factor), _along_last(x.offset)
        if factor is None or offset is None or not x.stays_exact(self.dtype):
            return None
        rows = np.broadcast_to(factor, kernel.shape[:1])
        with np.errstate(all="ignore"):
            bias = np.broadcast_to(offset, kernel.shape[:1]) @ kernel if offset.any() else None
            folded = Product(x.x, node, node, rows[:, None] * kernel, bias, node.inputs[1])
            return folded if self._holds(folded) else None

    def _reshaped(self, node: Node, x: Pending) -> Scaled | None:
        """Scaled images, flattened before a dense layer: the arrays are flattened, too."""
        user = self.users.get(node)
        if user is None or user.op != "matmul" or not isinstance(x, Scaled):
            return None
        if not isinstance(node.shape[0], Dim) or x.shape[:1] != node.shape[:1]:
            return None
        old, new = ((1, *map(_whole, shape[1:])) for shape in (x.shape, node.shape))

        def flat(array: np.ndarray) -> np.ndarray:
            return array.reshape(()) if array.size == 1 else np.broadcast_to(array, old).reshape(new)

        return Scaled(reshape(x.x, node.shape), node, (), flat(x.centre), flat(x.factor), flat(x.shift))

    # ------------------------------------------------------------------------------------ making
    def _made(self, value: Pending) -> Node:
        """The nodes of a pending value, in the layer that it belongs to."""
        if isinstance(value, Node):
            return value
        owner = value.last if isinstance(value, Scaled) else value.product
        with place(scope=owner.label.scope):
            node = self._made_scaled(value) if isinstance(value, Scaled) else self._made_product(value)
        if node.label.name is None and node.op != "input":
            node.label.name = value.last.label.name
        return node

    def _made_scaled(self, value: Scaled) -> Node:
        node = value.x
        constants = [step.constant for step in value.steps if step.constant is not None]
        numbers = value.steps and all(is_weak(x.kind) for x in constants)
        if len(value.steps) == 1 or numbers:  # nothing to gain: as it stood
            for step in value.steps:
                operands = [node] if step.constant is None else [node, step.constant]
                node = make(step.op, *(operands[::-1] if step.left else operands))
            return node
        if value.stays_exact(self.dtype):
            arrays = (("mul", value.factor, "scale"), ("add", value.offset, "shift"))
        else:
            rest = (("mul", value.factor, "scale"), ("add", value.shift, "shift"))
            arrays = (("sub", value.centre, "centre"), *rest)  # type: ignore[assignment]
        scope = value.last.label.scope or "scaling"
        for op, array, name in arrays:
            if not (array == (op == "mul")).all():
                node = make(op, node, self._constant(array, name, f"{scope}.{name}", None))
        return node

    def _made_product(self, value: Product) -> Node:
        key = input_place(value.old_kernel)[1]
        node = make("matmul", value.x, self._constant(value.kernel, "W", key, value.old_kernel))
        if value.bias is None:
            return node
        node.label.name = None  # the sum has the name
        bias_key = f"{_layer(key)}.bias".lstrip(".")
        return make("add", node, self._constant(value.bias, "b", bias_key, value.old_bias))

    def _constant(self, array: np.ndarray, name: str, key: str, old: Node | None) -> Node:
        """An input with this value: in an old one's place, if nobody else reads that, or in its own."""
        if array.ndim == 0:
            return constant(float(array))
        where = ("parameters", key)
        if old is not None:
            where, name = input_place(old), old.attrs["name"]
            if np.array_equal(array, self.graph.values[where]):
                return input_node(name, old.shape, old.kind, where)
        if old is None or self.uses[old] > 1:
            where = (where[0], unused(where[1], self.keys))
        self.values[where] = np.asarray(array)
        return input_node(name, array.shape, "float", where)


def _kind(value: Pending) -> str:
    return value.kind if isinstance(value, Node) else "float"


def _whole(extent: Extent) -> int:
    assert isinstance(extent, int)  # a shape has one batch
    return extent


def _along_last(array: np.ndarray) -> np.ndarray | None:
    """One number, or one for each index of the last axis; None if it differs along others."""
    if array.size == 1:
        return array.reshape(())
    return array.reshape(-1) if array.size == array.shape[-1] else None


def _layer(key: str) -> str:
    """The layer in a weight's key."""
    return key.rpartition(".")[0]
