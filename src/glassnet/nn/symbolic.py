"""``gn.Input``: the beginning of a model that is written as a function."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.graph.dims import N
from glassnet.graph.graph import copy_nodes
from glassnet.graph.node import Node, current, intern, is_tracing, topological
from glassnet.graph.ops import Kind
from glassnet.nn.layer import Layer
from glassnet.nn.sizes import whole_number
from glassnet.trace.names import LastNameReader
from glassnet.trace.tracer import TracedArray, node_of

_serial = itertools.count(1)


def Input(shape: Sequence[int], name: str | None = None, dtype: Any = None) -> TracedArray:
    """A symbolic array: apply layers and NumPy to it, then make a model of the result.

    Parameters
    ----------
    shape : sequence of int
        Of one example, without the batch.
    name : str, optional
        For messages.
    dtype : str or dtype, optional
        ``"int32"`` or another integer type for whole numbers, such as those that Embedding takes. Floats by
        default, and always of the model's float type.

    Returns
    -------
    TracedArray
        Of shape ``(n, *shape)``.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> x = gn.Input((4,))
    >>> h = np.maximum(gn.layers.Dense(3)(x), 0)
    >>> model = gn.Model(x, gn.layers.Dense(4)(h) + x)
    >>> model.predict(np.zeros((2, 4))).shape
    (2, 4)
    """
    if is_tracing():
        raise InputError("gn.Input belongs outside functions that are traced, where a model is put together.")
    extents = (shape,) if isinstance(shape, int) else tuple(shape)
    sizes = tuple(whole_number(extent, "shape", "Input") for extent in extents)
    builder = current()
    if builder.on_make is None:
        builder.on_make = LastNameReader()
    serial = next(_serial)
    attrs = {
        "name": name or f"input_{serial}",
        "place": ("symbolic", str(serial)),
        "shape": (N, *sizes),
        "kind": "float" if dtype is None else _input_kind(dtype),
    }
    return TracedArray(intern("input", (), attrs))


def _input_kind(dtype: Any) -> Kind:
    """Floats or whole numbers, or an error."""
    try:
        kind = np.dtype(dtype).kind
    except TypeError:
        kind = "O"
    if kind not in "fiu":
        raise InputError(f"Input: dtype must be a float or an integer type, such as 'int32'; got {dtype!r}.")
    return "float" if kind == "f" else "int"


def symbolic_inputs(values: Any) -> tuple[Node, ...]:
    """The input nodes of a model."""
    given = values if isinstance(values, list | tuple) else [values]
    nodes = tuple(node_of(value) for value in given if isinstance(value, TracedArray))
    if len(nodes) < len(given) or any(
        node.op != "input" or node.attrs["place"][0] != "symbolic" for node in nodes
    ):
        raise InputError(
            "Model(inputs, outputs): inputs must be made by gn.Input(shape), one or a list of them."
        )
    if len(set(nodes)) < len(nodes):
        raise InputError("Model(inputs, outputs): the same gn.Input is listed twice.")
    return nodes


def layers_of(output: Node) -> Iterator[Layer]:
    """The layers that a symbolic result goes through, each once, in order of use."""
    seen: dict[int, Layer] = {}
    for node in topological([output]):
        if node.op == "apply":
            seen.setdefault(id(node.attrs["layer"]), node.attrs["layer"])
    yield from seen.values()


def replay(output: Node, inputs: Sequence[Node], values: Sequence[Any]) -> TracedArray:
    """Run a symbolic result again, in the current trace, on traced inputs."""

    def apply(node: Node, arguments: tuple[Node, ...]) -> Node | None:
        if node.op != "apply":
            return None
        return node_of(node.attrs["layer"](*map(TracedArray, arguments)))

    new: dict[Node, Any] = dict(zip(inputs, map(node_of, values), strict=True))
    return TracedArray(copy_nodes(topological([output]), new, apply)[output])


def check_connected(output: Node, inputs: Sequence[Node]) -> None:
    """Every input that the output needs must be declared."""
    for node in topological([output]):
        if node.op == "input" and node not in inputs:
            raise InputError(
                f"the output depends on {node.attrs['name']!r}, which is not among the model's inputs.\n"
                "List every gn.Input that was used: Model([x1, x2], output)."
            )
