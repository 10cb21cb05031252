"""What a model offers, method by method."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import BatchNormalization, Dense, Dropout
from glassnet.model import LossValue
from glassnet.random import shuffle

RNG = np.random.default_rng(0)
X, LABELS, NUMBERS = RNG.normal(0, 1, (23, 4)), RNG.integers(0, 3, 23), RNG.normal(0, 1, 23)


def classifier(dtype="float64", **options):
    model = gn.Sequential([Dense(5, "tanh", kernel_regularizer="l2"), Dropout(0.3), Dense(3)], dtype=dtype)
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy", ["accuracy"], **options)
    return model


def copies(arrays):
    return {key: array.copy() for key, array in arrays.items()}


# ------------------------------------------------------------------------------------------ fit
@pytest.mark.parametrize(
    "batch_size, sizes", [(23, [23]), (8, [8, 8, 7]), (22, [22, 1]), (1, [1] * 23), (99, [23])]
)
def test_an_epoch_is_its_batches_one_by_one(batch_size, sizes):
    """The last short batch is used, and the epoch's loss is the mean over the examples."""
    model, by_hand = classifier(), classifier()
    history = model.fit(X, LABELS, batch_size=batch_size, verbose=0)
    order, losses = shuffle(0, 0, 23), []
    for i, size in enumerate(sizes):
        rows, order = order[:size], order[size:]
        losses.append(sum(by_hand.loss(X[rows], LABELS[rows], training=True)) * size)
        by_hand.fit(X[rows], LABELS[rows], batch_size=size, shuffle=False, verbose=0)
        assert by_hand.step == i + 1
    assert (model.step, history.params["steps"]) == (len(sizes), len(sizes))
    assert history.history["loss"][0] == pytest.approx(sum(losses) / 23, rel=1e-14)
    for key, value in by_hand.parameters.items():
        np.testing.assert_array_equal(model.parameters[key], value)


def test_what_fit_returns():
    model = classifier()
    history = model.fit(X, LABELS, batch_size=8, epochs=3, validation_data=(X, LABELS), verbose=0)
    assert model.history is history
    assert history.epoch == [0, 1, 2]
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert {len(values) for values in history.history.values()} == {3}
    assert (history.params["epochs"], history.params["batch_size"]) == (3, 8)
    held_out = model.evaluate(X, LABELS)
    assert (history.history["val_loss"][-1], history.history["val_accuracy"][-1]) == tuple(held_out.values())


def test_no_epochs():
    model = classifier()
    assert model.fit(X, LABELS, epochs=0, verbose=0).history == {}
    assert model.step == 0
    assert model.predict(X).shape == (23, 3)


