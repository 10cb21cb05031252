"""Every layer, activation and model of the other tests' tables, in onnxruntime and by ``predict``."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_runs import assert_near, run, session
from shipped_networks import NAMES, network, predicted

import glassnet as gn
from compiled.networks import TASKS
from files.stored_models import example
from glassnet import layers
from glassnet.nn.activations import ACTIVATIONS
from nn import test_catalogue_activations

BATCHES = (1, 7, 64)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_onnxruntime_answers_what_predict_answers(name, dtype):
    model, _ = network(name, dtype)
    opened = session(gn.export.to_onnx(model))
    for rows in BATCHES:
        generator = np.random.default_rng(rows)
        arrays = [example(spec, rows, generator).astype(dtype) for spec in model.input_specs]
        expected = predicted(model, arrays)
        found = run(opened, *arrays)["scores"]
        assert found.dtype == expected.dtype
        assert_near(found, expected, f"{rows} rows")


def test_columns_of_categories():
    model = gn.Sequential([layers.ColumnEmbedding([5, 3], [2, 4]), layers.Dense(2)])
    model.build((None, 4))
    generator = np.random.default_rng(0)
    X = np.c_[generator.normal(0, 1, (64, 2)), generator.integers(0, 5, 64), generator.integers(0, 3, 64)]
    assert_near(run(session(gn.export.to_onnx(model)), X)["scores"], model.predict(X))


def test_no_layer_is_left_out():
    tried = {
        type(layer).__name__
        for name in NAMES
        for top in TASKS[name]("float32").model.layers
        for layer in top.all_layers()
    }
    known = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    assert known - tried <= {"Layer"}


def test_no_activation_is_left_out():
    assert ACTIVATIONS.keys() - {"swish", "hard_swish"} <= test_catalogue_activations.ALL.keys()
    tried = {name.removeprefix("activation: ") for name in NAMES if name.startswith("activation: ")}
    assert test_catalogue_activations.ALL.keys() - tried == {
        name for name in test_catalogue_activations.ALL if "axis" in name
    }
