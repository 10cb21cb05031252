"""Activations that are layers of their own, with options, trained slopes, or several inputs per unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn import activations, constraints, initializers, regularizers
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.registry import non_negative, positive, snake_case
from glassnet.nn.sizes import axis_argument, last_axis, whole_number
from glassnet.trace.composite import composite

__all__ = ["ELU", "LeakyReLU", "Maxout", "PReLU", "ReLU", "Softmax"]


class ActivationLayer(Layer):
    """Base: an elementwise layer whose keys read ``leaky_relu_1``."""

    def family(self) -> str:
        return snake_case(type(self).__name__.replace("ReLU", "Relu"))


class ReLU(ActivationLayer):
    """Rectified linear units: ``max(x, 0)``, with options.

    Parameters
    ----------
    max_value : float, optional
        The largest answer; unlimited by default.
    negative_slope : float, default 0.0
        The slope below the threshold.
    threshold : float, default 0.0
        At or below it a unit is off.
    name : str, optional

    Examples
    --------
    >>> ReLU(max_value=6.0, negative_slope=0.1)(np.array([-1.0, 2.0, 9.0]))
    array([-0.1,  2. ,  6. ])
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.max_value = None if max_value is None else non_negative(max_value, "max_value", "ReLU")
        self.negative_slope = non_negative(negative_slope, "negative_slope", "ReLU")
        self.threshold = non_negative(threshold, "threshold", "ReLU")

    def call(self, x: Any) -> Any:
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)

    def title(self) -> str:
        """``ReLU(max_value=6.0)``."""
        given = {
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
        return f"ReLU({', '.join(f'{key}={value}' for key, value in given.items() if value)})"


class LeakyReLU(ActivationLayer):
    """``x`` where positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float, default 0.3
    name : str, optional

    Examples
    --------
    >>> LeakyReLU()(np.array([-1.0, 2.0]))
    array([-0.3,  2. ])
    """

    def __init__(self, negative_slope: float = 0.3, name: str | None = None) -> None:
        super().__init__(name)
        self.negative_slope = non_negative(negative_slope, "negative_slope", "LeakyReLU")

    def call(self, x: Any) -> Any:
        return activations.leaky_relu(x, self.negative_slope)

    def title(self) -> str:
        """``LeakyReLU(0.3)``."""
        return f"LeakyReLU({self.negative_slope})"


class ELU(ActivationLayer):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float, default 1.0
        Above 0.
    name : str, optional

    Examples
    --------
    >>> ELU()(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """

    def __init__(self, alpha: float = 1.0, name: str | None = None) -> None:
        super().__init__(name)
        self.alpha = positive(alpha, "alpha", "ELU")

    def call(self, x: Any) -> Any:
        return activations.elu(x, self.alpha)

    def title(self) -> str:
        """``ELU(1.0)``."""
        return f"ELU({self.alpha})"


@composite(inline=True)
def leak(z: Any, alpha: Any) -> Any:
    """``z`` where positive, ``alpha * z`` elsewhere."""
    return np.where(z > 0, z, alpha * z)


@leak.defgradient
def _(g: Any, h: Any, z: Any, alpha: Any) -> Any:
    return np.where(z > 0, g, alpha * g), np.where(z > 0, 0.0, g * z)


class PReLU(ActivationLayer):
    """A leaky ReLU whose slopes are trained: ``x`` where positive, ``alpha * x`` elsewhere.

    Parameters
    ----------
    alpha_initializer : str or Initializer, default "zeros"
    alpha_regularizer : str or Regularizer, optional
    alpha_constraint : str or Constraint, optional
    shared_axes : int or list of int, optional
        Axes (counted from 1, the first after the batch) along which one slope is shared: [1, 2] for one per
        channel of images.
    name : str, optional
    trainable : bool, default True

    Attributes
    ----------
    alpha : Weight
        Of the shape of one example, with 1 along the shared axes.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", 2015.

    Examples
    --------
    >>> PReLU(alpha_initializer="ones")(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name, trainable)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = None if shared_axes is None else _several(axis_argument(shared_axes, "PReLU"))

    def build(self, input_shape: InputShape) -> None:
        last_axis(input_shape, "PReLU")
        shared = self.shared_axes or ()
        if not all(1 <= axis < len(input_shape) for axis in shared):
            raise InputError(
                f"PReLU: shared_axes must lie between 1 and {len(input_shape) - 1} for inputs of shape "
                f"{input_shape}; got {list(shared)}."
            )
        extents = enumerate(input_shape[1:], 1)
        shape = tuple(1 if axis in shared else int(extent or 0) for axis, extent in extents)
        self.alpha = self.add_weight(
            "alpha",
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def call(self, x: Any) -> Any:
        return leak(x, self.alpha)


def _several(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    return (axis,) if isinstance(axis, int) else axis


class Softmax(ActivationLayer):
    """Softmax as a layer.

    Parameters
    ----------
    axis : int or list of int, default -1
        Along which the answers sum to 1.
    name : str, optional

    Examples
    --------
    >>> Softmax()(np.array([[1.0, -2.0, 0.0]])).round(4)
    array([[0.7054, 0.0351, 0.2595]])
    """

    def __init__(self, axis: Any = -1, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = axis_argument(axis, "Softmax")

    def call(self, x: Any) -> Any:
        return activations.softmax(x, axis=self.axis)


class Maxout(Layer):
    """The largest of each group of inputs: after ``Dense(k * units)``, units that take the best of k lines.

    Parameters
    ----------
    units : int
        Number of outputs; the number of inputs must be a multiple of it. Unit i takes the inputs from k i to
        k i + k - 1.
    name : str, optional

    Notes
    -----
    ``max(w₁ᵀx + b₁, w₂ᵀx + b₂)`` is ``Dense(2 * units)`` and ``Maxout(units)``: ReLU and leaky ReLU are
    special cases. Of equal inputs the first takes the gradient.

    References
    ----------
    I. Goodfellow et al., "Maxout networks", 2013.

    Examples
    --------
    >>> Maxout(2)(np.array([[1.0, 3.0, 5.0, 4.0]]))
    array([[3., 5.]])
    """

    def __init__(self, units: int, name: str | None = None) -> None:
        super().__init__(name)
        self.units = whole_number(units, "units", "Maxout")

    def build(self, input_shape: InputShape) -> None:
        inputs = last_axis(input_shape, "Maxout")
        if inputs % self.units:
            raise ShapeError(f"Maxout({self.units}) needs a multiple of {self.units} inputs; got {inputs}.")

    def call(self, x: Any) -> Any:
        pieces = x.reshape(*x.shape[:-1], self.units, x.shape[-1] // self.units)
        return pieces.max(axis=-1)

    def title(self) -> str:
        """``Maxout(64)``."""
        return f"Maxout({self.units})"
