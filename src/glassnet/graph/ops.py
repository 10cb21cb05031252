"""The op table: how each op finds the shape and the kind of its result.

Kinds stand in for dtypes. A graph names no float width, so that one text trains in float32 and is
checked in float64::

    weak_int < weak_float < bool < int < uint < float

The weak kinds are Python numbers: they never widen an array. Every array of integers that meets a float
is cast explicitly (see :mod:`glassnet.graph.node`), because NumPy would silently answer in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from glassnet.errors import ShapeError, TraceError
from glassnet.graph.dims import Shape, broadcast_shapes, product

if TYPE_CHECKING:
    from glassnet.graph.node import Node

Kind = Literal["weak_int", "weak_float", "bool", "int", "uint", "float"]
KINDS: tuple[Kind, ...] = ("weak_int", "weak_float", "bool", "int", "uint", "float")
Signature = tuple[Shape, Kind]

UNARY_FLOAT = ("exp", "log", "sqrt", "tanh", "sin", "cos", "expm1", "log1p")
UNARY_SAME = ("neg", "abs", "sign", "floor")
ARITHMETIC = ("add", "sub", "mul", "div", "pow", "maximum", "minimum")
COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
LOGICAL = ("logical_and", "logical_or", "logical_not")
REDUCTIONS = ("sum", "mean", "var", "max", "min")
ELEMENTWISE = frozenset((*UNARY_FLOAT, *UNARY_SAME, *ARITHMETIC, *COMPARISONS, *LOGICAL, "where"))


def is_weak(kind: Kind) -> bool:
    """Whether a kind is a Python number rather than an array's element type."""
    return kind in ("weak_int", "weak_float")


def join_kinds(*kinds: Kind) -> Kind:
    """The kind of a sum: the highest, but float as soon as a weak float meets integers."""
    if all(map(is_weak, kinds)):
        return max(kinds, key=KINDS.index)
    strong: set[Kind] = {kind for kind in kinds if not is_weak(kind)}
    if "float" in strong or "weak_float" in kinds:
        return "float"
    if strong == {"bool"} and "weak_int" in kinds:
        return "int"
    return "int" if "int" in strong else max(strong, key=KINDS.index)


def common_shape(*nodes: Node) -> Shape:
    """The shape that several nodes broadcast to."""
    return broadcast_shapes(*[node.shape for node in nodes])


def _arithmetic(*nodes: Node) -> Signature:
    return common_shape(*nodes), join_kinds(*[node.kind for node in nodes])


def _no_bool(*nodes: Node) -> Signature:
    if all(node.kind == "bool" for node in nodes):
        raise TraceError("NumPy has no minus for booleans; use ^ or ~, or cast with .astype(float).")
    return _arithmetic(*nodes)


def _to_float(*nodes: Node) -> Signature:
    return common_shape(*nodes), "weak_float" if all(is_weak(node.kind) for node in nodes) else "float"


def _to_bool(*nodes: Node) -> Signature:
    return common_shape(*nodes), "weak_int" if all(is_weak(node.kind) for node in nodes) else "bool"


def _where(condition: Node, a: Node, b: Node) -> Signature:
    kind = join_kinds(a.kind, b.kind)
    if kind == "weak_int" and not is_weak(condition.kind):
        kind = "int"
    return common_shape(condition, a, b), kind


def reduced_shape(shape: Shape, axis: tuple[int, ...], keepdims: bool) -> Shape:
    """The shape after a reduction over ``axis``."""
    if keepdims:
        return tuple(1 if i in axis else extent for i, extent in enumerate(shape))
    return tuple(extent for i, extent in enumerate(shape) if i not in axis)


def _reduce(x: Node, axis: tuple[int, ...], keepdims: bool) -> Signature:
    return reduced_shape(x.shape, axis, keepdims), x.kind


def _sum(x: Node, axis: tuple[int, ...], keepdims: bool) -> Signature:
    return reduced_shape(x.shape, axis, keepdims), "int" if x.kind == "bool" else x.kind


def _nonempty(x: Node, axis: tuple[int, ...], keepdims: bool) -> Signature:
    if any(x.shape[i] == 0 for i in axis):
        raise ShapeError(f"an empty axis of {x.shape} has no extreme value")
    return _reduce(x, axis, keepdims)


def _argmax(x: Node, axis: int) -> Signature:
    if x.shape[axis] == 0:
        raise ShapeError(f"an empty axis of {x.shape} has no extreme value")
    return reduced_shape(x.shape, (axis,), False), "int"


