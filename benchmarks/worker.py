"""Measure one peer: ``python -m benchmarks.worker module:function argument ...``.

It prints ``[number, remarks]`` as JSON, and loads nothing but the standard library before the function's
module, so that imports can be measured, too.
"""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    """Call the function and print what it answers."""
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(*sys.argv[2:])
    value, remarks = answer if isinstance(answer, tuple) else (answer, {})
    print(json.dumps([value, remarks]))


if __name__ == "__main__":
    main()
