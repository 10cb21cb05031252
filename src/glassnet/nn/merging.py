"""Layers of several inputs, called on a list: ``layers.Add()([a, b])``."""

from __future__ import annotations

import functools
import string
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.layer import Layer
from glassnet.nn.layer_norm import divide_by_norm
from glassnet.nn.sizes import axis_argument, chosen_axes

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]


class Merge(Layer):
    """Base of layers of several inputs. Where they differ in dimensions, axes of size 1 follow the batch.

    Parameters
    ----------
    name : str, optional
    """

    def call(self, inputs: Any) -> Any:
        arrays = self.several(inputs)
        ndim = max(len(x.shape) for x in arrays)
        return self.merge([_with_ndim(x, ndim) for x in arrays])

    def several(self, inputs: Any, count: int | None = None) -> list[Any]:
        """The inputs, or an error if they are no list, or not ``count``."""
        name = type(self).__name__
        if not isinstance(inputs, list):
            raise InputError(f"{name} is called on a list of arrays: layers.{name}()([a, b]).")
        if count is not None and len(inputs) != count:
            raise InputError(f"{name} takes {count} arrays; got {len(inputs)}.")
        return inputs

    def merge(self, arrays: list[Any]) -> Any:
        """One array from arrays of as many dimensions."""
        raise NotImplementedError


def _with_ndim(x: Any, ndim: int) -> Any:
    missing = ndim - len(x.shape)
    return x.reshape(x.shape[0], *(1,) * missing, *x.shape[1:]) if missing else x


class Add(Merge):
    """The sum of the inputs: ``a + b + ...``.

    Examples
    --------
    >>> Add()([np.array([[1.0]]), np.array([[2.0]])])
    array([[3.]])
    """

    def merge(self, arrays: list[Any]) -> Any:
        total = functools.reduce(np.add, arrays)
        return total


class Subtract(Merge):
    """The difference of two inputs: ``a - b``.

    Examples
    --------
    >>> Subtract()([np.array([[1.0]]), np.array([[2.0]])])
    array([[-1.]])
    """

    def merge(self, arrays: list[Any]) -> Any:
        a, b = self.several(arrays, 2)
        difference = a - b
        return difference


class Multiply(Merge):
    """The product of the inputs, value by value: ``a * b * ...``.

    Examples
    --------
    >>> Multiply()([np.array([[3.0]]), np.array([[2.0]])])
    array([[6.]])
    """

    def merge(self, arrays: list[Any]) -> Any:
        product = functools.reduce(np.multiply, arrays)
        return product


class Average(Merge):
    """The mean of the inputs: ``(a + b + ...) / count``.

    Examples
    --------
    >>> Average()([np.array([[1.0]]), np.array([[2.0]])])
    array([[1.5]])
    """

    def merge(self, arrays: list[Any]) -> Any:
        average = functools.reduce(np.add, arrays) / len(arrays)
        return average


class Maximum(Merge):
    """The larger value at each place.

    Examples
    --------
    >>> Maximum()([np.array([[1.0, 4.0]]), np.array([[2.0, 3.0]])])
    array([[2., 4.]])
    """

    def merge(self, arrays: list[Any]) -> Any:
        largest = functools.reduce(np.maximum, arrays)
        return largest


class Minimum(Merge):
    """The smaller value at each place.

    Examples
    --------
    >>> Minimum()([np.array([[1.0, 4.0]]), np.array([[2.0, 3.0]])])
    array([[1., 3.]])
    """

    def merge(self, arrays: list[Any]) -> Any:
        smallest = functools.reduce(np.minimum, arrays)
        return smallest


class Concatenate(Merge):
    """The inputs one after the other, along an axis.

    Parameters
    ----------
    axis : int, default -1
        Not 0, the batch.
    name : str, optional

    Examples
    --------
    >>> Concatenate()([np.array([[1.0, 4.0]]), np.array([[2.0]])])
    array([[1., 4., 2.]])
    """

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(name)
        checked = axis_argument(axis, "Concatenate")
        if not isinstance(checked, int) or checked == 0:
            raise InputError(f"Concatenate: axis must be one axis other than 0, the batch; got {axis!r}.")
        self.axis = checked

    def call(self, inputs: Any) -> Any:
        arrays = self.several(inputs)
        shapes = [x.shape for x in arrays]
        (axis,) = chosen_axes(self.axis, shapes[0], "Concatenate")
        rests = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
        if len(rests) > 1 or len({len(shape) for shape in shapes}) > 1:
            raise ShapeError(
                f"Concatenate: shapes {' and '.join(map(str, shapes))} differ in more than axis {self.axis}."
            )
        joined = np.concatenate(arrays, axis=axis)
        return joined


class Dot(Merge):
    """The inner product of two inputs along an axis of each, example by example.

    Parameters
    ----------
    axes : int or tuple of two ints
        The axis of each input that is summed over; not 0, the batch.
    normalize : bool, default False
        Divide by the norms along these axes first: the cosine similarity.
    name : str, optional

    Notes
    -----
    (n, k) and (n, k) give (n, 1); (n, a, k) and (n, b, k) with ``axes=2`` give (n, a, b).

    Examples
    --------
    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[11.]])
    """

    def __init__(self, axes: Any, normalize: bool = False, name: str | None = None) -> None:
        super().__init__(name)
        self.axes = axis_argument(axes, "Dot")
        if isinstance(self.axes, tuple) and len(self.axes) != 2:
            raise InputError(f"Dot: axes must be one axis for both inputs, or two; got {axes!r}.")
        self.normalize = bool(normalize)

    def call(self, inputs: Any) -> Any:
        a, b = self.several(inputs, 2)
        pair = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        (first,), (second,) = (chosen_axes(i, x.shape, "Dot") for i, x in zip(pair, (a, b), strict=True))
        if a.shape[first] != b.shape[second]:
            raise ShapeError(f"Dot: shapes {a.shape} and {b.shape} differ along axes {first} and {second}.")
        if self.normalize:
            a, b = divide_by_norm(a, axis=(first,)), divide_by_norm(b, axis=(second,))
        if len(a.shape) == len(b.shape) == 2:
            dot = (a * b).sum(axis=1, keepdims=True)
            return dot
        dot = np.einsum(_subscripts(len(a.shape), first, len(b.shape), second), a, b)
        return dot


def _subscripts(ndim_a: int, first: int, ndim_b: int, second: int) -> str:
    """``"nAk,nBk->nAB"``: n the batch, k what is summed over.

    Examples
    --------
    >>> _subscripts(3, 2, 2, 1)
    'nAk,nk->nA'
    """
    letters = iter(string.ascii_uppercase)
    a = ["n", *("k" if i == first else next(letters) for i in range(1, ndim_a))]
    b = ["n", *("k" if i == second else next(letters) for i in range(1, ndim_b))]
    kept = [letter for letter in (*a, *b[1:]) if letter != "k"]
    return f"{''.join(a)},{''.join(b)}->{''.join(kept)}"
