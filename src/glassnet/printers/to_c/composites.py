"""Composites that compute each element by itself, as small C functions of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.graph.graph import Graph, rebuild
from glassnet.graph.node import Node, cast, intern
from glassnet.graph.ops import ELEMENTWISE, is_weak
from glassnet.passes.expand import expand_all
from glassnet.printers.names import Names
from glassnet.printers.to_c.function import Body, Shared
from glassnet.printers.to_c.helpers import HELPERS
from glassnet.printers.to_c.names import RESERVED, identifier

# Composites of this package that C has as a function: (module, name) → its name in math.h.
_IN_MATH = {("glassnet.nn.activations.smooth", "erf"): "erf"}


def is_scalar_function(call: Node) -> bool:
    """Whether a composite can be a function of numbers: elementwise, of floats, with one result."""
    body: Graph = call.attrs["body"]
    floats = all(node.kind == "float" for node in (*body.inputs, *body.outputs))
    return (
        not call.attrs["function"].inline
        and len(body.outputs) == 1
        and bool(body.inputs)
        and floats
        and all(_is_elementwise(node) for node in body.nodes())
    )


def _is_elementwise(node: Node) -> bool:
    nested = node.op == "call" and is_scalar_function(node)
    return nested or node.op in ELEMENTWISE or node.op in ("input", "const", "cast", "broadcast")


def composite_functions(graphs: Sequence[Graph], shared: Shared) -> dict[str, str]:
    """Name → text of the functions that composites become; ``shared.calls`` learns the names."""
    texts: dict[str, str] = {}
    taken = {*RESERVED, *shared.taken, *HELPERS}

    for graph in graphs:
        for node in graph.nodes():
            body = node.attrs["body"] if node.op == "call" else None
            if body is not None and body not in shared.calls:
                known = _IN_MATH.get((node.attrs["function"].__module__, body.name))
                if known is not None:
                    shared.calls[body] = shared.function(known)
                    continue
                text = _text(body, shared)
                if text not in texts:
                    texts[text] = identifier(body.name, taken)
                shared.calls[body] = texts[text]

    return {name: text.replace("?", name, 1) for text, name in texts.items()}


def _text(body: Graph, shared: Shared) -> str:
    """The function, with ``?`` for its name."""
    kind = shared.float_type
    graph = rebuild(expand_all(body), _of_numbers)
    names = Names(graph.nodes(), graph, {*RESERVED, *shared.taken, *HELPERS}, (), numbered=False)
    page = Body(graph, shared, names, {}, takes_numbers=True)
    arguments = ", ".join(f"{kind} {names.of(node)}" for node in graph.inputs)
    result = page.at(graph.outputs[0], ())
    lines = page.lines(result)
    return "\n".join([f"static {kind} ?({arguments})", "{", *lines, f"    return {result};", "}"])


def _of_numbers(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """The same operation on numbers instead of arrays."""
    if node.op == "input":
        return intern("input", (), {**node.attrs, "shape": ()})
    if node.op == "broadcast":
        return cast(inputs[0]) if is_weak(inputs[0].kind) else inputs[0]
    return None
