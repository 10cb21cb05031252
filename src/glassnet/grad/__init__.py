"""Gradients: a graph in, a graph out. One rule per op, written in graph operations."""

from __future__ import annotations

from glassnet.grad.backward import backward as backward
