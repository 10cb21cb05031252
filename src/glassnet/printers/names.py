"""Which name each node gets.

1. The user's variable, read while tracing, or the input's name.
2. In a layer, the layer's number: the smallest that shares no name with an earlier layer, so that ``conv``,
   ``conv``, ``dense`` give W1, W2, W3 and z, h agree.
3. The gradient of ``v`` is ``dv``.
4. A product with ``W3`` that has no name counts as ``z3`` when its gradient is named; an activation of ``z3``
   that has none is ``h3``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glassnet.graph.graph import Graph, input_place
from glassnet.graph.node import Node
from glassnet.trace.names import unused

_OWN_NAME = ("argument", "hyper", "captured")


def base_name(node: Node) -> str | None:
    """The name before numbering."""
    if node.op == "input":
        name: str = node.attrs["name"]
        return name
    return node.label.name


def scope_numbers(nodes: Sequence[Node], numbered: Iterable[str]) -> dict[str, str]:
    """Layer → its number as text."""
    wanted = set(numbered)
    bases: dict[str, set[str]] = {}
    for node in nodes:
        name = base_name(node)
        own = node.op == "input" and input_place(node)[0] in _OWN_NAME
        if node.label.scope in wanted and node.label.phase == "forward" and name and not own:
            bases.setdefault(node.label.scope, set()).add(name)
    used: dict[int, set[str]] = {}
    result = {}
    for scope, names in bases.items():
        number = next(i for i in range(1, len(bases) + 2) if not used.get(i, set()) & names)
        used.setdefault(number, set()).update(names)
        result[scope] = str(number)
    return result


class Names:
    """Unique names for the nodes of one program.

    Parameters
    ----------
    nodes : sequence of Node
        In creation order.
    graph : Graph
    reserved : iterable of str
        Names that are taken: modules, dictionaries.
    helpers : iterable of str
        Names of functions that the program calls; even arguments give way to them.
    numbered : bool
        Whether layers number their variables (not inside helpers).
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        graph: Graph,
        reserved: Iterable[str],
        helpers: Iterable[str],
        numbered: bool = True,
    ) -> None:
        called = set(helpers)
        self.taken = called.union(reserved)
        self.given: dict[Node, str] = {}
        self.aliases: dict[Node, str] = {}
        self.temporaries = 0
        self.numbers = scope_numbers(nodes, graph.titles) if numbered else {}
        present = set(nodes)
        unread = [node for node in graph.inputs if node not in present]
        for node in (*nodes, *unread):
            if node.op == "input" and input_place(node)[0] in _OWN_NAME:
                name = node.attrs["name"]
                self.given[node] = self.unique(name) if name in called else name
                self.taken.add(name)
        for node in (*nodes, *unread):
            name = base_name(node)
            if name and node not in self.given:
                self._give(node, name + self.numbers.get(node.label.scope, ""))
        self._name_products(nodes)
        self._name_activations(nodes)
        self._name_adjoints(nodes)

    def _give(self, node: Node, name: str) -> None:
        if node not in self.given and node.op != "const":
            self.given[node] = self.unique(name)

    def suggest(self, node: Node, name: str) -> None:
        """A name for a node that has none yet."""
        if node.op not in ("const", "input", "size"):
            self._give(node, name)

    def unique(self, name: str) -> str:
        """A free name, taken from now on."""
        return unused(name, self.taken)

    def _name_products(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if node.op == "matmul" and node not in self.given and node.label.phase == "forward":
                weight = self.given.get(node.inputs[1], "")
                number = weight.lstrip("W")
                ours = weight.startswith("W") and (number.isdigit() or number == "")
                if ours and "z" + number not in self.taken:
                    self.aliases[node] = "z" + number

    def _name_activations(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if node.op in ("maximum", "tanh") and node.label.phase == "forward":
                name = self.given.get(node.inputs[0], "")
                if name.startswith("z") and name[1:].isdigit():
                    self._give(node, "h" + name[1:])

    def _name_adjoints(self, nodes: Sequence[Node]) -> None:
        present = set(nodes)
        for node in sorted(nodes, key=lambda node: base_name(node) is None):  # the user's names come first
            adjoint, name = node.label.adjoint, self.given.get(node) or self.aliases.get(node)
            named = adjoint in present and name is not None and name.isidentifier()
            if adjoint is not None and named and adjoint.op not in ("input", "const"):
                self._give(adjoint, f"d{name}")

    def __contains__(self, node: Node) -> bool:
        return node in self.given

    def of(self, node: Node) -> str:
        """The node's name; a temporary's when it has none."""
        if node not in self.given:
            self.temporaries += 1
            self.given[node] = self.unique(f"t{self.temporaries}")
        return self.given[node]
