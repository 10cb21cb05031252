"""A network: layers put together, with their weights, before anybody speaks of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from glassnet import random
from glassnet.errors import InputError, InputTypeError, NotBuiltError, ShapeError, UnknownNameError, suggest
from glassnet.graph.dims import N, Shape
from glassnet.graph.graph import input_node
from glassnet.graph.node import Node
from glassnet.graph.ops import Kind
from glassnet.nn import symbolic
from glassnet.nn.context import NetworkTrace, Weight
from glassnet.nn.layer import Layer
from glassnet.nn.sizes import whole_number
from glassnet.nn.specs import Spec
from glassnet.nn.summary import summary_text
from glassnet.trace.tracer import TracedArray, node_of

DTYPES = ("float32", "float64")
# Takes the weights, still without values, and the shape of each layer's output; may give the weights values.
Fill = Callable[[list[Weight], dict[str, Shape]], None]


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """``float32`` or ``float64``, or an error."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.name not in DTYPES:
        raise InputError(f"dtype must be 'float32' or 'float64'; got {dtype!r}.")
    return found


def checked_seed(seed: Any) -> int:
    """A seed that every backend's 32-bit hash can take, or an error."""
    number = seed if isinstance(seed, int | np.integer) and not isinstance(seed, bool) else -1
    if not 0 <= number < 2**32:
        raise InputError(f"seed must be a whole number from 0 to {2**32 - 1}; got {seed!r}.")
    return int(number)


