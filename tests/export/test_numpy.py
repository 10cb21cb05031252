"""The NumPy module: the model's own numbers bit for bit, NumPy alone, the same text."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from shipped_estimators import ALL, fitted
from shipped_networks import NAMES, network, predicted

import glassnet as gn
from estimators.test_estimator_files import X, same
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


def methods(estimator):
    """What the module of an estimator offers."""
    if hasattr(estimator, "transform"):
        return ["transform"]
    if not hasattr(estimator, "classes_"):
        return ["predict"]
    return ["predict", "predict_proba" if hasattr(estimator, "predict_proba") else "decision_function"]


@pytest.mark.parametrize("name", ALL)
def test_estimators(name):
    """Bit for bit; what makes probabilities of scores is no part of the network's program, and may round."""
    estimator = fitted(name)
    shipped, _ = module(estimator)
    rows = X.astype(inference_of(estimator).dtype)
    known = ("predict", "predict_proba", "decision_function", "transform")
    assert [method for method in known if method in shipped] == methods(estimator)
    for method in methods(estimator):
        found, expected = shipped[method](rows), getattr(estimator, method)(rows)
        if method != "predict_proba":
            assert same(found, expected)
            continue
        for a, b in zip(found, expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=0, atol=np.finfo(rows.dtype).eps)


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
