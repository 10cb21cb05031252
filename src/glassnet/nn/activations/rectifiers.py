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


# ------------------------------------------------------------------------------------------ hard variants
@composite(inline=True)
def hard_tanh(z: Any) -> Any:
    """``z`` limited to [-1, 1].

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    Examples
    --------
    >>> hard_tanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    return np.minimum(np.maximum(z, -1), 1)


@hard_tanh.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (np.where(np.abs(z) < 1, g, 0.0),)


@composite(inline=True)
def hard_sigmoid(z: Any) -> Any:
    """``relu6(z + 3) / 6``: a straight line from (-3, 0) to (3, 1), flat elsewhere.

    Parameters
    ----------
    z : array

    Returns
    -------
    array, in [0, 1]

    Examples
    --------
    >>> hard_sigmoid(np.array([-3.0, 0.0, 1.5, 3.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return np.minimum(np.maximum(z / 6 + 0.5, 0), 1)


@hard_sigmoid.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (np.where(np.abs(z) < 3, g / 6, 0.0),)


@composite(inline=True)
def hard_silu(z: Any) -> Any:
    """``z * hard_sigmoid(z)``; also called hard swish.

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    References
    ----------
    A. Howard et al., "Searching for MobileNetV3", 2019.

    Examples
    --------
    >>> hard_silu(np.array([-3.0, 1.5, 4.0]))
    array([-0.   ,  1.125,  4.   ])
    """
    s = hard_sigmoid(z)
    return z * s


@hard_silu.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    s = hard_sigmoid(z)
    return (g * np.where(np.abs(z) < 3, z / 3 + 0.5, s),)


@composite(inline=True)
def sparse_sigmoid(z: Any) -> Any:
    """A straight line from (-1, 0) to (1, 1), flat elsewhere: the sparsemax of ``(z, 0)`` scaled to [-1, 1].

    Parameters
    ----------
    z : array

    Returns
    -------
    array, in [0, 1]

    References
    ----------
    A. Martins and R. Astudillo, "From softmax to sparsemax", 2016.

    Examples
    --------
    >>> sparse_sigmoid(np.array([-2.0, 0.5, 2.0]))
    array([0.  , 0.75, 1.  ])
    """
    return np.minimum(np.maximum(0.5 * z + 0.5, 0), 1)


@sparse_sigmoid.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (np.where(np.abs(z) < 1, 0.5 * g, 0.0),)


@composite(inline=True)
def sparse_plus(z: Any) -> Any:
    """The integral of :func:`sparse_sigmoid`: 0, ``(z + 1)² / 4`` from -1 to 1, then ``z``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    Examples
    --------
    >>> sparse_plus(np.array([-2.0, 0.0, 2.0]))
    array([0.  , 0.25, 2.  ])
    """
    middle = 0.25 * (np.maximum(z, -1) + 1) ** 2
    return np.where(z < 1, middle, z)


@sparse_plus.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (g * sparse_sigmoid(z),)


# ------------------------------------------------------------------------------------------ shrinkage
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` where ``|x| > threshold``, 0 elsewhere.

    Parameters
    ----------
    x : array
    threshold : float, default 0.5

    Returns
    -------
    array

    Examples
    --------
    >>> hard_shrink(np.array([-1.0, 0.2, 1.0]))
    array([-1.,  0.,  1.])
    """
    return np.where(np.abs(x) <= threshold, 0.0, x)


@composite(inline=True)
def soft_shrink(z: Any, threshold: float = 0.5) -> Any:
    """``z`` moved towards 0 by ``threshold``, and 0 where it would cross: the proximal step of L1.

    Parameters
    ----------
    z : array
    threshold : float, default 0.5

    Returns
    -------
    array

    Examples
    --------
    >>> soft_shrink(np.array([-1.0, 0.2, 1.0]))
    array([-0.5,  0. ,  0.5])
    """
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0)


@soft_shrink.defgradient
def _(g: Any, h: Any, z: Any, threshold: float = 0.5) -> Any:
    return (np.where(np.abs(z) > threshold, g, 0.0),)


@composite(inline=True)
def tanh_shrink(z: Any) -> Any:
    """``z - tanh(z)``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    Examples
    --------
    >>> tanh_shrink(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.2384])
    """
    t = np.tanh(z)
    return z - t


@tanh_shrink.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    t = np.tanh(z)
    return (g * t**2,)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """``x`` where it is above ``threshold``, ``default_value`` elsewhere.

    Parameters
    ----------
    x : array
    threshold : float
    default_value : float

    Returns
    -------
    array

    Notes
    -----
    It has no defaults, so as an activation it is given with its options:
    ``functools.partial(activations.threshold, threshold=1.0, default_value=0.0)``.

    Examples
    --------
    >>> threshold(np.array([0.5, 2.0]), 1.0, -1.0)
    array([-1.,  2.])
    """
    return np.where(x <= threshold, default_value, x)
