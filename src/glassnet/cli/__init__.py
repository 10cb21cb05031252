"""The command line: `glassnet train`, and the commands for what it has trained; see `app.py`."""

from __future__ import annotations

from glassnet.cli.app import main as main

__all__ = ["main"]
