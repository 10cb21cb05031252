"""Models made from gn.Input: NumPy between layers, several inputs, shared layers, models inside models."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import BatchNormalization, Dense, Dropout, Flatten, Normalization

RNG = np.random.default_rng(0)
A, B = RNG.normal(0, 1, (20, 3)), RNG.normal(0, 1, (20, 3))
LABELS, NUMBERS = RNG.integers(0, 2, 20), RNG.normal(0, 1, (20, 2))


def residual():
    x = gn.Input((3,))
    h = np.maximum(Dense(5)(x), 0)
    return gn.Model(x, Dense(2)(Dense(3)(h) + x)), A


def two_inputs():
    a, b = gn.Input((3,)), gn.Input((3,), name="b")
    joined = np.concatenate([Dense(4, "tanh")(a), b**2], axis=1)
    return gn.Model([a, b], Dense(2)(joined)), [A, B]


def shared():
    a, b = gn.Input((3,)), gn.Input((3,))
    encode = Dense(4, "tanh", kernel_regularizer="l2")
    return gn.Model([a, b], Dense(2)(np.abs(encode(a) - encode(b)))), [A, B]


def shared_twice_in_a_row():
    x, square = gn.Input((3,)), Dense(3, "tanh")
    return gn.Model(x, Dense(2)(square(square(x)))), A


def gated():
    x = gn.Input((3,))
    gate = 1 / (1 + np.exp(-Dense(3)(x)))
    mean = x.mean(axis=1, keepdims=True)
    return gn.Model(x, Dense(2)(np.where(gate > 0.5, gate * (x - mean), x / 3))), A


def noisy():
    x = gn.Input((3,))
    h = np.tanh(BatchNormalization()(Dense(6)(x)))
    return gn.Model(x, Dense(2)(Dropout(0.3)(h) + Dropout(0.3)(h))), A


def images():
    x = gn.Input((2, 3))
    rows = Dense(4, "tanh")(x)
    return gn.Model(x, Dense(2)(Flatten()(rows * rows.mean(axis=(1, 2), keepdims=True)))), A.reshape(10, 2, 3)


def unused_input():
    a, b = gn.Input((3,)), gn.Input((3,))
    return gn.Model([a, b], Dense(2)(a)), [A, B]


NETWORKS = {
    make.__name__: make
    for make in (residual, two_inputs, shared, shared_twice_in_a_row, gated, noisy, images, unused_input)
}


def count(X):
    return len(X[0]) if isinstance(X, list) else len(X)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients(name, training):
    model, X = NETWORKS[name]()
    model.compile("adam", "softmax_cross_entropy")
    check = gn.check_gradients(model, X, LABELS[: count(X)], training=training)
    assert check.max_error <= 1e-7, str(check)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_and_prediction(name, optimizer):
    """Step by step: the parameters that fit leaves are those of the optimizer on the model's gradients."""
    model, X = NETWORKS[name]()
    model.astype("float64").compile(optimizer, "squared_error")
    Y = NUMBERS[: count(X)]
    by_hand = gn.optimizers.get(optimizer)
    parameters = {key: value.copy() for key, value in model.parameters.items()}
    state = by_hand.init(parameters)
    for _ in range(3):
        parameters, state = by_hand.update(parameters, model.gradients(X, Y, training=True), state)
        loss = model.loss(X, Y, training=True)
        history = model.fit(X, Y, batch_size=99, shuffle=False, verbose=0).history
        assert history["loss"][0] == pytest.approx(sum(loss), rel=1e-14)
        for key, value in model.parameters.items():
            np.testing.assert_allclose(value, parameters[key], rtol=1e-11, atol=1e-14)
    assert model.predict(X).shape == (count(X), 2)
    np.testing.assert_allclose(model.predict(X, batch_size=3), model.predict(X), rtol=1e-12)


def test_a_residual_block_by_hand():
    model, _ = residual()
    model.astype("float64")
    W = model.parameters
    h = np.maximum(A @ W["dense_1.kernel"] + W["dense_1.bias"], 0)
    h = h @ W["dense_2.kernel"] + W["dense_2.bias"] + A
    expected = h @ W["dense_3.kernel"] + W["dense_3.bias"]
    np.testing.assert_allclose(model.predict(A), expected, rtol=1e-13)


def test_two_inputs_by_hand():
    model, X = two_inputs()
    model.astype("float64")
    W = model.parameters
    joined = np.hstack([np.tanh(A @ W["dense_1.kernel"] + W["dense_1.bias"]), B**2])
    expected = joined @ W["dense_2.kernel"] + W["dense_2.bias"]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict((A, B)), model.predict(X))


