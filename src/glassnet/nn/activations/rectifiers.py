"""Activations made of straight pieces, and their smoothed relatives with an exponential left side."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.trace.composite import composite


def limited(z: Any, max_value: float | None) -> Any:
    """``z``, at most ``max_value``."""
    return z if max_value is None else np.minimum(z, max_value)


def leaked(z: Any, negative_slope: float, threshold: float) -> Any:
    """What passes below the threshold."""
    return negative_slope * (z - threshold if threshold else z) if negative_slope else 0.0


@composite(inline=True)
def rectify(z: Any, *, negative_slope: float, max_value: float | None, threshold: float) -> Any:
    """:func:`relu` with options; its gradient is written piece by piece."""
    return np.where(z <= threshold, leaked(z, negative_slope, threshold), limited(z, max_value))


@rectify.defgradient
def _(g: Any, h: Any, z: Any, *, negative_slope: float, max_value: float | None, threshold: float) -> Any:
    passed = g if max_value is None else np.where(z < max_value, g, 0.0)
    return (np.where(z <= threshold, leaked(g, negative_slope, 0), passed),)


@composite(inline=True)
def clip_from_zero(z: Any, *, max_value: float) -> Any:
    """:func:`relu` with only an upper limit."""
    return np.minimum(np.maximum(z, 0), max_value)


@clip_from_zero.defgradient
def _(g: Any, h: Any, z: Any, *, max_value: float) -> Any:
    return (np.where((z > 0) & (z < max_value), g, 0.0),)


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit: ``max(x, 0)``. Its derivative at 0 is 0.

    Parameters
    ----------
    x : array
    negative_slope : float, default 0.0
        The slope below the threshold: ``negative_slope * (x - threshold)``.
    max_value : float, optional
        The largest answer; unlimited by default.
    threshold : float, default 0.0
        At or below it a unit is off.

    Returns
    -------
    array

    References
    ----------
    V. Nair and G. Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> relu(np.array([-1.0, 2.0, 9.0]), negative_slope=0.5, max_value=6.0)
    array([-0.5,  2. ,  6. ])
    """
    if negative_slope == 0 and threshold == 0:
        return np.maximum(x, 0) if max_value is None else clip_from_zero(x, max_value=max_value)
    return rectify(x, negative_slope=negative_slope, max_value=max_value, threshold=threshold or 0)


def relu6(x: Any) -> Any:
    """ReLU limited to 6: ``min(max(x, 0), 6)``.

    Parameters
    ----------
    x : array

    Returns
    -------
    array, in [0, 6]

    References
    ----------
    A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.

    Examples
    --------
    >>> relu6(np.array([-1.0, 2.0, 9.0]))
    array([0., 2., 6.])
    """
    return clip_from_zero(x, max_value=6)


@composite(inline=True)
def leaky_relu(z: Any, negative_slope: float = 0.2) -> Any:
    """``z`` where positive, ``negative_slope * z`` elsewhere: a unit that never dies.

    Parameters
    ----------
    z : array
    negative_slope : float, default 0.2

    Returns
    -------
    array

    References
    ----------
    A. Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.

    Examples
    --------
    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])
    """
    return np.where(z > 0, z, negative_slope * z)


@leaky_relu.defgradient
def _(g: Any, h: Any, z: Any, negative_slope: float = 0.2) -> Any:
    return (np.where(z > 0, g, negative_slope * g),)


@composite(inline=True)
def elu(z: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: ``z`` where positive, ``alpha * (exp(z) - 1)`` elsewhere.

    Parameters
    ----------
    z : array
    alpha : float, default 1.0
        The limit on the left is ``-alpha``.

    Returns
    -------
    array

    References
    ----------
    D.-A. Clevert et al., "Fast and accurate deep network learning by exponential linear units", 2016.

    Examples
    --------
    >>> elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


@elu.defgradient
def _(g: Any, h: Any, z: Any, alpha: float = 1.0) -> Any:
    return (np.where(z > 0, g, g * (h + alpha)),)


@composite(inline=True)
def celu(z: Any, alpha: float = 1.0) -> Any:
    """ELU with a slope of 1 at 0 for every ``alpha``: ``alpha * (exp(z / alpha) - 1)`` where negative.

    Parameters
    ----------
    z : array
    alpha : float, default 1.0

    Returns
    -------
    array

    References
    ----------
    J. Barron, "Continuously differentiable exponential linear units", 2017.

    Examples
    --------
    >>> celu(np.array([-1.0, 2.0]), alpha=2.0).round(4)
    array([-0.7869,  2.    ])
    """
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0) / alpha))


@celu.defgradient
def _(g: Any, h: Any, z: Any, alpha: float = 1.0) -> Any:
    return (np.where(z > 0, g, g * (h / alpha + 1)),)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


@composite
def selu(z: Any) -> Any:
    """Scaled ELU: ``1.0507 * elu(z, 1.6733)``, which keeps mean 0 and variance 1 from layer to layer.

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    Notes
    -----
    Meant for ``lecun_normal`` kernels and alpha dropout.

    References
    ----------
    G. Klambauer et al., "Self-normalizing neural networks", 2017.

    Examples
    --------
    >>> selu(np.array([-1.0, 1.0])).round(4)
    array([-1.1113,  1.0507])
    """
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


@selu.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (np.where(z > 0, SELU_SCALE * g, g * (h + SELU_SCALE * SELU_ALPHA)),)
