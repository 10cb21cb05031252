"""The command line: `glassnet train` and `glassnet source`."""

from __future__ import annotations

from glassnet.cli.app import main as main

__all__ = ["main"]
