"""One training run of one network, as scikit-learn's MLP would make it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from glassnet.errors import DivergenceError, DivergenceWarning, InputError
from glassnet.estimators import building
from glassnet.estimators.programs import SharedPrograms
from glassnet.estimators.stopping import Watch

AUTO_BATCH = 200


class TrainingDivergedError(DivergenceError, InputError):
    """Training reached NaN or infinity; the last finite weights are kept."""


class StoppedByDivergenceWarning(DivergenceWarning, ConvergenceWarning):  # type: ignore[misc]
    """Training reached NaN or infinity; the best weights before that are kept."""


@dataclass(frozen=True)
class Examples:
    """Checked examples: a table, encoded targets, weights or None."""

    table: np.ndarray
    target: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.table)


def generator_of(random_state: Any) -> np.random.RandomState:
    """scikit-learn's kind of generator; without a seed from fresh entropy, never the global one."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if isinstance(random_state, np.random.Generator):
        return np.random.RandomState(random_state.bit_generator)
    if random_state is None:
        return np.random.RandomState(np.random.MT19937())
    return np.random.RandomState(int(random_state))


def train(
    estimator: Any,
    examples: Examples,
    validation: Examples | None,
    first: bool,
    incremental: bool,
    generator: np.random.RandomState,
    task: Any,
    given: dict[str, Any],
) -> None:
    """Train an estimator's network.

    Parameters
    ----------
    estimator : BaseMLP
        Gets ``model_`` and all records.
    examples, validation : Examples
    first : bool
        Whether the network is to be made, or goes on.
    incremental : bool
        One epoch, with the optimizer as it is.
    generator : RandomState
    task : Bridge, optional
        To scikit-learn's own callbacks.
    given : dict
        Kernels and biases to start from, if the user has set them.
    """
    if first:
        _start(estimator, examples, generator, given)
    training, validation = _split(estimator, examples, validation, generator)
    model = estimator.model_
    if first or not incremental:
        model.compile(
            building.optimizer_of(estimator), estimator._goal.loss, estimator._metrics, estimator.backend
        )
        _share_programs(estimator, model)
    if first:
        model.seed = int(generator.randint(2**31))
        estimator.t_ = 0
    estimator.n_iter_ = 0
    if estimator.solver == "lbfgs":
        _fit_lbfgs(estimator, training, validation)
    else:
        _fit_stochastic(estimator, training, validation, incremental, task)


def _start(estimator: Any, examples: Examples, generator: Any, given: dict[str, Any]) -> None:
    """A new network and empty records."""
    objective = estimator._goal
    features = examples.table.shape[1]
    estimator.model_ = building.build(estimator, features, objective, generator, examples.table.dtype)
    dense = building.dense_layers(estimator.model_)
    for name, values in given.items():
        keys = [getattr(layer, name).key for layer in dense]
        estimator.model_.set_parameters(dict(zip(keys, values, strict=True)))
    estimator.n_layers_, estimator.n_outputs_ = len(dense) + 1, objective.outputs
    estimator.out_activation_ = objective.out_activation
    estimator._no_improvement_count = 0
    if estimator.solver == "lbfgs":
        return
    estimator.loss_curve_, estimator.validation_loss_curve_ = [], []
    scored = estimator.early_stopping
    estimator.validation_scores_ = [] if scored else None
    estimator.best_validation_score_ = -math.inf if scored else None
    estimator.best_loss_ = None if scored else math.inf


def _share_programs(estimator: Any, model: Any) -> None:
    features = model.input_specs[0].shape[0]
    key = building.architecture(estimator, features, estimator._goal, model.dtype)
    if key is not None:
        model._shelf.programs = SharedPrograms(("numpy", key), model)
        model._shelf.compiled_programs = SharedPrograms(("numba", key), model)


# ------------------------------------------------------------------------------------------ validation
def _split(
    estimator: Any, examples: Examples, validation: Examples | None, generator: Any
) -> tuple[Examples, Examples | None]:
    """Hold examples out for early stopping, as scikit-learn does, unless the user has given some."""
    if not estimator.early_stopping or estimator.solver == "lbfgs":
        return examples, validation
    if validation is None:
        examples, validation = _held_out(estimator, examples, generator)
    if len(validation) < 2:
        raise InputError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
        )
    return examples, validation


def _held_out(estimator: Any, examples: Examples, generator: Any) -> tuple[Examples, Examples]:
    try:
        rows = train_test_split(
            np.arange(len(examples)),
            random_state=generator,
            test_size=float(estimator.validation_fraction),
            stratify=estimator._stratification(examples.target),
        )
    except ValueError as error:
        raise InputError(str(error)) from None
    parts = [
        Examples(examples.table[part], examples.target[part], _rows(examples.weights, part)) for part in rows
    ]
    return parts[0], parts[1]


