"""Callbacks that set the rate, write logs, and average: alone, and inside fit."""

from __future__ import annotations

import csv
import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import glassnet as gn
from glassnet import schedules
from glassnet.callbacks import (
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    MLflowLogger,
    ParameterAverage,
    ReduceLROnPlateau,
    TensorBoard,
)
from glassnet.errors import GlassnetError, InputError, InputTypeError, NotBuiltError
from glassnet.layers import Dense

RNG = np.random.default_rng(0)
X, Y = RNG.normal(0, 1, (12, 3)), RNG.normal(0, 1, 12)
nan = math.nan


def compiled(optimizer=None):
    model = gn.Sequential([Dense(4, "tanh"), Dense(1)], dtype="float64")
    model.compile(optimizer or gn.optimizers.SGD(0.1), "squared_error")
    return model


def with_rate(callback, rate=1.0):
    """The callback on a model that is nothing but a learning rate."""
    callback.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=rate), stop_training=False))
    callback.on_train_begin()
    return callback


# ------------------------------------------------------------------------------------------ the rate
# arguments, the values of the monitored number, the rates after each epoch: worked out from Keras's text
PLATEAUS = [
    ({}, [3, 2, 1], [1, 1, 1]),
    ({"patience": 1}, [1, 1, 1], [1, 0.5, 0.25]),
    ({"patience": 2}, [1, 1, 1, 1, 1], [1, 1, 0.5, 0.5, 0.25]),
    ({"patience": 2}, [1, 1, 0.5, 1, 1], [1, 1, 1, 1, 0.5]),
    ({"patience": 0}, [1, 1, 0.5, 1], [1, 0.5, 0.5, 0.25]),
    ({"patience": 1, "min_lr": 0.3}, [1, 1, 1, 1], [1, 0.5, 0.3, 0.3]),
    ({"patience": 1, "cooldown": 2}, [1, 1, 1, 1, 1, 1], [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
    ({"patience": 2, "cooldown": 2}, [1, 1, 1, 1, 1, 1, 1], [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]),
    ({"patience": 1, "min_delta": 0.1}, [1, 0.95, 0.85, 0.76], [1, 0.5, 0.5, 0.25]),
    ({"patience": 1, "mode": "max"}, [1, 2, 2, 1, 3], [1, 1, 0.5, 0.25, 0.25]),
    ({"patience": 1}, [1, nan, nan, 0.5], [1, 0.5, 0.25, 0.25]),
]


@pytest.mark.parametrize("options, values, rates", PLATEAUS)
def test_reduce_on_plateau(options, values, rates):
    callback = with_rate(ReduceLROnPlateau(factor=0.5, **options))
    found = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        found.append(callback.model.optimizer.learning_rate)
    assert found == rates


def test_reduce_on_plateau_tells_the_direction_by_the_name():
    callback = with_rate(ReduceLROnPlateau("val_accuracy", factor=0.5, patience=1))
    for epoch, value in enumerate([0.5, 0.6, 0.6]):
        callback.on_epoch_end(epoch, {"val_accuracy": value})
    assert callback.model.optimizer.learning_rate == 0.5


def test_reduce_on_plateau_begins_anew_with_each_fit():
    callback = with_rate(ReduceLROnPlateau(factor=0.5, patience=2))
    for epoch, value in enumerate([1.0, 1.0]):
        callback.on_epoch_end(epoch, {"val_loss": value})
    callback.on_train_begin()
    callback.on_epoch_end(0, {"val_loss": 2.0})
    callback.on_epoch_end(1, {"val_loss": 2.0})
    assert (callback.model.optimizer.learning_rate, callback.best, callback.wait) == (1.0, 2.0, 1)


@pytest.mark.parametrize(
    "schedule, expected",
    [
        (lambda epoch: 0.1 / (1 + epoch), [0.1, 0.05, 0.1 / 3]),
        (lambda epoch, rate: rate / 2, [0.5, 0.25, 0.125]),
        (lambda epoch, rate=3.0: rate, [1.0, 1.0, 1.0]),
        (schedules.ExponentialDecay(0.4, 1, 0.5), [0.4, 0.2, 0.1]),
        ([0.3, 0.2, 0.1].__getitem__, [0.3, 0.2, 0.1]),
    ],
)
def test_learning_rate_scheduler(schedule, expected):
    callback = with_rate(LearningRateScheduler(schedule))
    found = []
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        found.append(callback.model.optimizer.learning_rate)
    assert found == expected


def test_a_scheduled_rate_is_used_from_the_first_epoch_on():
    rates = [0.3, 0.1, 0.02]
    model, by_hand = compiled(), compiled()
    model.fit(X, Y, batch_size=5, epochs=3, verbose=0, callbacks=LearningRateScheduler(rates.__getitem__))
    for rate in rates:
        by_hand.optimizer.learning_rate = rate
        by_hand.fit(X, Y, batch_size=5, verbose=0)
    for key, value in by_hand.parameters.items():
        np.testing.assert_array_equal(model.parameters[key], value)


def test_what_is_said(capsys):
    callback = with_rate(LearningRateScheduler(lambda epoch: 0.25, verbose=1))
    callback.on_epoch_begin(2)
    callback = with_rate(ReduceLROnPlateau(factor=0.5, patience=1, verbose=1))
    for epoch in range(2):
        callback.on_epoch_end(epoch, {"val_loss": 1.0})
    assert capsys.readouterr().out == (
        "Epoch 3: setting the learning rate to 0.25\nEpoch 2: reducing the learning rate to 0.5\n"
    )


# ------------------------------------------------------------------------------------------ CSV
def rows(path, separator=","):
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter=separator))


