"""The command line: `glassnet train`, `glassnet source` and `glassnet cache`."""

from __future__ import annotations

from glassnet.cli.app import main as main

__all__ = ["main"]
