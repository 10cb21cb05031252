"""Keras's losses of probabilities, under Keras's names and with its definitions.

Scores are probabilities unless ``from_logits=True``. ``log(softmax(z))`` loses all precision where the
softmax underflows, so wherever the probabilities are traced as ``softmax(z)`` or ``sigmoid(z)`` (a last layer
with that activation) the loss takes z and the stable formula, with the same value and gradient. Other
probabilities are cut off at 1e-7 and 1 - 1e-7, as in Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.nn.activations import sigmoid, softmax
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import aligned, classes_of, logits_behind
from glassnet.nn.losses.base import over_outputs as reduce_outputs
from glassnet.nn.losses.binary import binary_cross_entropy, squeezed
from glassnet.nn.losses.softmax import distributions, smoothed, softmax_cross_entropy
from glassnet.trace.numpy_api import pick

EPSILON = 1e-7  # Keras's


def _logits(scores: Any, from_logits: bool, activation: Any) -> Any:
    return scores if from_logits else logits_behind(scores, activation)


def _cut_off(p: Any) -> Any:
    return np.clip(p, EPSILON, 1 - EPSILON)


def _normalized(p: Any) -> Any:
    total = p.sum(axis=-1, keepdims=True)
    return _cut_off(p / np.maximum(total, EPSILON))


# ------------------------------------------------------------------------------------------ two classes
def binary_crossentropy(y: Any, scores: Any, from_logits: bool = False, label_smoothing: float = 0.0) -> Any:
    """Mean over the outputs of ``-y log p - (1 - y) log(1 - p)``.

    Parameters
    ----------
    y : array (n,) or (n, k)
        0 or 1, or a probability.
    scores : array of the same shape
        Probabilities p, or with ``from_logits`` any real numbers s with ``p = σ(s)``.
    from_logits : bool, default False
    label_smoothing : float, default 0
        Squeezes the targets towards one half.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> binary_crossentropy(np.array([1.0, 0.0]), np.array([0.5, 0.9])).round(4)
    array([0.6931, 2.3026])
    """
    z = _logits(scores, from_logits, sigmoid)
    if z is not None:
        return binary_cross_entropy(y, z, label_smoothing)
    return reduce_outputs(_bernoulli(squeezed(aligned(y, scores), label_smoothing), scores), "mean")


def _bernoulli(y: Any, probabilities: Any) -> Any:
    p = _cut_off(probabilities)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def binary_focal_crossentropy(
    y: Any,
    scores: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Any:
    """Mean over the outputs of ``-(1 - p)**gamma log p``, p the probability given to the right answer.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array of the same shape
        Probabilities, or with ``from_logits`` any real numbers.
    apply_class_balancing : bool, default False
        Weight class 1 by ``alpha``, class 0 by ``1 - alpha``.
    alpha : float, default 0.25
    gamma : float, default 2
    from_logits : bool, default False
    label_smoothing : float, default 0

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> binary_focal_crossentropy(np.array([1.0]), np.array([0.5])).round(4)
    array([0.1733])
    """
    y = squeezed(aligned(y, scores), label_smoothing)
    z = _logits(scores, from_logits, sigmoid)
    if z is not None:
        losses = formulas.logistic_focal(z, y, gamma)
    else:
        miss = 1 - (y * scores + (1 - y) * (1 - scores))
        losses = miss**gamma * _bernoulli(y, scores)
    if apply_class_balancing:
        balance = y * alpha + (1 - y) * (1 - alpha)
        return reduce_outputs(balance * losses, "mean")
    return reduce_outputs(losses, "mean")


# ------------------------------------------------------------------------------------------ several classes
def categorical_crossentropy(
    y: Any, scores: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Any:
    """``-Σ y_j log p_j`` with one-hot rows, or distributions, y.

    Parameters
    ----------
    y : array (n, k) or int array (n,)
        Labels are taken, too.
    scores : array (n, k)
        Probabilities p, or with ``from_logits`` any real numbers s with ``p = softmax(s)``.
    from_logits : bool, default False
    label_smoothing : float, default 0
        Mixes the targets with the uniform distribution.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> p = np.array([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])
    >>> categorical_crossentropy(np.array([[0, 1, 0], [0, 0, 1]]), p).round(4)
    array([0.0513, 2.3026])
    """
    z = _logits(scores, from_logits, softmax)
    if z is not None:
        return softmax_cross_entropy(y, z, label_smoothing)
    y = smoothed(distributions(y, scores.shape[-1]), label_smoothing)
    return -(y * np.log(_normalized(scores))).sum(axis=1)


def sparse_categorical_crossentropy(y: Any, scores: Any, from_logits: bool = False) -> Any:
    """``-log p[y]`` with labels y.

    Parameters
    ----------
    y : int array (n,)
        Labels 0..k-1.
    scores : array (n, k)
        Probabilities p, or with ``from_logits`` any real numbers s with ``p = softmax(s)``.
    from_logits : bool, default False

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> p = np.array([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])
    >>> sparse_categorical_crossentropy(np.array([1, 2]), p).round(4)
    array([0.0513, 2.3026])
    """
    y = classes_of(y)
    z = _logits(scores, from_logits, softmax)
    if z is not None:
        return formulas.cross_entropy(z, y)
    return -np.log(pick(_normalized(scores), y))


def categorical_focal_crossentropy(
    y: Any,
    scores: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Any:
    """``-alpha Σ y_j (1 - p_j)**gamma log p_j`` with one-hot rows, or distributions, y.

    Parameters
    ----------
    y : array (n, k) or int array (n,)
    scores : array (n, k)
        Probabilities, or with ``from_logits`` any real numbers.
    alpha : float, default 0.25
    gamma : float, default 2
    from_logits : bool, default False
    label_smoothing : float, default 0

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> p = np.array([[0.5, 0.5]])
    >>> categorical_focal_crossentropy(np.array([[0, 1]]), p).round(4)
    array([0.0433])
    """
    y = smoothed(distributions(y, scores.shape[-1]), label_smoothing)
    z = _logits(scores, from_logits, softmax)
    if z is not None:
        return alpha * formulas.softmax_focal(z, y, gamma)
    p = _normalized(scores)
    return -alpha * (y * (1 - p) ** gamma * np.log(p)).sum(axis=1)


def categorical_generalized_cross_entropy(y: Any, scores: Any, q: float = 0.5) -> Any:
    """``(1 - p[y]**q) / q``: between cross-entropy (q → 0) and absolute error (q = 1); bears wrong labels.

    Parameters
    ----------
    y : int array (n,)
        Labels 0..k-1.
    scores : array (n, k)
        Probabilities.
    q : float, default 0.5
        Above 0, at most 1.

    Returns
    -------
    array (n,)

    References
    ----------
    Z. Zhang and M. Sabuncu, "Generalized cross entropy loss for training deep neural networks with noisy
    labels", 2018.

    Examples
    --------
    >>> categorical_generalized_cross_entropy(np.array([1]), np.array([[0.75, 0.25]]))
    array([1.])
    """
    y = classes_of(y)
    z = logits_behind(scores, softmax)
    if z is not None:
        return formulas.generalized(z, y, q)
    p = np.maximum(pick(scores, y), EPSILON)
    return (1 - p**q) / q


def kl_divergence(y: Any, scores: Any, from_logits: bool = False) -> Any:
    """``Σ y_j log(y_j / p_j)``: what the distribution p costs beyond the entropy of y.

    Parameters
    ----------
    y : array (n, k)
        A distribution per example.
    scores : array (n, k)
        Probabilities p, or with ``from_logits`` any real numbers s with ``p = softmax(s)``. Probabilities
        that are no traced softmax, and then y too, are cut off at 1e-7, as in Keras.
    from_logits : bool, default False

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> kl_divergence(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]]))
    array([0.])
    >>> kl_divergence(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), from_logits=True).round(4)
    array([0.6931])
    """
    y = distributions(y, scores.shape[-1])
    z = _logits(scores, from_logits, softmax)
    if z is not None:
        cost = y * np.log(np.where(y > 0, y, 1))
        return cost.sum(axis=1) + formulas.distribution_cross_entropy(z, y)
    q = np.clip(y, EPSILON, 1)
    p = np.clip(scores, EPSILON, 1)
    return (q * np.log(q / p)).sum(axis=1)
