"""Callbacks inside fit: the order of calls, what they see, what they may change, and what survives them."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.callbacks import Callback, EarlyStopping, LambdaCallback
from glassnet.layers import Dense
from glassnet.train.history import format_number

RNG = np.random.default_rng(0)
X, Y = RNG.normal(0, 1, (10, 3)), RNG.normal(0, 1, 10)


def compiled(optimizer="sgd", layers=None):
    model = gn.Sequential(layers or [Dense(4, "tanh"), Dense(1)], dtype="float64")
    model.compile(optimizer, "squared_error", ["mae"])
    return model


def same_parameters(one, other):
    return all(np.array_equal(one.parameters[key], value) for key, value in other.parameters.items())


class Diary(Callback):
    """Writes down every call."""

    def __init__(self, name=""):
        self.name, self.calls = name, []

    def write(self, moment, logs, number=None):
        self.calls.append((self.name + moment, number, tuple(logs or ())))

    def on_train_begin(self, logs=None):
        self.write("train begin", logs)

    def on_train_end(self, logs=None):
        self.write("train end", logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.write("epoch begin", logs, epoch)

    def on_epoch_end(self, epoch, logs=None):
        self.write("epoch end", logs, epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self.write("batch begin", logs, batch)

    def on_train_batch_end(self, batch, logs=None):
        self.write("batch end", logs, batch)

    def close(self):
        self.write("close", None)


EPOCH_LOGS, BATCH_LOGS = (
    ("loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"),
    (
        "loss",
        "mean_absolute_error",
    ),
)


def test_order_of_calls_and_their_logs():
    diary = Diary()
    compiled().fit(X, Y, 6, epochs=2, validation_data=(X, Y), callbacks=[diary], verbose=0)
    epoch = [
        [
            ("epoch begin", i, ()),
            ("batch begin", 0, ()),
            ("batch end", 0, BATCH_LOGS),
            ("batch begin", 1, ()),
            ("batch end", 1, BATCH_LOGS),
            ("epoch end", i, EPOCH_LOGS),
        ]
        for i in (0, 1)
    ]
    ends = [("train end", None, ()), ("close", None, ())]
    assert diary.calls == [("train begin", None, ()), *epoch[0], *epoch[1], *ends]


def test_callbacks_are_called_in_their_order():
    calls = []
    callbacks = [
        LambdaCallback(on_epoch_end=lambda epoch, logs, name=name: calls.append((name, epoch)))
        for name in "ab"
    ]
    compiled().fit(X, Y, epochs=2, callbacks=callbacks, verbose=0)
    assert calls == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_a_single_callback_needs_no_list():
    diary = Diary()
    compiled().fit(X, Y, callbacks=diary, verbose=0)
    assert len(diary.calls) == 7


@pytest.mark.parametrize("watched", [True, False])
def test_watching_batches_changes_nothing(watched):
    model, alone = compiled("adam"), compiled("adam")
    model.fit(X, Y, 3, epochs=3, callbacks=[Diary()] if watched else None, verbose=0)
    alone.fit(X, Y, 3, epochs=3, verbose=0)
    assert same_parameters(model, alone)


def test_what_a_callback_sees_at_the_end_of_an_epoch():
    seen = []

    def look(epoch, logs):
        found = model.evaluate(X, Y)
        seen.append((model.step, model.epoch, found["loss"] == logs["val_loss"], len(model.history.epoch)))

    model = compiled()
    callback = LambdaCallback(on_epoch_end=look)
    model.fit(X, Y, 4, epochs=3, validation_data=(X, Y), callbacks=[callback], verbose=0)
    assert seen == [(3, 1, True, 1), (6, 2, True, 2), (9, 3, True, 3)]


def test_params_and_model_are_given():
    callback = Callback()
    model = compiled()
    model.fit(X, Y, 4, epochs=3, callbacks=[callback], verbose=0)
    assert callback.model is model
    assert {name: callback.params[name] for name in ("epochs", "steps", "batch_size")} == {
        "epochs": 3,
        "steps": 3,
        "batch_size": 4,
    }


def test_stop_training():
    def stop(epoch, logs):
        model.stop_training = epoch == 1

    model = compiled()
    history = model.fit(X, Y, epochs=9, callbacks=[LambdaCallback(on_epoch_end=stop)], verbose=0)
    assert history.epoch == [0, 1]
    assert model.epoch == 2
    assert len(model.fit(X, Y, epochs=3, verbose=0).epoch) == 3  # the next fit is not stopped


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_parameters_set_by_a_callback_are_trained_on(optimizer):
    kernel = np.full((3, 4), 0.25)

    def reset(epoch, logs):
        if epoch == 0:
            model.set_parameters({"dense_1.kernel": kernel})

    model, by_hand = compiled(optimizer), compiled(optimizer)
    model.fit(X, Y, 4, epochs=2, callbacks=[LambdaCallback(on_epoch_end=reset)], verbose=0)
    by_hand.fit(X, Y, 4, verbose=0)
    by_hand.set_parameters({"dense_1.kernel": kernel})
    by_hand.fit(X, Y, 4, verbose=0)
    assert same_parameters(model, by_hand)


class StopHereError(Exception):
    """Raised by a callback."""


@pytest.mark.parametrize("error", [StopHereError, KeyboardInterrupt])
@pytest.mark.parametrize("moment", ["on_epoch_end", "on_train_batch_end"])
def test_an_exception_leaves_the_model_at_the_step_reached(moment, error):
    """After the second batch of the second epoch, or at the end of that epoch."""

    def fail(number, logs):
        calls.append(number)
        if len(calls) == (5 if moment == "on_train_batch_end" else 2):
            raise error

    calls, diary = [], Diary()
    model, alone = compiled("adam"), compiled("adam")
    with pytest.raises(error):
        model.fit(X, Y, 4, epochs=9, callbacks=[diary, LambdaCallback(**{moment: fail})], verbose=0)
    assert diary.calls[-1][0] == "close"
    alone.fit(X, Y, 4, verbose=0)
    if moment == "on_epoch_end":
        alone.fit(X, Y, 4, verbose=0)
    else:
        order = gn.random.shuffle(0, 1, 10)
        alone.fit(X[order[:8]], Y[order[:8]], 4, shuffle=False, verbose=0)
    assert model.step == alone.step
    assert same_parameters(model, alone)


# ------------------------------------------------------------------------------------------ early stopping
def overfitting():
    """Ten examples and a network that soon knows them by heart, so that the held-out loss rises."""
    model = gn.Sequential([Dense(30, "tanh"), Dense(1)], dtype="float64")
    model.compile(gn.optimizers.Adam(0.05), "squared_error")
    return model, {"validation_data": (X + 0.7, -Y), "epochs": 60, "verbose": 0}


def test_early_stopping_restores_the_best_epoch():
    model, options = overfitting()
    stop = EarlyStopping(patience=3, restore_best_weights=True)
    losses = model.fit(X, Y, callbacks=[stop], **options).history["val_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 4 < 60
    assert (stop.best_epoch, stop.stopped_epoch) == (best, best + 3)
    assert model.evaluate(X + 0.7, -Y)["loss"] == losses[best]
    again, options = overfitting()
    again.fit(X, Y, **{**options, "epochs": best + 1})
    assert same_parameters(model, again)


def test_without_restoring_the_last_epoch_stays():
    model, options = overfitting()
    losses = model.fit(X, Y, callbacks=[EarlyStopping(patience=3)], **options).history["val_loss"]
    assert model.evaluate(X + 0.7, -Y)["loss"] == losses[-1] > min(losses)


def test_early_stopping_restores_statistics_too():
    layers = [Dense(30, "tanh"), gn.layers.BatchNormalization(), Dense(1)]
    model = compiled(gn.optimizers.Adam(0.05), layers)
    _, options = overfitting()
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    losses = model.fit(X, Y, callbacks=[stop], **options).history["val_loss"]
    assert model.evaluate(X + 0.7, -Y)["loss"] == min(losses)


def test_a_monitor_that_is_not_reported():
    message = (
        "EarlyStopping watches 'val_loss', which this fit does not report.\n"
        "It reports 'loss' and 'mean_absolute_error'.\n"
        "Pass validation_data or validation_split to fit()."
    )
    with pytest.raises(gn.errors.InputError) as caught:
        compiled().fit(X, Y, callbacks=[EarlyStopping()], verbose=0)
    assert str(caught.value) == message


# ------------------------------------------------------------------------------------------ what is shown
def test_silence(capsys):
    compiled().fit(X, Y, epochs=2, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_a_line_per_epoch(capsys):
    history = compiled().fit(X, Y, epochs=2, verbose=2).history
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["epoch", "loss", "mean_absolute_error", "time"]
    assert [row[:3] for row in rows[1:]] == [
        [f"{i + 1}/2", format_number(loss), format_number(error)]
        for i, (loss, error) in enumerate(zip(*history.values(), strict=True))
    ]
