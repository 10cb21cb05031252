"""The losses; see :mod:`glassnet.nn.losses`."""

from __future__ import annotations

from glassnet.nn.losses import *  # noqa: F403
from glassnet.nn.losses import __all__  # noqa: F401