def test_a_shared_layer_has_one_set_of_weights():
    model, X = shared()
    assert list(model.parameters) == ["dense_1.kernel", "dense_1.bias", "dense_2.kernel", "dense_2.bias"]
    assert model.count_params() == 4 * 4 + 5 * 2
    model.compile("sgd", "squared_error")
    W = model.parameters["dense_1.kernel"].astype(float)
    assert model.loss(X, NUMBERS).penalty == pytest.approx(0.01 * (W**2).sum(), rel=1e-6)  # counted once
    np.testing.assert_allclose(
        model.predict([A, A]), np.broadcast_to(model.parameters["dense_2.bias"], (20, 2))
    )


def test_a_shared_layer_in_a_sequence():
    layer = Dense(3, "tanh")
    model = gn.Sequential([layer, layer, Dense(2)], dtype="float64")
    model.compile("adam", "squared_error")
    assert gn.check_gradients(model, A, NUMBERS).max_error <= 1e-7
    assert list(model.parameters)[:2] == ["dense_1.kernel", "dense_1.bias"]
    assert model.count_params() == 12 + 8
    assert sum(g.size for g in model.gradients(A, NUMBERS).values()) == 20


def test_sequential_and_functional_agree():
    def layers():
        return [Dense(5, "relu"), BatchNormalization(), Dropout(0.2), Dense(2)]

    x = gn.Input((3,))
    h = x
    for layer in layers():
        h = layer(h)
    models = [gn.Sequential(layers()), gn.Model(x, h)]
    histories = []
    for model in models:
        model.compile("adam", "softmax_cross_entropy")
        histories.append(model.fit(A, LABELS, batch_size=6, epochs=3, verbose=0).history)
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(models[0].predict(A), models[1].predict(A))


def test_a_model_inside_another():
    encoder = gn.Sequential([Dense(4, "tanh"), Dense(3, "tanh")])
    encoder.compile("adam", "squared_error")
    encoder.fit(A, A, epochs=2, verbose=0)
    x = gn.Input((3,))
    model = gn.Model(x, Dense(2)(encoder(x)))
    np.testing.assert_array_equal(model.parameters["dense_1.kernel"], encoder.parameters["dense_1.kernel"])
    for layer in encoder.layers:
        layer.trainable = False
    before = {key: value.copy() for key, value in encoder.parameters.items()}
    model.compile("sgd", "softmax_cross_entropy")
    model.fit(A, LABELS, epochs=2, verbose=0)
    for key, value in encoder.parameters.items():
        np.testing.assert_array_equal(value, before[key])
    h = encoder.predict(A)
    expected = h @ model.parameters["dense_3.kernel"] + model.parameters["dense_3.bias"]
    np.testing.assert_allclose(model.predict(A), expected, rtol=1e-5)


def test_normalization_behind_each_input_is_adapted_to_it():
    a, b = gn.Input((3,)), gn.Input((3,))
    joined = np.concatenate([Normalization()(a), Normalization()(b)], axis=1)
    model = gn.Model([a, b], Dense(2)(joined), dtype="float64")
    model.compile("sgd", "softmax_cross_entropy")
    model.fit([5 * A + 1, B], LABELS, verbose=0)
    means = [model.state[f"normalization_{i}.mean"] for i in (1, 2)]
    np.testing.assert_allclose(means[0], (5 * A + 1).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(means[1], B.mean(axis=0), rtol=1e-12, atol=1e-15)


def test_variables_keep_their_names():
    x = gn.Input((3,))
    scores = Dense(2)(x)
    gate = 1 / (1 + np.exp(-scores))
    model = gn.Model(x, gate * scores)
    text = model.source("predict")
    assert "gate = " in text
    assert "scores" in text


SUMMARY = """\
layer                     output shape   parameters
───────────────────────────────────────────────────
input                     (n, 3) and (n, 3)
dense_1: Dense(4, tanh)   (n, 4)                 16
dense_2: Dense(2)         (n, 2)                 10
───────────────────────────────────────────────────
2-layer network (the input is not counted), 26 parameters
"""


def test_summary(capsys):
    shared()[0].summary()
    assert [line.split() for line in capsys.readouterr().out.splitlines() if "─" not in line] == [
        line.split() for line in SUMMARY.splitlines() if "─" not in line
    ]
