"""What happens after each epoch: scikit-learn's records, its rules for stopping, its learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.train.callbacks import Callback

# An adaptive learning rate below this stops the training instead of falling further.
SMALLEST_RATE = 1e-6


class Watch(Callback):
    """Keeps an estimator's records while its network trains, and stops it as scikit-learn would.

    Parameters
    ----------
    estimator : estimator
        Receives ``loss_``, ``loss_curve_``, ``n_iter_``, ``t_`` and, with early stopping,
        ``validation_scores_`` and ``best_validation_score_``.
    rows : int
        Examples per epoch.
    scale, offset : float
        The reported loss is the network's times ``scale`` plus ``offset``.
    score : callable, optional
        Answers the validation score of the network as it is.
    stops : bool
        Whether the rules may stop the training; False in ``partial_fit``.
    """

    def __init__(
        self,
        estimator: Any,
        rows: int,
        scale: float,
        offset: float,
        score: Callable[[], float] | None,
        stops: bool = True,
    ) -> None:
        self.estimator, self.rows, self.scale, self.offset = estimator, rows, scale, offset
        self.score, self.stops = score, stops
        self.best: Any = None
        self.said = bool(estimator.verbose) and estimator.verbose != "bar"

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.rows
        estimator.loss_ = logs["loss"] * self.scale + self.offset
        estimator.loss_curve_.append(estimator.loss_)
        if "val_loss" in logs:
            estimator.validation_loss_curve_.append(logs["val_loss"] * self.scale + self.offset)
        if self.said:
            print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        self._count()
        self._scale_rate()
        if self.stops and estimator._no_improvement_count > estimator.n_iter_no_change:
            self._give_up()

    # ------------------------------------------------------------------------------------ improvement
    def _count(self) -> None:
        """Count the epochs without improvement by more than ``tol``."""
        improved = self._loss_improved() if self.score is None else self._score_improved(self.score())
        self.estimator._no_improvement_count = 0 if improved else self.estimator._no_improvement_count + 1

    def _loss_improved(self) -> bool:
        estimator = self.estimator
        improved = not estimator.loss_ > estimator.best_loss_ - estimator.tol
        estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
        return improved

    def _score_improved(self, score: float) -> bool:
        estimator = self.estimator
        estimator.validation_scores_.append(score)
        if self.said:
            print(f"Validation score: {score:f}")
        improved = not score < estimator.best_validation_score_ + estimator.tol
        if score > estimator.best_validation_score_:
            estimator.best_validation_score_ = score
            self.best = self.model.get_snapshot()
        return improved

    # ------------------------------------------------------------------------------------ the rate
    def _scale_rate(self) -> None:
        estimator = self.estimator
        if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
            rate = estimator.learning_rate_init / (estimator.t_ + 1) ** estimator.power_t
            self.model.optimizer.learning_rate = float(rate)

    def _give_up(self) -> None:
        """Stop, or go on with a fifth of the rate."""
        estimator, optimizer = self.estimator, self.model.optimizer
        what = "Training loss" if self.score is None else "Validation score"
        message = (
            f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} "
            "consecutive epochs."
        )
        adaptive = estimator.solver == "sgd" and estimator.learning_rate == "adaptive"
        if adaptive and optimizer.learning_rate > SMALLEST_RATE:
            optimizer.learning_rate /= 5.0
            estimator._no_improvement_count = 0
            message += f" Setting learning rate to {optimizer.learning_rate:f}"
        else:
            self.model.stop_training = True
            message += " Learning rate too small. Stopping." if adaptive else " Stopping."
        if self.said:
            print(message)


def accuracy(y: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None) -> float:
    """The share of the examples that are right, in all columns if there are several."""
    right = y == predicted
    return float(np.average(right.all(axis=1) if right.ndim > 1 else right, weights=weights))


def r2(y: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None) -> float:
    """The coefficient of determination, averaged over the columns; NaN if a prediction is not finite."""
    if not np.isfinite(predicted).all():
        return math.nan
    y, predicted = y.reshape(len(y), -1), predicted.reshape(len(y), -1)
    residual = np.average((y - predicted) ** 2, axis=0, weights=weights)
    spread = np.average((y - np.average(y, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    perfect = np.where(residual == 0, 1.0, 0.0)
    return float(np.where(spread > 0, 1 - residual / np.where(spread > 0, spread, 1), perfect).mean())
