"""A graph as a readable NumPy program."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from glassnet.errors import GlassnetError
from glassnet.graph.dims import Dim
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.graph.node import Node
from glassnet.printers.expressions import EXPRESSIONS, Piece, number
from glassnet.printers.helpers import HELPERS, helper_source
from glassnet.printers.layout import align_comments, comment_text, heading, plain, wrap
from glassnet.printers.lines import WIDTH, Lines
from glassnet.printers.names import Names
from glassnet.trace.names import RESERVED, unused


class NumpyText:
    """The pieces of one printed function: names, lines, expressions.

    Parameters
    ----------
    graph : Graph
    helper_names : dict
        Composite body → the printed name of its helper.
    helpers : set of str
        The names of all helpers.
    is_helper : bool
        Inside a helper variables keep the user's names, and a variable may be assigned twice.
    """

    def __init__(
        self, graph: Graph, helper_names: dict[Graph, str], helpers: set[str], is_helper: bool
    ) -> None:
        self.graph, self.helper_names = graph, helper_names
        nodes = graph.nodes()
        reserved = RESERVED if is_helper else {*RESERVED, "parameters", "state", "frozen"}
        self.names = Names(nodes, graph, reserved, helpers, numbered=not is_helper)
        if is_helper:
            self._restore_user_names(nodes, helpers)
        for node, place in zip(graph.outputs, graph.places, strict=True):
            if place[0] == "return" and place[1].isidentifier() and place[1] not in self.names.taken:
                self.names.suggest(node, place[1])
        self.lines = Lines(nodes, _assigned(graph, self.names), self.names)
        self.lines.split_long(self)
        if is_helper:
            self._part_namesakes()

    def _restore_user_names(self, nodes: Sequence[Node], helpers: set[str]) -> None:
        for node in nodes:
            if node.label.name is not None and node.label.name not in helpers:
                self.names.taken.discard(self.names.given[node])
                self.names.given[node] = node.label.name
                self.names.taken.add(node.label.name)

    def _part_namesakes(self) -> None:
        """A variable is assigned again only where nothing reads its old value any more."""
        order, outputs = self.lines.ordered(), set(self.graph.outputs)
        holders = {self.names.of(node): node for node in self.graph.inputs}
        for position, node in enumerate(order):
            name = self.names.of(node)
            old = holders.get(name)
            last = [line for line in outputs if line not in self.lines.chosen]
            later = (old in self.lines.read_by(line) for line in (*order[position + 1 :], *last))
            if old is not None and (old in outputs or any(later)):
                name = self.names.given[node] = self.names.unique(name)
            holders[name] = node

    @property
    def float_type(self) -> str:
        """``x.dtype`` of the first float array among the inputs."""
        node = float_reference(self.graph)
        if node is None:
            return "float"
        place = input_place(node)
        if self.graph.is_entry(place):
            return f"{entry(place)}.dtype"
        return f"{self.names.given[node] if node in self.names else node.attrs['name']}.dtype"

    def call_name(self, node: Node) -> str:
        """The printed name of a composite's helper."""
        return self.helper_names[node.attrs["body"]]

    def ref(self, node: Node, precedence: int = 0, right: bool = False) -> str:
        """An operand: a name, or its expression, in parentheses where needed."""
        if node in self.lines.chosen or node.op == "input":
            return self.names.of(node)
        text, own = self.render(node)
        return f"({text})" if own < precedence or (right and own == precedence) else text

    def render(self, node: Node) -> Piece:
        """A node's expression and its precedence."""
        row = EXPRESSIONS[node.op]
        if row is None:
            raise GlassnetError(f"op {node.op!r} has no NumPy text")
        return row(self, node)

    def expression(self, node: Node) -> str:
        """What stands behind the ``=``."""
        return self.render(node)[0]


def float_reference(graph: Graph) -> Node | None:
    """The input whose dtype stands for "float" in the text: the first that is no dictionary's entry."""
    floats = [node for node in graph.inputs if node.kind == "float"]
    return min(floats, key=lambda node: graph.is_entry(input_place(node)), default=None)


