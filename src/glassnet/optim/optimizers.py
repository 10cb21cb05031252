"""The optimizers, with Keras's names and defaults."""

from __future__ import annotations

from collections.abc import Callable

from glassnet.nn.registry import getter
from glassnet.optim.adam import Adam, Adamax, AdamW, Nadam
from glassnet.optim.descent import SGD, Adadelta, Adagrad, Lion, RMSprop
from glassnet.optim.lbfgs import LBFGS
from glassnet.optim.optimizer import Optimizer

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
]

_CLASSES = (SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, Adamax, Nadam, Lion, LBFGS)
OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {cls.__name__.lower(): cls for cls in _CLASSES}

get = getter("optimizer", OPTIMIZERS, Optimizer, functions=False)
