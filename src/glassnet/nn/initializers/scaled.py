"""Initializers whose variance follows from the number of connections."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.initializers.base import Initializer, checked_seed, fans
from glassnet.nn.initializers.drawn import truncated_normal
from glassnet.nn.registry import positive

# Standard deviation of a unit Gaussian truncated to [-2, 2].
TRUNCATED_STD = 0.87962566103423978
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class VarianceScaling(Initializer):
    """Numbers with variance ``scale / n``, where n counts connections.

    Parameters
    ----------
    scale : float, default 1.0
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
        Truncated at two standard deviations and widened so that the variance is as said.
    seed : int, optional
        By default the model's.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", 2015; X. Glorot and Y. Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", 2010.

    Examples
    --------
    >>> VarianceScaling(2.0)((784, 256), seed=0).std().round(3) == np.sqrt(2 / 784).round(3)
    np.True_
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if mode not in MODES:
            raise InputError(f"VarianceScaling: mode must be 'fan_in', 'fan_out' or 'fan_avg'; got {mode!r}.")
        if distribution not in DISTRIBUTIONS:
            raise InputError(
                "VarianceScaling: distribution must be 'truncated_normal', 'untruncated_normal' "
                f"or 'uniform'; got {distribution!r}."
            )
        self.scale = positive(scale, "scale", "VarianceScaling")
        self.mode, self.distribution = mode, distribution
        self.seed = checked_seed(seed, type(self).__name__)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = math.sqrt(self.scale / max(1.0, count))
        if self.distribution == "uniform":
            return generator.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)
        if self.distribution == "untruncated_normal":
            return generator.normal(0.0, std, shape)
        return truncated_normal(generator, shape) * (std / TRUNCATED_STD)


class GlorotUniform(VarianceScaling):
    """Uniform with variance ``2 / (n_in + n_out)``: for tanh and sigmoid; Keras's default.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> bool(abs(GlorotUniform()((100, 200), seed=0)).max() <= np.sqrt(6 / 300))
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated Gaussian with variance ``2 / (n_in + n_out)``.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> GlorotNormal()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeNormal(VarianceScaling):
    """Truncated Gaussian with variance ``2 / n_in``: for ReLU.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> HeNormal()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform with variance ``2 / n_in``.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> HeUniform()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated Gaussian with variance ``1 / n_in``: for SELU.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    References
    ----------
    Y. LeCun et al., "Efficient backprop", 1998.

    Examples
    --------
    >>> LecunNormal()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform with variance ``1 / n_in``.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> LecunUniform()((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class InverseSqrt(VarianceScaling):
    """``randn / sqrt(n_in)``, as in the course notes: a unit's output has the variance of its inputs.

    Parameters
    ----------
    seed : int, optional
        By default the model's.

    Notes
    -----
    LeCun's variance, without truncation.

    Examples
    --------
    >>> InverseSqrt()((500, 200), seed=0).var().round(4) == round(1 / 500, 4)
    np.True_
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "untruncated_normal", seed)
