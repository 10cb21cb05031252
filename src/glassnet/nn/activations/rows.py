"""Activations of whole rows: softmax and its kin, and gated linear units."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ShapeError
from glassnet.nn.activations.smooth import sigmoid
from glassnet.trace.composite import composite


@composite
def softmax(z: Any, axis: int = -1) -> Any:
    """Softmax: ``exp(z) / sum(exp(z))``, the largest score shifted to 0.

    Parameters
    ----------
    z : array (..., k)
    axis : int, default -1
        Along which the answers sum to 1.

    Returns
    -------
    array (..., k)
        Positive, with sum 1.

    Examples
    --------
    >>> softmax(np.array([1.0, -2.0, 0.0])).round(4)
    array([0.7054, 0.0351, 0.2595])
    """
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@softmax.defgradient
def _(g: Any, p: Any, z: Any, axis: int = -1) -> Any:
    return (p * (g - (g * p).sum(axis=axis, keepdims=True)),)


@composite
def log_softmax(z: Any, axis: int = -1) -> Any:
    """Logarithm of the softmax: ``z - log(sum(exp(z)))``, stable.

    Parameters
    ----------
    z : array (..., k)
    axis : int, default -1

    Returns
    -------
    array (..., k)

    Examples
    --------
    >>> log_softmax(np.array([0.0, 0.0])).round(4)
    array([-0.6931, -0.6931])
    """
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


@log_softmax.defgradient
def _(g: Any, logp: Any, z: Any, axis: int = -1) -> Any:
    return (g - np.exp(logp) * g.sum(axis=axis, keepdims=True),)


@composite
def sparsemax(z: Any, axis: int = -1) -> Any:
    """The point of the simplex nearest to ``z``: like softmax, with exact zeros.

    Parameters
    ----------
    z : array (..., k)
    axis : int, default -1

    Returns
    -------
    array (..., k)
        At least 0, with sum 1.

    Notes
    -----
    ``max(z - τ, 0)``. An entry is in the support if all that exceeds it adds up to less than 1, which needs
    no sorting: ``Σⱼ max(zⱼ - zᵢ, 0) < 1``. τ is then the support's sum, less 1, over its size.

    References
    ----------
    A. Martins and R. Astudillo, "From softmax to sparsemax", 2016.

    Examples
    --------
    >>> sparsemax(np.array([1.0, 0.8, -1.0]))
    array([0.6, 0.4, 0. ])
    """
    z = np.maximum(z - z.max(axis=axis, keepdims=True), -1)  # who is 1 below the largest gets nothing
    columns = np.swapaxes(z, axis, -1)[..., None]
    excess = np.maximum(np.swapaxes(columns, -1, -2) - columns, 0).sum(axis=-1)
    support = np.swapaxes(excess, axis, -1) < 1
    total = np.where(support, z, 0.0).sum(axis=axis, keepdims=True)
    tau = (total - 1) / support.astype(z.dtype).sum(axis=axis, keepdims=True)
    return np.maximum(z - tau, 0)


@sparsemax.defgradient
def _(g: Any, p: Any, z: Any, axis: int = -1) -> Any:
    support = p > 0
    total = np.where(support, g, 0.0).sum(axis=axis, keepdims=True)
    mean = total / support.astype(g.dtype).sum(axis=axis, keepdims=True)
    return (np.where(support, g - mean, 0.0),)


def halves(x: Any, axis: int) -> tuple[Any, Any]:
    """The first and the second half along an axis."""
    size = x.shape[axis]
    if not isinstance(size, int) or size % 2:
        raise ShapeError(f"glu halves axis {axis}, whose size must be even; got an array of shape {x.shape}.")
    index: list[Any] = [slice(None)] * len(x.shape)
    parts = []
    for part in (slice(0, size // 2), slice(size // 2, size)):
        index[axis] = part
        parts.append(x[tuple(index)])
    return parts[0], parts[1]


@composite(inline=True)
def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: the first half of ``x`` times the sigmoid of the second.

    Parameters
    ----------
    x : array (..., 2 k)
    axis : int, default -1
        The axis that is halved; its size must be even.

    Returns
    -------
    array (..., k)

    Raises
    ------
    ShapeError
        An axis of odd size.

    References
    ----------
    Y. Dauphin et al., "Language modeling with gated convolutional networks", 2017.

    Examples
    --------
    >>> glu(np.array([1.0, 2.0, 0.0, 0.0]))
    array([0.5, 1. ])
    """
    values, gates = halves(x, axis)
    return values * sigmoid(gates)


@glu.defgradient
def _(g: Any, h: Any, x: Any, axis: int = -1) -> Any:
    _, gates = halves(x, axis)
    s = sigmoid(gates)
    return (np.concatenate([g * s, g * h * (1 - s)], axis=axis),)
