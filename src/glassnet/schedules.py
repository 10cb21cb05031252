"""The learning-rate schedules; see :mod:`glassnet.optim.schedules`."""

from __future__ import annotations

from glassnet.optim.schedules import *  # noqa: F403
from glassnet.optim.schedules import __all__  # noqa: F401
