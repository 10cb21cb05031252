"""Networks as JSON and back: the layers, and how they are put together.

A ``Sequential`` is an order of layers; a ``Model`` a list of operations, of which applying a layer is one.
Weights are tensors by their keys; a network that is read takes its weights from there and draws none, so
that a small file can never ask for much memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from glassnet.files import operations, refused
from glassnet.files.packing import Json, Packer
from glassnet.files.refused import extents, guarded, items, record, refuse, shown, text, whole
from glassnet.files.unpacking import Unpacker
from glassnet.graph.dims import Shape
from glassnet.graph.node import Node, topological
from glassnet.nn.adaptable import Preprocessing
from glassnet.nn.context import Weight
from glassnet.nn.layer import Layer
from glassnet.nn.network import DTYPES, Fill, FunctionalNetwork, Network
from glassnet.nn.symbolic import Input
from glassnet.trace.tracer import TracedArray, node_of

MAX_PARTS = 20_000  # layers, and operations
_NETWORK = ("class", "seed", "dtype", "tensors", "layers", "frozen", "adapted")
_OWN = {"Sequential": ("order", "input_shape"), "Model": ("inputs", "operations", "output")}
KEYS = {kind: (*_NETWORK, *own) for kind, own in _OWN.items()}


# ------------------------------------------------------------------------------------------ describing
def describe(network: Network, packer: Packer, key: str) -> dict[str, Json]:
    """A built network as JSON, its weights in the packer's arrays.

    Parameters
    ----------
    network : Network
    packer : Packer
    key : str
        Where it stands, for messages.

    Raises
    ------
    Refused
        Something in it cannot be stored.
    """
    unique = list(dict.fromkeys(network.layers))
    layers = [packer.pack(layer, f"{key}.layers[{i}]") for i, layer in enumerate(unique)]
    inner = list(_paths(unique))
    prefix = packer.prefix()
    for weight, _ in network.weights():
        packer.arrays[f"{prefix}{weight.key}"] = np.asarray(weight.value)
    functional = isinstance(network, FunctionalNetwork) and hasattr(network, "_output")
    put_together = _functional(network, unique, packer, key) if functional else _sequential(network, unique)
    return {
        "class": "Model" if functional else "Sequential",
        "seed": network.seed,
        "dtype": network.dtype.name,
        "tensors": prefix,
        "layers": layers,
        "frozen": [path for path, layer in inner if not layer.trainable],
        "adapted": [path for path, layer in inner if isinstance(layer, Preprocessing) and layer.known],
        **put_together,
    }


def _paths(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Every layer with its place: ``"0"``, ``"0.inner"``."""
    for i, layer in enumerate(layers):
        yield from _inside(str(i), layer)


def _inside(path: str, layer: Layer) -> Iterator[tuple[str, Layer]]:
    yield path, layer
    for attribute, sublayer in layer.sublayers():
        yield from _inside(f"{path}.{attribute}", sublayer)


def _sequential(network: Network, layers: list[Layer]) -> dict[str, Json]:
    order = [_index(layer, layers) for layer in network.layers]
    return {"order": order, "input_shape": list(network.input_specs[0].shape)}


def _index(layer: Layer, layers: Sequence[Layer]) -> int:
    return next(i for i, known in enumerate(layers) if known is layer)


def _functional(network: Any, layers: list[Layer], packer: Packer, key: str) -> dict[str, Json]:
    nodes = _in_order(topological([network._output, *network._inputs]))
    numbers = {node: i for i, node in enumerate(nodes)}
    described = [
        _operation(node, numbers, layers, packer, f"{key}.operations[{i}]") for i, node in enumerate(nodes)
    ]
    return {
        "inputs": [numbers[node] for node in network._inputs],
        "operations": described,
        "output": numbers[network._output],
    }


