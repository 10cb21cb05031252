"""The optimizers; see :mod:`glassnet.optim.optimizers`."""

from __future__ import annotations

from glassnet.optim import schedules  # noqa: F401
from glassnet.optim.optimizers import *  # noqa: F403
from glassnet.optim.optimizers import __all__  # noqa: F401
