"""How a network is trained, as JSON and back: optimizer, loss, metrics, and what the optimizer remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.files import refused
from glassnet.files.packing import Json, Packer
from glassnet.files.refused import extents, flag, guarded, items, record, refuse, shown
from glassnet.files.unpacking import Unpacker
from glassnet.nn.losses import Loss
from glassnet.nn.metrics import Metric
from glassnet.nn.specs import Spec
from glassnet.optim.optimizers import Optimizer

KEYS = ("optimizer", "loss", "metrics", "backend", "target", "weighted", "slots")


def describe(
    training: Mapping[str, Any], slots: Mapping[str, np.ndarray], prefix: str, packer: Packer, key: str
) -> dict[str, Json]:
    """The arguments of ``compile``, the last targets' form, and the optimizer's arrays.

    Parameters
    ----------
    training : mapping
        ``"optimizer"``, ``"loss"``, ``"metrics"``, ``"backend"``, ``"target"`` and ``"weighted"``.
    slots : mapping of str to ndarray
    prefix : str
        What the tensors' names begin with.
    packer : Packer
    key : str
    """
    for name, array in slots.items():
        packer.arrays[_slot(prefix, name)] = array
    target = training["target"]
    return {
        "optimizer": packer.pack(training["optimizer"], f"{key}.optimizer"),
        "loss": packer.pack(training["loss"], f"{key}.loss"),
        "metrics": packer.pack(list(training["metrics"]), f"{key}.metrics"),
        "backend": training["backend"],
        "target": None if target is None else {"shape": list(target.shape), "kind": target.kind},
        "weighted": training["weighted"],
        "slots": list(slots),
    }


def _slot(prefix: str, name: str) -> str:
    return f"{prefix}optimizer/{name}"


def rebuild(value: Json, backends: Sequence[str], unpacker: Unpacker, key: str) -> dict[str, Any]:
    """What :func:`describe` was given, but for the optimizer's arrays.

    Raises
    ------
    Refused
        Anything else.
    """
    record(value, key, KEYS)
    return {
        "optimizer": _an(Optimizer, value["optimizer"], unpacker, f"{key}.optimizer"),
        "loss": _an(Loss, value["loss"], unpacker, f"{key}.loss"),
        "metrics": [
            _an(Metric, item, unpacker, f"{key}.metrics[{i}]")
            for i, item in enumerate(items(value["metrics"], f"{key}.metrics"))
        ],
        "backend": refused.one_of(value["backend"], f"{key}.backend", backends),
        "target": _target(value["target"], f"{key}.target"),
        "weighted": flag(value["weighted"], f"{key}.weighted"),
    }


def _an(wanted: type, value: Json, unpacker: Unpacker, key: str) -> Any:
    found = unpacker.unpack(value, key)
    if not isinstance(found, wanted):
        refuse(key, f"must be a {wanted.__name__.lower()}; got {shown(found)}.")
    return found


def _target(value: Json, key: str) -> Spec | None:
    if value is None:
        return None
    record(value, key, ("shape", "kind"))
    kind = refused.one_of(value["kind"], f"{key}.kind", ("int", "float"))
    return Spec(extents(value["shape"], f"{key}.shape"), "int" if kind == "int" else "float")


def slots(
    value: Json, like: np.ndarray, optimizer: Optimizer, prefix: str, unpacker: Unpacker, key: str
) -> dict[str, np.ndarray]:
    """The optimizer's arrays.

    Parameters
    ----------
    value : list of str
        Their names.
    like : ndarray
        A vector as long as all trained weights together, of the model's type.
    optimizer : Optimizer
    prefix : str
        What the tensors' names begin with.
    unpacker : Unpacker
    key : str

    Raises
    ------
    Refused
        Other names than the optimizer's, or arrays of another shape or type.
    """
    names = [refused.text(name, f"{key}.slots") for name in items(value, f"{key}.slots")]
    if names and names != list(optimizer.slots):
        refuse(f"{key}.slots", f"must be {list(optimizer.slots)}; got {shown(names)}.")
    found = {}
    for name in names:
        array = unpacker.tensor(_slot(prefix, name), f"{key}.slots")
        with guarded(f"{key}.slots"):
            shape = optimizer.slot_shape(name, like.shape)
        if array.shape != shape or array.dtype != like.dtype:
            seen = f"{array.dtype} of shape {array.shape}"
            refuse(
                f"tensor {shown(_slot(prefix, name))}", f"is {seen}; expected {like.dtype} of shape {shape}."
            )
        found[name] = array
    return found
