"""Plain NumPy between the layers of a functional model: its operations as JSON, and back.

Each operation is stored by its name in the graph's own table, the numbers of its inputs, and its attributes.
A function such as softmax, which is one operation with a formula of its own, is stored by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from glassnet.files import refused, registry
from glassnet.files.packing import Json, Packer
from glassnet.files.refused import guarded, items, record, refuse, shown, whole
from glassnet.files.unpacking import Unpacker
from glassnet.graph.dims import Dim, Extent, Shape
from glassnet.graph.node import Node, constant, intern, lift, normalized
from glassnet.graph.ops import (
    ARITHMETIC,
    COMPARISONS,
    LOGICAL,
    REDUCTIONS,
    UNARY_FLOAT,
    UNARY_SAME,
    slice_length,
)
from glassnet.trace.composite import Composite
from glassnet.trace.tracer import node_of

LARGEST_EXAMPLE = 2**31  # numbers that one example may have anywhere in a network
MAX_RANK = 32

# ------------------------------------------------------------------------------------------ attributes
Attribute = Callable[[Json, tuple[Node, ...], str], Any]


def _axes(value: Json, inputs: tuple[Node, ...], key: str) -> tuple[int, ...]:
    found = tuple(whole(axis, key, below=inputs[0].ndim) for axis in items(value, key))
    if list(found) != sorted(set(found)):
        refuse(key, f"must be axes in ascending order; got {shown(value)}.")
    return found


def _axis(value: Json, inputs: tuple[Node, ...], key: str) -> int:
    return whole(value, key, below=inputs[0].ndim)


def _permutation(value: Json, inputs: tuple[Node, ...], key: str) -> tuple[int, ...]:
    return tuple(whole(axis, key, below=inputs[0].ndim) for axis in items(value, key))


def _flag(value: Json, inputs: tuple[Node, ...], key: str) -> bool:
    return refused.flag(value, key)


def _count(value: Json, inputs: tuple[Node, ...], key: str) -> int:
    return whole(value, key, below=LARGEST_EXAMPLE)


def _kind(value: Json, inputs: tuple[Node, ...], key: str) -> str:
    return refused.one_of(value, key, ("bool", "int", "uint", "float"))


def _shape(value: Json, inputs: tuple[Node, ...], key: str) -> Shape:
    return tuple(_extent(extent, f"{key}[{i}]") for i, extent in enumerate(items(value, key)))


def _extent(value: Json, key: str) -> Extent:
    if isinstance(value, dict):
        return Dim(whole(record(value, key, ("n",))["n"], key, 1, LARGEST_EXAMPLE))
    return whole(value, key, below=LARGEST_EXAMPLE)


def _slices(value: Json, inputs: tuple[Node, ...], key: str) -> tuple[tuple[int, int, int] | None, ...]:
    shape = inputs[0].shape
    if len(items(value, key)) != len(shape):
        refuse(key, f"must have one entry for each of {len(shape)} axes; got {shown(value)}.")
    return tuple(_slice(part, extent, key) for part, extent in zip(value, shape, strict=True))


def _slice(value: Json, extent: Extent, key: str) -> tuple[int, int, int] | None:
    if value is None:
        return None
    parts = [whole(part, key, -LARGEST_EXAMPLE, LARGEST_EXAMPLE) for part in items(value, key)]
    if len(parts) != 3 or not isinstance(extent, int) or parts[2] == 0:
        refuse(key, f"must be [start, stop, step] along an axis other than the batch; got {shown(value)}.")
    start, stop, step = parts
    length = slice_length(start, stop, step)
    if length and not (0 <= start < extent and 0 <= start + (length - 1) * step < extent):
        refuse(key, f"reaches beyond the axis of extent {extent}: {shown(value)}.")
    return start, stop, step


_REDUCTION: dict[str, Attribute] = {"axis": _axes, "keepdims": _flag}
# op → the number of its inputs (None: any, at least one) and its attributes
OPERATIONS: dict[str, tuple[int | None, dict[str, Attribute]]] = {
    **{op: (1, {}) for op in (*UNARY_FLOAT, *UNARY_SAME, "logical_not", "stop")},
    **{op: (2, {}) for op in (*ARITHMETIC, *COMPARISONS, *LOGICAL[:2], "matmul", "pick", "take")},
    **dict.fromkeys(REDUCTIONS, (1, _REDUCTION)),
    "where": (3, {}),
    "cast": (1, {"to": _kind}),
    "argmax": (1, {"axis": _axis}),
    "argmin": (1, {"axis": _axis}),
    "transpose": (1, {"axes": _permutation}),
    "reshape": (1, {"shape": _shape}),
    "broadcast": (1, {"shape": _shape}),
    "concat": (None, {"axis": _axis}),
    "slice": (1, {"slices": _slices}),
    "arange": (0, {"count": _count}),
    "scatter_add": (2, {"rows": _count}),
}


# ------------------------------------------------------------------------------------------ describing
def describe(node: Node, numbers: Mapping[Node, int], packer: Packer, key: str) -> dict[str, Json]:
    """An operation as JSON.

    Parameters
    ----------
    node : Node
    numbers : mapping
        Node → its number in the file.
    packer : Packer
    key : str

    Raises
    ------
    Refused
        An operation that cannot stand in a file.
    """
    if node.op == "const":
        return {"op": "const", "value": packer.pack(node.attrs["value"], key)}
    if node.op == "size":
        return {"op": "size", "n": node.attrs["dim"].k}
    found = _described(node, [numbers[x] for x in node.inputs], packer, key)
    # The variable's name itself stays out: a file's names never become identifiers of a program. But that
    # there is one counts, because simplification leaves such values alone.
    return {**found, "named": True} if node.label.name is not None and _is_computed(node) else found


def _is_computed(node: Node) -> bool:
    """Whether a node depends on a model's inputs; others may be shared between models."""
    return any(x.op not in ("const", "size") for x in node.inputs)


