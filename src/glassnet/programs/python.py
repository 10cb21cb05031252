"""Printed NumPy, run as it stands."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from glassnet import passes
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.printers import print_numpy
from glassnet.programs.allowed import check_text

_serial = itertools.count(1)


class Program:
    """A printed program and the function compiled from its text.

    Attributes
    ----------
    graph : Graph
        What was printed.
    text : str
        The program; exactly what runs.
    function : callable
        The main function of the text.
    """

    def __init__(self, graph: Graph, first_lines: tuple[str, ...] = ()) -> None:
        self.graph, self.first_lines = graph, first_lines
        self.returned = tuple(place for place in graph.places if not graph.is_entry(place))
        self.inputs = {input_place(node) for node in graph.inputs}
        self._print()

    def _print(self) -> None:
        printed = print_numpy(self.graph, self.first_lines)
        self.text, self.arguments, self.page = printed.text, printed.arguments, printed.page
        self.namespace = run_text(self.text)
        self.function: Callable[..., Any] = self.namespace[printed.name]

    def reprint(self, values: Mapping[Place, Any]) -> None:
        """Print again with other hyper-parameters at the top."""
        self.graph = replace(self.graph, values={**self.graph.values, **values})
        self._print()

    def set_hyper(self, values: Mapping[str, float]) -> None:
        """Change hyper-parameters: the numbers at the top of the text."""
        for name, value in values.items():
            if ("hyper", name) in self.inputs:
                self.namespace[name] = value

    def __call__(self, values: Mapping[Place, Any]) -> dict[Place, Any]:
        """Run once: place of each input → value in, place of each output → value out."""
        values = {**self.graph.values, **values}
        arguments = self.bind(values)
        self.set_hyper({place[1]: value for place, value in values.items() if place[0] == "hyper"})
        with np.errstate(over="ignore"):
            result = self.function(**arguments)
        outputs = self.unbind(result)
        for place in self.graph.places:
            if self.graph.is_entry(place):
                outputs[place] = arguments[place[0]][place[1]]
        return outputs

    def bind(self, values: Mapping[Place, Any]) -> dict[str, Any]:
        """Argument name → value; dictionaries are fresh, so that no caller's is changed."""
        bound: dict[str, Any] = {}
        for name, place in self.arguments.items():
            if place is None:
                bound[name] = {key: value for (container, key), value in values.items() if container == name}
            else:
                bound[name] = values[place]
        return bound

    def unbind(self, result: Any) -> dict[Place, Any]:
        """Returned values by place."""
        if isinstance(result, dict):
            return {place: result[place[1]] for place in self.returned}
        values = result if isinstance(result, tuple) and len(self.returned) > 1 else (result,)
        return dict(zip(self.returned, values, strict=True)) if self.returned else {}


def run_text(text: str) -> dict[str, Any]:
    """Check a program's text, execute its definitions and answer its namespace.

    The text is registered with :mod:`linecache`, so that tracebacks show its lines.
    """
    namespace: dict[str, Any] = {"__name__": "glassnet_program"}
    exec(_code(text), namespace)
    return namespace


@lru_cache(maxsize=64)  # the next model of the same architecture has the same text
def _code(text: str) -> CodeType:
    tree = check_text(text)
    name = f"<glassnet program {next(_serial)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return compile(tree, name, "exec")


def compile_graph(graph: Graph, first_lines: tuple[str, ...] = ()) -> Program:
    """Run the NumPy pipeline over a graph, print it, and compile the text."""
    return Program(passes.run(graph, "numpy"), first_lines)
