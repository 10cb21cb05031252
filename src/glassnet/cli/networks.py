"""From settings to a network: what `train` uses unless told otherwise, and what `source` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import glassnet as gn
from glassnet import layers
from glassnet.cli.mistakes import Mistake
from glassnet.datasets import Dataset

OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "adam": gn.optimizers.Adam,
    "sgd": gn.optimizers.SGD,
    "momentum": partial(gn.optimizers.SGD, momentum=0.9),
    "nesterov": partial(gn.optimizers.SGD, momentum=0.9, nesterov=True),
}
RATES = {"adam": 1e-3, "sgd": 0.1, "momentum": 0.01, "nesterov": 0.01}
# Of running statistics: in epochs of a few steps Keras's 0.99 would take long to forget the start.
MOMENTUM = 0.9
LARGEST = 50_000_000  # parameters; beyond it, a typing error is likelier than a wish


@dataclass(frozen=True)
class Recipe:
    """Every setting of a training run."""

    hidden: tuple[int, ...]
    epochs: int
    patience: int
    activation: str = "relu"
    batch_norm: bool = True
    dropout: float = 0.3
    l2: float = 1e-3
    optimizer: str = "adam"
    learning_rate: float = RATES["adam"]
    batch_size: int = 32
    seed: int = 0
    backend: str = "auto"


# Chosen among several dozen by their scores on splits of the bundled data sets with seeds below 110: a
# comparison on those splits flatters them a little; the test of them uses others. Few rows want a smaller
# network.
SMALL = Recipe(hidden=(64, 32), epochs=500, patience=50)
LARGE = Recipe(hidden=(256, 128), epochs=200, patience=20)


def recipe_for(dataset: Dataset, **given: Any) -> Recipe:
    """The default recipe for a data set, with the settings that were given (not None) put in.

    For a number to predict, dropout leaves out the last hidden layer and is stronger in the others.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if "optimizer" in chosen:
        chosen.setdefault("learning_rate", RATES[chosen["optimizer"]])
    default = LARGE if dataset.rows >= 1000 else SMALL
    return replace(default, **({} if dataset.classes else {"dropout": 0.5}) | chosen)


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


def soften(x: Any) -> Any:
    """Leave standardized values near 0 as they are and keep outliers below 3 in size.

    A pixel that is almost never on is many deviations away from its mean when it is. The formula is the
    smooth clipping of RealMLP (Holzmüller et al. 2024, https://arxiv.org/abs/2407.04491).
    """
    return x / np.sqrt(1 + (x / 3) ** 2)


def refuse_if_too_large(sizes: tuple[int, ...]) -> None:
    """Stop before memory is asked for."""
    weights = sum(a * b for a, b in pairwise(sizes))
    if weights > LARGEST:
        raise Mistake(f"that network has {weights:,} weights; this command goes up to {LARGEST:,}.")


def network(recipe: Recipe, features: int, outputs: int) -> Any:
    """The model of a recipe for a table with that many columns."""
    refuse_if_too_large((features, *recipe.hidden, outputs))
    penalty = gn.regularizers.L2(recipe.l2) if recipe.l2 else None
    hidden = hidden_layers(
        recipe.hidden,
        recipe.activation,
        recipe.dropout,
        recipe.batch_norm,
        penalty,
        momentum=MOMENTUM,
        blur_last=outputs > 1,
    )
    last = layers.Dense(outputs, kernel_regularizer=penalty)
    return gn.Sequential([layers.Normalization(), soften, *hidden, last], seed=recipe.seed)
