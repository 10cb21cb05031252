"""Normalization layers: of the inputs, and of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, InputTypeError, ShapeError
from glassnet.nn import constraints, initializers, regularizers
from glassnet.nn.layer import InputShape, Layer
from glassnet.nn.registry import positive, share
from glassnet.nn.sizes import last_axis
from glassnet.trace.composite import composite


@composite(inline=True)
def standardize(x: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    """``(x - mean) / std`` over ``axis``, ``std = sqrt(var + epsilon)``."""
    mean = x.mean(axis=axis)
    var = x.var(axis=axis)
    std = np.sqrt(var + epsilon)
    return (x - mean) / std


@standardize.defgradient
def _(g: Any, xhat: Any, x: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    """The closed form: no gradient passes through mean and variance one by one."""
    std = np.sqrt(x.var(axis=axis) + epsilon)
    slope = (g * xhat).mean(axis=axis)
    return ((g - g.mean(axis=axis) - xhat * slope) / std,)


class BatchNormalization(Layer):
    """Batch normalization: ``gamma * (x - mean) / sqrt(var + epsilon) + beta``.

    In training mean and variance are the batch's, over all axes but the last; prediction uses running
    averages. Put it before the non-linearity.

    Parameters
    ----------
    momentum : float, default 0.99
        The running statistics keep this share of their old value at each step.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether to learn ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : optional
    beta_constraint, gamma_constraint : optional
    name : str, optional
    trainable : bool, default True

    Notes
    -----
    The variance is the biased one (divided by n), also in the running average, as in Keras.

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
        momentum: float = 0.99,
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
        super().__init__(name, trainable)
        self.momentum = share(momentum, "momentum", "BatchNormalization")
        self.epsilon = positive(epsilon, "epsilon", "BatchNormalization")
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: InputShape) -> None:
        shape = (last_axis(input_shape, "BatchNormalization"),)
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
        self.moving_mean = self.add_weight("moving_mean", shape, "zeros", trainable=False)
        self.moving_variance = self.add_weight("moving_variance", shape, "ones", trainable=False)

    def call(self, x: Any, training: bool = False) -> Any:
        if training and self.trainable:
            axis = tuple(range(len(x.shape) - 1))
            xhat = standardize(x, axis=axis, epsilon=self.epsilon)
            keep = self.momentum
            self.moving_mean.assign(keep * self.moving_mean + decimal_rest(keep) * x.mean(axis=axis))
            self.moving_variance.assign(keep * self.moving_variance + decimal_rest(keep) * x.var(axis=axis))
        else:
            std = np.sqrt(self.moving_variance + self.epsilon)
            xhat = (x - self.moving_mean) / std
        return self._scale_and_shift(xhat)

    def _scale_and_shift(self, xhat: Any) -> Any:
        if self.scale and self.center:
            a = self.gamma * xhat + self.beta
        elif self.scale:
            a = self.gamma * xhat
        elif self.center:
            a = xhat + self.beta
        else:
            return xhat
        return a


def decimal_rest(share: float) -> float:
    """``1 - share`` as one would write it: 0.01 for 0.99.

    Examples
    --------
    >>> decimal_rest(0.99)
    0.01
    """
    return float(np.round(1 - share, 15))


class Normalization(Layer):
    """Standardize the inputs: ``(x - mean) / sqrt(variance)``, feature by feature, with fixed statistics.

    Parameters
    ----------
    axis : int or None, default -1
        Statistics for each index of this axis; None for one mean and one variance of everything.
    mean, variance : array or float, optional
        Known statistics; otherwise :meth:`adapt` computes them, or ``fit`` does so from the training data.
    invert : bool, default False
        Undo the standardization instead: ``mean + x * sqrt(variance)``.
    name : str, optional

    Notes
    -----
    A constant feature is divided by 1, so it becomes 0 rather than NaN.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0.0, 5.0], [2.0, 5.0]]))
    >>> layer(np.array([[0.0, 5.0]]))
    array([[-1.,  0.]])
    """

    def __init__(
        self,
        axis: int | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if axis not in (-1, None):
            raise InputError(
                f"Normalization: axis must be -1 (per feature) or None (one for all); got {axis!r}."
            )
        if (mean is None) != (variance is None):
            raise InputError("Normalization: give both mean and variance, or neither.")
        self.axis, self.invert = axis, bool(invert)
        self.given = None if mean is None else _statistics(mean, variance)

    def build(self, input_shape: InputShape) -> None:
        shape = () if self.axis is None else (last_axis(input_shape, "Normalization"),)
        mean, variance = self.given if self.given is not None else (np.zeros(shape), np.ones(shape))
        self.mean = self.add_weight("mean", shape, initializers.Fixed(mean), trainable=False, symbol="mu")
        self.variance = self.add_weight(
            "variance", shape, initializers.Fixed(variance), trainable=False, symbol="variance"
        )

    @property
    def adapted(self) -> bool:
        """Whether the statistics are known."""
        return self.given is not None

    def adapt(self, data: Any) -> None:
        """Compute the statistics, in float64.

        Parameters
        ----------
        data : array (n, ..., features)
            The training data, and nothing else: statistics from other data leak it into training.
        """
        x = _finite_numbers(data)
        if self.built and self.axis == -1 and x.shape[-1:] != self.mean.shape:
            raise ShapeError(
                f"Normalization.adapt(): the layer takes {self.mean.shape[0]} features; "
                f"got data of shape {x.shape}."
            )
        axes = tuple(range(x.ndim - 1)) if self.axis == -1 else None
        variance = x.var(axis=axes)
        # Rounding leaves a trace of variance on a constant feature whose value is not a binary fraction.
        tiny = 1e-24 * np.maximum(np.square(x).mean(axis=axes), np.finfo(float).tiny)
        self.build_once((None, *x.shape[1:]))
        self.given = x.mean(axis=axes), np.where(variance > tiny, variance, 1.0)
        for weight, value in zip((self.mean, self.variance), self.given, strict=True):
            weight.assign(np.asarray(value, float if weight.value is None else weight.value.dtype))

    def call(self, x: Any) -> Any:
        if self.invert:
            restored = self.mean + x * np.sqrt(self.variance)
            return restored
        xn = (x - self.mean) / np.sqrt(self.variance)
        return xn


def _statistics(mean: Any, variance: Any) -> tuple[np.ndarray, np.ndarray]:
    """Given statistics as arrays, checked."""
    mu, spread = np.asarray(mean, float), np.asarray(variance, float)
    if not np.isfinite(mu).all():
        raise InputError(f"Normalization: mean must be finite; got {mu.tolist()}.")
    if not (np.isfinite(spread) & (spread > 0)).all():
        raise InputError(f"Normalization: variance must be finite and above 0; got {spread.tolist()}.")
    return mu, spread


def _finite_numbers(data: Any) -> np.ndarray:
    """The data as float64, or an error."""
    try:
        x = np.asarray(data, float)
    except (TypeError, ValueError):
        raise InputTypeError(
            f"Normalization.adapt() needs an array of numbers; got a {type(data).__name__} "
            "that NumPy cannot read as numbers."
        ) from None
    if not x.size:
        raise InputError(f"the data for Normalization.adapt() are empty: shape {x.shape}.")
    bad = ~np.isfinite(x)
    if bad.any():
        raise InputError(
            f"the data for Normalization.adapt() have {int(bad.sum())} values that are not finite, "
            f"first at row {int(np.argwhere(bad)[0][0])}.\n"
            "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."
        )
    return x


__all__ = ["BatchNormalization", "Normalization", "standardize"]
