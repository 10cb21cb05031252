"""Values with loops of their own: products, joins, parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from glassnet.graph.dims import Dim, Extent
from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.passes.epilogues import parse
from glassnet.passes.loops import Loops, Unit
from glassnet.passes.movement import untransposed
from glassnet.passes.storage import Home, Storage, elements
from glassnet.printers.expressions import ATOM, Piece
from glassnet.printers.to_numba.expressions import convert
from glassnet.printers.to_numba.rows import RowsText
from glassnet.printers.to_numba.sharing import ANYWHERE
from glassnet.printers.to_numba.values import (
    LOOP_NAMES,
    broadcast_index,
    flat_rows,
    sliced,
)
from glassnet.printers.to_numba.writer import Scope
from glassnet.trace.names import unused

# Without register tiles, a product of so many operations goes to the BLAS, if there is one.
LARGE_PRODUCT = 2e6
# Parts of so many columns begin where a vector does (as `share` cuts them).
BLOCK = 16


class AloneText(RowsText):
    """Values that no other value shares a loop with.

    Parameters
    ----------
    graph, loops, storage, parts
        As for :class:`SharedText`.
    batch : int
        About how many rows a batch has.
    tiles : bool
        Whether there are register tiles, which also finish products. Without, large products go to the BLAS,
        and loops finish all of them.
    """

    def __init__(
        self, graph: Graph, loops: Loops, storage: Storage, parts: int, batch: int, tiles: bool
    ) -> None:
        super().__init__(graph, loops, storage, parts)
        self.batch, self.tiles = batch, tiles

    def _alone(self, unit: Unit) -> None:
        (node,) = unit.nodes
        if node in self.loops.epilogues:
            self._write_matmul(self.loops.epilogues[node], node)
            return
        getattr(self, f"_write_{'argmax' if node.op == 'argmin' else node.op}")(node)

    @contextmanager
    def _by_one(self, node: Node) -> Iterator[None]:
        """What is not worth sharing is done by one thread."""
        self.meet_before(self.sharing.alone(node, ANYWHERE))
        if self.parts == 1 or not node.shape:  # a single number is calculated by every thread
            yield
            return
        with self.out.block("if first_part == 0:"):
            yield

    @contextmanager
    def _shared_loops(self, indices: Sequence[str], extents: Sequence[object]) -> Iterator[None]:
        """Loops of which the outermost is shared."""
        with self.shared(extents[0]) as span, self.out.loops(indices, (span, *extents[1:])):
            yield

    # ------------------------------------------------------------------------------------ products
    def _write_matmul(self, node: Node, result: Node | None = None) -> None:
        """A product; with an epilogue, it is the result that is written."""
        a, b = node.inputs
        turned_a, a = untransposed(a)
        turned_b, b = untransposed(b)
        if b.ndim > 2 or node.kind != "float" or (turned_a and a.ndim > 2):
            self._matmul_loops(node)
            return
        inner, columns = node.inputs[0].shape[-1], node.shape[-1]
        rows = flat_rows(node.shape)
        out = self.view(result or node, (rows, columns))
        left = self.view(a, (inner, rows) if turned_a else (rows, inner))
        right = self.view(b, (columns, inner) if turned_b else (inner, columns))
        large = not self.tiles and self._work(rows, inner, columns) >= LARGE_PRODUCT
        if turned_b and not (large or turned_a) and self._halves(columns):
            self._matmul_by_columns(node, result, out, left, right)
            return
        how = str(node.shape[0])
        own = how if not turned_a and node.ndim == 2 else None
        self._meet_before_product(node, result, how if node.ndim == 2 else ANYWHERE, own)
        if turned_b and not large:
            right = self._transposed(right, columns, inner)
        called = "matmul_ta" if turned_a else "matmul"
        with self.shared(rows) as span:
            count: object = rows
            if self.parts > 1:
                count = "high - low"
                out = f"{out}[{span.replace(', ', ':')}]"
                left = f"{left}[:, low:high]" if turned_a else f"{left}[low:high]"
            if large:
                flags = f"{turned_a}, {turned_b}"
                self.out.line(f"gemm_at(blas, {out}, {left}, {right}, {count}, {inner}, {columns}, {flags})")
            else:
                rows_of = "[low:high]" if self.parts > 1 else ""
                then = self._epilogue(node, result, {"ij": rows_of, "i": rows_of})
                name = f"{called}_then" if then else called
                self.out.line(f"{name}({out}, {left}, {right}, {count}, {inner}, {columns}{then})")
            self._finish_in_place(node, result, (span, columns))

    def _meet_before_product(self, node: Node, result: Node | None, how: str, own: str | None = None) -> None:
        if result is None:
            self.meet_before(self.sharing.alone(node, how, own))
        else:
            self.meet_before(self.sharing.epilogue(result, node, how, own))

    # ------------------------------------------------------------------------------------ epilogues
    def _epilogue(self, product: Node, result: Node | None, cut: Mapping[str, str]) -> str:
        """The last arguments of a product: its epilogue and what that reads, cut to a thread's part."""
        if result is None or not self.tiles:
            return ""
        epilogue = parse(self._finished(product, result, "product"))
        pairs = zip(epilogue.names, epilogue.forms, strict=True)
        arguments = [f"{name}{cut.get(form, '')}" for name, form in pairs]
        return "".join(f", {text}" for text in (f'"{epilogue.text}"', *arguments))

    def _finished(self, product: Node, result: Node, element: str) -> str:
        """What becomes of an element of a product, in one line: its steps, and behind them what it is."""
        outer, rows, depth = self.scope, self.out.rows, self.out.depth
        for self.counting in (True, False):  # what is read twice gets a name
            if self.counting:
                self.counts = Counter()
            self.scope, self.out.rows, self.out.depth = Scope(outer), [], 0
            self.scope.known[product, ("i", "j")] = element
            last = self.render(result, ("i", "j"))[0]
        lines = [*self.out.rows, last]
        self.scope, self.out.rows, self.out.depth = outer, rows, depth
        return "; ".join(lines)

    def _finish_in_place(self, product: Node, result: Node | None, spans: tuple[object, object]) -> None:
        """After a product that finishes nothing: a loop over what it has written."""
        if result is None or self.tiles:
            return
        out = self.view(result)
        *steps, last = self._finished(product, result, f"{out}[i, j]").split("; ")
        with self.out.loops(("i", "j"), spans):
            for line in (*steps, f"{out}[i, j] = {last}"):
                self.out.line(line)

    def _halves(self, columns: Extent) -> bool:
        """Whether the threads' parts of so many columns are equal, and more than one."""
        return self.parts > 1 and isinstance(columns, int) and columns % (BLOCK * self.parts) == 0

    def _matmul_by_columns(self, node: Node, result: Node | None, out: str, left: str, right: str) -> None:
        """A product with a transposed matrix, its columns shared out: each thread turns only its own."""
        (_, inner), columns = node.inputs[0].shape[-2:], node.shape[-1]
        assert isinstance(columns, int)
        width = columns // self.parts
        home = self.storage.take("floats", (self.parts, inner, width))
        turned = unused(f"{right}_T", self.names.taken)
        self.view_rows.append(f"    {turned} = {self.view_text(home, (self.parts, inner, width))}")
        self._meet_before_product(node, result, f"columns of {columns}")
        with self.shared(columns) as span:
            self.out.line(f"transpose({turned}[part], {right}[low:high], {width}, {inner})")
            rows = flat_rows(node.shape)
            then = self._epilogue(node, result, {"ij": "[:, low:high]", "j": "[low:high]"})
            name = "matmul_then" if then else "matmul"
            self.out.line(
                f"{name}({out}[:, low:high], {left}, {turned}[part], {rows}, {inner}, {width}{then})"
            )
            self._finish_in_place(node, result, (rows, span))

    def _transposed(self, matrix: str, rows: Extent, columns: Extent) -> str:
        """A transposed copy of a matrix, in memory of its own."""
        name = unused(f"{matrix}_T", self.names.taken)
        home = self.storage.take("floats", (columns, rows))
        self.view_rows.append(f"    {name} = {self.view_text(home, (columns, rows))}")
        self.out.line(f"transpose({name}, {matrix}, {rows}, {columns})")
        return name

    def _work(self, *extents: Extent) -> float:
        """Operations of a product."""
        work = 2.0
        for extent in extents:
            work *= extent.k * self.batch if isinstance(extent, Dim) else extent
        return work

    def _matmul_loops(self, node: Node) -> None:
        """Products of stacks of matrices, and of integers: plain loops."""
        a, b = node.inputs
        lead = LOOP_NAMES[: node.ndim - 2]
        i, j, k = LOOP_NAMES[node.ndim - 2 : node.ndim + 1]
        out, zero = self.view(node), "f(0)" if node.kind == "float" else "0"
        place, last = ", ".join((*lead, i)), node.shape[-1]
        self.meet_before(self.sharing.alone(node, str(node.shape[0])))
        with self._shared_loops((*lead, i), node.shape[:-1]):
            with self.out.block(f"for {j} in range({last}):"):
                self.out.line(f"{out}[{place}, {j}] = {zero}")
            with self.out.block(f"for {k} in range({a.shape[-1]}):"):
                self.out.line(f"factor = {self._inline(a, (*broadcast_index(a.shape[:-2], lead), i, k))[0]}")
                with self.out.block(f"for {j} in range({last}):"):
                    text, precedence = self._inline(b, (*broadcast_index(b.shape[:-2], lead), k, j))
                    other = text if precedence == ATOM else f"({text})"
                    self.out.line(f"{out}[{place}, {j}] += factor * {other}")

    def _write_sum(self, node: Node) -> None:
        """Sums of columns."""
        (x,) = node.inputs
        rows, columns = x.shape
        with self._by_one(node):
            out, matrix = self.view(node, (columns,)), self.view(x)
            self.out.line(f"column_sums({out}, {matrix}, {rows}, {columns})")

    # ------------------------------------------------------------------------------------ joins and parts
    def _write_pack(self, node: Node) -> None:
        whole = self.storage.home[node]
        pieces, offset = [], 0
        for x in node.inputs:
            home = whole.moved(offset)
            if self.storage.home.get(x) != home:
                pieces.append((home, x))
            offset += elements(x.shape)
        if pieces:
            self.meet_before(self.sharing.alone(node, ANYWHERE))
        for home, x in pieces:
            self._copy_into(home, x, node)

    def _copy_into(self, home: Home, x: Node, like: Node) -> None:
        """Write a value's elements one after another."""
        shape = x.shape or (1,)
        key = (home.arena, home.start, home.rows, shape)
        if key not in self.views:
            self.views[key] = self.names.unique(f"{self.names.of(like)}_part")
            self.view_rows.append(f"    {self.views[key]} = {self.view_text(home, shape)}")
        indices = LOOP_NAMES[: len(shape)]
        with self._shared_loops(indices, shape):
            text = convert(self._inline(x, indices if x.shape else ()), self.type_of(x), self.type_of(like))[
                0
            ]
            self.out.line(f"{self.views[key]}[{', '.join(indices)}] = {text}")

    def _inline(self, x: Node, index: tuple[str, ...]) -> Piece:
        """A value's text where nothing is read twice."""
        self.counts, outer = Counter(), self.scope
        self.scope = Scope(outer)  # names hold only in the loops around
        piece = self.value(x, index)
        self.scope = outer
        return piece

    def _write_concat(self, node: Node) -> None:
        axis, start = node.attrs["axis"], 0
        how = str(node.shape[0]) if axis else ANYWHERE
        self.meet_before(self.sharing.alone(node, how))
        for x in node.inputs:
            indices = LOOP_NAMES[: x.ndim]
            with self._shared_loops(indices, x.shape):
                at = [f"{start} + {text}" if i == axis and start else text for i, text in enumerate(indices)]
                text = convert(self._inline(x, indices), self.type_of(x), self.type_of(node))[0]
                self.out.line(f"{self.view(node)}[{', '.join(at)}] = {text}")
            extent = x.shape[axis]
            assert isinstance(extent, int)
            start += extent

    def _write_unslice(self, node: Node) -> None:
        (x,) = node.inputs
        indices = LOOP_NAMES[: x.ndim]
        with self._by_one(node):
            self._fill(node)
            with self.out.loops(indices, x.shape):
                at = [sliced(part, text) for part, text in zip(node.attrs["slices"], indices, strict=True)]
                self.out.line(f"{self.view(node)}[{', '.join(at)}] = {self._inline(x, indices)[0]}")

    def _write_scatter_add(self, node: Node) -> None:
        values, index = node.inputs
        indices = LOOP_NAMES[: values.ndim]
        with self._by_one(node):
            self._fill(node)
            with self.out.loops(indices, values.shape):
                target = self._inline(index, indices[: index.ndim])[0]
                at = (f"row({target}, {node.attrs['rows']})", *indices[index.ndim :])
                self.out.line(f"{self.view(node)}[{', '.join(at)}] += {self._inline(values, indices)[0]}")

    def _write_argmax(self, node: Node) -> None:
        source, axis = node.inputs[0], node.attrs["axis"]
        outer = [name for i, name in enumerate(LOOP_NAMES[: source.ndim]) if i != axis]
        extents = [extent for i, extent in enumerate(source.shape) if i != axis]
        inner = LOOP_NAMES[source.ndim]
        at = [*outer[:axis], inner, *outer[axis:]]
        symbol = ">" if node.op == "argmax" else "<"
        with self._by_one(node), self.out.loops(outer, extents):
            first = self._inline(source, (*at[:axis], "0", *at[axis + 1 :]))[0]
            self.out.line(f"best = {first}")
            self.out.line("place = 0")
            with self.out.block(f"for {inner} in range({source.shape[axis]}):"):
                self.out.line(f"candidate = {self._inline(source, tuple(at))[0]}")
                missing = "candidate != candidate and best == best"
                with self.out.block(f"if candidate {symbol} best or ({missing}):"):
                    self.out.line("best = candidate")
                    self.out.line(f"place = {inner}")
            place = f"{self.view(node)}[{', '.join(outer)}]" if outer else self.names.of(node)
            self.out.line(f"{place} = place")
        if not outer:
            self.scope.known[node, ()] = place

    def _fill(self, node: Node) -> None:
        indices = LOOP_NAMES[: node.ndim]
        with self.out.loops(indices, node.shape):
            self.out.line(f"{self.view(node)}[{', '.join(indices)}] = 0")
