"""H3: what to watch, in one call."""

import re

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers

DIGITS = gn.datasets.load("digits")
X, y = DIGITS.data[:400], DIGITS.target[:400]


def network(*hidden, optimizer="adam"):
    model = gn.Sequential([*hidden, layers.Dense(10)])
    model.compile(optimizer, "softmax_cross_entropy", metrics=["accuracy"])
    return model


def test_h3_a_network_that_learns_has_no_findings():
    model = network(layers.Normalization(), layers.Dense(64, "relu"), layers.Dense(32, "tanh"))
    model.fit(X, y, epochs=5, verbose=0)
    found = gn.diagnose(model, X, y, (X, y))
    assert found.findings == ()
    assert found.training == found.validation == model.evaluate(X, y)
    # About 1e-3 is healthy; the ratio is that of one step on the whole batch.
    assert all(1e-4 < found.update_ratios[f"dense_{i}.kernel"] < 1e-2 for i in (1, 2, 3))
    assert list(found.layers) == ["normalization_1", "dense_1", "dense_2", "dense_3"]
    assert all(row.gradient.std > 0 for row in found.layers.values())


def test_h3_the_update_ratio_is_that_of_the_next_step():
    model = network(layers.Dense(8, "tanh"), optimizer=gn.optimizers.SGD(0.1))
    model.build((None, 64))
    expected = {
        key: 0.1 * np.linalg.norm(g) / np.linalg.norm(model.parameters[key])
        for key, g in model.gradients(X, y).items()
        if model.parameters[key].any()
    }
    assert gn.diagnose(model, X, y).update_ratios == pytest.approx(expected, rel=1e-3)
    assert model.step == 0


wild = gn.initializers.RandomNormal(stddev=5)
tiny = gn.initializers.RandomNormal(stddev=0.001)
FINDINGS = {
    "dead": (
        network(layers.Dense(16, "relu", bias_initializer=gn.initializers.Constant(-1e4))),
        (
            "dense_1: 100 % of the units are 0 for all examples: "
            "use other initial weights, a lower rate or leaky ReLU"
        ),
    ),
    "equal": (
        network(layers.Dense(4, "tanh", kernel_initializer=gn.initializers.Constant(0.001))),
        "dense_1: 75 % of the units copy another one: use random initial weights",
    ),
    "saturated": (
        network(layers.Dense(16, "tanh", kernel_initializer=wild)),
        "dense_1: 99 % of the answers are saturated: use smaller initial weights, or standardize the inputs",
    ),
    "shrinking": (
        network(*(layers.Dense(20, "tanh", kernel_initializer=tiny) for _ in range(4))),
        "activations shrink to # of their spread: use he_normal or glorot_uniform, or batch norm",
    ),
    "rate too high": (
        network(layers.Normalization(), layers.Dense(16, "relu"), optimizer=gn.optimizers.SGD(10.0)),
        "dense_1.kernel, dense_2.kernel: a step of # of the weights: lower the rate",
    ),
    "rate too low": (
        network(layers.Normalization(), layers.Dense(16, "relu"), optimizer=gn.optimizers.SGD(1e-9)),
        "dense_1.kernel, dense_2.kernel: hardly moves: raise the rate, look for dead units",
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_h3_what_is_wrong_is_found(name):
    model, finding = FINDINGS[name]
    found = [re.sub(r"\de[+-]\d\d", "#", text) for text in gn.diagnose(model, X, y).findings]
    assert finding in found


def test_h3_a_gap_between_training_and_validation_is_found():
    model = network(layers.Normalization(), layers.Dense(64, "relu"))
    model.fit(X[:30], y[:30], epochs=100, verbose=0)
    findings = gn.diagnose(model, X[:30], y[:30], (X, y)).findings
    assert any("lower on validation data" in finding for finding in findings)


def test_h3_the_report_and_the_picture():
    model = network(layers.Normalization(), layers.Dense(16, "relu"))
    found = gn.diagnose(model, X, y)
    text = str(found)
    assert text.startswith("training   loss ")
    assert "dense_1.kernel  " in text
    axes = found.plot((8, 8)).axes
    assert [axis.get_title() for axis in axes] == [
        "activations", "gradients", "step / parameter (about 1e-3)", "first layer's weights",
    ]  # fmt: skip
