"""JAX in its strongest form: an epoch is one ``jit`` of ``lax.scan``, state donated, calls not awaited."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import networks
from benchmarks.networks import Network, Weights


def normalized(x: Any, mean: Any, variance: Any) -> tuple[Any, Any, Any]:
    """Batch normalization in training: the result and the new running averages."""
    m = x.mean(0)
    v = ((x - m) ** 2).mean(0)
    return (x - m) * jax.lax.rsqrt(v + 1e-3), 0.99 * mean + 0.01 * m, 0.99 * variance + 0.01 * v


def forward(rate: float, P: Any, S: Any, x: Any, key: Any) -> Any:
    """The scores of a batch in training, and the new running averages."""
    averages = []
    for i, p in enumerate(P[:-1]):
        x = x @ p["kernel"] + p["bias"]
        if rate:
            x, *now = normalized(x, *S[i])
            averages.append(tuple(map(jax.lax.stop_gradient, now)))
            x = x * p["gamma"] + p["beta"]
        x = jax.nn.relu(x)
        if rate:
            key, k = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(k, 1 - rate, x.shape), x / (1 - rate), 0)
    return x @ P[-1]["kernel"] + P[-1]["bias"], averages


def loss(P: Any, S: Any, x: Any, y: Any, key: Any, rate: float) -> Any:
    """Softmax cross-entropy."""
    z, S = forward(rate, P, S, x, key)
    return (jax.nn.logsumexp(z, 1) - jnp.take_along_axis(z, y[:, None], 1)[:, 0]).mean(), S


def step(carry: Any, x: Any, y: Any, rate: float) -> Any:
    """Gradients and Adam."""
    P, S, m, v, t, key = carry
    key, k = jax.random.split(key) if rate else (key, key)
    (value, S), g = jax.value_and_grad(loss, has_aux=True)(P, S, x, y, k, rate)
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    a, b = 1e-3 / (1 - 0.9**t), 1 / (1 - 0.999**t)
    P = jax.tree.map(lambda p, m, v: p - a * m / (jnp.sqrt(v * b) + 1e-8), P, m, v)
    return (P, S, m, v, t, key), value


@functools.partial(jax.jit, donate_argnums=0, static_argnums=4)
def epoch(carry: Any, X: Any, y: Any, order: Any, rate: float) -> Any:
    """All batches."""
    return jax.lax.scan(lambda c, i: step(c, X[i], y[i], rate), carry, order)


def start(network: Network) -> Any:
    """New parameters, running averages, moments."""
    P: list[dict[str, Any]] = [{"kernel": kernel, "bias": bias} for kernel, bias in networks.weights(network)]
    S = []
    if network.dropout:
        S = [(np.zeros(n, "f"), np.ones(n, "f")) for n in network.hidden]
        for p, n in zip(P, network.hidden, strict=False):
            p |= {"gamma": np.ones(n, "f"), "beta": np.zeros(n, "f")}
    m, v = (jax.tree.map(np.zeros_like, P) for _ in range(2))
    return (*jax.tree.map(jnp.array, (P, S, m, v, np.float32(0))), jax.random.key(0))


def trainer(network: Network, X: np.ndarray, y: np.ndarray, variant: str) -> Callable[[int], Any]:
    """The orders of eight epochs are made, and moved to JAX, before; they are used in turn."""
    orders = [jnp.asarray(order) for order in networks.orders(network, len(X))]
    X, y = jnp.asarray(X), jnp.asarray(y.astype(np.int32))

    def fit(epochs: int) -> Any:
        carry, history = start(network), []
        for i in range(epochs):
            carry, values = epoch(carry, X, y, orders[i % len(orders)], network.dropout)
            history.append(values)
        jax.block_until_ready((carry, history))
        weights = [(p["kernel"], p["bias"]) for p in carry[0]]
        return lambda rows: np.asarray(dense(weights, rows))

    return fit


def dense(weights: Any, x: Any) -> Any:
    """The scores of a network without batch normalization."""
    for kernel, bias in weights[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    return x @ weights[-1][0] + weights[-1][1]


def predictor(
    network: Network, weights: Weights, X: np.ndarray, variant: str
) -> tuple[Callable[[Any], Any], Any]:
    """The weights are constants of the compiled function, the rows a JAX array."""
    fixed = jax.tree.map(jnp.asarray, weights)
    call = jax.jit(functools.partial(dense, fixed))
    return (lambda x: call(x).block_until_ready()), jnp.asarray(X)
