"""The NumPy names that traced arrays answer: ufuncs, functions, methods. An explicit table, nothing else.

Each entry takes traced arrays, weights, plain arrays and numbers, and answers traced arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.graph.dims import Dim, Shape, product
from glassnet.graph.node import Node, cast, constant, make, one_hot, reshape
from glassnet.graph.ops import COMPARISONS, LOGICAL, is_weak
from glassnet.trace.frames import trace_error
from glassnet.trace.indexing import getitem, index_node
from glassnet.trace.products import dot, einsum, inner, matmul, outer
from glassnet.trace.tracer import (
    FUNCTIONS,
    METHODS,
    UFUNCS,
    TracedArray,
    broadcast_to,
    node_of,
    normal_axes,
    traced,
)

Axis = int | Sequence[int] | None


# ------------------------------------------------------------------------------------------ ufuncs
def elementwise(op: str) -> Callable[..., TracedArray]:
    """A ufunc that is one op."""
    return lambda *values: traced(op, *values)


def square(x: Any) -> TracedArray:
    """``x**2``."""
    return traced("pow", x, 2)


def floating(op: str) -> Callable[..., TracedArray]:
    """A ufunc that answers floats even for integers."""

    def function(*values: Any) -> TracedArray:
        nodes = [node_of(value) for value in values]
        return traced(op, *[node if is_weak(node.kind) else cast(node) for node in nodes])

    return function


def is_true(node: Node) -> Node:
    """``x != 0``, unless the array or number is a boolean already."""
    if node.op == "const":
        return constant(bool(node.attrs["value"]))
    known = node.kind == "bool" or node.op in (*COMPARISONS, *LOGICAL)
    return node if known else make("not_equal", node, 0)


def logical(op: str) -> Callable[..., TracedArray]:
    """``np.logical_and`` and its kind: of truth values."""
    return lambda *values: traced(op, *[is_true(node_of(value)) for value in values])


def bitwise(op: str) -> Callable[..., TracedArray]:
    """``&``, ``|``, ``^`` and ``~``: of booleans only."""

    def function(*values: Any) -> TracedArray:
        nodes = [node_of(value) for value in values]
        if any(is_true(node) is not node for node in nodes):
            raise trace_error(
                "&, |, ^ and ~ can be traced for booleans only.", "Write np.logical_and, or compare first."
            )
        return traced(op, *nodes)

    return function


def reciprocal(x: Any) -> TracedArray:
    """``1 / x``."""
    return traced("div", 1, x)


_UFUNC_OPS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "power": "pow",
    "maximum": "maximum",
    "minimum": "minimum",
    "negative": "neg",
    "absolute": "abs",
    "sign": "sign",
    "floor": "floor",
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "tanh": "tanh",
    "sin": "sin",
    "cos": "cos",
    "expm1": "expm1",
    "log1p": "log1p",
    "less": "less",
    "less_equal": "less_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "equal": "equal",
    "not_equal": "not_equal",
}
_LOGICAL_OPS = {"and": "logical_and", "or": "logical_or", "not": "logical_not", "xor": "not_equal"}
UFUNCS.update({getattr(np, name): elementwise(op) for name, op in _UFUNC_OPS.items()})
UFUNCS.update(
    {
        np.square: square,
        np.reciprocal: reciprocal,
        np.matmul: matmul,
        np.positive: lambda x: x,
        np.fabs: floating("abs"),
        np.float_power: floating("pow"),
        **{getattr(np, f"logical_{name}"): logical(op) for name, op in _LOGICAL_OPS.items()},
        **{getattr(np, f"bitwise_{name}"): bitwise(op) for name, op in _LOGICAL_OPS.items()},
    }
)


# ------------------------------------------------------------------------------------------ reductions
def axes_of(x: Node, axis: Axis) -> tuple[int, ...]:
    """An axis argument as a sorted tuple of non-negative ints."""
    if axis is None:
        return tuple(range(x.ndim))
    chosen = sorted(normal_axes(axis if isinstance(axis, Sequence) else (axis,), x))
    if len(set(chosen)) < len(chosen):
        raise trace_error(f"axis {axis} names an axis twice.")
    return tuple(chosen)


def reduction(op: str) -> Callable[..., TracedArray]:
    """``np.sum`` and its kind, with ``axis`` and ``keepdims``."""

    def function(x: Any, axis: Axis = None, keepdims: bool = False) -> TracedArray:
        node = node_of(x)
        return traced(op, node, axis=axes_of(node, axis), keepdims=bool(keepdims))

    return function


sum, mean, var, max, min = (reduction(op) for op in ("sum", "mean", "var", "max", "min"))


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> TracedArray:
    """The square root of the variance."""
    return traced("sqrt", var(x, axis, keepdims))


def position(op: str) -> Callable[..., TracedArray]:
    """``np.argmax`` and ``np.argmin``: the index of the first extreme value."""

    def function(x: Any, axis: int | None = None) -> TracedArray:
        node = node_of(x)
        if axis is None:
            node, axis = reshape(node, (product(node.shape),)), 0
        return traced(op, node, axis=axes_of(node, axis)[0])

    return function


argmax, argmin = position("argmax"), position("argmin")


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> TracedArray:
    """``np.linalg.norm``: Euclidean (and Frobenius), or ``ord=1`` and ``ord=np.inf`` of vectors."""
    if ord in (1, np.inf) and (isinstance(axis, int) or node_of(x).ndim == 1):
        return (sum if ord == 1 else max)(traced("abs", x), axis, keepdims)
    if ord not in (None, 2, "fro") or (ord == 2 and not isinstance(axis, int) and node_of(x).ndim > 1):
        raise trace_error(f"np.linalg.norm with ord={ord!r} cannot be traced.", "Use ord=None, 1 or np.inf.")
    return traced("sqrt", sum(square(x), axis, keepdims))


# ------------------------------------------------------------------------------------------ shapes
def _array(x: Any) -> TracedArray:
    return TracedArray(node_of(x))


def expand_dims(x: Any, axis: int | Sequence[int]) -> TracedArray:
    """Insert axes of size 1."""
    node = node_of(x)
    chosen = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    rank = node.ndim + len(chosen)
    new = set(normal_axes(chosen, node, rank))
    rest = iter(node.shape)
    return TracedArray(reshape(node, tuple(1 if i in new else next(rest) for i in range(rank))))


def squeeze(x: Any, axis: Axis = None) -> TracedArray:
    """Remove axes of size 1."""
    node = node_of(x)
    gone = axes_of(node, axis) if axis is not None else tuple(i for i, e in enumerate(node.shape) if e == 1)
    if any(node.shape[i] != 1 for i in gone):
        raise trace_error(f"cannot squeeze axis {axis} of shape {node.shape}: its size is not 1.")
    return TracedArray(reshape(node, tuple(e for i, e in enumerate(node.shape) if i not in gone)))


def ravel(x: Any) -> TracedArray:
    """One axis with all the elements."""
    return _array(x).reshape(-1)


def swapaxes(x: Any, a: int, b: int) -> TracedArray:
    """Exchange two axes."""
    order = list(range(node_of(x).ndim))
    a, b = normal_axes((a, b), node_of(x))
    order[a], order[b] = order[b], order[a]
    return _array(x).transpose(order)


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> TracedArray:
    """Join along an axis; ``axis=None`` flattens first."""
    nodes = [node_of(x) for x in arrays]
    if not nodes:
        raise trace_error("np.concatenate needs at least one array.")
    if axis is None:
        return traced("pack", *nodes)
    return traced("concat", *nodes, axis=axes_of(nodes[0], axis)[0])


def stack(arrays: Sequence[Any], axis: int = 0) -> TracedArray:
    """Join along a new axis."""
    return concatenate([expand_dims(x, axis) for x in arrays], axis)


def full_like(x: Any, fill_value: Any) -> TracedArray:
    """One value in the shape and kind of ``x``."""
    node = node_of(x)
    return broadcast_to(fill_value, node.shape).astype("float" if is_weak(node.kind) else node.kind)


# ------------------------------------------------------------------------------------------ selection
def where(condition: Any, a: Any = None, b: Any = None) -> TracedArray:
    """``np.where`` with its three arguments."""
    if a is None or b is None:
        raise trace_error(
            "np.where with one argument gives a result whose shape depends on values.", "Give all three."
        )
    return traced("where", condition, a, b)


def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Limit to an interval."""
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    above = x if low is None else traced("maximum", x, low)
    return above if high is None else traced("minimum", above, high)