def _rows(weights: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if weights is None else weights[rows]


# ------------------------------------------------------------------------------------------ L-BFGS
def _fit_lbfgs(estimator: Any, training: Examples, validation: Examples | None) -> None:
    total = float(len(training) if training.weights is None else training.weights.sum())
    building.set_strength(estimator.model_, estimator, 1 / total)
    history = _run(estimator, training, validation, len(training), 1, [])
    _, offset = _reporting(estimator, training)
    estimator.loss_ = history["loss"][-1] * estimator._goal.scale + offset
    if validation is not None:
        estimator.validation_loss_curve_ = [history["val_loss"][-1] * estimator._goal.scale + offset]
    iterations, status, message = estimator.model_.optimizer.end
    estimator.n_iter_ = min(iterations, int(estimator.max_iter))
    if estimator.verbose:
        print(f"L-BFGS: {estimator.n_iter_} iterations, loss = {estimator.loss_:.8f}")
    if status:
        warnings.warn(
            f"lbfgs failed to converge after {estimator.n_iter_} iteration(s): {message}.\n"
            "Increase max_iter or max_fun, or scale the data (StandardScaler).",
            ConvergenceWarning,
            stacklevel=2,
        )


# ------------------------------------------------------------------------------------------ batch by batch
def _fit_stochastic(
    estimator: Any, training: Examples, validation: Examples | None, incremental: bool, task: Any
) -> None:
    rows = len(training)
    size = _batch_size(estimator, rows)
    building.set_strength(estimator.model_, estimator, _penalty_share(training, size))
    scale, offset = _reporting(estimator, training)
    score = None
    if estimator.early_stopping and validation is not None:
        score = _scorer(estimator, validation)
    watch = Watch(estimator, rows, scale, offset, score, stops=not incremental)
    callbacks = [watch, *_listed(estimator.callbacks), *([task] if task else [])]
    epochs = 1 if incremental else int(estimator.max_iter)
    model = estimator.model_
    try:
        _run(estimator, training, validation, size, epochs, callbacks)
    except DivergenceError as error:
        _diverged(estimator, watch, error)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
    else:
        if not incremental and not model.stop_training:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
    if watch.best is not None:
        model.set_snapshot(watch.best)


def _run(
    estimator: Any, training: Examples, validation: Examples | None, size: int, epochs: int, callbacks: Any
) -> dict[str, list[float]]:
    held_out = None
    if validation is not None:
        targets = estimator._goal.targets(validation.target)
        held_out = (validation.table, targets, *([] if validation.weights is None else [validation.weights]))
    history = estimator.model_.fit(
        training.table,
        estimator._goal.targets(training.target),
        batch_size=size,
        epochs=epochs,
        verbose="auto" if estimator.verbose == "bar" else 0,
        callbacks=callbacks,
        shuffle=bool(estimator.shuffle) and size < len(training),  # the order within one batch is none
        sample_weight=training.weights,
        validation_data=held_out,
        threads=estimator.threads,
    )
    found: dict[str, list[float]] = history.history
    return found


def _batch_size(estimator: Any, rows: int) -> int:
    if estimator.batch_size == "auto":
        return min(AUTO_BATCH, rows)
    if estimator.batch_size > rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
        )
    return min(int(estimator.batch_size), rows)


def _penalty_share(training: Examples, size: int) -> float:
    """One over the weight of a batch, averaged over the batches of an epoch."""
    full, rest = divmod(len(training), size)
    mean_weight = 1.0 if training.weights is None else float(training.weights.mean())
    return (full / size + (1 / rest if rest else 0)) / (full + bool(rest)) / mean_weight


def _reporting(estimator: Any, training: Examples) -> tuple[float, float]:
    objective = estimator._goal
    return objective.scale, objective.offset(training.target, training.weights)


def _scorer(estimator: Any, validation: Examples) -> Any:
    def score() -> float:
        scores = estimator.model_.predict(validation.table)
        return float(estimator._score_encoded(scores, validation.target, validation.weights))

    return score


def _listed(callbacks: Any) -> list[Any]:
    return [callbacks] if hasattr(callbacks, "on_epoch_end") else list(callbacks or [])


def _diverged(estimator: Any, watch: Watch, error: DivergenceError) -> None:
    """With early stopping, the best weights so far are an answer; without it there is none."""
    if watch.best is None:
        raise TrainingDivergedError(str(error)) from None
    estimator.n_iter_ += 1
    estimator.validation_scores_.append(math.nan)
    warnings.warn(str(error), StoppedByDivergenceWarning, stacklevel=2)
