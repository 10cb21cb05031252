"""Which rows a network learns from, which rows stop it, and which rows it never sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.datasets import Dataset

HELD_OUT = 0.2
VALIDATION = 0.2


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts of a data set; no row is in two of them."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    held_out: NDArray[np.int64]


def split(dataset: Dataset, seed: int) -> Split:
    """Split 60 / 20 / 20 at random; with classes, each part has them in the same proportions."""
    rest, held_out = _part(np.arange(dataset.rows), dataset, HELD_OUT, seed)
    train, validation = _part(rest, dataset, VALIDATION / (1 - HELD_OUT), seed)
    return Split(train, validation, held_out)


def _part(rows: NDArray[np.int64], dataset: Dataset, share: float, seed: int) -> Any:
    from sklearn.model_selection import train_test_split

    labels = dataset.target[rows] if dataset.classes else None
    return train_test_split(rows, test_size=share, stratify=labels, random_state=seed)


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of a target: what a network learns is (y - mean) / deviation.

    Measured on the training rows only. For labels it changes nothing.
    """

    mean: float = 0.0
    deviation: float = 1.0

    def apply(self, target: NDArray[Any]) -> NDArray[Any]:
        """Standardize a numeric target; leave labels as they are."""
        return target if target.dtype.kind == "i" else (target - self.mean) / self.deviation

    def undo(self, standardized: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `apply` for numbers."""
        return standardized * self.deviation + self.mean


def scale_of(target: NDArray[Any]) -> Scale:
    """Measure the scale of a training target; a constant one is only shifted."""
    return Scale() if target.dtype.kind == "i" else Scale(float(target.mean()), float(target.std()) or 1.0)
