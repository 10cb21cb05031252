"""A whole step: its units in order, the guard, what the next step starts from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glassnet.graph.dims import has_batch
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.graph.node import Node
from glassnet.passes.loops import Loops, Unit, plan_loops
from glassnet.passes.storage import (
    Home,
    Storage,
    carried,
    elements,
    is_in_memory,
    padded_size,
    plan_storage,
    room,
)
from glassnet.printers.layout import plain
from glassnet.printers.to_numba.alone import AloneText
from glassnet.printers.to_numba.sharing import ANYWHERE
from glassnet.printers.to_numba.values import LOOP_NAMES

ARENA_ARGUMENTS = "kept, floats, integers, booleans"
ARGUMENTS = f"seed, hyper, {ARENA_ARGUMENTS}, results, blas"
ONE_ROW_ARGUMENTS = f"{ARENA_ARGUMENTS}, hyper"
SHARED_ARGUMENTS = f"{ARGUMENTS}, first_part, last_part, threads, cells, partials"


@dataclass(frozen=True)
class CompiledText:
    """A step as text, and what a caller has to know to run it.

    Attributes
    ----------
    text : str
        The function.
    name : str
    hypers : tuple of str
        The numbers that the caller hands in, in the order of the argument ``hyper``.
    results : tuple of Place
        The numbers that come back in ``results``.
    storage : Storage
    homes : dict
        Place of an array that goes in or comes out → its home.
    slots : int
        Numbers for each part that the threads add up.
    room : int
        Rows that a batch may have.
    """

    text: str
    name: str
    hypers: tuple[str, ...]
    results: tuple[Place, ...]
    storage: Storage
    homes: dict[Place, tuple[Home, Node]]
    slots: int
    room: int


class StepText(AloneText):
    """One step."""

    def __init__(self, graph: Graph, batch: int, parts: int, tiles: bool, one_row: bool) -> None:
        self.heading = ""
        self.one_row, self.room = one_row, room(batch)
        loops = plan_loops(graph)
        self.probes = probes(loops)
        self.guard = guard_unit(loops, self.probes)
        super().__init__(graph, loops, plan_storage(loops, self.guard), parts, batch, tiles)

    def write(self) -> CompiledText:
        """All units, in order."""
        for number, unit in enumerate(self.loops.units):
            if number == self.guard:
                self._write_guard()
            start = self._comment(unit)
            {"scalar": self._scalars, "alone": self._alone, "rows": self._rows}[unit.kind](unit)
            if (
                len(self.out.rows) == start
                and self.out.rows
                and self.out.rows[-1].endswith(f"# {self.heading}")
            ):
                del self.out.rows[-2:]  # nothing to do: all was computed in its place
                self.heading = ""
        if self.guard >= len(self.loops.units):
            self._write_guard()
        self._write_copies()
        return self._finish()

    def _comment(self, unit: Unit) -> int:
        """Say whose lines follow, if others' stood before; answer where they begin."""
        said = dict.fromkeys((node.label.phase, node.label.scope) for node in unit.nodes)
        phases = dict.fromkeys(phase for phase, _ in said)
        parts = []
        for phase in phases:
            scopes = ", ".join(scope for where, scope in said if where == phase and scope)
            parts.append(f"{phase}: {scopes}" if scopes else phase)
        heading = plain("; ".join(parts))
        if heading != self.heading:
            self.out.line("")
            self.out.line(f"# {heading}")
            self.heading = heading
        return len(self.out.rows)

    def _finish(self) -> CompiledText:
        graph = self.graph
        given = [node for node in graph.inputs if input_place(node)[0] == "hyper"]
        hypers = tuple(input_place(node)[1] for node in given)
        results = self._write_results()
        if self.parts > 1:
            self.out.line("barrier(cells, threads)")
        if not self.one_row:
            self.out.line("return True")
        top = [
            f"    {self.names.of(node)} = {f'int(hyper[{i}])' if node.kind == 'weak_int' else f'hyper[{i}]'}"
            for i, node in enumerate(given)
        ]
        top += [
            f"    {self.names.of(node)} = {self.view_text(self.storage.home[node], (1,))}[0]"
            for node in graph.nodes()
            if node.op == "input" and not node.shape and node in self.storage.home
        ]
        arguments = f"n, t, {ARGUMENTS if self.parts == 1 else SHARED_ARGUMENTS}"
        if self.one_row:
            arguments, top = ONE_ROW_ARGUMENTS, ["    n = 1", *top]
        keys = [f"    {key} = hash_keys({', '.join(map(str, words))})" for words, key in self.keys.items()]
        views = [re.sub(r"<(\w+) (\d+) (\d+)>", self._begin, row) for row in self.view_rows]
        views.sort(key=_place_of_view)
        body = "\n".join([*top, *keys, *views, *self.out.rows])
        head = f"def {graph.name}({arguments}):"
        doc = f'    """{plain(graph.doc.splitlines()[0])}"""' if graph.doc else ""
        text = "\n".join(filter(None, [head, doc])) + "\n" + body + "\n"
        return CompiledText(
            text, graph.name, hypers, tuple(results), self.storage, self._homes(), self.slots, self.room
        )

    def _begin(self, found: re.Match[str]) -> str:
        arena, rows, start = found.groups()
        return str(self.storage.begin(Home(arena, int(start), int(rows)), self.room))

    def _write_results(self) -> list[Place]:
        inputs = {input_place(node): node for node in self.graph.inputs}
        rows = zip(self.graph.outputs, self.graph.places, carried(self.graph.places, inputs), strict=True)
        found = [
            (place, node)
            for node, place, old in rows
            if not node.shape and place[0] == "return" and old not in self.storage.home
        ]
        lines = [f"results[{i}] = {self._inline(node, ())[0]}" for i, (_, node) in enumerate(found)]
        self.meet_before(self.sharing.scalars([node for _, node in found if node not in self.loops.solid]))
        if self.parts > 1 and lines:
            with self.out.block("if first_part == 0:"):
                for line in lines:
                    self.out.line(line)
        else:
            for line in lines:
                self.out.line(line)
        return [place for place, _ in found]

    def _homes(self) -> dict[Place, tuple[Home, Node]]:
        inputs = {input_place(node): node for node in self.graph.inputs}
        homes = {
            place: (self.storage.home[node], node)
            for place, node in inputs.items()
            if node in self.storage.home
        }
        renewed = {old for old, _ in self.storage.copies}
        carries = carried(self.graph.places, inputs)
        for node, place, old in zip(self.graph.outputs, self.graph.places, carries, strict=True):
            if old is not None and old in self.storage.home:
                homes[place] = self.storage.home[old], old
            elif node.shape and node not in renewed:
                homes[place] = self.storage.find(node), node
        return homes

    # ------------------------------------------------------------------------------------ the guard, the end
    def _write_guard(self) -> None:
        """Nothing of the last step has been overwritten yet: leave, if it has to stay."""
        self.out.line("")
        self.out.line("# a step whose loss or gradient is not finite is not taken")
        loss = self.graph.outputs[0]
        start = f"{self._inline(loss, ())[0]} * f(0)" if not loss.shape else "f(0)"
        self.meet_before([self.sharing.touch(node, self._flat_extent(node), False) for node in self.probes])
        self.out.line(f"check = {start}")
        for node in self.probes:
            flat = node.shape if has_batch(node.shape) else (elements(node.shape),)
            if self.parts == 1 and node.op == "pack":
                flat = (padded_size(elements(node.shape)),)
            indices = LOOP_NAMES[: len(flat)]
            view = self.view(node, flat)
            if flat[0] != elements(node.shape) and self.parts == 1 and node.op == "pack":
                with self.out.block(f"for i in range({elements(node.shape)}, {flat[0]}):"):
                    self.out.line(f"{view}[i] = 0")  # whatever another value has left there
            with self._shared_loops(indices, flat):
                self.out.line(f"check = plus(check, {view}[{', '.join(indices)}] * f(0))")
        if self.parts > 1 and self.probes:
            self._join_checks()
        with self.out.block("if check != 0:"):
            self.out.line("return False")

    @staticmethod
    def _flat_extent(node: Node) -> str:
        return str(node.shape[0]) if node.ndim == 1 or has_batch(node.shape) else ANYWHERE

    def _join_checks(self) -> None:
        """What each thread has seen is seen by all."""
        slot = self.slots * self.parts
        self.slots += 1
        with self.out.block("for part in range(first_part, last_part):"):
            self.out.line(f"partials[{slot} + part] = check")
        self.meet()
        with self.out.block("for part in range(PARTS):"):
            self.out.line(f"check += partials[{slot} + part]")

    def _write_copies(self) -> None:
        if not self.storage.copies:
            return
        self.out.line("")
        self.out.line("# what the next step starts from")
        self.meet()
        for node, home in self.storage.saved.items():
            self._copy_into(home, node, node)
        if self.storage.saved:
            self.meet()
        for old, node in self.storage.copies:
            saved = self.storage.saved.get(node)
            if saved is not None:
                index = LOOP_NAMES[: node.ndim]
                key = (saved.arena, saved.start, saved.rows, node.shape)
                self.scope.known[node, index] = f"{self.views[key]}[{', '.join(index)}]"
            self._copy_into(self.storage.home[old], node, old)