def take(x: Any, indices: Any, axis: int | None = None) -> TracedArray:
    """Rows of a table: ``table[indices]``."""
    if axis not in (0, None) or (axis is None and node_of(x).ndim != 1):
        raise trace_error("np.take can be traced along axis 0 only.", "Transpose first.")
    index = index_node(indices)
    return getitem(x, index.attrs["value"]) if index.op == "const" else traced("take", x, index)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> TracedArray:
    """One element of each row: ``np.take_along_axis(scores, y[:, None], axis=1)``."""
    node, index = node_of(x), index_node(indices)
    last = axis in (-1, node.ndim - 1)
    if not last or index.ndim != node.ndim or index.shape[-1] != 1:
        raise trace_error("np.take_along_axis can be traced for one element along the last axis only.")
    return expand_dims(traced("pick", node, reshape(index, index.shape[:-1])), -1)


FUNCTIONS.update(
    {
        np.sum: sum,
        np.mean: mean,
        np.var: var,
        np.std: std,
        np.max: max,
        np.min: min,
        np.amax: max,
        np.amin: min,
        np.argmax: argmax,
        np.argmin: argmin,
        np.linalg.norm: norm,
        np.reshape: lambda x, shape: _array(x).reshape(shape),
        np.transpose: lambda x, axes=None: _array(x).transpose(axes),
        np.expand_dims: expand_dims,
        np.squeeze: squeeze,
        np.ravel: ravel,
        np.swapaxes: swapaxes,
        np.broadcast_to: broadcast_to,
        np.concatenate: concatenate,
        np.stack: stack,
        np.hstack: lambda arrays: concatenate(arrays, 0 if node_of(arrays[0]).ndim == 1 else 1),
        np.vstack: lambda arrays: concatenate([_rows(x) for x in arrays], 0),
        np.zeros_like: lambda x: full_like(x, 0.0),
        np.ones_like: lambda x: full_like(x, 1.0),
        np.full_like: full_like,
        np.where: where,
        np.clip: clip,
        np.take: take,
        np.take_along_axis: take_along_axis,
        np.dot: dot,
        np.outer: outer,
        np.inner: inner,
        np.einsum: einsum,
        np.shape: lambda x: _array(x).shape,
        np.ndim: lambda x: node_of(x).ndim,
        np.size: lambda x: _array(x).size,
        np.copy: _array,
    }
)


