"""The constraints; see :mod:`glassnet.nn.constraints`."""

from __future__ import annotations

from glassnet.nn.constraints import *  # noqa: F403
from glassnet.nn.constraints import __all__  # noqa: F401
