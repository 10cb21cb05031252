"""Values that are put together in memory: products, sums, joins; one row per op."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from glassnet.graph.node import Node
from glassnet.graph.ops import REDUCTIONS, Kind
from glassnet.printers.to_c.indices import Index, count, flat_index, replaced, sliced
from glassnet.printers.to_c.names import INNER, OUTER


class Place(Protocol):
    """What a statement may ask for."""

    def at(self, node: Node, index: Index, precedence: int = 0, kind: Kind = "float") -> str:
        """An element of an operand."""

    def helper(self, name: str) -> str:
        """The name of a small function."""

    def target(self, node: Node, index: Index) -> str:
        """An element of the result."""

    def element(self, node: Node, index: str) -> str:
        """An element of the result, counted through."""

    def zero(self, node: Node) -> str:
        """0 in the type of the result."""


Statement = Callable[[Place, Node], list[str]]


def loops(letters: Sequence[str], extents: Sequence[object], body: list[str], start: int = 0) -> list[str]:
    """Loops inside loops around a body; letters of axes with one element are ``"0"`` and need no loop."""
    for letter, extent in reversed(list(zip(letters, extents, strict=True))):
        if letter != "0":
            head = f"for (int {letter} = {start}; {letter} < {extent}; {letter}++)"
            one = body[0].startswith(("for", "if")) and all(line[0] in " }" for line in body[1:])
            alone = len(body) == 1 or one
            inner = [f"    {line}" for line in body]
            body = [head, *inner] if alone else [f"{head} {{", *inner, "}"]
    return body


def letters_of(shape: Sequence[object], letters: Index = OUTER) -> Index:
    """A loop's letter for each axis, ``"0"`` where it has one element."""
    wide = sum(extent != 1 for extent in shape)
    names = iter(letters[len(letters) - wide :] if letters == OUTER else letters[:wide])
    return tuple("0" if extent == 1 else next(names) for extent in shape)


def product(p: Place, node: Node, factors: Sequence[Node], first: Node | None) -> list[str]:
    """``a @ b``, row by row of b: compilers use vectors, and memory is read in order.

    Parameters
    ----------
    p : Place
    node : Node
        The result.
    factors : (Node, Node)
    first : Node, optional
        What the sums begin with.
    """
    a, b = factors
    out, depth = letters_of(node.shape), a.shape[-1]
    k = "0" if depth == 1 else INNER[0]
    start = p.zero(node) if first is None else p.at(first, _broadcast(out, first), 0, node.kind)
    left = p.at(a, (*_broadcast(out[:-2], a, 2), out[-2], k), 7)
    right = p.at(b, (*_broadcast(out[:-2], b, 2), k, out[-1]), 7)
    filled = loops(out, node.shape, [f"{p.target(node, out)} = {start};"])
    step = [f"{p.target(node, out)} += {left} * {right};"]
    inner = loops((k, out[-1]), (depth, node.shape[-1]), step)
    return [*filled, *loops(out[:-1], node.shape[:-1], inner)]


def _broadcast(index: Index, x: Node, beside: int = 0) -> Index:
    shape = x.shape[: x.ndim - beside]
    last = index[len(index) - len(shape) :]
    return tuple("0" if extent == 1 else part for part, extent in zip(last, shape, strict=True))


def _product(p: Place, node: Node) -> list[str]:
    return product(p, node, node.inputs, None)


