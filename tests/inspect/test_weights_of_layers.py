"""Statistics of the arrays of a network, and what is found in them."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.inspect.diagnosis import answer_findings
from glassnet.inspect.weights import weight_statistics


@pytest.fixture
def model():
    network = gn.Sequential([gn.layers.Dense(4, "relu"), gn.layers.BatchNormalization(), gn.layers.Dense(2)])
    network.build((None, 3))
    return network


def test_numbers(model):
    kernel = np.array([[0, 1, -2, 3], [0, 5, 0, 0], [1e-9, 0, 1, 2]], float)
    model.set_parameters({"dense_1.kernel": kernel})
    row = weight_statistics(model)["dense_1.kernel"]
    assert (row.shape, row.strange, row.weak) == ((3, 4), 0, 0.25)
    assert (row.minimum, row.maximum, row.zeros) == (-2, 5, 5 / 12)
    assert (row.mean, row.std) == pytest.approx((kernel.mean(), kernel.std()), rel=1e-6)


def test_arrays_stand_layer_by_layer(model):
    keys = list(weight_statistics(model))
    assert keys == [
        "dense_1.kernel", "dense_1.bias", "batch_normalization_1.gamma", "batch_normalization_1.beta",
        "batch_normalization_1.moving_mean", "batch_normalization_1.moving_variance",
        "dense_2.kernel", "dense_2.bias",
    ]  # fmt: skip


FINDINGS = {
    "healthy": ({}, ()),
    "NaN": ({"dense_1.bias": [0, np.nan, np.inf, 0]},
            ("dense_1.bias: 2 numbers are NaN or infinite: train again with a lower rate",)),
    "equal": ({"dense_2.kernel": np.full((4, 2), 0.5)},
              ("dense_2.kernel: all weights are 0.5: use random initial weights",)),
    "weak": ({"dense_1.kernel": np.array([[1, 1, 1e-9, 0], [2, 1, 0, 1], [1, 0, 0, 1]])},
             ("dense_1.kernel: 25 % of the units have hardly any weight: use fewer, or a weaker penalty",)),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(model, case):
    for key, value in FINDINGS[case][0].items():
        owner = next(weight for weight, _ in model.weights() if weight.key == key)
        owner.value = np.asarray(value, np.float32)
    assert weight_statistics(model).findings == FINDINGS[case][1]


def test_text(model):
    lines = str(weight_statistics(model)).splitlines()
    assert lines[0].split() == ["weights", "shape", "mean", "std", "min", "max", "zeros", "weak"]
    assert lines[2].split() == ["dense_1.bias", "4", "0", "0", "0", "0", "100.0%"]


def test_saturated_answers():
    network = gn.Sequential([gn.layers.Dense(4, "tanh"), gn.layers.Dense(1)])
    network.build((None, 2))
    network.set_parameters({"dense_1.kernel": np.array([[90, 80, -70, 60], [-50, 40, 30, 95]])})
    X = np.array([[1.0, 0.5], [2.0, -0.5], [-1.0, 3.0]])
    assert answer_findings(network, X)[-1] == (
        "dense_1: 100 % of the answers are saturated: use smaller initial weights, or standardize the inputs"
    )
