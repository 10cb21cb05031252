"""Programs that run: the interpreter (the definition) and printed NumPy (the text shown is the text run)."""

from __future__ import annotations

from glassnet.programs.interpret import interpret as interpret
from glassnet.programs.python import Program as Program
from glassnet.programs.python import compile_graph as compile_graph
