"""Hard variants: sigmoid and its kin as straight pieces, and functions that shrink small values to zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.trace.composite import composite


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
