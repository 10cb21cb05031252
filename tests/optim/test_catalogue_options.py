"""What all optimizers can do: clip, decay, average, treat parameters differently; schedules; L-BFGS."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet import optimizers, schedules
from glassnet.errors import DivergenceError, InputError, UnknownNameError
from glassnet.layers import Dense
from glassnet.optimizers import LBFGS, SGD, Adam, AdamW

RNG = np.random.default_rng(3)
X, Y = RNG.normal(0, 1, (20, 3)), 3 * RNG.normal(0, 1, (20, 2))
STEPS = 6


# ------------------------------------------------------------------------------------------ by hand
class ByHand:
    """SGD or Adam with every option, as Keras orders them: clip, decay, update, average."""

    def __init__(self, adam, clip=None, decay=lambda key: 0.0, factor=lambda key: 1.0, ema=None, overwrite=0):
        self.adam, self.clip, self.decay, self.factor = adam, clip, decay, factor
        self.ema, self.overwrite = ema, overwrite
        self.m, self.v, self.average, self.t = {}, {}, {}, 0

    def update(self, parameters, gradients):
        self.t += 1
        gradients = self.clip(gradients) if self.clip else gradients
        return {key: self.one(key, w, gradients[key]) for key, w in parameters.items()}

    def one(self, key, w, g):
        rate = 0.1 * self.factor(key)
        w = w - rate * self.decay(key) * w
        w = w - rate * (self.scaled(key, g) if self.adam else g)
        if self.ema is None:
            return w
        keep = self.ema if self.t > 1 else 0
        self.average[key] = keep * self.average.get(key, 0) + (1 - keep) * w
        return self.average[key] if self.overwrite and self.t % self.overwrite == 0 else w

    def scaled(self, key, g):
        self.m[key] = 0.9 * self.m.get(key, 0) + (1 - 0.9) * g
        self.v[key] = 0.999 * self.v.get(key, 0) + (1 - 0.999) * g * g
        return self.m[key] / (1 - 0.9**self.t) / (np.sqrt(self.v[key] / (1 - 0.999**self.t)) + 1e-7)


def each_norm(gradients):
    return {key: g * min(1, 0.3 / np.linalg.norm(g)) for key, g in gradients.items()}


def common_norm(gradients):
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {key: g * min(1, 0.3 / norm) for key, g in gradients.items()}


def each_value(gradients):
    return {key: np.clip(g, -0.05, 0.05) for key, g in gradients.items()}


def kernels_only(key):
    return 0.3 if key.endswith("kernel") else 0.0


def slow_first(key):
    return {"dense_1.kernel": 0.1, "dense_1.bias": 0.1, "dense_2.bias": 0.0}.get(key, 1.0)


OPTIONS = {
    "clipnorm": ({"clipnorm": 0.3}, {"clip": each_norm}),
    "global_clipnorm": ({"global_clipnorm": 0.3}, {"clip": common_norm}),
    "clipvalue": ({"clipvalue": 0.05}, {"clip": each_value}),
    "a clip that does nothing": ({"clipnorm": 1e9}, {}),
    "weight_decay": ({"weight_decay": 0.3}, {"decay": lambda key: 0.3}),
    "decay of kernels": ({"weight_decay": 0.3, "decay_exclusions": ["bias"]}, {"decay": kernels_only}),
    "multipliers": ({"multipliers": {"dense_1": 0.1, "dense_2.bias": 0.0}}, {"factor": slow_first}),
    "overwritten by the average": (
        {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2},
        {"ema": 0.8, "overwrite": 2},
    ),
    "all": (
        {
            "clipvalue": 0.05,
            "weight_decay": 0.3,
            "decay_exclusions": ["bias"],
            "multipliers": {"dense_1": 0.1, "dense_2.bias": 0.0},
            "use_ema": True,
            "ema_momentum": 0.8,
            "ema_overwrite_frequency": 2,
        },
        {"clip": each_value, "decay": kernels_only, "factor": slow_first, "ema": 0.8, "overwrite": 2},
    ),
}
each_option = pytest.mark.parametrize("name", OPTIONS)
each_kind = pytest.mark.parametrize("kind", [SGD, Adam])


def assert_close(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-12, atol=1e-14, err_msg=key)


def model_with(optimizer, dtype="float64", layers=None):
    model = gn.Sequential(layers or [Dense(4, "tanh"), Dense(2)], dtype=dtype)
    model.compile(optimizer, "squared_error")
    model.build((None, 3))
    return model


@each_option
@each_kind
def test_options_on_plain_arrays(name, kind):
    options, by_hand = OPTIONS[name]
    found = model_with(SGD()).parameters
    expected, reference = dict(found), ByHand(kind is Adam, **by_hand)
    optimizer, generator = kind(0.1, **options), np.random.default_rng(5)
    state = optimizer.init(found)
    for _ in range(STEPS):
        gradients = {key: generator.normal(0, 1, w.shape) for key, w in found.items()}
        found, state = optimizer.update(found, gradients, state)
        expected = reference.update(expected, gradients)
        assert_close(found, expected)
    if "use_ema" in options:
        assert_close(state["average"], reference.average)


@each_option
@each_kind
def test_options_inside_fit(name, kind):
    options, by_hand = OPTIONS[name]
    model, probe = model_with(kind(0.1, **options)), model_with(SGD())
    expected, reference = dict(model.parameters), ByHand(kind is Adam, **by_hand)
    for _ in range(STEPS):
        probe.set_parameters(expected)
        expected = reference.update(expected, probe.gradients(X, Y))
    model.fit(X, Y, batch_size=20, epochs=STEPS, shuffle=False, verbose=0)
    assert_close(model.parameters, expected)


@each_option
@each_kind
@pytest.mark.parametrize("layers", ["one array", "eight arrays", "frozen"])
def test_options_in_other_layouts(name, kind, layers):
    """Inside fit as on plain arrays, of the parameters that are trained."""
    options = {key: value for key, value in OPTIONS[name][0].items() if key != "multipliers"}
    made = {
        "one array": lambda: [Dense(2, use_bias=False)],
        "eight arrays": lambda: [Dense(3, "tanh") for _ in range(3)] + [Dense(2)],
        "frozen": lambda: [Dense(3, "tanh", trainable=False), Dense(3, "tanh"), Dense(2)],
    }[layers]
    slow = {"dense_2" if layers == "frozen" else "dense_1": 0.5}
    optimizer = kind(0.1, multipliers=slow, **options)
    model = model_with(kind(0.1, multipliers={"dense_1": 7.0, **slow}, **options), layers=made())
    probe = model_with(SGD(), layers=made())
    trained = {key: model.parameters[key] for key in probe.gradients(X, Y)}
    state = optimizer.init(trained)
    for _ in range(3):
        probe.set_parameters(trained)
        trained, state = optimizer.update(trained, probe.gradients(X, Y), state)
    if "use_ema" in options:
        trained = state["average"]
    model.fit(X, Y, batch_size=20, epochs=3, shuffle=False, verbose=0)
    assert_close({key: model.parameters[key] for key in trained}, trained)


def test_the_average_replaces_the_parameters_at_the_end_of_fit():
    optimizer = Adam(0.1, use_ema=True, ema_momentum=0.8)
    model, reference = model_with(optimizer), ByHand(True, ema=0.8)
    probe, expected, seen = model_with(SGD()), dict(model.parameters), {}
    for _ in range(STEPS):
        probe.set_parameters(expected)
        expected = reference.update(expected, probe.gradients(X, Y))
    look = gn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.update(model.get_snapshot()))
    model.fit(X, Y, batch_size=20, epochs=STEPS, shuffle=False, verbose=0, callbacks=[look])
    assert_close(seen, expected)  # training goes on with the parameters themselves
    assert_close(model.parameters, reference.average)


# ------------------------------------------------------------------------------------------ every optimizer
EVERY = {
    "sgd": lambda **o: SGD(0.05, **o),
    "momentum": lambda **o: SGD(0.05, 0.9, **o),
    "nesterov": lambda **o: SGD(0.05, 0.9, nesterov=True, **o),
    "rmsprop": lambda **o: optimizers.RMSprop(0.01, **o),
    "centered": lambda **o: optimizers.RMSprop(0.01, momentum=0.5, centered=True, **o),
    "adagrad": lambda **o: optimizers.Adagrad(0.1, **o),
    "adadelta": lambda **o: optimizers.Adadelta(1.0, **o),
    "adam": lambda **o: Adam(0.01, **o),
    "amsgrad": lambda **o: Adam(0.01, amsgrad=True, **o),
    "adamw": lambda **o: AdamW(0.01, **o),
    "adamax": lambda **o: optimizers.Adamax(0.01, **o),
    "nadam": lambda **o: optimizers.Nadam(0.01, **o),
    "lion": lambda **o: optimizers.Lion(0.003, **o),
}
every = pytest.mark.parametrize("name", EVERY)
ALL = {
    "clipnorm": 1.0,
    "use_ema": True,
    "ema_overwrite_frequency": 3,
    "multipliers": {"dense_1": 0.5},
    "decay_exclusions": ["bias"],
}


@every
@pytest.mark.parametrize("options", [{}, {**ALL, "weight_decay": 0.1}], ids=["alone", "all options"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_widens(name, options, dtype):
    """Every result of the printed program has the model's float type, and so have the slots."""
    model = model_with(EVERY[name](**options), dtype)
    model.fit(X, Y, epochs=2, verbose=0)
    arrays = {**model.parameters, **model._shelf.slots}
    assert {key: array.dtype.name for key, array in arrays.items()} == dict.fromkeys(arrays, dtype)
    parameters = {key: np.asarray(value, dtype) for key, value in model.parameters.items()}
    optimizer = EVERY[name](**options)
    new, state = optimizer.update(parameters, parameters, optimizer.init(parameters))
    kept = [new, *(state[slot] for slot in optimizer.slots)]
    assert {np.asarray(array).dtype.name for arrays in kept for array in arrays.values()} == {dtype}


