"""Noise in training: dropout of units and of weights, and Gaussian noise.

Every number is a pure function of (seed, step, place in the network, element), the same in every backend.
``predict(X, mc_samples=...)`` draws in prediction, too, and averages.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.context import hyper, network_trace, random_uniform
from glassnet.nn.core import Dense
from glassnet.nn.layer import Layer
from glassnet.nn.registry import fraction, non_negative
from glassnet.trace.composite import composite

__all__ = ["AlphaDropout", "DropConnect", "Dropout", "GaussianDropout", "GaussianNoise", "VanillaDropout"]

NoiseShape = tuple[int | None, ...] | None

# How far down SELU goes: scale * alpha, of the constants that keep mean 0 and variance 1.
_SELU_DEPTH = 1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


@composite
def box_muller(u: Any, v: Any) -> Any:
    """Standard normal numbers from two arrays of uniform ones in [0, 1).

    References
    ----------
    G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates", 1958.
    """
    return np.sqrt(-2 * np.log(1 - u)) * np.cos(6.283185307179586 * v)


def random_normal(like: Any) -> Any:
    """Standard normal numbers in the shape of ``like``."""
    u = random_uniform(like)
    v = random_uniform(like)
    return box_muller(u, v)


class NoiseLayer(Layer):
    """Base of layers that draw random numbers: in training, and in a prediction that samples."""

    def _run(self, arrays: tuple[Any, ...], training: bool) -> Any:
        trace = network_trace()
        return super()._run(arrays, training or (trace is not None and trace.sampling))


def checked_noise_shape(noise_shape: Any, owner: str) -> NoiseShape:
    """Keras's ``noise_shape``, or an error."""
    if noise_shape is None:
        return None
    extents = tuple(noise_shape) if isinstance(noise_shape, list | tuple) else ("",)
    known = all(e is None or (isinstance(e, int) and not isinstance(e, bool) and e > 0) for e in extents)
    if not known or extents[:1] not in ((None,), (1,)):
        raise InputError(
            f"{owner}: noise_shape={noise_shape!r} cannot be used.\n"
            "It is a tuple such as (None, 1, 64): None where the mask has the input's extent, 1 where it is "
            "shared."
        )
    return extents


def _broadcasts(noise_shape: tuple[int | None, ...], shape: tuple[Any, ...]) -> bool:
    pairs = zip(shape, noise_shape, strict=False)
    return len(shape) == len(noise_shape) and all(e in (None, 1, own) for own, e in pairs)


class MaskLayer(NoiseLayer):
    """Base of layers that keep or drop each value.

    Parameters
    ----------
    rate : float
        The share of values to drop, at least 0 and below 1.
    noise_shape : tuple of int, optional
        The mask's shape, such as ``(None, 1, 64)`` for one mask for all places of a sequence; the input's by
        default.
    name : str, optional
    """

    def __init__(self, rate: float, noise_shape: Any = None, name: str | None = None) -> None:
        super().__init__(name)
        self.rate = fraction(rate, "rate", type(self).__name__)
        self.noise_shape = checked_noise_shape(noise_shape, type(self).__name__)

    def kept(self, x: Any, rate: Any) -> Any:
        """True where a value is kept."""
        wanted, shape = self.noise_shape, x.shape
        if wanted is not None and not _broadcasts(wanted, shape):
            raise ShapeError(
                f"{type(self).__name__}: noise_shape={wanted} does not fit an array of shape {shape}."
            )
        return random_uniform(x, wanted) >= rate

    def title(self) -> str:
        """``Dropout(0.5)``."""
        return f"{type(self).__name__}({self.rate})"


class Dropout(MaskLayer):
    """Inverted dropout: in training a value is kept with probability ``1 - rate`` and divided by it.

    Parameters
    ----------
    rate : float
        The share of values to drop, at least 0 and below 1.
    noise_shape : tuple of int, optional
        The mask's shape, such as ``(None, 1, 64)`` for one mask for all places of a sequence; the input's by
        default.
    name : str, optional

    Notes
    -----
    Prediction is untouched, because the expected value is the same.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Examples
    --------
    >>> Dropout(0.5)(np.array([1.0]))
    array([1.])
    """

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        rate = hyper(self, "rate", "dropout_rate")
        keep = self.kept(x, rate)
        d = np.where(keep, x / (1 - rate), 0)
        return d


