"""Check gradients against centred differences, in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.functional import value_and_grad
from glassnet.model import Model


@dataclass(frozen=True)
class GradientCheck:
    """What :func:`check_gradients` found.

    Attributes
    ----------
    errors : dict
        Name of each argument or parameter → largest error, relative to the largest gradient entry.
    kinks : dict
        Name → number of coordinates left out because the function bends within the step (a ReLU at 0).
    tolerance : float
    """

    errors: dict[str, float]
    kinks: dict[str, int]
    tolerance: float

    @property
    def max_error(self) -> float:
        """The largest of all errors."""
        return max(self.errors.values(), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether every error is within the tolerance."""
        return bool(self.max_error <= self.tolerance)

    def __str__(self) -> str:
        width = max(map(len, self.errors), default=0)
        rows = [
            f"{name:<{width}}  {error:.1e}  {'ok' if error <= self.tolerance else 'WRONG'}"
            + (f"  ({self.kinks[name]} kinks left out)" if self.kinks[name] else "")
            for name, error in self.errors.items()
        ]
        verdict = "gradients agree" if self.passed else "gradients DIFFER"
        return "\n".join([*rows, f"{verdict} (largest relative error {self.max_error:.1e})"])


def check_gradients(
    f: Callable[..., Any] | Model,
    *args: Any,
    step: float = 1e-5,
    tolerance: float = 1e-7,
    max_coordinates: int = 200,
    seed: int = 0,
    training: bool = True,
    sample_weight: Any = None,
) -> GradientCheck:
    """Compare gradients with centred differences ``(f(x + h) - f(x - h)) / 2h``, in float64.

    Parameters
    ----------
    f : callable or Model
        A scalar NumPy function, or a compiled model (whose arguments are then X and y).
    *args : arrays
        Where to check.
    step : float, default 1e-5
        h, times the larger of 1 and the coordinate's size.
    tolerance : float, default 1e-7
        For :attr:`GradientCheck.passed`.
    max_coordinates : int, default 200
        Per array; beyond it a random choice.
    seed : int, default 0
    training : bool, default True
        For a model: as in training (dropout with the next step's mask, batch statistics).
    sample_weight : array (n,), optional
        For a model.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> import numpy as np
    >>> print(check_gradients(lambda x: np.tanh(x).sum(), np.array([0.3, -0.7])))
    x  ...  ok
    gradients agree (largest relative error ...)
    """
    if isinstance(f, Model):
        values, gradients, evaluate = _model_case(f, args, training, sample_weight)
    else:
        values, gradients, evaluate = _function_case(f, args)
    errors, kinks = {}, {}
    generator = np.random.default_rng(seed)
    # A gradient that is zero but for rounding (a bias before batch normalization) is measured by the others.
    overall = max((float(np.abs(g).max(initial=0.0)) for g in gradients.values()), default=0.0)
    for name, value in values.items():
        scale = max(float(np.abs(gradients[name]).max(initial=0.0)), 1e-3 * overall, 1e-8)
        coordinates = np.arange(value.size)
        if value.size > max_coordinates:
            coordinates = generator.choice(value.size, max_coordinates, replace=False)
        differences = [_difference(evaluate, values, name, int(i), step) for i in coordinates]
        wrong = [
            (abs(slope - gradients[name].flat[i]), bend)
            for i, (slope, bend) in zip(coordinates, differences, strict=True)
        ]
        # A kink shows as one-sided slopes that differ by more than curvature explains, and only there the
        # centred difference may be wrong.
        bent = [error > tolerance * scale and bend > 1e-3 * scale for error, bend in wrong]
        errors[name] = max(
            (error / scale for (error, _), kink in zip(wrong, bent, strict=True) if not kink), default=0.0
        )
        kinks[name] = sum(bent)
    return GradientCheck(errors, kinks, tolerance)


def _difference(
    evaluate: Any, values: dict[str, np.ndarray], name: str, i: int, step: float
) -> tuple[float, float]:
    """The centred slope along one coordinate, and how much the two one-sided slopes differ."""
    moved = values[name].copy()
    h = step * max(1.0, abs(float(moved.flat[i])))
    centre = float(values[name].flat[i])
    results = []
    for offset in (h, 0.0, -h):
        moved.flat[i] = centre + offset
        results.append(float(evaluate({**values, name: moved})))
    up, here, down = results
    return (up - down) / (2 * h), abs((up - here) / h - (here - down) / h)


def _function_case(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[dict[str, np.ndarray], Any, Any]:
    arrays = [np.asarray(value) for value in args]
    floats = [i for i, array in enumerate(arrays) if array.dtype.kind == "f"]
    if not floats:
        raise InputError("check_gradients() needs at least one array of floats to differentiate by.")
    code = getattr(f, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    names += [f"x{i + 1}" for i in range(len(names), len(arrays))]
    values = {names[i]: np.array(arrays[i], float) for i in floats}

    def arguments(now: dict[str, np.ndarray]) -> list[Any]:
        return [now.get(names[i], array) if i in floats else array for i, array in enumerate(arrays)]

    _, gradients = value_and_grad(f, floats)(*arguments(values))
    found = {names[i]: np.asarray(g) for i, g in zip(floats, gradients, strict=True)}
    return values, found, lambda now: f(*arguments(now))


def _model_case(
    model: Model, args: tuple[Any, ...], training: bool, sample_weight: Any
) -> tuple[dict[str, np.ndarray], Any, Any]:
    if len(args) != 2:
        raise InputError("check_gradients(model, X, y) needs X and y.")
    X, y = args
    model.loss(X, y, sample_weight)  # builds, and refuses what does not fit
    dtype = str(model.dtype)
    before = model.get_snapshot()
    model.astype("float64")
    try:
        gradients = model.gradients(X, y, sample_weight, training=training)
        values = {key: np.array(value) for key, value in model.parameters.items() if key in gradients}
    finally:
        model.astype(dtype)
        model.set_snapshot(before)

    def evaluate(now: dict[str, np.ndarray]) -> float:
        model.astype("float64")
        try:
            model.set_parameters(now)
            return sum(model.loss(X, y, sample_weight, training=training))
        finally:
            model.astype(dtype)
            model.set_snapshot(before)

    return values, gradients, evaluate
