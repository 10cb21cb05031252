"""Learning rates that depend on the step: functions of the number of steps done before, 0 at the first.

They work on plain numbers and in the graph of a training step, whose printed program shows them as lines of
Python. Their numbers are hyper-parameters, named at the top of the program.
"""

from __future__ import annotations

from glassnet.optim.schedules.base import LearningRateSchedule
from glassnet.optim.schedules.cosines import CosineDecay, CosineDecayRestarts, OneCycle
from glassnet.optim.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    StepDecay,
)

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "StepDecay",
]
