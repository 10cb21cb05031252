"""Predictions of a few rows, where looking everything up again would take longer than computing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.nn.context import Weight
from glassnet.train.data import Dataset

FEW = 16  # rows


class Quick:
    """A prediction program bound to the present weights.

    Parameters
    ----------
    function : callable
        Takes the inputs, answers the scores.
    weights : list of Weight
        What it is bound to.
    inputs : object
        The description of the model's inputs at that time.
    one_row : bool
        Whether it takes a single row.
    """

    def __init__(
        self, function: Callable[..., Any], weights: list[Weight], inputs: object, one_row: bool
    ) -> None:
        self.function, self.one_row, self.inputs = function, one_row, inputs
        self.bound = [(weight, weight.value) for weight in weights]

    def fits(self, inputs: object, rows: int) -> bool:
        """Whether the weights are still those, and so many rows can be taken."""
        present = all(weight.value is value for weight, value in self.bound)
        return present and inputs is self.inputs and (rows == 1 or not self.one_row)

    def __call__(self, data: Dataset) -> np.ndarray:
        """The scores."""
        if self.one_row:
            return np.asarray(self.function(data.inputs[0][0]))[None]
        with np.errstate(over="ignore"):
            return np.asarray(self.function(*data.inputs))
