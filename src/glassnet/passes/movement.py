"""What a node is to a loop: movement, a leaf, a reduction; what it runs over, where its elements lie."""

from __future__ import annotations

from collections.abc import Iterable

from glassnet.graph.dims import Shape
from glassnet.graph.node import Node

MOVEMENT = frozenset(("broadcast", "transpose", "slice", "reshape"))
LEAVES = frozenset(("const", "input", "size", "arange"))
REDUCTIONS = frozenset(("sum", "max", "min", "argmax", "argmin"))
# What has a loop of its own, whatever stands beside it.
ALONE = frozenset(("matmul", "concat", "pack", "unslice", "scatter_add"))


def canonical(shape: Shape) -> Shape:
    """A shape without its trailing ones: (n, 1) and (n,) are computed in the same loop."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def domain(node: Node) -> Shape:
    """What a value's loops run over: its own shape, or that of what it reduces."""
    return canonical(node.inputs[0].shape if node.op in REDUCTIONS else node.shape)


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes that a reduction takes together."""
    return (node.attrs["axis"],) if node.op in ("argmax", "argmin") else node.attrs["axis"]


def is_over_rows(node: Node) -> bool:
    """Whether a value is complete only after the loop over the rows."""
    return node.op in REDUCTIONS and (0 in reduced_axes(node) or not domain(node))


def is_row_number(node: Node) -> bool:
    """Whether a reduction gives one number for each row."""
    return node.op in REDUCTIONS and not is_over_rows(node) and len(canonical(node.shape)) <= 1


def is_trivial(reshape: Node) -> bool:
    """Whether a reshape only adds or removes axes of extent 1."""
    return [e for e in reshape.shape if e != 1] == [e for e in reshape.inputs[0].shape if e != 1]


def is_contiguous_slice(node: Node) -> bool:
    """Whether a slice's elements follow each other in memory."""
    slices = node.attrs["slices"]
    cut = [i for i, part in enumerate(slices) if part is not None]
    if not cut:
        return True
    inner = all(slices[i] is None and isinstance(node.shape[i], int) for i in range(cut[0] + 1, node.ndim))
    return inner and all(e == 1 for e in node.shape[: cut[0]]) and slices[cut[0]][2] == 1


def as_view(x: Node, stored: set[Node]) -> tuple[Node, int] | None:
    """(array, offset) if a chain of movement is a contiguous part of an array in memory."""
    offset = 0
    while x not in stored and x.op != "input":
        if x.op == "slice" and is_contiguous_slice(x):
            source = x.inputs[0]
            for axis, part in enumerate(x.attrs["slices"]):
                if part is not None:
                    offset += part[0] * _elements(source.shape[axis + 1 :])
        elif x.op != "reshape":
            return None
        x = x.inputs[0]
    return x, offset


def _elements(shape: Shape) -> int:
    total = 1
    for extent in shape:
        assert isinstance(extent, int)
        total *= extent
    return total


def untransposed(x: Node) -> tuple[bool, Node]:
    """Whether a matrix is the transpose of one in memory, and that one."""
    if x.op == "transpose" and x.attrs["axes"] == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2):
        return True, x.inputs[0]
    return False, x


def is_column_sum(node: Node, stored: set[Node]) -> bool:
    """Whether a value adds up the rows of a matrix that is in memory anyway."""
    if node.op != "sum" or node.kind != "float" or node.attrs["axis"] != (0,):
        return False
    x = node.inputs[0]
    return x.ndim == 2 and isinstance(x.shape[1], int) and as_view(x, stored) is not None


def is_simple_argmax(node: Node) -> bool:
    """Whether a loop over the rows finds the place of the largest number in each."""
    return node.inputs[0].ndim == 2 and node.attrs["axis"] == 1 and node.inputs[0].shape[1] != 1


def random_values(nodes: Iterable[Node]) -> set[Node]:
    """What is made of random numbers and Python's own: NumPy computes that in float32, always."""
    single: set[Node] = set()
    for node in nodes:
        operands = [x for x in node.inputs if x.kind == "float"]
        made = node.op == "random_uniform" or (bool(operands) and all(x in single for x in operands))
        if made and node.kind == "float" and node.op != "cast":
            single.add(node)
    return single
