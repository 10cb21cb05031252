"""Tools for any NumPy function: trace it, differentiate it, read the program."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from glassnet.errors import InputError, InputTypeError
from glassnet.grad.backward import backward
from glassnet.graph.dims import N, Shape
from glassnet.graph.graph import Graph, copy_nodes, input_node
from glassnet.graph.node import Node, current, topological
from glassnet.graph.ops import Kind
from glassnet.programs.python import Program, compile_graph
from glassnet.trace.names import argument_names, is_identifier
from glassnet.trace.tracer import Trace, TracedArray, kind_of, node_of

__all__ = ["Array", "grad", "source", "trace", "value_and_grad"]


@dataclass(frozen=True)
class Array:
    """Shape and kind of an argument for :func:`trace`.

    Attributes
    ----------
    shape : tuple of int and at most one ``"n"``
        ``"n"`` is the batch.
    kind : str
        ``"float"``, ``"int"``, ``"bool"`` or ``"weak_float"`` (a Python number).

    Examples
    --------
    >>> Array(("n",), "int")
    Array(shape=('n',), kind='int')
    """

    shape: tuple[Any, ...]
    kind: Kind = "float"

    def symbolic(self) -> Shape:
        """The shape with the symbolic ``n``."""
        return tuple(N if extent == "n" else extent for extent in self.shape)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some functions written in C have none
        parameters = []
    found = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return argument_names(found, count)


def _build(f: Callable[..., Any], specs: Sequence[Array]) -> tuple[Trace, tuple[Node, ...], tuple[Node, ...]]:
    """Run ``f`` on traced arrays; answer the open trace, the inputs and the outputs."""
    names = _names(f, len(specs))
    trace = Trace(reserved=tuple(names))
    with trace:
        inputs = tuple(
            input_node(name, spec.symbolic(), spec.kind) for name, spec in zip(names, specs, strict=True)
        )
        result = f(*map(TracedArray, inputs))
        values = result if isinstance(result, tuple | list) else (result,)
        outputs = tuple(node_of(value) for value in _flat(values))
    return trace, inputs, outputs


def _flat(values: Sequence[Any]) -> list[Any]:
    """The arrays of a tuple that may hold tuples: a value with its gradients."""
    return [x for value in values for x in (_flat(value) if isinstance(value, tuple) else [value])]


def _finish(
    name: str, trace: Trace, inputs: tuple[Node, ...], outputs: Sequence[Node], labels: Sequence[str]
) -> Graph:
    captured = {("captured", node.attrs["name"]): array for node, array in trace.captured.items()}
    places = tuple(("return", label) for label in labels)
    return Graph((*inputs, *trace.captured), tuple(outputs), places, name=name, values=dict(captured))


def _function_name(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "f")
    return name if is_identifier(name) else "f"


def trace(f: Callable[..., Any], *shapes: Any) -> Graph:
    """The graph of a NumPy function.

    Parameters
    ----------
    f : callable
        Takes arrays, answers an array or a tuple of them; written in NumPy.
    *shapes : tuple or Array
        One for each argument; ``"n"`` stands for the batch.

    Returns
    -------
    Graph
        Arrays that ``f`` finds around it become further, named inputs.

    Raises
    ------
    TraceError
        ``f`` does something whose result depends on values, or uses a NumPy function that is not known.
    ShapeError
        Shapes that do not fit, with the line.

    Examples
    --------
    >>> import numpy as np
    >>> print(trace(lambda x: np.tanh(x).sum(), ("n", 2)))
    f(x (n, 2))
      x    = input      (n, 2) float
      v1   = tanh(x)    (n, 2) float
      v2   = sum(v1)    () float       axis=(0, 1) keepdims=False
      return v2
    """
    specs = [spec if isinstance(spec, Array) else Array(tuple(spec)) for spec in shapes]
    opened, inputs, outputs = _build(f, specs)
    return _finish(_function_name(f), opened, inputs, outputs, [str(i) for i in range(len(outputs))])


def source(f: Callable[..., Any] | Graph, *shapes: Any) -> str:
    """The NumPy program of a function or a graph.

    Parameters
    ----------
    f : callable or Graph
    *shapes : tuple or Array
        As for :func:`trace`; none for a graph.

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> def f(x):
    ...     z = np.exp(x)
    ...     return z / z.sum()
    >>> print(source(f, (3,)))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def f(x):
        z = np.exp(x)  # (3,)
        return z / z.sum()
    <BLANKLINE>
    """
    graph = f if isinstance(f, Graph) else trace(f, *shapes)
    return compile_graph(graph).text


def _spec_of(value: Any) -> Array:
    if isinstance(value, bool | int | float):
        return Array((), "float")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InputTypeError(f"arrays of {array.dtype} cannot be differentiated; convert to floats first.")
    return Array(array.shape, kind_of(array.dtype))


def _argument_indices(argnum: int | Sequence[int], count: int) -> tuple[int, ...]:
    chosen = (argnum,) if isinstance(argnum, int) else tuple(argnum)
    for i in chosen:
        if not 0 <= i < count:
            raise InputError(f"argnum {i} is out of range: the function was called with {count} arguments.")
    return chosen


def value_and_grad(f: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that computes a scalar NumPy function together with its gradient.

    Parameters
    ----------
    f : callable
        Takes arrays, answers a scalar; written in NumPy.
    argnum : int or sequence of int, default 0
        Which arguments to differentiate by.

    Returns
    -------
    callable
        Takes the same arguments, answers (value, gradient); the gradient is a tuple for a sequence
        ``argnum``. It follows the argument's dtype, and can itself be differentiated.

    Examples
    --------
    >>> import numpy as np
    >>> value, slope = value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    >>> float(value), slope
    (5.0, array([2., 4.]))
    """

    def function(*args: Any) -> tuple[Any, Any]:
        wrt = _argument_indices(argnum, len(args))
        # Inside a trace plain arguments too: the function may use traced arrays from around it.
        if isinstance(current(), Trace) or any(isinstance(value, TracedArray) for value in args):
            value, gradients = _differentiate_traced(f, args, wrt)
        else:
            value, gradients = _differentiate(f, args, wrt)
        return value, gradients[0] if isinstance(argnum, int) else tuple(gradients)

    return _named_after(f, "value_and_grad", function)


