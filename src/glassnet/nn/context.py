"""What a layer can ask while its network is traced: weights, hyper-parameters, randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import GlassnetError, InputError
from glassnet.graph.dims import Shape
from glassnet.graph.graph import Place, input_node
from glassnet.graph.node import Node, current
from glassnet.trace.names import unused
from glassnet.trace.numpy_api import random_uniform_of
from glassnet.trace.tracer import Late, Trace, TracedArray, node_of


class NetworkTrace(Trace):
    """A trace in which layers run.

    Parameters
    ----------
    training : bool
        Whether dropout drops and statistics move.
    sampling : bool, default False
        Whether dropout and noise are drawn in prediction, too.

    Attributes
    ----------
    bound : dict
        Weight → the traced array that stands for it.
    updates : dict
        Weight → the node of its new value (running statistics).
    hypers : dict
        Place of each hyper-parameter → the (object, attribute) it is read from.
    penalties : list
        For each call of a layer with an activity regularizer its key, and what makes the penalty.
    bind : callable
        Weight → the node that stands for it, called when its layer first runs.
    """

    def __init__(self, training: bool, reserved: tuple[str, ...] = (), sampling: bool = False) -> None:
        super().__init__(reserved)
        self.training, self.sampling = training, sampling
        self.bound: dict[Weight, TracedArray] = {}
        self.updates: dict[Weight, Node] = {}
        self.hypers: dict[Place, tuple[Any, str]] = {}
        self.hyper_nodes: dict[tuple[int, str], Node] = {}
        self.comments: dict[Place, list[str]] = {}
        self.note = ""
        self.bind: Callable[[Weight], Node] = _dictionary_entry
        self.penalties: list[tuple[str, Callable[[], Any]]] = []
        self.layer_outputs: dict[str, Node] = {}
        self.layer_inputs: dict[str, list[Node]] = {}
        self.limits: dict[Node, int] = {}
        self.sites = 0
        self.seed: Node | None = None
        self.step: Node | None = None

    @property
    def output_shapes(self) -> dict[str, Shape]:
        """Key of each layer → the shape of its output."""
        return {key: node.shape for key, node in self.layer_outputs.items()}

    def hyper(self, owner: Any, attribute: str, name: str) -> TracedArray:
        """The input node for ``owner.attribute``; the same for the same object."""
        key = (id(owner), attribute)
        if key not in self.hyper_nodes:
            taken = {place[1] for place in self.hypers} | self.reserved
            unique = unused(name, taken)
            place = ("hyper", unique)
            self.hyper_nodes[key] = input_node(unique, (), "weak_float", place)
            self.hypers[place] = (owner, attribute)
        place = self.hyper_nodes[key].attrs["place"]
        comments = self.comments.setdefault(place, [])
        comments += [note] if (note := self.note or self.scope) not in comments else []
        return TracedArray(self.hyper_nodes[key])

    def random(self, shape: Shape) -> TracedArray:
        """Uniform numbers for this place in the network."""
        self.sites += 1
        if self.seed is None or self.step is None:
            self.seed = input_node("seed", (), "weak_int")
            self.step = self.step or input_node("t", (), "weak_int")
        return random_uniform_of(TracedArray(self.seed), TracedArray(self.step), self.sites, shape)

    def limit(self, array: Any, below: int) -> None:
        """Remember that an input holds whole numbers from 0 to ``below - 1``, if ``array`` is one."""
        node = node_of(array)
        while node.op in ("reshape", "transpose", "slice"):
            node = node.inputs[0]
        if node.op == "input":
            self.limits[node] = min(below, self.limits.get(node, below))


def _dictionary_entry(weight: Weight) -> Node:
    container = "parameters" if weight.trainable else "state"
    return input_node(weight.symbol, weight.shape, "float", (container, weight.key))


def network_trace() -> NetworkTrace | None:
    """The network being traced, if any."""
    builder = current()
    return builder if isinstance(builder, NetworkTrace) else None


def hyper(owner: Any, attribute: str, name: str | None = None) -> Any:
    """``owner.attribute`` as a hyper-parameter: an input of the program, a plain number outside a trace.

    Parameters
    ----------
    owner : object
        The layer, regularizer, constraint or optimizer.
    attribute : str
    name : str, optional
        Its name at the top of the printed program; the attribute's by default.
    """
    trace = network_trace()
    return getattr(owner, attribute) if trace is None else trace.hyper(owner, attribute, name or attribute)


def random_uniform(like: Any, noise_shape: tuple[int | None, ...] | None = None) -> Any:
    """Uniform numbers in the shape of ``like``, a pure function of (seed, step, place, element).

    Parameters
    ----------
    like : array
    noise_shape : tuple of int, optional
        Another shape that broadcasts with it; None stands for the extent of ``like``.

    Raises
    ------
    GlassnetError
        Outside a network: there is no step to draw for.
    """
    trace = network_trace()
    if trace is None:
        raise GlassnetError("random numbers can be drawn only inside a network's training step.")
    shape = node_of(like).shape
    chosen = noise_shape or (None,) * len(shape)
    return trace.random(
        tuple(own if given is None else given for own, given in zip(shape, chosen, strict=True))
    )


class Weight(np.lib.mixins.NDArrayOperatorsMixin, Late):
    """An array that belongs to a layer: trained, or moved as a statistic.

    It behaves like its array: a plain one outside a trace, a traced one inside.

    Attributes
    ----------
    name : str
        ``"kernel"``; the model's key is ``"dense_1.kernel"``.
    shape : tuple of int
    value : ndarray or None
        None until the model initializes it.
    trainable : bool
    symbol : str
        Name in printed programs: ``"W"``.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any,
        *,
        regularizer: Any = None,
        constraint: Any = None,
        trainable: bool = True,
        symbol: str | None = None,
    ) -> None:
        self.name, self.shape, self.initializer = name, shape, initializer
        self.regularizer, self.constraint, self.trainable = regularizer, constraint, trainable
        self.symbol = symbol or name
        self.key = name
        self.value: np.ndarray | None = None

    def __repr__(self) -> str:
        return f"<weight {self.key} {self.shape}>"

    # Weights are keys of dictionaries, so they compare by identity; np.equal compares values.
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__

    def initialize(self, generator: np.random.Generator, dtype: Any) -> None:
        """Draw the initial value."""
        value = np.asarray(self.initializer(self.shape, seed=generator), dtype)
        if value.shape != self.shape:
            raise InputError(
                f"the initializer of {self.key} answered shape {value.shape}, expected {self.shape}."
            )
        self.value = value

    def resolve(self) -> Any:
        """The traced array inside a network's trace, else the array."""
        trace = network_trace()
        if trace is not None:
            if self not in trace.bound:
                raise GlassnetError(
                    f"weight {self.key} is not part of the network being traced.\n"
                    "Keep layers in attributes or lists of the model or layer that uses them."
                )
            return trace.bound[self]
        if self.value is None:
            raise GlassnetError(f"weight {self.key} has no value yet: build the model first.")
        return self.value

    def assign(self, value: Any) -> None:
        """Give the weight a new value; in a trace, at the end of the step.

        Parameters
        ----------
        value : array of the weight's shape
        """
        trace = network_trace()
        if trace is None:
            self.value = np.asarray(value, None if self.value is None else self.value.dtype).reshape(
                self.shape
            )
        else:
            trace.updates[self] = node_of(value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.resolve(), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*map(resolved, inputs), **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*map(resolved, args), **{key: resolved(value) for key, value in kwargs.items()})

    def __getitem__(self, index: Any) -> Any:
        return self.resolve()[resolved(index)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "value" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.resolve(), name)


def resolved(value: Any) -> Any:
    """Weights inside arguments become their arrays."""
    if isinstance(value, Late):
        return value.resolve()
    if isinstance(value, list | tuple):
        return type(value)(map(resolved, value))
    return value


def static_shape(shape: Shape) -> tuple[int | None, ...]:
    """A shape as Keras writes it: None for the batch."""
    return tuple(extent if isinstance(extent, int) else None for extent in shape)