@every
@pytest.mark.parametrize(
    "schedule", [None, schedules.CosineDecay(0.001, 20, warmup_target=0.02, warmup_steps=4)]
)
def test_one_fit_is_many(name, schedule):
    """The memory and the number of the step pass from fit to fit."""
    makers = [EVERY[name](clipvalue=1.0) for _ in range(2)]
    once, often = map(model_with, makers if schedule is None else [type(o)(schedule) for o in makers])
    once.fit(X, Y, batch_size=6, epochs=3, verbose=0)
    for _ in range(3):
        often.fit(X, Y, batch_size=6, verbose=0)
    assert once.step == often.step == 12
    assert_equal(once.parameters, often.parameters)


def assert_equal(found, expected):
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)


@every
def test_the_loss_falls(name):
    model = model_with(EVERY[name]())
    losses = model.fit(X, Y, batch_size=10, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.95 * losses[0]


SOME = {"decay_exclusions": ["bias"], "multipliers": {"dense_1": 2.0}}


@pytest.mark.parametrize(
    "make",
    [
        lambda: AdamW(schedules.OneCycle(0.05, 12), clipnorm=1.0, **SOME),
        lambda: optimizers.Nadam(0.01, use_ema=True),
        lambda: SGD(schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), global_clipnorm=0.5),
    ],
    ids=["adamw", "nadam", "sgd"],
)  # fmt: skip
def test_scripts_repeat_the_losses(make, tmp_path):
    model = model_with(make())
    path = model.script(tmp_path, X, Y, batch_size=6, epochs=3)
    printed = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=True).stdout
    losses = model.fit(X, Y, batch_size=6, epochs=3, verbose=0).history["loss"]
    assert printed == "".join(f"epoch {i + 1}: loss {loss!r}\n" for i, loss in enumerate(losses))


