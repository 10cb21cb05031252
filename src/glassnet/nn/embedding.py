"""Vectors for whole numbers: an array of them, or some columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError, InputTypeError, ShapeError
from glassnet.nn import constraints, initializers, regularizers
from glassnet.nn.context import network_trace
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.sizes import whole_number

__all__ = ["ColumnEmbedding", "Embedding"]

EXACT = 2**24  # up to here a float32 holds every whole number


class Embedding(Layer):
    """A learned vector for each whole number from 0 to ``input_dim - 1``: ``embeddings[x]``.

    Parameters
    ----------
    input_dim : int
        How many numbers there are: the largest one plus 1.
    output_dim : int
        The length of the vectors.
    embeddings_initializer : str or Initializer, default "random_uniform"
    embeddings_regularizer : str or Regularizer, optional
    embeddings_constraint : str or Constraint, optional
    name : str, optional
    trainable : bool, default True

    Attributes
    ----------
    embeddings : Weight (input_dim, output_dim)

    Notes
    -----
    The layer takes arrays of whole numbers. As a model's first layer it says so by itself; with ``gn.Input``
    write ``gn.Input((10,), dtype="int32")``.

    Examples
    --------
    >>> table = np.array([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]])
    >>> Embedding(3, 2, embeddings_initializer=table)(np.array([[2, 0]]))
    array([[[2. , 2.1],
            [0. , 0.1]]])
    """

    input_kind = "int"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name, trainable)
        self.input_dim = whole_number(input_dim, "input_dim", "Embedding")
        self.output_dim = whole_number(output_dim, "output_dim", "Embedding")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)

    def build(self, input_shape: InputShape) -> None:
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            symbol="E",
        )

    def call(self, x: Any) -> Any:
        trace = network_trace()
        if (x.dtype.kind if trace is None else x.kind[0]) not in "iu":
            raise InputTypeError(
                f"layer {self.key} takes whole numbers, and its input is an array of floats.\n"
                'Write gn.Input(shape, dtype="int32"), or make Embedding the first layer.'
            )
        if trace is None:
            self._check_range(x)
        else:
            trace.limit(x, self.input_dim)
        e = self.embeddings[x]
        return e

    def _check_range(self, x: np.ndarray) -> None:
        check_range(x, self.input_dim, f"layer {self.key}")

    def title(self) -> str:
        """``Embedding(1000, 16)``."""
        return f"Embedding({self.input_dim}, {self.output_dim})"


class ColumnEmbedding(Layer):
    """Learned vectors for the last columns of a table, which hold whole numbers; the others stay as they are.

    With k such columns, ``concatenate([x[:, :-k], E1[x[:, -k]], ..., Ek[x[:, -1]]])``.

    Parameters
    ----------
    input_dims : sequence of int
        For each of these columns how many numbers there are: the largest one plus 1.
    output_dims : sequence of int
        The lengths of their vectors.
    embeddings_initializer : str or Initializer, default "random_uniform"
    embeddings_regularizer : str or Regularizer, optional
    embeddings_constraint : str or Constraint, optional
    name : str, optional
    trainable : bool, default True

    Attributes
    ----------
    tables : list of Weight
        Each (input_dim, output_dim).

    Notes
    -----
    The table is one of floats, which hold whole numbers exactly up to 16,777,216. A fraction is cut off.

    Examples
    --------
    >>> table = np.array([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]])
    >>> ColumnEmbedding([3], [2], embeddings_initializer=table)(np.array([[-7.5, 2], [0.5, 0]]))
    array([[-7.5,  2. ,  2.1],
           [ 0.5,  0. ,  0.1]])
    """

    def __init__(
        self,
        input_dims: Sequence[int],
        output_dims: Sequence[int],
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name, trainable)
        self.input_dims = _whole_numbers(input_dims, "input_dims")
        self.output_dims = _whole_numbers(output_dims, "output_dims")
        if len(self.input_dims) != len(self.output_dims):
            raise InputError(
                f"ColumnEmbedding: input_dims has {len(self.input_dims)} entries and output_dims "
                f"{len(self.output_dims)}.\nGive one of each per column."
            )
        if max(self.input_dims) > EXACT:
            raise InputError(f"ColumnEmbedding: input_dims may be up to {EXACT}; got {max(self.input_dims)}.")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)

    def build(self, input_shape: InputShape) -> None:
        if len(input_shape) != 2 or (input_shape[1] or 0) < len(self.input_dims):
            raise ShapeError(
                f"ColumnEmbedding takes a table (n, columns) of at least {len(self.input_dims)} columns; "
                f"got {input_shape}."
            )
        self.tables = [
            self.add_weight(
                f"embeddings_{i}",
                shape,
                self.embeddings_initializer,
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
                symbol="E",
            )
            for i, shape in enumerate(zip(self.input_dims, self.output_dims, strict=True), 1)
        ]

    def call(self, x: Any) -> Any:
        kept = x.shape[1] - len(self.tables)
        parts = [x[:, :kept]] if kept else []
        for column, table in enumerate(self.tables, kept):
            index = x[:, column].astype(int)
            if network_trace() is None:
                check_range(index, table.shape[0], f"layer {self.key}, column {column},")
            e = table[index]
            parts.append(e)
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    def title(self) -> str:
        """``ColumnEmbedding(30 -> 8, 7 -> 4)``."""
        pairs = zip(self.input_dims, self.output_dims, strict=True)
        return f"ColumnEmbedding({', '.join(f'{rows} -> {width}' for rows, width in pairs)})"


def _whole_numbers(values: Any, name: str) -> tuple[int, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise InputError(f"ColumnEmbedding: {name} must be a list of whole numbers; got {values!r}.")
    return tuple(whole_number(value, name, "ColumnEmbedding") for value in values)


def check_range(x: np.ndarray, below: int, owner: str) -> None:
    """An error unless all numbers are from 0 to ``below - 1``."""
    if x.size and not 0 <= x.min() <= x.max() < below:
        raise InputError(
            f"{owner} takes whole numbers from 0 to {below - 1}; got numbers from {x.min()} to {x.max()}."
        )
