"""Rates that follow a cosine: with warm-up, with restarts, one cycle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.context import hyper
from glassnet.nn.registry import non_negative, positive
from glassnet.optim.schedules.base import LearningRateSchedule, choose, smallest


class CosineDecay(LearningRateSchedule):
    """Half a cosine wave from the initial rate down to ``alpha`` times it, after a linear warm-up if asked.

    Parameters
    ----------
    initial_learning_rate : float
        With a warm-up it may be 0.
    decay_steps : int
        The length of the decay, without the warm-up.
    alpha : float, default 0.0
        The final rate as a share of the rate at which the decay starts.
    name : str, optional
    warmup_target : float, optional
        The rate rises linearly to this, and decays from it.
    warmup_steps : int, default 0

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Examples
    --------
    >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=2)
    >>> [round(schedule(step), 3) for step in (0, 1, 2, 7, 12, 20)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str | None = None,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check = positive if warmup_target is None else non_negative
        self.initial_learning_rate = check(initial_learning_rate, "initial_learning_rate", "CosineDecay")
        self.decay_steps = positive(decay_steps, "decay_steps", "CosineDecay")
        self.alpha = non_negative(alpha, "alpha", "CosineDecay")
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else positive(warmup_target, "warmup_target", "CosineDecay")
        )
        self.warmup_steps = non_negative(warmup_steps, "warmup_steps", "CosineDecay")

    def rate(self, step: Any) -> Any:
        if self.warmup_target is None:
            return self.decayed(step, hyper(self, "initial_learning_rate"))
        if not self.warmup_steps:
            return self.decayed(step, hyper(self, "warmup_target"))
        initial, target = hyper(self, "initial_learning_rate"), hyper(self, "warmup_target")
        warmup_steps = hyper(self, "warmup_steps")
        rise = target - initial
        warming = initial + rise * (step / warmup_steps)
        decayed = self.decayed(step - warmup_steps, target)
        return choose(step < warmup_steps, warming, decayed)

    def decayed(self, step: Any, start: Any) -> Any:
        """The rate so many steps after the start of the decay."""
        progress = smallest(step / hyper(self, "decay_steps"), 1.0)
        cosine = 0.5 * (1 + np.cos(math.pi * progress))
        alpha = hyper(self, "alpha")
        return start * ((1 - alpha) * cosine + alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after the other, each ``m_mul`` times as high and ``t_mul`` times as long.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
    t_mul : float, default 2.0
        At least 1.
    m_mul : float, default 1.0
    alpha : float, default 0.0
        The final rate of a decay as a share of the initial rate.
    name : str, optional

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Examples
    --------
    >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
    >>> [round(schedule(step), 3) for step in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = None,
    ) -> None:
        owner = "CosineDecayRestarts"
        self.initial_learning_rate = positive(initial_learning_rate, "initial_learning_rate", owner)
        self.first_decay_steps = positive(first_decay_steps, "first_decay_steps", owner)
        self.t_mul, self.m_mul = positive(t_mul, "t_mul", owner), positive(m_mul, "m_mul", owner)
        if self.t_mul < 1:
            raise InputError(f"{owner}: t_mul must be at least 1; got {t_mul!r}.")
        self.alpha, self.name = non_negative(alpha, "alpha", owner), name

    def rate(self, step: Any) -> Any:
        initial, elapsed = hyper(self, "initial_learning_rate"), step / hyper(self, "first_decay_steps")
        if self.t_mul == 1:
            restarts = np.floor(elapsed)
            progress = elapsed - restarts
        else:
            logarithm = np.log(1 + (self.t_mul - 1) * elapsed) / math.log(self.t_mul)
            restarts = np.floor(logarithm + 1e-9)  # rounding must not miss a restart
            length = self.t_mul**restarts
            progress = (elapsed - (length - 1) / (self.t_mul - 1)) / length
        height = hyper(self, "m_mul") ** restarts
        cosine = 0.5 * (1 + np.cos(math.pi * progress))
        alpha = hyper(self, "alpha")
        share = (1 - alpha) * height * cosine + alpha
        return initial * share


class OneCycle(LearningRateSchedule):
    """Up to the maximum in the first part of training, down to nearly nothing in the rest, by half cosines.

    Parameters
    ----------
    max_learning_rate : float
    total_steps : int
        The steps of the whole training; afterwards the rate stays at its lowest.
    pct_start : float, default 0.3
        The share of the steps in which the rate rises.
    div_factor : float, default 25
        The first rate is ``max_learning_rate / div_factor``.
    final_div_factor : float, default 10000
        The last rate is the first one divided by this.
    name : str, optional

    References
    ----------
    L. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2018. The steps at which the phases end are those of PyTorch's ``OneCycleLR``.

    Examples
    --------
    >>> schedule = OneCycle(1.0, total_steps=12, pct_start=0.5, div_factor=10)
    >>> [round(schedule(step), 4) for step in (0, 5, 8, 11)]
    [0.1, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        name: str | None = None,
    ) -> None:
        self.max_learning_rate = positive(max_learning_rate, "max_learning_rate", "OneCycle")
        self.total_steps = positive(total_steps, "total_steps", "OneCycle")
        self.pct_start = positive(pct_start, "pct_start", "OneCycle")
        if not 1 < self.pct_start * self.total_steps < self.total_steps:
            raise InputError(
                f"OneCycle: pct_start * total_steps is {self.pct_start * self.total_steps:g}.\n"
                f"It must be above 1 and below total_steps, {self.total_steps}."
            )
        self.div_factor = positive(div_factor, "div_factor", "OneCycle")
        self.final_div_factor = positive(final_div_factor, "final_div_factor", "OneCycle")
        self.name = name

    def rate(self, step: Any) -> Any:
        highest, total_steps = hyper(self, "max_learning_rate"), hyper(self, "total_steps")
        lowest = highest / hyper(self, "div_factor")
        last = lowest / hyper(self, "final_div_factor")
        peak = hyper(self, "pct_start") * total_steps - 1
        rise = 0.5 * (1 - np.cos(math.pi * (step / peak)))
        rising = lowest + (highest - lowest) * rise
        progress = smallest((step - peak) / (total_steps - 1 - peak), 1.0)
        fall = 0.5 * (1 + np.cos(math.pi * progress))
        falling = last + (highest - last) * fall
        return choose(step <= peak, rising, falling)