# ------------------------------------------------------------------------------------------ rates
def test_a_schedule_counts_from_the_first_step_of_training():
    rates = [0.1, 0.1, 0.02, 0.02, 0.005]
    model = model_with(SGD(schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.02, 0.005])))
    by_hand = model_with(SGD(0.1))
    for rate in rates:
        by_hand.optimizer.learning_rate = rate
        by_hand.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
    model.fit(X, Y, batch_size=20, epochs=5, shuffle=False, verbose=0)
    assert_close(model.parameters, by_hand.parameters)
    assert [model.optimizer.rate_at(step) for step in range(1, 6)] == rates


def test_the_numbers_of_a_schedule_are_hyper_parameters():
    schedule = schedules.ExponentialDecay(0.1, 10, 0.5)
    model = model_with(SGD(schedule))
    model.fit(X, Y, batch_size=20, verbose=0)
    program = model._shelf.programs
    before = dict(program)
    schedule.initial_learning_rate, schedule.decay_rate = 0.2, 0.9
    top = model.source().split("\n\n\n")[0].split("\n")[-3:]
    assert top == [
        "initial_learning_rate = 0.2  # exponential_decay",
        "decay_rate = 0.9  # exponential_decay",
        "decay_steps = 10  # exponential_decay",
    ]
    by_hand = model_with(SGD(0.2 * 0.9 ** (1 / 10)))
    by_hand.set_parameters(model.parameters)
    for trained in (model, by_hand):
        trained.fit(X, Y, batch_size=20, verbose=0)
    assert_close(model.parameters, by_hand.parameters)
    assert program == before  # nothing was traced again


