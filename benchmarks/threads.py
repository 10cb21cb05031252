"""How many threads a peer gets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

ALL = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
TRIED = sorted({1, os.cpu_count() or 1})


def environment(number: int | None) -> dict[str, str]:
    """So many for everybody; none leaves it to the libraries."""
    return dict.fromkeys(ALL, str(number)) if number else {}


def numbers(module: Any) -> list[int]:
    """What a peer is to be tried with; none if it has no switch."""
    if not hasattr(module, "set_threads"):
        return []
    given = os.environ.get(ALL[0])
    return [int(given)] if given else TRIED


def each(module: Any) -> Iterator[int | None]:
    """Set every number in turn."""
    for number in numbers(module):
        module.set_threads(number)
        yield number
    if not numbers(module):
        yield None