def test_csv_logger_in_fit(tmp_path):
    model, path = compiled(), tmp_path / "log.csv"
    history = model.fit(X, Y, epochs=3, validation_split=0.25, verbose=0, callbacks=CSVLogger(path))
    header, *lines = rows(path)
    assert header == ["epoch", "loss", "val_loss"]
    assert [int(line[0]) for line in lines] == [0, 1, 2]
    assert [float(line[1]) for line in lines] == history.history["loss"]  # to the last digit
    assert [float(line[2]) for line in lines] == history.history["val_loss"]


def test_csv_logger_appends_in_the_columns_of_the_file(tmp_path):
    path = tmp_path / "log.csv"
    for append, logs in [(True, {"loss": 1.0, "acc": 0.5}), (True, {"acc": 0.75, "new": 3.0}), (True, {})]:
        logger = CSVLogger(path, separator=";", append=append)
        logger.on_train_begin()
        logger.on_epoch_end(0, logs)
        logger.close()
    assert rows(path, ";") == [
        ["epoch", "loss", "acc"],
        ["0", "1.0", "0.5"],
        ["0", "NA", "0.75"],
        ["0", "NA", "NA"],
    ]
    assert path.read_bytes().count(b"\r") == 0


def test_csv_logger_begins_anew(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    for value in (1.0, 2.0):
        logger.on_train_begin()
        logger.on_epoch_end(0, {"loss": value})
        logger.close()
    assert rows(path) == [["epoch", "loss"], ["0", "2.0"]]


def test_csv_lines_are_written_at_once_and_the_file_is_closed_when_training_fails(tmp_path):
    path, seen = tmp_path / "log.csv", []

    def look(epoch, logs):
        seen.append(len(rows(path)))
        if epoch == 1:
            raise RuntimeError("stop")

    logger = CSVLogger(path)
    with pytest.raises(RuntimeError, match="stop"):
        compiled().fit(X, Y, epochs=3, verbose=0, callbacks=[logger, LambdaCallback(on_epoch_end=look)])
    assert seen == [2, 3]
    assert logger.file is None


# ------------------------------------------------------------------------------------------ other loggers
class FakeWriter:
    """Stands for tensorboardX.SummaryWriter."""

    made: list[FakeWriter]

    def __init__(self, folder):
        self.folder, self.scalars, self.histograms, self.closed = folder, [], [], False
        self.made.append(self)

    def add_scalar(self, tag, value, step):
        self.scalars.append((tag, value, step))

    def add_histogram(self, tag, values, step):
        self.histograms.append((tag, values.shape, step))

    def close(self):
        self.closed = True


@pytest.fixture
def writers(monkeypatch):
    FakeWriter.made = []
    package = ModuleType("tensorboardX")
    package.SummaryWriter = FakeWriter
    monkeypatch.setitem(sys.modules, "tensorboardX", package)
    return FakeWriter.made


def test_tensorboard(writers, tmp_path):
    model = compiled(gn.optimizers.SGD(schedules.StepDecay(0.1, 2)))  # a rate for two steps
    callback = TensorBoard(tmp_path, histogram_freq=2)
    history = model.fit(
        X, Y, batch_size=5, epochs=3, validation_split=0.25, verbose=0, callbacks=callback
    ).history
    training, validation = writers
    assert [writer.folder for writer in writers] == [str(tmp_path / "train"), str(tmp_path / "validation")]
    assert [row for row in training.scalars if row[0] == "epoch_loss"] == [
        ("epoch_loss", loss, epoch) for epoch, loss in enumerate(history["loss"])
    ]
    assert [row for row in training.scalars if row[0] != "epoch_loss"] == [
        ("epoch_learning_rate", rate, epoch) for epoch, rate in enumerate([0.1, 0.05, 0.025])
    ]
    assert validation.scalars == [("epoch_loss", loss, i) for i, loss in enumerate(history["val_loss"])]
    shapes = {key: array.shape for key, array in model.parameters.items()}
    assert training.histograms == [(key, shape, epoch) for epoch in (0, 2) for key, shape in shapes.items()]
    assert all(writer.closed for writer in writers)


class FakeMLflow(ModuleType):
    """Stands for mlflow."""

    def __init__(self, active=None):
        super().__init__("mlflow")
        self.active, self.calls = active, []

    def active_run(self):
        return self.active

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **options: self.calls.append((name, args, options))


def test_mlflow_logger_with_a_run_of_its_own(monkeypatch):
    package = FakeMLflow()
    monkeypatch.setitem(sys.modules, "mlflow", package)
    model = compiled()
    callback = MLflowLogger(run_name="first", tags={"who": "me"})
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=callback)
    start, parameters, *metrics, end = package.calls
    assert start == ("start_run", (), {"run_name": "first", "tags": {"who": "me"}})
    assert parameters[0] == "log_params"
    assert parameters[1][0] == {
        **history.params,
        "optimizer": "SGD(learning_rate=0.1)",
        "loss": repr(model.loss_function),
    }
    assert metrics == [
        ("log_metrics", ({"loss": loss},), {"step": i}) for i, loss in enumerate(history.history["loss"])
    ]
    assert end == ("end_run", (), {"status": "FINISHED"})


