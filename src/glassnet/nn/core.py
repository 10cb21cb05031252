"""Dense, Activation, Dropout, Flatten."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ShapeError
from glassnet.graph.dims import product
from glassnet.nn import activations, constraints, initializers, regularizers
from glassnet.nn.context import hyper, random_uniform
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.registry import fraction
from glassnet.nn.sizes import last_axis, whole_number


def name_of(function: Any) -> str:
    """How an activation is called in titles."""
    return str(getattr(function, "__name__", getattr(function, "name", type(function).__name__)))


class Dense(Layer):
    """A fully connected layer: ``activation(x @ kernel + bias)``.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or callable, optional
        A name or a NumPy function of one array; linear by default.
    use_bias : bool, default True
    kernel_initializer : str or Initializer, default "glorot_uniform"
    bias_initializer : str or Initializer, default "zeros"
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    name : str, optional
    trainable : bool, default True

    Attributes
    ----------
    kernel : Weight (inputs, units)
    bias : Weight (units,), or None

    Examples
    --------
    >>> import numpy as np
    >>> layer = Dense(2, kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0]]))
    array([[3., 3.]])
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name, trainable)
        self.units = whole_number(units, "units", "Dense")
        self.activation, self.use_bias = activations.get(activation), bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None

    def build(self, input_shape: InputShape) -> None:
        inputs = last_axis(input_shape, "Dense")
        self.kernel = self.add_weight(
            "kernel",
            (inputs, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            symbol="W",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                symbol="b",
            )

    def call(self, x: Any) -> Any:
        expected = self.kernel.shape[0]
        if x.shape[-1] != expected:
            raise ShapeError(
                f"layer {self.key} takes {expected} inputs, got {x.shape[-1]} (array of shape {x.shape})."
            )
        if self.activation is activations.linear:
            return self._scores(x)
        if self.activation in (activations.sigmoid, np.tanh, activations.tanh):
            a = self.activation(self._product(x))
            return a
        z = self._product(x)
        h = self.activation(z)
        return h

    def _scores(self, x: Any) -> Any:
        z = self._product(x)
        return z

    def _product(self, x: Any) -> Any:
        return x @ self.kernel + self.bias if self.use_bias else x @ self.kernel

    def title(self) -> str:
        """``Dense(10, relu)``."""
        extra = [] if self.activation is activations.linear else [name_of(self.activation)]
        extra += [] if self.use_bias else ["no bias"]
        return f"Dense({', '.join([str(self.units), *extra])})"


class Activation(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    activation : str or callable
        A name or a NumPy function of one array.
    name : str, optional

    Examples
    --------
    >>> import numpy as np
    >>> Activation("relu")(np.array([-1.0, 1.0]))
    array([0., 1.])
    """

    def __init__(self, activation: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.activation = activations.get(activation)

    def call(self, x: Any) -> Any:
        h = self.activation(x)
        return h

    def title(self) -> str:
        """``Activation(relu)``."""
        return f"Activation({name_of(self.activation)})"


class Dropout(Layer):
    """Inverted dropout: in training a value is kept with probability ``1 - rate`` and divided by it.

    Parameters
    ----------
    rate : float
        The share of values to drop, at least 0 and below 1.
    name : str, optional

    Notes
    -----
    Prediction is untouched. The mask is a pure function of (seed, step, place in the network, element), the
    same in every backend.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> Dropout(0.5)(np.array([1.0]))
    array([1.])
    """

    def __init__(self, rate: float, name: str | None = None) -> None:
        super().__init__(name)
        self.rate = fraction(rate, "rate", "Dropout")

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        rate = hyper(self, "rate", "dropout_rate")
        keep = random_uniform(x) >= rate
        d = np.where(keep, x / (1 - rate), 0)
        return d

    def title(self) -> str:
        """``Dropout(0.5)``."""
        return f"Dropout({self.rate})"


class Flatten(Layer):
    """Each example as one row: (n, 8, 8) becomes (n, 64).

    Examples
    --------
    >>> import numpy as np
    >>> Flatten()(np.zeros((3, 8, 8))).shape
    (3, 64)
    """

    def call(self, x: Any) -> Any:
        size = product(x.shape[1:])
        flat = x.reshape(x.shape[0], size)
        return flat
