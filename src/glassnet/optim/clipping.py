"""Clipping of gradients, on plain and traced arrays alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.trace.composite import composite


@composite
def clip_by_norm(g: Any, limit: Any) -> Any:
    """``g``, made shorter where its Euclidean norm exceeds the limit."""
    norm = np.sqrt((g**2).sum())
    return g * (limit / np.maximum(norm, limit))


@composite
def clip_by_value(g: Any, limit: Any) -> Any:
    """``g`` with every entry between ``-limit`` and ``limit``."""
    return np.minimum(np.maximum(g, -limit), limit)


def clip_by_global_norm(gradients: Sequence[Any], limit: Any) -> list[Any]:
    """The gradients, all made shorter by one factor where their common norm exceeds the limit."""
    if len(gradients) == 1:
        return [clip_by_norm(gradients[0], limit)]
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    scale = limit / np.maximum(norm, limit)
    return [g * scale for g in gradients]