def test_training_learns():
    model = gn.Sequential([Dense(16, "tanh"), Dense(1)])
    model.compile(gn.optimizers.Adam(0.02), "squared_error")
    losses = model.fit(X, X[:, 0] * X[:, 1], batch_size=8, epochs=300, verbose=0).history["loss"]
    assert losses[-1] < 0.01 * losses[0]


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_data(n, task):
    model = task.model()
    history = model.fit(task.X[:n], task.y[:n], epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert model.step == 2
    assert len(model.predict(task.X[:n])) == n


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


FORMS = {
    "list": lambda X: X.tolist(),
    "Fortran order": np.asfortranarray,
    "every other row of more": lambda X: np.repeat(X, 2, axis=0)[::2],
    "backwards": lambda X: X[::-1].copy()[::-1],
    "read only": read_only,
    "big-endian": lambda X: X.astype(">f8"),
    "integers": lambda X: X.astype(np.int16),
    "float16": lambda X: X.astype(np.float16),
    "objects": lambda X: X.astype(object),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_data_gives_the_same_run(form):
    whole = np.round(4 * X)
    given, kept = FORMS[form](whole), whole.copy()
    models = [classifier("float32"), classifier("float32")]
    losses = [
        model.fit(
            data, FORMS[form](LABELS) if form in ("list", "objects", "read only") else LABELS, verbose=0
        )
        for model, data in zip(models, (whole, given), strict=True)
    ]
    assert losses[0].history == losses[1].history
    np.testing.assert_array_equal(models[0].predict(whole), models[1].predict(given))
    np.testing.assert_array_equal(np.asarray(given, float), kept)


# ------------------------------------------------------------------------------------------ predict, evaluate
@pytest.mark.parametrize("batch_size", [1, 7, 23, 1000])
def test_batches_of_a_prediction_do_not_show(batch_size):
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    np.testing.assert_allclose(model.predict(X, batch_size=batch_size), model.predict(X), rtol=1e-14)
    found, whole = model.evaluate(X, LABELS, batch_size=batch_size), model.evaluate(X, LABELS)
    np.testing.assert_allclose(list(found.values()), list(whole.values()), rtol=1e-13)


@pytest.mark.parametrize("loss", ["squared_error", "sum_of_squares"])
def test_evaluate_reduces_as_the_loss_does(loss):
    model = gn.Sequential([Dense(1)], dtype="float64")
    model.compile("sgd", loss)
    errors = (model.predict(X)[:, 0] - NUMBERS) ** 2
    expected = errors.mean() if loss == "squared_error" else errors.sum()
    for batch_size in (5, 100):
        assert model.evaluate(X, NUMBERS, batch_size=batch_size)["loss"] == pytest.approx(expected, rel=1e-13)


def test_predict_loss_and_evaluate_agree():
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    scores = model.predict(X)
    value = model.loss(X, LABELS)
    assert isinstance(value, LossValue)
    expected = gn.losses.softmax_cross_entropy(LABELS, scores).mean()
    assert value.data == pytest.approx(expected, rel=1e-14)
    assert value.penalty == pytest.approx(0.01 * (model.parameters["dense_1.kernel"] ** 2).sum(), rel=1e-14)
    found = model.evaluate(X, LABELS)
    assert found["loss"] == value.data + value.penalty
    assert found["accuracy"] == pytest.approx((scores.argmax(axis=1) == LABELS).mean(), rel=1e-15)
    np.testing.assert_array_equal(model(X), scores)


def test_gradients_have_the_keys_and_shapes_of_the_parameters():
    model = classifier()
    gradients = model.gradients(X, LABELS)
    assert {key: g.shape for key, g in gradients.items()} == {k: p.shape for k, p in model.parameters.items()}
    assert gn.check_gradients(model, X, LABELS).passed
    assert gn.check_gradients(model, X, LABELS, sample_weight=np.arange(23.0), training=False).passed


# ------------------------------------------------------------------------------------------ parameters
def test_set_parameters():
    model = gn.Sequential([Dense(2), BatchNormalization()])
    model.build((None, 3))
    before = copies({**model.parameters, **model.state})
    kernel = np.arange(6.0).reshape(3, 2)
    changes = {"dense_1.kernel": kernel, "batch_normalization_1.moving_mean": [1, 2]}
    model.set_parameters(changes)
    for key, value in {**model.parameters, **model.state}.items():
        np.testing.assert_array_equal(value, changes.get(key, before[key]))
        assert value.dtype == np.float32
    kernel[:] = 7  # the model has a copy
    assert model.parameters["dense_1.kernel"][0, 1] == 1


def test_parameters_are_handed_over_between_models():
    one, other = classifier(), classifier()
    one.fit(X, LABELS, epochs=2, verbose=0)
    other.build((None, 4))
    other.set_parameters(one.parameters)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize("sizes, count, depth", [((3, 4, 2), 26, 2), ((3, 4, 4, 1), 41, 3), ((1, 1), 2, 1)])
def test_counting_does_not_count_the_input(sizes, count, depth, capsys):
    model = gn.Sequential([Dense(size) for size in sizes[1:]])
    model.build((None, sizes[0]))
    assert model.count_params() == count
    model.summary()
    assert f"{depth}-layer network (the input is not counted), {count} parameters" in capsys.readouterr().out


def test_astype_there_and_back():
    model = classifier("float32")
    model.fit(X, LABELS, verbose=0)
    before = copies(model.parameters)
    narrow = model.predict(X)
    assert model.astype("float64") is model
    wide = model.predict(X)
    assert (narrow.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(wide, narrow, rtol=1e-4, atol=1e-6)
    assert (wide != narrow).any()
    model.astype("float32")
    for key, value in model.parameters.items():
        np.testing.assert_array_equal(value, before[key], strict=True)


def test_astype_before_building():
    model = classifier("float32").astype("float64")
    assert model.predict(X).dtype == np.float64


# ------------------------------------------------------------------------------------------ texts
SUMMARY = """\
layer                                       output shape   parameters
─────────────────────────────────────────────────────────────────────
input                                       (n, 4)
dense_1: Dense(5, relu)                     (n, 5)                 25
batch_normalization_1: BatchNormalization   (n, 5)                 20
last: Dense(3, no bias)                     (n, 3)                 15
─────────────────────────────────────────────────────────────────────
2-layer network (the input is not counted), 50 parameters, 10 numbers that are not trained
"""


def test_summary(capsys):
    layers = [Dense(5, "relu"), BatchNormalization(), Dense(3, use_bias=False, name="last")]
    model = gn.Sequential(layers)
    model.build((None, 4))
    model.summary()
    assert capsys.readouterr().out == SUMMARY


def test_summary_before_building(capsys):
    gn.Sequential([Dense(5)]).summary()
    text = capsys.readouterr().out
    assert text.splitlines()[2].split() == ["Dense(5)", "?", "?"]
    assert text.endswith("not built yet: the parameters are created when the input shape is known\n")


FIRST_LINE = '# Printed by glassnet, backend "numpy": this text is what runs.\n'
RUNS = {
    "train": "def train_step(",
    "predict": "def predict(",
    "loss": "def loss(",
    "gradients": "def gradients(",
}


@pytest.mark.parametrize("kind", RUNS)
def test_source_says_what_runs(kind, task):
    model = task.model()
    model.build((None, 4))
    before_fit = model.source(kind)
    assert before_fit.startswith(FIRST_LINE)
    assert RUNS[kind] in before_fit
    assert "glassnet" not in before_fit[len(FIRST_LINE) :]
    model.fit(task.X, task.y, verbose=0)
    assert model.source(kind) == model.source(kind, backend="numpy") == before_fit


def test_the_text_is_what_runs():
    model = classifier("float32")
    model.fit(X, LABELS, verbose=0)
    program = {}
    exec(model.source("predict"), program)
    by_text = program["predict"](X.astype(np.float32), *model.parameters.values())
    np.testing.assert_array_equal(by_text, model.predict(X), strict=True)
    assert isinstance(model.graph("predict"), gn.Graph)