def test_clips_and_decay_are_hyper_parameters():
    optimizer = AdamW(0.01, clipnorm=1.0)
    model = model_with(optimizer)
    model.fit(X, Y, verbose=0)
    optimizer.clipnorm, optimizer.weight_decay = 0.5, 0.25
    assert "clipnorm = 0.5  # adamw\nweight_decay = 0.25  # adamw\n" in model.source()


def test_a_divergence_names_the_rate_of_its_step():
    """The loss blows up at once: 1e30 squared does not fit into float32."""
    model = model_with(SGD(schedules.StepDecay(1e30, 100)), "float32", [Dense(2)])
    with pytest.raises(DivergenceError, match=r"\(now 1e\+30\)"):
        model.fit(X, Y, epochs=5, verbose=0)


# ------------------------------------------------------------------------------------------ L-BFGS
def test_lbfgs_takes_all_examples_and_ignores_the_batch_size():
    histories = []
    for size in (1, 7, 20, 100):
        model = model_with(LBFGS(max_iter=3))
        histories.append(model.fit(X, Y, batch_size=size, epochs=2, shuffle=False, verbose=0))
        assert model.step == model.epoch == 2
    assert all(history.history == histories[0].history for history in histories)
    assert [history.params["batch_size"] for history in histories] == [20] * 4


