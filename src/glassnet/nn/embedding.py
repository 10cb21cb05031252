"""Vectors for whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, InputTypeError
from glassnet.nn import constraints, initializers, regularizers
from glassnet.nn.context import network_trace
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.sizes import whole_number

__all__ = ["Embedding"]


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
        if x.size and not 0 <= x.min() <= x.max() < self.input_dim:
            raise InputError(
                f"layer {self.key} takes whole numbers from 0 to {self.input_dim - 1}; "
                f"got numbers from {x.min()} to {x.max()}."
            )

    def title(self) -> str:
        """``Embedding(1000, 16)``."""
        return f"Embedding({self.input_dim}, {self.output_dim})"
