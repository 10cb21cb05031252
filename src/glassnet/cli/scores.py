"""Held-out scores of a prediction, and what they must be compared with."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.cli.problems import Problem
from glassnet.cli.splits import Split
from glassnet.estimators import FrameEncoder

Scores = dict[str, float]
NETWORK, TREES = "scikit-learn MLP", "HistGradientBoosting"
MOST_CATEGORIES = 255  # that the trees take


def score(problem: Problem, truth: NDArray[Any], prediction: NDArray[Any]) -> Scores:
    """Compare a target with a prediction.

    Parameters
    ----------
    problem : Problem
        Says how many classes there are.
    truth : ndarray, shape (rows,)
        Numbers of classes, or numbers.
    prediction : ndarray
        Probabilities (rows, classes), or numbers (rows,).

    Returns
    -------
    dict of str to float
        accuracy, log_loss, macro_f1; or r2, rmse, mae.
    """
    return classification(truth, prediction) if problem.classes else regression(truth, prediction)


def classification(truth: NDArray[Any], probabilities: NDArray[Any]) -> Scores:
    """Accuracy, log loss, macro F1 of probabilities (rows, classes); the truth are numbers of classes."""
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    labels = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "log_loss": float(log_loss(truth, probabilities, labels=labels)),
        "macro_f1": float(f1_score(truth, predicted, average="macro", zero_division=0)),
    }


def regression(truth: NDArray[Any], predicted: NDArray[Any]) -> Scores:
    """R², RMSE, MAE of predicted numbers (rows,)."""
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {
        "r2": float(r2_score(truth, predicted)),
        "rmse": float(root_mean_squared_error(truth, predicted)),
        "mae": float(mean_absolute_error(truth, predicted)),
    }


def baseline(problem: Problem, rows: Split) -> Scores:
    """The scores of a guess that never looks at the inputs: the commonest class, or the mean."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    guess = DummyClassifier(strategy="prior") if problem.classes else DummyRegressor(strategy="mean")
    nothing = np.zeros((problem.rows, 1))
    return _fit_and_score(guess, nothing, problem, rows)


def network(problem: Problem, rows: Split, seed: int) -> Scores:
    """The scores of scikit-learn's own network with its default settings, on the same rows.

    It gets standardized inputs, and a standardized target where that is a number, as ours does.
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if problem.classes:
        estimator: Any = MLPClassifier(random_state=seed)
    else:
        estimator = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    table, _ = _encoded(problem, rows, numeric="standard")
    return _fit_and_score(estimator, table, problem, rows)


def trees(problem: Problem, rows: Split, seed: int) -> Scores:
    """The scores of scikit-learn's boosted trees with their default settings, on the same rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    table, sizes = _encoded(problem, rows, numeric="none")
    numbers = table.shape[1] - len(sizes)
    categories = [numbers + i for i, size in enumerate(sizes) if size <= MOST_CATEGORIES]
    kind = HistGradientBoostingClassifier if problem.classes else HistGradientBoostingRegressor
    return _fit_and_score(kind(random_state=seed, categorical_features=categories), table, problem, rows)


def _encoded(problem: Problem, rows: Split, numeric: str) -> tuple[NDArray[np.float64], list[int]]:
    """The table as numbers, by what the training rows say; how many values the last columns number."""
    encoder = FrameEncoder(numeric=numeric, missing="median")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of columns left out, which the report names
        encoder.fit(problem.table.take(rows.train))
    return encoder.transform(problem.table), encoder.embedding_sizes_


def _fit_and_score(estimator: Any, table: NDArray[np.float64], problem: Problem, rows: Split) -> Scores:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # A thread each: threads that wait for a core which the other process has are slower than none.
    with warnings.catch_warnings(), threadpool_limits(1):
        # The default 200 iterations are too few for small data; the report says that defaults were used.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(table[rows.train], problem.target[rows.train])
    predict = estimator.predict_proba if problem.classes else estimator.predict
    return score(problem, problem.target[rows.held_out], predict(table[rows.held_out]))
