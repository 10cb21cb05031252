"""Smooth activations: sigmoid, tanh and what is made of them, softplus and its kin, GELU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.trace.composite import composite


def linear(x: Any) -> Any:
    """The identity: ``x``.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Examples
    --------
    >>> linear(2.0)
    2.0
    """
    return x


def exponential(x: Any) -> Any:
    """``exp(x)``.

    Parameters
    ----------
    x : array

    Returns
    -------
    array, above 0

    Examples
    --------
    >>> exponential(np.array([0.0, 1.0])).round(4)
    array([1.    , 2.7183])
    """
    return np.exp(x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Parameters
    ----------
    x : array

    Returns
    -------
    array, in (-1, 1)

    Examples
    --------
    >>> tanh(np.array([0.0]))
    array([0.])
    """
    return np.tanh(x)


@composite
def sigmoid(z: Any) -> Any:
    """Logistic function: ``1 / (1 + exp(-z))``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array, in (0, 1)

    Notes
    -----
    Accurate in both tails. For z below -88 (float32) or -709 (float64) ``exp`` overflows to infinity and the
    result is the right one, 0; programs run with that warning switched off.

    Examples
    --------
    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    return 1 / (1 + np.exp(-z))


@sigmoid.defgradient
def _(g: Any, y: Any, z: Any) -> Any:
    return (g * y * (1 - y),)


@composite(inline=True)
def log_sigmoid(z: Any) -> Any:
    """``log(sigmoid(z))``, computed stably as ``min(z, 0) - log(1 + exp(-|z|))``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array, below 0

    Examples
    --------
    >>> log_sigmoid(np.array([0.0, -100.0])).round(4)
    array([  -0.6931, -100.    ])
    """
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


@log_sigmoid.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (g * sigmoid(-z),)


@composite(inline=True)
def silu(z: Any) -> Any:
    """``z * sigmoid(z)``; also called swish.

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    References
    ----------
    P. Ramachandran et al., "Searching for activation functions", 2017.

    Examples
    --------
    >>> silu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.2689,  0.    ,  0.7311])
    """
    return z * sigmoid(z)


@silu.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    s = sigmoid(z)
    return (g * (s + h * (1 - s)),)


@composite
def softplus(z: Any) -> Any:
    """``log(1 + exp(z))``, computed stably as ``max(z, 0) + log(1 + exp(-|z|))``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array, above 0

    Examples
    --------
    >>> softplus(np.array([0.0, 1000.0])).round(4)
    array([6.931e-01, 1.000e+03])
    """
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


@softplus.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (g * sigmoid(z),)


@composite(inline=True)
def softsign(z: Any) -> Any:
    """``z / (1 + |z|)``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array, in (-1, 1)

    Examples
    --------
    >>> softsign(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """
    return z / (1 + np.abs(z))


@softsign.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    return (g / (1 + np.abs(z)) ** 2,)


@composite
def squareplus_root(z: Any, *, b: float) -> Any:
    """``sqrt(z² + b)``, without squaring large numbers."""
    m = np.maximum(np.abs(z), 1)
    return m * np.sqrt((z / m) ** 2 + b / m / m)


@composite
def squareplus(z: Any, b: float = 4.0) -> Any:
    """``(z + sqrt(z² + b)) / 2``: softplus without exponentials.

    Parameters
    ----------
    z : array
    b : float, default 4
        Above 0; the smaller, the nearer to ReLU.

    Returns
    -------
    array, above 0

    Notes
    -----
    For negative z the equal ``b / 2 / (sqrt(z² + b) - z)`` is used, which does not cancel.

    References
    ----------
    J. Barron, "Squareplus: a softplus-like algebraic rectifier", 2021.

    Examples
    --------
    >>> squareplus(np.array([-1e6, 0.0, 1e6]))
    array([1.e-06, 1.e+00, 1.e+06])
    """
    half = 0.5 * np.abs(z) + 0.5 * squareplus_root(z, b=b)
    return np.where(z > 0, half, 0.25 * b / half)


@squareplus.defgradient
def _(g: Any, h: Any, z: Any, b: float = 4.0) -> Any:
    return (g * h / squareplus_root(z, b=b),)


@composite(inline=True)
def mish(z: Any) -> Any:
    """``z * tanh(softplus(z))``.

    Parameters
    ----------
    z : array

    Returns
    -------
    array

    References
    ----------
    D. Misra, "Mish: a self regularized non-monotonic activation function", 2019.

    Examples
    --------
    >>> mish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.3034,  0.    ,  0.8651])
    """
    return z * np.tanh(softplus(z))


@mish.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    t = np.tanh(softplus(z))
    return (g * (t + z * (1 - t**2) * sigmoid(z)),)


# ------------------------------------------------------------------------------------------ GELU
@composite
def erf(x: Any) -> Any:
    """The error function, ``2/√π ∫₀ˣ exp(-t²) dt``, to 1e-15; NumPy has none.

    Parameters
    ----------
    x : array

    Returns
    -------
    array, in (-1, 1)

    Notes
    -----
    A polynomial in x² up to 1, beyond it ``1 - exp(-x²) P(x) / Q(x)``: weighted least squares through values
    of 50 digits, with errors of 7e-18 and 8e-17 before rounding.

    Examples
    --------
    >>> erf(np.array([0.0, 1.0])).round(6)
    array([0.      , 0.842701])
    """
    a = np.minimum(np.abs(x), 6)
    u = np.minimum(a, 1) ** 2
    r = -7.77942050e-10 * u + 1.3710953848e-8
    r = (r * u - 1.62063074119e-7) * u + 1.6447130713334e-6
    r = (r * u - 1.49247122299327e-5) * u + 0.0001205529357300686
    r = (r * u - 0.0008548325929179237) * u + 0.00522397760611554
    r = (r * u - 0.026866170643111094) * u + 0.11283791670944182
    r = (r * u - 0.3761263890318352) * u + 1.1283791670955126
    p = -3.3982155682e-7 * a + 0.024634891024573974
    p = (p * a + 0.18560273933506619) * a + 0.633898183012316
    p = (p * a + 1.1359026455324872) * a + 1.000000899470616
    q = 0.043647390331904914 * a + 0.32919508435219125
    q = (q * a + 1.143519679595749) * a + 2.188836281582285
    q = (q * a + 2.264290535967803) * a + 1
    return np.where(a < 1, x * r, np.sign(x) * (1 - np.exp(-(a**2)) * p / q))


@erf.defgradient
def _(g: Any, y: Any, x: Any) -> Any:
    return (g * (2 / math.sqrt(math.pi)) * np.exp(-(x**2)),)


@composite(inline=True)
def gelu_by_erf(z: Any) -> Any:
    """``z * cdf(z)`` with the cumulative distribution of a standard Gaussian."""
    cdf = 0.5 * (1 + erf(z / math.sqrt(2)))
    return z * cdf


@gelu_by_erf.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    cdf = 0.5 * (1 + erf(z / math.sqrt(2)))
    pdf = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return (g * (cdf + z * pdf),)


@composite(inline=True)
def gelu_by_tanh(z: Any) -> Any:
    """``z * cdf(z)``; ``sigmoid(2 u)`` is ``0.5 (1 + tanh(u))``, with all digits in the left tail."""
    cdf = sigmoid(math.sqrt(8 / math.pi) * (z + 0.044715 * z**3))
    return z * cdf


@gelu_by_tanh.defgradient
def _(g: Any, h: Any, z: Any) -> Any:
    cdf = sigmoid(math.sqrt(8 / math.pi) * (z + 0.044715 * z**3))
    slope = math.sqrt(8 / math.pi) * (1 + 0.134145 * np.minimum(z**2, 100))  # beyond it cdf is 0 or 1
    pdf = cdf * (1 - cdf) * slope
    return (g * (cdf + z * pdf),)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Gaussian error linear unit: ``x Φ(x)``, with Φ the distribution function of a standard Gaussian.

    Parameters
    ----------
    x : array
    approximate : bool, default False
        ``0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`` instead of ``0.5 x (1 + erf(x / √2))``.

    Returns
    -------
    array

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016.

    Examples
    --------
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    return gelu_by_tanh(x) if approximate else gelu_by_erf(x)
