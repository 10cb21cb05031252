"""Batch normalization, and what all layers share that standardize and then scale and shift."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn import constraints, initializers, regularizers
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.registry import positive, share
from glassnet.nn.sizes import axis_argument, chosen_axes, extents
from glassnet.trace.composite import composite

__all__ = ["BatchNormalization", "ScaleAndShift", "broadcastable", "decimal_rest", "standardize"]


@composite(inline=True)
def standardize(x: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    """``(x - mean) / std`` over ``axis``, ``std = sqrt(var + epsilon)``."""
    keepdims = axis != tuple(range(len(axis)))  # the first axes need none to broadcast
    mean = x.mean(axis=axis, keepdims=keepdims)
    var = x.var(axis=axis, keepdims=keepdims)
    std = np.sqrt(var + epsilon)
    return (x - mean) / std


@standardize.defgradient
def _(g: Any, xhat: Any, x: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    """The closed form: no gradient passes through mean and variance one by one."""
    keepdims = axis != tuple(range(len(axis)))
    std = np.sqrt(x.var(axis=axis, keepdims=keepdims) + epsilon)
    slope = (g * xhat).mean(axis=axis, keepdims=keepdims)
    return ((g - g.mean(axis=axis, keepdims=keepdims) - xhat * slope) / std,)


def broadcastable(values: Any, axes: tuple[int, ...], ndim: int) -> Any:
    """Values for each index of ``axes`` of an array of ``ndim`` dimensions, in a shape that broadcasts.

    Examples
    --------
    >>> broadcastable(np.zeros(3), (1,), 4).shape, broadcastable(np.zeros(3), (3,), 4).shape
    ((3, 1, 1), (3,))
    """
    if axes == tuple(range(ndim - len(axes), ndim)):
        return values
    extents = iter(values.shape)
    return values.reshape(tuple(next(extents) if i in axes else 1 for i in range(min(axes), ndim)))


class ScaleAndShift(Layer):
    """Base of layers that end with ``gamma * xhat + beta``, both learned.

    Parameters
    ----------
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether to learn ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : optional
    beta_constraint, gamma_constraint : optional
    name : str, optional
    trainable : bool
    """

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        name: str | None,
        trainable: bool,
    ) -> None:
        super().__init__(name, trainable)
        self.epsilon = positive(epsilon, "epsilon", type(self).__name__)
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def add_scale_and_shift(self, shape: tuple[int, ...]) -> None:
        """Create ``gamma`` and ``beta``, as far as they are wanted."""
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def scale_and_shift(self, xhat: Any, axes: tuple[int, ...]) -> Any:
        """``gamma * xhat + beta``, one number of each for every index of ``axes``."""
        if self.scale and self.center:
            a = self._along(self.gamma, axes, xhat) * xhat + self._along(self.beta, axes, xhat)
        elif self.scale:
            a = self._along(self.gamma, axes, xhat) * xhat
        elif self.center:
            a = xhat + self._along(self.beta, axes, xhat)
        else:
            return xhat
        return a

    @staticmethod
    def _along(weight: Any, axes: tuple[int, ...], xhat: Any) -> Any:
        return broadcastable(weight, axes, len(xhat.shape))


class BatchNormalization(ScaleAndShift):
    """Batch normalization: ``gamma * (x - mean) / sqrt(var + epsilon) + beta``.

    In training mean and variance are the batch's, over all axes but one; prediction uses running averages.
    Put it before the non-linearity.

    Parameters
    ----------
    axis : int, default -1
        The axis that is kept: the features, or the channels of images (n, height, width, channels).
    momentum : float, default 0.99
        The running statistics keep this share of their old value at each step.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether to learn ``beta`` and ``gamma``.
    beta_initializer : str or Initializer, default "zeros"
    gamma_initializer : str or Initializer, default "ones"
    moving_mean_initializer : str or Initializer, default "zeros"
    moving_variance_initializer : str or Initializer, default "ones"
    beta_regularizer, gamma_regularizer : optional
    beta_constraint, gamma_constraint : optional
    name : str, optional
    trainable : bool, default True
        False also in training uses the running statistics, and leaves them as they are.

    Notes
    -----
    The variance is the biased one (divided by n), also in the running average, as in Keras. At the start a
    unit of variance v leaves the layer with mean 0 and variance v / (v + epsilon).

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> BatchNormalization()(np.array([[1.0, 2.0]])).round(4)
    array([[0.9995, 1.999 ]])
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, name, trainable,
        )  # fmt: skip
        checked = axis_argument(axis, "BatchNormalization")
        if not isinstance(checked, int):
            raise InputError(f"BatchNormalization: axis must be one axis, such as -1; got {axis!r}.")
        self.axis, self.momentum = checked, share(momentum, "momentum", "BatchNormalization")
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: InputShape) -> None:
        shape = extents(input_shape, chosen_axes(self.axis, input_shape, "BatchNormalization"))
        self.add_scale_and_shift(shape)
        self.moving_mean = self.add_weight(
            "moving_mean", shape, self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )

    def call(self, x: Any, training: bool = False) -> Any:
        kept = chosen_axes(self.axis, x.shape, "BatchNormalization")
        if training and self.trainable:
            axis = tuple(i for i in range(len(x.shape)) if i not in kept)
            xhat = standardize(x, axis=axis, epsilon=self.epsilon)
            keep = self.momentum
            self.moving_mean.assign(keep * self.moving_mean + decimal_rest(keep) * x.mean(axis=axis))
            self.moving_variance.assign(keep * self.moving_variance + decimal_rest(keep) * x.var(axis=axis))
        else:
            std = np.sqrt(self._along(self.moving_variance, kept, x) + self.epsilon)
            xhat = (x - self._along(self.moving_mean, kept, x)) / std
        return self.scale_and_shift(xhat, kept)


def decimal_rest(share: float) -> float:
    """``1 - share`` as one would write it: 0.01 for 0.99.

    Examples
    --------
    >>> decimal_rest(0.99)
    0.01
    """
    return float(np.round(1 - share, 15))
