"""Why follow the gradient? Three ways to look for good weights, on the same network with the same effort."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet.errors import InputError, NotBuiltError
from glassnet.model import Model
from glassnet.nn.sizes import whole_number

PASSES_OF_A_STEP = 3  # one forward; backward takes about twice as long
Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Search:
    """One way to look for weights, and how far it came.

    Attributes
    ----------
    name : str
    losses : tuple of float
        After each try: the loss of the best weights so far; for gradient descent the loss after each step.
    passes : tuple of int
        The effort up to there, in forward passes over all examples; a step of gradient descent counts as 3.
    parameters : dict
        The weights found: key → array, for ``model.set_parameters``.
    scores : dict
        What ``model.evaluate`` says about them.
    """

    name: str
    losses: tuple[float, ...]
    passes: tuple[int, ...]
    parameters: Weights
    scores: dict[str, float]


class SearchLadder(NamedTuple):
    """The three results of :func:`search_ladder`; prints as a table.

    Attributes
    ----------
    random_search, local_search, gradient_descent : Search
    """

    random_search: Search
    local_search: Search
    gradient_descent: Search

    def __str__(self) -> str:
        names = list(self.random_search.scores)
        rows = [["", *names, "passes"]]
        for search in self:
            figures = [f"{search.scores[name]:.4g}" for name in names]
            rows.append([search.name, *figures, str(search.passes[-1])])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(_aligned, row, widths)).rstrip() for row in rows)


def _aligned(cell: str, width: int) -> str:
    """Numbers stand on the right, and so do the words above them; names on the left."""
    return cell.ljust(width) if " " in cell or not cell else cell.rjust(width)


def search_ladder(
    model: Model, X: Any, y: Any, tries: int = 600, scale: float = 0.01, seed: int = 0
) -> SearchLadder:
    """Random search, random local search, gradient descent: the same model, the same start, the same effort.

    Random search draws all weights anew, ``W = scale * randn``, and keeps the best. Random local search takes
    a small random step from the best so far, ``W + scale * randn``, and keeps it if the loss falls. Gradient
    descent asks for the direction instead of guessing it, and takes ``tries // 3`` steps of the model's
    optimizer over all examples, since a step costs about three forward passes.

    Parameters
    ----------
    model : Model
        Compiled, with the optimizer that goes down the gradient. It is not changed.
    X, y : arrays
        Training data; every try sees all of it.
    tries : int, default 600
        Of the first two; at least 3.
    scale : float, default 0.01
        Standard deviation of the weights that are drawn.
    seed : int, default 0
        Decides the draws.

    Returns
    -------
    SearchLadder
        ``random_search``, ``local_search`` and ``gradient_descent``.

    Raises
    ------
    NotBuiltError
        The model has no loss.
    InputError
        Fewer than 3 tries, or a scale that is not positive.

    References
    ----------
    The notes of Stanford's course CS231n, "Optimization: stochastic gradient descent", compare the three.

    Examples
    --------
    >>> import glassnet as gn
    >>> X, y = gn.datasets.spiral()
    >>> model = gn.Sequential([gn.layers.Dense(3)])
    >>> model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy")
    >>> ladder = gn.search_ladder(model, X, y, tries=90)
    >>> [search.passes[-1] for search in ladder]
    [90, 90, 90]
    >>> losses = [search.losses[-1] for search in ladder]
    >>> losses == sorted(losses, reverse=True)
    True
    """
    _check(model, tries, scale)
    hill = _Hill(copy.deepcopy(model), X, y, scale)
    start = hill.drawn(np.random.default_rng(seed))
    return SearchLadder(
        hill.search("random search", start, tries, np.random.default_rng([seed, 1])),
        hill.search("random local search", start, tries, np.random.default_rng([seed, 1]), local=True),
        hill.descend("gradient descent", start, tries // PASSES_OF_A_STEP),
    )


def _check(model: Model, tries: int, scale: float) -> None:
    if model.loss_function is None:
        raise NotBuiltError(
            "search_ladder() needs a loss: call model.compile(optimizer=..., loss=...) first."
        )
    if whole_number(tries, "tries", "search_ladder()") < PASSES_OF_A_STEP:
        raise InputError(
            f"search_ladder(): tries must be at least {PASSES_OF_A_STEP}, the price of one step of gradient "
            f"descent; got {tries}."
        )
    if not 0 < scale < math.inf:
        raise InputError(f"search_ladder(): scale must be a positive number; got {scale!r}.")


@dataclass(frozen=True)
class _Hill:
    """The loss as a landscape over the weights, and the ways down."""

    model: Model
    X: Any
    y: Any
    scale: float

    def __post_init__(self) -> None:
        self.model.fit(self.X, self.y, epochs=0, verbose=0)  # builds; gives preprocessing its statistics

    def drawn(self, generator: np.random.Generator) -> Weights:
        """Random values for every trained weight."""
        weights = self.model.trained_weights()
        return {w.key: self.scale * generator.standard_normal(w.shape) for w in weights}

    def height(self, weights: Weights) -> float:
        """The loss with these weights."""
        self.model.set_parameters(weights)
        return sum(self.model.loss(self.X, self.y))

    def search(
        self, name: str, start: Weights, tries: int, generator: np.random.Generator, local: bool = False
    ) -> Search:
        """Guess and keep the best; ``local`` guesses around the best so far instead of around 0."""
        best, losses = start, [self.height(start)]
        for _ in range(tries - 1):
            guess = self.drawn(generator)
            if local:
                guess = {key: best[key] + step for key, step in guess.items()}
            loss = self.height(guess)
            if loss < losses[-1]:
                best = guess
            losses.append(min(loss, losses[-1]))
        return self._result(name, best, losses, effort=1)

    def descend(self, name: str, start: Weights, steps: int) -> Search:
        """Follow the gradient over all examples."""
        model = self.model
        model.compile(model.optimizer, model.loss_function, model.metrics)  # the optimizer starts anew
        model.set_parameters(start)
        history = model.fit(self.X, self.y, batch_size=len(self.y), epochs=steps, shuffle=False, verbose=0)
        found = {weight.key: np.array(weight.value) for weight in model.trained_weights()}
        losses = [*history.history["loss"][1:], sum(model.loss(self.X, self.y))]  # after each step
        return self._result(name, found, losses, effort=PASSES_OF_A_STEP)

    def _result(self, name: str, weights: Weights, losses: list[float], effort: int) -> Search:
        self.model.set_parameters(weights)
        passes = tuple(effort * tries for tries in range(1, len(losses) + 1))
        return Search(name, tuple(losses), passes, weights, self.model.evaluate(self.X, self.y))