def _reduced(node: Node) -> tuple[Index, Index, Index]:
    """The letters of a reduction's operand, those of its result, and those it runs over ("0" elsewhere)."""
    x, axis = node.inputs[0], node.attrs["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    outer = iter(letters_of([extent for i, extent in enumerate(x.shape) if i not in axes]))
    inner = iter(letters_of([extent for i, extent in enumerate(x.shape) if i in axes], INNER))
    whole = tuple(next(inner) if i in axes else next(outer) for i in range(x.ndim))
    over = tuple(part if i in axes else "0" for i, part in enumerate(whole))
    kept = node.op in REDUCTIONS and node.attrs["keepdims"]
    result = tuple("0" if i in axes else part for i, part in enumerate(whole) if kept or i not in axes)
    return whole, result, over


def _sum(p: Place, node: Node) -> list[str]:
    x = node.inputs[0]
    whole, result, over = _reduced(node)
    lines = [f"{p.target(node, result)} = {p.zero(node)};"]
    lines += loops(over, x.shape, [f"{p.target(node, result)} += {p.at(x, whole)};"])
    return loops(result, node.shape, lines)


def _extreme(helper: str) -> Statement:
    """From the first element on: the largest or smallest of no numbers is not asked for."""

    def row(p: Place, node: Node) -> list[str]:
        x = node.inputs[0]
        whole, result, over = _reduced(node)
        first = tuple("0" if i in over else i for i in whole)
        target = p.target(node, result)
        lines = [f"{target} = {p.at(x, first)};"]
        axes = sum(part != "0" for part in over)
        if axes:
            name = p.helper(helper if node.kind == "float" else f"{helper}_integer")
            step = [f"{target} = {name}({target}, {p.at(x, whole)});"]
            lines += loops(over, x.shape, step, start=1 if axes == 1 else 0)
        return loops(result, node.shape, lines)

    return row


def _position(symbol: str) -> Statement:
    """The first of the largest or smallest."""

    def row(p: Place, node: Node) -> list[str]:
        x, axis = node.inputs[0], node.attrs["axis"]
        whole, result, over = _reduced(node)
        target = p.target(node, result)
        best = p.at(x, replaced(whole, axis, target), 5)
        lines = [f"{target} = 0;"]
        if over[axis] != "0":
            step = [f"if ({p.at(x, whole, 5)} {symbol} {best})", f"    {target} = {over[axis]};"]
            lines += loops(over, x.shape, step, start=1)
        return loops(result, node.shape, lines)

    return row


def _joined(p: Place, node: Node) -> list[str]:
    lines, start = [], 0
    for x in node.inputs:
        index = letters_of(x.shape)
        if node.op == "pack":
            place = p.element(node, _shifted(flat_index(index, x.shape), start))
            start += count(x.shape)
        else:
            axis = node.attrs["axis"]
            place = p.target(node, replaced(index, axis, _shifted(index[axis], start)))
            start += count(x.shape[axis : axis + 1])
        lines += loops(index, x.shape, [f"{place} = {p.at(x, index, 0, node.kind)};"])
    return lines


def _shifted(index: str, start: int) -> str:
    if index.isdigit():
        return str(int(index) + start)
    return f"{index} + {start}" if start else index


def _unsliced(p: Place, node: Node) -> list[str]:
    x = node.inputs[0]
    index = letters_of(x.shape)
    place = p.target(node, sliced(index, node.attrs["slices"]))
    return [*_zeros(p, node), *loops(index, x.shape, [f"{place} = {p.at(x, index, 0, node.kind)};"])]


def _zeros(p: Place, node: Node) -> list[str]:
    index = letters_of(node.shape)
    return loops(index, node.shape, [f"{p.target(node, index)} = {p.zero(node)};"])


def _added_to_rows(p: Place, node: Node) -> list[str]:
    x, number = node.inputs
    index = letters_of(x.shape)
    row = f"{p.helper('row_of')}({p.at(number, index[: number.ndim], 0, 'int')}, {node.attrs['rows']})"
    place = p.target(node, (row, *index[number.ndim :]))
    return [*_zeros(p, node), *loops(index, x.shape, [f"{place} += {p.at(x, index, 0, node.kind)};"])]


# op → row (place, node) → lines
STATEMENTS: dict[str, Statement] = {
    "matmul": _product,
    "sum": _sum,
    "max": _extreme("maximum"),
    "min": _extreme("minimum"),
    "argmax": _position(">"),
    "argmin": _position("<"),
    "concat": _joined,
    "pack": _joined,
    "unslice": _unsliced,
    "scatter_add": _added_to_rows,
}
