"""Products of arrays: matrix, inner and outer products, and Einstein's sums."""

from __future__ import annotations

from typing import Any

from glassnet.graph.dims import product
from glassnet.graph.node import Node, reshape
from glassnet.trace.frames import trace_error
from glassnet.trace.tracer import TracedArray, node_of, traced


def matmul(a: Any, b: Any) -> TracedArray:
    """``a @ b``; a vector counts as a row on the left and as a column on the right."""
    p, q = node_of(a), node_of(b)
    if p.ndim == 0 or q.ndim == 0:
        raise trace_error("@ needs arrays; a scalar multiplies with *.")
    left = reshape(p, (1, *p.shape)) if p.ndim == 1 else p
    right = reshape(q, (*q.shape, 1)) if q.ndim == 1 else q
    result = traced("matmul", left, right).node
    shape = result.shape
    if q.ndim == 1:
        shape = shape[:-1]
    if p.ndim == 1:
        shape = (
            *shape[: max(len(shape) - 1 - (q.ndim > 1), 0)],
            *(shape[-1:] if q.ndim > 1 else ()),
        )
    return TracedArray(reshape(result, shape))


def dot(a: Any, b: Any) -> TracedArray:
    """``np.dot`` of scalars, vectors and matrices."""
    if node_of(a).ndim == 0 or node_of(b).ndim == 0:
        return traced("mul", a, b)
    if node_of(b).ndim > 2:
        raise trace_error("np.dot with more than two dimensions on the right cannot be traced.", "Use @.")
    return matmul(a, b)


def inner(a: Any, b: Any) -> TracedArray:
    """Products of the last axes, of scalars, vectors and matrices."""
    if node_of(a).ndim == 0 or node_of(b).ndim == 0:
        return traced("mul", a, b)
    if node_of(b).ndim > 2:
        raise trace_error("np.inner with more than two dimensions on the right cannot be traced.", "Use @.")
    return matmul(a, TracedArray(node_of(b)).T)


def outer(a: Any, b: Any) -> TracedArray:
    """All products of two vectors' elements."""
    column, row = TracedArray(node_of(a)).reshape(-1, 1), TracedArray(node_of(b)).reshape(-1)
    return traced("mul", column, row)


def einsum(subscripts: str, *operands: Any) -> TracedArray:
    """``np.einsum`` with one or two operands and no repeated index within one."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if (
        not arrow
        or len(terms) != len(operands)
        or len(terms) > 2
        or any(len(set(t)) < len(t) for t in (*terms, output))
    ):
        raise trace_error(
            f"np.einsum({subscripts!r}) cannot be traced.",
            "Supported: one or two operands, '->' given, no index twice in one operand.",
        )
    unknown = set(output) - set(inputs)
    if unknown:
        raise trace_error(f"np.einsum({subscripts!r}): no operand has the index {sorted(unknown)[0]!r}.")
    nodes = [node_of(x) for x in operands]
    for term, node in zip(terms, nodes, strict=True):
        if len(term) != node.ndim:
            raise trace_error(
                f"np.einsum: {term!r} names {len(term)} axes of an array of shape {node.shape}."
            )
    if len(terms) == 1:
        return _sum_to(nodes[0], terms[0], output)
    return _contract(nodes[0], terms[0], nodes[1], terms[1], output)


def _sum_to(node: Node, term: str, output: str) -> TracedArray:
    """Sum the indices that the output lacks, and order the others."""
    gone = tuple(i for i, name in enumerate(term) if name not in output)
    kept = [name for name in term if name in output]
    summed = traced("sum", node, axis=gone, keepdims=False) if gone else TracedArray(node)
    return summed.transpose([kept.index(name) for name in output])


def _contract(a: Node, first: str, b: Node, second: str, output: str) -> TracedArray:
    """Two operands as one batched matrix product: batch, rows, contracted, columns."""
    first_kept = "".join(i for i in first if i in output or i in second)
    second_kept = "".join(i for i in second if i in output or i in first)
    a, b = _sum_to(a, first, first_kept).node, _sum_to(b, second, second_kept).node
    size = dict(zip(first_kept, a.shape, strict=True)) | dict(zip(second_kept, b.shape, strict=True))
    batch = [i for i in first_kept if i in second_kept and i in output]
    rows = [i for i in first_kept if i not in second_kept]
    columns = [i for i in second_kept if i not in first_kept]
    summed = [i for i in first_kept if i in second_kept and i not in output]

    def extent(names: list[str]) -> Any:
        return product(size[i] for i in names)

    lead = tuple(size[i] for i in batch)
    left = TracedArray(a).transpose([first_kept.index(i) for i in (*batch, *rows, *summed)])
    right = TracedArray(b).transpose([second_kept.index(i) for i in (*batch, *summed, *columns)])
    product_ = matmul(
        left.reshape(*lead, extent(rows), extent(summed)),
        right.reshape(*lead, extent(summed), extent(columns)),
    )
    names = [*batch, *rows, *columns]
    shaped = product_.reshape(*[size[i] for i in names]) if names else product_.reshape(())
    return shaped.transpose([names.index(i) for i in output]) if names else shaped
