"""Which nodes get a line of their own, and in which order the lines stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from glassnet.graph.node import Node
from glassnet.graph.ops import ARITHMETIC, COMPARISONS, ELEMENTWISE, is_weak
from glassnet.printers.names import Names

WIDTH = 72  # of an assignment, without indentation and comment
_FREE = frozenset(("const", "input", "size", "arange", "broadcast"))  # never worth a line by themselves
_VIEWS = frozenset(("transpose", "reshape", "slice"))
_BREAKABLE = frozenset((*ARITHMETIC, *COMPARISONS, "matmul", "where", "call", "mean", "sum"))


class Measure(Protocol):
    """The text of a node's right-hand side."""

    def expression(self, node: Node) -> str:
        """What stands behind the ``=``."""


class Lines:
    """The set of nodes with a line of their own.

    Parameters
    ----------
    nodes : sequence of Node
        In creation order.
    outputs : set of Node
        Nodes that are assigned or returned by name.
    names : Names
    """

    def __init__(self, nodes: Sequence[Node], outputs: set[Node], names: Names) -> None:
        self.nodes, self.names = nodes, names
        self.users: dict[Node, list[Node]] = {node: [] for node in nodes}
        for node in nodes:
            for x in node.inputs:
                self.users[x].append(node)
        self.parameter_gradients = {
            node.label.adjoint: node
            for node in nodes
            if self._is_parameter(node) and node.label.adjoint is not None
        }
        self.outputs = outputs
        self.mentions: dict[Node, int] = {}
        for node in reversed(nodes):
            self.mentions[node] = sum(self._times_written(user) for user in self.users[node])
        self.chosen = {node for node in nodes if self._deserves(node)}

    @staticmethod
    def _is_parameter(node: Node) -> bool:
        part = node.op in ("reshape", "slice") and _root(node).op == "input" and node.label.name is not None
        return node.op == "input" or part

    def _times_written(self, node: Node) -> int:
        """How often the text shows a node's expression: a view without a line of its own, at every use."""
        return self.mentions[node] if self._is_never_worth_it(node) and not self._must(node) else 1

    @staticmethod
    def _is_never_worth_it(node: Node) -> bool:
        """Whether a node stays inside other lines however often it is used, unless it must not."""
        cheap_test = node.op in COMPARISONS and node.inputs[1].op == "const"
        return node.op in _FREE or is_weak(node.kind) or node.op in _VIEWS or cheap_test

    def _must(self, node: Node) -> bool:
        """Whether a node has a line whatever it is: assigned, named, or a parameter's gradient."""
        if node.op in _FREE or (is_weak(node.kind) and node.label.name is None):
            return False
        named = node in self.parameter_gradients or node.label.name is not None
        # dh = dflat.reshape(...), where a gradient is read more than once in another shape
        part = node.op in ("reshape", "slice") and node in self.names and len(self.users[node]) > 1
        return node in self.outputs or node.op == "item" or part or (named and bool(self.users[node]))

    def _deserves(self, node: Node) -> bool:
        users = self.users[node]
        if node.op == "call" and self._has_items(users):
            return False
        if self._must(node):
            return True
        if not users or self._is_never_worth_it(node):
            return False
        return self._is_shared(node, users) or self._is_factor(node, users) or self._is_product(node, users)

    @staticmethod
    def _has_items(users: list[Node]) -> bool:
        return bool(users) and all(user.op == "item" for user in users)

    def _is_shared(self, node: Node, users: list[Node]) -> bool:
        """Used twice, or named (as a gradient) and used by the next layer."""
        user = users[0]
        crosses = user.label.scope != node.label.scope and user.label.phase == node.label.phase
        return self.mentions[node] > 1 or (crosses and node in self.names)

    def _is_factor(self, node: Node, users: list[Node]) -> bool:
        """What goes into a matrix product has a name, so show it."""
        return node in self.names and any(_through_views(user, self.users).op == "matmul" for user in users)

    def _is_product(self, node: Node, users: list[Node]) -> bool:
        """A matrix product stands alone, unless a bias or an activation completes its line."""
        if node.op != "matmul":
            return False
        user = users[0]
        named, forward = user in self.names, user.label.phase == "forward"
        completed = user.op in ELEMENTWISE and named and forward
        added = user.op == "add" and (named or forward)
        return not (completed or added or user.op == "call" or (user.op in _VIEWS and named))

    def split_long(self, measure: Measure) -> None:
        """A line that is too long gives its heaviest named, else largest, part a line of its own."""
        lines = sorted(self.chosen, key=lambda node: node.id)
        for node in lines:
            while len(self.names.of(node)) + 3 + len(measure.expression(node)) > WIDTH:
                part = self._heaviest(node, measure)
                if part is None:
                    break
                self.chosen.add(part)
                lines.append(part)  # which may be too long itself

    def _heaviest(self, node: Node, measure: Measure) -> Node | None:
        whole = len(measure.expression(node))
        parts = [
            part
            for part in self.inlined(node)
            if part.op in _BREAKABLE
            and (part in self.names or 12 < len(measure.expression(part)) < whole - 12)
        ]
        return max(parts, key=lambda p: (p in self.names, len(measure.expression(p)), -p.id), default=None)

    def inlined(self, node: Node) -> Iterator[Node]:
        """The nodes that stand inside a node's line."""
        for x in node.inputs:
            if x not in self.chosen and x.op not in _FREE:
                yield x
                yield from self.inlined(x)

    def read_by(self, node: Node) -> set[Node]:
        """The inputs and lines that a node's line mentions."""
        found: set[Node] = set()
        stack = list(node.inputs)
        while stack:
            x = stack.pop()
            if x in self.chosen or x.op == "input":
                found.add(x)
            else:
                stack.extend(x.inputs)
        return found

    def ordered(self) -> list[Node]:
        """Creation order, but a parameter's gradient comes as soon as it can, parameters in order."""
        return sorted(self.chosen, key=self._moment)

    def _moment(self, node: Node) -> tuple[float, int]:
        owner = self.parameter_gradients.get(node)
        if owner is None:
            return node.id, 0
        return max((x.id for x in self.read_by(node)), default=0) + 0.5, owner.id


def _root(node: Node) -> Node:
    while node.op in ("reshape", "slice"):
        node = node.inputs[0]
    return node


def _through_views(node: Node, users: dict[Node, list[Node]]) -> Node:
    while node.op in ("transpose", "reshape") and len(users[node]) == 1:
        node = users[node][0]
    return node
