"""Every estimator of the other tests, and each kind of answer that one can give."""

from __future__ import annotations

from functools import cache

import numpy as np
from sklearn.base import clone

import glassnet as gn
from estimators.test_estimator_files import ESTIMATORS, SMALL, WORDS, X, Y
from glassnet.nn.losses import LOSSES

TINY = SMALL | {"max_iter": 2}
CLASSIFIER = gn.MLPClassifier(**TINY)
MORE = {
    "three networks of two classes": (clone(CLASSIFIER).set_params(n_ensemble=3), WORDS == "x"),
    "three networks, yes or no": (clone(CLASSIFIER).set_params(n_ensemble=3), np.c_[Y == 0, Y > 1] * 1),
    "three networks, several labels": (clone(CLASSIFIER).set_params(n_ensemble=3), np.c_[WORDS, WORDS[::-1]]),
    "three networks with a hinge": (clone(CLASSIFIER).set_params(n_ensemble=3, loss="hinge"), WORDS),
    "a hinge of two classes": (clone(CLASSIFIER).set_params(loss="hinge"), Y > 0),
    "a hinge, yes or no": (clone(CLASSIFIER).set_params(loss="hinge"), np.c_[Y == 0, Y > 1] * 1),
    "a hinge of several labels": (clone(CLASSIFIER).set_params(loss="hinge"), np.c_[Y, Y > 0]),
    "several words": (CLASSIFIER, np.c_[WORDS, np.where(Y > 0, "many", "one")]),
    "numbers as labels": (CLASSIFIER, Y * 10 - 5),
    "fractions as labels": (CLASSIFIER, Y * 1.0),
    "one class": (CLASSIFIER, np.zeros(len(Y), int)),
    "softmax at the end": (
        gn.NetworkClassifier(
            gn.Sequential([gn.layers.Dense(3, "softmax")]), epochs=1, random_state=0
        ), Y),
    "three networks of numbers": (gn.MLPRegressor(**TINY, n_ensemble=3), X[:, :2]),
    "five quantiles": (gn.MLPRegressor(**TINY, quantiles=(0.05, 0.25, 0.5, 0.75, 0.95)), X[:, 0]),
    "two normals": (gn.MLPRegressor(**TINY, loss="gaussian_nll", n_ensemble=2), X[:, :2]),
    "float64": (gn.MLPRegressor(**TINY, dtype="float64", batch_norm=True), 1000 * X[:, 0]),
    "float32": (gn.MLPRegressor(**TINY, dtype="float32", batch_norm=True), 1000 * X[:, 0]),
    "hidden features": (gn.HiddenFeatures(gn.MLPClassifier(**TINY), layer=0), Y),
    "all but the last layer": (gn.HiddenFeatures(gn.MLPRegressor(**TINY)), X[:, 0]),
}  # fmt: skip
MORE["softmax at the end"][0].build.compile("sgd", "sparse_categorical_crossentropy")
TARGETS = {"labels": (Y, Y % 2), "binary": (Y, Y % 2), "numbers": (np.abs(X[:, 0]) + 0.5,)}
# One of the losses takes probabilities alone, which no estimator's network gives.
for name, loss in ((key, LOSSES[key]) for key in LOSSES if key != "categorical_generalized_cross_entropy"):
    for number, y in enumerate(TARGETS[loss.task]):
        estimator = gn.MLPRegressor if loss.task == "numbers" else gn.MLPClassifier
        MORE[f"loss {name}, {number}"] = (estimator(**TINY, loss=name), y)
ALL = ESTIMATORS | MORE


@cache
def fitted(name):
    """An estimator that has seen a table of four columns; not to be changed."""
    estimator, y = ALL[name]
    return clone(estimator).fit(X, y)
