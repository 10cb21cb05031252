"""The initializers; see :mod:`glassnet.nn.initializers`."""

from __future__ import annotations

from glassnet.nn.initializers import *  # noqa: F403
from glassnet.nn.initializers import __all__  # noqa: F401
