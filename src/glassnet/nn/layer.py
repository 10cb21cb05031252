"""The base of all layers."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassnet import random
from glassnet.errors import GlassnetError, InputError, ShapeError
from glassnet.graph.graph import input_node
from glassnet.graph.node import Node, intern, is_tracing, place
from glassnet.graph.ops import Kind
from glassnet.nn import constraints, initializers, regularizers
from glassnet.nn.context import NetworkTrace, Weight, network_trace, static_shape
from glassnet.nn.registry import snake_case
from glassnet.trace.tracer import TracedArray, node_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ -]{0,63}")
_calls = itertools.count(1)
InputShape = tuple[int | None, ...]


class Layer:
    """A function with weights.

    Subclasses write ``call`` in NumPy, and ``build`` if they have weights::

        class Scale(gn.Layer):
            def build(self, input_shape):
                self.scale = self.add_weight("scale", (input_shape[-1],), "ones")

            def call(self, x):
                return x * self.scale

    Parameters
    ----------
    name : str, optional
        The weights' keys begin with it; by default the class's name and a count: ``dense_1``.
    trainable : bool, default True
        False freezes the layer's weights.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> class Double(gn.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> Double()(np.array([1.0]))
    array([2.])
    """

    def __init__(self, name: str | None = None, trainable: bool = True) -> None:
        if name is not None and not _NAME.fullmatch(str(name)):
            raise InputError(
                f"layer name {name!r} cannot be used.\n"
                "Use letters, digits, '_', '-' and spaces, at most 64 characters."
            )
        self.name, self.trainable = name, bool(trainable)

    # What is kept per layer beside the subclass's own attributes; created on first use, so that a subclass
    # may forget super().__init__().
    name: str | None = None
    trainable: bool = True
    built: bool = False
    key: str = ""
    # What the layer takes as a model's first: "float", "int", or None for what the layer after it takes.
    input_kind: Kind | None = "float"

    @property
    def own_weights(self) -> list[Weight]:
        """The weights of this layer itself, in order of creation."""
        found: list[Weight] = self.__dict__.setdefault("_weights", [])
        return found

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any = "glorot_uniform",
        *,
        regularizer: Any = None,
        constraint: Any = None,
        trainable: bool = True,
        symbol: str | None = None,
    ) -> Weight:
        """Create a weight; usually in ``build``.

        Parameters
        ----------
        name : str
            The model's key is ``<layer>.<name>``.
        shape : tuple of int
        initializer : str, Initializer or callable
        regularizer, constraint : str, object or callable, optional
        trainable : bool, default True
            False for statistics; change them with ``weight.assign(...)`` in ``call``.
        symbol : str, optional
            The variable's name in printed programs.

        Returns
        -------
        Weight
            Use it like an array.
        """
        if any(weight.name == name for weight in self.own_weights):
            raise InputError(
                f"layer {type(self).__name__} already has a weight {name!r}; give each its own name."
            )
        weight = Weight(
            name,
            tuple(int(extent) for extent in shape),
            initializers.get(initializer),
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
            trainable=trainable,
            symbol=symbol,
        )
        self.own_weights.append(weight)
        return weight

    def build(self, input_shape: InputShape) -> None:
        """Create the weights for inputs of this shape; the first extent, the batch, is None.

        A layer that is called on a list of arrays gets a list of shapes.
        """

    def call(self, x: Any) -> Any:
        """The layer's function, in NumPy."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(self, x)")

    def title(self) -> str:
        """What printed programs and summaries say about the layer: ``Dense(10)``."""
        return type(self).__name__

    # ------------------------------------------------------------------------------------ machinery
    def sublayers(self) -> Iterator[tuple[str, Layer]]:
        """The layers kept in attributes, or in lists in attributes, with their names."""
        for attribute, value in vars(self).items():
            if isinstance(value, Layer):
                yield attribute, value
            elif isinstance(value, list | tuple):
                for i, item in enumerate(value):
                    if isinstance(item, Layer):
                        yield f"{attribute}_{i + 1}", item

    def all_layers(self) -> Iterator[Layer]:
        """The layer and all layers inside it."""
        yield self
        for _, layer in self.sublayers():
            yield from layer.all_layers()

    def weights(self) -> Iterator[tuple[Weight, bool]]:
        """All weights, and whether each is trained."""
        for weight in self.own_weights:
            yield weight, weight.trainable and self.trainable
        for _, layer in self.sublayers():
            for weight, trained in layer.weights():
                yield weight, trained and self.trainable

    def set_key(self, key: str) -> None:
        """Name the layer's weights after it."""
        self.key = key
        for weight in self.own_weights:
            weight.key = f"{key}.{weight.name}"
        for attribute, layer in self.sublayers():
            layer.set_key(f"{key}.{attribute}")

    def family(self) -> str:
        """The stem of automatic names: ``dense``."""
        return snake_case(type(self).__name__).lstrip("_")

    def build_once(self, input_shape: InputShape) -> None:
        """Build on the first call."""
        if not self.built:
            self.build(input_shape)
            self.built = True
            self.set_key(self.key or self.name or self.family())

    def unbuild(self) -> None:
        """Forget the weights, after a build that failed."""
        self.built = False
        self.own_weights.clear()

    def __repr__(self) -> str:
        return f"<layer {self.title()}>"

    def __call__(self, *inputs: Any) -> Any:
        """Apply the layer: inside a network, to ``gn.Input``, or to plain arrays (as in prediction).

        Several inputs may come as a list, as in Keras: ``layers.Add()([a, b])``.
        """
        if len(inputs) == 1 and isinstance(inputs[0], list | tuple) and _holds_arrays(inputs[0]):
            inputs = tuple(inputs[0])
        if network_trace() is not None:
            return self._traced(*inputs)
        if any(isinstance(x, TracedArray) for x in inputs):
            if is_tracing():
                raise GlassnetError(
                    "layers work inside models; gn.grad and gn.trace take plain NumPy functions."
                )
            return self._symbolic(*inputs)
        return self._eager(*inputs)

    def _traced(self, *inputs: Any) -> Any:
        trace = network_trace()
        assert trace is not None
        arrays = tuple(TracedArray(node_of(x)) for x in inputs)
        self._build_for(arrays)
        trace.layer_inputs.setdefault(self.key, []).append(arrays[0].node)
        declare_weights(self, trace)
        with place(scope=self.key):
            node = self._answer(arrays, trace.training)
            if node.label.name is None and node.op not in ("input", "const", "size"):
                node.label.name = "h"
            self.penalize_activity(trace, node)
        trace.layer_outputs[self.key] = node
        return TracedArray(node)

    def penalize_activity(self, trace: NetworkTrace, output: Node) -> None:
        """Add the activity penalty, the mean over the examples, if the layer has one."""
        regularizer = getattr(self, "activity_regularizer", None)
        if regularizer is not None:
            # Made when a loss wants it, and there.
            trace.penalties.append((self.key, lambda: regularizer(TracedArray(output)) / output.shape[0]))

    def _answer(self, arrays: tuple[Any, ...], training: bool) -> Node:
        """What ``call`` answers, as a node."""
        result = self._run(arrays, training)
        if result is None:
            raise InputError(f"{type(self).__name__}.call() answered None; end it with return.")
        return node_of(result)

    def _run(self, arrays: tuple[Any, ...], training: bool) -> Any:
        options = {"training": training} if "training" in inspect.signature(self.call).parameters else {}
        given = (list(arrays),) if self._takes_list(len(arrays)) else arrays
        return self.call(*given, **options)

    def _takes_list(self, count: int) -> bool:
        """Whether ``call`` takes several arrays as one list, as Keras's layers do."""
        accepts = inspect.signature(self.call).parameters.values()
        places = [p for p in accepts if p.name != "training" and p.kind is not p.KEYWORD_ONLY]
        return count > 1 and len(places) == 1 and places[0].kind is not places[0].VAR_POSITIONAL

    def _build_for(self, arrays: Sequence[Any]) -> None:
        try:
            self._build_with([static_shape(x.shape) for x in arrays])
        except ShapeError as error:
            raise ShapeError(f"layer {self.key or self.family()}: {error}") from None

    def _build_with(self, shapes: list[InputShape]) -> None:
        self.build_once(shapes if self._takes_list(len(shapes)) else shapes[0])  # type: ignore[arg-type]

    def _symbolic(self, *inputs: Any) -> TracedArray:
        nodes = tuple(node_of(x) for x in inputs)
        self._build_for(nodes)
        trace = NetworkTrace(training=False)
        with trace:
            holders = tuple(input_node(f"input_{i}", node.shape, node.kind) for i, node in enumerate(nodes))
            declare_weights(self, trace)
            result = self._answer(tuple(map(TracedArray, holders)), False)
            attrs = {"layer": self, "training": False, "shape": result.shape, "kind": result.kind}
        # Two calls stay two, also on the same input: dropout draws a mask for each.
        return TracedArray(intern("apply", nodes, {**attrs, "call": next(_calls)}))

    def _eager(self, *inputs: Any) -> Any:
        arrays = tuple(np.asarray(x) for x in inputs)
        self._build_with([(None, *x.shape[1:]) for x in arrays])
        for weight, _ in self.weights():
            if weight.value is None:
                weight.initialize(random.parameter_generator(0, weight.key), float)
        return self._run(arrays, False)


def _holds_arrays(values: Sequence[Any]) -> bool:
    """Whether a list is one of several inputs, rather than one array written as a list."""
    return any(isinstance(value, TracedArray | np.ndarray) for value in values)


def declare_weights(layer: Layer, trace: NetworkTrace) -> None:
    """Make an input node for each weight that the trace has not bound yet."""
    for weight in layer.own_weights:
        if weight not in trace.bound:
            with place(scope=layer.key):
                trace.bound[weight] = TracedArray(trace.bind(weight))
