"""Values at indices: numbers, names, elements of arrays, expressions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from glassnet.graph.dims import Extent, Shape, product
from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.graph.ops import is_weak
from glassnet.passes.loops import Loops
from glassnet.passes.movement import as_view, is_trivial, random_values
from glassnet.passes.storage import Home, Storage
from glassnet.printers.expressions import ATOM, MULTIPLY, Piece
from glassnet.printers.names import Names
from glassnet.printers.to_numba.expressions import ROWS, convert, literal, operand_type
from glassnet.printers.to_numba.writer import Scope, Writer
from glassnet.trace.names import RESERVED, unused

LOOP_NAMES = ("i", "j", "k", "p", "q", "r")
OWN_NAMES = (
    "f", "single", "kept", "floats", "integers", "booleans", "results", "hyper", "rows", "batch",
    "blas", "array", "matmul", "matmul_ta", "matmul_then", "matmul_ta_then", "product", "transpose",
    "column_sums", "exp", "log", "tanh", "sqrt", "expm1", "log1p", "sin", "cos", "sign", "maximum",
    "minimum", "plus", "hash_keys", "uniform", "row", "njit", "HELD", "INNER", "OPTIONS", "gemm_at",
    "check", "t", "seed", "part", "low", "high", "first_part", "last_part", "threads", "cells",
    "partials", "share", "barrier", "PARTS", "SIZE", "BATCH", "best", "place", "candidate", "factor",
    "whole", "flush_denormals", "flushing", *LOOP_NAMES,
)  # fmt: skip


class ValueText:
    """The values of one graph, wherever they are read.

    Parameters
    ----------
    graph : Graph
    loops : Loops
    storage : Storage
    """

    def __init__(self, graph: Graph, loops: Loops, storage: Storage) -> None:
        self.graph, self.loops, self.storage = graph, loops, storage
        nodes = graph.nodes()
        self.names = Names(nodes, graph, RESERVED, {graph.name, *OWN_NAMES} - {"t", "seed"})
        self.single = random_values(nodes)
        self.out = Writer()
        self.views: dict[tuple[str, object, object, Shape], str] = {}
        self.view_rows: list[str] = []
        self.scope = Scope()
        self.counts: Counter[tuple[Node, tuple[str, ...]]] = Counter()
        self.counting = False
        self.keys: dict[tuple[str, str, int], str] = {}

    # ------------------------------------------------------------------------------------ names and types
    def type_of(self, node: Node) -> str:
        """How a value is typed inside a loop."""
        if is_weak(node.kind):
            return "weak"
        if node.kind == "float":
            return "single" if node in self.single else "f"
        return node.kind

    def view(self, node: Node, shape: Shape | None = None) -> str:
        """The name of the array in which a value lies."""
        home = self.storage.find(node)
        shape = node.shape if shape is None else shape
        key = (home.arena, home.start, home.rows, shape)
        if key not in self.views:
            name = self.names.of(node) if shape == node.shape else self.names.unique(self.names.of(node))
            if name in self.views.values():
                name = self.names.unique(name)
            self.views[key] = name
            self.view_rows.append(f"    {name} = {self.view_text(home, shape)}")
        return self.views[key]

    def view_text(self, home: Home, shape: Shape) -> str:
        """``array(floats, 9034, (64, 10))``; places in the growing part are filled in at the end."""
        offset = str(home.start) if home.rows is None else f"<{home.arena} {home.rows} {home.start}>"
        return f"array({home.arena}, {offset}, {tuple_text(shape)})"

    # ------------------------------------------------------------------------------------ values at indices
    def value(self, node: Node, index: tuple[str, ...]) -> Piece:
        """A value at some indices: a number, a name, an element of an array, or an expression."""
        if node.op == "const":
            return literal(node.attrs["value"])
        if node.op == "size":
            return str(node.attrs["dim"]), ATOM if node.attrs["dim"].k == 1 else MULTIPLY
        if node.op == "arange":
            return index[0], ATOM
        name = self.scope.find((node, index)) or self.scope.find((node, ()))
        if name is not None:
            return name, ATOM
        if self.loops.is_moved(node):
            return self._moved(node, index)
        if node.op == "input" and not node.shape:
            return self.names.of(node), ATOM
        if node.op == "input" or node in self.loops.stored:
            text = f"{self.view(node)}[{', '.join(index)}]"
            return (f"single({text})" if node in self.single else text), ATOM
        return self._expression(node, index)

    def _expression(self, node: Node, index: tuple[str, ...]) -> Piece:
        """A virtual value: written where it is read, or on a line of its own if it is read again."""
        key = (node, index)
        self.counts[key] += self.counting
        if self.counting and self.counts[key] > 1:
            return "again", ATOM
        piece = self.render(node, index)
        if self.counting or self.counts[key] < 2:
            return piece
        return self.define(node, index, piece[0]), ATOM

    def define(self, node: Node, index: tuple[str, ...], text: str) -> str:
        """A line that gives a value a name for the rest of the loop."""
        base = self.names.of(node)
        stored = node in self.loops.stored or node.op == "input"
        name = unused(f"{base}_", self.names.taken) if stored or self._is_other(node, index) else base
        self.out.line(f"{name} = {text}")
        self.scope.known[node, index] = name
        return name

    def _is_other(self, node: Node, index: tuple[str, ...]) -> bool:
        return any(known is node for known, at in self.scope.known if at != index)

    def render(self, node: Node, index: tuple[str, ...]) -> Piece:
        """A value's expression."""
        row = ROWS[node.op]
        assert row is not None, node.op
        return row(At(self, node, index), node)

    def _moved(self, node: Node, index: tuple[str, ...]) -> Piece:
        source = node.inputs[0]
        if node.op == "broadcast":
            piece = self.value(source, broadcast_index(source.shape, index))
            return convert(piece, self.type_of(source), "f") if is_weak(source.kind) else piece
        if node.op == "transpose":
            moved = [""] * node.ndim
            for axis, text in zip(node.attrs["axes"], index, strict=True):
                moved[axis] = text
            return self.value(source, tuple(moved))
        own = node in self.loops.stored  # it is being copied there
        if node.op == "slice":
            if not own and node in self.names and as_view(node, set(self.storage.home)) is not None:
                return f"{self.view(node)}[{', '.join(index)}]", ATOM
            parts = zip(node.attrs["slices"], index, strict=True)
            return self.value(source, tuple(sliced(part, text) for part, text in parts))
        if is_trivial(node):
            used = iter([text for text, extent in zip(index, node.shape, strict=True) if extent != 1])
            return self.value(source, tuple("0" if extent == 1 else next(used) for extent in source.shape))
        return f"{self.view(source if own else node, node.shape)}[{', '.join(index)}]", ATOM


