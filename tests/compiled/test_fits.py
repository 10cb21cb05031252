"""fit() on the backend "numba" against the same call on "numpy"; most of it run by Python, some compiled."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from agreement import in_python

import glassnet as gn
from glassnet import callbacks
from glassnet.layers import Activation, BatchNormalization, Dense, Dropout
from glassnet.optimizers import LBFGS, SGD, Adam

RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (50, 4))
LABELS = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0)
NUMBERS = np.sin(X[:, 0]) + 0.5 * X[:, 1]
WEIGHTS = RNG.random(50) * (RNG.random(50) > 0.2)


def layers_of_all_kinds():
    return [
        Dense(6, kernel_regularizer="l2", kernel_constraint=gn.constraints.MaxNorm(1.5)),
        BatchNormalization(),
        Activation("relu"),
        Dropout(0.3),
        Dense(3),
    ]


def network(
    backend, stack=None, optimizer=None, loss="softmax_cross_entropy", metrics=("accuracy",), **options
):
    model = gn.Sequential(layers_of_all_kinds() if stack is None else stack(), **options)
    model.compile(optimizer or SGD(0.1, momentum=0.9), loss, metrics=list(metrics), backend=backend)
    return model


def everything_of(model):
    """All numbers that a run leaves behind."""
    counts = np.array([model.step, model.epoch])
    return {**model.parameters, **model.state, **model._shelf.slots, "counts": counts}


def assert_close(found, expected, tolerance):
    assert list(found) == list(expected)
    for key, value in expected.items():
        scale = np.abs(value).max(initial=1e-3)
        np.testing.assert_allclose(found[key], value, rtol=0, atol=tolerance * scale, err_msg=key)


def assert_same_bits(one, other):
    a, b = everything_of(one), everything_of(other)
    assert list(a) == list(b)
    for key, value in a.items():
        np.testing.assert_array_equal(value, b[key], err_msg=key, strict=True)


TOLERANCE = {"float64": 1e-10, "float32": 3e-4}


def compare(data=(X, LABELS), dtype="float64", fit=None, compiled=False, make=network, **options):
    """Fit on both backends; the model of the backend "numba", and its history."""
    fit = {"batch_size": 16, "epochs": 3, "verbose": 0, **(fit or {})}
    models, histories = [], []
    for backend in ("numpy", "numba"):
        model = make(backend, dtype=dtype, **options)
        given = {k: v() if k == "callbacks" else v for k, v in fit.items()}
        with in_python() if backend == "numba" and not compiled else contextlib.nullcontext():
            histories.append(model.fit(*data, **given).history)
        assert model.history.params["backend"] == backend
        models.append(model)
    assert list(histories[0]) == list(histories[1])
    for name, losses in histories[0].items():
        assert_close({name: np.array(histories[1][name])}, {name: np.array(losses)}, TOLERANCE[dtype])
    assert_close(everything_of(models[1]), everything_of(models[0]), TOLERANCE[dtype])
    return models[1], histories[1]


# ------------------------------------------------------------------------------------------ options of fit
def held_out():
    return {"validation_data": (X[:20] + 0.1, LABELS[:20], WEIGHTS[:20])}


FITS = {
    "plain": {},
    "a batch that does not divide the rows": {"batch_size": 7},
    "a batch of one": {"batch_size": 1, "epochs": 2},
    "a batch of all": {"batch_size": 50},
    "a batch larger than the data": {"batch_size": 300},
    "in order": {"shuffle": False},
    "no epoch": {"epochs": 0},
    "validation": {"validation_split": 0.2},
    "validation data with weights": held_out(),
    "weights": {"sample_weight": WEIGHTS},
    "a batch without weight": {"sample_weight": np.repeat([1.0, 0.0, 2.0], [20, 16, 14]), "shuffle": False},
    "class weights": {"class_weight": {0: 1.0, 1: 0.5, 2: 2.0}},
    "balanced": {"class_weight": "balanced", "sample_weight": WEIGHTS},
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FITS)
def test_options_of_fit(name, dtype):
    stack = (lambda: [Dense(6, "tanh"), Dropout(0.3), Dense(3)]) if "one" in name else None
    compare(fit=FITS[name], dtype=dtype, stack=stack)


@pytest.mark.parametrize(
    "name", ["plain", "validation data with weights", "a batch that does not divide the rows"]
)
def test_options_of_fit_compiled(name):
    model, _ = compare(fit=FITS[name], dtype="float64", compiled=True)
    reference = network("numpy", dtype="float64")
    reference.fit(X, LABELS, verbose=0, **{"batch_size": 16, "epochs": 3, **FITS[name]})
    np.testing.assert_allclose(model.predict(X), reference.predict(X), rtol=0, atol=1e-10)
    found, expected = (
        model.evaluate(X, LABELS, sample_weight=WEIGHTS),
        reference.evaluate(X, LABELS, sample_weight=WEIGHTS),
    )
    assert found == pytest.approx(expected, rel=1e-10)


LOSSES = {
    "regression": ("squared_error", 1, NUMBERS),
    "summed": (gn.losses.SumOfSquares(), 1, NUMBERS),
    "binary": ("binary_cross_entropy", 1, (NUMBERS > 0).astype(int)),
    "distributions": ("softmax_cross_entropy", 3, np.eye(3)[LABELS] * 0.9 + 0.1 / 3),
    "one's own": (lambda y, scores: np.abs(scores - y) ** 1.5, 1, NUMBERS),
}


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, weights):
    loss, units, y = LOSSES[name]
    compare(
        (X, y),
        fit={"sample_weight": weights, "validation_split": 0.2},
        stack=lambda: [Dense(5, "tanh"), Dense(units)],
        optimizer=SGD(1e-3),
        loss=loss,
        metrics=(),
    )


def test_lbfgs():
    """SciPy chooses the steps; after the first ones it may choose others for the last bit of a loss."""
    compare(fit={"epochs": 5}, stack=lambda: [Dense(3)], optimizer=LBFGS(), metrics=())


def test_an_average_of_the_parameters():
    compare(optimizer=Adam(0.01, use_ema=True, ema_momentum=0.9), stack=lambda: [Dense(5, "tanh"), Dense(3)])


def test_a_functional_model_with_two_inputs():
    def make(backend, dtype):
        a, b = gn.Input((4,)), gn.Input((2, 3))
        h = np.concatenate([Dense(4, "tanh")(a), Dense(2)(b).reshape(-1, 4)], axis=1)
        model = gn.Model([a, b], Dense(3)(h), dtype=dtype)
        model.compile(SGD(0.1), "softmax_cross_entropy", metrics=["accuracy"], backend=backend)
        return model

    data = ([X, np.random.default_rng(1).normal(0, 1, (50, 2, 3))], LABELS)
    compare(data, make=make, fit={"validation_split": 0.2})


# ------------------------------------------------------------------------------------------ kinds of arrays
PIXELS = RNG.integers(0, 255, (50, 4))
KINDS = {
    "uint8": lambda path: PIXELS.astype(np.uint8),
    "int64": lambda path: PIXELS,
    "bool": lambda path: PIXELS > 100,
    "float16": lambda path: X.astype(np.float16),
    "float32": lambda path: X.astype(np.float32),
    "float64": lambda path: X,
    "big endian": lambda path: X.astype(">f8"),
    "Fortran": lambda path: np.asfortranarray(X),
    "strided": lambda path: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda path: X[::-1, ::-1],
    "rows of a view": lambda path: np.hstack([X, X])[:, 2:6],
    "read-only": lambda path: read_only(X),
    "memory map": lambda path: mapped(path, X),
    "memory map of uint8, Fortran": lambda path: mapped(path, np.asfortranarray(PIXELS.astype(np.uint8))),
}


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def mapped(path, array):
    np.save(path / "X.npy", array)
    return np.load(path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_arrays(name, tmp_path):
    given = KINDS[name](tmp_path)
    before = np.array(given)
    model, history = compare(
        (given, LABELS), stack=lambda: [gn.layers.Rescaling(0.01), Dense(5, "tanh"), Dense(3)]
    )
    plain = network("numba", lambda: [gn.layers.Rescaling(0.01), Dense(5, "tanh"), Dense(3)], dtype="float64")
    with in_python():
        again = plain.fit(
            np.ascontiguousarray(before, float), LABELS, batch_size=16, epochs=3, verbose=0
        ).history
        np.testing.assert_array_equal(model.predict(given), plain.predict(before.astype(float)))
    assert again == history
    assert_same_bits(model, plain)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("name", ["uint8", "Fortran", "memory map of uint8, Fortran", "reversed", "float16"])
def test_kinds_of_arrays_compiled(name, tmp_path):
    """The kernel that gathers rows is compiled, whatever the type: one program for all."""
    stack = lambda: [gn.layers.Rescaling(0.01), Dense(5, "tanh"), Dense(3)]  # noqa: E731
    compare((KINDS[name](tmp_path), LABELS), stack=stack, compiled=True)


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64, np.float32, bool])
def test_kinds_of_targets(kind):
    y = (LABELS > 0).astype(kind)
    compare((X, y), stack=lambda: [Dense(3, "tanh"), Dense(2)])


# ------------------------------------------------------------------------------------------ callbacks
class Diary(callbacks.Callback):
    """Writes down what it hears."""

    def __init__(self):
        super().__init__()
        self.pages = []

    def on_epoch_begin(self, epoch, logs=None):
        self.pages.append(("epoch", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.pages.append(("end", epoch, sorted(logs)))


class BatchDiary(Diary):
    def on_train_batch_begin(self, batch, logs=None):
        self.pages.append(("batch", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.pages.append(("batch end", batch, round(logs["loss"], 6)))


@pytest.mark.parametrize("diary", [Diary, BatchDiary])
def test_callbacks_hear_the_same(diary):
    pages = []

    def listen():
        pages.append(diary())
        return [pages[-1]]

    compare(fit={"callbacks": listen, "validation_split": 0.2})
    assert pages[0].pages == pages[1].pages


def lower_rate():
    def change(epoch, logs):
        optimizer.model.optimizer.learning_rate = 0.1 / (epoch + 2)

    optimizer = callbacks.LambdaCallback(on_epoch_end=change)
    return [optimizer]


def halve_weights():
    def change(epoch, logs):
        model = listener.model
        model.set_parameters({key: value / 2 for key, value in model.parameters.items()})

    listener = callbacks.LambdaCallback(on_epoch_end=change)
    return [listener]


def stop_after_two():
    def stop(epoch, logs):
        listener.model.stop_training = epoch == 1

    listener = callbacks.LambdaCallback(on_epoch_end=stop)
    return [listener]


def freeze_rate_at_a_batch():
    def change(batch, logs):
        if batch == 1:
            listener.model.optimizer.learning_rate = 0.01

    listener = callbacks.LambdaCallback(on_train_batch_end=change)
    return [listener]


CHANGES = {
    "a lower rate": lower_rate,
    "other weights": halve_weights,
    "stop_training": stop_after_two,
    "a rate at a batch": freeze_rate_at_a_batch,
    "EarlyStopping": lambda: [
        callbacks.EarlyStopping(patience=1, restore_best_weights=True, monitor="val_loss", min_delta=0.02)
    ],
    "LearningRateScheduler": lambda: [callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
    "ReduceLROnPlateau": lambda: [callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1)],
}


@pytest.mark.parametrize("name", CHANGES)
def test_callbacks_that_change_training(name):
    model, history = compare(fit={"callbacks": CHANGES[name], "validation_split": 0.2, "epochs": 6})
    assert len(history["loss"]) == model.epoch or "Early" in name
    if name == "stop_training":
        assert model.epoch == 2


def test_an_interrupt_keeps_the_state_reached():
    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    models = [network(backend, dtype="float64") for backend in ("numpy", "numba")]
    for model in models:
        listener = callbacks.LambdaCallback(on_epoch_end=interrupt)
        with in_python(), pytest.raises(KeyboardInterrupt):
            model.fit(X, LABELS, batch_size=16, epochs=5, verbose=0, callbacks=[listener])
    assert models[1].step == 8
    assert_close(everything_of(models[1]), everything_of(models[0]), 1e-10)


# ------------------------------------------------------------------------------------------ going on
def test_a_second_fit_goes_on():
    """Two epochs and three are five: the same bits."""
    once, twice = network("numba"), network("numba")
    with in_python():
        whole = once.fit(X, LABELS, batch_size=16, epochs=5, verbose=0).history
        parts = [twice.fit(X, LABELS, batch_size=16, epochs=n, verbose=0).history for n in (2, 3)]
    assert {name: parts[0][name] + parts[1][name] for name in whole} == whole
    assert_same_bits(once, twice)


def test_after_a_pickle_it_goes_on():
    once, other = network("numba"), network("numba")
    with in_python():
        once.fit(X, LABELS, batch_size=16, epochs=4, verbose=0)
        other.fit(X, LABELS, batch_size=16, epochs=2, verbose=0)
        other = pickle.loads(pickle.dumps(other))
        other.fit(X, LABELS, batch_size=16, epochs=2, verbose=0)
    assert_same_bits(once, other)


def test_the_backends_may_change_between_fits():
    mixed, plain = network("numpy", dtype="float64"), network("numpy", dtype="float64")
    plain.fit(X, LABELS, batch_size=16, epochs=4, verbose=0)
    with in_python():
        for backend in ("numpy", "numba", "numpy", "numba"):
            mixed.backend = backend
            mixed.fit(X, LABELS, batch_size=16, epochs=1, verbose=0)
    assert_close(everything_of(mixed), everything_of(plain), 1e-10)


def test_looking_at_a_model_changes_nothing():
    once, watched = network("numba"), network("numba")
    with in_python():
        once.fit(X, LABELS, batch_size=16, epochs=2, verbose=0)
        for _ in range(2):
            for model_looks in (watched.predict, lambda x: watched.evaluate(x, LABELS)):
                model_looks(X) if watched.built else None
            watched.fit(X, LABELS, batch_size=16, epochs=1, verbose=0)
            watched.gradients(X, LABELS, training=True)
            watched.source()
    assert_same_bits(once, watched)


def test_layers_can_be_frozen_between_fits():
    def make(backend, dtype):
        model = network(backend, dtype=dtype)
        model.fit(X, LABELS, batch_size=16, epochs=1, verbose=0)
        model.layers[0].trainable = False
        return model

    with in_python():
        compare(make=make)


def test_other_rates_and_strengths_need_no_other_program():
    """What runs is the same compiled module: rates, strengths and limits are inputs of it."""
    dense = Dense(6, kernel_regularizer=gn.regularizers.L2(0.1), kernel_constraint=gn.constraints.MaxNorm(2))
    dropout = Dropout(0.3)
    model = network("numba", lambda: [dense, dropout, Dense(3)])
    model.fit(X, LABELS, batch_size=16, verbose=0)
    (before,) = model._shelf.compiled_programs.values()
    compilations = len(before.module.train.signatures)
    model.optimizer.learning_rate, dropout.rate = 0.01, 0.1
    dense.kernel_regularizer.l2, dense.kernel_constraint.max_value = 0.5, 1.0
    parameters = {key: value.copy() for key, value in model.parameters.items()}
    model.fit(X, LABELS, batch_size=16, verbose=0)
    (after,) = model._shelf.compiled_programs.values()
    assert after is before
    assert len(after.module.train.signatures) == compilations == 1
    assert np.linalg.norm(model.parameters["dense_1.kernel"], axis=0).max() <= 1 + 1e-6
    assert any((model.parameters[key] != value).any() for key, value in parameters.items())


# ------------------------------------------------------------------------------------------ determinism
def test_two_runs_are_equal_compiled():
    models = [network("numba") for _ in range(2)]
    histories = [m.fit(X, LABELS, batch_size=16, epochs=5, verbose=0).history for m in models]
    assert histories[0] == histories[1]
    assert_same_bits(*models)


PROCESS = """
import hashlib, sys
sys.path[:0] = {path!r}
from test_fits import LABELS, X, everything_of, network
model = network("numba")
history = model.fit(X, LABELS, batch_size=16, epochs=5, verbose=0).history
digest = hashlib.sha256(repr(history).encode())
for key, value in everything_of(model).items():
    digest.update(key.encode() + value.tobytes())
