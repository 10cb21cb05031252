"""Losses made for the estimators: scikit-learn's objective for numbers, and several labels per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.losses.base import Loss, Task, aligned, over_outputs
from glassnet.nn.sizes import whole_number


class HalfSquaredError(Loss):
    """``½ Σ (scores - y)²`` over the outputs of an example: scikit-learn's objective.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(HalfSquaredError()(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]])))
    5.0
    """

    def per_example(self, y: Any, scores: Any) -> Any:
        e = scores - aligned(y, scores)
        return 0.5 * over_outputs(e**2, "sum")


class SeveralLabels(Loss):
    """One loss of labels for each of several targets, added up; each has its part of the scores.

    Parameters
    ----------
    sizes : sequence of int
        The number of scores of each target.
    label_loss : Loss
        Of labels, such as :class:`~glassnet.losses.SoftmaxCrossEntropy`.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> from glassnet.losses import SoftmaxCrossEntropy
    >>> loss = SeveralLabels([2, 2], SoftmaxCrossEntropy())
    >>> round(float(loss(np.array([[0, 1]]), np.zeros((1, 4)))), 4)
    1.3863
    """

    task: Task = "numbers"

    def __init__(self, sizes: Sequence[int], label_loss: Loss, reduction: str = "mean") -> None:
        super().__init__(reduction)
        if getattr(label_loss, "task", None) != "labels":
            raise InputError(f"SeveralLabels needs a loss of labels; got {label_loss!r}.")
        self.sizes = tuple(whole_number(size, "sizes", "SeveralLabels") for size in sizes)
        self.label_loss = label_loss

    def parts(self, scores: Any) -> list[Any]:
        """The scores of each target."""
        ends = np.cumsum(self.sizes).tolist()
        return [scores[:, end - size : end] for end, size in zip(ends, self.sizes, strict=True)]

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        columns = zip(y.T, self.sizes, strict=True)
        return np.stack(
            [self.label_loss.targets(part, (size,), dtype, where) for part, size in columns], axis=1
        )

    def per_example(self, y: Any, scores: Any) -> Any:
        parts = self.parts(scores)
        total = self.label_loss.per_example(y[:, 0], parts[0])
        for i, part in enumerate(parts[1:], 1):
            total = total + self.label_loss.per_example(y[:, i], part)
        return total