def _described(node: Node, inputs: list[int], packer: Packer, key: str) -> dict[str, Json]:
    if node.op == "call":
        return {"op": "call", "inputs": inputs, **_call(node, packer, key)}
    if node.op == "item":
        return {"op": "item", "inputs": inputs, "index": node.attrs["index"]}
    if node.op not in OPERATIONS:
        refuse(key, f"cannot be stored: the operation {node.op!r} between layers. Put it into a layer.")
    return {"op": node.op, "inputs": inputs, **{name: _plain(value) for name, value in node.attrs.items()}}


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {"n": value.k} if isinstance(value, Dim) else value


def _call(node: Node, packer: Packer, key: str) -> dict[str, Json]:
    function: Composite = node.attrs["function"]
    ours = registry.COMPOSITES.get(function.name) is function
    options = {name: packer.pack(value, key) for name, value in node.attrs["options"]}
    name = function.name if ours else packer.pack(function, key)["custom"]
    return {"function" if ours else "custom": name, "options": options}


# ------------------------------------------------------------------------------------------ making
def rebuild(value: dict[str, Json], nodes: Sequence[Node], unpacker: Unpacker, key: str) -> Node:
    """The node for an operation of a file; its inputs are among the nodes made before.

    Raises
    ------
    Refused
        An unknown operation, attributes that do not fit, an array that is too large.
    """
    op = refused.one_of(value.get("op"), f"{key}.op", [*OPERATIONS, *_SPECIAL])
    named = refused.flag(value.get("named", False), f"{key}.named")
    rest = {name: part for name, part in value.items() if name != "named"}
    with guarded(key):
        rule = _SPECIAL.get(op)
        node = _ordinary(op, rest, nodes, key) if rule is None else rule(rest, nodes, unpacker, key)
    check_size(node.shape, key)
    if named and _is_computed(node):
        node.label.name = "h"  # programs number it
    return node


def check_size(shape: Shape, key: str) -> None:
    """Refuse arrays that a small file should not be able to ask for."""
    size = 1
    for extent in shape:
        size *= extent.k if isinstance(extent, Dim) else extent
    if size > LARGEST_EXAMPLE or len(shape) > MAX_RANK:
        refuse(key, f"has an array of shape {shown(shape)}, more than a file may ask for.")