def _in_order(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with each constant right before its first user.

    Models share constants, which may be far older than the model: the order must not depend on that.
    """
    ordered: dict[Node, None] = {}
    constants: set[Node] = set()
    for node in nodes:
        if node.op != "input" and constants.issuperset(node.inputs):
            constants.add(node)
        else:
            _put(node, constants, ordered)
    return list(ordered)


def _put(node: Node, constants: set[Node], ordered: dict[Node, None]) -> None:
    for x in node.inputs:
        if x in constants and x not in ordered:
            _put(x, constants, ordered)
    ordered[node] = None


def _operation(
    node: Node, numbers: dict[Node, int], layers: list[Layer], packer: Packer, key: str
) -> dict[str, Json]:
    if node.op == "input":
        return {"op": "input", "shape": list(node.shape[1:]), "kind": node.kind}
    if node.op == "apply":
        inputs = [numbers[x] for x in node.inputs]
        return {"op": "apply", "inputs": inputs, "layer": _index(node.attrs["layer"], layers)}
    return operations.describe(node, numbers, packer, key)


# ------------------------------------------------------------------------------------------ making
def rebuild(
    value: Json, unpacker: Unpacker, key: str, make: dict[str, Callable[..., Any]], others: Sequence[str] = ()
) -> Any:
    """The network that a description stands for.

    Parameters
    ----------
    value : dict
    unpacker : Unpacker
    key : str
    make : dict
        ``"Sequential"`` → a function of (layers, seed, dtype, input_shape, fill), ``"Model"`` → one of
        (inputs, output, seed, dtype, fill).
    others : sequence of str
        Keys of the description that are not this function's concern.

    Raises
    ------
    Refused
        Anything that is not a network, or whose weights are not the file's tensors.
    """
    kind = refused.one_of(record(value, key, ("class",), value)["class"], f"{key}.class", KEYS)
    record(value, key, (*KEYS[kind], *others))
    layers = _layers(value["layers"], unpacker, f"{key}.layers")
    seed = whole(value["seed"], f"{key}.seed", below=2**32)
    dtype = refused.one_of(value["dtype"], f"{key}.dtype", DTYPES)
    fill = _filling(unpacker, text(value["tensors"], f"{key}.tensors"), np.dtype(dtype), key)
    parts = _sequence(value, layers, key) if kind == "Sequential" else _graph(value, layers, unpacker, key)
    with guarded(key):
        network = make[kind](*parts, seed, dtype, fill)
    if list(dict.fromkeys(network.layers)) != layers:
        refuse(f"{key}.layers", "are not the layers that the network uses, in order of their use.")
    _set_flags(value, dict(_paths(layers)), key)
    return network


def _layers(value: Json, unpacker: Unpacker, key: str) -> list[Layer]:
    found = [unpacker.layer(item, f"{key}[{i}]") for i, item in enumerate(items(value, key))]
    if not 0 < len(found) <= MAX_PARTS:
        refuse(key, f"are {len(found):,}; 1 to {MAX_PARTS:,} are allowed.")
    return found


def _filling(unpacker: Unpacker, prefix: str, dtype: np.dtype[Any], key: str) -> Fill:
    """Gives the weights the file's tensors."""

    def fill(weights: list[Weight], shapes: dict[str, Shape]) -> None:
        for name, shape in shapes.items():
            operations.check_size(shape, f"{key}: the layer {shown(name)}")
        for weight in weights:
            array = unpacker.tensor(f"{prefix}{weight.key}", key)
            if array.shape != weight.shape or array.dtype != dtype:
                found = f"{array.dtype} of shape {array.shape}"
                refuse(
                    f"tensor {shown(prefix + weight.key)}",
                    f"is {found}; expected {dtype} of shape {weight.shape}.",
                )
            weight.value = array

    return fill


def _sequence(value: dict[str, Json], layers: list[Layer], key: str) -> tuple[Any, ...]:
    """The layers in order, and the shape of one example."""
    order = [whole(i, f"{key}.order", below=len(layers)) for i in items(value["order"], f"{key}.order")]
    if len(order) > MAX_PARTS:
        refuse(f"{key}.order", f"has {len(order):,} entries; at most {MAX_PARTS:,} are allowed.")
    shape = extents(value["input_shape"], f"{key}.input_shape")
    operations.check_size(shape, f"{key}.input_shape")
    return [layers[i] for i in order], shape


def _graph(value: dict[str, Json], layers: list[Layer], unpacker: Unpacker, key: str) -> tuple[Any, ...]:
    """The inputs and the output, as symbolic arrays."""
    described = items(value["operations"], f"{key}.operations")
    if len(described) > MAX_PARTS:
        refuse(f"{key}.operations", f"are {len(described):,}; at most {MAX_PARTS:,} are allowed.")
    nodes: list[Node] = []
    for i, operation in enumerate(described):
        nodes.append(_node(operation, nodes, layers, unpacker, f"{key}.operations[{i}]"))
    inputs = operations.chosen(value["inputs"], nodes, f"{key}.inputs")
    output = nodes[whole(value["output"], f"{key}.output", below=len(nodes))]
    return [TracedArray(node) for node in inputs], TracedArray(output)


def _node(value: Json, nodes: list[Node], layers: list[Layer], unpacker: Unpacker, key: str) -> Node:
    operation = record(value, key, ("op",), value)
    if operation["op"] == "input":
        return _input(record(operation, key, ("op", "shape", "kind")), key)
    if operation["op"] != "apply":
        return operations.rebuild(operation, nodes, unpacker, key)
    record(operation, key, ("op", "inputs", "layer"))
    layer = layers[whole(operation["layer"], f"{key}.layer", below=len(layers))]
    arrays = [TracedArray(node) for node in operations.chosen(operation["inputs"], nodes, f"{key}.inputs")]
    with guarded(key):
        node = node_of(layer(*arrays))
    operations.check_size(node.shape, key)
    return node


def _input(value: dict[str, Json], key: str) -> Node:
    shape = extents(value["shape"], f"{key}.shape")
    operations.check_size(shape, f"{key}.shape")
    kind = refused.one_of(value["kind"], f"{key}.kind", ("float", "int"))
    with guarded(key):
        return Input(shape, dtype="int32" if kind == "int" else None).node


def _set_flags(value: dict[str, Json], layers: dict[str, Layer], key: str) -> None:
    """Freeze layers, and say which know their statistics."""
    for path in _known_paths(value["frozen"], layers, f"{key}.frozen"):
        layers[path].trainable = False
    for path in _known_paths(value["adapted"], layers, f"{key}.adapted"):
        layer = layers[path]
        if not isinstance(layer, Preprocessing):
            refuse(f"{key}.adapted", f"names {shown(path)}, a layer without statistics.")
        layer.known = True


def _known_paths(value: Json, layers: dict[str, Layer], key: str) -> list[str]:
    found = [refused.one_of(path, key, layers) for path in items(value, key)]
    if len(set(found)) < len(found):
        refuse(key, "names a layer twice.")
    return found
