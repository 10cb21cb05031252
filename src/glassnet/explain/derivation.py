"""The chain rule, link by link: why the gradient of a network is what it is.

The loss does not contain the weights. It contains the scores, which contain the layer before, and so on back
to the layer that contains the weight. Each link of that chain has a derivative of its own, and the gradient
is their product.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import passes
from glassnet.errors import UnknownNameError, suggest
from glassnet.explain import latex
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.graph.node import Node, topological
from glassnet.printers.to_numpy import PrintedProgram, print_numpy
from glassnet.programs.interpret import Frame, evaluate_node


@dataclass(frozen=True)
class Link:
    """One step of the chain, from the loss towards the weight.

    Attributes
    ----------
    name : str
        The variable whose derivative is found: ``"z2"``.
    words : str
    forward : str
        The lines of the program that contain the variable.
    numpy : str
        The derivative as the printed program computes it.
    latex : str
    error : float
        Largest difference between this derivative and the product of the one before with the link's own
        derivative (measured by centred differences), relative to the largest entry.
    """

    name: str
    words: str
    forward: str
    numpy: str
    latex: str
    error: float


@dataclass(frozen=True)
class Derivation:
    """All links from the loss to one weight; prints as text, shows as formulas in a notebook.

    Attributes
    ----------
    weight : str
        Key of the weight.
    loss : str
        The line of the program that computes the loss.
    links : tuple of Link
    """

    weight: str
    loss: str
    links: tuple[Link, ...]

    @property
    def max_error(self) -> float:
        """The largest error of all links."""
        return max((link.error for link in self.links), default=0.0)

    def __str__(self) -> str:
        head = [
            f"How the loss depends on {self.weight}",
            "",
            f"The loss, {self.loss}, does not contain {self.weight}.",
            "It depends on it through a chain; the derivative is the product of the links.",
        ]
        parts = [
            f"{i}. {link.words}\n   because  {link.forward}\n   NumPy    {link.numpy}\n"
            f"   LaTeX    {link.latex}\n   checked  relative error {link.error:.0e}"
            for i, link in enumerate(self.links, 1)
        ]
        return "\n\n".join(["\n".join(head), *parts])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<li>{html.escape(link.words)}<br><code>{html.escape(link.numpy)}</code><br>$${link.latex}$$"
            f"<small>relative error {link.error:.0e}</small></li>"
            for link in self.links
        )
        head = f"<p>How the loss depends on <code>{html.escape(self.weight)}</code></p>"
        return f"{head}<ol>{rows}</ol>"


class _Formulas:
    """LaTeX for the nodes of one printed program."""

    def __init__(self, printed: PrintedProgram) -> None:
        self.page = printed.page

    def ref(self, node: Node, precedence: int = 0) -> str:
        if node in self.page.lines.chosen or node.op == "input":
            return latex.symbol(self.page.names.of(node))
        text, own = latex.render(self, node)
        return rf"\left({text}\right)" if own < precedence else text

    def equation(self, node: Node) -> str:
        return f"{latex.symbol(self.page.names.of(node))} = {latex.render(self, node)[0]}"


_WORDS = {
    "matmul": "a matrix product passes the derivative on through the other factor, transposed",
    "add": "a sum passes the derivative on as it is, summed over what was repeated",
    "sub": "a difference passes the derivative on, with its sign",
    "mul": "a product passes the derivative on times the other factor",
    "div": "a quotient passes the derivative on divided by the denominator",
    "maximum": "a maximum passes the derivative on where it let the value through, and 0 elsewhere",
    "pow": "a power passes the derivative on times exponent and the power below",
    "tanh": "tanh passes the derivative on times 1 - tanh²",
    "mean": "a mean gives every term an equal share",
    "sum": "a sum gives every term the whole derivative",
    "where": "the mask lets the derivative through where it let the value through",
    "pick": "only the picked entries depend on it directly",
    "sigmoid": "the logistic function passes the derivative on times σ(1 - σ)",
    "log_softmax": "behind softmax and logarithm remain the probabilities minus the true ones",
    "max": "the largest entry takes the derivative",
    "var": "a variance passes the derivative on times twice the distance from the mean",
    "neg": "a minus turns the derivative round",
}


def derive(graph: Graph, values: Mapping[Place, Any], weight: str) -> Derivation:
    """Make the derivation from a graph of loss and gradients.

    Parameters
    ----------
    graph : Graph
        With the loss as an output and the weights' gradients.
    values : mapping
        Place of each input → float64 array.
    weight : str
        The weight's key.

    Raises
    ------
    UnknownNameError
        The graph has no such weight.
    """
    printed = print_numpy(passes.run(graph, "numpy"))
    graph = printed.page.graph
    inputs = {input_place(node)[1]: node for node in graph.inputs if input_place(node)[0] == "parameters"}
    if weight not in inputs:
        raise UnknownNameError(f"the model trains no weight {weight!r}. {suggest(weight, inputs)}")
    chain = _Chain(printed, values)
    loss = graph.outputs[graph.places.index(("return", "loss"))]
    links = tuple(chain.link(node) for node in chain.path(inputs[weight], loss))
    return Derivation(weight, chain.line(loss), links)


class _Chain:
    """The forward lines between a weight and the loss, their values, and the links between them."""

    def __init__(self, printed: PrintedProgram, values: Mapping[Place, Any]) -> None:
        self.page, self.formulas = printed.page, _Formulas(printed)
        self.graph = printed.page.graph
        self.frame = Frame(self.graph, {**self.graph.values, **values})
        self.known: dict[Node, Any] = {}
        for node in self.graph.nodes():
            self.known[node] = evaluate_node(self.frame, node, self.known)

    def value(self, node: Node) -> Any:
        """A node's array."""
        return self.known[node][0] if node.op == "call" else self.known[node]

    def line(self, node: Node) -> str:
        """``z1 = x @ W1 + b1``."""
        return f"{self.page.names.of(node)} = {self.page.expression(node)}"

    def path(self, weight: Node, loss: Node) -> list[Node]:
        """The values on the way whose derivative has a line, from the loss back to the weight."""
        self.loss = loss
        self.between = self._reached_from(weight) & set(topological([loss]))
        by_derivative: dict[Node, Node] = {}
        for node in sorted(self.between, key=lambda n: -n.id):
            adjoint = node.label.adjoint
            shown = adjoint in self.page.lines.chosen or node is weight
            if adjoint is None or adjoint not in self.known or not shown:
                continue
            # Of several values with one derivative, that with a line is told, and of those the first.
            if node in self.page.lines.chosen or node is weight or adjoint not in by_derivative:
                by_derivative[adjoint] = node
        return sorted(by_derivative.values(), key=lambda n: -n.id)

    def _reached_from(self, weight: Node) -> set[Node]:
        reached = {weight}
        for node in self.graph.nodes():
            if node.label.phase == "forward" and any(x in reached for x in node.inputs):
                reached.add(node)
        return reached

    def name(self, node: Node) -> str:
        """A value's name; that of a value inside a line comes from its derivative: dz2 belongs to z2."""
        names = self.page.names
        adjoint = node.label.adjoint
        given = names.given.get(node) or names.aliases.get(node)
        return given or (names.of(adjoint).removeprefix("d") if adjoint is not None else names.of(node))

    def readers(self, node: Node) -> list[Node]:
        """The forward lines that contain a value and lead to the loss."""
        lines = [n for n in self.page.lines.ordered() if n in self.between]
        if node in self.page.lines.chosen or node.op == "input":
            return [n for n in lines if node in self.page.lines.read_by(n)]
        return [n for n in lines if node in set(self.page.lines.inlined(n))]

    def link(self, node: Node) -> Link:
        """The derivative of the loss by one value."""
        adjoint = node.label.adjoint
        assert adjoint is not None
        readers = self.readers(node)
        name = self.name(node)
        title = self.page.names.of(adjoint) if adjoint in self.page.lines.chosen else f"d{name}"
        return Link(
            name,
            self._words(node, name, readers),
            "; ".join(map(self.line, readers)),
            f"{title} = {self.page.expression(adjoint)}",
            f"{latex.symbol(title)} = {latex.render(self.formulas, adjoint)[0]}",
            self._error(node, adjoint),
        )

    def _words(self, node: Node, name: str, readers: list[Node]) -> str:
        inside = node not in self.page.lines.chosen and node.op != "input"
        shown = f"{name} = {self.page.expression(node)}" if inside else name
        through = " and ".join(self.page.names.of(reader) for reader in readers)
        rules = dict.fromkeys(_WORDS[key] for key in self._operations(node, readers))
        return f"The loss depends on {shown} through {through}" + (f": {'; '.join(rules)}." if rules else ".")

    def _operations(self, node: Node, readers: list[Node]) -> list[str]:
        """The operations that take a value in, in the lines that read it."""
        found = []
        for reader in readers:
            for user in [reader, *self.page.lines.inlined(reader)]:
                key = user.attrs["function"].name if user.op == "call" else user.op
                if key in _WORDS and node in user.inputs:
                    found.append(key)
        return found

    def _error(self, node: Node, adjoint: Node) -> float:
        """Centred differences of the whole forward pass behind a line, along every coordinate."""
        analytic = np.asarray(self.value(adjoint), float)
        base = np.array(self.value(node), float)
        numeric = np.empty_like(base)
        for i in range(base.size):
            h = 1e-6 * max(1.0, abs(base.flat[i]))
            numeric.flat[i] = (self._moved(node, base, i, h) - self._moved(node, base, i, -h)) / (2 * h)
        scale = max(float(np.abs(analytic).max(initial=0.0)), 1e-12)
        return float(np.abs(analytic - numeric).max(initial=0.0)) / scale

    def _moved(self, node: Node, base: np.ndarray, i: int, h: float) -> float:
        """The loss when one entry of a line's value is moved."""
        moved = base.copy()
        moved.flat[i] += h
        known = {**self.known, node: (moved,) if node.op == "call" else moved}
        affected = {node}
        for later in self.graph.nodes():
            if later.label.phase == "forward" and any(x in affected for x in later.inputs):
                known[later] = evaluate_node(self.frame, later, known)
                affected.add(later)
        return float(known[self.loss])