def _named_after(f: Callable[..., Any], suffix: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with the argument names of ``f``, and a name that printed programs can show."""
    functools.update_wrapper(function, f, assigned=(), updated=())
    function.__name__ = f"{_function_name(f)}_{suffix}"
    return function


def grad(f: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of a scalar NumPy function, as a function.

    Parameters
    ----------
    f : callable
        Takes arrays, answers a scalar; written in NumPy.
    argnum : int or sequence of int, default 0
        Which arguments to differentiate by.

    Returns
    -------
    callable
        Takes the same arguments, answers the gradient, of the argument's shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> grad(lambda x: np.sin(x).sum())(np.array([0.0, np.pi]))
    array([ 1., -1.])
    >>> float(grad(grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(f, argnum)
    return _named_after(f, "grad", lambda *args: both(*args)[1])


def _refuse_integers(kinds: Sequence[Kind], wrt: Sequence[int]) -> None:
    for i in wrt:
        if kinds[i] in ("bool", "int", "uint"):
            raise InputTypeError(
                f"grad() cannot differentiate by argument {i}: it holds {kinds[i]}s.\n"
                "Convert it with .astype(float)."
            )


def _scalar(output: Node) -> Node:
    if output.shape != ():
        raise InputError(
            f"grad() needs a function that answers a scalar; this one answers shape {output.shape}.\n"
            "Reduce it first, for instance with .sum() or .mean()."
        )
    return output


def _differentiate(f: Callable[..., Any], args: Sequence[Any], wrt: Sequence[int]) -> tuple[Any, list[Any]]:
    """On plain arrays: trace, differentiate, print, run."""
    program, values = gradient_program(f, args, wrt)
    outputs = list(program(values).values())
    dtype = _float_dtype(args, wrt)
    gradients = [  # copies: a gradient may be a view of an argument, or of one number
        np.array(g, dtype).reshape(np.shape(args[i]))[()] for g, i in zip(outputs[1:], wrt, strict=True)
    ]
    return outputs[0], gradients


def gradient_program(
    f: Callable[..., Any], args: Sequence[Any], wrt: Sequence[int]
) -> tuple[Program, dict[Any, Any]]:
    """The printed program of a function and its gradients, and the values to run it on."""
    specs = [_spec_of(value) for value in args]
    _refuse_integers([spec.kind for spec in specs], wrt)
    opened, inputs, outputs = _build(f, specs)
    with opened:
        gradients = backward(_scalar(outputs[0]), [inputs[i] for i in wrt])
    labels = ["value", *(f"d{inputs[i].attrs['name']}" for i in wrt)]
    graph = _finish(_function_name(f), opened, inputs, [outputs[0], *gradients], labels)
    dtype = _float_dtype(args, wrt)
    values: dict[Any, Any] = {
        place: array.astype(dtype, copy=False) if array.dtype.kind == "f" else array
        for place, array in graph.values.items()
    }
    for node, spec, value in zip(inputs, specs, args, strict=True):
        values["argument", node.attrs["name"]] = np.asarray(value, dtype if spec.kind == "float" else None)
    return compile_graph(graph), values


def _float_dtype(args: Sequence[Any], wrt: Sequence[int]) -> np.dtype[Any]:
    """The dtype of the first argument of differentiation."""
    dtype = np.asarray(args[wrt[0]]).dtype
    return dtype if dtype.kind == "f" else np.dtype(float)


def _differentiate_traced(
    f: Callable[..., Any], args: Sequence[Any], wrt: Sequence[int]
) -> tuple[Any, list[Any]]:
    """Inside a trace: differentiate by placeholders, so that outer variables stay constants."""
    actual = [node_of(value) for value in args]
    _refuse_integers([node.kind for node in actual], wrt)
    serial = len(getattr(current(), "memo", ()))
    holders = {
        i: input_node(f"placeholder_{serial}_{i}", actual[i].shape, "float", ("placeholder", f"{serial}_{i}"))
        for i in wrt
    }
    result = f(*(TracedArray(holders[i]) if i in holders else value for i, value in enumerate(args)))
    output = _scalar(node_of(result))
    gradients = backward(output, [holders[i] for i in wrt])
    order = topological([output, *gradients])
    kept = {node: node for node in order if not _depends(node, set(holders.values()))}
    kept.update({holder: actual[i] for i, holder in holders.items()})
    new = copy_nodes(order, cast("dict[Node, Any]", kept))
    return TracedArray(new[output]), [TracedArray(new[g]) for g in gradients]


def _depends(node: Node, on: set[Node]) -> bool:
    return any(x in on for x in topological([node]))
