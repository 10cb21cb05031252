"""Weight initializers, as Keras names and defines them; they take shapes: ``HeNormal()((784, 256))``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.nn.initializers.base import Initializer
from glassnet.nn.initializers.base import fans as fans
from glassnet.nn.initializers.constant import Constant, Identity, Ones, Zeros
from glassnet.nn.initializers.constant import Fixed as Fixed
from glassnet.nn.initializers.drawn import Orthogonal, RandomNormal, RandomUniform, Sparse, TruncatedNormal
from glassnet.nn.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InverseSqrt,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from glassnet.nn.registry import getter, snake_case

CLASSES: tuple[Callable[[], Initializer], ...] = (
    Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, InverseSqrt, LecunNormal,
    LecunUniform, Ones, Orthogonal, RandomNormal, RandomUniform, Sparse, TruncatedNormal, VarianceScaling,
    Zeros,
)  # fmt: skip

INITIALIZERS: dict[str, Callable[[], Initializer]] = {snake_case(cls.__name__): cls for cls in CLASSES}
INITIALIZERS |= {"normal": RandomNormal, "uniform": RandomUniform, "one": Ones, "zero": Zeros}

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "InverseSqrt",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "Sparse",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "get",
]

_get = getter("initializer", INITIALIZERS, Initializer)


def get(identifier: Any) -> Any:
    """The initializer for a name, an object, an array, or a function ``(shape, seed)``.

    Parameters
    ----------
    identifier : str, Initializer, ndarray or callable
        An array is used as it is.

    Returns
    -------
    callable
        Takes (shape, seed=), answers an array.

    Raises
    ------
    UnknownNameError
        A name that nobody knows.

    Examples
    --------
    >>> get("he_normal")
    HeNormal()
    """
    if isinstance(identifier, np.ndarray):
        return Fixed(identifier)
    return _get("zeros" if identifier is None else identifier)
