"""Loops over rows: what is computed row by row, and what is added up on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from glassnet.graph.dims import Shape, product
from glassnet.graph.node import Node
from glassnet.passes.loops import Unit
from glassnet.passes.movement import (
    MOVEMENT,
    REDUCTIONS,
    canonical,
    is_over_rows,
    is_row_number,
    reduced_axes,
)
from glassnet.passes.storage import ALIGNMENT, padded_size
from glassnet.printers.to_numba.sharing import EVERYONE, is_small
from glassnet.printers.to_numba.threads import SharedText
from glassnet.printers.to_numba.values import LOOP_NAMES, full_index
from glassnet.printers.to_numba.writer import Scope
from glassnet.trace.names import unused


class RowsText(SharedText):
    """The loops over rows, and the scalars between them."""

    # ------------------------------------------------------------------------------------ scalars
    def _scalars(self, unit: Unit) -> None:
        self.meet_before(self.sharing.scalars(unit.nodes))
        for node in unit.nodes:
            if node.op == "random_uniform":
                continue
            text = self._scalar_text(node)
            if node.kind == "float" and node.op not in ("cast",) and self.type_of(node) == "f":
                text = text if text.startswith("f(") and text.endswith(")") else f"f({text})"
            name = self.names.of(node)
            if node in self.loops.stored:
                name = unused(f"{name}_", self.names.taken)
            self.out.line(f"{name} = {text}")
            self._scalar_done(node, name)

    def _scalar_text(self, node: Node) -> str:
        index = ("0",) * node.ndim
        if node.op in REDUCTIONS:
            inner = node.inputs[0]
            return "0" if node.op.startswith("arg") else self.value(inner, ("0",) * inner.ndim)[0]
        if node.op in MOVEMENT:
            return self._moved(node, index)[0]
        return self.render(node, index)[0]

    def _scalar_done(self, node: Node, name: str) -> None:
        self.scope.known[node, ()] = name
        if node in self.loops.stored:
            shape = node.shape or (1,)
            self.out.line(f"{self.view(node, shape)}[{', '.join('0' for _ in shape)}] = {name}")

    # ------------------------------------------------------------------------------------ loops over rows
    def _rows(self, unit: Unit) -> None:
        totals = [node for node in unit.nodes if is_over_rows(node)]
        if self.parts == 1 and self.loops.narrow.issuperset(unit.nodes):
            self._all_rows_at_once(unit.nodes)
            return
        everyone = self.parts > 1 and is_small(self.loops, unit) and not self._overwrites(unit)
        self.meet_before(self.sharing.rows(unit, everyone))
        shared = self.parts > 1 and not everyone
        if shared and totals:
            self._name_parts(totals)
        if not shared:
            self._start_totals(totals)
        outer = self.scope
        self.scope = Scope(outer)
        with self.shared(unit.extent, shared) as span:
            if shared:
                self._start_totals(totals)
            with self.out.block(f"for i in range({self._padded(unit, span, shared)}):"):
                self._row(unit)
            if shared:
                self._keep_parts(totals)
        self.scope = outer
        if shared and totals:
            self.meet()
            self._join_parts(totals)
            kept = [node for node in totals if node in self.storage.home]
            self.sharing.touched += [self.sharing.touch(node, EVERYONE, True) for node in kept]
        for node in totals:
            self._finish_total(node)

    def _all_rows_at_once(self, nodes: Sequence[Node]) -> None:
        """Functions of the numbers of all rows, one after the other as they lie in memory."""
        flat, outer = (product(nodes[0].shape),), self.scope
        self.scope = Scope(outer)
        with self.out.loops(("i",), flat):
            for node in nodes:
                (x,), index = node.inputs, full_index(node.shape, ("i",) * node.ndim)
                self.scope.known[x, index] = f"{self.view(x, flat)}[i]"
                self.out.line(f"{self.view(node, flat)}[i] = {self.render(node, index)[0]}")
        self.scope = outer

    def _padded(self, unit: Unit, span: str, shared: bool) -> str:
        """The end of a loop over vectors, moved to the end of their padding."""
        extent = unit.extent
        if shared or not isinstance(extent, int) or extent % ALIGNMENT == 0 or extent < ALIGNMENT // 4:
            return span
        padded = self.storage.padded
        for node in unit.nodes:
            written = node in self.loops.stored
            alone = node.op not in REDUCTIONS and node.ndim == 1 and (not written or node in padded)
            reads = [read for read in self.loops.reads(node) if read.node in self.storage.home]
            if not alone or not all(read.same_place and read.node in padded for read in reads):
                return span
        return str(padded_size(extent))

    def _row(self, unit: Unit) -> None:
        """One row: its parts, one after the other."""
        parts: dict[int, dict[Shape, list[Node]]] = {}
        for node in unit.nodes:
            number, inner = self.loops.part[node]
            parts.setdefault(number, {}).setdefault(inner, []).append(node)
        for number in sorted(parts):
            for inner in sorted(parts[number], key=len):
                self._part(parts[number][inner], inner)

    def _overwrites(self, unit: Unit) -> bool:
        """Whether a loop writes over what it reads, so that it must not run twice."""
        touches = self.sharing.rows(unit, everyone=True)
        written = [touch for touch in touches if touch.writes]
        return any(touch.meets(other) for touch in touches if not touch.writes for other in written)

    def _part(self, nodes: list[Node], inner: Shape) -> None:
        """A loop inside the row, or the row's own numbers."""
        indices = LOOP_NAMES[1 : 1 + len(inner)]
        if not inner:
            self._body(nodes, ("i",))
            return
        for node in nodes:
            if is_row_number(node):
                self._start_row_number(node)
            elif node.op in REDUCTIONS and not is_over_rows(node):
                self._start_row_array(node)
            elif is_over_rows(node) and not canonical(node.shape):
                self.out.line(f"{self.names.of(node)}_row = {self.zero(node)}")
        outer = self.scope
        self.scope = Scope(outer)
        with self.out.loops(indices, inner):
            self._body(nodes, ("i", *indices))
        self.scope = outer
        for node in nodes:
            if is_row_number(node):
                self._finish_row_number(node)
            elif is_over_rows(node) and not canonical(node.shape):
                name = self.names.of(node)
                self.out.line(self.accumulate(node, f"{name}_total", f"{name}_row"))

    def _body(self, nodes: list[Node], loop: tuple[str, ...]) -> None:
        """The values of one loop: first those that are read twice get their names, then all are written."""
        saved, rows = self.scope.known, self.out.rows
        self.counts, self.counting = Counter(), True
        self.scope.known, self.out.rows = dict(saved), []
        self._statements(nodes, loop)
        self.scope.known, self.out.rows, self.counting = saved, rows, False
        for text in self._statements(nodes, loop):
            self.out.line(text)

    def _statements(self, nodes: list[Node], loop: tuple[str, ...]) -> list[str]:
        """Writes the lines that compute; answers those that store, which come last."""
        stores = []
        for node in nodes:
            if node.op in REDUCTIONS:
                self._reduce(node, loop)
                continue
            index = full_index(node.shape, loop)
            moved = node.op in MOVEMENT
            text = (self._moved(node, index) if moved else self.render(node, index))[0]
            if self.counting:
                self.scope.known[node, index] = self.names.of(node)
                self._also_row_number(node, self.names.of(node), loop)
            else:
                name = self.define(node, index, text)
                self._also_row_number(node, name, loop)
                if node in self.loops.stored:
                    stores.append(f"{self.view(node)}[{', '.join(index)}] = {name}")
        return stores

    def _also_row_number(self, node: Node, name: str, loop: tuple[str, ...]) -> None:
        if loop == ("i",):
            self.scope.known[node, full_index(node.shape, loop)] = name

    # ------------------------------------------------------------------------------------ reductions
    def _start_totals(self, totals: Sequence[Node]) -> None:
        """What the loop over the rows adds up begins at nothing."""
        by_shape: dict[Shape, list[Node]] = {}
        for node in totals:
            by_shape.setdefault(canonical(node.shape), []).append(node)
        for shape, nodes in by_shape.items():
            indices = LOOP_NAMES[: len(shape)]
            with self.out.loops(indices, shape):
                for node in nodes:
                    at = ", ".join(full_index(node.shape, indices))
                    target = (
                        f"{self.total_view(node)}[{self.part_index(node)}{at}]"
                        if shape
                        else f"{self.names.of(node)}_total"
                    )
                    self.out.line(f"{target} = {self.zero(node, wide=not shape)}")

    def _finish_total(self, node: Node) -> None:
        if canonical(node.shape):
            return
        name = self.names.of(node)
        if node in self.loops.stored:
            name = unused(f"{name}_", self.names.taken)
        total = f"{self.names.of(node)}_total"
        self.out.line(f"{name} = {f'{self.type_of(node)}({total})' if node.kind == 'float' else total}")
        self._scalar_done(node, name)

    def _start_row_number(self, node: Node) -> None:
        name = self.names.of(node)
        if node.op in ("argmax", "argmin"):
            self.out.line(f"{name}_best = {self.worst(node.inputs[0], node.op)}")
            self.out.line(f"{name}_ = 0")
        else:
            self.out.line(f"{name}_ = {self.zero(node)}")

    def _finish_row_number(self, node: Node) -> None:
        index = full_index(node.shape, ("i",))
        name = f"{self.names.of(node)}_"
        self.scope.known[node, index] = name
        if node in self.loops.stored:
            self.out.line(f"{self.view(node)}[{', '.join(index)}] = {name}")

    def _start_row_array(self, node: Node) -> None:
        shape = canonical(node.shape)[1:]
        indices = LOOP_NAMES[1 : 1 + len(shape)]
        with self.out.loops(indices, shape):
            at = ", ".join(full_index(node.shape, ("i", *indices)))
            self.out.line(f"{self.view(node)}[{at}] = {self.zero(node)}")

    def _reduce(self, node: Node, loop: tuple[str, ...]) -> None:
        source = node.inputs[0]
        text = self.value(source, full_index(source.shape, loop))[0]
        if source.kind == "bool":
            text = f"int({text})"
        name = self.names.of(node)
        if node.op in ("argmax", "argmin"):
            self._reduce_argmax(node, text, loop)
        elif is_over_rows(node):
            if canonical(node.shape):
                element = self._kept_element(node, loop, self.total_view(node), self.part_index(node))
                line = self.accumulate(node, element, text)
            else:
                line = self.accumulate(node, f"{name}_row" if len(loop) > 1 else f"{name}_total", text)
            self.out.line(line)
        elif len(loop) == 1:  # a reduction over axes of extent 1
            self.define(node, full_index(node.shape, loop), text)
            if node in self.loops.stored:
                at = ", ".join(full_index(node.shape, loop))
                self.out.line(
                    f"{self.view(node)}[{at}] = {self.scope.find((node, full_index(node.shape, loop)))}"
                )
        elif is_row_number(node):
            self.out.line(self.accumulate(node, f"{name}_", text))
        else:
            self.out.line(self.accumulate(node, self._kept_element(node, loop, self.view(node)), text))

    def _kept_element(self, node: Node, loop: tuple[str, ...], array: str, lead: str = "") -> str:
        """The element of a reduction's result that belongs to the present indices."""
        source, axes = node.inputs[0], reduced_axes(node)
        index = full_index(source.shape, loop)
        kept = [("0" if axis in axes else text) for axis, text in enumerate(index)]
        if not node.attrs["keepdims"]:
            kept = [text for axis, text in enumerate(kept) if axis not in axes]
        return f"{array}[{lead}{', '.join(kept)}]"

    def _reduce_argmax(self, node: Node, text: str, loop: tuple[str, ...]) -> None:
        name, symbol = self.names.of(node), ">" if node.op == "argmax" else "<"
        if self.counting:
            return
        x = text if text.isidentifier() else unused(f"{name}_x", self.names.taken)
        if x != text:
            self.out.line(f"{x} = {text}")
        best = f"{name}_best"
        with self.out.block(f"if {x} {symbol} {best} or ({x} != {x} and {best} == {best}):"):
            self.out.line(f"{best} = {x}")
            self.out.line(f"{name}_ = {loop[-1]}")
