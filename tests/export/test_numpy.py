"""The NumPy module: the model's own numbers bit for bit, NumPy alone, the same text."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from shipped_networks import NAMES, network, predicted
from sklearn.base import clone

import glassnet as gn
from estimators.test_estimator_files import ESTIMATORS, X, same
from glassnet.errors import InputError, InputTypeError, ModelFileError
from glassnet.export import to_numpy
from glassnet.export.inference import inference_of
from glassnet.export.numpy import module_text

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def module(thing):
    namespace = {"__name__": "shipped"}
    text = module_text(inference_of(thing))
    exec(compile(text, "shipped", "exec"), namespace)
    return namespace, text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_networks_bit_for_bit(name, dtype):
    model, arrays = network(name, dtype)
    shipped, text = module(model)
    found = shipped["predict"](*arrays)
    assert same(found, predicted(model, arrays))
    own = model.source("predict", "numpy").split("import numpy as np\n", 1)[1].strip()
    assert own.replace("\ndef predict(", "\ndef network(").removeprefix("def predict(") in text


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators(name):
    estimator, y = ESTIMATORS[name]
    fitted = clone(estimator).fit(X, y)
    shipped, _ = module(fitted)
    rows = X.astype(fitted.model_.dtype)
    found = shipped["predict"](rows)
    expected = fitted.predict(rows)
    if hasattr(fitted, "_labels"):
        assert same(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-6 if rows.dtype == np.float32 else 1e-14)
        assert found.dtype == expected.dtype
    for method in ("predict_proba", "decision_function"):
        if method in shipped:
            parts, own = shipped[method](rows), getattr(fitted, method)(rows)
            for a, b in zip(parts, own, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5 if rows.dtype == np.float32 else 1e-13)
    assert ("predict_proba" in shipped) == hasattr(fitted, "predict_proba")


def test_hidden_features():
    y = np.arange(len(X)) % 2
    features = gn.HiddenFeatures(gn.MLPClassifier((5,), max_iter=3, random_state=0)).fit(X, y)
    shipped, _ = module(features)
    np.testing.assert_array_equal(shipped["transform"](X), features.transform(X))


def test_numbers_of_rows():
    model = gn.Sequential([gn.layers.Dense(4, "relu"), gn.layers.Dense(2)])
    model.build((None, 3))
    shipped, _ = module(model)
    for count in (1, 2, 4096, 4097, 9000):
        rows = np.random.default_rng(count).normal(size=(count, 3)).astype("float32")
        assert same(shipped["predict"](rows), model.predict(rows))
    assert shipped["predict"](np.zeros((0, 3))).shape == (0, 2)


def test_a_file_that_imports_nothing_but_numpy(tmp_path):
    model = gn.Sequential([gn.layers.Dense(2, "sigmoid"), gn.layers.BatchNormalization()])
    model.build((None, 3))
    path = to_numpy(model, tmp_path / "shipped.py")
    assert [p.name for p in tmp_path.iterdir()] == ["shipped.py"]
    code = (
        "import sys; sys.path.insert(0, '.'); import shipped, numpy as np; "
        "print(shipped.predict(np.eye(3)).tolist()); "
        "print({name.partition('.')[0] for name in sys.modules} & {'glassnet', 'sklearn', 'scipy', 'pickle'})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=path.parent, capture_output=True, text=True, check=True
    )
    numbers, loaded = run.stdout.strip().split("\n")
    assert numbers == str(model.predict(np.eye(3)).tolist())
    assert loaded in ("set()", "{'pickle'}")  # which NumPy loads
    model.export(tmp_path / "again.py")
    assert (tmp_path / "again.py").read_text() == path.read_text()


BAD_DATA = {
    "columns": (lambda f: f(np.zeros((2, 4))), ValueError, "the data have shape (2, 4); (n, 3) is needed."),
    "one row": (lambda f: f(np.zeros(3)), ValueError, "the data have shape (3,); (n, 3) is needed."),
    "no array": (lambda f: f(1.0), ValueError, "the data have shape (); (n, 3) is needed."),
    "text": (
        lambda f: f(np.array([["a", "b", "c"]])), TypeError, "the data are of type <U1; numbers are needed."
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data(name):
    model = gn.Sequential([gn.layers.Dense(2)])
    model.build((None, 3))
    act, kind, text = BAD_DATA[name]
    with pytest.raises(kind) as caught:
        act(module(model)[0]["predict"])
    assert str(caught.value) == text


def test_numbers_beyond_an_embedding():
    model = gn.Sequential([gn.layers.Embedding(4, 2)])
    model.build((None, 1))
    with pytest.raises(ValueError, match="the data must be whole numbers from 0 to 3"):
        module(model)[0]["predict"]([[4]])


@gn.composite
def predict(z):
    return np.tanh(z) / 2


def test_a_composite_with_the_name_of_the_module_s_own_function():
    model = gn.Sequential([gn.layers.Activation(predict)])
    model.build((None, 3))
    with pytest.raises(InputError) as caught:
        module_text(inference_of(model))
    assert str(caught.value) == (
        "to_numpy(): a function of the network is called 'predict', as one of the module's own.\n"
        "Give your composite another name."
    )


NAME = "\nIts name must end with .py, be of letters, digits and _, and not begin with a digit."
ERRORS = {
    "suffix": ("a.txt", InputError, f"to_numpy() cannot name a module 'a.txt'.{NAME}"),
    "digit": ("1.py", InputError, f"to_numpy() cannot name a module '1.py'.{NAME}"),
    "no folder": ("none/a.py", ModelFileError, "{path}: no such file or directory."),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name, tmp_path):
    model = gn.Sequential([gn.layers.Dense(2)])
    model.build((None, 3))
    path, kind, text = ERRORS[name]
    with pytest.raises(kind) as caught:
        to_numpy(model, tmp_path / path)
    assert str(caught.value) == text.replace("{path}", str(tmp_path / path))
    assert list(tmp_path.iterdir()) == []


def test_no_path():
    with pytest.raises(InputTypeError) as caught:
        to_numpy(gn.Sequential([]), None)
    assert str(caught.value) == "a path is a text or a pathlib.Path; got None."
