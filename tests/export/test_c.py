"""C99: every layer, activation, model and estimator, compiled strictly and with sanitizers, against NumPy."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from c_compiler import OPTIMIZED, SANITIZED, Case, assert_close, run_all
from shipped_networks import NAMES, network, predicted
from sklearn.base import clone

import glassnet as gn
from estimators.test_estimator_files import ESTIMATORS, X
from glassnet.errors import InputError
from glassnet.export.c import c_program
from glassnet.export.inference import inference_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}


class Shipped:
    """A C program with what NumPy answers, and the same in float64: the truth."""

    def __init__(self, name, thing, arrays, expected, truth):
        inference = inference_of(thing)
        self.tolerance, self.truth = TOLERANCE[inference.dtype.name], truth
        self.case = Case(name, *c_program(inference, name, f"{name}.h"), arrays, expected)

    def check(self):
        """As near NumPy as the tolerance, and as NumPy itself is to the truth."""
        for suffix, found in self.case.found.items():
            key = suffix.removesuffix("_rows")
            expected, truth = self.case.expected[key], self.truth[key]
            own = 0.0
            if expected.dtype.kind == "f":
                scale = np.maximum(np.abs(truth).reshape(len(truth), -1).max(axis=1), 1e-30)
                own = (np.abs(expected - truth).reshape(len(truth), -1).max(axis=1) / scale).max()
            assert_close(found, expected, self.tolerance + 4 * own)


def of_network(number, name, dtype):
    model, arrays = network(name, dtype)
    expected = {"predict": predicted(model, arrays)}
    program = partial(Shipped, f"m{number}_{dtype[5:]}", model, arrays, expected)
    return program({"predict": predicted(model.astype("float64"), arrays)})


def answers(estimator, rows):
    """What an estimator says, by the names of the C functions."""
    labels = estimator._labels
    scores = estimator._all_scores(rows, "here")
    found = {"predict": scores[0]} if len(scores) == 1 else {}
    encoded = labels.encode(estimator.predict(rows), "y", "here")
    found["label" if labels.kind == "single" else "labels"] = encoded
    if hasattr(estimator, "predict_proba"):
        likely = estimator.predict_proba(rows)
        several = isinstance(likely, list)
        parts = (
            {f"probabilities_{i}": p for i, p in enumerate(likely, 1)}
            if several
            else {"probabilities": likely}
        )
        found |= parts
    if len(scores) > 1:  # the mean of their probabilities is all they have in common
        found = {"predict": found["probabilities"], **found}
    return found


def of_estimator(number, name):
    estimator, y = ESTIMATORS[name]
    fitted = clone(estimator).fit(X, y)
    rows = X[::30].astype(fitted.model_.dtype)
    expected = {"predict": fitted.predict(rows)} if not hasattr(fitted, "_labels") else answers(fitted, rows)
    return Shipped(f"e{number}", fitted, [rows], expected, expected)


@pytest.fixture(scope="module")
def optimized(tmp_path_factory):
    """In float32, and what estimators choose."""
    found = {name: of_network(number, name, "float32") for number, name in enumerate(NAMES)}
    found |= {name: of_estimator(number, name) for number, name in enumerate(ESTIMATORS)}
    run_all([one.case for one in found.values()], tmp_path_factory.mktemp("optimized"), OPTIMIZED)
    return found


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    """The same in float64: a read or a write beside an array would end the program."""
    found = {name: of_network(number, name, "float64") for number, name in enumerate(NAMES)}
    found |= {name: of_estimator(number, name) for number, name in enumerate(ESTIMATORS)}
    run_all([one.case for one in found.values()], tmp_path_factory.mktemp("sanitized"), SANITIZED)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_networks(optimized, sanitized, name):
    optimized[name].check()
    sanitized[name].check()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators(optimized, sanitized, name):
    optimized[name].check()
    sanitized[name].check()


MIXING = {
    "softmax over the batch": (
        lambda x: np.exp(x) / np.exp(x).sum(axis=0), "'sum' over axis 0"
    ),
    "the batch's mean": (lambda x: x - x.mean(axis=0), "'mean' over axis 0"),
    "the batch's size": (lambda x: x / x.shape[0], "'size' counts the rows"),
    "products of columns": (lambda x: x @ (x.T @ x), "'matmul' sums over the rows"),
    "rows in another order": (lambda x: x.T.reshape(-1, 3), "'reshape' moves values from row to row"),
    "the largest row": (lambda x: x - x.max(), "'max' over axis 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXING)
def test_networks_that_mix_rows_are_refused(name):
    function, reason = MIXING[name]
    model = gn.Sequential([gn.layers.Activation(function)])
    model.build((None, 3))
    with pytest.raises(InputError) as caught:
        model.source("predict", "c")
    assert str(caught.value) == (
        f"layer activation_1 mixes the rows of a batch: {reason}.\n"
        "Only networks that predict each row by itself can become a program for one row."
    )
