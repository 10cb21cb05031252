"""Graphs as text."""

from __future__ import annotations

from glassnet.printers.to_numpy import print_numpy as print_numpy