class At:
    """The operands of one value at the present indices."""

    def __init__(self, step: ValueText, node: Node, index: tuple[str, ...]) -> None:
        self.step, self.node, self.index = step, node, index

    def _operand(self, number: int) -> Piece:
        x = self.node.inputs[number]
        index = self.index
        if self.node.op in ("pick", "take"):
            index = index[: x.ndim]
        piece = self.step.value(x, broadcast_index(x.shape, index))
        wanted = operand_type(self.node, number, self.step.type_of)
        if self.node.op == "where" and number == 0:
            wanted = "same"
        return convert(piece, self.step.type_of(x), wanted)

    def arg(self, number: int, precedence: int = 0, right: bool = False) -> str:
        """An operand's text, in parentheses where needed."""
        text, own = self._operand(number)
        return f"({text})" if own < precedence or (right and own == precedence) else text

    def name_of(self, number: int) -> str:
        """An operand as a name: counted twice, so that it gets one."""
        x = self.node.inputs[number]
        index = broadcast_index(x.shape, self.index)
        text, precedence = self._operand(number)
        if precedence == ATOM:
            return text
        if self.step.counting:
            return text
        name = self.step.names.unique(f"{self.step.names.of(x)}")
        self.step.out.line(f"{name} = {text}")
        self.step.scope.known[x, index] = name
        return name

    def element(self, number: int, index: str) -> str:
        """``z[i, row(y[i], 10)]``, ``table[row(x[i], 100), j]``."""
        x = self.node.inputs[number]
        if self.node.op == "pick":
            return self.step.value(x, (*self.index[: x.ndim - 1], index))[0]
        rest = self.index[self.node.inputs[1].ndim :]
        return self.step.value(x, (index, *rest))[0]

    def random(self) -> str:
        """``uniform(key_1, i * 64, j)``: element j of row i."""
        *outer, last = self.index or ("0",)
        start = _row_start(self.node.shape, outer)
        site = self.node.attrs["site"]
        seed, t = (self.step.value(x, ())[0] for x in self.node.inputs)
        key = self.step.keys.setdefault((seed, t, site), f"key_{site}")
        return f"uniform({key}, {start}, {last})"


def broadcast_index(shape: Shape, index: Sequence[str]) -> tuple[str, ...]:
    """Indices of a broadcast result as indices of what is broadcast."""
    own = index[len(index) - len(shape) :]
    return tuple("0" if extent == 1 else text for extent, text in zip(shape, own, strict=True))


def full_index(shape: Shape, loop: Sequence[str]) -> tuple[str, ...]:
    """The loops' indices for a shape: its trailing ones have no loop."""
    index = [*loop[: len(shape)], *["0"] * (len(shape) - len(loop))]
    return tuple("0" if extent == 1 else text for extent, text in zip(shape, index, strict=True))


def sliced(part: tuple[int, int, int] | None, text: str) -> str:
    """An index into a slice as one into what was sliced."""
    if part is None:
        return text
    start, _, step = part
    scaled = text if step == 1 else f"{step} * {text if text.isalnum() else f'({text})'}"
    if text == "0":
        return str(start)
    return scaled if start == 0 else f"{start} + {scaled}"


def _row_start(shape: Shape, index: Sequence[str]) -> str:
    """The number of the first element of a row, counted row by row: ``(i * 8 + j) * 4``."""
    start = "0"
    for name, extent in zip(index, shape[1:], strict=True):
        place = name if start == "0" else f"({start} + {name})"
        start = "0" if place == "0" else f"{place} * {extent}"
    return start


def flat_rows(shape: Shape) -> Extent:
    """How many rows a stack of matrices has together."""
    return product(shape[:-1])


def tuple_text(shape: Shape) -> str:
    """``(n, 64)``, ``(64,)``."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
