"""Regressors: numbers in, numbers, quantiles and spreads out."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from glassnet.errors import InputError, ShapeError
from glassnet.estimators import inputs
from glassnet.estimators.objectives import Objective
from glassnet.estimators.stopping import r2
from glassnet.nn import losses
from glassnet.train import checks


def read_numbers(y: Any, owner: str, where: str, name: str = "y", wide: bool = False) -> np.ndarray:
    """The targets as finite numbers (n,) or (n, outputs), in float32's range unless ``wide``."""
    given = inputs.read_target(y, owner)
    found = checks.as_array(given, name, where=where, dtype=np.float64)
    if not wide and np.abs(found).max() > np.finfo(np.float32).max:
        checks.as_array(given, name, where=where, dtype=np.float32)  # says where
    if found.ndim > 2:
        raise ShapeError(f"{name} has shape {found.shape}; {where} needs (n,) or (n, outputs).")
    return inputs.one_column(found)


def is_wide(estimator: Any) -> bool:
    """Whether the user has asked for float64, with its larger range."""
    return getattr(estimator, "dtype", "auto") == "float64"


class Regression(RegressorMixin):  # type: ignore[misc]
    """What all regressors of this package can do once they have scores.

    A subclass offers ``_all_scores(X, where)``, and after fit ``_goal`` and ``_targets``, the number of
    columns of y.
    """

    _goal: Objective
    _targets: int

    def predict(self, X: Any, quantile: float | None = None, return_std: bool = False) -> Any:
        """The predicted numbers.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        quantile : float, optional
            One of the estimator's ``quantiles``; by default the one nearest to the median.
        return_std : bool, default False
            Answer also how far the truth is expected to lie from the prediction: for
            ``loss="gaussian_nll"`` the standard deviation that the network predicts, for an ensemble that of
            its members, for both together the root of the sum of squares.

        Returns
        -------
        ndarray (n,) or (n, outputs), or two of them
        """
        return self._predicted(X, "predict()", quantile, return_std)

    def _predicted(self, X: Any, where: str, quantile: float | None = None, return_std: bool = False) -> Any:
        scores = self._all_scores(X, where)
        dtype = inputs.float_type(X)
        loss = self._goal.loss
        gaussian = isinstance(loss, losses.GaussianNLL)
        parts = np.stack([self._central(one, quantile) for one in scores])
        mean = self._shaped(parts.mean(axis=0)).astype(dtype)
        if not return_std:
            return mean
        if not gaussian and len(scores) == 1:
            raise InputError(
                f"{type(self).__name__}: return_std needs a spread to return.\n"
                'Fit with loss="gaussian_nll", or n_ensemble=5 or more.'
            )
        variance = parts.var(axis=0)
        if gaussian:
            variance = variance + np.mean(
                [np.exp(one[:, self._targets :].astype(float)) for one in scores], axis=0
            )
        return mean, self._shaped(np.sqrt(variance)).astype(dtype)

    def _central(self, scores: np.ndarray, quantile: float | None) -> np.ndarray:
        """What one network predicts, (n, outputs), from its scores."""
        loss = self._goal.loss
        levels = getattr(loss, "quantiles", None) if isinstance(loss, losses.Quantile) else None
        if isinstance(levels, tuple):
            column = _level(levels, quantile, type(self).__name__)
            return self._goal.in_units(np.sort(scores, axis=1)[:, column : column + 1])  # they never cross
        if quantile is not None and quantile != levels:
            raise InputError(
                f"{type(self).__name__}: predict(quantile={quantile!r}) needs quantiles.\n"
                "Fit with quantiles=(0.1, 0.5, 0.9), say."
            )
        if isinstance(loss, losses.GaussianNLL):
            return scores[:, : self._targets]
        if self._goal.out_activation == "exp":
            mean: np.ndarray = np.exp(scores)
            return mean
        return self._goal.in_units(scores)

    def _shaped(self, found: np.ndarray) -> np.ndarray:
        return found[:, 0] if found.shape[1] == 1 else found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The coefficient of determination R² of the predictions.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,) or (n, outputs)
        sample_weight : array (n,), optional

        Returns
        -------
        float

        Raises
        ------
        InputError, ShapeError
            Data that cannot be used.
        """
        predicted = self._predicted(X, "score()")
        true = read_numbers(y, type(self).__name__, "score()", wide=is_wide(self))
        weights = inputs.read_weights(sample_weight, "score()", X=predicted, y=true)
        if true.shape != predicted.shape:
            raise ShapeError(f"y has shape {true.shape}, the predictions {predicted.shape}.")
        return r2(true, np.asarray(predicted, float), weights)

    # ------------------------------------------------------------------------------------ for fit
    def _stratification(self, target: np.ndarray) -> None:
        return None

    def _score_encoded(self, scores: np.ndarray, target: np.ndarray, weights: np.ndarray | None) -> float:
        return r2(target, self._shaped(self._central(scores, None)).astype(float), weights)


def _level(levels: tuple[float, ...], quantile: float | None, owner: str) -> int:
    if quantile is None:
        return int(np.argmin(np.abs(np.array(levels) - 0.5)))
    if quantile not in levels:
        raise InputError(
            f"{owner}: quantile={quantile!r} was not fitted; quantiles={levels}.\n"
            "Pass one of them to predict()."
        )
    return levels.index(quantile)


def learn_numbers(estimator: Any, y: Any, where: str, first: bool) -> np.ndarray:
    """Read y for ``fit`` or ``partial_fit``, and remember how many columns it has.

    Parameters
    ----------
    estimator : Regression
    y : array
    where : str
    first : bool

    Returns
    -------
    ndarray (n,) or (n, outputs)
    """
    found = read_numbers(y, type(estimator).__name__, where, wide=is_wide(estimator))
    columns = 1 if found.ndim == 1 else found.shape[1]
    if not first and columns != estimator._targets:
        raise ShapeError(f"y has {columns} columns; {where} needs {estimator._targets}, as in the first fit.")
    estimator._targets = columns
    return found
