"""Checks of sizes that layers share."""

from __future__ import annotations

import operator
from typing import Any

from glassnet.errors import InputError, ShapeError


def whole_number(value: Any, name: str, owner: str) -> int:
    """An int of at least 1, or an error."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if isinstance(value, bool) or number < 1:
        raise InputError(f"{owner}: {name} must be a whole number of at least 1; got {value!r}.")
    return number


def last_axis(input_shape: tuple[int | None, ...], owner: str) -> int:
    """The number of features, or an error."""
    if len(input_shape) < 2 or input_shape[-1] is None:
        raise ShapeError(
            f"{owner} takes arrays of at least 2 dimensions (batch, features); got {len(input_shape)}.\n"
            "One feature: X.reshape(-1, 1). One example: X.reshape(1, -1)."
        )
    return input_shape[-1]