def _assigned(graph: Graph, names: Names) -> set[Node]:
    """The outputs that are assigned before they are returned: by key, or because they have a name."""
    pairs = zip(graph.outputs, graph.places, strict=True)
    keyed = {
        node for node, place in pairs if place[1].isidentifier() or place[0] != "return" or node in names
    }
    return {node for node in keyed if node.op not in ("const", "input", "size")}


def entry(place: Place) -> str:
    """``state["dense_1.kernel"]``."""
    return f"{place[0]}[{quoted(place[1])}]"


def quoted(key: str) -> str:
    """A key in double quotes, with nothing in it that could end them."""
    return json.dumps(key)


# ------------------------------------------------------------------------------------------ helpers
def collect_helpers(graph: Graph) -> tuple[list[str], dict[Graph, str]]:
    """The helper functions a program needs, in order, and the name of each composite body's helper."""
    texts: dict[str, None] = {}
    by_text: dict[str, str] = {}
    names: dict[Graph, str] = {}
    taken = {graph.name, *(function.__name__ for functions in HELPERS.values() for function in functions)}

    def visit(current: Graph) -> None:
        for node in current.nodes():
            for function in HELPERS.get(node.op, ()):
                texts.setdefault(helper_source(function))
            if node.op == "call" and node.attrs["body"] not in names:
                body = node.attrs["body"]
                visit(body)
                text = print_helper(body, names)
                if text not in by_text:
                    by_text[text] = unused(body.name, taken)
                    texts.setdefault(text.replace(f"def {body.name}(", f"def {by_text[text]}(", 1))
                names[body] = by_text[text]

    visit(graph)
    return list(texts), names


def print_helper(body: Graph, helper_names: dict[Graph, str]) -> str:
    """A composite as a function; its text is free of shapes, so that equal texts can merge."""
    page = NumpyText(body, helper_names, {body.name} | helpers_called(body, helper_names), is_helper=True)
    order = page.lines.ordered()
    last = order.pop() if len(body.outputs) == 1 and body.outputs[0] in page.lines.chosen else None
    lines = []
    for node in order:
        lines += wrap(f"    {page.names.of(node)} = {page.expression(node)}")
    returned = ", ".join(page.ref(node) for node in body.outputs) if last is None else page.expression(last)
    lines += wrap(f"    return {returned}")
    arguments = ", ".join(page.names.of(node) for node in body.inputs)
    return "\n".join([f"def {body.name}({arguments}):", *_batch_line(page, lines), *lines])


def helpers_called(graph: Graph, helper_names: dict[Graph, str]) -> set[str]:
    """The names of the helpers that a function's text calls."""
    nodes = graph.nodes()
    fixed = {function.__name__ for node in nodes for function in HELPERS.get(node.op, ())}
    return fixed | {helper_names[node.attrs["body"]] for node in nodes if node.op == "call"}


def _batch_line(page: NumpyText, lines: list[str]) -> list[str]:
    """``n = x.shape[0]``, if the text mentions n."""
    if not any(re.search(r"\bn\b", line.split("#")[0]) for line in lines):
        return []
    for node in page.graph.inputs:
        for axis, extent in enumerate(node.shape):
            if isinstance(extent, Dim):
                name = page.names.of(node)
                return [f"    n = {name}.shape[{axis}]" + (f" // {extent.k}" if extent.k > 1 else ""), ""]
    return []


# ------------------------------------------------------------------------------------------ the program
@dataclass(frozen=True)
class PrintedProgram:
    """A program as text, with what a caller must hand in and gets back.

    Attributes
    ----------
    text : str
    name : str
        Of the function in the text.
    arguments : dict
        Argument → its place, or None for a dictionary of entries.
    page : NumpyText
        The names and lines, to speak of single nodes.
    """

    text: str
    name: str
    arguments: dict[str, Place | None]
    page: NumpyText


