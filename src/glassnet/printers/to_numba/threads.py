"""The lines that share work among threads: parts, barriers, sums over the parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.passes.loops import Loops
from glassnet.passes.movement import canonical
from glassnet.passes.storage import ARENAS, Storage
from glassnet.printers.to_numba.sharing import Sharing, Touch
from glassnet.printers.to_numba.values import LOOP_NAMES, ValueText, full_index
from glassnet.trace.names import unused


class SharedText(ValueText):
    """What a step adds to its loops so that several threads may run them.

    Parameters
    ----------
    graph, loops, storage
        As for :class:`ValueText`.
    parts : int
        Into how many parts every loop over rows is cut; 1 leaves all of this away.
    """

    def __init__(self, graph: Graph, loops: Loops, storage: Storage, parts: int) -> None:
        super().__init__(graph, loops, storage)
        self.parts = parts
        self.sharing = Sharing(loops, storage)
        self.part_views: dict[Node, str] = {}
        self.slots = 0  # of sums over the parts, in ``partials``
        self.slot_of: dict[Node, int] = {}

    def meet_before(self, touches: Iterable[Touch]) -> None:
        """A barrier, if what comes next needs one."""
        if self.parts > 1 and self.sharing.needs_barrier(touches):
            self.out.line("barrier(cells, threads)")

    def meet(self) -> None:
        """A barrier."""
        if self.parts > 1:
            self.sharing.after_barrier()
            self.out.line("barrier(cells, threads)")

    @contextmanager
    def shared(self, extent: object, shared: bool = True) -> Iterator[str]:
        """The parts of a loop; answers what its ``range`` runs over."""
        if self.parts == 1 or not shared:
            yield str(extent)
            return
        with self.out.block("for part in range(first_part, last_part):"):
            self.out.line(f"low, high = share({extent}, part, PARTS)")
            yield "low, high"

    # ------------------------------------------------------------------------------------ sums over the parts
    def zero(self, node: Node, wide: bool = False) -> str:
        """What a reduction starts from."""
        if node.op == "sum":
            if node.kind == "float":
                return "0.0" if wide else f"{self.type_of(node)}(0)"
            return "0"
        return self.worst(node, node.op)

    def worst(self, node: Node, op: str) -> str:
        """What every value is at least as good as."""
        sign = "-" if op in ("max", "argmax") else ""
        if node.kind == "float":
            return f"{self.type_of(node)}({sign}np.inf)"
        if node.kind == "bool":
            return "0" if sign else "1"
        return "-(2**62)" if sign else "2**62"

    def accumulate(self, node: Node, name: str, text: str) -> str:
        if node.op == "sum":
            return f"{name} += {text}" if name.endswith("]") else f"{name} = plus({name}, {text})"
        return f"{name} = {'maximum' if node.op == 'max' else 'minimum'}({name}, {text})"

    def _name_parts(self, totals: Sequence[Node]) -> None:
        """Memory for what each part adds up."""
        for node in totals:
            if canonical(node.shape):
                name = unused(f"{self.names.of(node)}_parts", self.names.taken)
                shape = (self.parts, *node.shape)
                home = self.storage.take(ARENAS[node.kind], shape)
                self.view_rows.append(f"    {name} = {self.view_text(home, shape)}")
                self.part_views[node] = name
            else:
                self.slot_of[node] = self.slots
                self.slots += 1

    def total_view(self, node: Node) -> str:
        """The array that a sum over the rows goes to: the result, or that of a part."""
        return self.part_views.get(node) or self.view(node)

    def part_index(self, node: Node) -> str:
        """The index of the part, if there are parts."""
        return "part, " if node in self.part_views else ""

    def _keep_parts(self, totals: Sequence[Node]) -> None:
        for node in totals:
            if not canonical(node.shape):
                slot = self.slot_of[node] * self.parts
                self.out.line(f"partials[{_plus(slot, 'part')}] = {self.names.of(node)}_total")

    def _join_parts(self, totals: Sequence[Node]) -> None:
        """Every thread adds up the parts, in their order."""
        for node in totals:
            if not canonical(node.shape):
                total, slot = f"{self.names.of(node)}_total", self.slot_of[node] * self.parts
                self.out.line(f"{total} = partials[{slot}]")
                with self.out.block("for part in range(1, PARTS):"):
                    self.out.line(self.accumulate(node, total, f"partials[{_plus(slot, 'part')}]"))
                continue
            shape = canonical(node.shape)
            indices = LOOP_NAMES[: len(shape)]
            at = ", ".join(full_index(node.shape, indices))
            parts = self.part_views.pop(node)
            with self.out.loops(indices, shape):
                self.out.line(f"whole = {parts}[0, {at}]")
                with self.out.block("for part in range(1, PARTS):"):
                    self.out.line(self.accumulate(node, "whole", f"{parts}[part, {at}]"))
                self.out.line(f"{self.view(node)}[{at}] = whole")


def _plus(start: int, index: str) -> str:
    """An index that is counted from somewhere."""
    return f"{start} + {index}" if start else index
