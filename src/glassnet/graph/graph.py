"""A finished graph: inputs, outputs, and where each comes from and goes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from glassnet.graph.node import Builder, Label, Node, current, intern, make, topological

Place = tuple[str, str]
"""Where a value lives outside the graph: (container, key).

Containers: ``argument`` (an argument of the program by its own name), ``parameters``, ``state`` and
``frozen`` (entries of dictionaries), ``hyper`` (a number named at the top of the text), ``captured`` (an
array the traced function found around it), ``return`` (a returned value), ``gradients``.
"""


@dataclass(frozen=True, eq=False)
class Graph:
    """Arrays in, arrays out: what a trace makes and every printer takes.

    Attributes
    ----------
    inputs : tuple of Node
        Input nodes, in the order of the program's arguments.
    outputs : tuple of Node
    places : tuple of (str, str)
        One for each output: where its value goes.
    name : str
        Name of the printed function.
    values : dict
        The arrays and numbers known at tracing time, by place: captured arrays and hyper-parameters.
    titles : dict
        Scope (a layer's key) → what the printer says about it.
    comments : dict
        Place of a hyper-parameter → what it belongs to.
    hypers : dict
        Place of a hyper-parameter → the (object, attribute) that holds its present value.
    loose : bool
        Parameters are arguments of their own rather than entries of a dictionary.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> print(gn.trace(lambda x: np.exp(x).sum(), ("n", 3)))
    f(x (n, 3))
      x    = input     (n, 3) float
      v1   = exp(x)    (n, 3) float
      v2   = sum(v1)   () float       axis=(0, 1) keepdims=False
      return v2
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    places: tuple[Place, ...]
    name: str = "f"
    doc: str = ""
    values: dict[Place, Any] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    comments: dict[Place, str] = field(default_factory=dict)
    hypers: dict[Place, tuple[Any, str]] = field(default_factory=dict)
    loose: bool = False

    def is_entry(self, place: Place) -> bool:
        """Whether a place is an entry of a dictionary rather than an argument of its own."""
        return place[0] in ("state", "frozen") or (place[0] == "parameters" and not self.loose)

    def nodes(self) -> list[Node]:
        """Every node that the outputs need, in creation order."""
        return topological(self.outputs)

    def __len__(self) -> int:
        return len(self.nodes())

    def __str__(self) -> str:
        return show(self)


def input_node(name: str, shape: Any, kind: str = "float", where: Place | None = None) -> Node:
    """An input of the graph; its place is an argument of that name unless said otherwise."""
    place = ("argument", name) if where is None else where
    return intern("input", (), {"name": name, "place": place, "shape": shape, "kind": kind})


def input_place(node: Node) -> Place:
    """Where an input node's value comes from."""
    result: Place = node.attrs["place"]
    return result


def rebuild(
    graph: Graph,
    replace_node: Callable[[Node, tuple[Node, ...]], Node | Sequence[Node] | None],
) -> Graph:
    """The same graph made again, through the simplifier, in a fresh table.

    Parameters
    ----------
    graph : Graph
    replace_node : callable
        Takes an old node and its new inputs; answers a new node, a sequence of them (for a call with
        several results), or None to copy the node as it is.

    Returns
    -------
    Graph
    """
    with Builder():
        new = copy_nodes(topological((*graph.inputs, *graph.outputs)), {}, replace_node)
    inputs = tuple(new[node] for node in graph.inputs)
    outputs = tuple(new[node] for node in graph.outputs)
    return replace(graph, inputs=inputs, outputs=outputs)


def copy_nodes(
    nodes: Sequence[Node],
    new: dict[Node, Any],
    replace_node: Callable[[Node, tuple[Node, ...]], Any] = lambda node, inputs: None,
) -> dict[Node, Any]:
    """Copy nodes into the current builder; ``new`` holds (and receives) old node → new node.

    Labels are copied at once, so that names, scopes, phases and adjoints survive.
    """
    builder = current()
    old_place = builder.scope, builder.phase
    for node in nodes:
        if node in new:
            continue
        builder.scope, builder.phase = node.label.scope, node.label.phase
        new[node] = _copy(node, new, replace_node)
        _keep_name(node, new[node])
    builder.scope, builder.phase = old_place
    for node in nodes:
        if isinstance(new[node], Node):
            _keep_relations(node.label, new[node].label, new)
    return new


def _copy(node: Node, new: dict[Node, Any], replace_node: Callable[..., Any]) -> Any:
    if node.op == "item" and not isinstance(new[node.inputs[0]], Node):
        return new[node.inputs[0]][node.attrs["index"]]
    inputs = tuple(new[x] for x in node.inputs)
    answer = replace_node(node, inputs)
    if answer is not None:
        return answer
    if node.op in ("input", "const", "size", "call", "item"):
        return intern(node.op, inputs, node.attrs)
    return make(node.op, *inputs, **node.attrs)


def _keep_relations(old: Label, fresh: Label, new: dict[Node, Any]) -> None:
    for relation in ("adjoint", "replaces"):
        other = getattr(old, relation)
        target = None if other is None else new.get(other)
        if isinstance(target, Node) and getattr(fresh, relation) is None:
            setattr(fresh, relation, target)


def _keep_name(old: Node, new: Any) -> None:
    if isinstance(new, Node) and new.label.name is None and new.op not in ("const", "input", "size"):
        new.label.name = old.label.name


def inline_call(node: Node, inputs: tuple[Node, ...]) -> Node | tuple[Node, ...]:
    """The body of a call, copied into the current builder with the call's inputs."""
    body: Graph = node.attrs["body"]
    new: dict[Node, Any] = dict(zip(body.inputs, inputs, strict=True))
    for inner in body.nodes():
        if inner not in new:
            new[inner] = _copy(inner, new, lambda *_: None)
            _keep_name(inner, new[inner])
    outputs = tuple(new[x] for x in body.outputs)
    return outputs if len(outputs) > 1 else outputs[0]


def show(graph: Graph) -> str:
    """The graph as text, one node a line."""
    names: dict[Node, str] = {}
    rows: list[tuple[str, str, str, str]] = []
    for node in graph.nodes():
        names[node] = node.attrs["name"] if node.op == "input" else f"v{len(names)}"
        arguments = ", ".join(names[x] for x in node.inputs)
        expression = node.op + (f"({arguments})" if node.inputs else "")
        hidden = ("name", "place", "shape", "kind") if node.op == "input" else ("body",)
        attrs = " ".join(f"{key}={_brief(value)}" for key, value in node.attrs.items() if key not in hidden)
        rows.append((names[node], expression, f"{node.shape} {node.kind}", attrs))
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    head = ", ".join(f"{node.attrs['name']} {node.shape}" for node in graph.inputs)
    lines = [f"{graph.name}({head})"]
    for name, expression, signature, attrs in rows:
        line = (
            f"  {name:<{max(widths[0], 4)}} = {expression:<{widths[1]}}   {signature:<{widths[2]}}   {attrs}"
        )
        lines.append(line.rstrip())
    lines.append(f"  return {', '.join(names[node] for node in graph.outputs)}")
    return "\n".join(lines)


def _brief(value: Any) -> str:
    return str(getattr(value, "name", value))
