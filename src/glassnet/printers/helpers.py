"""NumPy helpers that printed programs contain, word for word; the interpreter calls the same functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet import random


# fmt: off
def put_slice(values, index, shape):
    out = np.zeros(shape, values.dtype)
    out[index] = values
    return out


def scatter_add(values, index, rows):
    out = np.zeros((rows, *values.shape[index.ndim:]), values.dtype)
    np.add.at(out, index, values)
    return out
# fmt: on


put_slice.__doc__ = "Zeros of ``shape`` with ``values`` at ``index``: the gradient of slicing."
scatter_add.__doc__ = (
    "A table of zeros to which each row of ``values`` is added at its index: the gradient of a lookup."
)

# op → the helpers its text needs, in order of definition
HELPERS: dict[str, tuple[Callable[..., Any], ...]] = {
    "random_uniform": (random.mix, random.random_bits, random.random_uniform),
    "unslice": (put_slice,),
    "scatter_add": (scatter_add,),
}


def helper_source(function: Callable[..., Any]) -> str:
    """A helper's text as it stands in this package."""
    return inspect.getsource(function).rstrip()
