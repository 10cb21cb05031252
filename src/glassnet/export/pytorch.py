"""PyTorch: the weights under the names that PyTorch's own layers give theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

import numpy as np

from glassnet.errors import InputError, InputTypeError
from glassnet.export.writing import write_bytes
from glassnet.files.format import Path
from glassnet.nn.activations import linear
from glassnet.nn.core import Dense
from glassnet.nn.layer import Layer
from glassnet.nn.norm import BatchNormalization
from glassnet.nn.registry import known_name
from glassnet.train.trainable import Trainable

KEYS = ("layers", "sequential")
# Our name of a weight → PyTorch's, in the layers that PyTorch has, too.
NAMES = {
    "Dense": {"kernel": "weight", "bias": "bias"},
    "DropConnect": {"kernel": "weight", "bias": "bias"},
    "BatchNormalization": {
        "gamma": "weight",
        "beta": "bias",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    },
    "LayerNormalization": {"gamma": "weight", "beta": "bias"},
    "GroupNormalization": {"gamma": "weight", "beta": "bias"},
    "RMSNormalization": {"scale": "weight"},
    "Embedding": {"embeddings": "weight"},
    "PReLU": {"alpha": "weight"},
}


@overload
def to_pytorch(thing: object, path: None = None, *, keys: str = "layers") -> dict[str, np.ndarray]: ...
@overload
def to_pytorch(thing: object, path: Path, *, keys: str = "layers") -> Path: ...
def to_pytorch(
    thing: object, path: Path | None = None, *, keys: str = "layers"
) -> dict[str, np.ndarray] | Path:
    """The weights as a PyTorch state: kernels as ``weight`` (out, in), statistics as ``running_mean``, ....

    Parameters
    ----------
    thing : Model or estimator
        Built, or fitted, with one network.
    path : str or path, optional
        By custom it ends with ``.safetensors``. An old file is replaced.
    keys : {"layers", "sequential"}, default "layers"
        What keys begin with: the layer's key (``"dense_1.weight"``), or its place in an ``nn.Sequential``
        (``"0.weight"``), in which each activation is a module of its own.

    Returns
    -------
    dict of str to ndarray, or path if there is one

    Raises
    ------
    InputTypeError, InputError, NotBuiltError
        What is given has no such state.
    ModelFileError
        The file cannot be written.

    Notes
    -----
    Load it with ``module.load_state_dict({k: torch.tensor(v) for k, v in state.items()})``, or from the file
    with ``safetensors.torch.load_file``. Weights of layers that PyTorch does not have keep their names and
    shapes. PyTorch's normalization layers need this package's ``eps``: 1e-3, where theirs is 1e-5.

    Examples
    --------
    >>> import glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(4, "relu"), gn.layers.Dense(2)])
    >>> model.build((None, 3))
    >>> {key: array.shape for key, array in gn.export.to_pytorch(model).items()}
    {'dense_1.weight': (4, 3), 'dense_1.bias': (4,), 'dense_2.weight': (2, 4), 'dense_2.bias': (2,)}
    >>> list(gn.export.to_pytorch(model, keys="sequential"))
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    known_name(keys, KEYS, "kind of keys")
    model = _network(thing)
    model.require_built("to_pytorch()")
    state = dict(_state(model, _places(model) if keys == "sequential" else {}))
    if path is None:
        return state
    from safetensors.numpy import save

    write_bytes(path, save(state, metadata={"format": "pt"}))
    return path


def _network(thing: Any) -> Trainable:
    """The one network of a model or an estimator."""
    if isinstance(thing, Trainable):
        return thing
    if getattr(thing, "estimators_", None):
        raise InputError(
            f"{type(thing).__name__} has {len(thing.estimators_) + 1} networks, a PyTorch state one.\n"
            "Export each: to_pytorch(estimator.model_), to_pytorch(estimator.estimators_[0].model_), ...."
        )
    found = getattr(thing, "model_", None)
    if isinstance(found, Trainable):
        return found
    raise InputTypeError(
        f"to_pytorch() takes a model or a fitted estimator of glassnet; got {type(thing).__name__}."
    )


def _places(model: Trainable) -> dict[str, str]:
    """Key of each layer → its place in an ``nn.Sequential``."""
    if not hasattr(model, "add"):  # as only a Sequential has
        raise InputError(
            'keys="sequential" needs a gn.Sequential; this model is made from gn.Input.\n'
            'Use keys="layers", and name the modules like the layers.'
        )
    places, place = {}, 0
    for layer in model.layers:
        places[layer.key] = str(place)
        place += 2 if isinstance(layer, Dense) and layer.activation is not linear else 1
    return places


def _state(model: Trainable, places: dict[str, str]) -> Iterator[tuple[str, np.ndarray]]:
    """Key and array, layer by layer."""
    for top in dict.fromkeys(model.layers):
        for layer in top.all_layers():
            start = places.get(top.key, top.key)
            prefix = start + layer.key.removeprefix(top.key)
            for name, array in _weights(layer, model.step):
                yield f"{prefix}.{name}", np.asarray(array, order="C")


def _weights(layer: Layer, step: int) -> Iterator[tuple[str, Any]]:
    names = NAMES.get(type(layer).__name__, {})
    if not isinstance(layer, BatchNormalization):
        for weight in layer.own_weights:
            yield names.get(weight.name, weight.name), _turned(layer, weight.name, np.asarray(weight.value))
        return
    found = {names[weight.name]: np.asarray(weight.value) for weight in layer.own_weights}
    if "weight" in found or "bias" in found:  # PyTorch has both or neither
        mean = found["running_mean"]
        yield "weight", found.get("weight", np.ones_like(mean))
        yield "bias", found.get("bias", np.zeros_like(mean))
    yield "running_mean", found["running_mean"]
    yield "running_var", found["running_var"]
    yield "num_batches_tracked", np.array(step, np.int64)


def _turned(layer: Layer, name: str, array: np.ndarray) -> np.ndarray:
    """A kernel (in, out) as PyTorch's (out, in)."""
    return array.T if isinstance(layer, Dense) and name == "kernel" else array
