"""Held-out scores of a prediction, and the two things it must be compared with."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.cli.splits import Split
from glassnet.datasets import Dataset

Scores = dict[str, float]


def score(dataset: Dataset, truth: NDArray[Any], prediction: NDArray[Any]) -> Scores:
    """Compare a target with a prediction.

    Parameters
    ----------
    dataset : Dataset
        Says which task it is and how many classes there are.
    truth : ndarray, shape (rows,)
        Labels or numbers.
    prediction : ndarray
        Probabilities (rows, classes), or numbers (rows,).

    Returns
    -------
    dict of str to float
        accuracy, log_loss, macro_f1; or r2, rmse, mae.
    """
    return classification(truth, prediction) if dataset.classes else regression(truth, prediction)


def classification(truth: NDArray[Any], probabilities: NDArray[Any]) -> Scores:
    """Accuracy, log loss, macro F1 of probabilities (rows, classes); the truth are numbers of classes."""
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    labels = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "log_loss": float(log_loss(truth, probabilities, labels=labels)),
        "macro_f1": float(f1_score(truth, predicted, labels=labels, average="macro", zero_division=0)),
    }


def regression(truth: NDArray[Any], predicted: NDArray[Any]) -> Scores:
    """R², RMSE, MAE of predicted numbers (rows,)."""
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {
        "r2": float(r2_score(truth, predicted)),
        "rmse": float(root_mean_squared_error(truth, predicted)),
        "mae": float(mean_absolute_error(truth, predicted)),
    }


def baseline(dataset: Dataset, rows: Split) -> Scores:
    """The scores of a guess that never looks at the inputs: the commonest class, or the mean."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    guess = DummyClassifier(strategy="prior") if dataset.classes else DummyRegressor(strategy="mean")
    return _fit_and_score(guess, dataset, rows)


def peer(dataset: Dataset, rows: Split, seed: int) -> Scores:
    """The scores of scikit-learn's own network with its default settings, on the same rows.

    It gets standardized inputs, and a standardized target where that is a number, as ours does.
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if dataset.classes:
        network = MLPClassifier(random_state=seed)
    else:
        network = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    return _fit_and_score(make_pipeline(StandardScaler(), network), dataset, rows)


def _fit_and_score(estimator: Any, dataset: Dataset, rows: Split) -> Scores:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # The default 200 iterations are too few for small data; the report says that defaults were used.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(dataset.data[rows.train], dataset.target[rows.train])
    predict = estimator.predict_proba if dataset.classes else estimator.predict
    return score(dataset, dataset.target[rows.held_out], predict(dataset.data[rows.held_out]))
