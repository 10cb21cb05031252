"""Estimators inside scikit-learn's pipelines, searches and ensembles, converted by skl2onnx."""

from __future__ import annotations

import numpy as np
import onnx
import pandas as pd
import pytest
import skl2onnx
from onnx_runs import assert_near, run, session
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import glassnet as gn
from estimators.test_estimator_files import ESTIMATORS, SMALL, WORDS, X, Y
from glassnet.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = X.astype("float32")
TINY = SMALL | {"max_iter": 3}
CLASSIFIER, REGRESSOR = gn.MLPClassifier(**TINY), gn.MLPRegressor(**TINY)
TWO = Y > 0


@pytest.fixture(autouse=True, scope="module")
def registered():
    gn.export.register_skl2onnx()


def steps(last):
    return make_pipeline(StandardScaler(), clone(last))


PIPELINES = {f"scaled {name}": (steps(estimator), y) for name, (estimator, y) in ESTIMATORS.items()}
PIPELINES |= {
    "alone": (CLASSIFIER, WORDS),
    "regressor alone": (REGRESSOR, X[:, 0]),
    "hidden features": (make_pipeline(gn.HiddenFeatures(CLASSIFIER), LogisticRegression()), Y),
    "search": (GridSearchCV(steps(CLASSIFIER), {"mlpclassifier__alpha": [1e-4]}, cv=2), Y),
    "search of a regressor": (GridSearchCV(REGRESSOR, {"alpha": [1e-4]}, cv=2), X[:, 0]),
    "vote": (VotingClassifier([("a", CLASSIFIER), ("b", LogisticRegression())], voting="soft",
                              flatten_transform=False), Y),
    "vote of regressors": (VotingRegressor([("a", REGRESSOR), ("b", REGRESSOR)]), X[:, 0]),
    "stack": (StackingClassifier([("a", CLASSIFIER)], LogisticRegression(), cv=2), Y),
    "bag": (BaggingClassifier(CLASSIFIER, 2, random_state=0), Y),
    "one against the rest": (OneVsRestClassifier(CLASSIFIER), Y),
    "calibrated": (CalibratedClassifierCV(CLASSIFIER, cv=2), Y),
    "calibrated, two classes": (CalibratedClassifierCV(CLASSIFIER, cv=2), TWO),
    "calibrated hinge": (CalibratedClassifierCV(clone(CLASSIFIER).set_params(loss="hinge"), cv=2), TWO),
    "a regressor per target": (MultiOutputRegressor(REGRESSOR), X[:, :2]),
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_converts(name):
    pipeline, y = PIPELINES[name]
    fitted = clone(pipeline).fit(ROWS, y)
    options = {"zipmap": False} if hasattr(fitted, "classes_") else None
    converted = skl2onnx.to_onnx(fitted, ROWS[:1], options=options)
    onnx.checker.check_model(converted, full_check=True)
    found = run(session(converted), ROWS)
    if not hasattr(fitted, "classes_"):
        assert_near(np.reshape(found["variable"], fitted.predict(ROWS).shape), fitted.predict(ROWS))
        return
    np.testing.assert_array_equal(found["label"], fitted.predict(ROWS))
    if hasattr(fitted, "predict_proba"):
        parts = fitted.predict_proba(ROWS)
        names = [key for key in found if key.startswith("probabilities")]
        for key, part in zip(names, parts if isinstance(parts, list) else [parts], strict=True):
            assert_near(found[key], part, key)


def test_no_zipmap_without_being_told():
    fitted = steps(CLASSIFIER).fit(ROWS, WORDS)
    converted = skl2onnx.to_onnx(fitted, ROWS[:1])
    assert "ZipMap" not in {node.op_type for node in converted.graph.node}
    assert [x.name for x in converted.graph.output] == ["label", "probabilities"]


@pytest.mark.parametrize(
    ("kind", "dtype"), [(FloatTensorType, "float32"), (DoubleTensorType, "float64")], ids=["float", "double"]
)
def test_what_comes_out_has_the_type_of_what_goes_in(kind, dtype):
    fitted = CLASSIFIER.fit(X, Y)
    converted = skl2onnx.convert_sklearn(fitted, initial_types=[("X", kind([None, 4]))], target_opset=21)
    found = run(session(converted), X)["probabilities"]
    assert found.dtype == dtype
    np.testing.assert_allclose(
        found, fitted.predict_proba(X), rtol=0, atol=1e-6 if dtype == "float32" else 1e-14
    )


def test_columns_of_several_kinds():
    frame = pd.DataFrame({"length": X[:, 0], "width": X[:, 1], "count": Y + 1, "name": WORDS})
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["length", "width", "count"]), ("words", OneHotEncoder(), ["name"])]
    )
    fitted = make_pipeline(columns, clone(CLASSIFIER)).fit(frame, WORDS)
    types = [("length", FloatTensorType([None, 1])), ("width", FloatTensorType([None, 1])),
             ("count", Int64TensorType([None, 1])), ("name", StringTensorType([None, 1]))]  # fmt: skip
    converted = skl2onnx.convert_sklearn(fitted, initial_types=types)
    given = {name: frame[[name]].to_numpy(object if name == "name" else kind) for name, kind in
             (("length", "float32"), ("width", "float32"), ("count", "int64"), ("name", object))}  # fmt: skip
    label, likely = session(converted).run(["label", "probabilities"], given)
    np.testing.assert_array_equal(label, fitted.predict(frame))
    assert_near(likely, fitted.predict_proba(frame))


def test_one_input_per_column():
    fitted = clone(CLASSIFIER).fit(X, Y)
    kinds = (FloatTensorType, DoubleTensorType, FloatTensorType, DoubleTensorType)
    types = [(f"c{i}", kind([None, 1])) for i, kind in enumerate(kinds)]
    found = run(session(skl2onnx.convert_sklearn(fitted, initial_types=types)), *np.split(X, 4, axis=1))
    np.testing.assert_allclose(found["probabilities"], fitted.predict_proba(X), rtol=0, atol=1e-6)


def test_older_operators_are_refused():
    fitted = clone(CLASSIFIER).fit(X, Y)
    with pytest.raises(InputError) as caught:
        skl2onnx.to_onnx(fitted, ROWS[:1], target_opset=17)
    assert str(caught.value) == (
        "MLPClassifier is written in operators of version 20; got target_opset=17.\n"
        "Convert with target_opset=20 or more."
    )
