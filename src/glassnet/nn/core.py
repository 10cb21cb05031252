"""Dense layers, activations, the bias trick."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ShapeError
from glassnet.nn import activations, constraints, initializers, regularizers
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.sizes import last_axis, whole_number


def name_of(function: Any) -> str:
    """How an activation is called in titles."""
    names = (getattr(function, "__name__", None), getattr(function, "name", None), type(function).__name__)
    return str(next(filter(None, names)))


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
        self.units = whole_number(units, "units", type(self).__name__)
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
        return self.respond(x, self.kernel)

    def respond(self, x: Any, kernel: Any) -> Any:
        """``activation(x @ kernel + bias)``."""
        expected = kernel.shape[0]
        if x.shape[-1] != expected:
            raise ShapeError(
                f"layer {self.key} takes {expected} inputs, got {x.shape[-1]} (array of shape {x.shape})."
            )
        if self.activation is activations.linear:
            z = self._scores(x, kernel)
            return z
        if self.activation in (activations.sigmoid, np.tanh, activations.tanh):
            a = self.activation(self._scores(x, kernel))
            return a
        z = self._scores(x, kernel)
        h = self.activation(z)
        return h

    def _scores(self, x: Any, kernel: Any) -> Any:
        return x @ kernel + self.bias if self.use_bias else x @ kernel

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


class ActivityRegularization(Layer):
    """Pass the input on, and add a penalty on it to the loss: ``l1 * sum(abs(x)) + l2 * sum(x**2)``.

    Parameters
    ----------
    l1, l2 : float, default 0
        At least 0.
    name : str, optional

    Notes
    -----
    The sum is divided by the number of examples, so that the strength does not depend on the batch size.

    Examples
    --------
    >>> import numpy as np
    >>> ActivityRegularization(l2=0.01)(np.array([1.0, 2.0]))
    array([1., 2.])
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, name: str | None = None) -> None:
        super().__init__(name)
        both = regularizers.L1L2(l1, l2)
        self.l1, self.l2 = both.l1, both.l2
        self.activity_regularizer = both if l1 and l2 else regularizers.L1(l1) if l1 else regularizers.L2(l2)

    def call(self, x: Any) -> Any:
        return x


class BiasTrick(Layer):
    """Append a constant 1 to each example, so that a kernel's last row is the bias.

    ``BiasTrick()`` and ``Dense(10, use_bias=False)`` compute the scores of ``Dense(10)`` from one matrix.

    Parameters
    ----------
    name : str, optional

    Examples
    --------
    >>> import numpy as np
    >>> BiasTrick()(np.array([[5.0, 6.0]]))
    array([[5., 6., 1.]])
    """

    def build(self, input_shape: InputShape) -> None:
        last_axis(input_shape, "BiasTrick")

    def call(self, x: Any) -> Any:
        extended = np.concatenate([x, np.ones_like(x[..., :1])], axis=-1)
        return extended
