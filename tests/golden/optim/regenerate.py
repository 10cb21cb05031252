"""The stored programs of the optimizers and schedules.

Run ``python tests/golden/optim/regenerate.py`` after a change that is meant to change what is printed, read
the difference as a teacher would, and commit it with the change. tests/optim/test_catalogue_programs.py
compares every character.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import glassnet as gn
from glassnet import layers, schedules
from glassnet.optimizers import LBFGS, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop

GOLDEN = Path(__file__).parent

OPTIMIZERS: dict[str, Any] = {
    "momentum_clipvalue.py": lambda: SGD(0.1, momentum=0.9, clipvalue=0.5),
    "nesterov_decay.py": lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "sgd_clipnorm.py": lambda: SGD(0.1, clipnorm=1.0),
    "sgd_global_clipnorm.py": lambda: SGD(0.1, global_clipnorm=1.0, weight_decay=0.01),
    "sgd_multipliers.py": lambda: SGD(0.1, multipliers={"dense_1.bias": 2.0}),
    "rmsprop.py": RMSprop,
    "rmsprop_centered.py": lambda: RMSprop(momentum=0.9, centered=True),
    "adagrad.py": Adagrad,
    "adadelta.py": Adadelta,
    "amsgrad.py": lambda: Adam(amsgrad=True),
    "adam_average.py": lambda: Adam(use_ema=True, ema_overwrite_frequency=100),
    "adamw_exclusions.py": lambda: AdamW(
        decay_exclusions=["bias"], multipliers={"dense_1": 0.1}, global_clipnorm=1.0
    ),
    "adamax.py": Adamax,
    "nadam.py": Nadam,
    "lion.py": lambda: Lion(weight_decay=0.1),
    "lbfgs.py": LBFGS,
    "exponential_decay.py": lambda: SGD(schedules.ExponentialDecay(0.1, 1000, 0.96, staircase=True)),
    "inverse_time_decay.py": lambda: SGD(schedules.InverseTimeDecay(0.1, 1000, 0.5)),
    "piecewise_constant_decay.py": lambda: SGD(
        schedules.PiecewiseConstantDecay([1000, 2000], [0.1, 0.05, 0.01])
    ),
    "polynomial_decay.py": lambda: SGD(schedules.PolynomialDecay(0.1, 1000, cycle=True)),
    "cosine_decay.py": lambda: AdamW(
        schedules.CosineDecay(0.0, 1000, warmup_target=0.01, warmup_steps=100), clipnorm=1.0
    ),
    "cosine_decay_restarts.py": lambda: SGD(schedules.CosineDecayRestarts(0.1, 1000)),
    "one_cycle.py": lambda: SGD(schedules.OneCycle(0.1, 1000)),
}


def model(name: str) -> gn.Sequential:
    """A small network trained by an optimizer of the table."""
    made = gn.Sequential([layers.Dense(5, "relu"), layers.Dense(3)], dtype="float64")
    made.build((None, 4))
    made.compile(OPTIMIZERS[name](), "softmax_cross_entropy")
    return made


if __name__ == "__main__":
    for each in OPTIMIZERS:
        (GOLDEN / each).write_text(model(each).source(), encoding="utf-8")