class Body:
    """The lines of the main function, section by section."""

    def __init__(self, graph: Graph, page: NumpyText) -> None:
        self.graph, self.page = graph, page
        self.rows: list[str] = []
        self.section: tuple[str, str] = ("", "")
        self.unpacked: set[Node] = set()
        self.order = page.lines.ordered()
        self.phases = {node.label.phase for node in self.order}
        self.has_sections = len({(node.label.phase, node.label.scope) for node in self.order}) > 1
        self.targets: dict[Node, list[Place]] = {}
        for node, place in zip(graph.outputs, graph.places, strict=True):
            self.targets.setdefault(node, []).append(place)
        self._rename_rebound()
        for node in graph.nodes():
            if node.op == "input" and input_place(node)[0] == "state" and self._updates_in_place(node):
                page.names.given[node] = entry(input_place(node))
                self.unpacked.add(node)
        for node in self.order:
            self._emit(node)

    def _rename_rebound(self) -> None:
        """``W1 = W1 - ...``: a value takes the name of the one it replaces, if nobody reads that any more."""
        inputs = {input_place(node): node for node in self.graph.inputs}
        for node, places in self.targets.items():
            for place in places:
                old = inputs.get(("argument", place[1]) if place[0] == "return" else place)
                if node.label.replaces is None and not self.graph.is_entry(place):
                    node.label.replaces = old
        for node in self.order:
            old = node.label.replaces
            if old is not None and old is not node and old in self.page.lines.users:
                name = self.page.names.of(old)
                fresh = self._read_after(old, node)
                self.page.names.given[node] = self.page.names.unique(f"new_{name}") if fresh else name

    def _read_after(self, old: Node, node: Node) -> bool:
        position = {line: i for i, line in enumerate(self.order)}
        group = position[node]
        if node.op == "item":
            group = max(position[user] for user in self.page.lines.users[node.inputs[0]])
        later = (
            line for line in self.order[group + 1 :] if line.op != "item" or line.inputs[0] not in node.inputs
        )
        read = any(old in self.page.lines.read_by(line) for line in later)
        return read or old in self.graph.outputs

    def _updates_in_place(self, state: Node) -> bool:
        """``state["k"] = 0.99 * state["k"] + ...``: only its own update reads it, and the line is short."""
        readers = [line for line in self.order if state in self.page.lines.read_by(line)]
        own = all(input_place(state) in self.targets.get(line, []) for line in readers)
        return own and 2 * len(entry(input_place(state))) < WIDTH // 2

    def _emit(self, node: Node) -> None:
        if node.op == "item" and self._is_later_item(node):
            return
        self._start_section(node)
        self._unpack(node)
        dictionary = [place for place in self.targets.get(node, []) if self.graph.is_entry(place)]
        name = self.page.names.of(node) if not dictionary or self._is_read(node) else ""
        left = " = ".join(filter(None, [name, *map(entry, dictionary)]))
        right = self.page.expression(node)
        if node.op == "item":
            left, right = self._item_names(node), self.page.expression(node.inputs[0])
        self.rows += wrap(f"    {left} = {right}", comment_text(node))

    def _is_read(self, node: Node) -> bool:
        returned = any(not self.graph.is_entry(place) for place in self.targets.get(node, []))
        return returned or bool(self.page.lines.users[node])

    def _is_later_item(self, node: Node) -> bool:
        siblings = self.page.lines.users[node.inputs[0]]
        return node is not min(siblings, key=lambda x: x.id)

    def _item_names(self, node: Node) -> str:
        by_index = {
            user.attrs["index"]: self.page.names.of(user) for user in self.page.lines.users[node.inputs[0]]
        }
        count = len(node.inputs[0].attrs["body"].outputs)
        return ", ".join(by_index.get(i, "_") for i in range(count))

    def _start_section(self, node: Node) -> None:
        phase, scope = node.label.phase, node.label.scope
        if phase != self.section[0] and len(self.phases) > 1:
            self.rows += ["", heading(phase)]
        elif (phase, scope) != self.section and self.rows:
            self.rows.append("")
        if (phase, scope) != self.section and (scope or self.graph.titles):
            title = self.graph.titles.get(scope)
            ending = f": {title}" if title and phase == "forward" else ""
            self.rows.append(f"    # {plain((scope or 'plain NumPy') + ending)}")
        self.section = phase, scope

    def _unpack(self, node: Node) -> None:
        """Dictionary entries get their short names where their layer first needs one."""
        needed = [x for x in self.page.lines.read_by(node) if self._is_packed(x)]
        scopes = dict.fromkeys((x.label.scope, input_place(x)[0]) for x in sorted(needed, key=lambda x: x.id))
        for scope, container in scopes:
            group = [
                x
                for x in self.graph.inputs
                if self._is_packed(x)
                and (x.label.scope, input_place(x)[0]) == (scope, container)
                and (x in needed or self.page.lines.users.get(x))
            ]
            self.rows += unpacking([(self.page.names.of(x), entry(input_place(x))) for x in group])
            self.unpacked.update(group)

    def _is_packed(self, node: Node) -> bool:
        return node.op == "input" and self.graph.is_entry(input_place(node)) and node not in self.unpacked

    def returned(self) -> list[str]:
        """The return statement."""
        values = [
            (place, self.page.ref(node))
            for node, place in zip(self.graph.outputs, self.graph.places, strict=True)
            if not self.graph.is_entry(place)
        ]
        for node in self.graph.outputs:
            self._unpack_output(node)
        if any(place[0] == "gradients" for place, _ in values) and not self.graph.loose:
            items = ", ".join(f"{quoted(place[1])}: {text}" for place, text in values)
            return wrap(f"    return {{{items}}}")
        return wrap(f"    return {', '.join(text for _, text in values)}") if values else []

    def _unpack_output(self, node: Node) -> None:
        if self._is_packed(node):
            self.rows.append(f"    {self.page.names.of(node)} = {entry(input_place(node))}")
            self.unpacked.add(node)


