"""Composite functions: a NumPy function that stays one node until a printer wants its parts.

Its traced body is both the helper that printed programs show and the decomposition that compilers expand.
A gradient of its own replaces the one derived from the body where that is more exact or reads better.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, overload

import numpy as np

from glassnet.graph.graph import Graph, input_node
from glassnet.graph.node import Node, intern, make
from glassnet.trace.frames import trace_error
from glassnet.trace.names import argument_names, is_identifier
from glassnet.trace.numpy_api import is_plain
from glassnet.trace.tracer import Late, Trace, TracedArray, node_of


class Composite:
    """See :func:`composite`."""

    def __init__(self, function: Callable[..., Any], inline: bool = False) -> None:
        self.function, self.inline = function, inline
        self.name = function.__name__ if is_identifier(function.__name__) else "helper"
        self.gradient: Callable[..., Any] | None = None
        self.bodies: dict[Any, Graph] = {}
        positional = [
            p for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY
        ]
        self.parameters = tuple(p.name for p in positional if p.default is p.empty)
        self.options = tuple(p.name for p in positional if p.default is not p.empty)
        functools.update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<composite {self.name}>"

    def __reduce__(self) -> str:
        return self.function.__qualname__  # by name, like the function it wraps

    def __call__(self, *values: Any, **options: Any) -> Any:
        if self.options:
            count = len(self.parameters)
            options = dict(zip(self.options, values[count:], strict=False)) | options
            values = values[:count] + values[count + len(self.options) :]  # too many: the function complains
        options = {k: v.item() if isinstance(v, np.generic) else v for k, v in options.items()}
        resolved = [value.resolve() if isinstance(value, Late) else value for value in values]
        if is_plain(*resolved):
            with np.errstate(over="ignore"):  # as in programs: exp(1000) is inf, and the formulas count on it
                return self.function(*resolved, **options)
        return self.apply([node_of(value) for value in resolved], options)

    def apply(self, nodes: list[Node], options: dict[str, Any]) -> Any:
        """The call node, or one item node for each result."""
        body = self.body(nodes, options)
        call = intern(
            "call", tuple(nodes), {"function": self, "body": body, "options": tuple(options.items())}
        )
        if len(body.outputs) == 1:
            return TracedArray(call)
        return tuple(TracedArray(make("item", call, index=i)) for i in range(len(body.outputs)))

    def body(self, nodes: list[Node], options: dict[str, Any]) -> Graph:
        """The traced body for inputs of these shapes and kinds; kept, so that equal calls share one."""
        key = (tuple((node.shape, node.kind) for node in nodes), tuple(options.items()))
        if key not in self.bodies:
            self.bodies[key] = self._trace(nodes, options)
        return self.bodies[key]

    def _trace(self, nodes: list[Node], options: dict[str, Any]) -> Graph:
        with Trace():
            names = argument_names(self.parameters, len(nodes))
            inputs = tuple(input_node(name, n.shape, n.kind) for name, n in zip(names, nodes, strict=True))
            result = self.function(*map(TracedArray, inputs), **options)
            results = result if isinstance(result, tuple) else (result,)
            outputs = tuple(node_of(value) for value in results)
        places = tuple(("return", str(i)) for i in range(len(outputs)))
        body = Graph(inputs, outputs, places, name=self.name)
        for node in body.nodes():
            if node.op == "input" and node not in inputs:
                raise trace_error(
                    f"composite {self.name} uses an array from around it ({node.attrs['name']}).",
                    "Pass it as an argument.",
                )
        return body

    def defgradient(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: ``rule(g, result, *inputs, **options)`` answers one gradient (or None) per input."""
        self.gradient = rule
        return rule


@overload
def composite(function: Callable[..., Any]) -> Composite: ...
@overload
def composite(*, inline: bool = ...) -> Callable[[Callable[..., Any]], Composite]: ...
def composite(function: Callable[..., Any] | None = None, *, inline: bool = False) -> Any:
    """Make a NumPy function one operation of the graph, shown as a helper in printed programs.

    Parameters
    ----------
    function : callable
        Written in NumPy. Parameters without a default are arrays; the others, and keyword-only ones, are
        options whose values become part of the program.
    inline : bool, default False
        Show its lines in place rather than as a helper.

    Returns
    -------
    Composite
        Works on plain arrays as before. ``@f.defgradient`` gives it a gradient of its own.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> @gn.composite
    ... def softplus(z):
    ...     return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    >>> @softplus.defgradient
    ... def _(g, result, z):
    ...     return (g / (1 + np.exp(-z)),)
    >>> float(gn.grad(softplus)(0.0))
    0.5
    """
    if function is None:
        return lambda f: Composite(f, inline=inline)
    return Composite(function, inline=inline)
