"""Where the values of a compiled program live: in one arena for each type, and one for what is kept.

``kept`` holds what outlives a step: parameters, what the optimizer remembers, statistics. ``floats``,
``integers`` and ``booleans`` hold the rest: a part of fixed size (gradients, sums), and a part that grows
with the batch, so many elements for each row. There, values whose lifetimes do not overlap share memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from glassnet.graph.dims import Dim, Shape, has_batch, product
from glassnet.graph.graph import Place, input_place
from glassnet.graph.node import Node
from glassnet.graph.ops import is_weak
from glassnet.passes.loops import Loops
from glassnet.passes.movement import as_view, canonical, domain

# Elements. A loop over a vector that has its place for itself may run over the padding, too: no rest that
# is not a whole vector remains, whatever the processor's vectors and however often LLVM unrolls the loop.
ALIGNMENT = 64
KEPT = "kept"
FEWEST_ROWS = 64
ARENAS = {"float": "floats", "int": "integers", "uint": "integers", "bool": "booleans"}


@dataclass(frozen=True)
class Home:
    """A place in an arena: ``start`` elements from its beginning, and ``rows`` elements for each row.

    Attributes
    ----------
    arena : {"kept", "floats", "integers", "booleans"}
    start : int
        Of the fixed part, or 0.
    rows : int or None
        How many elements for each row of the batch stand before it; None in the fixed part.
    """

    arena: str
    start: int
    rows: int | None = None

    def moved(self, elements: int) -> Home:
        """The home of a part that begins so many elements later."""
        return Home(self.arena, self.start + elements, self.rows)


@dataclass
class Storage:
    """The arenas of one program.

    Attributes
    ----------
    home : dict
        Input array or stored value → its home.
    fixed, per_row : dict
        Arena → elements of its fixed part; elements for each row.
    copies : list of (Node, Node)
        (input, output): values to be put in the places of old ones at the end of a step.
    padded : set of Node
        Vectors whose places end with padding that is nobody else's, and is 0 or of no importance.
    saved : dict
        Input that moves to another input's place → where it waits meanwhile.
    """

    home: dict[Node, Home] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=lambda: dict.fromkeys((KEPT, *ARENAS.values()), 0))
    per_row: dict[str, int] = field(default_factory=lambda: dict.fromkeys((KEPT, *ARENAS.values()), 0))
    copies: list[tuple[Node, Node]] = field(default_factory=list)
    padded: set[Node] = field(default_factory=set)
    saved: dict[Node, Home] = field(default_factory=dict)

    def sizes(self, rows: int) -> dict[str, int]:
        """Arena → elements for batches of up to so many rows."""
        return {name: self.fixed[name] + self.per_row[name] * rows for name in self.fixed}

    def begin(self, home: Home, rows: int) -> int:
        """The first element of a home, where batches have room for so many rows."""
        return home.start + (0 if home.rows is None else self.fixed[home.arena] + home.rows * rows)

    def take(self, arena: str, shape: Shape) -> Home:
        """Take room at the end of an arena, for nobody else's use."""
        counts, size = (self.per_row if has_batch(shape) else self.fixed), elements(shape)
        start = counts[arena]
        if has_batch(shape):
            counts[arena] += size
            return Home(arena, 0, start)
        counts[arena] += padded_size(size)
        return Home(arena, start)

    def find(self, node: Node) -> Home:
        """Where an array, or a contiguous view of one, begins."""
        view = as_view(node, set(self.home))
        assert view is not None, node
        return self.home[view[0]].moved(view[1])


def padded_size(size: int) -> int:
    """So many elements, and the padding behind them."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def room(rows: int) -> int:
    """For how many rows an arena has room: few different numbers, since they are part of a program's text."""
    result = FEWEST_ROWS
    while result < rows:
        result *= 4
    return result


def elements(shape: Shape) -> int:
    """How many elements a value has, or has for each row of the batch."""
    extent = product(shape)
    return extent.k if isinstance(extent, Dim) else extent


def is_in_memory(node: Node) -> bool:
    """Whether an input lies in an arena; the step's number, the seed and hyper-parameters are handed in."""
    return bool(node.shape) or not is_weak(node.kind)


def carried(places: Iterable[Place], inputs: Mapping[Place, Node]) -> list[Node | None]:
    """For each output the input that takes its value in the next step, if any."""
    return [inputs.get(("argument", place[1]) if place[0] == "return" else place) for place in places]


def plan_storage(loops: Loops, guard: int) -> Storage:
    """Give every array a home.

    Parameters
    ----------
    loops : Loops
    guard : int
        The number of the unit before which nothing from the last step may be overwritten.

    Returns
    -------
    Storage
    """
    storage = Storage()
    graph = loops.graph
    for node in graph.inputs:
        if is_in_memory(node):
            lasting = node.kind == "float" and not has_batch(node.shape)
            _append(storage, node, KEPT if lasting else ARENAS[node.kind])
    inputs = {input_place(node): node for node in graph.inputs}
    readers = _readers(loops)
    last = {x: max((loops.unit_of[user] for user in users), default=-1) for x, users in readers.items()}
    kept: set[Node] = set()
    written: set[Node] = set()
    pairs = list(zip(graph.outputs, carried(graph.places, inputs), strict=True))
    moving = [x for x, old in pairs if x.op == "input" and x.shape and old is not None and x is not old]
    for x in dict.fromkeys(moving):  # they may be overwritten before they are copied
        storage.saved[x] = storage.take(ARENAS[x.kind], x.shape)
    for node, old in pairs:
        if old is not None and old in storage.home:
            free = node in loops.stored and node not in storage.home and old not in written
            in_place = free and bool(old.shape) and old not in storage.saved
            if in_place and _is_safe(loops, node, old, readers[old], guard):
                storage.home[node] = storage.home[old]
                storage.padded |= {node} if old in storage.padded else set()
            elif node is not old:
                storage.copies.append((old, node))
            written.add(old)
        kept.add(node)
    for node in _kept_roots(loops, kept):
        if node in loops.stored and node not in storage.home:
            _append(storage, node, ARENAS[node.kind])
    _place_temporaries(loops, storage, last, readers)
    return storage


