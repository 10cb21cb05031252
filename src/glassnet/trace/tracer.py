"""The traced array: it answers NumPy's operators, methods and functions by adding nodes to a graph.

It knows nothing of gradients. What it answers is listed in :mod:`glassnet.trace.numpy_api`; anything else
is a :class:`~glassnet.errors.TraceError` that names the user's line.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from glassnet.errors import ShapeError, TraceError
from glassnet.graph.dims import Dim, Extent, Shape, fill_unknown, product
from glassnet.graph.graph import input_node
from glassnet.graph.node import (
    Builder,
    Node,
    broadcast,
    cast,
    constant,
    current,
    lift,
    make,
    reshape,
    topological,
    transpose,
)
from glassnet.graph.ops import Kind
from glassnet.trace.frames import trace_error, user_line
from glassnet.trace.names import NameReader, unused, variable_holding

UFUNCS: dict[Any, Any] = {}  # NumPy ufunc → function of traced arrays; filled by numpy_api
FUNCTIONS: dict[Any, Any] = {}  # NumPy function → function of traced arrays; filled by numpy_api
METHODS: dict[str, Any] = {}  # method name → NumPy function; filled by numpy_api


class TracedAttributeError(TraceError, AttributeError):
    """A method or attribute that arrays have and traced arrays lack."""


class TracedArray(np.lib.mixins.NDArrayOperatorsMixin):
    """A symbolic array: shape and kind, no values.

    Functions given to glassnet receive these in place of arrays. They have NumPy's operators, methods and
    indexing, and NumPy's functions accept them.

    Attributes
    ----------
    shape : tuple of int and at most one ``n``
    ndim : int
    kind : str
        ``"float"``, ``"int"``, ``"bool"`` or ``"uint"``; the graph names no width.
    """

    __slots__ = ("__weakref__", "node")
    __array_priority__ = 1000

    def __init__(self, node: Node) -> None:
        self.node = node

    shape = property(lambda self: tuple(map(batch_size, self.node.shape)))
    ndim = property(lambda self: len(self.node.shape))
    kind = property(lambda self: self.node.kind)
    dtype = property(lambda self: self.node.kind)
    size = property(lambda self: batch_size(product(self.node.shape)))
    T = property(lambda self: self.transpose())

    def __repr__(self) -> str:
        return f"TracedArray({self.shape}, {self.kind})"

    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            raise trace_error(
                "traced arrays are never changed in place.",
                "Write x = x + 1 instead of x += 1 (or out=x).",
            )
        function = UFUNCS.get(ufunc)
        if method != "__call__" or function is None or options:
            what = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            extra = f" with {', '.join(options)}=" if options and function is not None else ""
            raise trace_error(f"np.{what}{extra} cannot be traced.", f"Supported: {_listing(UFUNCS)}.")
        return function(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        known = FUNCTIONS.get(function)
        if known is None:
            name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
            raise trace_error(f"{name} cannot be traced.", f"Supported: {_listing(FUNCTIONS)}.")
        return _answer(f"np.{function.__name__}", known, args, kwargs)

    def __bool__(self) -> bool:
        if all(node.op != "input" for node in topological([self.node])):
            raise _unknown_batch_size()
        raise trace_error(
            f"the value of a traced array ({self.node.op}, shape {self.shape}) is not known while tracing.",
            "Write np.where(condition, a, b) instead of if, and, or, while.",
        )

    def __len__(self) -> int:
        if self.ndim and isinstance(self.shape[0], int):
            return self.shape[0]
        raise trace_error("len() of the batch is not known while tracing.", "Write x.shape[0].")

    def __iter__(self) -> Iterator[TracedArray]:
        if self.ndim and isinstance(self.shape[0], int):
            return iter([self[i] for i in range(self.shape[0])])
        raise trace_error(
            "the rows of a batch cannot be looped over while tracing.",
            "Write array operations on all rows at once.",
        )

    def _need_numbers(self, *_: Any, **__: Any) -> NoReturn:
        raise trace_error(
            f"a traced array ({self.node.op}, shape {self.shape}) reached a function that needs numbers.",
            "Use NumPy functions of arrays: np.stack([a, b]) for np.array([a, b]), "
            "np.take(table, i, axis=0) for table[i].",
        )

    __array__ = __float__ = __int__ = __index__ = __complex__ = __round__ = _need_numbers

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise trace_error(
            "traced arrays are never changed in place.",
            "Write np.where(mask, new, x) instead of x[mask] = new.",
        )

    def __getitem__(self, index: Any) -> Any:
        return METHODS["__getitem__"](self, index)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"traced arrays have no attribute {name!r}")
        method = METHODS.get(name)
        if method is None:
            known = ", ".join(sorted(m for m in (*METHODS, "astype", "reshape", "transpose") if m[0] != "_"))
            error = trace_error(f"traced arrays have no attribute {name!r}.", f"Methods: {known}.")
            raise TracedAttributeError(*error.args)
        return lambda *args, **options: _answer(f"the method {name}", method, (self, *args), options)

    # The methods below differ from their functions in how they take shapes and axes.
    def reshape(self, *shape: Any, order: str = "C") -> TracedArray:
        """The same elements in another shape; one extent may be -1."""
        given = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        if order != "C":
            raise trace_error(f"reshape with order={order!r} cannot be traced.", "Transpose first.")
        target = tuple(extent if isinstance(extent, Dim) else operator.index(extent) for extent in given)
        with located():
            return TracedArray(reshape(self.node, fill_unknown(target, self.size)))

    def transpose(self, *axes: Any) -> TracedArray:
        """Permute the axes; all of them reversed without arguments."""
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
        chosen = normal_axes(order, self.node) if order and order != (None,) else None
        with located():
            return TracedArray(transpose(self.node, chosen or tuple(reversed(range(self.ndim)))))

    def astype(self, dtype: Any, **_: Any) -> TracedArray:
        """The same values as floats, ints or booleans; widths are chosen by the program's inputs."""
        return TracedArray(cast(self.node, kind_of(dtype)))


