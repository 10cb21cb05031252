"""The regularizers; see :mod:`glassnet.nn.regularizers`."""

from __future__ import annotations

from glassnet.nn.regularizers import *  # noqa: F403
from glassnet.nn.regularizers import __all__  # noqa: F401
