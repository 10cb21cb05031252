"""ONNX files as files: written as a whole or not at all, checked before, refused in clear words."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest import mock

import numpy as np
import onnx
import pytest
from onnx_runs import assert_near, operators, run, session

import glassnet as gn
from glassnet import layers
from glassnet.errors import GlassnetError, InputError, InputTypeError, ModelFileError, NotBuiltError
from glassnet.export import onnx_check, onnx_operators
from glassnet.layers import Dense
from glassnet.printers.to_onnx import Operator


def small(*stack, dtype="float32"):
    model = gn.Sequential(stack or [Dense(4, "tanh"), Dense(2)], dtype=dtype)
    model.build((None, 3))
    return model


# ------------------------------------------------------------------------------------------ writing
def test_a_file_that_onnxruntime_opens(tmp_path):
    model, path = small(), tmp_path / "net.onnx"
    assert gn.export.to_onnx(model, path) == path
    X = np.random.default_rng(0).normal(0, 1, (9, 3)).astype("float32")
    assert_near(run(session(str(path)), X)["scores"], model.predict(X))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert os.listdir(tmp_path) == ["net.onnx"]


def test_the_suffix_chooses_the_format(tmp_path):
    small().export(tmp_path / "net.ONNX", dtype="float64")
    assert session(str(tmp_path / "net.ONNX")).get_inputs()[0].type == "tensor(double)"


def test_without_a_path_there_is_a_model():
    assert isinstance(gn.export.to_onnx(small()), onnx.ModelProto)


def test_the_same_model_gives_the_same_bytes():
    first, second = (gn.export.to_onnx(small()).SerializeToString() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("where", ["folder", "missing/net.onnx"])
def test_a_place_where_no_file_can_be(where, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelFileError):
        gn.export.to_onnx(small(), tmp_path / where)
    assert os.listdir(tmp_path) == ["folder"]
    assert os.listdir(tmp_path / "folder") == []


@pytest.mark.parametrize("name", ["write", "fsync", "replace"])
def test_a_fault_leaves_the_old_file(name, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"old")
    fault = mock.patch(f"glassnet.files.writing.os.{name}", side_effect=OSError(28, "No space left"))
    with fault, pytest.raises(ModelFileError) as caught:
        gn.export.to_onnx(small(), path)
    assert str(caught.value) == f"{path}: no space left."
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["net.onnx"]


# ------------------------------------------------------------------------------------------ checking
def test_a_wrong_operator_is_noticed_before_anything_is_written(tmp_path):
    wrong = {gn.activations.sigmoid: lambda p, x: Operator("Tanh", (p.of(x.inputs[0]),))}
    with mock.patch.dict(onnx_operators.ANY_TYPE, wrong), pytest.raises(GlassnetError) as caught:
        small(Dense(2, "sigmoid")).export(tmp_path / "net.onnx")
    first, second = str(caught.value).split("\n")
    assert first.startswith("Sequential: onnxruntime answers ")
    assert " for 'scores' where predict() answers " in first
    assert second == "No file has been written. Please report this, with the model's layers."
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_wrong_labels_are_noticed():
    X, y = np.eye(3, dtype="float32"), ["a", "b", "c"]
    estimator = gn.LinearClassifier(random_state=0, max_iter=2).fit(X, y)

    def wrong(columns):
        return np.roll(np.array(columns.tolist(), object), 1)

    with mock.patch("glassnet.export.onnx.label_array", wrong), pytest.raises(GlassnetError) as caught:
        gn.export.to_onnx(estimator)
    assert "LinearClassifier: onnxruntime answers " in str(caught.value)
    assert " for 'label' where predict() answers " in str(caught.value)


def test_an_onnxruntime_that_cannot_run_it(tmp_path):
    wrong = {gn.activations.sigmoid: lambda p, x: Operator("HardSwish", (p.of(x.inputs[0]),))}
    with mock.patch.dict(onnx_operators.ANY_TYPE, wrong), pytest.raises(GlassnetError) as caught:
        small(Dense(2, "sigmoid"), dtype="float64").export(tmp_path / "net.onnx")
    first, second = str(caught.value).split("\n")
    version = onnx_check.optional.onnxruntime().__version__
    assert first.startswith(f"onnxruntime {version} cannot run Sequential in float64: [ONNXRuntimeError] : 9")
    assert second == "Install a newer one, or export with the other dtype."
    assert os.listdir(tmp_path) == []


def test_without_onnxruntime_nothing_is_compared(tmp_path):
    with mock.patch.object(onnx_check.optional, "onnxruntime", return_value=None):
        small().export(tmp_path / "net.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "net.onnx"))


@pytest.mark.parametrize(
    ("package", "call", "where"),
    [("onnx", lambda: gn.export.to_onnx(small()), "to_onnx()"),
     ("skl2onnx", gn.export.register_skl2onnx, "register_skl2onnx()")],
)  # fmt: skip
def test_a_package_that_is_not_installed(package, call, where):
    with mock.patch.dict(sys.modules, {package: None}), pytest.raises(GlassnetError) as caught:
        call()
    assert str(caught.value) == (
        f'{where} needs {package}, which is not installed.\nInstall it: pip install "glassnet[onnx]"'
    )


def test_glassnet_imports_none_of_them():
    code = "import glassnet as gn, sys; gn.export; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"onnx", "onnxruntime", "skl2onnx", "google"} & set(result.stdout.split()) == set()


# ------------------------------------------------------------------------------------------ refused
def test_a_suffix_of_no_format(tmp_path):
    with pytest.raises(InputError) as caught:
        small().export(tmp_path / "net.h5")
    first, second = str(caught.value).split("\n")
    assert first == f"{tmp_path / 'net.h5'}: the suffix '.h5' names no format that export() knows."
    assert second.startswith("Use .onnx (ONNX, for onnxruntime and its like)")


NEITHER = "Of a scikit-learn Pipeline, export the last step, or convert the whole with skl2onnx."
REFUSED = {
    "a class": (lambda: gn.MLPClassifier, f"the class MLPClassifier.\n{NEITHER}"),
    "an array": (lambda: np.zeros(3), f"an object of type ndarray.\n{NEITHER}"),
}


def test_a_model_without_a_shape():
    with pytest.raises(NotBuiltError) as caught:
        gn.export.to_onnx(gn.Sequential([Dense(2)]))
    assert str(caught.value).startswith("export() needs a built model, and this one has not seen")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_exported(name):
    make, text = REFUSED[name]
    with pytest.raises(InputTypeError) as caught:
        gn.export.to_onnx(make())
    assert str(caught.value) == f"export takes a model or an estimator of glassnet; got {text}"


def test_an_estimator_before_fit():
    with pytest.raises(ValueError, match="not fitted yet"):
        gn.export.to_onnx(gn.MLPClassifier())


@pytest.mark.parametrize("dtype", ["float16", "int64", 3])
def test_other_types_than_two(dtype):
    with pytest.raises(InputError) as caught:
        gn.export.to_onnx(small(), dtype=dtype)
    assert str(caught.value) == f"dtype must be 'float32' or 'float64'; got {dtype!r}."


def test_more_than_a_file_can_hold():
    with mock.patch("glassnet.export.onnx.LARGEST", 50), pytest.raises(InputError) as caught:
        gn.export.to_onnx(small())
    assert str(caught.value) == (
        "Sequential has 104 bytes of weights; an ONNX file holds at most 50.\n"
        'Export it with dtype="float32", or use save().'
    )


# ------------------------------------------------------------------------------------------ reading it
def test_the_text_reads_like_the_network():
    stack = [layers.Normalization(), Dense(5, use_bias=False), layers.BatchNormalization()]
    model = small(*stack, layers.Activation("relu"), layers.Dropout(0.5), Dense(2, "softmax"))
    text = onnx.printer.to_text(gn.export.to_onnx(model))
    assert text[text.rindex("{\n") :].split("\n")[1:-1] == [
        '   ["dense_1/Gemm"] a1 = Gemm (x, "dense_1.kernel", "dense_1.bias")',
        '   ["activation_1/Relu"] h1 = Relu (a1)',
        '   ["dense_2/Gemm"] z2 = Gemm (h1, "dense_2.kernel", "dense_2.bias")',
        '   ["dense_2/Softmax"] scores = Softmax <axis: int = -1> (z2)',
    ]
    assert "predict (float[n,3] x) => (float[n,2] scores)" in text


NATIVE = {
    "relu": ["Relu"], "sigmoid": ["Sigmoid"], "tanh": ["Tanh"], "softmax": ["Softmax"],
    "log_softmax": ["LogSoftmax"], "softplus": ["Softplus"], "softsign": ["Softsign"], "mish": ["Mish"],
    "gelu": ["Gelu"], "elu": ["Elu"], "celu": ["Celu"], "selu": ["Selu"], "leaky_relu": ["LeakyRelu"],
    "hard_sigmoid": ["HardSigmoid"], "hard_silu": ["HardSwish"], "relu6": ["Clip"], "hard_tanh": ["Clip"],
    "silu": ["Sigmoid", "Mul"], "exponential": ["Exp"], "linear": [],
}  # fmt: skip


def test_layer_normalization_is_one_operator():
    assert operators(gn.export.to_onnx(small(layers.LayerNormalization(), Dense(2)))) == [
        "LayerNormalization",
        "Gemm",
    ]


@pytest.mark.parametrize("name", NATIVE)
def test_operators_of_onnxs_own(name):
    assert operators(gn.export.to_onnx(small(Dense(2, name)))) == ["Gemm", *NATIVE[name]]


def test_float64_models_stay_float64():
    model = small(Dense(4, "gelu"), Dense(2), dtype="float64")
    exported = gn.export.to_onnx(model)
    X = np.random.default_rng(0).normal(0, 1, (9, 3))
    found = run(session(exported), X)["scores"]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-12, atol=1e-12)


def test_several_inputs_have_their_names():
    a, b = gn.Input((2,)), gn.Input((3, 4))
    model = gn.Model([a, b], Dense(2)(np.concatenate([a, b.sum(axis=1)], axis=1)) + 1)
    opened = session(gn.export.to_onnx(model))
    assert [(x.name, x.shape) for x in opened.get_inputs()] == [("x1", ["n", 2]), ("x2", ["n", 3, 4])]