print(digest.hexdigest())
"""


def test_two_processes_are_equal_compiled():
    script = PROCESS.format(path=sys.path)
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        for _ in "ab"
    ]
    assert len(runs[0].stdout) == 65
    assert runs[0].stdout == runs[1].stdout


def test_the_kernels_of_python_and_machine_code_choose_the_same_order():
    """With the same order and masks, float64 runs differ by rounding alone, after many epochs too."""
    compiled, plain = network("numba", dtype="float64"), network("numpy", dtype="float64")
    for model in (compiled, plain):
        model.fit(X, LABELS, batch_size=7, epochs=30, verbose=0)
    assert_close(everything_of(compiled), everything_of(plain), 1e-8)


def test_threads_change_no_bit_compiled():
    """The parts of the work are fixed, whoever computes them; and NumPy's numbers but for rounding."""
    X, y = np.random.default_rng(2).normal(0, 1, (200, 20)), np.arange(200) % 3
    stack = lambda: [Dense(40, "relu"), BatchNormalization(), Dropout(0.2), Dense(3)]  # noqa: E731
    models = [network(backend, stack, dtype="float64") for backend in ("numba", "numba", "numpy")]
    for model in models:
        model.fit(X, y, batch_size=64, epochs=4, verbose=0, threads=None if model.backend == "numpy" else 2)
    assert models[0].history.params["threads"] == 2
    assert_same_bits(models[0], models[1])
    assert models[0].history.history == models[1].history.history
    assert_close(everything_of(models[0]), everything_of(models[2]), 1e-9)
