"""One graph as the body of a C function."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.graph.graph import Graph
from glassnet.graph.node import Node
from glassnet.graph.ops import Kind
from glassnet.printers.expressions import shape_text
from glassnet.printers.names import Names
from glassnet.printers.to_c.helpers import HELPERS
from glassnet.printers.to_c.indices import Index, count, flat_index, matched, same_elements
from glassnet.printers.to_c.literals import WIDTH, comment, literal
from glassnet.printers.to_c.operations import ATOM, OPERATIONS, Piece
from glassnet.printers.to_c.statements import STATEMENTS, letters_of, loops
from glassnet.printers.to_c.statements import product as product_lines
from glassnet.printers.to_c.storage import Storage

STACK = 16384  # bytes of arrays that a function may keep on the stack; room for more is handed in


_WORD = re.compile(r"\w+")
RESULTS = {"sum": "total", "max": "largest", "min": "smallest", "argmax": "best", "argmin": "best"}


@dataclass
class Shared:
    """What the functions of one program have in common.

    Attributes
    ----------
    dtype : dtype
        The float type.
    taken : set of str
        Names in use at the top of the file.
    helpers : dict
        Name of a helper → its name in this program, for those in use.
    constants : dict
        Node → (name, array).
    calls : dict
        Body of a composite → the name of its function.
    """

    dtype: np.dtype[Any]
    taken: set[str]
    helpers: dict[str, str] = field(default_factory=dict)
    constants: dict[Node, tuple[str, np.ndarray]] = field(default_factory=dict)
    calls: dict[Graph, str] = field(default_factory=dict)

    @property
    def float_type(self) -> str:
        """``float`` or ``double``."""
        return "float" if self.dtype == np.float32 else "double"

    def type_of(self, kind: Kind) -> str:
        """The C type for a kind."""
        return {"int": "long", "bool": "int"}.get(kind, self.float_type)

    def function(self, name: str) -> str:
        """A function of math.h."""
        return name + ("f" if self.float_type == "float" else "")

    def helper(self, name: str) -> str:
        """A helper's name; from now on the program contains it."""
        assert name in HELPERS, name
        return self.helpers.setdefault(name, name)

    def call_name(self, node: Node) -> str:
        """The function that a composite has become."""
        return self.calls[node.attrs["body"]]

    def literal(self, value: Any, kind: Kind) -> str:
        """A number."""
        return literal(value, kind, self.dtype)


