"""Activations: functions of one array, on plain and traced arrays alike.

Any NumPy function of one array is an activation; these have names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.registry import lookup
from glassnet.trace.composite import composite

__all__ = ["get", "linear", "log_softmax", "relu", "sigmoid", "softmax", "tanh"]


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


def relu(x: Any) -> Any:
    """Rectified linear unit: ``max(x, 0)``. Its derivative at 0 is 0.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(x, 0)


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
    return 1 / (1 + np.exp(-z))


@sigmoid.defgradient
def _(g: Any, y: Any, z: Any) -> Any:
    return (g * y * (1 - y),)


@composite
def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@softmax.defgradient
def _(g: Any, p: Any, z: Any) -> Any:
    return (p * (g - (g * p).sum(axis=-1, keepdims=True)),)


@composite
def log_softmax(z: Any) -> Any:
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


@log_softmax.defgradient
def _(g: Any, logp: Any, z: Any) -> Any:
    return (g - np.exp(logp) * g.sum(axis=-1, keepdims=True),)


# Composites print their bodies, so their documentation stands outside.
sigmoid.__doc__ = """Logistic function: ``1 / (1 + exp(-z))``.

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
softmax.__doc__ = """Softmax over the last axis: ``exp(z) / sum(exp(z))``, the largest score shifted to 0.

    Parameters
    ----------
    z : array (..., k)

    Returns
    -------
    array (..., k)
        Positive, with sum 1.

    Examples
    --------
    >>> softmax(np.array([1.0, -2.0, 0.0])).round(4)
    array([0.7054, 0.0351, 0.2595])
    """
log_softmax.__doc__ = """Logarithm of the softmax over the last axis: ``z - log(sum(exp(z)))``, stable.

    Parameters
    ----------
    z : array (..., k)

    Returns
    -------
    array (..., k)

    Examples
    --------
    >>> log_softmax(np.array([0.0, 0.0])).round(4)
    array([-0.6931, -0.6931])
    """

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear,
    "relu": relu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "log_softmax": log_softmax,
}


def get(identifier: Any) -> Callable[[Any], Any]:
    """The activation for a name or a NumPy function; ``None`` is linear.

    Parameters
    ----------
    identifier : str, callable or None

    Returns
    -------
    callable

    Raises
    ------
    UnknownNameError
        A name that nobody knows.

    Examples
    --------
    >>> get("relu") is relu
    True
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    if isinstance(identifier, str):
        return lookup("activation", ACTIVATIONS, identifier)  # type: ignore[no-any-return]
    raise InputError(f"{identifier!r} is not an activation: give a name or a NumPy function of one array.")
