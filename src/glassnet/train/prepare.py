"""The user's arrays as a dataset that fits a network, or an error that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet import random
from glassnet.errors import InputError, ShapeError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.specs import Spec
from glassnet.train import checks
from glassnet.train.data import Dataset, batches, validation_split
from glassnet.train.memory import is_mapped

ClassWeight = Mapping[Any, float] | str | None

_EMBEDDING = "Raise the input_dim of Embedding, or number what it looks up from 0."


def prepare_inputs(network: Network, X: Any, where: str, stored: bool = False) -> tuple[np.ndarray, ...]:
    """One checked array per input, as it is ``stored`` if wanted; builds a network that saw no shape yet."""
    read = checks.as_stored if stored else checks.as_array
    several = len(network.input_specs) > 1
    given = list(X) if several and isinstance(X, list | tuple) else [X]
    if several and len(given) != len(network.input_specs):
        raise ShapeError(
            f"the model has {len(network.input_specs)} inputs; got {len(given)}.\nPass a list of arrays."
        )
    names = [f"X[{i}]" for i in range(len(given))] if several else ["X"]
    kinds = [spec.kind for spec in network.input_specs] or [network.input_kind()]
    arrays = tuple(
        checks.as_integers(x, name, where=where, fractions="which Embedding looks up.")
        if kind == "int"
        else read(x, name, where=where, dtype=network.dtype)
        for x, name, kind in zip(given, names, kinds, strict=True)
    )
    if not network.built:
        network.build((None, *arrays[0].shape[1:]))
    for array, spec, name in zip(arrays, network.input_specs, names, strict=True):
        if array.shape[1:] != spec.shape:
            one = f"\nOne example: {name}[None]." if array.shape == spec.shape else ""
            raise ShapeError(f"{name} has shape {array.shape}; the model takes {spec}.{one}")
        if spec.below is not None:
            checks.as_integers(array, name, where=where, below=spec.below, remedy=_EMBEDDING)
    checks.check_lengths(**dict(zip(names, arrays, strict=True)))
    return arrays


def prepare(
    network: Network,
    loss: Loss,
    X: Any,
    y: Any,
    where: str,
    sample_weight: Any = None,
    class_weight: ClassWeight = None,
    stored: bool = False,
    partial: bool = False,
) -> Dataset:
    """Inputs (as they are ``stored``, if wanted), targets as the loss wants them, and weights.

    ``partial`` data are followed by more: no error if only these lack a label, or all weight.
    """
    inputs = prepare_inputs(network, X, where, stored)
    numbers = checks.as_numbers(y, "y", where=where, dtype=network.dtype)
    targets = loss.targets(numbers, network.output_shape, network.dtype, where)
    checks.check_lengths(X=inputs[0], y=targets, sample_weight=sample_weight)
    weights = None
    if sample_weight is not None:
        weights = checks.check_sample_weight(sample_weight, len(targets), where, partial=partial)
    if class_weight is not None:
        factors = checks.class_weights(class_weight, labels_of(targets), partial=partial)
        weights = factors if weights is None else weights * factors
    return Dataset(inputs, targets, None if weights is None else weights.astype(network.dtype))


def labels_of(targets: np.ndarray) -> np.ndarray:
    """The class of each example: its label, its 0 or 1, or the likeliest of its distribution."""
    if targets.ndim == 1:
        return targets
    return targets[:, 0] if targets.shape[1] == 1 else targets.argmax(axis=1)


def as_floats(network: Network, data: Dataset) -> Dataset:
    """Data as NumPy programs take it: floats of the network's type."""
    pairs = zip(data.inputs, network.input_specs, strict=True)
    inputs = tuple(x if spec.kind == "int" else np.require(x, network.dtype, ["C"]) for x, spec in pairs)
    return replace(data, inputs=inputs)


def as_batches_of_floats(network: Network, data: Dataset) -> Dataset:
    """The same; of memory maps each batch is converted when it is taken, not everything at once."""
    mapped = [is_mapped(x) for x in data.inputs]
    if not any(mapped):
        return as_floats(network, data)
    specs = network.input_specs
    dtypes = tuple(
        x.dtype if spec.kind == "int" else network.dtype for x, spec in zip(data.inputs, specs, strict=True)
    )
    arrays = zip(data.inputs, mapped, dtypes, strict=True)
    inputs = tuple(x if is_map else np.require(x, dtype, ["C"]) for x, is_map, dtype in arrays)
    return replace(data, inputs=inputs, dtypes=dtypes)


def has_maps(X: Any) -> bool:
    """Whether an input is a memory map."""
    return any(map(is_mapped, X)) if isinstance(X, list | tuple) else is_mapped(X)


def target_spec(data: Dataset) -> Spec:
    """Shape and kind of the targets."""
    assert data.targets is not None
    return Spec(data.targets.shape[1:], "int" if data.targets.dtype.kind == "i" else "float")


def with_validation(
    network: Network, loss: Loss, data: Dataset, share: float, given: Any, stored: bool = False
) -> tuple[Dataset, Dataset | None]:
    """The training data, and what to validate with, if anything."""
    if given is not None:
        return data, validation_set(network, loss, given, stored)
    if not share:
        return data, None
    return validation_split(data, share, network.seed, stratify=are_classes(loss, data.targets))


def validation_set(network: Network, loss: Loss, given: Any, stored: bool) -> Dataset:
    """What the user gave to validate with."""
    if not isinstance(given, list | tuple) or len(given) not in (2, 3):
        raise InputError("validation_data must be (X, y) or (X, y, sample_weight).")
    X, y, weights = (*given, None)[:3]
    return prepare(network, loss, X, y, "validation_data", weights, stored=stored)


def are_classes(loss: Loss, targets: np.ndarray | None) -> bool:
    """Whether targets name classes: labels, one column of 0 and 1, or one-hot rows."""
    if targets is None:
        return False
    column = targets.shape[1:] in ((), (1,))
    if loss.task == "labels" or (loss.task == "binary" and column):
        return targets.dtype.kind == "i" or bool(((targets == 0) | (targets == 1)).all())
    return targets.dtype.kind == "i"


def example(network: Network, loss: Loss, rows: int) -> tuple[Any, np.ndarray]:
    """A few random examples that fit a network and its loss."""
    generator = random.parameter_generator(network.seed, "example")
    inputs = [_example_input(spec, rows, generator) for spec in network.input_specs]
    targets = loss.example_targets(generator, rows, network.output_shape)
    return inputs if len(inputs) > 1 else inputs[0], targets


def _example_input(spec: Spec, rows: int, generator: np.random.Generator) -> np.ndarray:
    if spec.kind == "int":
        return generator.integers(0, spec.below or 2, (rows, *spec.shape))
    return generator.standard_normal((rows, *spec.shape))


def parts(data: Dataset, batch_size: int) -> list[Dataset]:
    """The data in slices, in order."""
    return [
        data.slice(rows.start, rows.stop)
        for rows in batches(len(data), batch_size)
        if isinstance(rows, slice)
    ]