class Body:
    """The lines of one function.

    Parameters
    ----------
    graph : Graph
        Of one row; inputs are data, or constants.
    shared : Shared
    names : Names
    outputs : mapping
        Output of the graph → the name of the array that receives it.
    is_local : bool
        Whether the outputs are variables of the function itself.
    takes_numbers : bool
        Whether its arguments are numbers rather than arrays.
    """

    def __init__(
        self,
        graph: Graph,
        shared: Shared,
        names: Names,
        outputs: Mapping[Node, str],
        is_local: bool = False,
        takes_numbers: bool = False,
    ) -> None:
        self.graph, self.shared, self.names = graph, shared, names
        self.outputs, self.is_local, self.takes_numbers = outputs, is_local, takes_numbers
        self.storage = Storage(graph, set(outputs))
        self.float_type = shared.float_type
        for node in self.storage.nodes:
            if node in self.storage.stored and node.op in RESULTS:
                names.suggest(node, RESULTS[node.op])
        self.rows: list[str] = []
        self.section: str | None = None
        self.scratch = self._scratch()
        self.used = 0

    def _scratch(self) -> int:
        """How many floats the caller has to make room for; 0 if the stack is large enough for them."""
        local = [node for node in self.storage.stored if node not in self.outputs and node.kind == "float"]
        total = sum(count(node.shape) for node in local if count(node.shape) > 1)
        return total if total * self.shared.dtype.itemsize > STACK else 0

    # -------------------------------------------------------------------------------- elements
    def name_of(self, node: Node) -> str:
        """A variable's, an argument's or a constant's name."""
        if node in self.outputs and node.op != "input":
            return self.outputs[node]
        if node in self.shared.constants:
            return self.shared.constants[node][0]
        return self.names.of(node)

    def at(self, node: Node, index: Index, precedence: int = 0, kind: Kind = "float") -> str:
        """An element of a value, in parentheses where needed."""
        if node.op == "const":
            text = self.shared.literal(node.attrs["value"], kind)
            return f"({text})" if text.startswith("-") and precedence > ATOM - 1 else text
        text, own = self.view(node, index)
        return f"({text})" if own < precedence else text

    def view(self, node: Node, index: Index) -> Piece:
        """An element of a value and how tightly its text binds."""
        if node in self.shared.constants:
            return self._constant(node, index), ATOM
        if node.op == "input" or node in self.storage.stored:
            return self.target(node, index), ATOM
        return self.expression(node, index)

    def expression(self, node: Node, index: Index) -> Piece:
        """An element computed from the operands'."""
        row = OPERATIONS[node.op]
        assert callable(row), node
        return row(self, node, index)

    def _constant(self, node: Node, index: Index) -> str:
        name, array = self.shared.constants[node]
        parts = [part for part, extent in zip(index, array.shape, strict=True) if extent != 1]
        return name + "".join(f"[{part}]" for part in parts)

    def target(self, node: Node, index: Index) -> str:
        """An element of a value in memory."""
        return self.element(node, flat_index(index, node.shape))

    def element(self, node: Node, index: str) -> str:
        """An element of a value in memory, counted through."""
        own = self.takes_numbers if node.op == "input" else self.is_local or node not in self.outputs
        is_variable = own and count(node.shape) == 1
        return self.name_of(node) if is_variable else f"{self.name_of(node)}[{index}]"

    def flat(self, node: Node, index: Index) -> Piece:
        """An element of a reshape: where only axes of one element differ, or counted through."""
        x = node.inputs[0]
        if same_elements(x.shape, node.shape):
            return self.view(x, matched(index, x.shape, node.shape))
        while x.op == "reshape" and x not in self.storage.stored:
            x = x.inputs[0]
        return self.element(x, flat_index(index, node.shape)), ATOM

    def zero(self, node: Node) -> str:
        """0 in a value's type."""
        return self.shared.literal(0, node.kind)

    def helper(self, name: str) -> str:
        """A helper's name."""
        return self.shared.helper(name)

    def function(self, name: str) -> str:
        """A function of math.h."""
        return self.shared.function(name)

    def call_name(self, node: Node) -> str:
        """The function that a composite has become."""
        return self.shared.call_name(node)

    # -------------------------------------------------------------------------------- lines
    def lines(self, rest: str = "") -> list[str]:
        """All of them, layer by layer.

        Parameters
        ----------
        rest : str, optional
            What follows them: only values that are read get lines.
        """
        stored = [node for node in self.storage.nodes if node in self.storage.stored]
        for node in stored:
            self.name_of(node)  # temporaries are numbered in order
        copies = [self._copy(node, name) for node, name in self.outputs.items() if node not in stored]
        words = set(_WORD.findall("\n".join([rest, *(line for lines in copies for line in lines)])))
        texts: dict[Node, list[str]] = {}
        for node in reversed(stored):
            if node in self.outputs or self.name_of(node) in words:
                texts[node] = self._statement(node)
                words.update(_WORD.findall("\n".join(texts[node])))
        for node in stored:
            if node in texts:
                self._emit(node, texts[node])
        for lines in copies:
            self._append(lines)
        return self.rows

    def _copy(self, node: Node, name: str) -> list[str]:
        """An output that is computed nowhere else."""
        index = letters_of(node.shape)
        text = f"{name}[{flat_index(index, node.shape)}] = {self.at(node, index, 0, node.kind)};"
        return loops(index, node.shape, [text])

    def _emit(self, node: Node, lines: list[str]) -> None:
        self._start_section(node)
        name, kind = self.name_of(node), self.shared.type_of(node.kind)
        if node not in self.outputs or self.is_local:
            if lines[0].startswith(f"{name} = "):
                lines[0] = f"{'const ' if len(lines) == 1 else ''}{kind} {lines[0]}"
            elif count(node.shape) == 1:
                self._append([f"{kind} {name};"])
            else:
                self._declare(node, name, kind)
        self._append(lines)

    def _statement(self, node: Node) -> list[str]:
        if node in self.storage.sums:
            found, first = self.storage.sums[node]
            return product_lines(self, node, found.inputs, first)
        row = STATEMENTS.get(node.op)
        return row(self, node) if row is not None else self._elementwise(node)

    def _elementwise(self, node: Node) -> list[str]:
        index = letters_of(node.shape)
        return loops(index, node.shape, [f"{self.target(node, index)} = {self.expression(node, index)[0]};"])

    def _declare(self, node: Node, name: str, kind: str) -> None:
        wide = sum(extent != 1 for extent in node.shape) > 1
        shape = f"  {comment(shape_text(tuple(e for e in node.shape if e != 1)))}" if wide else ""
        if self.scratch and node.kind == "float":
            place = f"scratch + {self.used}" if self.used else "scratch"
            self._append([f"{kind} *{name} = {place};  {comment(shape_text((count(node.shape),)))}"])
            self.used += count(node.shape)
        else:
            self._append([f"{kind} {name}[{count(node.shape)}];{shape}"])

    def _start_section(self, node: Node) -> None:
        scope = node.label.scope
        if scope == self.section:
            return
        self.section = scope
        title = self.graph.titles.get(scope, "")
        self.rows.append("") if self.rows else None
        if scope:
            self.rows.append("    " + comment(scope + (f": {title}" if title else "")))

    def _append(self, lines: list[str]) -> None:
        for line in lines:
            self.rows += wrapped("    " + line)


def wrapped(line: str) -> list[str]:
    """A line, or several where it is too long: broken at spaces."""
    indent = " " * (len(line) - len(line.lstrip()) + 8)
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