def unpacking(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """``W1, b1 = parameters[...], parameters[...]`` on one line, or on a line each."""
    left, right = (", ".join(side) for side in zip(*pairs, strict=True))
    together = f"    {left} = {right}"
    return [together] if len(together) <= 88 else [f"    {name} = {text}" for name, text in pairs]


def arguments_of(graph: Graph, names: Names) -> dict[str, Place | None]:
    """The printed function's arguments: name → place, or None for a dictionary."""
    result: dict[str, Place | None] = {}
    for node in graph.inputs:
        place = input_place(node)
        if graph.is_entry(place):
            result.setdefault(place[0], None)
        elif place[0] != "hyper":
            result[names.of(node)] = place
    for place in graph.places:
        if graph.is_entry(place):
            result.setdefault(place[0], None)
    return result


def print_numpy(graph: Graph, first_lines: Sequence[str] = ()) -> PrintedProgram:
    """The graph as a NumPy program: helpers, hyper-parameters, one function.

    Parameters
    ----------
    graph : Graph
        After the ``numpy`` pipeline of :mod:`glassnet.passes`.
    first_lines : sequence of str
        Comments for the top of the text.

    Returns
    -------
    PrintedProgram
    """
    helpers, helper_names = collect_helpers(graph)
    known = re.findall(r"^def (\w+)", "\n".join(helpers), flags=re.MULTILINE)
    page = NumpyText(graph, helper_names, {graph.name, *known}, is_helper=False)
    arguments = arguments_of(graph, page.names)
    body = Body(graph, page)
    returned = body.returned()
    rows = align_comments([*body.rows, *([""] if body.has_sections and returned else []), *returned])
    while rows and rows[0] == "":
        rows.pop(0)
    doc = [f'    """{graph.doc}"""' if "\n" not in graph.doc else _long_doc(graph.doc)] if graph.doc else []
    function = [f"def {graph.name}({', '.join(arguments)}):", *doc, *_batch_line(page, rows), *rows]
    blocks = ["\n".join(block) for block in (_hyper_lines(graph), *([h] for h in helpers), function) if block]
    text = "\n\n\n".join(blocks) + "\n"
    top = [*first_lines, *_imports(text)]
    gap = [""] if _hyper_lines(graph) else ["", ""]
    return PrintedProgram("\n".join([*top, *gap, text]), graph.name, arguments, page)


def _long_doc(doc: str) -> str:
    first, *rest = doc.split("\n")
    return "\n".join([f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """'])


def _imports(text: str) -> list[str]:
    lines = ["import math", ""] if re.search(r"\bmath\.", text) else []
    return [*lines, "import numpy as np"]


def _hyper_lines(graph: Graph) -> list[str]:
    """``learning_rate = 0.001`` and its like: the numbers one may change without printing again."""
    lines = []
    for node in graph.inputs:
        place = input_place(node)
        if place[0] == "hyper":
            comment = graph.comments.get(place, "")
            value = number(graph.values[place])[0]
            lines.append(f"{node.attrs['name']} = {value}" + (f"  # {plain(comment)}" if comment else ""))
    return lines
