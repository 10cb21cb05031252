"""The formulas that stay whole in printed programs, with the gradients that textbooks give them.

z are scores, y targets, e errors. Each works on plain and on traced arrays, one value per example or output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.nn.activations import log_softmax, sigmoid
from glassnet.trace.composite import composite
from glassnet.trace.numpy_api import one_hot_rows, pick

EPSILON = 1e-7  # Keras's


# ------------------------------------------------------------------------------------------ softmax
@composite(inline=True)
def cross_entropy(z: Any, y: Any) -> Any:
    """Minus the log of the softmax probability of each label."""
    logp = log_softmax(z)
    return -pick(logp, y)


@cross_entropy.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    onehot = one_hot_rows(y, z.shape[-1])
    p = np.exp(log_softmax(z))
    return (p - onehot) * g[:, None], None


@composite(inline=True)
def smooth_cross_entropy(z: Any, y: Any, smoothing: Any) -> Any:
    """The same against ``(1 - smoothing) onehot + smoothing / k``."""
    logp = log_softmax(z)
    right = pick(logp, y)
    uniform = logp.mean(axis=1)
    return -((1 - smoothing) * right + smoothing * uniform)


@smooth_cross_entropy.defgradient
def _(g: Any, result: Any, z: Any, y: Any, smoothing: Any) -> Any:
    onehot = one_hot_rows(y, z.shape[-1])
    q = (1 - smoothing) * onehot + smoothing / z.shape[-1]
    logp = log_softmax(z)
    p = np.exp(logp)
    return (p - q) * g[:, None], None, (pick(logp, y) - logp.mean(axis=1)) * g


@composite(inline=True)
def distribution_cross_entropy(z: Any, y: Any) -> Any:
    """The same against a distribution y; where y is 0 it asks for nothing, even where log p is -inf."""
    logp = log_softmax(z)
    return -(y * np.where(y > 0, logp, 0)).sum(axis=1)


@distribution_cross_entropy.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    logp = log_softmax(z)
    p = np.exp(logp)
    return (p * y.sum(axis=1, keepdims=True) - y) * g[:, None], -logp * g[:, None]


@composite(inline=True)
def softmax_focal(z: Any, y: Any, gamma: Any) -> Any:
    """The same with each term times ``(1 - p)**gamma``: what is right already counts less."""
    logp = log_softmax(z)
    miss = -np.expm1(logp)
    return -(y * miss**gamma * np.where(y > 0, logp, 0)).sum(axis=1)


@softmax_focal.defgradient
def _(g: Any, result: Any, z: Any, y: Any, gamma: Any) -> Any:
    logp = log_softmax(z)
    p = np.exp(logp)
    miss = -np.expm1(logp)
    bounded = np.where(p > 0, logp, 0)  # 0 * -inf would be no number
    safe = np.where(miss > 0, miss, 1)  # logp / miss tends to -1 where miss tends to 0
    slope = y * miss**gamma * (gamma * p * bounded / safe - 1)
    total = slope.sum(axis=1, keepdims=True)
    dgamma = -(y * miss**gamma * bounded * np.log(safe)).sum(axis=1) * g
    return (slope - p * total) * g[:, None], -(miss**gamma) * logp * g[:, None], dgamma


@composite(inline=True)
def generalized(z: Any, y: Any, q: Any) -> Any:
    """``(1 - p**q) / q`` with the probability p of each label."""
    logp = log_softmax(z)
    power = np.exp(q * pick(logp, y))
    return (1 - power) / q


@generalized.defgradient
def _(g: Any, result: Any, z: Any, y: Any, q: Any) -> Any:
    logp = log_softmax(z)
    power = np.exp(q * pick(logp, y))
    onehot = one_hot_rows(y, z.shape[-1])
    p = np.exp(logp)
    dq = -(pick(logp, y) * power + result) / q
    return (p - onehot) * (power * g)[:, None], None, dq * g


# ------------------------------------------------------------------------------------------ two classes
@composite
def logistic_loss(z: Any, y: Any) -> Any:
    """``-y log p - (1 - y) log(1 - p)`` with ``p = sigmoid(z)``."""
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


@logistic_loss.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    p = sigmoid(z)
    return (p - y) * g, -z * g


@composite
def logistic_focal(z: Any, y: Any, gamma: Any) -> Any:
    """The logistic loss times ``miss**gamma``, where ``miss`` is 1 minus the probability of y."""
    miss = y * sigmoid(-z) + (1 - y) * sigmoid(z)
    return miss**gamma * logistic_loss(z, y)


@logistic_focal.defgradient
def _(g: Any, result: Any, z: Any, y: Any, gamma: Any) -> Any:
    p = sigmoid(z)
    miss = y * sigmoid(-z) + (1 - y) * p
    safe = np.where(miss > 0, miss, 1)  # miss**gamma is 0 where it matters
    loss = logistic_loss(z, y)
    steepness = gamma * (1 - 2 * y) * p * sigmoid(-z) / safe
    slope = miss**gamma * (p - y + steepness * loss)
    dy = miss**gamma * (gamma * (1 - 2 * p) / safe * loss - z)
    return slope * g, dy * g, result * np.log(safe) * g


@composite
def path_loss(z: Any, path: Any) -> Any:
    """``-log σ(z)`` where a path goes right (1), ``-log σ(-z)`` where it goes left (-1), 0 beside it (0)."""
    agreement = np.where(path > 0, z, -z)
    return np.where(path == 0, 0, np.maximum(-agreement, 0) + np.log1p(np.exp(-np.abs(z))))


@path_loss.defgradient
def _(g: Any, result: Any, z: Any, path: Any) -> Any:
    p = sigmoid(z)
    return np.where(path == 0, 0, p - (path > 0)) * g, None


# ------------------------------------------------------------------------------------------ margins
def _violations(f: Any, y: Any, margin: Any) -> tuple[Any, Any]:
    """Where the labels are, and by how much each wrong score comes too close to the right one."""
    correct = pick(f, y)
    onehot = one_hot_rows(y, f.shape[-1])
    excess = np.maximum(f - correct[:, None] + margin, 0)
    violations = np.where(onehot, 0, excess)
    return onehot, violations


@composite(inline=True)
def weston_watkins(f: Any, y: Any, margin: Any) -> Any:
    """``Σ_{j≠y} max(0, f_j - f_y + margin)``."""
    _, violations = _violations(f, y, margin)
    return violations.sum(axis=1)


@weston_watkins.defgradient
def _(g: Any, result: Any, f: Any, y: Any, margin: Any) -> Any:
    onehot, violations = _violations(f, y, margin)
    violated = violations > 0
    count = violated.sum(axis=1, keepdims=True)
    return np.where(onehot, -count, violated) * g[:, None], None, count[:, 0] * g


@composite(inline=True)
def weston_watkins_squared(f: Any, y: Any, margin: Any) -> Any:
    """``Σ_{j≠y} max(0, f_j - f_y + margin)²``."""
    _, violations = _violations(f, y, margin)
    return (violations**2).sum(axis=1)


@weston_watkins_squared.defgradient
def _(g: Any, result: Any, f: Any, y: Any, margin: Any) -> Any:
    onehot, violations = _violations(f, y, margin)
    total = violations.sum(axis=1, keepdims=True)
    return 2 * np.where(onehot, -total, violations) * g[:, None], None, 2 * total[:, 0] * g


@composite(inline=True)
def hinge(z: Any, positive: Any, margin: Any) -> Any:
    """``max(0, margin - z)`` where the answer is yes, ``max(0, margin + z)`` where it is no."""
    agreement = np.where(positive, z, -z)
    violations = np.maximum(margin - agreement, 0)
    return violations


@hinge.defgradient
def _(g: Any, violations: Any, z: Any, positive: Any, margin: Any) -> Any:
    slope = (violations > 0) * g
    return np.where(positive, -slope, slope), None, slope


@composite(inline=True)
def squared_hinge(z: Any, positive: Any, margin: Any) -> Any:
    """The same, squared."""
    agreement = np.where(positive, z, -z)
    violations = np.maximum(margin - agreement, 0)
    return violations**2


@squared_hinge.defgradient
def _(g: Any, result: Any, z: Any, positive: Any, margin: Any) -> Any:
    agreement = np.where(positive, z, -z)
    violations = np.maximum(margin - agreement, 0)
    slope = 2 * violations * g
    return np.where(positive, -slope, slope), None, slope


@composite(inline=True)
def crammer_singer(f: Any, y: Any, margin: Any) -> Any:
    """``max_{j≠y} f_j - f_y + margin``, before it is cut off at 0."""
    correct = pick(f, y)
    onehot = one_hot_rows(y, f.shape[-1])
    rivals = np.where(onehot, -np.inf, f)
    return rivals.max(axis=1) - correct + margin


@crammer_singer.defgradient
def _(g: Any, result: Any, f: Any, y: Any, margin: Any) -> Any:
    onehot = one_hot_rows(y, f.shape[-1])
    rivals = np.where(onehot, -np.inf, f)
    rival = one_hot_rows(rivals.argmax(axis=1), f.shape[-1])
    slope = g[:, None]
    return np.where(rival, slope, 0) - np.where(onehot, slope, 0), None, g


# ------------------------------------------------------------------------------------------ regression
@composite
def huber(e: Any, delta: Any) -> Any:
    """``e² / 2`` up to ``|e| = delta``, a straight line beyond."""
    a = np.abs(e)
    near = np.minimum(a, delta)
    return near * (a - 0.5 * near)


@huber.defgradient
def _(g: Any, result: Any, e: Any, delta: Any) -> Any:
    return np.maximum(np.minimum(e, delta), -delta) * g, np.maximum(np.abs(e) - delta, 0) * g


@composite
def log_cosh(e: Any) -> Any:
    """``log(cosh(e)) = |e| + log((1 + exp(-2|e|)) / 2)``."""
    a = np.abs(e)
    return a + np.log1p(0.5 * np.expm1(-2 * a))


@log_cosh.defgradient
def _(g: Any, result: Any, e: Any) -> Any:
    return (np.tanh(e) * g,)


@composite
def pinball(z: Any, y: Any, q: Any) -> Any:
    """``q e`` above the quantile, ``(q - 1) e`` below it, with ``e = y - z``."""
    e = y - z
    return np.maximum(q * e, (q - 1) * e)


@pinball.defgradient
def _(g: Any, result: Any, z: Any, y: Any, q: Any) -> Any:
    return ((y < z) - q) * g, (q - (y < z)) * g, (y - z) * g


@composite
def unit(x: Any) -> Any:
    """Vectors of length 1 along the last axis; those shorter than 1e-7 are divided by that."""
    length = np.sqrt(np.maximum((x**2).sum(axis=-1, keepdims=True), 1e-14))
    return x / length


@unit.defgradient
def _(g: Any, u: Any, x: Any) -> Any:
    square = (x**2).sum(axis=-1, keepdims=True)
    length = np.sqrt(np.maximum(square, 1e-14))
    along = (g * u).sum(axis=-1, keepdims=True) * (square > 1e-14)
    return ((g - u * along) / length,)


# ------------------------------------------------------------------------------------------ likelihoods
@composite(inline=True)
def poisson(m: Any, y: Any) -> Any:
    """``m - y log(m + 1e-7)`` with the mean m."""
    return m - y * np.log(m + EPSILON)


@poisson.defgradient
def _(g: Any, result: Any, m: Any, y: Any) -> Any:
    return (1 - y / (m + EPSILON)) * g, -np.log(m + EPSILON) * g


@composite(inline=True)
def poisson_of_log(s: Any, y: Any) -> Any:
    """``exp(s) - y s`` with the mean's logarithm s."""
    mean = np.exp(s)
    return mean - y * s