def test_the_loss_of_an_lbfgs_epoch_is_that_of_the_point_reached():
    model = model_with(LBFGS(max_iter=4))
    model.compile(LBFGS(max_iter=4), "squared_error", metrics=["mean_absolute_error"])
    history = model.fit(X, Y, epochs=3, verbose=0)
    final = model.evaluate(X, Y)
    assert list(history.history) == ["loss", "mean_absolute_error"]
    assert history.history["loss"][-1] == pytest.approx(final["loss"], rel=1e-12)
    assert history.history["mean_absolute_error"][-1] == pytest.approx(
        final["mean_absolute_error"], rel=1e-12
    )
    assert history.history["loss"] == sorted(history.history["loss"], reverse=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_statistics_move_once_in_an_epoch_of_lbfgs(dtype):
    """However often the line search evaluates the loss; they are those of the point reached."""
    layers = [Dense(8), gn.layers.BatchNormalization(momentum=0.5), gn.layers.Activation("tanh"), Dense(2)]
    model = model_with(LBFGS(), dtype, layers)
    first, expected = model.loss(X, Y, training=True).data, np.zeros(8)
    for _ in range(3):
        history = model.fit(X, Y, shuffle=False, verbose=0)
        hidden = X @ model.parameters["dense_1.kernel"] + model.parameters["dense_1.bias"]
        expected = 0.5 * expected + 0.5 * hidden.mean(axis=0)
        found = model.state["batch_normalization_1.moving_mean"]
        np.testing.assert_allclose(found, expected, atol=1e-12 if dtype == "float64" else 1e-4)
    assert history.history["loss"][-1] < 0.5 * first
    assert {array.dtype.name for array in model.parameters.values()} == {dtype}


def test_dropout_is_fixed_during_an_epoch_of_lbfgs():
    """Else the line search would compare losses of different networks; each epoch lowers its own loss."""
    model = gn.Sequential([Dense(16, "tanh"), gn.layers.Dropout(0.5), Dense(2)], dtype="float64")
    model.compile(LBFGS(), "softmax_cross_entropy")
    labels = (Y[:, 0] > 0).astype(int)
    for _ in range(3):
        before = model.loss(X, labels, training=True).data  # with the mask of the next step
        after = model.fit(X, labels, shuffle=False, verbose=0).history["loss"][0]
        assert after < 0.8 * before


# ------------------------------------------------------------------------------------------ arguments
SCHEDULED = SGD(schedules.StepDecay(0.1, 10))
BAD = [
    (
        InputError,
        lambda: Adam(clipnorm=1.0, clipvalue=2.0),
        "Adam got clipnorm and clipvalue.\nClip in one way: pass one of them.",
    ),
    (InputError, lambda: SGD(clipnorm=0), "SGD: clipnorm must be a number above 0; got 0."),
    (InputError, lambda: SGD(global_clipnorm=-1), "SGD: global_clipnorm must be a number above 0; got -1."),
    (InputError, lambda: SGD(weight_decay=-1), "SGD: weight_decay must be a number at least 0; got -1."),
    (
        InputError,
        lambda: SGD(ema_momentum=1.0),
        "SGD: ema_momentum must be a number at least 0 and below 1; got 1.0.",
    ),
    (
        InputError,
        lambda: SGD(ema_overwrite_frequency=0),
        "SGD: ema_overwrite_frequency must be a whole number of at least 1; got 0.",
    ),
    (
        InputError,
        lambda: SGD(multipliers={"dense_1": -1}),
        "SGD: the multiplier of 'dense_1' must be a number at least 0; got -1.",
    ),
    (
        UnknownNameError,
        lambda: model_with(SGD(multipliers={"dens_1": 1})).fit(X, Y, verbose=0),
        "SGD has a multiplier for 'dens_1'. Did you mean 'dense_1'?",
    ),
    (
        InputError,
        lambda: SGD().exclude_from_weight_decay("bias"),
        "exclude_from_weight_decay() needs a list of names: ['bias'].",
    ),
    (
        InputError,
        lambda: SGD(decay_exclusions=["("]),
        "'(' is not a regular expression: missing ), unterminated subpattern at position 0.",
    ),
    (
        InputError,
        lambda: model_with(LBFGS(), layers=[Dense(2, trainable=False)]).fit(X, Y, verbose=0),
        "LBFGS has nothing to train: the model has no parameters, or all are frozen.",
    ),
    (
        InputError,
        lambda: setattr(SCHEDULED, "learning_rate", 0.1),
        (
            "SGD's learning rate cannot be set: StepDecay(initial_learning_rate=0.1, decay_steps=10) decides "
            "it.\ncompile() the model with a new optimizer, of the rate or schedule that you want."
        ),
    ),
    (
        InputError,
        lambda: setattr(SGD(), "learning_rate", -0.1),
        "SGD: learning_rate must be a number at least 0; got -0.1.",
    ),
    (
        InputError,
        lambda: LBFGS(max_iter=0),
        "LBFGS: max_iter must be a whole number of at least 1; got 0.",
    ),
    (
        InputError,
        lambda: LBFGS().update({}, {}, {}),
        (
            "LBFGS cannot step from one gradient: its line search evaluates the loss at several points.\n"
            "Use model.fit(), or optimizer.minimize(value_and_gradient, parameters) on plain arrays."
        ),
    ),
    (
        InputError,
        lambda: model_with(LBFGS(), layers=[Dense(2, kernel_constraint="non_neg")]).fit(X, Y, verbose=0),
        (
            "dense_1.kernel has the constraint NonNeg(), which LBFGS cannot keep.\n"
            "Remove the constraint, or use another optimizer."
        ),
    ),
    (
        InputError,
        lambda: model_with(LBFGS()).script("nowhere", X, Y),
        "script() needs an optimizer that goes step by step; SciPy runs LBFGS.",
    ),
    *(
        (InputError, make, message)
        for make, message in [
            (
                lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
                "ExponentialDecay: decay_steps must be a number above 0; got 0.",
            ),
            (
                lambda: schedules.CosineDecay(0, 10),
                "CosineDecay: initial_learning_rate must be a number above 0; got 0.",
            ),
            (
                lambda: schedules.CosineDecayRestarts(0.1, 10, t_mul=0.5),
                "CosineDecayRestarts: t_mul must be at least 1; got 0.5.",
            ),
            (
                lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
                "PiecewiseConstantDecay: 2 values, 2 boundaries.\nIt needs one value more than boundaries.",
            ),
            (
                lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]),
                "PiecewiseConstantDecay: boundaries must increase; got [2, 1].",
            ),
            (
                lambda: schedules.OneCycle(0.1, 3),
                "OneCycle: pct_start * total_steps is 0.9.\nIt must be above 1 and below total_steps, 3.",
            ),
        ]
    ),
]