def _kept_roots(loops: Loops, outputs: set[Node]) -> list[Node]:
    """What has to be in memory when the step ends."""
    roots = {x for node in outputs for x in _sources(loops, node)}
    return sorted(roots, key=lambda node: node.id)


def _sources(loops: Loops, node: Node) -> set[Node]:
    if node.op == "input" or node in loops.solid:
        return {node}
    return {x for operand in node.inputs for x in _sources(loops, operand)}


def _append(storage: Storage, node: Node, arena: str) -> None:
    storage.home[node] = storage.take(arena, node.shape)
    if not has_batch(node.shape):
        storage.padded.add(node)


def _readers(loops: Loops) -> dict[Node, list[Node]]:
    readers: dict[Node, list[Node]] = defaultdict(list)
    for node in loops.solid:
        for read in loops.reads(node):
            readers[read.node].append(node)
    return readers


def _is_safe(loops: Loops, node: Node, old: Node, readers: list[Node], guard: int) -> bool:
    """Whether a new value may be written over the old one: nobody reads the old one afterwards."""
    mine = loops.unit_of[node]
    if mine < guard:
        return False
    for reader in readers:
        theirs = loops.unit_of[reader]
        if theirs > mine:
            return False
        if theirs == mine:
            here = [read for read in loops.reads(reader) if read.node is old]
            alike = loops.part.get(reader) == loops.part.get(node) and loops.kind(node) == "rows"
            if not alike or not all(read.same_place for read in here):
                return False
    return domain(node) == canonical(old.shape) or loops.kind(node) != "rows"


# ------------------------------------------------------------------------------------------ temporaries
@dataclass
class _Span:
    """A temporary's size and the units during which it lives."""

    node: Node
    size: int
    birth: int
    death: int


def _place_temporaries(
    loops: Loops, storage: Storage, last: Mapping[Node, int], readers: Mapping[Node, list[Node]]
) -> None:
    inside = _packed_parts(loops, storage, readers)
    end = len(loops.units)
    birth = {node: loops.unit_of[node] for node in loops.stored if node in loops.unit_of}
    death = {node: max(last.get(node, end), birth[node]) for node in birth}
    for part, (whole, _) in inside.items():
        birth[whole] = min(birth[whole], birth[part])
        death[whole] = max(death[whole], death[part])
    pools: dict[tuple[str, bool], list[_Span]] = defaultdict(list)
    for node in sorted(birth, key=lambda node: (birth[node], node.id)):
        if node in storage.home or node in inside:
            continue
        if node.op == "pack":  # its padding has to stay 0
            _append(storage, node, ARENAS[node.kind])
            continue
        storage.padded |= set() if has_batch(node.shape) else {node}
        size = elements(node.shape)
        grows = has_batch(node.shape)
        span = _Span(node, size if grows else padded_size(size), birth[node], death[node])
        pools[ARENAS[node.kind], grows].append(span)
    for (arena, grows), spans in pools.items():
        counts = storage.per_row if grows else storage.fixed
        start = counts[arena]
        offsets, total = _first_fit(spans)
        for span, offset in zip(spans, offsets, strict=True):
            at = start + offset
            storage.home[span.node] = Home(arena, 0, at) if grows else Home(arena, at)
        counts[arena] += total
    for part, (whole, offset) in inside.items():
        storage.home[part] = storage.home[whole].moved(offset)


def _packed_parts(
    loops: Loops, storage: Storage, readers: Mapping[Node, list[Node]]
) -> dict[Node, tuple[Node, int]]:
    """Values that can be computed right into their places in a packed vector."""
    inside: dict[Node, tuple[Node, int]] = {}
    for pack in sorted(loops.stored, key=lambda node: node.id):
        if pack.op != "pack" or pack in storage.home:
            continue
        offset = 0
        for x in pack.inputs:
            free = x in loops.stored and x not in storage.home and x not in inside and x.op != "pack"
            once = readers[x].count(pack) == 1
            if free and once and canonical(x.shape) and x.kind == pack.kind:
                inside[x] = pack, offset
            offset += elements(x.shape)
    return inside


def _first_fit(spans: list[_Span]) -> tuple[list[int], int]:
    """The lowest free place for each span, in order of birth."""
    placed: list[tuple[int, _Span]] = []
    offsets, total = [], 0
    for span in spans:
        busy = sorted((at, other.size) for at, other in placed if other.death >= span.birth)
        at = 0
        for start, size in busy:
            if at + span.size <= start:
                break
            at = max(at, start + size)
        placed.append((at, span))
        offsets.append(at)
        total = max(total, at + span.size)
    return offsets, total