def test_mlflow_logger_leaves_the_users_run_open(monkeypatch):
    package = FakeMLflow(active="mine")
    monkeypatch.setitem(sys.modules, "mlflow", package)
    compiled().fit(X, Y, epochs=2, verbose=0, callbacks=MLflowLogger())
    assert [call[0] for call in package.calls] == ["log_metrics", "log_metrics"]


def test_mlflow_logger_tells_of_a_failure(monkeypatch):
    package = FakeMLflow()
    monkeypatch.setitem(sys.modules, "mlflow", package)

    def fail(epoch, logs):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        compiled().fit(X, Y, verbose=0, callbacks=[MLflowLogger(), LambdaCallback(on_epoch_end=fail)])
    assert package.calls[-1] == ("end_run", (), {"status": "FAILED"})


@pytest.mark.parametrize("callback, package", [(TensorBoard(), "tensorboardX"), (MLflowLogger(), "mlflow")])
def test_a_missing_package_is_named(callback, package, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(GlassnetError) as caught:
        compiled().fit(X, Y, verbose=0, callbacks=callback)
    assert str(caught.value) == (
        f"{type(callback).__name__} needs {package}, which is not installed.\n"
        'Install it: pip install "glassnet[monitor]"'
    )


# ------------------------------------------------------------------------------------------ averages
def averaged(callback, epochs=6, **options):
    """Train with an average; also the parameters and statistics after each epoch."""
    values = []
    layers = [Dense(4), gn.layers.BatchNormalization(momentum=0.5), Dense(1)]
    model = gn.Sequential(layers, dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: values.append(model.get_snapshot()))
    model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=[callback, keep], **options)
    return model, values


def present(model):
    return {**model.parameters, **model.state}


def assert_close(found, expected):
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-12, err_msg=key)


def test_equal_averages_replace_the_parameters_at_the_end():
    model, values = averaged(ParameterAverage(start_from_epoch=2))
    assert_close(
        present(model), {key: np.mean([v[key] for v in values[2:]], axis=0) for key in present(model)}
    )


def test_fading_averages():
    model, values = averaged(ParameterAverage(momentum=0.75))
    expected = values[0]
    for value in values[1:]:
        expected = {key: 0.75 * old + 0.25 * value[key] for key, old in expected.items()}
    assert_close(present(model), {key: expected[key] for key in present(model)})


def test_an_average_for_evaluation_only():
    average = ParameterAverage(apply=False)
    model, values = averaged(average)
    assert_close(present(model), {key: values[-1][key] for key in present(model)})
    with average.applied():
        assert_close(present(model), average.average)
    assert_close(present(model), {key: values[-1][key] for key in present(model)})
    with pytest.raises(ZeroDivisionError), average.applied():
        _ = 1 / 0  # whatever happens inside, the model gets its own parameters back
    assert_close(present(model), {key: values[-1][key] for key in present(model)})


