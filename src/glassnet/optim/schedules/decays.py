"""Rates that fall: exponentially, as 1/t, as a power, in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.context import hyper
from glassnet.nn.registry import non_negative, positive
from glassnet.optim.schedules.base import LearningRateSchedule, choose, largest, smallest


class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        The rate is multiplied by ``decay_rate`` once in so many steps.
    decay_rate : float
    staircase : bool, default False
        Only whole multiples of ``decay_steps`` count.
    name : str, optional

    Examples
    --------
    >>> schedule = ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> schedule(0), schedule(10), schedule(20)
    (0.1, 0.05, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = positive(initial_learning_rate, "initial_learning_rate", owner)
        self.decay_steps = positive(decay_steps, "decay_steps", owner)
        self.decay_rate = positive(decay_rate, "decay_rate", owner)
        self.staircase, self.name = bool(staircase), name

    def elapsed(self, step: Any) -> Any:
        """``step / decay_steps``, in whole numbers for a staircase."""
        decay_steps = hyper(self, "decay_steps")
        return np.floor(step / decay_steps) if self.staircase else step / decay_steps

    def rate(self, step: Any) -> Any:
        initial, decay_rate = hyper(self, "initial_learning_rate"), hyper(self, "decay_rate")
        progress = self.elapsed(step)
        return initial * decay_rate**progress


class StepDecay(ExponentialDecay):
    """``initial_learning_rate * decay_rate ** floor(step / decay_steps)``: a drop every ``decay_steps``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float, default 0.5
    name : str, optional

    Examples
    --------
    >>> schedule = StepDecay(0.1, decay_steps=10)
    >>> schedule(9), schedule(10), schedule(20)
    (0.1, 0.05, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float = 0.5,
        name: str | None = None,
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase=True, name=name)


class InverseTimeDecay(ExponentialDecay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``: the notes' 1/t decay.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float
    staircase : bool, default False
        Only whole multiples of ``decay_steps`` count.
    name : str, optional

    Examples
    --------
    >>> schedule = InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)
    >>> schedule(0), schedule(10), schedule(30)
    (0.1, 0.05, 0.025)
    """

    def rate(self, step: Any) -> Any:
        initial, decay_rate = hyper(self, "initial_learning_rate"), hyper(self, "decay_rate")
        progress = self.elapsed(step)
        return initial / (1 + decay_rate * progress)


class PiecewiseConstantDecay(LearningRateSchedule):
    """A constant rate between boundaries.

    Parameters
    ----------
    boundaries : sequence of int
        Increasing numbers of steps. A value holds up to and including its boundary.
    values : sequence of float
        The rates: one more than boundaries.
    name : str, optional

    Raises
    ------
    InputError
        Lengths that do not fit; boundaries that do not increase.

    Examples
    --------
    >>> schedule = PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01])
    >>> schedule(10), schedule(11), schedule(21)
    (0.1, 0.05, 0.01)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None) -> None:
        self.boundaries, self.values, self.name = list(boundaries), list(values), name
        if len(self.values) != len(self.boundaries) + 1:
            raise InputError(
                f"PiecewiseConstantDecay: {len(self.values)} values, {len(self.boundaries)} boundaries.\n"
                "It needs one value more than boundaries."
            )
        if self.boundaries != sorted(set(self.boundaries)):
            raise InputError(f"PiecewiseConstantDecay: boundaries must increase; got {self.boundaries}.")
        for value in self.values:
            non_negative(value, "each value", "PiecewiseConstantDecay")

    def rate(self, step: Any) -> Any:
        rate: Any = self.values[-1]
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = choose(step <= boundary, value, rate)
        return rate


class PolynomialDecay(LearningRateSchedule):
    """``(initial - end) * (1 - step / decay_steps) ** power + end``, down to ``end_learning_rate``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    end_learning_rate : float, default 0.0001
    power : float, default 1.0
    cycle : bool, default False
        After ``decay_steps`` begin again, towards the next multiple of ``decay_steps``; otherwise stay.
    name : str, optional

    Examples
    --------
    >>> schedule = PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)
    >>> schedule(0), schedule(5), schedule(30)
    (1.0, 0.5, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = positive(
            initial_learning_rate, "initial_learning_rate", "PolynomialDecay"
        )
        self.decay_steps = positive(decay_steps, "decay_steps", "PolynomialDecay")
        self.end_learning_rate = non_negative(end_learning_rate, "end_learning_rate", "PolynomialDecay")
        self.power = positive(power, "power", "PolynomialDecay")
        self.cycle, self.name = bool(cycle), name

    def rate(self, step: Any) -> Any:
        initial, end = hyper(self, "initial_learning_rate"), hyper(self, "end_learning_rate")
        decay_steps = hyper(self, "decay_steps")
        if self.cycle:
            cycles = largest(1, -np.floor(-step / decay_steps))
            progress = step / (decay_steps * cycles)
        else:
            progress = smallest(step / decay_steps, 1.0)
        drop = initial - end
        return drop * (1 - progress) ** hyper(self, "power") + end
