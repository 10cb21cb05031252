"""Gradients: a graph in, a graph out. One rule per op, written in graph operations."""

from glassnet.grad.backward import backward as backward