def chosen(value: Json, nodes: Sequence[Node], key: str) -> tuple[Node, ...]:
    """Nodes by their numbers."""
    return tuple(nodes[whole(number, key, below=len(nodes))] for number in items(value, key))


def _ordinary(op: str, value: dict[str, Json], nodes: Sequence[Node], key: str) -> Node:
    count, attributes = OPERATIONS[op]
    record(value, key, ("op", "inputs", *attributes))
    inputs = chosen(value["inputs"], nodes, f"{key}.inputs")
    if len(inputs) != count and (count is not None or not inputs):
        refuse(f"{key}.inputs", f"must be {count or 'at least 1'}; got {len(inputs)}.")
    if inputs and all(node.op == "const" for node in inputs):
        refuse(f"{key}.inputs", "are all constants: their result would be one.")  # and could take for ever
    attrs = {name: check(value[name], inputs, f"{key}.{name}") for name, check in attributes.items()}
    _check_kinds(op, inputs, key)
    if normalized(op, inputs) != inputs:
        refuse(f"{key}.inputs", "mix kinds of numbers that have to be cast first.")
    return intern(op, inputs, attrs)  # as it was: it has been simplified before it was stored


def _check_kinds(op: str, inputs: tuple[Node, ...], key: str) -> None:
    """Indices are whole numbers."""
    index = {"pick": 1, "take": 1, "scatter_add": 1}.get(op)
    if index is not None and inputs[index].kind not in ("int", "uint"):
        refuse(key, f"has an index of kind {inputs[index].kind!r}; it must be whole numbers.")


def _constant(value: dict[str, Json], nodes: Sequence[Node], unpacker: Unpacker, key: str) -> Node:
    number = unpacker.unpack(record(value, key, ("op", "value"))["value"], key)
    if not isinstance(number, bool | int | float):
        refuse(f"{key}.value", f"must be a number; got {shown(number)}.")
    return constant(number)


def _size(value: dict[str, Json], nodes: Sequence[Node], unpacker: Unpacker, key: str) -> Node:
    return lift(Dim(whole(record(value, key, ("op", "n"))["n"], key, 1, LARGEST_EXAMPLE)))


def _item(value: dict[str, Json], nodes: Sequence[Node], unpacker: Unpacker, key: str) -> Node:
    record(value, key, ("op", "inputs", "index"))
    inputs = chosen(value["inputs"], nodes, f"{key}.inputs")
    if len(inputs) != 1 or inputs[0].op != "call":
        refuse(f"{key}.inputs", "must be one call of a function.")
    index = whole(value["index"], f"{key}.index", below=len(inputs[0].attrs["body"].outputs))
    return intern("item", inputs, {"index": index})


def _calling(value: dict[str, Json], nodes: Sequence[Node], unpacker: Unpacker, key: str) -> Node:
    which = "custom" if "custom" in value else "function"
    record(value, key, ("op", "inputs", "options", which))
    if which == "custom":
        function = unpacker.own(value["custom"], f"{key}.custom")
    else:
        function = registry.COMPOSITES[
            refused.one_of(value["function"], f"{key}.function", registry.COMPOSITES)
        ]
    if not isinstance(function, Composite):
        refuse(f"{key}.custom", f"must be made by gn.composite; got {shown(function)}.")
    inputs = list(chosen(value["inputs"], nodes, f"{key}.inputs"))
    if len(inputs) != len(function.parameters):
        refuse(f"{key}.inputs", f"must be {len(function.parameters)}; got {len(inputs)}.")
    known = [
        name for name in inspect.signature(function.function).parameters if name not in function.parameters
    ]
    options = record(value["options"], f"{key}.options", (), known)
    given = {name: unpacker.unpack(option, f"{key}.options.{name}") for name, option in options.items()}
    results = function.apply(inputs, given)
    # Of several results each is an item of the call.
    return node_of(results[0]).inputs[0] if isinstance(results, tuple) else node_of(results)


_SPECIAL: dict[str, Callable[[dict[str, Json], Sequence[Node], Unpacker, str], Node]] = {
    "const": _constant,
    "size": _size,
    "item": _item,
    "call": _calling,
}