class BatchSize(np.lib.mixins.NDArrayOperatorsMixin, Dim):
    """``x.shape[0]`` of a batch: an extent that one may also compute with, as in ``1 / x.shape[0]``."""

    __slots__ = ()
    __array_ufunc__ = TracedArray.__array_ufunc__
    __eq__, __ne__, __hash__ = Dim.__eq__, object.__ne__, Dim.__hash__

    def __mul__(self, other: Any) -> Any:
        return BatchSize(self.k * other) if isinstance(other, int) else traced("mul", self, other)

    __rmul__ = __mul__

    def _need_number(self) -> NoReturn:
        raise _unknown_batch_size()

    __index__ = __int__ = __float__ = _need_number


def _unknown_batch_size() -> TraceError:
    return trace_error(
        "the number of examples is not known while tracing.",
        "Write np.zeros_like(x) for np.zeros(x.shape), gn.pick(z, y) for z[np.arange(n), y].",
    )


def batch_size(extent: Extent) -> Extent:
    """An extent as users see it."""
    return BatchSize(extent.k) if isinstance(extent, Dim) else extent


def _answer(name: str, function: Callable[..., Any], args: Any, options: Any) -> Any:
    """The function's result; arguments that it does not know are the user's mistake."""
    try:
        return function(*args, **options)
    except TypeError as error:
        if type(error) is not TypeError:
            raise
        raise trace_error(f"{name}: {str(error).rpartition('() ')[2]}.") from None


def normal_axes(axes: Sequence[Any], node: Node, rank: int | None = None) -> tuple[int, ...]:
    """Axes as non-negative ints, counted among ``rank`` (by default the array's own)."""
    rank = node.ndim if rank is None else rank
    for axis in axes:
        if not -rank <= operator.index(axis) < rank:
            raise trace_error(f"axis {axis} is out of bounds for an array of shape {node.shape}.")
    return tuple(operator.index(axis) % rank for axis in axes)


