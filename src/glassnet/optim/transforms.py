"""Transforms of the gradient. Each is a pure pair: which arrays it remembers, and how one step changes them.

An optimizer is a chain of them; the last result is added to the parameter. The variables in them are those
of the printed programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glassnet.nn.norm import decimal_rest

Slots = tuple[Any, ...]


@dataclass(frozen=True)
class Transform:
    """One link of an optimizer.

    Attributes
    ----------
    slots : tuple of str
        Names of the arrays it remembers, of the parameter's shape unless they are ``scalars``.
    scalars : tuple of str
        Those of its slots that are single numbers.
    counts_steps : bool
        Whether the number of the step matters.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    scalars: ClassVar[tuple[str, ...]] = ()
    counts_steps: ClassVar[bool] = False

    def start(self, slot: str) -> float:
        """What a slot holds before the first step."""
        return 0.0

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        """The transformed gradient and the new slots."""
        raise NotImplementedError


@dataclass(frozen=True)
class ScaleByRate(Transform):
    """``-learning_rate * g``: downhill."""

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        return -(learning_rate * g), ()


@dataclass(frozen=True)
class Momentum(Transform):
    """``velocity = momentum * velocity + u``; Nesterov looks one step ahead: ``momentum * velocity + u``."""

    momentum: float
    nesterov: bool = False
    slots = ("velocity",)

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        if not self.nesterov:
            velocity = self.momentum * slots[0] + g
            return velocity, (velocity,)
        step = -g  # used twice, so it has a name
        velocity = self.momentum * slots[0] - step
        return self.momentum * velocity - step, (velocity,)


@dataclass(frozen=True)
class ScaleByRms(Transform):
    """``g / sqrt(v + epsilon)``, v a running mean of g²."""

    rho: float = 0.9
    epsilon: float = 1e-7
    slots = ("v",)

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        v = self.rho * slots[0] + decimal_rest(self.rho) * g**2
        return g / np.sqrt(v + self.epsilon), (v,)


@dataclass(frozen=True)
class ScaleByDeviation(Transform):
    """``g / sqrt(v - m² + epsilon)``, m and v running means of g and g²: centered RMSprop."""

    rho: float = 0.9
    epsilon: float = 1e-7
    slots = ("m", "v")

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        m, v = slots
        m = self.rho * m + decimal_rest(self.rho) * g
        v = self.rho * v + decimal_rest(self.rho) * g**2
        variance = np.maximum(v - m**2, 0.0)  # rounding may leave it a little below 0
        return g / np.sqrt(variance + self.epsilon), (m, v)


@dataclass(frozen=True)
class ScaleBySum(Transform):
    """``g / sqrt(accumulator + epsilon)``, the accumulator the sum of all g² so far: Adagrad."""

    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7
    slots = ("accumulator",)

    def start(self, slot: str) -> float:
        return self.initial_accumulator_value

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        accumulator = slots[0] + g**2
        return g / np.sqrt(accumulator + self.epsilon), (accumulator,)


@dataclass(frozen=True)
class ScaleByRatio(Transform):
    """``sqrt(s + epsilon) / sqrt(v + epsilon) * g``: Adadelta; v, s running means of g² and the result²."""

    rho: float = 0.95
    epsilon: float = 1e-7
    slots = ("v", "s")

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        v, s = slots
        v = self.rho * v + decimal_rest(self.rho) * g**2
        delta = np.sqrt(s + self.epsilon) / np.sqrt(v + self.epsilon) * g
        s = self.rho * s + decimal_rest(self.rho) * delta**2
        return delta, (v, s)


@dataclass(frozen=True)
class ScaleByAdam(Transform):
    """``mhat / (sqrt(vhat) + epsilon)``: Kingma and Ba's algorithm 1, with both bias corrections."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    slots = ("m", "v")
    counts_steps = True

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        m, v = slots
        m = self.beta_1 * m + decimal_rest(self.beta_1) * g
        v = self.beta_2 * v + decimal_rest(self.beta_2) * g**2
        mhat = m / (1 - self.beta_1**t)
        vhat = v / (1 - self.beta_2**t)
        return mhat / (np.sqrt(vhat) + self.epsilon), (m, v)


@dataclass(frozen=True)
class ScaleByAmsgrad(Transform):
    """Adam with the largest ``v`` so far in place of ``v``, so that no step's scale ever grows."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    slots = ("m", "v", "vmax")
    counts_steps = True

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        m, v, vmax = slots
        m = self.beta_1 * m + decimal_rest(self.beta_1) * g
        v = self.beta_2 * v + decimal_rest(self.beta_2) * g**2
        vmax = np.maximum(vmax, v)
        mhat = m / (1 - self.beta_1**t)
        vhat = vmax / (1 - self.beta_2**t)
        return mhat / (np.sqrt(vhat) + self.epsilon), (m, v, vmax)


@dataclass(frozen=True)
class ScaleByAdamax(Transform):
    """``mhat / (u + epsilon)``, u a fading maximum of ``|g|``: Kingma and Ba's algorithm 2."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    slots = ("m", "u")
    counts_steps = True

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        m, u = slots
        m = self.beta_1 * m + decimal_rest(self.beta_1) * g
        u = np.maximum(self.beta_2 * u, np.abs(g))
        mhat = m / (1 - self.beta_1**t)
        return mhat / (u + self.epsilon), (m, u)


@dataclass(frozen=True)
class ScaleByNadam(Transform):
    """Adam that looks one step ahead; ``mu`` is its momentum at step t, ``mu_product`` that of all steps."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    slots = ("m", "v", "mu_product")
    scalars = ("mu_product",)
    counts_steps = True

    def start(self, slot: str) -> float:
        return 1.0 if slot == "mu_product" else 0.0

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        m, v, mu_product = slots
        mu = self.beta_1 * (1 - 0.5 * 0.96**t)
        mu_next = self.beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
        mu_product = mu_product * mu
        m = self.beta_1 * m + decimal_rest(self.beta_1) * g
        v = self.beta_2 * v + decimal_rest(self.beta_2) * g**2
        ahead = mu_next * m / (1 - mu_product * mu_next)
        mhat = ahead + (1 - mu) * g / (1 - mu_product)
        vhat = v / (1 - self.beta_2**t)
        return mhat / (np.sqrt(vhat) + self.epsilon), (m, v, mu_product)


@dataclass(frozen=True)
class SignOfMomentum(Transform):
    """The sign of ``beta_1 m + (1 - beta_1) g``; m itself moves by ``beta_2``: Lion."""

    beta_1: float = 0.9
    beta_2: float = 0.99
    slots = ("m",)

    def update(self, g: Any, slots: Slots, t: Any, learning_rate: Any) -> tuple[Any, Slots]:
        direction = np.sign(self.beta_1 * slots[0] + decimal_rest(self.beta_1) * g)
        m = self.beta_2 * slots[0] + decimal_rest(self.beta_2) * g
        return direction, (m,)