class Network:
    """Layers, their weights, and the function they make up.

    Attributes
    ----------
    layers : list of Layer
    seed : int
    dtype : numpy.dtype
    input_specs : tuple of Spec
        Empty until the network is built.
    output_shape : tuple of int
        Of one example.
    """

    def __init__(self, layers: Iterable[Layer], seed: int, dtype: str) -> None:
        self.layers = list(layers)
        self.seed, self.dtype = checked_seed(seed), float_dtype(dtype)
        self.input_specs: tuple[Spec, ...] = ()
        self.output_shape: tuple[int, ...] = ()

    def forward(self, *inputs: Any) -> Any:
        """The network's function, on traced arrays."""
        raise NotImplementedError

    def input_kind(self) -> Kind:
        """The kind of numbers that the first layer takes."""
        return next((layer.input_kind for layer in self.layers if layer.input_kind is not None), "float")

    # ------------------------------------------------------------------------------------ building
    @property
    def built(self) -> bool:
        """Whether the input shape is known and the weights exist."""
        return bool(self.input_specs)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Create the weights.

        Parameters
        ----------
        input_shape : tuple of int or None
            With None for the batch: ``(None, 784)``. Not needed for a model made from ``gn.Input``.

        Raises
        ------
        NotBuiltError
            A shape is needed and not given.
        ShapeError
            A layer does not fit; it is named.
        """
        if self.built:
            return
        given = input_shape if isinstance(input_shape, list | tuple) else ()
        if not given or any(extent is None for extent in given[1:]):
            raise NotBuiltError(
                f"build() needs the shape of the inputs, such as (None, 784); got {input_shape!r}."
            )
        extents = tuple(whole_number(e, "input_shape", "build()") for e in given[1:])
        fresh = [layer for top in self.layers for layer in top.all_layers() if not layer.built]
        try:
            self._set_specs([Spec(extents, self.input_kind())])
        except Exception:
            for layer in fresh:  # so that the next try may have another shape
                layer.unbuild()
            raise

    def _set_specs(self, specs: Sequence[Spec], fill: Fill | None = None) -> None:
        self._name_layers()
        shape, trace, inputs = self._trace(specs)
        if not shape or shape[0] != N:
            raise ShapeError(f"the network answers shape {shape}: the first extent must be the batch n.")
        self._name_layers()  # again: layers inside layers exist only now
        if fill is not None:
            fill([weight for weight, _ in self.weights()], trace.output_shapes)
        for weight, _ in self.weights():
            if weight.value is None:
                weight.initialize(random.parameter_generator(self.seed, weight.key), self.dtype)
            weight.value = np.asarray(weight.value, self.dtype)
        self.output_shape = tuple(extent for extent in shape[1:] if isinstance(extent, int))
        limits = map(trace.limits.get, inputs)
        self.input_specs = tuple(replace(s, below=below) for s, below in zip(specs, limits, strict=True))

    def _trace(self, specs: Sequence[Spec]) -> tuple[Shape, NetworkTrace, list[Node]]:
        """Run the network on symbolic inputs: its output's shape, the trace, the inputs."""
        trace = NetworkTrace(training=False)
        with trace:
            inputs = [input_node(f"x{i}", spec.batch, spec.kind) for i, spec in enumerate(specs)]
            output = node_of(self.forward(*map(TracedArray, inputs)))
        return output.shape, trace, inputs

    def _name_layers(self) -> None:
        counts: dict[str, int] = {}
        keys: set[str] = set()
        for layer in dict.fromkeys(self.layers):
            family = layer.family()
            counts[family] = counts.get(family, 0) + (layer.name is None)
            key = layer.name or f"{family}_{counts[family]}"
            if key in keys:
                raise InputError(f"two layers are called {key!r}; give each layer its own name.")
            keys.add(key)
            layer.set_key(key)

    def require_built(self, what: str) -> None:
        """An error if the input shape is not known yet."""
        if not self.built:
            raise NotBuiltError(
                f"{what} needs a built model, and this one has not seen an input shape yet.\n"
                "Call model.build((None, features)) or model.fit(X, y) first."
            )

    # ------------------------------------------------------------------------------------ parameters
    def weights(self) -> list[tuple[Weight, bool]]:
        """All weights in the order of the layers, and whether each is trained."""
        found: dict[Weight, bool] = {}
        for layer in self.layers:
            for weight, trained in layer.weights():
                found[weight] = found.get(weight, True) and trained  # if shared: frozen if either is
        return list(found.items())

    def trained_weights(self) -> list[Weight]:
        """The weights that training changes."""
        return [weight for weight, trained in self.weights() if trained]

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """Key → array, in the order of the layers; the arrays themselves, not copies."""
        self.require_built("parameters")
        return {weight.key: np.asarray(weight.value) for weight, _ in self.weights() if weight.trainable}

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Key → array of the statistics that are not trained."""
        self.require_built("state")
        return {weight.key: np.asarray(weight.value) for weight, _ in self.weights() if not weight.trainable}

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Give parameters or statistics new values.

        Parameters
        ----------
        values : mapping of str to array
            Keys of :attr:`parameters` or :attr:`state`; those not named stay as they are.

        Raises
        ------
        UnknownNameError
            A key that the model does not have.
        InputTypeError
            Something that is not an array of numbers.
        ShapeError
            An array of another shape. Nothing is changed then.
        """
        self.require_built("set_parameters()")
        if not isinstance(values, Mapping):
            raise InputTypeError(
                "set_parameters() takes a dict of arrays, such as model.parameters; "
                f"got an object of type {type(values).__name__}."
            )
        known = {weight.key: weight for weight, _ in self.weights()}
        arrays: dict[str, np.ndarray] = {}
        for key, value in values.items():
            if key not in known:
                raise UnknownNameError(f"the model has no parameter {key!r}. {suggest(key, known)}")
            try:
                arrays[key] = np.array(value, self.dtype)
            except (TypeError, ValueError):
                raise InputTypeError(f"parameter {key!r} needs an array of numbers; got {value!r}.") from None
            if arrays[key].shape != known[key].shape:
                raise ShapeError(f"parameter {key!r} has shape {known[key].shape}; got {arrays[key].shape}.")
        for key, array in arrays.items():
            known[key].value = array

    def count_params(self) -> int:
        """The number of trainable numbers.

        Returns
        -------
        int
        """
        return sum(array.size for array in self.parameters.values())

    def get_snapshot(self) -> Any:
        """A copy of parameters and statistics, to be handed to :meth:`set_snapshot`."""
        return {weight.key: np.array(weight.value) for weight, _ in self.weights()}

    def set_snapshot(self, snapshot: Any) -> None:
        """Back to a snapshot."""
        self.set_parameters(snapshot)

    def astype(self, dtype: str) -> Self:
        """Change the float type of the model's arrays, in place.

        Parameters
        ----------
        dtype : {"float32", "float64"}

        Returns
        -------
        Model
            Itself.
        """
        self.dtype = float_dtype(dtype)
        for weight, _ in self.weights():
            weight.value = None if weight.value is None else weight.value.astype(self.dtype)
        return self

    def summary(self) -> None:
        """Print the layers with their output shapes and numbers of parameters.

        The input is not counted as a layer: 3-4-2 is a 2-layer network.
        """
        print(self.summary_text())

    def summary_text(self) -> str:
        """What :meth:`summary` prints.

        Returns
        -------
        str
        """
        shapes = self._trace(self.input_specs)[1].output_shapes if self.built else {}
        fixed = sum(math.prod(weight.shape) for weight, trained in self.weights() if not trained)
        return summary_text(list(dict.fromkeys(self.layers)), self.input_specs, shapes, fixed)


class FunctionalNetwork(Network):
    """What layers and NumPy made of ``gn.Input``."""

    def __init__(self, inputs: Any, outputs: Any, seed: int, dtype: str, fill: Fill | None = None) -> None:
        self._inputs = symbolic.symbolic_inputs(inputs)
        if not isinstance(outputs, TracedArray):
            raise InputError(
                f"Model(inputs, outputs): outputs must be one symbolic array; got {type(outputs).__name__}."
            )
        self._output = node_of(outputs)
        symbolic.check_connected(self._output, self._inputs)
        Network.__init__(self, symbolic.layers_of(self._output), seed, dtype)
        self._set_specs(
            [Spec(tuple(e for e in x.shape[1:] if isinstance(e, int)), x.kind) for x in self._inputs], fill
        )

    def forward(self, *inputs: Any) -> Any:
        return symbolic.replay(self._output, self._inputs, inputs)