def _matmul(a: Node, b: Node) -> Signature:
    if len(a.shape) < 2 or len(b.shape) < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"{a.shape} @ {b.shape} do not match")
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (*batch, a.shape[-2], b.shape[-1]), join_kinds(a.kind, b.kind)


def _transpose(x: Node, axes: tuple[int, ...]) -> Signature:
    if sorted(axes) != list(range(len(x.shape))):
        raise ShapeError(f"axes {axes} are not a permutation of those of {x.shape}")
    return tuple(x.shape[i] for i in axes), x.kind


def _reshape(x: Node, shape: Shape) -> Signature:
    if product(shape) != product(x.shape):
        raise ShapeError(f"cannot reshape {x.shape} to {shape}")
    return shape, x.kind


def _broadcast(x: Node, shape: Shape) -> Signature:
    if broadcast_shapes(x.shape, shape) != shape:
        raise ShapeError(f"cannot broadcast {x.shape} to {shape}")
    return shape, "float" if is_weak(x.kind) else x.kind


def _concat(*nodes: Node, axis: int) -> Signature:
    first = nodes[0].shape
    for node in nodes:
        same = len(node.shape) == len(first) and all(
            p == q for i, (p, q) in enumerate(zip(node.shape, first, strict=True)) if i != axis
        )
        if not same:
            raise ShapeError(f"cannot concatenate {first} and {node.shape} along axis {axis}")
    total = _add_extents([node.shape[axis] for node in nodes])
    return (*first[:axis], total, *first[axis + 1 :]), join_kinds(*[node.kind for node in nodes])


def _add_extents(extents: list[Any]) -> Any:
    if all(isinstance(extent, int) for extent in extents):
        return sum(extents)
    raise ShapeError("arrays cannot be concatenated along the batch dimension n")


def _pack(*nodes: Node) -> Signature:
    return (_add_extents([product(node.shape) for node in nodes]),), join_kinds(
        *[node.kind for node in nodes]
    )


Slices = tuple[tuple[int, int, int] | None, ...]


def slice_length(start: int, stop: int, step: int) -> int:
    """How many elements ``range(start, stop, step)`` has."""
    return len(range(start, stop, step))


def _slice(x: Node, slices: Slices) -> Signature:
    return tuple(e if s is None else slice_length(*s) for e, s in zip(x.shape, slices, strict=True)), x.kind


def _unslice(x: Node, slices: Slices, shape: Shape) -> Signature:
    return shape, x.kind


def _pick(z: Node, index: Node) -> Signature:
    if z.shape[:-1] != index.shape:
        raise ShapeError(f"one index per row is needed: {index.shape} indices for {z.shape}")
    return index.shape, z.kind


def _take(table: Node, index: Node) -> Signature:
    return (*index.shape, *table.shape[1:]), table.kind


def _scatter_add(g: Node, index: Node, rows: int) -> Signature:
    return (rows, *g.shape[len(index.shape) :]), g.kind


def _given(*_: Node, shape: Shape, kind: Kind, **__: Any) -> Signature:
    return shape, kind


# op → rule (inputs, attributes) → (shape, kind)
INFER: dict[str, Callable[..., Signature]] = {
    "input": _given,
    "const": lambda value: ((), "weak_float" if isinstance(value, float) else "weak_int"),
    "size": lambda dim: ((), "weak_int"),
    "arange": lambda count: ((count,), "int"),
    **dict.fromkeys(UNARY_FLOAT, _to_float),
    **dict.fromkeys(UNARY_SAME, _arithmetic),
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    "neg": _no_bool,
    "sub": _no_bool,
    "div": _to_float,
    **dict.fromkeys(COMPARISONS, _to_bool),
    **dict.fromkeys(LOGICAL, _to_bool),
    "where": _where,
    "cast": lambda x, to: (x.shape, to),
    "stop": lambda x: (x.shape, x.kind),
    "sum": _sum,
    "mean": _reduce,
    "var": _reduce,
    "max": _nonempty,
    "min": _nonempty,
    "argmax": _argmax,
    "argmin": _argmax,
    "matmul": _matmul,
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast": _broadcast,
    "concat": _concat,
    "pack": _pack,
    "slice": _slice,
    "unslice": _unslice,
    "pick": _pick,
    "take": _take,
    "scatter_add": _scatter_add,
    "random_uniform": lambda seed, step, site, shape: (shape, "float"),
    "call": lambda *inputs, function, body, options: (body.outputs[0].shape, body.outputs[0].kind),
    "item": lambda call, index: (
        call.attrs["body"].outputs[index].shape,
        call.attrs["body"].outputs[index].kind,
    ),
    "apply": lambda *inputs, layer, training, shape, kind, call: (shape, kind),
}