def test_an_average_begins_anew_with_each_fit():
    average = ParameterAverage(apply=False)
    model, _ = averaged(average)
    model.fit(X, Y, epochs=1, verbose=0, callbacks=average)
    assert average.count == 1
    assert_close(average.average, present(model))


def test_an_average_that_never_began_changes_nothing():
    average = ParameterAverage(start_from_epoch=10)
    model, values = averaged(average)
    assert_close(present(model), {key: values[-1][key] for key in present(model)})
    with pytest.raises(NotBuiltError, match="ParameterAverage has no average yet: no epoch has counted"):
        average.applied().__enter__()


def test_early_stopping_restores_after_the_step_wise_average():
    """As in Keras: the optimizer's average is in place before on_train_end."""
    model = compiled(gn.optimizers.SGD(0.1, use_ema=True))
    stop = EarlyStopping("loss", restore_best_weights=True)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=stop)
    assert_close(model.parameters, {key: stop.best_snapshot[key] for key in model.parameters})


# ------------------------------------------------------------------------------------------ arguments
def fit_with(callback, optimizer=None):
    return lambda: compiled(optimizer).fit(X, Y, verbose=0, callbacks=callback)


CLASH = (
    "{} changes the learning rate, but the optimizer follows a schedule: StepDecay.\n"
    "Use one of them: compile() the model with a number as the learning rate, or drop the callback."
)
BAD = [
    (
        InputError,
        fit_with(LearningRateScheduler(lambda epoch: 0.1), gn.optimizers.SGD(schedules.StepDecay(0.1, 5))),
        CLASH.format("LearningRateScheduler"),
    ),
    (
        InputError,
        fit_with(ReduceLROnPlateau("loss"), gn.optimizers.SGD(schedules.StepDecay(0.1, 5))),
        CLASH.format("ReduceLROnPlateau"),
    ),
    (
        InputTypeError,
        lambda: LearningRateScheduler(0.1),
        (
            "LearningRateScheduler got a float: 0.1.\n"
            "It needs a function of the epoch and the present learning rate."
        ),
    ),
    (
        InputError,
        fit_with(LearningRateScheduler(lambda epoch: None)),
        "LearningRateScheduler: the rate of epoch 0 must be a number at least 0; got None.",
    ),
    (
        InputError,
        lambda: ReduceLROnPlateau(factor=1.0),
        "ReduceLROnPlateau: factor must be a number at least 0 and below 1; got 1.0.",
    ),
    (
        InputError,
        lambda: ReduceLROnPlateau(cooldown=-1),
        "ReduceLROnPlateau's cooldown is -1.\nIt is a number of epochs, 0 or more.",
    ),
    (
        InputError,
        lambda: ReduceLROnPlateau(mode="mix"),
        "ReduceLROnPlateau's mode is 'mix'.\nDid you mean 'min'?",
    ),
    (
        InputError,
        fit_with(ReduceLROnPlateau("size")),
        (
            "ReduceLROnPlateau cannot tell by the name 'size' whether it should fall or rise.\n"
            'Pass mode="min" or mode="max".'
        ),
    ),
    (
        InputError,
        fit_with(ReduceLROnPlateau()),
        (
            "ReduceLROnPlateau watches 'val_loss', which this fit does not report.\n"
            "It reports 'loss'.\nPass validation_data or validation_split to fit()."
        ),
    ),
    (
        InputError,
        lambda: CSVLogger("log.csv", separator=", "),
        "CSVLogger: separator must be one character; got ', '.",
    ),
    (
        InputError,
        lambda: TensorBoard(histogram_freq=-1),
        "TensorBoard: histogram_freq must be a number of epochs; got -1.",
    ),
    (
        InputError,
        lambda: ParameterAverage(momentum=1.0),
        "ParameterAverage: momentum must be a number at least 0 and below 1; got 1.0.",
    ),
    (
        InputError,
        lambda: ParameterAverage(start_from_epoch=-1),
        "ParameterAverage's start_from_epoch is -1.\nIt is a number of epochs, 0 or more.",
    ),
]


@pytest.mark.parametrize("kind, act, message", BAD, ids=[row[2][:50] for row in BAD])
def test_bad_arguments(kind, act, message):
    with pytest.raises(kind) as caught:
        act()
    assert str(caught.value) == message
