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


def axis_argument(axis: Any, owner: str) -> int | tuple[int, ...]:
    """An axis or several, as Keras takes them: a whole number, or a list of them; or an error.

    Examples
    --------
    >>> axis_argument([1, 2], "LayerNormalization")
    (1, 2)
    """
    several = isinstance(axis, list | tuple)
    numbers = axis if several else [axis]
    if not numbers or any(isinstance(a, bool) or not hasattr(a, "__index__") for a in numbers):
        wanted = "a whole number or a tuple of them, such as -1"
        raise InputError(f"{owner}: axis must be {wanted}; got {axis!r}.")
    indices = tuple(map(operator.index, numbers))
    return indices if several else indices[0]


def chosen_axes(axis: int | tuple[int, ...], shape: tuple[Any, ...], owner: str) -> tuple[int, ...]:
    """Axes of one example, counted from the front and sorted, or an error.

    Examples
    --------
    >>> chosen_axes((-1, 1), (None, 8, 8, 3), "Normalization")
    (1, 3)
    """
    if len(shape) < 2:
        last_axis(shape, owner)
    axes = (axis,) if isinstance(axis, int) else axis
    chosen = sorted({a % len(shape) for a in axes if -len(shape) <= a < len(shape)})
    if len(chosen) < len(axes) or 0 in chosen:
        raise ShapeError(
            f"{owner}: axis={axis} does not fit arrays of shape {shape}.\n"
            "The first axis is the batch; one example's axes are counted from 1, or from -1 backwards."
        )
    return tuple(chosen)


def extents(shape: tuple[Any, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of some axes.

    Examples
    --------
    >>> extents((None, 8, 8, 3), (1, 3))
    (8, 3)
    """
    return tuple(int(shape[i]) for i in axes)
