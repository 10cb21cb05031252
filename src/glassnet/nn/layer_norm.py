"""Normalization of each example by itself: the same in training and in prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.norm import ScaleAndShift, broadcastable, standardize
from glassnet.nn.registry import positive
from glassnet.nn.sizes import axis_argument, chosen_axes, extents, last_axis, whole_number
from glassnet.trace.composite import composite

__all__ = ["GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]


class LayerNormalization(ScaleAndShift):
    """Layer normalization: ``gamma * (x - mean) / sqrt(var + epsilon) + beta``, each example by itself.

    Parameters
    ----------
    axis : int or tuple of int, default -1
        The axes over which mean and variance are taken; ``gamma`` and ``beta`` have their shape.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether to learn ``beta`` and ``gamma``.
    beta_initializer : str or Initializer, default "zeros"
    gamma_initializer : str or Initializer, default "ones"
    beta_regularizer, gamma_regularizer : optional
    beta_constraint, gamma_constraint : optional
    name : str, optional
    trainable : bool, default True

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> LayerNormalization()(np.array([[1.0, 2.0, 3.0]])).round(4)
    array([[-1.2238,  0.    ,  1.2238]])
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
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
        self.axis = axis_argument(axis, "LayerNormalization")

    def build(self, input_shape: InputShape) -> None:
        axes = chosen_axes(self.axis, input_shape, "LayerNormalization")
        self.add_scale_and_shift(extents(input_shape, axes))

    def call(self, x: Any) -> Any:
        axes = chosen_axes(self.axis, x.shape, "LayerNormalization")
        xhat = standardize(x, axis=axes, epsilon=self.epsilon)
        return self.scale_and_shift(xhat, axes)


class GroupNormalization(ScaleAndShift):
    """Group normalization: the channels of each example are standardized in groups.

    Mean and variance are taken over the channels of a group and all places of an image; then
    ``gamma * xhat + beta``, one number of each per channel.

    Parameters
    ----------
    groups : int, default 32
        Divides the number of channels. 1 is layer normalization over the whole example, -1 one group per
        channel: instance normalization.
    axis : int, default -1
        The axis of the channels; they come last.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether to learn ``beta`` and ``gamma``.
    beta_initializer : str or Initializer, default "zeros"
    gamma_initializer : str or Initializer, default "ones"
    beta_regularizer, gamma_regularizer : optional
    beta_constraint, gamma_constraint : optional
    name : str, optional
    trainable : bool, default True

    References
    ----------
    Y. Wu and K. He, "Group normalization", 2018.

    Examples
    --------
    >>> GroupNormalization(groups=2)(np.array([[1.0, 3.0, 10.0, 30.0]])).round(3)
    array([[-1., 1., -1., 1.]])
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
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
        self.groups = -1 if groups == -1 else whole_number(groups, "groups", "GroupNormalization")
        if axis != -1:
            raise InputError(
                f"GroupNormalization: axis must be -1, the channels come last; got {axis!r}.\n"
                "Put Permute before it."
            )
        self.axis = axis

    def build(self, input_shape: InputShape) -> None:
        channels = last_axis(input_shape, "GroupNormalization")
        if self.groups > 0 and channels % self.groups:
            raise ShapeError(
                f"GroupNormalization: {channels} channels cannot be divided into {self.groups} groups."
            )
        self.add_scale_and_shift((channels,))

    def call(self, x: Any) -> Any:
        ndim, channels = len(x.shape), x.shape[-1]
        count = channels if self.groups == -1 else self.groups
        groups = x.reshape(*x.shape[:-1], count, channels // count)
        axis = (*range(1, ndim - 1), ndim)  # all places, and the channels of one group
        ghat = standardize(groups, axis=axis, epsilon=self.epsilon)
        xhat = ghat.reshape(x.shape)
        return self.scale_and_shift(xhat, (ndim - 1,))

    def title(self) -> str:
        """``GroupNormalization(8)``."""
        return f"GroupNormalization({self.groups})"


@composite(inline=True)
def divide_by_rms(x: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    """``x / rms`` over ``axis``, ``rms = sqrt(mean(x**2) + epsilon)``."""
    rms = np.sqrt((x**2).mean(axis=axis, keepdims=True) + epsilon)
    return x / rms


@divide_by_rms.defgradient
def _(g: Any, xhat: Any, x: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    rms = np.sqrt((x**2).mean(axis=axis, keepdims=True) + epsilon)
    slope = (g * xhat).mean(axis=axis, keepdims=True)
    return ((g - xhat * slope) / rms,)


class RMSNormalization(Layer):
    """Root-mean-square normalization: ``scale * x / sqrt(mean(x**2) + epsilon)``, each example by itself.

    Layer normalization without the mean.

    Parameters
    ----------
    axis : int or tuple of int, default -1
        The axes over which the mean square is taken; ``scale`` has their shape.
    epsilon : float, default 1e-6
    name : str, optional
    trainable : bool, default True

    References
    ----------
    B. Zhang and R. Sennrich, "Root mean square layer normalization", 2019.

    Examples
    --------
    >>> RMSNormalization()(np.array([[3.0, 4.0]])).round(4)
    array([[0.8485, 1.1314]])
    """

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-6, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(name, trainable)
        self.axis = axis_argument(axis, "RMSNormalization")
        self.epsilon = positive(epsilon, "epsilon", "RMSNormalization")

    def build(self, input_shape: InputShape) -> None:
        shape = extents(input_shape, chosen_axes(self.axis, input_shape, "RMSNormalization"))
        self.scale = self.add_weight("scale", shape, "ones")

    def call(self, x: Any) -> Any:
        axes = chosen_axes(self.axis, x.shape, "RMSNormalization")
        xhat = divide_by_rms(x, axis=axes, epsilon=self.epsilon)
        a = broadcastable(self.scale, axes, len(x.shape)) * xhat
        return a

    def family(self) -> str:
        return "rms_normalization"


@composite(inline=True)
def divide_by_norm(x: Any, *, axis: tuple[int, ...]) -> Any:
    """``x / norm`` over ``axis``; a norm below 1e-6 counts as 1e-6."""
    norm = np.sqrt(np.maximum((x**2).sum(axis=axis, keepdims=True), 1e-12))
    return x / norm


@divide_by_norm.defgradient
def _(g: Any, u: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
    squares = (x**2).sum(axis=axis, keepdims=True)
    norm = np.sqrt(np.maximum(squares, 1e-12))
    slope = np.where(squares > 1e-12, (g * u).sum(axis=axis, keepdims=True), 0.0)
    return ((g - u * slope) / norm,)


class UnitNormalization(Layer):
    """Divide by the Euclidean norm: ``x / max(norm(x), 1e-6)``, so that each example has norm 1.

    Parameters
    ----------
    axis : int or tuple of int, default -1
        The axes over which the norm is taken.
    name : str, optional

    Examples
    --------
    >>> UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """

    def __init__(self, axis: Any = -1, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = axis_argument(axis, "UnitNormalization")

    def call(self, x: Any) -> Any:
        u = divide_by_norm(x, axis=chosen_axes(self.axis, x.shape, "UnitNormalization"))
        return u