@pytest.mark.parametrize("kind, act, message", BAD, ids=[row[2][:50] for row in BAD])
def test_bad_arguments(kind, act, message):
    with pytest.raises(kind) as caught:
        act()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "name, kind",
    [
        ("sgd", SGD), ("rmsprop", optimizers.RMSprop), ("RMSprop", optimizers.RMSprop),
        ("adagrad", optimizers.Adagrad), ("adadelta", optimizers.Adadelta), ("adam", Adam), ("adamw", AdamW),
        ("AdamW", AdamW), ("adamax", optimizers.Adamax), ("nadam", optimizers.Nadam),
        ("lion", optimizers.Lion), ("lbfgs", LBFGS), ("LBFGS", LBFGS),
    ],
)  # fmt: skip
def test_identifiers(name, kind):
    assert type(optimizers.get(name)) is kind


@pytest.mark.parametrize(
    "made, text",
    [
        (SGD(), "SGD(learning_rate=0.01)"),
        (SGD(0.1, 0.9, clipnorm=1), "SGD(learning_rate=0.1, momentum=0.9, clipnorm=1)"),
        (Adam(beta_1=0.0, name="a"), "Adam(learning_rate=0.001, beta_1=0.0, name='a')"),
        (
            SCHEDULED,
            "SGD(learning_rate=StepDecay(initial_learning_rate=0.1, decay_steps=10))",
        ),
        (LBFGS(5), "LBFGS(max_iter=5, history_size=10)"),
    ],
)
def test_representations(made, text):
    assert repr(made) == text


def test_the_arguments_can_be_read_back():
    """What a constructor takes is an attribute of the same name, the shared options included."""
    import inspect

    for make in EVERY.values():
        made = make(**ALL)
        arguments = inspect.signature(type(made)).parameters
        again = type(made)(**{name: getattr(made, name) for name in arguments})
        assert {name: getattr(again, name) for name in arguments} == {
            name: getattr(made, name) for name in arguments
        }
        assert set(ALL) <= set(arguments)
