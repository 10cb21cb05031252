"""The one shape in which every source of data hands over its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Dataset:
    """Rows to learn from, what to predict for each, and the names of both.

    Attributes
    ----------
    name : str
        What the data set is called on the command line and in reports.
    data : ndarray of float64, shape (rows, features)
        The inputs.
    target : ndarray, shape (rows,)
        Labels ``0 … classes - 1`` (int64) for classification, numbers (float64) for regression.
    feature_names : tuple of str
        One name per column of `data`.
    target_names : tuple of str
        One name per class, or the one name of the number to predict.
    task : {"classification", "regression"}
        What kind of answer `target` is.
    description : str
        One line that says what a row is.
    image_shape : tuple of (int, int) or None
        Height and width if each row is a gray image, read row by row.

    Examples
    --------
    >>> from glassnet import datasets
    >>> iris = datasets.load("iris")
    >>> iris.data.shape, iris.classes, iris.target_names
    ((150, 4), 3, ('setosa', 'versicolor', 'virginica'))
    """

    name: str
    data: NDArray[np.float64]
    target: NDArray[Any]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    task: Task
    description: str
    image_shape: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.data)

    @property
    def features(self) -> int:
        """Number of columns of `data`."""
        return int(self.data.shape[1])

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.target_names) if self.task == "classification" else 0

    @property
    def outputs(self) -> int:
        """Units of a last layer that fits: one per class, or one for a number."""
        return self.classes or 1
