"""C99: every layer, activation, model and estimator, compiled strictly and with sanitizers, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from c_compiler import OPTIMIZED, SANITIZED, Case, assert_close, run_all
from shipped_estimators import ALL, fitted
from shipped_networks import NAMES, network, predicted

import glassnet as gn
from estimators.test_estimator_files import X
from glassnet.errors import InputError
from glassnet.export.c import c_program
from glassnet.export.inference import inference_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}
SHAPES = [name for name in ALL if not name.startswith("loss ")]  # which differ in a formula at the end


class Shipped:
    """A C program with what NumPy answers, and the same in float64: the truth."""

    def __init__(self, name, inference, arrays, expected, least=1e-30):
        self.tolerance, self.truth, self.least = TOLERANCE[inference.dtype.name], expected, least
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
            assert_close(found, expected, self.tolerance + 4 * own, self.least)


def of_network(number, name, dtype):
    model, arrays = network(name, dtype)
    found = Shipped(f"m{number}", inference_of(model), arrays, {"predict": predicted(model, arrays)})
    assert found.tolerance == TOLERANCE[dtype]
    found.truth = {"predict": predicted(model.astype("float64"), arrays)}  # which changes the model
    return found


def answers(estimator, rows):
    """What an estimator says, by the names of the C functions."""
    if not hasattr(estimator, "classes_"):
        return {"predict": (getattr(estimator, "transform", None) or estimator.predict)(rows)}
    labels, likely = estimator._labels, hasattr(estimator, "predict_proba")
    parts = estimator.predict_proba(rows) if likely else estimator.decision_function(rows)
    scores = estimator._all_scores(rows, "here")
    # Several networks have the mean of their probabilities in common, or of their scores.
    whole = np.hstack(parts) if isinstance(parts, list) else parts
    found = {"predict": whole if likely and len(scores) > 1 else np.mean(scores, axis=0)}
    found["label" if labels.kind == "single" else "labels"] = labels.encode(
        estimator.predict(rows), "y", "here"
    )
    name = "probabilities" if likely else "scores"
    if isinstance(parts, list):
        return found | {f"{name}_{i}": part for i, part in enumerate(parts, 1)}
    return found | ({name: parts} if likely else {})


def of_estimator(number, name, dtype):
    """Its own answers are most often those of float64: numbers near 0 are as exact as the larger ones."""
    estimator, rows = fitted(name), X[::30].astype(dtype)
    expected = answers(estimator, rows)
    largest = float(np.abs(expected["predict"]).max())
    found = Shipped(f"e{number}", inference_of(estimator).as_type(dtype), [rows], expected, largest)
    found.tolerance = max(found.tolerance, TOLERANCE[inference_of(estimator).dtype.name])
    return found


def programs(dtype, estimators, flags, folder):
    """Networks and estimators in one executable that has been run."""
    found = {name: of_network(number, name, dtype) for number, name in enumerate(NAMES)}
    found |= {name: of_estimator(number, name, dtype) for number, name in enumerate(estimators)}
    run_all([one.case for one in found.values()], folder, flags)
    return found


@pytest.fixture(scope="module")
def optimized(tmp_path_factory):
    """As most are shipped."""
    return programs("float32", ALL, OPTIMIZED, tmp_path_factory.mktemp("optimized"))


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    """A read or a write beside an array would end the program."""
    return programs("float64", SHAPES, SANITIZED, tmp_path_factory.mktemp("sanitized"))


@pytest.mark.parametrize("name", [*NAMES, *ALL])
def test_float_optimized(optimized, name):
    optimized[name].check()


@pytest.mark.parametrize("name", [*NAMES, *SHAPES])
def test_double_sanitized(sanitized, name):
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
