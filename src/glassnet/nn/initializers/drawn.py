"""Initializers that draw numbers of a size that is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.initializers.base import Initializer, checked_seed, matrix_shape
from glassnet.nn.registry import finite, non_negative
from glassnet.nn.sizes import whole_number


class RandomNormal(Initializer):
    """Gaussian numbers.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, default 0.05
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> RandomNormal(stddev=0.01)((3, 2), seed=0).shape
    (3, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = finite(mean, "mean", "RandomNormal")
        self.stddev = non_negative(stddev, "stddev", "RandomNormal")
        self.seed = checked_seed(seed, "RandomNormal")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return generator.normal(self.mean, self.stddev, shape)


class TruncatedNormal(Initializer):
    """Gaussian numbers; those beyond two standard deviations are drawn again.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, default 0.05
        Before truncation, which leaves 0.8796 of it.
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> bool(abs(TruncatedNormal(stddev=0.5)((100,), seed=0)).max() <= 1)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = finite(mean, "mean", "TruncatedNormal")
        self.stddev = non_negative(stddev, "stddev", "TruncatedNormal")
        self.seed = checked_seed(seed, "TruncatedNormal")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return self.mean + self.stddev * truncated_normal(generator, shape)


def truncated_normal(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Unit Gaussian numbers; those beyond two standard deviations are drawn again."""
    values = generator.standard_normal(shape)
    far = np.abs(values) > 2
    while far.any():
        values[far] = generator.standard_normal(int(far.sum()))
        far = np.abs(values) > 2
    return values


class RandomUniform(Initializer):
    """Uniform numbers in [minval, maxval).

    Parameters
    ----------
    minval : float, default -0.05
    maxval : float, default 0.05
    seed : int, optional
        By default the model's.

    Examples
    --------
    >>> bool((RandomUniform(0, 1)((100,), seed=0) < 1).all())
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval = finite(minval, "minval", "RandomUniform")
        self.maxval = finite(maxval, "maxval", "RandomUniform")
        if self.minval > self.maxval:
            raise InputError(f"RandomUniform: minval {minval!r} must not exceed maxval {maxval!r}.")
        self.seed = checked_seed(seed, "RandomUniform")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        return generator.uniform(self.minval, self.maxval, shape)


class Orthogonal(Initializer):
    """A random matrix with orthonormal columns (or rows, if it has fewer of them), times ``gain``.

    Parameters
    ----------
    gain : float, default 1.0
    seed : int, optional
        By default the model's.

    Notes
    -----
    The Q of a Gaussian matrix's QR decomposition, with the signs of R's diagonal, so that every orthogonal
    matrix is equally likely. Kernels of more than two axes are flattened to (all but the last, last).

    References
    ----------
    A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    2014.

    Examples
    --------
    >>> W = Orthogonal()((3, 2), seed=0)
    >>> bool(np.allclose(W.T @ W, np.eye(2)))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = finite(gain, "gain", "Orthogonal")
        self.seed = checked_seed(seed, "Orthogonal")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        rows, columns = matrix_shape(shape, "Orthogonal")
        q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Sparse(Initializer):
    """Zeros, except for some random incoming connections per unit, which are small Gaussian numbers.

    Parameters
    ----------
    connections : int, default 10
        Incoming connections per unit; all of them, if there are fewer.
    stddev : float, default 0.01
    seed : int, optional
        By default the model's.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", 2010.

    Examples
    --------
    >>> (Sparse(connections=3)((8, 4), seed=0) != 0).sum(axis=0)
    array([3, 3, 3, 3])
    """

    def __init__(self, connections: int = 10, stddev: float = 0.01, seed: int | None = None) -> None:
        self.connections = whole_number(connections, "connections", "Sparse")
        self.stddev = non_negative(stddev, "stddev", "Sparse")
        self.seed = checked_seed(seed, "Sparse")

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
        rows, columns = matrix_shape(shape, "Sparse")
        order = generator.random((rows, columns)).argsort(axis=0)
        values = generator.normal(0.0, self.stddev, (rows, columns))
        return np.where(order.argsort(axis=0) < self.connections, values, 0.0).reshape(shape)
