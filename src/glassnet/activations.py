"""The activations; see :mod:`glassnet.nn.activations`."""

from __future__ import annotations

from glassnet.nn.activations import *  # noqa: F403
from glassnet.nn.activations import __all__  # noqa: F401
