"""Indexing of traced arrays: slices, integers, None, Ellipsis, one integer per row, rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.graph.dims import Dim, Extent
from glassnet.graph.node import Node, make, reshape
from glassnet.trace.frames import trace_error
from glassnet.trace.tracer import Late, TracedArray, node_of, traced


def getitem(x: TracedArray, index: Any) -> TracedArray:
    """``x[index]`` for every index whose result has a shape that is known while tracing."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [part for part in parts if _is_array(part)]
    if arrays:
        return _array_index(x, parts)
    return _basic(x, _expand_ellipsis(parts, x.ndim))


def _is_array(part: Any) -> bool:
    return isinstance(part, TracedArray | Late | np.ndarray | list)


def _array_index(x: TracedArray, parts: tuple[Any, ...]) -> TracedArray:
    """``table[indices]`` and ``scores[np.arange(k), index]``."""
    nodes = [index_node(part) for part in parts if _is_array(part)]
    if len(parts) == 1:
        return traced("take", x, nodes[0])
    if len(parts) == len(nodes) == 2 and x.ndim == 2 and _is_arange(parts[0], nodes[0], x.shape[0]):
        return traced("pick", x, nodes[1])
    raise trace_error(
        "this array index cannot be traced.",
        "Supported: table[indices], gn.pick(scores, labels), np.take_along_axis.",
    )


def index_node(index: Any) -> Node:
    """An array of integers that chooses elements."""
    node = node_of(index)
    if node.kind == "bool":
        raise trace_error(
            "a boolean index gives a result whose shape depends on values.", "Write np.where(mask, x, 0)."
        )
    if node.kind in ("float", "weak_float"):
        raise trace_error("an index must hold integers; this one holds floats.", "Write index.astype(int).")
    return node


def _is_arange(part: Any, node: Node, extent: Extent) -> bool:
    if node.op == "arange":
        return bool(node.attrs["count"] == extent)
    return (
        isinstance(part, np.ndarray) and isinstance(extent, int) and np.array_equal(part, np.arange(extent))
    )


def _expand_ellipsis(parts: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if used > ndim:
        raise trace_error(f"too many indices: {used} for an array of {ndim} dimensions.")
    fill = (slice(None),) * (ndim - used)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        return (*parts[:at], *fill, *parts[at + 1 :])
    return (*parts, *fill)


def _basic(x: TracedArray, parts: tuple[Any, ...]) -> TracedArray:
    slices: list[tuple[int, int, int] | None] = []
    shape: list[Extent] = []
    axes = iter(x.shape)
    for part in parts:
        if part is None:
            shape.append(1)
            continue
        extent = next(axes)
        chosen = _slice_of(part, extent)
        slices.append(chosen)
        if isinstance(part, slice):
            shape.append(extent if chosen is None else len(range(*chosen)))
    return TracedArray(reshape(make("slice", x.node, slices=tuple(slices)), tuple(shape)))


def _slice_of(part: Any, extent: Extent) -> tuple[int, int, int] | None:
    """(start, stop, step) along one axis; None for all of it."""
    if isinstance(part, slice) and part == slice(None):
        return None
    if isinstance(extent, Dim):
        raise trace_error(
            "the batch dimension n cannot be indexed while tracing.",
            "Each example must be computed from its own row.",
        )
    if isinstance(part, slice):
        chosen = part.indices(extent)
        return (0, 0, 1) if not range(*chosen) else chosen
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        if not -extent <= part < extent:
            raise trace_error(f"index {part} is out of bounds for an axis of size {extent}.")
        return int(part) % extent, int(part) % extent + 1, 1
    raise trace_error(
        f"an index of type {type(part).__name__} cannot be traced.", "Use slices, integers, None, ... ."
    )