def _rows(x: Any) -> TracedArray:
    return expand_dims(x, 0) if node_of(x).ndim == 1 else _array(x)


def clip_method(x: Any, min: Any = None, max: Any = None) -> Any:
    """``x.clip(min, max)``: the method has other names for its arguments than the function."""
    return clip(x, min, max)


METHODS.update(
    {
        "__getitem__": getitem,
        "sum": sum,
        "mean": mean,
        "var": var,
        "std": std,
        "max": max,
        "min": min,
        "argmax": argmax,
        "argmin": argmin,
        "clip": clip_method,
        "ravel": ravel,
        "flatten": ravel,
        "squeeze": squeeze,
        "swapaxes": swapaxes,
        "take": take,
        "dot": dot,
        "copy": _array,
    }
)


# ------------------------------------------------------------------------------------------ ours
def pick(scores: Any, index: Any) -> Any:
    """One element of each row: ``scores[np.arange(n), index]``, on plain and traced arrays.

    Parameters
    ----------
    scores : array (n, k)
    index : int array (n,)
        From 0 to k - 1: a negative one would get no gradient.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> pick(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]))
    array([2., 3.])
    """
    if is_plain(scores, index):
        return np.take_along_axis(np.asarray(scores), np.asarray(index)[..., None], axis=-1)[..., 0]
    return traced("pick", scores, index_node(index))


def one_hot_rows(index: Any, count: int) -> Any:
    """``index[:, None] == np.arange(count)``: booleans, true at each row's index; plain or traced.

    Examples
    --------
    >>> one_hot_rows(np.array([1, 0]), 3)
    array([[False,  True, False],
           [ True, False, False]])
    """
    if is_plain(index):
        return np.asarray(index)[..., None] == np.arange(count)
    return TracedArray(one_hot(node_of(index), count))


def stop_gradient(x: Any) -> Any:
    """``x``, treated as a constant by differentiation; plain or traced.

    Examples
    --------
    >>> import glassnet as gn
    >>> float(gn.grad(lambda x: x * gn.stop_gradient(x))(3.0))
    3.0
    """
    return x if is_plain(x) else traced("stop", x)


def random_uniform_of(seed: Any, step: Any, site: int, shape: Shape) -> TracedArray:
    """Uniform numbers in [0, 1)."""
    return traced("random_uniform", seed, step, site=site, shape=shape)


def is_plain(*values: Any) -> bool:
    """Whether nothing here is traced (weights count as traced while a trace runs)."""
    from_trace = (TracedArray, Node, Dim)
    return not any(isinstance(value, from_trace) for value in values)
