"""Which arrays lie in a file rather than in memory."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

__all__ = ["in_memory", "is_mapped"]


def is_mapped(array: Any) -> bool:
    """Whether an array, or what it is a view of, is a memory map.

    Examples
    --------
    >>> is_mapped(np.zeros(3)[1:])
    False
    """
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


def in_memory(array: Any) -> Any:
    """The array; a copy where it is a memory map, so that whoever reads it later need not wait for a disk."""
    return np.array(array) if is_mapped(array) else array
