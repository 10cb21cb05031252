"""Several threads in one step: how the work is split, and where they have to wait for each other.

Every loop over rows is cut into a fixed number of parts; a thread computes one part or several, so that who
computes a part never changes a result. What is added up over all rows is added up in each part first, then
over the parts, in their order. A barrier stands only where a thread reads, or overwrites, what another may
have written, or may be reading, since the last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from glassnet.graph.dims import Dim, has_batch
from glassnet.graph.node import Node
from glassnet.passes.loops import Loops, Unit
from glassnet.passes.movement import canonical, domain
from glassnet.passes.storage import Home, Storage, elements

ANYWHERE, EVERYONE = "anywhere", "everyone"
# A loop with fewer elements is not worth sharing: every thread runs all of it.
SMALL_LOOP = 4096


@dataclass(frozen=True)
class Touch:
    """Memory that a unit reads or writes.

    Attributes
    ----------
    home : Home
        Where it begins.
    size : int
        Elements; for each row, if it grows with the batch.
    how : str
        ``"anywhere"``; or by whom: ``"everyone"`` (each thread all of it, the same values), or the extent of
        the rows of which each thread has its parts.
    writes : bool
    """

    home: Home
    size: int
    how: str
    writes: bool

    def meets(self, other: Touch) -> bool:
        """Whether both touch a common element."""
        here, there = self._span(), other._span()
        same = self.home.arena == other.home.arena and (self.home.rows is None) == (other.home.rows is None)
        return same and here[0] < there[1] and there[0] < here[1]

    def _span(self) -> tuple[int, int]:
        start = self.home.start if self.home.rows is None else self.home.rows + self.home.start
        return start, start + self.size

    def conflicts(self, earlier: Touch) -> bool:
        """Whether a barrier has to stand between an earlier touch and this one."""
        if not (self.writes or earlier.writes) or not self.meets(earlier):
            return False
        if earlier.writes and earlier.how == EVERYONE and not self.writes:
            return False
        own = self.how not in (ANYWHERE, EVERYONE) and self.how == earlier.how
        return not (own and self.home == earlier.home and self.size == earlier.size)


class Sharing:
    """What has been touched since the last barrier."""

    def __init__(self, loops: Loops, storage: Storage) -> None:
        self.loops, self.storage = loops, storage
        self.touched: list[Touch] = []

    def touch(self, node: Node, how: str, writes: bool) -> Touch:
        """A touch of a whole value."""
        return Touch(self.storage.home[node], elements(node.shape), how, writes)

    def needs_barrier(self, touches: Iterable[Touch]) -> bool:
        """Note what comes next; answer whether a barrier has to stand before it."""
        touches = list(touches)
        conflict = any(new.conflicts(old) for new in touches for old in self.touched)
        self.touched = touches if conflict else [*self.touched, *touches]
        return conflict

    def after_barrier(self) -> None:
        """Everybody has met."""
        self.touched = []

    # ------------------------------------------------------------------------------------ of a unit
    def rows(self, unit: Unit, everyone: bool) -> list[Touch]:
        """What a loop over rows touches."""
        extent = EVERYONE if everyone else str(unit.extent)
        found = []
        for node in unit.nodes:
            for read in self.loops.reads(node):
                if read.node in self.storage.home and read.node.shape:
                    own = read.same_row and read.node.shape[0] == unit.extent and not everyone
                    found.append(self.touch(read.node, extent if own else ANYWHERE, False))
            if node in self.loops.stored and node in self.storage.home:
                own = bool(canonical(node.shape)) and node.shape[0] == unit.extent
                found.append(self.touch(node, extent if own or everyone else ANYWHERE, True))
        return found

    def scalars(self, nodes: Iterable[Node]) -> list[Touch]:
        """What numbers touch that every thread calculates for itself."""
        found = []
        for node in nodes:
            arrays = [x for operand in node.inputs for x in _arrays(self.loops, operand)]
            found += [self.touch(x, ANYWHERE, False) for x in arrays if x in self.storage.home]
            if node in self.storage.home:
                found.append(self.touch(node, EVERYONE, True))
        return found

    def alone(self, node: Node, how: str, rows: str | None = None) -> list[Touch]:
        """What a value with a loop of its own touches; ``rows``: how it reads its first operand."""
        found = [self.touch(node, how, True)] if node in self.storage.home else []
        return [*found, *self._operands(node, rows)]

    def epilogue(self, node: Node, product: Node, how: str, rows: str | None = None) -> list[Touch]:
        """What a product touches that is finished to another value."""
        operands = {array for x in product.inputs for array in _arrays(self.loops, x)}
        found = [self.touch(node, how, True), *self._operands(product, rows)]
        for read in self.loops.reads(node):
            argument = read.same_place or read.node not in operands
            if argument and read.node in self.storage.home and read.node.shape:
                own = read.node.shape == node.shape
                found.append(self.touch(read.node, how if own else ANYWHERE, False))
        return found

    def _operands(self, node: Node, rows: str | None) -> list[Touch]:
        """The arrays that a value's operands are made of; ``rows``: how the first one is read."""
        found = []
        for number, x in enumerate(node.inputs):
            for source in _arrays(self.loops, x):
                if source in self.storage.home:
                    own = rows is not None and number == 0
                    found.append(self.touch(source, rows if own and rows else ANYWHERE, False))
        return found


def _arrays(loops: Loops, x: Node) -> set[Node]:
    """The arrays that an operand is made of."""
    if x.op == "input" or x in loops.solid:
        return {x}
    return {found for source in x.inputs for found in _arrays(loops, source)}


def is_small(loops: Loops, unit: Unit) -> bool:
    """Whether every thread may run all of a loop: little work, and nothing read that it overwrites."""
    if isinstance(unit.extent, Dim):
        return False
    largest = max(_size(node) for node in unit.nodes)
    return largest < SMALL_LOOP and not any(has_batch(domain(node)) for node in unit.nodes)


def _size(node: Node) -> int:
    total = 1
    for extent in domain(node):
        total *= extent.k if isinstance(extent, Dim) else extent
    return total
