"""A10 (the diagram) and A11 (why the chain rule), through the public API."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers


def tutorial_model():
    model = gn.Sequential(
        [layers.Dense(4, "sigmoid", use_bias=False), layers.Dense(1, "sigmoid", use_bias=False)]
    )
    model.build((None, 3))
    model.compile(gn.optimizers.SGD(1.0), "sum_of_squares")
    return model


def classifier():
    model = gn.Sequential(
        [
            layers.Dense(5),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(3, kernel_regularizer=gn.regularizers.HalfL2(0.1)),
        ]
    )
    model.build((None, 4))
    model.compile(loss="softmax_cross_entropy")
    return model


def residual():
    x = gn.Input((4,))
    h = np.tanh(layers.Dense(4)(x)) + x
    model = gn.Model(x, layers.Dense(2)(h))
    model.compile(loss="squared_error")
    return model


MODELS = {"tutorial": tutorial_model, "classifier": classifier, "residual": residual}


def test_a11_every_link_of_the_tutorial_network():
    links = tutorial_model().derivation().links
    assert [(link.name, link.numpy) for link in links] == [
        ("a2", "da2 = 2 * e"),
        ("z2", "dz2 = da2 * a2 * (1 - a2)"),
        ("a1", "da1 = dz2 @ W2.T"),
        ("z1", "dz1 = da1 * a1 * (1 - a1)"),
        ("W1", "dW1 = x.T @ dz1"),
    ]
    assert links[-1].latex == (
        r"\frac{\partial L}{\partial W_{1}} = {x}^\top \, \frac{\partial L}{\partial z_{1}}"
    )


@pytest.mark.parametrize("name", MODELS)
def test_a11_every_link_agrees_with_differences_and_the_last_is_the_gradient(name):
    model = MODELS[name]()
    for key in model.parameters:
        derivation = model.derivation(weight=key)
        assert derivation.links[-1].numpy.startswith("d")
        assert derivation.max_error <= 1e-6
        assert f"does not contain {key}" in str(derivation)


def test_a11_an_unknown_weight_is_an_error_that_helps():
    with pytest.raises(gn.errors.UnknownNameError, match=r"Did you mean 'dense_1.kernel'\?"):
        tutorial_model().derivation(weight="dense_1.kernal")


@pytest.mark.parametrize(("units", "circles"), [(4, 3 + 4 + 1), (20, 3 + 8 + 1)])
def test_a10_layers_are_drawn_with_their_units_and_connections(units, circles):
    model = gn.Sequential([layers.Dense(units, "relu"), layers.Dropout(0.5), layers.Dense(1)])
    model.build((None, 3))
    svg = model.draw().svg
    ET.fromstring(svg)
    assert svg.count("<circle") == circles
    assert svg.count("<line") == 3 * (circles - 4) + (circles - 4) * 1
    assert "Dropout(0.5)" in svg


@pytest.mark.parametrize("name", MODELS)
def test_a10_the_graph_shows_values_and_gradients_of_one_example(name):
    model = MODELS[name]()
    svg = model.draw("graph").svg
    ET.fromstring(svg)
    assert "loss" in svg
    assert svg.count('class="gradient"') > 5
    assert svg.count('class="value"') == svg.count("<rect class")


def test_a10_the_numbers_in_the_graph_are_those_of_the_model(tmp_path):
    model = tutorial_model()
    X, y = np.array([[0.0, 1.0, 1.0]]), np.array([1.0])
    svg = model.draw("graph", X, y).save(tmp_path / "graph.svg").read_text(encoding="utf-8")
    loss = float(re.findall(r'class="value"[^>]*>([^<]+)<', svg)[-1])
    assert loss == pytest.approx(model.loss(X, y).data, rel=5e-3)
