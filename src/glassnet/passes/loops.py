"""Which values a compiled program computes together: stages, loops over rows, loops inside a row.

Every value is one of

- *movement* (``broadcast``, ``transpose``, ``slice``, ``reshape``): only says where to read;
- *virtual*: so cheap that every reader computes it again, instead of keeping it in memory;
- *solid*: computed once, in a loop of its own or together with others.

A solid value belongs to a stage. Values of one stage do not need each other, unless they stand in the same
loop over rows and need no more than the same row. A stage ends where a value is needed that is complete only
after a loop: a sum over the rows, a matrix product, another row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from glassnet.graph.dims import Extent, Shape
from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.graph.ops import ELEMENTWISE, is_weak
from glassnet.passes.epilogues import find_epilogues
from glassnet.passes.movement import (
    ALONE,
    LEAVES,
    MOVEMENT,
    REDUCTIONS,
    canonical,
    domain,
    is_column_sum,
    is_contiguous_slice,
    is_over_rows,
    is_row_number,
    is_simple_argmax,
    is_trivial,
    random_values,
    untransposed,
)
from glassnet.passes.narrow import FUNCTIONS, narrow_functions

# Computing a value again may cost this many simple operations; more, and it is kept. A random number costs so
# many that comparing it costs more: dropout keeps a truth value for each element, and not the number.
CHEAP = 6
_COST = {"div": 4, "sqrt": 6, "pow": 2, "random_uniform": 6} | dict.fromkeys(FUNCTIONS, 20)


@dataclass(frozen=True)
class Read:
    """One array that a value reads, seen from inside the value's loops.

    Attributes
    ----------
    node : Node
        An input, or a solid value.
    same_place : bool
        Read only at the loops' own indices.
    same_row : bool
        Read only in the row of the outermost loop.
    """

    node: Node
    same_place: bool
    same_row: bool


@dataclass
class Unit:
    """What is written down as one piece: scalars, a loop over rows, or one value on its own.

    Attributes
    ----------
    kind : {"scalar", "rows", "alone"}
    nodes : list of Node
        In an order that respects their needs.
    extent : int or Dim
        Of the loop over rows.
    """

    kind: str
    nodes: list[Node]
    extent: Extent = 1


@dataclass
class Loops:
    """The plan for one graph.

    Attributes
    ----------
    units : list of Unit
        In order of execution.
    stored : set of Node
        Values that need memory.
    column_sums : set of Node
        Sums over the rows of matrices in memory; each stands alone.
    narrow : set of Node
        Functions of narrow rows; each has a loop of its own over all rows at once.
    epilogues : dict
        Value → the matrix product whose elements it is made of while they are in registers; stands alone.
    part : dict
        Value in a loop over rows → the part of the row's work that it belongs to: (number, inner extents).
    """

    graph: Graph
    units: list[Unit] = field(default_factory=list)
    stored: set[Node] = field(default_factory=set)
    solid: set[Node] = field(default_factory=set)
    stage: dict[Node, int] = field(default_factory=dict)
    column_sums: set[Node] = field(default_factory=set)
    narrow: set[Node] = field(default_factory=set)
    epilogues: dict[Node, Node] = field(default_factory=dict)
    part: dict[Node, tuple[int, Shape]] = field(default_factory=dict)
    unit_of: dict[Node, int] = field(default_factory=dict)

    def is_moved(self, node: Node) -> bool:
        """Whether a node only says where to read (a copy that has to exist in memory does more)."""
        return node.op in MOVEMENT and node not in self.stored

    def kind(self, node: Node) -> str:
        """The kind of unit that computes a solid value."""
        odd = node.op in ("argmax", "argmin") and not is_simple_argmax(node)
        if node.op in ALONE or node in self.column_sums or node in self.epilogues or odd:
            return "alone"
        return "rows" if domain(node) else "scalar"

    # ------------------------------------------------------------------------------------ what is read
    def reads(self, node: Node) -> Iterator[Read]:
        """All arrays and solid values that a value reads, through movement and virtual values."""
        yield from self._reads_of(node, _Position(domain(node), True, True))

    def _reads_of(self, node: Node, at: _Position) -> Iterator[Read]:
        for number, x in enumerate(node.inputs):
            yield from self._read(x, _operand_position(node, number, at))

    def _read(self, x: Node, at: _Position) -> Iterator[Read]:
        if x.op == "input" or x in self.solid:
            same = at.same_place and canonical(x.shape) == at.shape
            lone = not canonical(x.shape)
            row = at.same_row and bool(x.shape) and bool(at.shape) and x.shape[0] == at.shape[0]
            yield Read(x, same or lone, same or row or lone)
        elif x.op in MOVEMENT:
            yield from self._read(x.inputs[0], _moved(x, at))
        elif x.op not in LEAVES:
            yield from self._reads_of(x, at)


@dataclass(frozen=True)
class _Position:
    """Where an operand is read: at the indices of loops over ``shape``, or only in their row, or anywhere."""

    shape: Shape
    same_place: bool
    same_row: bool


def _operand_position(node: Node, number: int, at: _Position) -> _Position:
    """Where a value reads one of its operands."""
    if node.op in MOVEMENT:
        return _moved(node, at)
    if node.op == "pick" and number == 0:
        return _Position(at.shape, False, at.same_row)
    if node.op == "take" and number == 0:
        return _Position(at.shape, False, False)
    if node.op in ALONE:
        return _Position(at.shape, False, False)
    x = node.inputs[number]
    if (
        node.op in ELEMENTWISE
        and x.ndim < node.ndim
        and canonical(x.shape)
        and canonical(x.shape) != at.shape
    ):
        return _Position(at.shape, False, False)  # a row of it for every row
    return at


def _moved(x: Node, at: _Position) -> _Position:
    """Where a movement reads what it moves."""
    source = x.inputs[0]
    if x.op == "reshape" and is_trivial(x):
        lead = bool(x.shape and source.shape) and x.shape[0] == source.shape[0]
        return _Position(at.shape, at.same_place, at.same_row and lead)
    keeps_row = at.same_row and bool(source.shape) and source.shape[0] == x.shape[0]
    if x.op == "broadcast":
        return _Position(at.shape, at.same_place, keeps_row and source.ndim == x.ndim)
    if x.op == "transpose":
        keeps_row = keeps_row and x.attrs["axes"][0] == 0
    if x.op == "slice":
        keeps_row = keeps_row and x.attrs["slices"][0] is None
    return _Position(at.shape, False, keeps_row)


# ------------------------------------------------------------------------------------------ making the plan
def plan_loops(graph: Graph) -> Loops:
    """Group the values of a graph (after the ``compiled`` pipeline) into units.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    Loops
    """
    loops = Loops(graph)
    nodes = graph.nodes()
    loops.narrow = narrow_functions(nodes)
    loops.stored = _forced(graph, nodes) | {
        x for node in loops.narrow for x in node.inputs if x.op != "input"
    }
    loops.column_sums = {node for node in nodes if is_column_sum(node, loops.stored)}
    loops.stored |= loops.column_sums
    loops.solid = _solid(loops, nodes)
    _find_epilogues(loops, nodes)
    solid = [node for node in nodes if node in loops.solid]
    reads = {node: list(loops.reads(node)) for node in solid}
    _assign_stages(loops, solid, reads)
    _sink(loops, solid, reads)
    _make_units(loops, solid, reads)
    _store_what_leaves(loops, solid, reads)
    return loops


def _find_epilogues(loops: Loops, nodes: list[Node]) -> None:
    """Products that are finished in registers are never in memory; what they are finished to is."""
    narrow = {*loops.narrow, *(x for node in loops.narrow for x in node.inputs)}
    kept = {node for node in loops.graph.outputs if node.op == "matmul"}
    found = find_epilogues(nodes, loops.solid, loops.stored, narrow | kept | random_values(nodes))
    loops.epilogues = {result: product for result, (product, _) in found.items()}
    results = set(found)
    in_registers = {node for product, steps in found.values() for node in (product, *steps)}
    loops.solid = (loops.solid - in_registers) | results
    loops.stored = (loops.stored - in_registers) | results


def _base(x: Node) -> tuple[Node, bool]:
    """What a chain of movement reads, and whether some link is more than broadcasting."""
    moved = False
    while x.op in MOVEMENT:
        moved |= x.op != "broadcast" and not (x.op == "reshape" and is_trivial(x))
        x = x.inputs[0]
    return x, moved


def _forced(graph: Graph, nodes: list[Node]) -> set[Node]:
    """Values that need memory, whatever the loops look like: results, and what is read out of place."""
    stored = {node for node in graph.outputs if node.op not in LEAVES and node.shape}
    for node in nodes:
        if node.op in ALONE:
            stored.add(node)
        if node.op == "matmul":
            for x in node.inputs:
                _force_matrix(x, stored)
        elif node.op in ("concat", "unslice", "scatter_add"):
            stored.update(_base(x)[0] for x in node.inputs)
        elif node.op == "pack":
            stored.update(x for x in node.inputs if _base(x)[0] is x and canonical(x.shape))
            stored.update(base for base, moved in map(_base, node.inputs) if moved)
        elif node.op in ("pick", "take"):
            stored.add(_base(node.inputs[0])[0])
        elif node.op in REDUCTIONS and not is_over_rows(node) and not is_row_number(node):
            stored.add(node)
        if node.op == "reshape" and not is_trivial(node):
            _force_contiguous(node.inputs[0], stored)
        if node.op in ELEMENTWISE or node.op in REDUCTIONS or node.op in ("cast", "pick", "take"):
            stored.update(base for base, moved in map(_base, node.inputs) if moved)
    return {node for node in stored if node.op not in LEAVES and not is_weak(node.kind)}


def _force_matrix(x: Node, stored: set[Node]) -> None:
    """A matrix is read as it lies in memory, or transposed."""
    _force_contiguous(untransposed(x)[1], stored)


def _force_contiguous(x: Node, stored: set[Node]) -> None:
    while x.op == "reshape" or (x.op == "slice" and is_contiguous_slice(x)):
        x = x.inputs[0]
    stored.add(x)
    if x.op in MOVEMENT:
        base, moved = _base(x)
        if moved:
            stored.add(base)


def _solid(loops: Loops, nodes: list[Node]) -> set[Node]:
    """Cheap values are made again by every reader, unless they are needed in memory or for a larger loop."""
    larger = _read_by_larger_loops(loops, nodes)
    cost: dict[Node, int] = {}
    solid = set()
    for node in nodes:
        if node.op in LEAVES or loops.is_moved(node):
            cost[node] = cost[node.inputs[0]] if node.inputs else 0
            continue
        total = _COST.get(node.op, 1) + sum(cost[x] for x in node.inputs)
        alone = node.op in ALONE or node.op in REDUCTIONS or not domain(node)
        if alone or node in loops.stored or total > CHEAP or (node in larger and total > 1):
            solid.add(node)
            cost[node] = 0
        else:
            cost[node] = total
    return solid


def _read_by_larger_loops(loops: Loops, nodes: list[Node]) -> set[Node]:
    """Values that a loop with more elements reads again and again."""
    larger = set()
    for node in nodes:
        for x in node.inputs:
            base = x
            while loops.is_moved(base):
                base = base.inputs[0]
            if (node.op in ELEMENTWISE and canonical(base.shape) != canonical(node.shape)) or (
                loops.is_moved(node) and node.op == "broadcast"
            ):
                larger.add(base)
    return larger


def _edge(loops: Loops, node: Node, read: Read) -> int:
    """0 if both can stand in one unit (or a scalar precedes), 1 if what is read must be complete before."""
    if read.node.op == "input":
        return 0
    mine, other = loops.kind(node), loops.kind(read.node)
    if other == "scalar" and mine != "alone":
        return int(is_over_rows(read.node) and bool(domain(read.node)))
    if mine != "rows" or other != "rows" or is_over_rows(read.node) or loops.narrow & {node, read.node}:
        return 1
    same_extent = domain(node)[0] == domain(read.node)[0]
    return 0 if read.same_row and same_extent else 1


def _assign_stages(loops: Loops, solid: list[Node], reads: dict[Node, list[Read]]) -> None:
    for node in solid:
        earlier = [loops.stage[r.node] + _edge(loops, node, r) for r in reads[node] if r.node in loops.stage]
        loops.stage[node] = max(earlier, default=0)


def _sink(loops: Loops, solid: list[Node], reads: dict[Node, list[Read]]) -> None:
    """A value made of at most one other is made where it is first needed, so that nothing has to be kept."""
    readers: dict[Node, list[tuple[Node, Read]]] = defaultdict(list)
    for node in solid:
        for read in reads[node]:
            readers[read.node].append((node, read))
    for node in reversed(solid):
        if node in loops.stored or node.op in REDUCTIONS or node.op in ALONE or not readers[node]:
            continue
        latest = min(loops.stage[user] - _edge(loops, user, read) for user, read in readers[node])
        kept = {
            r.node
            for r in reads[node]
            if r.node.op != "input" and r.node not in loops.stored and loops.kind(r.node) != "scalar"
        }
        if latest > loops.stage[node] and len(kept) <= 1:
            loops.stage[node] = latest


def _make_units(loops: Loops, solid: list[Node], reads: dict[Node, list[Read]]) -> None:
    groups: dict[tuple[int, int, object], list[Node]] = defaultdict(list)
    for node in solid:
        kind = loops.kind(node)
        stage = loops.stage[node]
        key: tuple[int, int, object] = (stage, 0, "")
        if kind == "alone":
            key = (stage, 1, node.id)
        elif kind == "rows":
            key = (stage, 3, str(domain(node))) if node in loops.narrow else (stage, 2, str(domain(node)[0]))
        groups[key].append(node)
    for key in sorted(groups, key=lambda key: (key[0], key[1], groups[key][0].id)):
        nodes = groups[key]
        kind = ("scalar", "alone", "rows", "rows")[key[1]]
        extent = domain(nodes[0])[0] if kind == "rows" else 1
        for node in nodes:
            loops.unit_of[node] = len(loops.units)
        loops.units.append(Unit(kind, nodes, extent))
        if kind == "rows":
            _assign_parts(loops, nodes, reads)


def _assign_parts(loops: Loops, nodes: list[Node], reads: dict[Node, list[Read]]) -> None:
    """Inside a row: a value needed as a whole (a sum over the row, another order) ends a part."""
    for node in nodes:
        number = 0
        for read in reads[node]:
            if read.node in loops.part and loops.unit_of[read.node] == loops.unit_of[node]:
                before, inner = loops.part[read.node]
                whole = read.node.op in REDUCTIONS or (not read.same_place and bool(inner))
                differ = bool(inner) and inner != domain(node)[1:] and not whole
                number = max(number, before + int(whole or differ))
        loops.part[node] = number, domain(node)[1:]


def _store_what_leaves(loops: Loops, solid: list[Node], reads: dict[Node, list[Read]]) -> None:
    """A value needs memory if it is read outside the loops that make it."""
    for node in solid:
        for read in reads[node]:
            x = read.node
            total = is_over_rows(x) and not canonical(x.shape) and loops.kind(x) == "rows"
            if x.op == "input" or loops.kind(x) == "scalar" or total:
                continue
            same_unit = loops.unit_of[x] == loops.unit_of[node] and loops.kind(x) == "rows"
            row_number = len(canonical(x.shape)) <= 1 and not is_over_rows(x)
            same_part = same_unit and loops.part[x] == loops.part[node] and read.same_place
            if not (same_unit and (row_number or same_part)):
                loops.stored.add(x)
        if is_over_rows(node) and canonical(node.shape):
            loops.stored.add(node)