def _place_of_view(row: str) -> tuple[int, int]:
    """The arena of a view, and where it begins in it."""
    found = re.search(r"array\((\w+), (\d+)", row)
    assert found is not None
    return ARENA_ARGUMENTS.split(", ").index(found[1]), int(found[2])


def guard_unit(loops: Loops, watched: list[Node]) -> int:
    """The number of the first unit that may overwrite what the last step left; -1 if nothing does."""
    graph = loops.graph
    places = set(graph.places)
    renewed = any(
        is_in_memory(node) and (input_place(node) in places or ("return", input_place(node)[1]) in places)
        for node in graph.inputs
    )
    if not renewed:
        return -1
    before = [*watched, *(node for node in graph.outputs[:1] if not node.shape)]
    return max((loops.unit_of[x] for x in before if x in loops.unit_of), default=-1) + 1


def probes(loops: Loops) -> list[Node]:
    """The gradients: what an update reads that is no part of it."""
    found: dict[Node, None] = {}
    for node in sorted(loops.solid, key=lambda node: node.id):
        if node.label.phase != "update":
            continue
        for read in loops.reads(node):
            x = read.node
            inside = x.op == "input" or x.label.phase == "update" or x not in loops.stored
            if not inside and x.kind == "float":
                found[x] = None
    for pack in [node for node in loops.stored if node.op == "pack"]:
        parts = [x for x in pack.inputs if x in found]
        if len(parts) > 1:
            found = {x: None for x in found if x not in parts}
            found[pack] = None
    return sorted(found, key=lambda node: node.id)


def print_numba(
    graph: Graph, batch: int, parts: int = 1, tiles: bool = True, one_row: bool = False
) -> CompiledText:
    """The graph as one Numba function.

    Parameters
    ----------
    graph : Graph
        After the ``compiled`` pipeline of :mod:`glassnet.passes`.
    batch : int
        About how many rows a batch has.
    parts : int
        Into how many parts the work of a step is cut, for as many threads or fewer.
    tiles : bool
        Whether there are register tiles, which also finish products. Without, large products go to the BLAS,
        and loops finish all of them.
    one_row : bool
        The batch is always one row.

    Returns
    -------
    CompiledText
    """
    return StepText(graph, batch, parts, tiles, one_row).write()
