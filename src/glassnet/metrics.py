"""The metrics; see :mod:`glassnet.nn.metrics`."""

from __future__ import annotations

from glassnet.nn.metrics import *  # noqa: F403
from glassnet.nn.metrics import __all__  # noqa: F401
