"""From settings to a network: what `train` uses unless told otherwise, and what `source` prints."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import glassnet as gn
from glassnet import layers
from glassnet.cli.mistakes import Mistake
from glassnet.estimators import FrameEncoder, MLPClassifier, MLPRegressor

if TYPE_CHECKING:
    from glassnet.cli.problems import Problem  # which would import scikit-learn

OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "adam": gn.optimizers.Adam,
    "sgd": gn.optimizers.SGD,
    "momentum": partial(gn.optimizers.SGD, momentum=0.9),
    "nesterov": partial(gn.optimizers.SGD, momentum=0.9, nesterov=True),
}
SOLVERS = {name: "adam" if name == "adam" else "sgd" for name in OPTIMIZERS}
RATES = {"adam": 3e-3, "sgd": 0.1, "momentum": 0.01, "nesterov": 0.01}
MANY = 5000  # rows, from which batches are larger and the whole table is seen fewer times
LARGEST = 50_000_000  # parameters; beyond it, a typing error is likelier than a wish


@dataclass(frozen=True)
class Recipe:
    """Every setting of a training run."""

    hidden: tuple[int, ...]
    epochs: int
    patience: int = 50
    activation: str = "relu"
    batch_norm: bool = True
    dropout: float = 0.3
    l2: float = 1e-3
    optimizer: str = "adam"
    learning_rate: float = RATES["adam"]
    schedule: str = "cosine"
    batch_size: int = 32
    seed: int = 0
    backend: str = "auto"


# Chosen among several dozen by their loss on the validation rows of splits with seeds below 110, of the
# bundled data sets and of two well-known tables; what is quoted comes from other seeds. More rows allow a
# larger network, and many rows need less to hold it back.
FEW = Recipe(hidden=(64, 32), epochs=150)
SMALL = Recipe(hidden=(128, 64), epochs=80, dropout=0.5)
MEDIUM = Recipe(hidden=(256, 128), epochs=60)
LARGE = Recipe(hidden=(128, 64), epochs=40, dropout=0.0, l2=1e-4, learning_rate=1e-2, batch_size=256)
RECIPES = ((1000, MEDIUM), (400, SMALL), (0, FEW))  # from so many rows up
STEPS = 8000  # of a large table, at most


def recipe_for(problem: Problem, **given: Any) -> Recipe:
    """The default recipe for a table, with the settings that were given (not None) put in.

    For a number to predict, dropout leaves out the last hidden layer and is stronger in the others.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if chosen.get("optimizer", "adam") != "adam":
        chosen.setdefault("learning_rate", RATES[chosen["optimizer"]])
    return replace(_default(problem), **chosen)


def _default(problem: Problem) -> Recipe:
    if problem.rows >= MANY:
        return replace(LARGE, epochs=min(LARGE.epochs, 1 + STEPS * LARGE.batch_size // problem.rows))
    default = next(recipe for least, recipe in RECIPES if problem.rows >= least)
    return default if problem.classes else replace(default, dropout=0.5)


def encoder_of(recipe: Recipe) -> FrameEncoder:
    """What makes numbers of the columns: statistics of the training rows, outliers softened."""
    return FrameEncoder(missing="median")


def estimator_of(recipe: Recipe, classes: bool, rows: int) -> Any:
    """The estimator of a recipe, for so many rows to learn from."""
    size = min(recipe.batch_size, rows)
    steps = recipe.epochs * math.ceil(rows / size)
    kind: Any = MLPClassifier if classes else MLPRegressor
    return kind(
        hidden_layer_sizes=recipe.hidden,
        activation=recipe.activation,
        batch_norm=recipe.batch_norm,
        dropout=_dropout(recipe, classes),
        alpha=2 * recipe.l2 * size,  # of which scikit-learn's penalty is half, divided by the batch
        kernel_initializer="he_normal" if recipe.activation == "relu" else None,
        solver=SOLVERS[recipe.optimizer],
        momentum=0.0 if recipe.optimizer == "sgd" else 0.9,
        nesterovs_momentum=recipe.optimizer == "nesterov",
        learning_rate=_schedule(recipe, steps),
        learning_rate_init=recipe.learning_rate,
        batch_size=size,
        max_iter=recipe.epochs,
        n_iter_no_change=math.inf,
        tol=0.0,
        columns=encoder_of(recipe),
        random_state=recipe.seed,
        backend=recipe.backend,
    )


def _dropout(recipe: Recipe, classes: bool) -> list[float]:
    """The share of each hidden layer; right before a number to predict there is none."""
    shares = [recipe.dropout] * len(recipe.hidden)
    return shares if classes else [*shares[:-1], *([0.0] if shares else [])]


def _schedule(recipe: Recipe, steps: int) -> Any:
    if recipe.schedule == "constant":
        return "constant"
    return gn.schedules.CosineDecay(recipe.learning_rate, steps)


def hidden_layers(
    sizes: tuple[int, ...],
    activation: str,
    dropout: float,
    batch_norm: bool,
    penalty: Any = None,
    bound: Any = None,
    momentum: float = 0.99,
    blur_last: bool = True,
) -> list[Any]:
    """For each size: Dense, batch norm, activation, dropout.

    Before a batch norm there is no bias, since it would be subtracted again. Without ``blur_last`` the last
    block has no dropout, as a squared loss wants it.
    """
    dense = partial(
        layers.Dense,
        use_bias=not batch_norm,
        kernel_initializer="he_normal" if activation == "relu" else "glorot_uniform",
        kernel_regularizer=penalty,
        kernel_constraint=bound,
    )
    stack: list[Any] = []
    for block, units in enumerate(sizes, start=1):
        norm = [layers.BatchNormalization(momentum=momentum)] if batch_norm else []
        drop = [layers.Dropout(dropout)] if dropout and (blur_last or block < len(sizes)) else []
        stack += [dense(units), *norm, layers.Activation(activation), *drop]
    return stack


def refuse_if_too_large(sizes: tuple[int, ...]) -> None:
    """Stop before memory is asked for."""
    weights = sum(a * b for a, b in pairwise(sizes))
    if weights > LARGEST:
        raise Mistake(f"that network has {weights:,} weights; this command goes up to {LARGEST:,}.")
