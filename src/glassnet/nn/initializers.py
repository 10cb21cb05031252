"""Weight initializers, as Keras names and defines them; they take shapes: ``HeNormal()((784, 256))``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.registry import getter, non_negative, positive

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "VarianceScaling",
    "Zeros",
    "get",
]


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Incoming and outgoing connections of a unit: the last two axes, times the receptive field.

    Examples
    --------
    >>> fans((784, 10))
    (784, 10)
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


class Initializer:
    """Base of the initializers: called with a shape, answers an array.

    Parameters of the call
    ----------------------
    shape : tuple of int
    seed : int, numpy.random.Generator or None
    """

    def __call__(self, shape: tuple[int, ...], seed: Any = None) -> np.ndarray:
        return np.asarray(self.draw(tuple(shape), np.random.default_rng(seed)), dtype=float)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        """The values, in float64."""
        raise NotImplementedError

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in vars(self).items())
        return f"{type(self).__name__}({options})"


class Constant(Initializer):
    """One value everywhere.

    Parameters
    ----------
    value : float, default 0.0

    Examples
    --------
    >>> Constant(0.01)((2,))
    array([0.01, 0.01])
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return np.full(shape, self.value)


class Fixed(Initializer):
    """A given array.

    Parameters
    ----------
    values : array
        Of the weight's shape, or one number for all entries.
    """

    def __init__(self, values: Any) -> None:
        self.values = np.array(values, dtype=float)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        if self.values.ndim:
            return self.values.copy()  # of another shape, it is refused by name where the weight is made
        return np.full(shape, self.values)


class Zeros(Initializer):
    """Zeros; the usual choice for biases. As kernels they leave all units of a layer equal for ever.

    Examples
    --------
    >>> Zeros()((2,))
    array([0., 0.])
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return np.zeros(shape)


class Ones(Initializer):
    """Ones.

    Examples
    --------
    >>> Ones()((2,))
    array([1., 1.])
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return np.ones(shape)


class RandomNormal(Initializer):
    """Gaussian numbers.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, default 0.05

    Examples
    --------
    >>> RandomNormal(stddev=0.01)((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05) -> None:
        self.mean, self.stddev = mean, non_negative(stddev, "stddev", "RandomNormal")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return generator.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Uniform numbers in [minval, maxval).

    Parameters
    ----------
    minval : float, default -0.05
    maxval : float, default 0.05

    Examples
    --------
    >>> bool((RandomUniform(0, 1)((100,), seed=0) < 1).all())
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05) -> None:
        if not minval <= maxval:
            raise InputError(f"RandomUniform: minval {minval!r} must not exceed maxval {maxval!r}.")
        self.minval, self.maxval = minval, maxval

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return generator.uniform(self.minval, self.maxval, shape)


class VarianceScaling(Initializer):
    """Numbers with variance ``scale / n``, where n counts connections.

    Parameters
    ----------
    scale : float, default 1.0
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
        Truncated at two standard deviations and widened so that the variance is as said.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", 2015; X. Glorot and Y. Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", 2010.

    Examples
    --------
    >>> VarianceScaling(2.0)((784, 256), seed=0).std().round(3) == np.sqrt(2 / 784).round(3)
    np.True_
    """

    # Standard deviation of a unit Gaussian truncated to [-2, 2].
    _TRUNCATED_STD = 0.87962566103423978

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal"
    ) -> None:
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise InputError(f"VarianceScaling: mode must be 'fan_in', 'fan_out' or 'fan_avg'; got {mode!r}.")
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise InputError(
                "VarianceScaling: distribution must be 'truncated_normal', 'untruncated_normal' "
                f"or 'uniform'; got {distribution!r}."
            )
        self.scale, self.mode, self.distribution = (
            positive(scale, "scale", "VarianceScaling"),
            mode,
            distribution,
        )

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = math.sqrt(self.scale / max(1.0, count))
        if self.distribution == "uniform":
            return generator.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)
        if self.distribution == "untruncated_normal":
            return generator.normal(0.0, std, shape)
        return truncated_normal(generator, shape) * (std / self._TRUNCATED_STD)


def truncated_normal(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Unit Gaussian numbers; those beyond two standard deviations are drawn again."""
    values = generator.standard_normal(shape)
    far = np.abs(values) > 2
    while far.any():
        values[far] = generator.standard_normal(int(far.sum()))
        far = np.abs(values) > 2
    return values


class GlorotUniform(VarianceScaling):
    """Uniform with variance ``2 / (n_in + n_out)``: for tanh and sigmoid; Keras's default.

    Examples
    --------
    >>> bool(abs(GlorotUniform()((100, 200), seed=0)).max() <= np.sqrt(6 / 300))
    True
    """

    def __init__(self) -> None:
        super().__init__(1.0, "fan_avg", "uniform")


class GlorotNormal(VarianceScaling):
    """Truncated Gaussian with variance ``2 / (n_in + n_out)``.

    Examples
    --------
    >>> GlorotNormal()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal")


class HeNormal(VarianceScaling):
    """Truncated Gaussian with variance ``2 / n_in``: for ReLU.

    Examples
    --------
    >>> HeNormal()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal")


class HeUniform(VarianceScaling):
    """Uniform with variance ``2 / n_in``.

    Examples
    --------
    >>> HeUniform()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self) -> None:
        super().__init__(2.0, "fan_in", "uniform")


INITIALIZERS: dict[str, Callable[[], Initializer]] = {
    "constant": Constant,
    "zeros": Zeros,
    "ones": Ones,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
}

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
    HeNormal(scale=2.0, mode='fan_in', distribution='truncated_normal')
    """
    if isinstance(identifier, np.ndarray):
        return Fixed(identifier)
    return _get("zeros" if identifier is None else identifier)