@poisson_of_log.defgradient
def _(g: Any, result: Any, s: Any, y: Any) -> Any:
    mean = np.exp(s)
    return (mean - y) * g, -s * g


@composite(inline=True)
def gamma(s: Any, y: Any) -> Any:
    """``s + y exp(-s)`` with the mean's logarithm s."""
    ratio = y * np.exp(-s)
    return s + ratio


@gamma.defgradient
def _(g: Any, result: Any, s: Any, y: Any) -> Any:
    ratio = y * np.exp(-s)
    return (1 - ratio) * g, np.exp(-s) * g


MIN_LOG_VARIANCE = -60.0  # a standard deviation of 1e-13; below, exp(-log_variance) would overflow float32


@composite(inline=True)
def gaussian(z: Any, y: Any) -> Any:
    """``(log_variance + (y - mean)² / variance) / 2``; z holds the means, then the log-variances."""
    k = z.shape[1] // 2
    mean = z[:, :k]
    log_variance = np.maximum(z[:, k:], MIN_LOG_VARIANCE)
    r = (y - mean) * np.exp(-0.5 * log_variance)
    square = r**2
    return 0.5 * (log_variance + square)


@gaussian.defgradient
def _(g: Any, result: Any, z: Any, y: Any) -> Any:
    k = z.shape[1] // 2
    log_variance = np.maximum(z[:, k:], MIN_LOG_VARIANCE)
    precision_root = np.exp(-0.5 * log_variance)
    r = (y - z[:, :k]) * precision_root
    square = r**2
    dmean = -r * precision_root * g
    dlog_variance = np.where(z[:, k:] > MIN_LOG_VARIANCE, 0.5 * (1 - square), 0) * g
    return np.concatenate([dmean, dlog_variance], axis=1), -dmean


@composite
def tweedie(s: Any, y: Any, power: Any) -> Any:
    """``y m**(1 - power) / (power - 1) + m**(2 - power) / (2 - power)`` with ``m = exp(s)``."""
    t = np.where(y > 0, s, 0)  # 0 times an overflow would be no number
    return y * np.exp((1 - power) * t) / (power - 1) + np.exp((2 - power) * s) / (2 - power)


@tweedie.defgradient
def _(g: Any, result: Any, s: Any, y: Any, power: Any) -> Any:
    t = np.where(y > 0, s, 0)
    ds = np.exp((2 - power) * s) - y * np.exp((1 - power) * t)
    dy = np.exp((1 - power) * s) / (power - 1)
    first = y * np.exp((1 - power) * t) * (t / (1 - power) - 1 / (power - 1) ** 2)
    second = np.exp((2 - power) * s) * (1 / (2 - power) ** 2 - s / (2 - power))
    return ds * g, dy * g, (first + second) * g
