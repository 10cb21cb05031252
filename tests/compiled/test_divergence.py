"""Training that produces NaN or infinity in compiled code: noticed, the last finite step kept, same words."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from agreement import in_python

import glassnet as gn
from glassnet import callbacks
from glassnet.errors import DivergenceError
from glassnet.layers import Dense
from glassnet.optimizers import SGD, Adam
from model.test_divergence_in_fit import CASES, LABELS, Case, X, Y, arrays_of


def absolute_root(y, scores):
    """Finite everywhere; its gradient is not where an error is 0."""
    return np.sqrt(np.abs(scores - y))


MORE = {
    "gradient": Case(
        lambda: [Dense(1, kernel_initializer="zeros")],
        lambda: SGD(0.1),
        absolute_root,
        1,
        1,
        "nan in ",
        y=np.zeros(20),
    ),
    "gradient, Adam": Case(
        lambda: [Dense(3, "tanh"), Dense(1, kernel_initializer="zeros")],
        lambda: Adam(0.1),
        absolute_root,
        1,
        1,
        "nan in ",
        y=np.zeros(20),
    ),
    "rate too high, Adam with many arrays": Case(
        lambda: [Dense(4, "relu"), Dense(4), Dense(4), Dense(1)],
        lambda: SGD(5.0),
        "squared_error",
        None,
        None,
        "",
        y=100 * Y,
    ),
}
MORE["late update"] = Case(
    lambda: [Dense(1, use_bias=False)],
    lambda: SGD(1e7),
    lambda y, scores: 1e30 * scores,
    None,
    None,
    "",
    X=np.abs(X),
)
MORE["memory"] = Case(lambda: [Dense(1)], lambda: Adam(1e-3), lambda y, scores: 1e25 * scores, None, None, "")
ALL = {**CASES, **MORE}


def diverged(case, backend, compiled=False, **options):
    model = case.model()
    model.backend = backend
    fit = {"batch_size": 6, "epochs": 50, "verbose": 0, **options}
    python = backend == "numba" and not compiled
    with in_python() if python else contextlib.nullcontext(), pytest.raises(DivergenceError) as caught:
        model.fit(case.X, case.y, **fit)
    return model, str(caught.value)


def check(case, compiled=False, **options):
    numpy, message = diverged(case, "numpy", **options)
    numba, other = diverged(case, "numba", compiled, **options)
    assert other == message
    assert (numba.step, numba.epoch) == (numpy.step, numpy.epoch)
    assert numba.history.epoch == numpy.history.epoch
    for key, losses in numpy.history.history.items():
        np.testing.assert_allclose(numba.history.history[key], losses, rtol=1e-3)
    tolerance = 1e-9 if case.dtype == "float64" else 1e-3
    found, expected = arrays_of(numba), arrays_of(numpy)
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert np.isfinite(found[key]).all()
        scale = max(float(np.abs(value).max(initial=0)), 1e-30)
        np.testing.assert_allclose(found[key] / scale, value / scale, rtol=0, atol=tolerance, err_msg=key)
    return message


@pytest.mark.parametrize("name", ALL)
def test_as_with_numpy(name):
    case = ALL[name]
    message = check(case)
    if case.step is not None:
        assert message.startswith(f"training diverged at step {case.step} (epoch {case.epoch}): {case.bad}")


@pytest.mark.parametrize("name", ["rate too high", "scores", "Adam", "statistics", "update", "gradient"])
def test_as_with_numpy_compiled(name):
    """No flag of the compiler may assume that there is no NaN."""
    check(ALL[name], compiled=True)


LISTENERS = {
    "every epoch": lambda: [callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)],
    "every batch": lambda: [callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)],
}


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("name", ["rate too high", "update", "Adam", "momentum and penalty"])
def test_whoever_looks(name, listener):
    check(ALL[name], callbacks=LISTENERS[listener]())


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 20, 100])
def test_whatever_the_batches(batch_size, shuffle):
    check(CASES["rate too high"], batch_size=batch_size, shuffle=shuffle, epochs=200)


def test_whenever_it_is_noticed(monkeypatch):
    """Looks after 1, 2, 3, ... steps find the same step, also when parameters overflow long before."""
    from glassnet.train import compiled_loop

    for seconds in (1e-9, 1e9):
        monkeypatch.setattr(compiled_loop, "LOOK", seconds)
        for name in ("update", "rate too high", "late update", "memory"):
            check(ALL[name])


def test_the_message_names_the_first_bad_value():
    case = CASES["scores"]
    _, message = diverged(case, "numba")
    assert message == case.message()


def test_training_goes_on_at_a_lower_rate():
    models = []
    for backend in ("numpy", "numba"):
        model, _ = diverged(CASES["update"], backend)
        model.optimizer.learning_rate = 1e-30
        with in_python():
            losses = model.fit(X, Y, batch_size=6, epochs=3, verbose=0).history["loss"]
        models.append((model.step, losses))
    assert models[0][0] == models[1][0] == 12
    np.testing.assert_allclose(models[1][1], models[0][1], rtol=1e-5)


def test_large_but_finite_is_no_divergence():
    model = gn.Sequential([Dense(1, use_bias=False)])
    model.compile(SGD(1e-30), lambda y, scores: 1e30 * scores, backend="numba")
    with in_python():
        losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert np.abs(losses).max() > 1e28


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_that_is_not_finite_changes_nothing(dtype):
    """Not parameters, not what the optimizer remembers, not statistics: bit for bit."""
    from glassnet.programs.compiled import CompiledProgram

    model = gn.Sequential(
        [Dense(4), gn.layers.BatchNormalization(), Dense(2, kernel_constraint="unit_norm")], dtype=dtype
    )
    model.compile(Adam(0.1, use_ema=True), "softmax_cross_entropy")
    data = model._dataset(X, LABELS, "fit()")
    model._note_data(data)
    graph = model.graph()
    with in_python():
        program = CompiledProgram(graph, 20, dtype)
        values = model._shelf.training_values(program, 0, 0)
        values.update({("argument", key): array for key, array in data.arrays().items()})
        for bad in (np.nan, np.inf):
            x = values["argument", "x"].copy()
            x[3, 1] = bad
            found = program({**values, ("argument", "x"): x})
            for place, value in found.items():
                source = ("argument", place[1]) if place[0] == "return" else place
                if source in values:
                    parts = values[source]  # of the vector of all parameters
                    before = np.concatenate(parts) if isinstance(parts, list) else parts
                    np.testing.assert_array_equal(value, before, err_msg=f"{place}")
