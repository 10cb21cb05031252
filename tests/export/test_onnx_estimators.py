"""Every estimator in onnxruntime: labels, probabilities and numbers as its own methods answer them."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest
from onnx_runs import assert_near, operators, run, session
from shipped_estimators import ALL, TINY, fitted

import glassnet as gn
from estimators.test_estimator_files import WORDS, X, Y
from glassnet import estimators
from glassnet.errors import InputError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:y_true has missing"),
]


def expected(estimator, rows):
    """Output's name → what the estimator's own methods answer."""
    if hasattr(estimator, "transform"):
        return {"variable": estimator.transform(rows)}
    predicted = estimator.predict(rows)
    if not hasattr(estimator, "classes_"):
        return {"variable": predicted.reshape(len(rows), -1)}
    name = "probabilities" if hasattr(estimator, "predict_proba") else "scores"
    parts = estimator.predict_proba(rows) if name == "probabilities" else estimator.decision_function(rows)
    named = (
        {f"{name}_{i}": part for i, part in enumerate(parts, 1)} if isinstance(parts, list) else {name: parts}
    )
    return {"label": predicted, **named}


@pytest.mark.parametrize("name", ALL)
def test_onnxruntime_answers_what_the_methods_answer(name):
    estimator = fitted(name)
    opened = session(gn.export.to_onnx(estimator))
    for rows in (X[:1], X[40:47], np.random.default_rng(0).normal(0, 1, (64, 4))):
        found, wanted = run(opened, rows), expected(estimator, rows)
        assert list(found) == list(wanted)
        for output, answer in wanted.items():
            if output == "label":
                np.testing.assert_array_equal(found[output], answer)
            else:
                assert_near(found[output], answer, output)


def test_no_estimator_is_left_out():
    tried = {type(estimator).__name__ for estimator, _ in ALL.values()}
    assert estimators.CLASSES.keys() - tried == {"FrameEncoder"}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("classes", np.int64), ("words", object), ("objects", object), ("bool", np.bool_),
     ("yes or no", np.int64), ("several words", object), ("fractions as labels", np.float64)],
)  # fmt: skip
def test_labels_have_the_types_of_the_users(name, dtype):
    found = run(session(gn.export.to_onnx(fitted(name))), X[:3])
    assert found["label"].dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_another_float_type_than_the_estimators(dtype):
    estimator = fitted("words")
    assert estimator.model_.dtype == np.float64
    found = run(session(gn.export.to_onnx(estimator, dtype=dtype)), X)
    assert found["probabilities"].dtype == dtype
    assert_near(found["probabilities"], estimator.predict_proba(X))


def test_batch_normalization_costs_nothing():
    estimator = gn.MLPClassifier(**TINY, batch_norm=True, dropout=0.5, dtype="float32").fit(X, Y)
    found = operators(gn.export.to_onnx(estimator))
    assert found == ["Gemm", "Relu", "Gemm", "Relu", "Gemm", "Softmax", "ArgMax"]


def test_numbers_of_classes_need_no_table():
    assert "Gather" not in operators(gn.export.to_onnx(fitted("classes")))
    assert operators(gn.export.to_onnx(fitted("words")))[-1] == "Gather"


def properties(model):
    return {entry.key: entry.value for entry in model.metadata_props}


def test_what_the_file_says_about_itself():
    frame = pd.DataFrame(X, columns=["sepal length", "sepal width", 'petal "length"', "größe"])
    estimator = gn.MLPClassifier(**TINY, dtype="float32").fit(frame, WORDS)
    model = gn.export.to_onnx(estimator)
    assert (model.producer_name, model.producer_version) == ("glassnet", gn.__version__)
    assert model.doc_string == (
        "MLPClassifier of glassnet: X (n, 4) float32 -> label (n,) text, probabilities (n, 3) float32"
    )
    found = properties(model)
    assert found["glassnet.class"] == "MLPClassifier"
    assert json.loads(found["classes"]) == ["x", "y", "z"]
    assert json.loads(found["feature_names"]) == list(frame.columns)
    assert json.loads(found["layers"]) == {
        "dense_1": "Dense(6, relu)", "dense_2": "Dense(4, relu)", "dense_3": "Dense(3)"
    }  # fmt: skip
    assert json.loads(properties(gn.export.to_onnx(fitted("several words")))["classes"]) == [
        ["x", "y", "z"],
        ["many", "one"],
    ]


def test_names_of_several_networks():
    model = gn.export.to_onnx(fitted("three networks of two classes"))
    names = [tensor.name for tensor in model.graph.initializer]
    assert names[:2] == ["dense_1.kernel", "dense_1.bias"]
    assert "network_3.dense_3.bias" in names
    assert len({node.name for node in model.graph.node}) == len(model.graph.node)


# ------------------------------------------------------------------------------------------ refused
def test_labels_that_no_file_can_hold():
    days = np.array(["2026-01-01", "2026-01-02"], "datetime64[D]").astype(object)
    estimator = copy.copy(fitted("words"))
    estimator._labels = type(estimator._labels)("single", (np.append(days, days[0]),), object)
    with pytest.raises(InputError) as caught:
        gn.export.to_onnx(estimator)
    assert str(caught.value) == (
        "labels of type date cannot stand in an ONNX file.\nTrain with labels that are texts or numbers."
    )
