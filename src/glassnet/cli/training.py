"""One run of `glassnet train`: split, fit, predict the rows that were kept away."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import glassnet as gn
from glassnet.cli.networks import OPTIMIZERS, Recipe, network
from glassnet.cli.splits import Scale, Split, scale_of, split
from glassnet.datasets import Dataset

# The loss without penalties: those shrink long after a network has learned what it can.
CROSS_ENTROPY = gn.metrics.Metric("cross_entropy", gn.losses.softmax_cross_entropy)


@dataclass(frozen=True)
class Task:
    """A table, its split, and a network that has not learned anything yet."""

    dataset: Dataset
    rows: Split
    recipe: Recipe
    model: Any

    @property
    def measure(self) -> str:
        """What decides when to stop, on the validation rows: a key of the history."""
        return CROSS_ENTROPY.name if self.dataset.classes else "mean_squared_error"


@dataclass(frozen=True)
class Run(Task):
    """A trained network with everything that a report needs."""

    scale: Scale
    history: dict[str, list[float]]
    params: dict[str, Any]
    seconds: float

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
        return self.dataset.target[self.rows.held_out]

    @cached_property
    def prediction(self) -> NDArray[np.float64]:
        """What the network says about the held-out rows."""
        return self.predict(self.dataset.data[self.rows.held_out])

    def predict(self, data: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (rows, classes), or numbers (rows,) in the unit of the target."""
        scores = np.asarray(self.model.predict(data), np.float64)
        return gn.activations.softmax(scores) if self.dataset.classes else self.scale.undo(scores[:, 0])


def prepare(dataset: Dataset, recipe: Recipe) -> Task:
    """Split the rows and make the network; `fit` then gives its first layer the training rows' statistics."""
    rows = split(dataset, recipe.seed)
    model = network(recipe, dataset.features, dataset.outputs)
    model.compile(
        optimizer=OPTIMIZERS[recipe.optimizer](recipe.learning_rate),
        loss="softmax_cross_entropy" if dataset.classes else "squared_error",
        metrics=["accuracy", CROSS_ENTROPY] if dataset.classes else ["mean_squared_error"],
        backend=recipe.backend,
    )
    model.build((None, dataset.features))
    return Task(dataset, rows, recipe, model)


def fit(task: Task, bar: bool) -> Run:
    """Train until the validation loss no longer falls, and keep the best epoch."""
    X, y = task.dataset.data, task.dataset.target
    scale = scale_of(y[task.rows.train])
    train, validation = ((X[part], scale.apply(y[part])) for part in (task.rows.train, task.rows.validation))
    watchers: list[Any] = [
        gn.callbacks.EarlyStopping(
            f"val_{task.measure}", mode="min", patience=task.recipe.patience, restore_best_weights=True
        )
    ]
    if bar:
        watchers.append(gn.callbacks.ProgressBar(file=sys.stderr))
    start = time.perf_counter()
    history = task.model.fit(
        *train,
        batch_size=task.recipe.batch_size,
        epochs=task.recipe.epochs,
        validation_data=validation,
        callbacks=watchers,
        verbose=0,
    )
    seconds = time.perf_counter() - start
    return Run(**vars(task), scale=scale, history=history.history, params=history.params, seconds=seconds)
