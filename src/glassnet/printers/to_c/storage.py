"""Which values get a place of their own in a C function; the others are parts of longer expressions."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.printers.to_c.indices import count, same_elements
from glassnet.printers.to_c.operations import OPERATIONS, STATEMENT

LEAVES = frozenset(("input", "const", "arange"))
VIEWS = frozenset(("transpose", "reshape", "slice", "broadcast"))
LONGEST = 12  # operations in one expression
_SEARCHED = frozenset(("argmax", "argmin", "take", "pick"))
_READ_OFTEN = _SEARCHED | {"matmul"}  # elements of their operands


class Storage:
    """The values with a place of their own.

    Parameters
    ----------
    graph : Graph
        Of one row, its parameters constants.
    outputs : set of Node
        Those of its outputs that are written to memory.

    Attributes
    ----------
    stored : set of Node
    sums : dict
        A product with something added, computed together: the sum → (product, what is added).
    """

    def __init__(self, graph: Graph, outputs: set[Node]) -> None:
        self.nodes, self.outputs, self.asked = graph.nodes(), outputs, set(graph.outputs)
        self.users: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for x in node.inputs:
                self.users[x].append(node)
        self.sums = dict(filter(None, map(self._as_sum, self.nodes)))
        self.products = {product for product, _ in self.sums.values()}
        self.stored: set[Node] = set()
        self.mentions: dict[Node, int] = {}
        self.flat: set[Node] = set()
        self.cheap: set[Node] = set()
        self.repeated: set[Node] = set()
        for node in reversed(self.nodes):
            self._ask_users(node, self.users[node])
            if self._deserves(node):
                self.stored.add(node)
        self._cut_long_expressions()

    def _as_sum(self, node: Node) -> tuple[Node, tuple[Node, Node]] | None:
        """``x @ W + b``: the sum begins with b."""
        if node.op != "add":
            return None
        for product_, other in (node.inputs, node.inputs[::-1]):
            alone = self.users[product_] == [node] and product_ not in self.outputs
            if product_.op == "matmul" and alone and product_.shape == node.shape:
                return node, (product_, other)
        return None

    def _ask_users(self, node: Node, users: Sequence[Node]) -> None:
        """How often a value is written down, and what is expected of it."""
        asked = node in self.asked
        self.mentions[node] = asked + sum(1 if x in self.stored else self.mentions[x] for x in users)
        for user in users:
            through = user.op in VIEWS and user not in self.stored
            if user.op == "reshape" and (user in self.flat or not same_elements(node.shape, user.shape)):
                self.flat.add(node)
            if user.op in _READ_OFTEN or (through and user in self.cheap):
                self.cheap.add(node)
            grows = OPERATIONS[user.op] is not STATEMENT and count(user.shape) > count(node.shape)
            if (grows and user.op != "slice") or (through and user in self.repeated):
                self.repeated.add(node)

    def _deserves(self, node: Node) -> bool:
        if node.op in LEAVES:
            return False
        if OPERATIONS[node.op] is STATEMENT:
            return node not in self.products
        if node in self.sums or node in self.outputs:
            return True
        if node in self.flat and node.op != "reshape":
            return True
        if node.op in VIEWS:
            searched = any(user.op in _SEARCHED for user in self.users[node])
            return searched and _repeats(node)  # there are no positions in what is not there
        crosses = any(user.label.scope != node.label.scope for user in self.users[node])
        return self.mentions[node] > 1 or node in self.cheap or node in self.repeated or crosses

    def _cut_long_expressions(self) -> None:
        weights: dict[Node, int] = {}
        for node in self.nodes:
            own = node.op not in LEAVES and node.op not in VIEWS
            weights[node] = own + sum(weights[x] for x in node.inputs if x not in self.stored)
            if own and weights[node] > LONGEST and node not in self.products:
                self.stored.add(node)


def _repeats(node: Node) -> bool:
    """Whether a view shows elements more than once."""
    while node.op in VIEWS:
        if node.op == "broadcast":
            return True
        node = node.inputs[0]
    return False
