"""What is trained: the shapes, their data and weights, and the tasks on real data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Weights = list[tuple[np.ndarray, np.ndarray]]

FOLDER = "GLASSNET_BENCHMARKS"  # the environment variable that tells workers where the tasks' data are


@dataclass(frozen=True)
class Network:
    """Dense layers with ReLU between them; softmax cross-entropy; Adam, rate 0.001; float32.

    Attributes
    ----------
    sizes : tuple of int
        Inputs, hidden units, classes.
    batch, rows : int
        Of a training step, and of the data.
    dropout : float
        If positive, every hidden layer has batch normalization before its ReLU and dropout after it.
    """

    sizes: tuple[int, ...]
    batch: int = 32
    rows: int = 0
    dropout: float = 0.0

    @property
    def hidden(self) -> tuple[int, ...]:
        """The units of the hidden layers."""
        return self.sizes[1:-1]

    @property
    def kernels(self) -> list[tuple[int, int]]:
        """The shapes of the kernels."""
        return list(zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def text(self) -> str:
        """For titles."""
        more = f" with batch normalization and dropout {self.dropout}" if self.dropout else ""
        return "-".join(map(str, self.sizes)) + more

    @property
    def gigaflops(self) -> float:
        """Of the matrix products in a step: forward, and backward but for the gradient of the inputs."""
        products = 3 * sum(a * b for a, b in self.kernels) - self.sizes[0] * self.sizes[1]
        return 2e-9 * self.batch * products

    @property
    def memory_limit(self) -> float:
        """MiB that a fit may need: data + 3 x parameters + the activations of a batch."""
        data = self.rows * (4 * self.sizes[0] + 8)
        parameters = 4 * sum(a * b + b for a, b in self.kernels)
        return (data + 3 * parameters + 4 * self.batch * sum(self.sizes)) / 2**20


NETWORKS = {
    "3_4_4_2": Network((3, 4, 4, 2), 4, 400),
    "4_16_16_3": Network((4, 16, 16, 3), 16, 150),
    "64_64_64_10": Network((64, 64, 64, 10), 32, 1797),
    "64_64_64_10_batchnorm": Network((64, 64, 64, 10), 32, 1797, dropout=0.2),
    "784_256_128_10": Network((784, 256, 128, 10), 128, 12800),
    "784_256_128_10_batchnorm": Network((784, 256, 128, 10), 128, 12800, dropout=0.2),
    "784_512_512_10": Network((784, 512, 512, 10), 128, 12800),
    "784_512_512_10_batchnorm": Network((784, 512, 512, 10), 128, 12800, dropout=0.2),
    "784_1024_1024_10": Network((784, 1024, 1024, 10), 256, 12800),
}


def data(network: Network, rows: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal inputs and random labels."""
    rng, rows = np.random.default_rng(1), rows or network.rows
    return (
        rng.standard_normal((rows, network.sizes[0]), dtype=np.float32),
        rng.integers(0, network.sizes[-1], rows),
    )


def weights(network: Network) -> Weights:
    """A kernel and a bias per layer, the same for every peer."""
    rng = np.random.default_rng(2)
    return [
        (np.sqrt(2 / a, dtype=np.float32) * rng.standard_normal((a, b), dtype=np.float32),
         rng.standard_normal(b, dtype=np.float32) / 10)
        for a, b in network.kernels
    ]  # fmt: skip


def scores(weights: Weights, X: np.ndarray) -> np.ndarray:
    """What every peer has to predict."""
    for kernel, bias in weights[:-1]:
        X = np.maximum(X @ kernel + bias, 0)
    return X @ weights[-1][0] + weights[-1][1]


def orders(network: Network, rows: int, epochs: int = 8) -> np.ndarray:
    """(epochs, batches, batch) random indices of rows; what does not fill a batch is left out."""
    rng, batches = np.random.default_rng(3), rows // network.batch
    kept = [rng.permutation(rows)[: batches * network.batch] for _ in range(epochs)]
    return np.stack(kept).reshape(epochs, batches, network.batch).astype(np.int32)


# ----------------------------------------------------------------------------------------- real data
@dataclass(frozen=True)
class Task:
    """A network for real data, and for how many epochs."""

    network: str
    epochs: int


TASKS = {
    "iris": Task("4_16_16_3", 200),
    "digits": Task("64_64_64_10", 20),
    "mnist": Task("784_256_128_10", 5),
}


def write_tasks(folder: Path, mnist: str | None) -> None:
    """Put the tasks' data where :func:`read_task` finds them, so that no worker has to load scikit-learn."""
    from sklearn.datasets import load_digits, load_iris

    loaded = {"iris": load_iris(return_X_y=True), "digits": load_digits(return_X_y=True)}
    if mnist is not None:
        import glassnet as gn

        images = gn.datasets.mnist(mnist)
        loaded["mnist"] = images.X_train.reshape(-1, 784).astype(np.float32), images.y_train
    for name, (X, y) in loaded.items():
        spread = X.std() if name == "mnist" else np.maximum(X.std(axis=0), 1e-9)  # some pixels never change
        np.save(folder / f"{name}_X.npy", ((X - X.mean(axis=0)) / spread).astype(np.float32))
        np.save(folder / f"{name}_y.npy", y.astype(np.int64))


def read_task(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs with mean 0, and labels."""
    folder = Path(os.environ[FOLDER])
    return np.load(folder / f"{name}_X.npy"), np.load(folder / f"{name}_y.npy")
