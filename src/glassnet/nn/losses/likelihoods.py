"""Negative log-likelihoods of numbers: normal, Poisson, gamma, Tweedie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import OutputLoss, aligned, array_of
from glassnet.nn.losses.base import over_outputs as reduce_outputs
from glassnet.nn.registry import positive
from glassnet.nn.targets import bounded_targets
from glassnet.trace.tracer import TracedArray


def gaussian_nll(y: Any, scores: Any, full: bool = False, over_outputs: str = "mean") -> Any:
    """``(log v + (y - m)² / v) / 2``: a normal distribution whose mean and log-variance are predicted.

    Parameters
    ----------
    y : array (n,) or (n, k)
    scores : array (n, 2 k)
        k means, then k log-variances; below -60 they count as -60.
    full : bool, default False
        Add the constant ``log(2π) / 2``.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    References
    ----------
    D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability distribution",
    1994.

    Examples
    --------
    >>> gaussian_nll(np.array([1.0]), np.array([[0.0, 0.0]]))
    array([0.5])
    """
    y = array_of(y)
    column = y[:, None] if len(y.shape) == 1 else y
    if len(scores.shape) != 2 or scores.shape[1:] != (2 * column.shape[1],):
        raise ShapeError(
            f"y {y.shape} needs scores (n, {2 * column.shape[1]}): means, then log-variances; "
            f"got {scores.shape}."
        )
    losses = formulas.gaussian(scores, column)
    return reduce_outputs(losses + 0.5 * math.log(2 * math.pi) if full else losses, over_outputs)


def poisson(y: Any, scores: Any, from_log: bool = False, over_outputs: str = "mean") -> Any:
    """``m - y log m``: counts y with mean m, the score itself (Keras) or, ``from_log``, its exponential.

    Where the mean is traced as ``np.exp(s)`` its logarithm is s, and not ``log(exp(s) + 1e-7)``.

    Parameters
    ----------
    y : array (n,) or (n, k)
        At least 0.
    scores : array of the same shape
        Positive, unless ``from_log``.
    from_log : bool, default False
        Scores are logarithms of the mean: any real numbers.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> poisson(np.array([2.0]), np.array([1.0])).round(6)
    array([1.])
    >>> poisson(np.array([2.0]), np.array([0.0]), from_log=True)
    array([1.])
    """
    y = aligned(y, scores)
    logarithm = scores if from_log else _logarithm(scores)
    by_mean = logarithm is None
    losses = formulas.poisson(scores, y) if by_mean else formulas.poisson_of_log(logarithm, y)
    return reduce_outputs(losses, over_outputs)


def _logarithm(mean: Any) -> Any:
    """The s of a mean that is traced as ``exp(s)``, else None."""
    traced = isinstance(mean, TracedArray) and mean.node.op == "exp"
    return TracedArray(mean.node.inputs[0]) if traced else None


def gamma(y: Any, scores: Any, over_outputs: str = "mean") -> Any:
    """``s + y exp(-s)``: positive numbers y with mean ``exp(s)`` and a constant relative spread.

    Parameters
    ----------
    y : array (n,) or (n, k)
        Above 0.
    scores : array of the same shape
        Logarithms of the mean.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> gamma(np.array([2.0]), np.array([0.0]))
    array([2.])
    """
    return reduce_outputs(formulas.gamma(scores, aligned(y, scores)), over_outputs)


def tweedie(y: Any, scores: Any, power: float = 1.5, over_outputs: str = "mean") -> Any:
    """``y m**(1 - p) / (p - 1) + m**(2 - p) / (2 - p)`` with ``m = exp(s)``: sums of gammas, often exactly 0.

    Half the Tweedie deviance, without what depends on y alone; the variance of y grows as ``m**p``. p = 1
    would be :func:`poisson`, p = 2 :func:`gamma`.

    Parameters
    ----------
    y : array (n,) or (n, k)
        At least 0.
    scores : array of the same shape
        Logarithms of the mean.
    power : float, default 1.5
        p, between 1 and 2.
    over_outputs : {"mean", "sum"}, default "mean"

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> tweedie(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    array([2., 4.])
    """
    return reduce_outputs(formulas.tweedie(scores, aligned(y, scores), power), over_outputs)


class GaussianNLL(OutputLoss):
    """See :func:`gaussian_nll`.

    Parameters
    ----------
    full : bool, default False
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(GaussianNLL()(np.array([1.0]), np.array([[0.0, 0.0]])))
    0.5
    """

    function = staticmethod(gaussian_nll)

    def __init__(self, full: bool = False, over_outputs: str = "mean", reduction: str = "mean") -> None:
        super().__init__(over_outputs, reduction)
        self.full = bool(full)

    def target_width(self, width: tuple[int, ...]) -> tuple[int, ...]:
        if len(width) != 1 or width[0] % 2:
            raise ShapeError(
                f"gaussian_nll needs an even number of outputs, k means and k log-variances; got {width}.\n"
                "End with Dense(2) for one number per example."
            )
        return (width[0] // 2,)


class Poisson(OutputLoss):
    """See :func:`poisson`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
    from_log : bool, default False
    over_outputs : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Poisson(from_log=True)(np.array([2.0]), np.array([0.0])))
    1.0
    """

    function = staticmethod(poisson)

    def __init__(self, reduction: str = "mean", from_log: bool = False, over_outputs: str = "mean") -> None:
        super().__init__(over_outputs, reduction)
        self.from_log = bool(from_log)

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return bounded_targets(y, width, dtype, where, self.name, positive=False)


class Gamma(OutputLoss):
    """See :func:`gamma`.

    Parameters
    ----------
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Gamma()(np.array([2.0]), np.array([0.0])))
    2.0
    """

    function = staticmethod(gamma)

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return bounded_targets(y, width, dtype, where, self.name, positive=True)

    def example_targets(
        self, generator: np.random.Generator, rows: int, width: tuple[int, ...]
    ) -> np.ndarray:
        return 1 + super().example_targets(generator, rows, width)


class Tweedie(OutputLoss):
    """See :func:`tweedie`.

    Parameters
    ----------
    power : float, default 1.5
    over_outputs : {"mean", "sum"}, default "mean"
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(Tweedie()(np.array([1.0]), np.array([0.0])))
    4.0
    """

    function = staticmethod(tweedie)
    hypers = ("power",)

    def __init__(self, power: float = 1.5, over_outputs: str = "mean", reduction: str = "mean") -> None:
        super().__init__(over_outputs, reduction)
        self.power = positive(power, "power", "Tweedie")
        if not 1 < self.power < 2:
            raise InputError(
                f"Tweedie: power must lie between 1 and 2; got {power!r}.\n"
                "Use poisson for 1, gamma for 2, squared_error for 0."
            )

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return bounded_targets(y, width, dtype, where, self.name, positive=False)
