"""Principal components and whitening: the covariance's eigenvectors as a layer."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.adaptable import Moments, Preprocessing
from glassnet.nn.layer import InputShape
from glassnet.nn.registry import positive
from glassnet.nn.sizes import whole_number

__all__ = ["PCA", "Whitening", "covariance"]


def covariance(X: Any) -> np.ndarray:
    """The covariance matrix of the columns: ``(X - mean).T @ (X - mean) / n``, in float64.

    Symmetric and positive semi-definite; the variances stand on its diagonal.

    Parameters
    ----------
    X : array (n, features)

    Returns
    -------
    ndarray (features, features)

    Examples
    --------
    >>> covariance([[0.0, 0.0], [2.0, 4.0]])
    array([[1., 2.],
           [2., 4.]])
    """
    x = np.asarray(X, float)
    if x.ndim != 2:
        raise ShapeError(f"covariance() takes an array of shape (n, features); got {x.shape}.")
    centred = x - x.mean(axis=0)
    return np.asarray(centred.T @ centred / len(x))


def _start(shape: tuple[int, int], seed: Any = None) -> np.ndarray:
    """No rotation."""
    return np.eye(shape[0], shape[1])


class _Rotation(Preprocessing):
    """Base of layers that turn rows into the basis of the covariance's eigenvectors."""

    def __init__(self, n_components: int | None, name: str | None) -> None:
        super().__init__(name)
        owner = type(self).__name__
        self.n_components = (
            None if n_components is None else whole_number(n_components, "n_components", owner)
        )

    def build(self, input_shape: InputShape) -> None:
        self._check_rank(len(input_shape))
        features = int(input_shape[1] or 0)
        kept = features if self.n_components is None else self.n_components
        if kept > features:
            raise ShapeError(f"{type(self).__name__}: n_components={kept} of rows with {features} features.")
        self.mean = self.add_statistic("mean", (features,), "zeros", "mu")
        self.rotation = self.add_statistic("rotation", (features, kept), _start, "U")
        self.variance = self.add_statistic("variance", (kept,), "ones", "variance")
        self.total_variance = self.add_statistic("total_variance", (), "zeros", "total_variance")

    def _check_rank(self, ndim: int) -> None:
        if ndim != 2:
            raise ShapeError(
                f"{type(self).__name__} takes rows (batch, features); got {ndim} dimensions.\n"
                "Images: put Flatten() before it."
            )

    def part(self, x: np.ndarray) -> Moments:
        self._check_rank(x.ndim)
        return Moments(len(x), x.mean(axis=0), covariance(x))

    def merge(self, one: Moments, other: Moments) -> Moments:
        return one.merged(other, lambda difference: np.outer(difference, difference))

    def finish(self, kept: Moments) -> dict[str, Any]:
        variance, rotation = np.linalg.eigh(kept.spread)
        variance, rotation = np.maximum(variance[::-1], 0.0), rotation[:, ::-1]
        # An eigenvector's sign is arbitrary: its largest entry is made positive, as in scikit-learn.
        largest = rotation[np.abs(rotation).argmax(axis=0), np.arange(len(variance))]
        first = slice(None, self.n_components)
        return {
            "mean": kept.mean,
            "rotation": (rotation * np.where(largest < 0, -1.0, 1.0))[:, first],
            "variance": variance[first],
            "total_variance": variance.sum(),
        }

    @property
    def explained_variance_ratio(self) -> np.ndarray:
        """The share of the variance in each direction kept, largest first."""
        total = float(np.asarray(self.total_variance))
        return np.asarray(self.variance, float) / (total or 1.0)

    def title(self) -> str:
        """``PCA(16 of 64, 84.9 % of the variance)``."""
        name, kept = type(self).__name__, self.n_components
        if not self.adapted:
            return f"{name}({kept})" if kept else name
        share = 100 * self.explained_variance_ratio.sum()
        features, kept = self.rotation.shape
        return f"{name}({kept} of {features}, {share:.1f} % of the variance)"

    def doubles(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, rotation and variance in float64."""
        mean, rotation, variance = self.mean, self.rotation, self.variance
        return np.asarray(mean, float), np.asarray(rotation, float), np.asarray(variance, float)


class PCA(_Rotation):
    """Principal component analysis: ``(x - mean) @ U``, U the eigenvectors of the covariance.

    The covariance becomes diagonal. With fewer components only the directions of most variance are kept.

    Parameters
    ----------
    n_components : int, optional
        How many directions to keep; all by default.
    name : str, optional

    Attributes
    ----------
    explained_variance_ratio : array (n_components,)
        The share of the variance in each direction.

    Examples
    --------
    >>> layer = PCA(n_components=1)
    >>> layer.adapt(np.array([[0.0, 0.0], [3.0, 4.0], [-3.0, -4.0]]))
    >>> layer(np.array([[3.0, 4.0]])).round(12), layer.explained_variance_ratio.round(12)
    (array([[5.]]), array([1.]))
    """

    def __init__(self, n_components: int | None = None, name: str | None = None) -> None:
        super().__init__(n_components, name)

    def call(self, x: Any) -> Any:
        rotated = (x - self.mean) @ self.rotation
        return rotated

    def restore(self, z: Any) -> Any:
        mean, rotation, _ = self.doubles()
        return mean + z @ rotation.T


class Whitening(_Rotation):
    """Whitening: principal components divided by ``sqrt(variance + epsilon)``, so that all vary alike.

    Parameters
    ----------
    kind : {"pca", "zca"}, default "pca"
        ``"zca"`` turns the result back into the space of the inputs: whitened pictures still look like
        pictures.
    n_components : int, optional
        How many directions to keep; all by default.
    epsilon : float, default 1e-5
        A direction of variance s ends with variance s / (s + epsilon).
    name : str, optional

    Attributes
    ----------
    explained_variance_ratio : array (n_components,)
        The share of the variance in each direction.

    Warns
    -----
    UserWarning
        Directions without variance: what noise new data have there is multiplied by 1 / sqrt(epsilon).

    Examples
    --------
    >>> layer = Whitening()
    >>> X = np.random.default_rng(0).normal(0.0, [1.0, 100.0], (500, 2))
    >>> layer.adapt(X)
    >>> covariance(layer(X)).round(3) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """

    def __init__(
        self,
        kind: str = "pca",
        n_components: int | None = None,
        epsilon: float = 1e-5,
        name: str | None = None,
    ) -> None:
        super().__init__(n_components, name)
        if kind not in ("pca", "zca"):
            raise InputError(f"Whitening: kind must be 'pca' or 'zca'; got {kind!r}.")
        self.kind, self.epsilon = kind, positive(epsilon, "epsilon", "Whitening")

    def finish(self, kept: Moments) -> dict[str, Any]:
        found = super().finish(kept)
        variance = found["variance"]
        empty = int((variance <= 1e-12 * variance.max()).sum())
        if empty:
            warnings.warn(
                f"{empty} of {len(variance)} directions have no variance: Whitening multiplies what noise "
                f"new data have there by {self.epsilon**-0.5:.0f}, 1 / sqrt(epsilon).\n"
                f"Keep fewer directions (n_components={len(variance) - empty}), or use a larger epsilon.",
                UserWarning,
                stacklevel=4,
            )
        return found

    def call(self, x: Any) -> Any:
        rotated = (x - self.mean) @ self.rotation
        std = np.sqrt(self.variance + self.epsilon)
        white = rotated / std
        if self.kind == "pca":
            return white
        zca = white @ self.rotation.T
        return zca

    def restore(self, z: Any) -> Any:
        mean, rotation, variance = self.doubles()
        white = z @ rotation if self.kind == "zca" else z
        return mean + (white * np.sqrt(variance + self.epsilon)) @ rotation.T

    def title(self) -> str:
        """``Whitening(16 of 64, 84.9 % of the variance)``, with ``zca`` where it is."""
        text = super().title()
        return text if self.kind == "pca" else text.replace("Whitening", "ZCA whitening")
