"""A C program: constants, helpers, functions; and its header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet.errors import InputError
from glassnet.graph.graph import Graph, input_place
from glassnet.graph.node import Node
from glassnet.printers.expressions import shape_text
from glassnet.printers.names import Names
from glassnet.printers.to_c.composites import composite_functions
from glassnet.printers.to_c.function import Body, Shared
from glassnet.printers.to_c.helpers import helper_text
from glassnet.printers.to_c.indices import count
from glassnet.printers.to_c.literals import array_literal, comment, string_literal
from glassnet.printers.to_c.names import RESERVED
from glassnet.printers.to_c.operations import OPERATIONS

FIRST_LINE = '/* Printed by glassnet, backend "c": C99, no library but math.h, no memory of its own. */'


@dataclass(frozen=True)
class Function:
    """One function of a program.

    Attributes
    ----------
    suffix : str
        The end of its name: ``"predict"``.
    graph : Graph
        Of one row; inputs are data, and constants with their arrays in ``values``.
    doc : str
        A sentence for the header; by default the shapes of what goes in and out.
    after : str
        The suffix of the function that is called first, with this one's arguments, if any: this graph's only
        data is what that one answers.
    returns : bool
        Whether the graph's one number is returned, rather than written to ``y``.
    """

    suffix: str
    graph: Graph
    doc: str = ""
    after: str = ""
    returns: bool = False


@dataclass(frozen=True)
class Words:
    """An array of strings, such as the names of the classes.

    Attributes
    ----------
    suffix : str
    texts : sequence of str
    doc : str
    """

    suffix: str
    texts: Sequence[str]
    doc: str


class CProgram(NamedTuple):
    """A program as text: header and source."""

    header: str
    source: str


@dataclass
class Printed:
    """One function as text.

    Attributes
    ----------
    declaration : str
        Without the semicolon.
    lines : list of str
        The definition.
    inputs : list of (str, str, int)
        Name, type and number of elements of its data.
    scratch : int
        Floats that it needs from its caller.
    """

    declaration: str
    lines: list[str]
    inputs: list[tuple[str, str, int]]
    scratch: int


def print_c(
    name: str,
    functions: Sequence[Function],
    dtype: Any,
    words: Sequence[Words] = (),
    include: str | None = None,
    notes: Sequence[str] = (),
) -> CProgram:
    """Graphs as a C program.

    Parameters
    ----------
    name : str
        The first part of all public names.
    functions : sequence of Function
        The first one is also offered for many rows.
    dtype : {"float32", "float64"}
    words : sequence of Words
    include : str, optional
        The header's file name; without one, the source does not include it.
    notes : sequence of str
        Comments for the header.

    Returns
    -------
    CProgram

    Raises
    ------
    InputError
        An operation that has no C; the layer is named.
    """
    return _Module(name, functions, np.dtype(dtype), words).program(include, notes)


class _Module:
    """A program being printed."""

    def __init__(
        self, name: str, functions: Sequence[Function], dtype: np.dtype[Any], words: Sequence[Words]
    ) -> None:
        self.name, self.functions, self.words = name, functions, words
        suffixes = [*(f.suffix for f in functions), *(w.suffix for w in words), "predict_rows"]
        public = {f"{name}_{suffix}" for suffix in suffixes}
        self.shared = Shared(dtype, public)
        self.names: dict[str, Names] = {}
        for function in functions:
            _refuse_unprintable(function.graph)
        self.composites = composite_functions([f.graph for f in functions], self.shared)
        self.shared.taken |= set(self.shared.calls.values())
        self.scopes: dict[str, list[tuple[str, list[str]]]] = {}
        for function in functions:
            self._name_constants(function.suffix, function.graph)
        self.printed: dict[str, Printed] = {}
        for function in functions:
            self.printed[function.suffix] = self._function(function)

    def _name_constants(self, suffix: str, graph: Graph) -> None:
        """Weights have the names of the NumPy program; only those in use are printed."""
        present, outputs = set(graph.nodes()), ("y", *(f"y{i}" for i in range(1, len(graph.outputs) + 1)))
        names = Names(graph.nodes(), graph, (), {*RESERVED, *self.shared.taken, *outputs})
        self.names[suffix] = names
        for node in graph.inputs:
            array = graph.values.get(input_place(node))
            if array is not None and node in present:
                found = names.of(node)
                found = names.unique(found) if found in self.shared.taken else found
                self.shared.taken.add(found)
                self.shared.constants[node] = found, np.asarray(array)
                self._print_constant(node, found, np.asarray(array), graph.titles)

    def _print_constant(self, node: Node, name: str, array: np.ndarray, titles: Any) -> None:
        extents = "".join(f"[{extent}]" for extent in array.shape if extent != 1)
        kind = self.shared.type_of(node.kind)
        head = f"static const {kind} {name}{extents}"
        text = array_literal(array, node.kind, self.shared.dtype, head)
        about = comment(f"{input_place(node)[1]} {shape_text(array.shape)}")
        self.scopes.setdefault(node.label.scope, []).append((name, [about, text, ""]))

    # -------------------------------------------------------------------------------- functions
    def _function(self, function: Function) -> Printed:
        graph, names = function.graph, self.names[function.suffix]
        data = [node for node in graph.inputs if input_place(node) not in graph.values]
        outputs = self._outputs(function)
        body = Body(graph, self.shared, names, outputs, is_local=function.returns)
        lines = body.lines()
        if function.after:
            return self._follow_up(function, data[0], body)
        inputs = [(names.of(node), self.shared.type_of(node.kind), count(node.shape)) for node in data]
        words = _words(lines)
        unread = [f"    (void){name};" for name, _, _ in inputs if name not in words]
        results = [self._result(node, name) for node, name in outputs.items()]
        return self._finished("void", function, inputs, results, [*unread, *lines], body.scratch)

    def _outputs(self, function: Function) -> dict[Node, str]:
        nodes = list(dict.fromkeys(function.graph.outputs))
        if function.returns:
            return {nodes[0]: function.suffix}
        return {nodes[0]: "y"} if len(nodes) == 1 else {node: f"y{i}" for i, node in enumerate(nodes, 1)}

    def _result(self, node: Node, name: str) -> str:
        return f"{self.shared.type_of(node.kind)} *{name}"

    def _finished(
        self,
        kind: str,
        function: Function,
        inputs: list[tuple[str, str, int]],
        results: list[str],
        lines: list[str],
        scratch: int,
    ) -> Printed:
        arguments = [f"const {c_type} *{name}" for name, c_type, _ in inputs]
        extra = [f"{self.shared.float_type} *scratch"] if scratch else []
        declaration = f"{kind} {self.name}_{function.suffix}({', '.join([*arguments, *results, *extra])})"
        return Printed(declaration, lines, inputs, scratch)

    def _follow_up(self, function: Function, node: Node, body: Body) -> Printed:
        """A function that calls another one first."""
        first, name = self.printed[function.after], body.names.of(node)
        passed = [*(x for x, _, _ in first.inputs), name, *(["scratch"] if first.scratch else [])]
        results = [] if function.returns else [self._result(*pair) for pair in body.outputs.items()]
        top = [
            f"    {self.shared.float_type} {name}[{count(node.shape)}];",
            f"    {self.name}_{function.after}({', '.join(passed)});",
            "",
        ]
        end = [f"    return (int){function.suffix};"] if function.returns else []
        scratch, kind = max(first.scratch, body.scratch), "int" if function.returns else "void"
        return self._finished(kind, function, first.inputs, results, [*top, *body.rows, *end], scratch)

    # -------------------------------------------------------------------------------- the texts
    def program(self, include: str | None, notes: Sequence[str]) -> CProgram:
        """Header and source."""
        return CProgram(self._header(notes), self._source(include))

    def _source(self, include: str | None) -> str:
        own = [f'#include "{include}"', ""] if include else []
        rows = [FIRST_LINE, "", *own, "#include <math.h>", ""]
        words = _words([line for printed in self.printed.values() for line in printed.lines])
        composites = [text for name, text in self.composites.items() if name in words]
        words |= _words(composites)  # only what is called is printed
        for scope, constants in self.scopes.items():
            lines = [line for name, text in constants if name in words for line in text]
            titles = [f.graph.titles[scope] for f in self.functions if scope in f.graph.titles]
            title = f"{scope}: {titles[0]}" if titles else scope
            rows += [f"/* ---------------- {comment(title)[3:]}"] if scope and lines else []
            rows += lines
        for word in self.words:
            texts = [f"    {string_literal(text)}," for text in word.texts]
            head = f"const char *const {self.name}_{word.suffix}[{len(texts)}] = {{"
            rows += [head, *texts, "};", ""]
        for helper in self.shared.helpers:
            rows += [helper_text(helper, self.shared.float_type), ""] if helper in words else []
        for text in composites:
            rows += [text, ""]
        for printed in self.printed.values():
            rows += [printed.declaration, "{", *printed.lines, "}", ""]
        rows += self._rows_function()
        return "\n".join(rows)

    def _loop_arguments(self) -> tuple[Printed, list[tuple[str, int]]]:
        first = self.printed[self.functions[0].suffix]
        outputs = self._outputs(self.functions[0])
        pairs = [(name, count) for name, _, count in first.inputs]
        return first, [*pairs, *((name, count(node.shape)) for node, name in outputs.items())]

    def _rows_declaration(self) -> str:
        first, _ = self._loop_arguments()
        suffix = self.functions[0].suffix
        return first.declaration.replace(f"_{suffix}(", f"_{suffix}_rows(", 1)[:-1] + ", long n)"

    def _rows_function(self) -> list[str]:
        first, pairs = self._loop_arguments()
        passed = [f"{name} + {count} * i" if count > 1 else f"{name} + i" for name, count in pairs]
        passed += ["scratch"] if first.scratch else []
        call = f"{self.name}_{self.functions[0].suffix}({', '.join(passed)});"
        head = "    for (long i = 0; i < n; i++)"
        return [self._rows_declaration(), "{", head, f"        {call}", "}", ""]

    def _header(self, notes: Sequence[str]) -> str:
        guard = f"{self.name.upper()}_H"
        rows = [FIRST_LINE, f"#ifndef {guard}", f"#define {guard}", ""]
        first, pairs = self._loop_arguments()
        rows += [f"#define {self.name.upper()}_INPUTS {pairs[0][1]}"] if len(first.inputs) == 1 else []
        outputs = [pair for pair in pairs if pair[0] == "y"]
        rows += [f"#define {self.name.upper()}_OUTPUTS {outputs[0][1]}"] if outputs else []
        if first.scratch:
            rows.append(f"#define {self.name.upper()}_SCRATCH {first.scratch}  /* elements of scratch */")
        rows += ["", *map(comment, notes), *([""] if notes else [])]
        rows += ["#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
        for word in self.words:
            rows += [f"/* {word.doc} */"]
            rows += [f"extern const char *const {self.name}_{word.suffix}[{len(word.texts)}];", ""]
        for function in self.functions:
            printed = self.printed[function.suffix]
            rows += [f"/* {function.doc or _described(function.graph)} */", f"{printed.declaration};", ""]
            if function is self.functions[0]:
                rows += ["/* The same for n examples, which follow each other in memory. */"]
                rows += [f"{self._rows_declaration()};", ""]
        rows += ["#ifdef __cplusplus", "}", "#endif", "", f"#endif  /* {guard} */", ""]
        return "\n".join(rows)


def _words(texts: Sequence[str]) -> set[str]:
    return set(re.findall(r"\w+", "\n".join(texts)))


def _described(graph: Graph) -> str:
    """The default for a function's sentence."""
    data = [node for node in graph.inputs if input_place(node) not in graph.values]
    given = ", ".join(f"{node.attrs['name']} {shape_text(node.shape[1:])}" for node in data)
    return f"The network's output y {shape_text(graph.outputs[0].shape[1:])} for one example {given}."


def _refuse_unprintable(graph: Graph) -> None:
    for node in graph.nodes():
        where = f"layer {node.label.scope}" if node.label.scope else "the model"
        if 0 in node.shape:
            raise InputError(
                f"{where} has an array without elements, of shape {node.shape}.\nC has no such arrays."
            )
        known = node.op in ("input", "const") or OPERATIONS[node.op] is not None
        if not known or node.kind == "uint" or (node.op == "matmul" and node.kind == "bool"):
            raise InputError(
                f"{where} cannot be printed as C: it has the operation {node.op!r} of kind {node.kind!r}.\n"
                "Write the layer with other operations, or export it as NumPy."
            )
