"""Symbolic arrays that answer NumPy calls, and the names of the user's variables."""

from __future__ import annotations

from glassnet.trace.composite import composite as composite
from glassnet.trace.tracer import TracedArray as TracedArray
