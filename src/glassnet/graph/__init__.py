"""Nodes, shapes, kinds, simplification: the graph that everything else prints."""

from __future__ import annotations

from glassnet.graph import simplify as simplify
from glassnet.graph.check import check as check
from glassnet.graph.graph import Graph as Graph
