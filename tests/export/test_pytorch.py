"""Weights under PyTorch's names: keys, shapes, values, files."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

import glassnet as gn
from glassnet import layers
from glassnet.errors import InputError, InputTypeError, NotBuiltError, UnknownNameError
from glassnet.export import to_pytorch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def built(*stack, shape=(None, 3), dtype="float32"):
    model = gn.Sequential(stack, dtype=dtype)
    model.build(shape)
    return model


def norm(name):
    return {f"{name}.weight": (3,), f"{name}.bias": (3,)}


RUNNING = {
    "batch_normalization_1.running_mean": (3,),
    "batch_normalization_1.running_var": (3,),
    "batch_normalization_1.num_batches_tracked": (),
}
# layers → the shapes by key
SHAPES = {
    "dense": ([layers.Dense(4)], {"dense_1.weight": (4, 3), "dense_1.bias": (4,)}),
    "dense without bias": ([layers.Dense(4, use_bias=False)], {"dense_1.weight": (4, 3)}),
    "dropconnect": ([layers.DropConnect(2)], {"drop_connect_1.weight": (2, 3), "drop_connect_1.bias": (2,)}),
    "batch norm": ([layers.BatchNormalization()], norm("batch_normalization_1") | RUNNING),
    "batch norm, centred": (
        [layers.BatchNormalization(scale=False)], norm("batch_normalization_1") | RUNNING),
    "batch norm, plain": ([layers.BatchNormalization(scale=False, center=False)], RUNNING),
    "layer norm": ([layers.LayerNormalization()], norm("layer_normalization_1")),
    "group norm": ([layers.GroupNormalization(3)], norm("group_normalization_1")),
    "rms norm": ([layers.RMSNormalization()], {"rms_normalization_1.weight": (3,)}),
    "prelu": ([layers.PReLU()], {"p_re_lu_1.weight": (3,)}),
    "normalization": (
        [layers.Normalization()], {"normalization_1.mean": (3,), "normalization_1.variance": (3,)}),
    "no weights": ([layers.Dropout(0.5), layers.Activation("relu")], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_keys_and_shapes(name):
    stack, expected = SHAPES[name]
    model = built(*stack)
    keys = {k.replace(model.layers[0].key, next(iter(expected), ".").rpartition(".")[0]): v.shape
            for k, v in to_pytorch(model).items()}  # fmt: skip
    assert keys == expected


def test_embedding():
    assert to_pytorch(built(layers.Embedding(5, 2), shape=(None, 1)))["embedding_1.weight"].shape == (5, 2)


def test_values():
    model = built(
        layers.Dense(2, kernel_initializer=np.arange(6.0).reshape(3, 2)), layers.BatchNormalization()
    )
    model.step = 7
    model.set_parameters({"batch_normalization_1.moving_mean": np.array([1.0, 2.0])})
    state = to_pytorch(model)
    assert state["dense_1.weight"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert state["dense_1.weight"].flags.c_contiguous
    assert state["batch_normalization_1.running_mean"].tolist() == [1, 2]
    assert (state["batch_normalization_1.num_batches_tracked"], state["dense_1.bias"].dtype) == (
        7,
        np.float32,
    )
    assert state["batch_normalization_1.num_batches_tracked"].dtype == np.int64


def test_places_in_a_sequential():
    model = built(
        layers.Normalization(), layers.Dense(4, "relu"), layers.Dropout(0.1), layers.Dense(4),
        layers.BatchNormalization(), layers.Activation("tanh"), layers.Dense(2, "linear"),
    )  # fmt: skip
    keys = list(to_pytorch(model, keys="sequential"))
    assert [key for key in keys if key.endswith("weight")] == ["1.weight", "4.weight", "5.weight", "7.weight"]
    assert keys[:2] == ["0.mean", "0.variance"]


def test_layers_inside_layers_and_shared_ones():
    x = gn.Input((3,))
    shared = layers.Dense(3)
    model = gn.Model(x, shared(shared(x)))
    assert list(to_pytorch(model)) == ["dense_1.weight", "dense_1.bias"]


def test_files(tmp_path):
    model = built(layers.Dense(2, "relu"), layers.BatchNormalization(), dtype="float64")
    path = tmp_path / "state.safetensors"
    assert to_pytorch(model, path) == path
    found, expected = load_file(path), to_pytorch(model)
    assert set(found) == set(expected)
    assert all(np.array_equal(found[k], expected[k]) and found[k].dtype == expected[k].dtype for k in found)
    model.export(path, keys="sequential")
    assert sorted(load_file(path))[:2] == ["0.bias", "0.weight"]
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_estimators():
    fitted = gn.MLPClassifier((4,), max_iter=2, random_state=0).fit(np.eye(3), [0, 1, 2])
    assert to_pytorch(fitted)["dense_1.weight"].shape == (4, 3)
    several = gn.MLPClassifier((4,), max_iter=2, random_state=0, n_ensemble=2).fit(np.eye(3), [0, 1, 2])
    with pytest.raises(InputError) as caught:
        to_pytorch(several)
    assert str(caught.value) == (
        "MLPClassifier has 2 networks, a PyTorch state one.\n"
        "Export each: to_pytorch(estimator.model_), to_pytorch(estimator.estimators_[0].model_), ...."
    )


@pytest.mark.parametrize(
    "act, kind, text",
    [
        (lambda: to_pytorch(3), InputTypeError,
         "to_pytorch() takes a model or a fitted estimator of glassnet; got int."),
        (lambda: to_pytorch(gn.MLPClassifier()), InputTypeError,
         "to_pytorch() takes a model or a fitted estimator of glassnet; got MLPClassifier."),
        (lambda: to_pytorch(built(layers.Dense(1)), keys="layer"), UnknownNameError,
         "unknown kind of keys 'layer'. Did you mean 'layers'?"),
        (lambda: to_pytorch(gn.Model(x := gn.Input((2,)), layers.Dense(1)(x)), keys="sequential"), InputError,
         ("keys=\"sequential\" needs a gn.Sequential; this model is made from gn.Input.\n"
          "Use keys=\"layers\", and name the modules like the layers.")),
        (lambda: to_pytorch(gn.Sequential([layers.Dense(1)])), NotBuiltError,
         ("to_pytorch() needs a built model, and this one has not seen an input shape yet.\n"
          "Call model.build((None, features)) or model.fit(X, y) first.")),
    ],
)  # fmt: skip
def test_errors(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert str(caught.value) == text
