"""Transforms of the gradient. Each is a pure pair: which arrays it remembers, and how one step changes them.

An optimizer is a chain of them; the last result is added to the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glassnet.nn.norm import decimal_rest


@dataclass(frozen=True)
class Transform:
    """One link of an optimizer.

    Attributes
    ----------
    slots : tuple of str
        Names of the arrays it remembers, of the parameter's shape, zero at the start.
    counts_steps : bool
        Whether the number of the step matters.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    counts_steps: ClassVar[bool] = False

    def update(
        self, g: Any, slots: tuple[Any, ...], t: Any, learning_rate: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        """The transformed gradient and the new slots."""
        raise NotImplementedError


@dataclass(frozen=True)
class ScaleByRate(Transform):
    """``-learning_rate * g``: downhill."""

    def update(
        self, g: Any, slots: tuple[Any, ...], t: Any, learning_rate: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        return -learning_rate * g, ()


@dataclass(frozen=True)
class Momentum(Transform):
    """``velocity = momentum * velocity + u``; Nesterov looks one step ahead: ``momentum * velocity + u``."""

    momentum: float
    nesterov: bool = False
    slots = ("velocity",)

    def update(
        self, g: Any, slots: tuple[Any, ...], t: Any, learning_rate: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        velocity = self.momentum * slots[0] + g
        if self.nesterov:
            return self.momentum * velocity + g, (velocity,)
        return velocity, (velocity,)


@dataclass(frozen=True)
class ScaleByAdam(Transform):
    """``mhat / (sqrt(vhat) + epsilon)``: Kingma and Ba's algorithm 1, with both bias corrections."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    slots = ("m", "v")
    counts_steps = True

    def update(
        self, g: Any, slots: tuple[Any, ...], t: Any, learning_rate: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        m, v = slots
        m = self.beta_1 * m + decimal_rest(self.beta_1) * g
        v = self.beta_2 * v + decimal_rest(self.beta_2) * g**2
        mhat = m / (1 - self.beta_1**t)
        vhat = v / (1 - self.beta_2**t)
        return mhat / (np.sqrt(vhat) + self.epsilon), (m, v)
