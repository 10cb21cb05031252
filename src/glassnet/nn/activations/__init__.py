"""Activations: functions of one array, on plain and traced arrays alike.

Any NumPy function of one array is an activation; these have names. Options are given with
``functools.partial(activations.leaky_relu, negative_slope=0.1)``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.activations.hard import (
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    tanh_shrink,
    threshold,
)
from glassnet.nn.activations.rectifiers import celu, elu, leaky_relu, relu, relu6, selu
from glassnet.nn.activations.rows import glu, log_softmax, softmax, sparsemax
from glassnet.nn.activations.smooth import (
    erf,
    exponential,
    gelu,
    linear,
    log_sigmoid,
    mish,
    sigmoid,
    silu,
    softplus,
    softsign,
    squareplus,
    tanh,
)
from glassnet.nn.registry import lookup

FUNCTIONS: tuple[Callable[..., Any], ...] = (
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
    log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus,
    softsign, sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
)  # fmt: skip

ACTIVATIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in FUNCTIONS}
ACTIVATIONS |= {"swish": silu, "hard_swish": hard_silu}

__all__ = [
    "celu",
    "elu",
    "erf",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def get(identifier: Any) -> Callable[[Any], Any]:
    """The activation for a name or a NumPy function; ``None`` is linear.

    Parameters
    ----------
    identifier : str, callable or None
        Options come with ``functools.partial``.

    Returns
    -------
    callable

    Raises
    ------
    UnknownNameError
        A name that nobody knows.
    InputError
        Neither a name nor a function, or a function that cannot do without options.

    Examples
    --------
    >>> get("relu") is relu
    True
    >>> get(functools.partial(leaky_relu, negative_slope=0.1)).__name__
    'leaky_relu(negative_slope=0.1)'
    """
    if identifier is None:
        return linear
    found = lookup("activation", ACTIVATIONS, identifier) if isinstance(identifier, str) else identifier
    if found is threshold:
        raise InputError(
            "the activation threshold needs its options:\n"
            "functools.partial(activations.threshold, threshold=1.0, default_value=0.0)."
        )
    if isinstance(found, functools.partial):
        return titled(found)
    if callable(found):
        return found  # type: ignore[no-any-return]
    raise InputError(f"{identifier!r} is not an activation: give a name or a NumPy function of one array.")


def titled(function: functools.partial[Any]) -> Callable[[Any], Any]:
    """A copy of a partial function with Python's own numbers, and a name that shows its options."""
    keywords = {k: v.item() if isinstance(v, np.generic) else v for k, v in function.keywords.items()}
    copy = functools.partial(function.func, *function.args, **keywords)
    options = ", ".join(f"{key}={value!r}" for key, value in keywords.items())
    name = getattr(function.func, "__name__", type(function.func).__name__)
    copy.__name__ = f"{name}({options})"  # type: ignore[attr-defined]
    return copy
