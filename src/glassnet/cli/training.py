"""One run of `glassnet train`: split, fit, predict the rows that were kept away."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

import glassnet as gn
from glassnet.cli.networks import Recipe, encoder_of, estimator_of, refuse_if_too_large
from glassnet.cli.problems import Problem
from glassnet.cli.splits import Split, split
from glassnet.errors import DivergenceError
from glassnet.estimators import FrameEncoder
from glassnet.estimators.inputs import ConstantColumnWarning
from glassnet.train.backend import require_numba

INTERRUPTED = "Training interrupted by user."  # what estimators say of Ctrl-C


@dataclass(frozen=True)
class Task:
    """A table, its split, and what becomes of its columns, by the training rows."""

    problem: Problem
    rows: Split
    recipe: Recipe
    encoder: FrameEncoder

    @property
    def measure(self) -> str:
        """What decides when to stop, on the validation rows: a key of the history.

        It is the loss without penalties: those shrink long after a network has learned what it can.
        """
        classes = self.problem.classes
        loss = "binary" if classes == 2 else "softmax"
        return f"{loss}_cross_entropy" if classes else "mean_squared_error"

    @property
    def metrics(self) -> list[str]:
        """What the history holds beside the loss."""
        return [self.measure, "accuracy"] if self.problem.classes else [self.measure]


@dataclass(frozen=True)
class Run(Task):
    """A trained network with everything that a report needs."""

    estimator: Any
    seconds: float

    @property
    def model(self) -> Any:
        """The network behind the estimator."""
        return self.estimator.model_

    @property
    def history(self) -> dict[str, list[float]]:
        """Losses and metrics, epoch by epoch."""
        found: dict[str, list[float]] = self.model.history.history
        return found

    @property
    def params(self) -> dict[str, Any]:
        """How it was trained: backend, batch size, ..."""
        found: dict[str, Any] = self.model.history.params
        return found

    @property
    def epochs(self) -> int:
        """Epochs trained."""
        return len(self.history["loss"])

    @property
    def best_epoch(self) -> int:
        """The epoch whose parameters were kept, counted from 1."""
        return int(np.argmin(self.history[f"val_{self.measure}"])) + 1

    @property
    def truth(self) -> NDArray[Any]:
        """The target of the held-out rows."""
        return self.problem.target[self.rows.held_out]

    @cached_property
    def prediction(self) -> NDArray[np.float64]:
        """What the network says about the held-out rows."""
        return self.predict(self.problem.table.take(self.rows.held_out))

    def predict(self, table: Any) -> NDArray[np.float64]:
        """Probabilities (rows, classes), or numbers (rows,) in the unit of the target."""
        estimator = self.estimator
        answer = estimator.predict_proba(table) if self.problem.classes else estimator.predict(table)
        return np.asarray(answer, np.float64)


def prepare(problem: Problem, recipe: Recipe) -> Task:
    """Split the rows, and find out what becomes of the columns."""
    if recipe.backend == "numba":
        require_numba('backend="numba"')
    rows = split(problem, recipe.seed)
    encoder = encoder_of(recipe)
    with _as_a_command():
        encoder.fit(problem.table.take(rows.train))
    refuse_if_too_large((len(encoder.get_feature_names_out()), *recipe.hidden, problem.outputs))
    return Task(problem, rows, recipe, encoder)


def fit(task: Task, bar: bool) -> Run:
    """Train until the validation loss no longer falls, and keep the best epoch."""
    X, y = task.problem.part(task.rows.train)
    X_val, y_val = task.problem.part(task.rows.validation)
    stop = gn.callbacks.EarlyStopping(
        f"val_{task.measure}", mode="min", patience=task.recipe.patience, restore_best_weights=True
    )
    estimator = estimator_of(task.recipe, bool(task.problem.classes), len(y))
    estimator.callbacks = [stop, *([gn.callbacks.ProgressBar(file=sys.stderr)] if bar else [])]
    estimator._metrics = tuple(task.metrics)
    start = time.perf_counter()
    with _as_a_command():
        estimator.fit(X, y, X_val=X_val, y_val=y_val)
    seconds = time.perf_counter() - start
    estimator.target_name_ = task.problem.target_name
    return Run(**vars(task), estimator=estimator, seconds=seconds)


@contextmanager
def _as_a_command() -> Iterator[None]:
    """Ctrl-C ends the command, divergence is no bad argument, and the report says what is left out."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", ConstantColumnWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("error", INTERRUPTED)
        try:
            yield
        except DivergenceError as error:
            raise DivergenceError(str(error)) from None
        except UserWarning as warning:
            if str(warning) != INTERRUPTED:
                raise
            raise KeyboardInterrupt from warning
