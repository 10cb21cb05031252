"""Models as documents of a file: network, training, history; and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.files import architecture, packing, training, unpacking
from glassnet.files.packing import Json, Packer
from glassnet.files.refused import guarded, items, record, refuse, text, whole
from glassnet.files.unpacking import Unpacker
from glassnet.nn.metrics import get_all
from glassnet.train import graphs
from glassnet.train.backend import BACKENDS
from glassnet.train.history import History
from glassnet.train.trainable import Trainable

OTHERS = ("step", "epoch", "training", "history")


# ------------------------------------------------------------------------------------------ describing
def describe(model: Trainable, packer: Packer, key: str) -> dict[str, Json]:
    """A built model as JSON; its arrays go to the packer.

    Parameters
    ----------
    model : Trainable
    packer : Packer
    key : str

    Raises
    ------
    Refused
        Something in it cannot be stored.
    """
    network = architecture.describe(model, packer, key)
    described = None
    if model.loss_function is not None:
        given = {
            "optimizer": model.optimizer,
            "loss": model.loss_function,
            "metrics": model.metrics,
            "backend": model.backend,
            "target": model._target,
            "weighted": model._weighted,
        }
        slots = model._shelf.kept_slots()
        described = training.describe(given, slots, network["tensors"], packer, f"{key}.training")
    return {
        **network,
        "step": model.step,
        "epoch": model.epoch,
        "training": described,
        "history": None if model.history is None else packer.pack(model.history, f"{key}.history"),
    }


def describe_history(packer: Packer, history: History, key: str) -> Json:
    """A history as JSON."""
    return {
        "epoch": packer.pack(history.epoch, key),
        "history": {name: packer.pack(values, key) for name, values in history.history.items()},
        "params": {name: packer.pack(value, key) for name, value in history.params.items()},
    }


packing.EXTENSIONS[History] = ("history", describe_history)


# ------------------------------------------------------------------------------------------ making
def rebuild(value: Json, unpacker: Unpacker, key: str, make: dict[str, Callable[..., Any]]) -> Any:
    """The model that a description stands for.

    Parameters
    ----------
    value : dict
    unpacker : Unpacker
    key : str
    make : dict
        As for :func:`glassnet.files.architecture.rebuild`.
    """
    model: Trainable = architecture.rebuild(value, unpacker, key, make, OTHERS)
    if value["training"] is not None:
        _set_training(model, value, unpacker, f"{key}.training")
    model.step, model.epoch = whole(value["step"], f"{key}.step"), whole(value["epoch"], f"{key}.epoch")
    history = unpacker.unpack(value["history"], f"{key}.history")
    if not isinstance(history, History | None):
        refuse(f"{key}.history", "must be a history.")
    model.history = history
    return model


def _set_training(model: Trainable, value: dict[str, Json], unpacker: Unpacker, key: str) -> None:
    given = training.rebuild(value["training"], BACKENDS, unpacker, key)
    with guarded(f"{key}.metrics"):
        model.metrics = get_all(given["metrics"], (*graphs.RESERVED, *given["optimizer"].slots))
    model.optimizer, model.loss_function, model.backend = given["optimizer"], given["loss"], given["backend"]
    model._target, model._weighted = given["target"], given["weighted"]
    size = sum(math.prod(weight.shape) for weight in model.trained_weights())
    like = np.empty(size, model.dtype)
    names, prefix = value["training"]["slots"], value["tensors"]
    model._shelf.slots = training.slots(names, like, given["optimizer"], prefix, unpacker, key)


def rebuild_history(unpacker: Unpacker, value: Json, key: str) -> History:
    """A history from its description."""
    record(value, key, ("epoch", "history", "params"))
    history = History(_entries(value["params"], unpacker, f"{key}.params"))
    history.epoch = [whole(epoch, f"{key}.epoch") for epoch in items(value["epoch"], f"{key}.epoch")]
    for name, values in _entries(value["history"], unpacker, f"{key}.history").items():
        if len(items(values, f"{key}.{name}")) != len(history.epoch) or not all(
            isinstance(number, float) for number in values
        ):
            refuse(f"{key}.{name}", "must be one number for each epoch.")
        history.history[name] = values
    return history


def _entries(value: Json, unpacker: Unpacker, key: str) -> dict[str, Any]:
    record(value, key, (), value)
    return {text(name, key): unpacker.unpack(item, f"{key}.{name:.60}") for name, item in value.items()}


unpacking.EXTENSIONS["history"] = rebuild_history
