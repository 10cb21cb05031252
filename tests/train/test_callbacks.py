"""The callback protocol, and early stopping as Keras does it, without a model."""

from __future__ import annotations

import math

import pytest

from glassnet.errors import GlassnetError, InputError, InputTypeError
from glassnet.train.callbacks import Callback, CallbackList, EarlyStopping, LambdaCallback

nan = math.nan


class FakeModel:
    """Counts its parameters up, once per epoch."""

    def __init__(self):
        self.stop_training = False
        self.parameters = -1

    def get_snapshot(self):
        return {"parameters": self.parameters}

    def set_snapshot(self, snapshot):
        self.parameters = snapshot["parameters"]


class Recorder(Callback):
    def __init__(self, name="", events=None):
        self.name, self.events = name, [] if events is None else events

    def on_train_begin(self, logs=None):
        self.events.append((self.name, "train begin", logs))

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append((self.name, "epoch begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.events.append((self.name, "epoch end", epoch, logs))

    def on_train_end(self, logs=None):
        self.events.append((self.name, "train end", logs))

    def close(self):
        self.events.append((self.name, "close"))


class BatchRecorder(Recorder):
    def on_train_batch_begin(self, batch, logs=None):
        self.events.append((self.name, "batch begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.events.append((self.name, "batch end", batch, logs))


def run(callback, values, monitor="val_loss", model=None):
    """A fit whose monitored number takes these values; parameters are the epoch's number."""
    model = model or FakeModel()
    model.stop_training = False
    callbacks = CallbackList([callback], model)
    callbacks.on_train_begin()
    for epoch, value in enumerate(values):
        model.parameters = epoch
        callbacks.on_epoch_end(epoch, {"loss": 0.0, monitor: value})
        if model.stop_training:
            break
    callbacks.on_train_end()
    return model


def test_the_list_forwards_everything_in_order():
    events = []
    model = FakeModel()
    first, second = BatchRecorder("a", events), BatchRecorder("b", events)
    with CallbackList([first, second], model, {"epochs": 2}) as callbacks:
        callbacks.on_train_begin({})
        callbacks.on_epoch_begin(0)
        callbacks.on_train_batch_begin(0)
        callbacks.on_train_batch_end(0, {"loss": 1.0})
        callbacks.on_epoch_end(0, {"loss": 2.0})
        callbacks.on_train_end({"loss": 2.0})
    expected = [
        ("train begin", {}), ("epoch begin", 0), ("batch begin", 0), ("batch end", 0, {"loss": 1.0}),
        ("epoch end", 0, {"loss": 2.0}), ("train end", {"loss": 2.0}), ("close",),
    ]  # fmt: skip
    assert events == [(name, *event) for event in expected for name in "ab"]
    assert first.model is second.model is model
    assert first.params == {"epochs": 2}


def test_the_list_closes_when_training_fails():
    recorder = Recorder()

    def fit():
        with CallbackList([recorder], FakeModel()):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit()
    assert recorder.events == [("", "close")]


def test_the_base_does_nothing():
    callback = Callback()
    for hook in (callback.on_train_begin, callback.on_train_end, callback.close):
        assert hook() is None
    for hook in (callback.on_epoch_begin, callback.on_epoch_end):
        assert hook(0) is None
    for hook in (callback.on_train_batch_begin, callback.on_train_batch_end):
        assert hook(0) is None


@pytest.mark.parametrize(
    "callbacks, wanted",
    [
        (None, False),
        ([], False),
        ([Callback(), Recorder(), EarlyStopping()], False),
        ([Recorder(), BatchRecorder()], True),
        (LambdaCallback(on_epoch_end=print), False),
        (LambdaCallback(on_train_batch_begin=print), True),
        (LambdaCallback(on_train_batch_end=print), True),
    ],
)
def test_batches_are_only_reported_to_those_who_look(callbacks, wanted):
    assert CallbackList(callbacks, FakeModel()).wants_batches is wanted


def test_lambda_callback_calls_its_functions():
    events = []
    hooks = {
        name: lambda *arguments, name=name: events.append((name, *arguments))
        for name in ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end")
    }
    callbacks = CallbackList(LambdaCallback(**hooks), FakeModel())
    callbacks.on_train_begin({})
    callbacks.on_epoch_begin(3, {})
    callbacks.on_epoch_end(3, {"loss": 1.0})
    callbacks.on_train_end({})
    assert events == [
        ("on_train_begin", {}), ("on_epoch_begin", 3, {}), ("on_epoch_end", 3, {"loss": 1.0}),
        ("on_train_end", {}),
    ]  # fmt: skip


CLASS = "fit() needs an object of it.\nWrite EarlyStopping(), with parentheses."
FUNCTION = "fit() needs callbacks.\nSay when it should run: LambdaCallback(on_epoch_end=...)."
OBJECT = "fit() needs callbacks.\nSubclass glassnet.callbacks.Callback, or use LambdaCallback."


@pytest.mark.parametrize(
    "callbacks, first, rest",
    [
        ([EarlyStopping], "callbacks has the class EarlyStopping.", CLASS),
        (EarlyStopping, "callbacks has the class EarlyStopping.", CLASS),
        ([print], "callbacks has a builtin_function_or_method.", FUNCTION),
        (run, "callbacks has a function.", FUNCTION),
        (["early_stopping"], "callbacks has a str: 'early_stopping'.", OBJECT),
        ("early_stopping", "callbacks has a str: 'e'.", OBJECT),
        (5, "callbacks has an int: 5.", OBJECT),
    ],
)
def test_things_that_are_no_callbacks(callbacks, first, rest):
    with pytest.raises(InputTypeError) as caught:
        CallbackList(callbacks, FakeModel())
    assert str(caught.value) == f"{first}\n{rest}"


def test_lambda_callback_needs_functions():
    with pytest.raises(InputTypeError) as caught:
        LambdaCallback(on_epoch_end="print")
    assert str(caught.value) == "LambdaCallback got a str for on_epoch_end: 'print'.\nIt needs a function."


FALLING = [5, 4, 3, 2, 1]
STOPPING = [
    # options, values of val_loss, epochs run, best epoch, best
    ({}, FALLING, 5, 4, 1),
    ({}, [3, 2, 2, 1], 3, 1, 2),
    ({"patience": 1}, [3, 2, 2, 1], 3, 1, 2),
    ({"patience": 2}, [3, 2, 2, 1], 4, 3, 1),
    ({"patience": 2}, [3, 4, 2, 4, 4, 1], 5, 2, 2),
    ({"patience": 3}, [3, 4, 4], 3, 0, 3),
    ({"min_delta": 0.5}, [3.0, 2.0, 1.8, 1.0], 3, 1, 2.0),
    ({"min_delta": -0.5}, [3.0, 2.0, 1.8, 1.0], 3, 1, 2.0),
    ({"min_delta": 0.5, "patience": 2}, [3.0, 2.0, 1.8, 1.4], 4, 3, 1.4),
    ({"mode": "max"}, [1, 2, 3, 2], 4, 2, 3),
    ({"mode": "max", "min_delta": 1, "patience": 1}, [1, 3, 4, 9], 3, 1, 3),
    ({"mode": "min"}, [1, 2], 2, 0, 1),
    ({"baseline": 2.5, "patience": 2}, [5, 4, 3.9, 4.5, 1], 4, 2, 3.9),
    ({"baseline": 2.5, "patience": 2}, [5, 2, 1.5, 1.6, 1.7, 1], 5, 2, 1.5),
    ({"start_from_epoch": 3}, [1, 2, 3, 4, 3, 5, 1], 6, 4, 3),
    ({}, [nan, 5, 4], 3, 2, 4),
    ({"patience": 2}, [3, nan, nan, 1], 3, 0, 3),
    ({}, [nan, nan], 2, 0, math.inf),
    ({}, [4], 1, 0, 4),
]


@pytest.mark.parametrize("options, values, epochs, best_epoch, best", STOPPING)
def test_early_stopping(options, values, epochs, best_epoch, best):
    stopping = EarlyStopping(**options)
    model = run(stopping, values)
    assert model.parameters + 1 == epochs
    assert (stopping.best_epoch, stopping.best) == (best_epoch, best)
    assert stopping.stopped_epoch == (epochs - 1 if model.stop_training else 0)
    assert model.stop_training is (epochs < len(values) or stopping.stopped_epoch > 0)


@pytest.mark.parametrize(
    "options, values, restored",
    [
        ({"patience": 2}, [3, 1, 2, 2], 1),
        ({"patience": 9}, [3, 1, 2, 2], 1),
        ({"patience": 9}, [nan, nan], 0),
        ({"patience": 9}, [nan, 2, 3], 1),
        ({"start_from_epoch": 2, "patience": 9}, [1, 2, 4, 3, 5], 3),
        ({"baseline": 0.5, "patience": 3}, [3, 2, 4, 4], 1),
    ],
)
def test_restore_goes_back_to_the_best_epoch(options, values, restored):
    assert run(EarlyStopping(restore_best_weights=True, **options), values).parameters == restored


def test_without_restore_the_last_parameters_stay():
    assert run(EarlyStopping(patience=2), [3, 1, 2, 2]).parameters == 3


def test_an_early_stopping_can_be_used_again():
    stopping = EarlyStopping(patience=1, restore_best_weights=True)
    assert run(stopping, [1, 2, 3]).parameters == 0
    assert run(stopping, [9, 8, 9, 9]).parameters == 1
    assert stopping.best == 8


def test_verbose_says_what_happened(capsys):
    run(EarlyStopping(patience=1, restore_best_weights=True, verbose=1), [2, 1, 3])
    assert (
        capsys.readouterr().out == "Epoch 3: early stopping\nRestoring the parameters of the best epoch: 2\n"
    )
    run(EarlyStopping(patience=9, verbose=1), [2, 1, 3])
    run(EarlyStopping(patience=1, restore_best_weights=True), [2, 1, 3])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "monitor, direction",
    [
        ("loss", "min"), ("val_loss", "min"), ("val_squared_error", "min"), ("mean_absolute_error", "min"),
        ("sparse_categorical_crossentropy", "min"), ("log_loss", "min"), ("brier_score", "min"),
        ("mse", "min"), ("kl_divergence", "min"), ("accuracy", "max"), ("val_accuracy", "max"),
        ("top_k_categorical_accuracy", "max"), ("auc", "max"), ("f1_score", "max"), ("r2", "max"),
        ("neg_mean_squared_error", "max"),
    ],
)  # fmt: skip
def test_the_direction_follows_from_the_name(monitor, direction):
    better = {"min": [2, 1], "max": [1, 2]}[direction]
    stopping = EarlyStopping(monitor)
    assert not run(stopping, better, monitor).stop_training
    assert stopping.best == better[1]
    assert run(stopping, better[::-1], monitor).stop_training


def test_a_direction_that_the_name_does_not_tell():
    with pytest.raises(InputError) as caught:
        run(EarlyStopping("val_gini"), [1], "val_gini")
    assert str(caught.value) == (
        "EarlyStopping cannot tell by the name 'val_gini' whether it should fall or rise.\n"
        'Pass mode="min" or mode="max".'
    )
    assert run(EarlyStopping("val_gini", mode="max"), [1, 2], "val_gini").parameters == 1


VALIDATE = "Pass validation_data or validation_split to fit()."
OTHER = "Set monitor= to one of them, or compile() the model with that metric."


@pytest.mark.parametrize(
    "monitor, logs, names, remedy",
    [
        ("val_loss", {"loss": 1, "accuracy": 1}, "'accuracy' and 'loss'", VALIDATE),
        ("val_accuracy", {"loss": 1, "val_loss": 1}, "'loss' and 'val_loss'", OTHER),
        ("accuracy", {"loss": 1}, "'loss'", OTHER),
        ("loss", None, "nothing", OTHER),
    ],
)
def test_a_monitor_that_is_not_reported(monitor, logs, names, remedy):
    stopping = EarlyStopping(monitor)
    stopping.on_train_begin()
    with pytest.raises(InputError) as caught:
        stopping.on_epoch_end(0, logs)
    assert str(caught.value) == (
        f"EarlyStopping watches {monitor!r}, which this fit does not report.\nIt reports {names}.\n{remedy}"
    )


@pytest.mark.parametrize(
    "options, text",
    [
        ({"mode": "mix"}, "EarlyStopping's mode is 'mix'.\nDid you mean 'min'?"),
        ({"mode": "falling"}, "EarlyStopping's mode is 'falling'.\nKnown names: auto, max, min."),
        ({"patience": -1}, "EarlyStopping's patience is -1.\nIt is a number of epochs, 0 or more."),
        (
            {"start_from_epoch": -2},
            "EarlyStopping's start_from_epoch is -2.\nIt is a number of epochs, 0 or more.",
        ),
    ],
)
def test_bad_arguments(options, text):
    with pytest.raises(GlassnetError) as caught:
        EarlyStopping(**options)
    assert (type(caught.value), str(caught.value)) == (InputError, text)
