"""Layers that move the values of an example to other places, and change none of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.graph.dims import product
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.sizes import whole_number

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class ShapeLayer(Layer):
    """Base of layers that take numbers of any kind and keep it."""

    input_kind = None


class Flatten(ShapeLayer):
    """Each example as one row: (n, 8, 8) becomes (n, 64).

    Examples
    --------
    >>> Flatten()(np.zeros((3, 8, 8))).shape
    (3, 64)
    """

    def call(self, x: Any) -> Any:
        size = product(x.shape[1:])
        flat = x.reshape(x.shape[0], size)
        return flat


class Reshape(ShapeLayer):
    """Each example in another shape: (n, 64) becomes (n, 8, 8).

    Parameters
    ----------
    target_shape : tuple of int
        Of one example; one extent may be -1 and is then computed.
    name : str, optional

    Examples
    --------
    >>> Reshape((8, -1))(np.zeros((3, 64))).shape
    (3, 8, 8)
    """

    def __init__(self, target_shape: Any, name: str | None = None) -> None:
        super().__init__(name)
        extents = target_shape if isinstance(target_shape, list | tuple) else [target_shape]
        if sum(extent == -1 for extent in extents) > 1:
            raise InputError(f"Reshape: only one extent may be -1; got {target_shape!r}.")
        self.target_shape = tuple(
            -1 if extent == -1 else whole_number(extent, "target_shape", "Reshape") for extent in extents
        )

    def _shape_for(self, shape: tuple[Any, ...]) -> tuple[int, ...]:
        """The target with -1 replaced, or an error."""
        size = int(product(shape[1:]))  # type: ignore[arg-type]
        known = int(product(extent for extent in self.target_shape if extent != -1))  # type: ignore[arg-type]
        if size % known or (-1 not in self.target_shape and size != known):
            raise ShapeError(
                f"Reshape: the {size} values of an example of shape {shape[1:]} "
                f"do not fill {self.target_shape}."
            )
        return tuple(size // known if extent == -1 else extent for extent in self.target_shape)

    def call(self, x: Any) -> Any:
        reshaped = x.reshape(x.shape[0], *self._shape_for(x.shape))
        return reshaped

    def title(self) -> str:
        """``Reshape(8, 8)``."""
        return f"Reshape({', '.join(map(str, self.target_shape))})"


class Permute(ShapeLayer):
    """The axes of each example in another order: ``Permute((2, 1))`` makes (n, 4, 3) of (n, 3, 4).

    Parameters
    ----------
    dims : tuple of int
        The axes, counted from 1; the batch stays first.
    name : str, optional

    Examples
    --------
    >>> Permute((2, 1))(np.zeros((5, 3, 4))).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.dims = tuple(dims) if isinstance(dims, list | tuple) else (dims,)
        if sorted(self.dims, key=str) != sorted(range(1, len(self.dims) + 1), key=str):
            raise InputError(
                f"Permute: dims must be the numbers 1 to {len(self.dims)} in some order; got {dims!r}."
            )

    def build(self, input_shape: InputShape) -> None:
        if len(input_shape) != len(self.dims) + 1:
            raise ShapeError(
                f"Permute: {self.dims} needs examples of {len(self.dims)} dimensions; "
                f"got {len(input_shape) - 1}."
            )

    def call(self, x: Any) -> Any:
        permuted = x.transpose(0, *self.dims)
        return permuted

    def title(self) -> str:
        """``Permute(2, 1)``."""
        return f"Permute({', '.join(map(str, self.dims))})"


class RepeatVector(ShapeLayer):
    """Repeat each row: (n, 32) becomes (n, times, 32).

    Parameters
    ----------
    n : int
        How many times.
    name : str, optional

    Examples
    --------
    >>> RepeatVector(2)(np.array([[1.0, 2.0]]))
    array([[[1., 2.],
            [1., 2.]]])
    """

    def __init__(self, n: int, name: str | None = None) -> None:
        super().__init__(name)
        self.n = whole_number(n, "n", "RepeatVector")

    def build(self, input_shape: InputShape) -> None:
        if len(input_shape) != 2:
            raise ShapeError(f"RepeatVector takes rows (batch, features); got {len(input_shape)} dimensions.")

    def call(self, x: Any) -> Any:
        repeated = np.broadcast_to(x[:, None, :], (x.shape[0], self.n, x.shape[1]))
        return repeated

    def title(self) -> str:
        """``RepeatVector(3)``."""
        return f"RepeatVector({self.n})"
