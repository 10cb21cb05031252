"""Checks to make before a long training run, all in one call."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.errors import DivergenceError, InputError
from glassnet.inspect.gradients import check_gradients
from glassnet.model import Model
from glassnet.nn.losses import BinaryCrossEntropy, MulticlassHinge, SoftmaxCrossEntropy
from glassnet.optim.optimizers import Adam

SUBSET = 20  # examples that any sound network can learn by heart
_SMALL = 1e-3  # factor on the kernels for the initial loss


@dataclass(frozen=True)
class Check:
    """One check and what it found.

    Attributes
    ----------
    name : str
    passed : bool or None
        None where the check does not apply.
    found : str
    """

    name: str
    passed: bool | None
    found: str


@dataclass(frozen=True)
class SanityReport:
    """What :func:`sanity_checks` found; prints as a table.

    Attributes
    ----------
    checks : tuple of Check
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.passed is not False for check in self.checks)

    def __str__(self) -> str:
        marks = {True: "ok", False: "FAILED", None: "-"}
        width = max(len(check.name) for check in self.checks)
        return "\n".join(f"{marks[c.passed]:<7}{c.name:<{width}}   {c.found}" for c in self.checks)


def sanity_checks(model: Model, X: Any, y: Any, epochs: int = 400, seed: int = 0) -> SanityReport:
    """Gradient, initial loss, penalty, a tiny subset learned by heart, units that are all alike.

    The model itself is not changed: everything runs on copies.

    Parameters
    ----------
    model : Model
        Compiled.
    X, y : arrays
        Training data; a few examples are used.
    epochs : int, default 400
        For learning the subset, with Adam, without dropout's noise counting in the result.
    seed : int, default 0
        Chooses the examples.

    Returns
    -------
    SanityReport

    Raises
    ------
    NotBuiltError
        The model has no loss.

    Examples
    --------
    >>> import glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(16, "relu"), gn.layers.Dense(3)])
    >>> model.compile(loss="softmax_cross_entropy")
    >>> X, y = gn.datasets.spiral()
    >>> report = gn.sanity_checks(model, X, y)
    >>> [check.name for check in report.checks][:2]
    ['gradient', 'initial loss']
    """
    rows = np.random.default_rng(seed).permutation(len(y))[:SUBSET]
    small_X, small_y = _rows(X, rows), np.asarray(y)[rows]
    model = copy.deepcopy(model)
    model.loss(small_X, small_y)  # builds, and refuses what does not fit
    checks: tuple[Callable[[Model, Any, Any], Check], ...] = (_gradient, _initial_loss, _penalty, _symmetry)
    found = [check(copy.deepcopy(model), small_X, small_y) for check in checks]
    return SanityReport((*found, _subset(copy.deepcopy(model), small_X, small_y, epochs)))


def _rows(X: Any, rows: np.ndarray) -> Any:
    return [np.asarray(x)[rows] for x in X] if isinstance(X, list | tuple) else np.asarray(X)[rows]


def _gradient(model: Model, X: Any, y: Any) -> Check:
    result = check_gradients(model, X, y, max_coordinates=20, tolerance=1e-6)
    return Check("gradient", result.passed, f"largest relative error {result.max_error:.1e}")


def _kernels(model: Model) -> list[Any]:
    return [weight for weight in model.trained_weights() if weight.name == "kernel"]


def expected_initial_loss(model: Model) -> float | None:
    """The loss of a network whose scores are all 0.

    ln K for a softmax over K classes, ln 2 for a sigmoid, (K - 1) times the margin for the multiclass hinge.
    """
    loss = model.loss_function
    scores = np.zeros((1, *model.output_shape))
    if isinstance(loss, SoftmaxCrossEntropy | MulticlassHinge):
        return float(loss.per_example(np.zeros(1, int), scores)[0])
    if isinstance(loss, BinaryCrossEntropy):
        return float(loss.per_example(np.zeros_like(scores), scores)[0])
    return None


def _initial_loss(model: Model, X: Any, y: Any) -> Check:
    """With kernels made small the scores are near 0, so every class is equally likely."""
    expected = expected_initial_loss(model)
    if expected is None:
        return Check("initial loss", None, "no known value for this loss")
    for weight in _kernels(model):
        weight.assign(weight.value * _SMALL)
    for weight in model.trained_weights():
        if weight.name == "bias":
            weight.assign(np.zeros(weight.shape))
    found = model.loss(X, y).data
    return Check(
        "initial loss", abs(found - expected) < 0.02 * expected, f"{found:.4f}, expected {expected:.4f}"
    )


def _penalty(model: Model, X: Any, y: Any) -> Check:
    """The total must rise with the strength of each regularizer."""
    regularizers = {
        id(w.regularizer): w.regularizer for w in model.trained_weights() if w.regularizer is not None
    }
    if not regularizers:
        return Check("penalty", None, "no regularizer")
    before = model.loss(X, y).penalty
    for regularizer in regularizers.values():
        for name, value in vars(regularizer).items():
            if isinstance(value, float):
                setattr(regularizer, name, 10 * value)
    after = model.loss(X, y).penalty
    if before == 0.0:
        return Check("penalty", None, "it is 0: nothing is penalized yet")
    return Check("penalty", after > before, f"{before:.3g} rises to {after:.3g} with ten times the strength")


def _symmetry(model: Model, X: Any, y: Any) -> Check:
    """Units with equal incoming weights and equal gradients stay equal for ever."""
    gradients = model.gradients(X, y)
    for weight in _kernels(model):
        columns = np.concatenate([weight.value, gradients[weight.key]]).reshape(-1, weight.shape[-1])
        if columns.shape[1] > 1 and np.ptp(columns, axis=1).max() == 0:
            return Check(
                "different units", False, f"all units of {weight.key} are equal: initialize at random"
            )
    return Check("different units", True, "units start with different weights")


def _subset(model: Model, X: Any, y: Any, epochs: int) -> Check:
    """A few examples must be learned by heart, without penalties; noise is on, but not in the result."""
    if epochs < 1:
        raise InputError(f"epochs must be at least 1; got {epochs!r}.")
    for weight in model.trained_weights():
        weight.regularizer = None
    model.compile(Adam(0.01), model.loss_function)
    before = model.loss(X, y).data
    try:
        model.fit(X, y, batch_size=len(y), epochs=epochs, verbose=0)
    except DivergenceError as error:
        return Check("tiny subset", False, str(error).partition("\n")[0])
    after = model.loss(X, y).data
    return Check(
        "tiny subset", after < 0.05 * before, f"loss {before:.3g} falls to {after:.3g} on {len(y)} examples"
    )