def _listing(table: dict[Any, Any]) -> str:
    names = {getattr(f, "__name__", str(f)) for f in table}
    return ", ".join(sorted(names))


def kind_of(dtype: Any) -> Kind:
    """The kind of a dtype, a Python type, or a kind's own name."""
    if isinstance(dtype, str) and dtype in ("float", "int", "bool", "uint"):
        return dtype  # type: ignore[return-value]
    kinds: dict[str, Kind] = {"f": "float", "i": "int", "u": "int", "b": "bool"}
    kind = kinds.get(np.dtype(dtype).kind)
    if kind is None:
        raise trace_error(
            f"arrays of {np.dtype(dtype)} cannot be traced.", "Use floats, integers or booleans."
        )
    return "uint" if np.dtype(dtype) == np.uint32 else kind


class Late:
    """Base of objects that stand for a traced array only while a trace is running (weights)."""

    __slots__ = ()

    def resolve(self) -> Any:
        """The traced array now, or the plain array when nothing is being traced."""
        raise NotImplementedError


def node_of(value: Any) -> Node:
    """The node of whatever may meet a traced array: another one, a number, an extent, an array."""
    if isinstance(value, TracedArray):
        return value.node
    if isinstance(value, Node | Dim):
        return lift(value)
    if isinstance(value, Late):
        return node_of(value.resolve())
    if isinstance(value, np.generic) and value.dtype.kind in "fiub":  # np.float64 is a float, too
        return constant(value.item())
    if isinstance(value, bool | int | float):
        return constant(value)
    array = np.asarray(value) if not isinstance(value, list | tuple) else _stacked(value)
    if isinstance(array, TracedArray):
        return array.node
    if array.dtype.kind not in "fiub":
        raise trace_error(
            f"{type(value).__name__} {value!r:.40} cannot meet a traced array.", "Use numbers or arrays."
        )
    return constant(array.item()) if array.ndim == 0 else capture(array, value)


def _stacked(values: Any) -> Any:
    if any(isinstance(item, TracedArray | Late) for item in values):
        return FUNCTIONS[np.stack](values)
    return np.asarray(values)


def capture(array: np.ndarray, original: object) -> Node:
    """An array found around the traced function becomes a named input of its graph."""
    builder = current()
    if not isinstance(builder, Trace):
        raise trace_error(
            "an array was mixed with gn.Input.",
            "Put it into a layer's weights, or inside a function or layer.",
        )
    for node, known in builder.captured.items():
        if known is original or known is array:
            return node
    taken = {node.attrs["name"] for node in builder.captured} | builder.reserved
    name = variable_holding(original) or "constant"
    unique = unused(name, taken)
    node = input_node(unique, array.shape, kind_of(array.dtype), ("captured", unique))
    builder.captured[node] = original if isinstance(original, np.ndarray) else array
    return node


class Trace(Builder):
    """``with Trace() as trace``: a graph under construction by running somebody's NumPy code."""

    def __init__(self, reserved: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.captured: dict[Node, np.ndarray] = {}
        self.reserved = set(reserved)
        self.names = NameReader()
        self.on_make = self.names

    @contextlib.contextmanager
    def unnamed(self) -> Iterator[None]:
        """Without reading variable names: for nodes that gradient rules make."""
        old, self.names.active = self.names.active, False
        try:
            yield
        finally:
            self.names.active = old


@contextlib.contextmanager
def located() -> Iterator[None]:
    """Errors about shapes and kinds that are raised inside name the user's line."""
    try:
        yield
    except (ShapeError, TraceError) as error:
        if "\n" in str(error):
            raise
        raise type(error)(f"{user_line()}\n{error}") from None


def traced(op: str, *values: Any, **attrs: Any) -> TracedArray:
    """A traced array made by an op, with shape errors that name the user's line."""
    with located():
        return TracedArray(make(op, *map(node_of, values), **attrs))


def broadcast_to(x: Any, shape: Shape) -> TracedArray:
    """``np.broadcast_to``."""
    with located():
        return TracedArray(broadcast(node_of(x), shape))