class VanillaDropout(MaskLayer):
    """Dropout as first published: keep with probability p in training, multiply by p in prediction.

    Keras's ``rate`` is ``1 - p``. :class:`Dropout` divides by p in training instead, so that prediction costs
    nothing: the expected value is the same.

    Parameters
    ----------
    rate : float
        The share of values to drop, ``1 - p``: at least 0 and below 1.
    noise_shape : tuple of int, optional
        As for :class:`Dropout`.
    name : str, optional

    References
    ----------
    G. E. Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012.

    Examples
    --------
    >>> VanillaDropout(0.25)(np.array([1.0]))
    array([0.75])
    """

    def call(self, x: Any, training: bool = False) -> Any:
        rate = hyper(self, "rate", "dropout_rate")
        if not training:
            d = (1 - rate) * x
            return d
        keep = self.kept(x, rate)
        d = np.where(keep, x, 0)
        return d


class AlphaDropout(MaskLayer):
    """Dropout for SELU: a dropped value becomes SELU's lower end, and mean 0 and variance 1 stay.

    ``(where(keep, x, -s) + rate * s) / sqrt((1 - rate) * (1 + rate * s**2))`` with s = 1.7581, SELU's depth.

    Parameters
    ----------
    rate : float
        The share of values to drop, at least 0 and below 1.
    noise_shape : tuple of int, optional
        As for :class:`Dropout`.
    name : str, optional

    Notes
    -----
    Prediction is untouched.

    References
    ----------
    G. Klambauer et al., "Self-normalizing neural networks", 2017.

    Examples
    --------
    >>> AlphaDropout(0.5)(np.array([1.0]))
    array([1.])
    """

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        rate = hyper(self, "rate", "dropout_rate")
        keep = self.kept(x, rate)
        d = np.where(keep, x, -_SELU_DEPTH)
        variance = (1 - rate) * (1 + rate * _SELU_DEPTH**2)
        a = (d + rate * _SELU_DEPTH) / np.sqrt(variance)
        return a


class GaussianNoise(NoiseLayer):
    """Add Gaussian noise of standard deviation ``stddev`` in training.

    Parameters
    ----------
    stddev : float
        At least 0.
    name : str, optional

    Notes
    -----
    Prediction is untouched.

    Examples
    --------
    >>> GaussianNoise(0.1)(np.array([1.0]))
    array([1.])
    """

    def __init__(self, stddev: float, name: str | None = None) -> None:
        super().__init__(name)
        self.stddev = non_negative(stddev, "stddev", "GaussianNoise")

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        noise = random_normal(x)
        h = x + hyper(self, "stddev", "noise_stddev") * noise
        return h

    def title(self) -> str:
        """``GaussianNoise(0.1)``."""
        return f"GaussianNoise({self.stddev})"


class GaussianDropout(NoiseLayer):
    """Multiply by Gaussian noise of mean 1 and variance ``rate / (1 - rate)`` in training.

    The first two moments are those of :class:`Dropout` with this rate.

    Parameters
    ----------
    rate : float
        At least 0 and below 1.
    name : str, optional

    Notes
    -----
    Prediction is untouched.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Examples
    --------
    >>> GaussianDropout(0.5)(np.array([1.0]))
    array([1.])
    """

    def __init__(self, rate: float, name: str | None = None) -> None:
        super().__init__(name)
        self.rate = fraction(rate, "rate", "GaussianDropout")

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        rate = hyper(self, "rate", "dropout_rate")
        noise = random_normal(x)
        factor = 1 + np.sqrt(rate / (1 - rate)) * noise
        d = x * factor
        return d

    def title(self) -> str:
        """``GaussianDropout(0.5)``."""
        return f"GaussianDropout({self.rate})"


class DropConnect(NoiseLayer, Dense):
    """A dense layer that drops weights: in training each is kept with probability ``1 - rate`` and divided.

    Parameters
    ----------
    units : int
        Number of outputs.
    rate : float, default 0.5
        The share of weights to drop, at least 0 and below 1.
    activation : str or callable, optional
    **options
        As for :class:`Dense`.

    Notes
    -----
    One mask for all examples of a batch; biases are not dropped. Prediction uses all weights as they are.

    References
    ----------
    L. Wan et al., "Regularization of neural networks using DropConnect", 2013.

    Examples
    --------
    >>> DropConnect(2, kernel_initializer="ones")(np.array([[1.0, 2.0]]))
    array([[3., 3.]])
    """

    def __init__(self, units: int, rate: float = 0.5, activation: Any = None, **options: Any) -> None:
        super().__init__(units, activation, **options)
        self.rate = fraction(rate, "rate", "DropConnect")

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return self.respond(x, self.kernel)
        rate = hyper(self, "rate", "dropconnect_rate")
        keep = random_uniform(self.kernel) >= rate
        W_kept = np.where(keep, self.kernel / (1 - rate), 0)
        return self.respond(x, W_kept)

    def title(self) -> str:
        """``DropConnect(10, relu, rate=0.5)``."""
        return f"DropConnect{super().title().removeprefix('Dense')[:-1]}, rate={self.rate})"
