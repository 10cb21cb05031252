"""Catalogue, section H: updates (H4), annealing (H5), ensembles (H7). Each test is named after its row."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import optimizers, schedules
from glassnet.layers import Dense

RNG = np.random.default_rng(0)
X, Y = RNG.normal(0, 1, (20, 3)), RNG.normal(0, 1, (20, 2))
STEPS = 5


# ------------------------------------------------------------------------------------------ H4: the rules
# Each rule as its paper or Keras writes it: (w, g, memory, t) -> w, the memory a dict, in float64.
def sgd(w, g, memory, t):
    return w - 0.01 * g


def momentum(w, g, memory, t):
    memory["v"] = 0.9 * memory.get("v", 0) - 0.01 * g
    return w + memory["v"]


def nesterov(w, g, memory, t):
    memory["v"] = 0.9 * memory.get("v", 0) - 0.01 * g
    return w + 0.9 * memory["v"] - 0.01 * g


def rmsprop(w, g, memory, t):
    memory["v"] = memory.get("v", 0) + (1 - 0.9) * (g * g - memory.get("v", 0))
    return w - 0.001 * g / (memory["v"] + 1e-7) ** 0.5


def rmsprop_centered(w, g, memory, t):
    memory["v"] = 0.9 * memory.get("v", 0) + (1 - 0.9) * g * g
    memory["m"] = 0.9 * memory.get("m", 0) + (1 - 0.9) * g
    increment = 0.001 * g / np.sqrt(memory["v"] - memory["m"] ** 2 + 1e-7)
    memory["velocity"] = 0.8 * memory.get("velocity", 0) + increment
    return w - memory["velocity"]


def adagrad(w, g, memory, t):
    memory["sum"] = memory.get("sum", 0.1) + g * g
    return w - 0.001 * g / np.sqrt(memory["sum"] + 1e-7)


def adadelta(w, g, memory, t):
    memory["g"] = 0.95 * memory.get("g", 0) + (1 - 0.95) * g * g
    delta = -np.sqrt(memory.get("d", 0) + 1e-7) * g / np.sqrt(memory["g"] + 1e-7)
    memory["d"] = 0.95 * memory.get("d", 0) + (1 - 0.95) * delta * delta
    return w + 0.001 * delta


def moments(g, memory):
    memory["m"] = memory.get("m", 0) + (1 - 0.9) * (g - memory.get("m", 0))
    memory["v"] = memory.get("v", 0) + (1 - 0.999) * (g * g - memory.get("v", 0))
    return memory["m"], memory["v"]


def adam(w, g, memory, t):
    m, v = moments(g, memory)
    return w - 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)


def amsgrad(w, g, memory, t):
    m, v = moments(g, memory)
    memory["max"] = np.maximum(memory.get("max", 0), v)
    return w - 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(memory["max"] / (1 - 0.999**t)) + 1e-7)


def adamw(w, g, memory, t):
    return adam(w - 0.001 * 0.004 * w, g, memory, t)


def adamax(w, g, memory, t):
    memory["m"] = 0.9 * memory.get("m", 0) + (1 - 0.9) * g
    memory["u"] = np.maximum(0.999 * memory.get("u", 0), np.abs(g))
    return w - 0.001 / (1 - 0.9**t) * memory["m"] / (memory["u"] + 1e-7)


def nadam(w, g, memory, t):
    m, v = moments(g, memory)
    mu = [0.9 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
    mhat = mu[-1] * m / (1 - math.prod(mu)) + (1 - mu[-2]) * g / (1 - math.prod(mu[:-1]))
    return w - 0.001 * mhat / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)


def lion(w, g, memory, t):
    m = memory.get("m", 0)
    memory["m"] = 0.99 * m + (1 - 0.99) * g
    return w - 0.001 * np.sign(0.9 * m + (1 - 0.9) * g)


RULES = {
    "SGD": (optimizers.SGD, sgd),
    "momentum": (lambda: optimizers.SGD(momentum=0.9), momentum),
    "Nesterov": (lambda: optimizers.SGD(momentum=0.9, nesterov=True), nesterov),
    "RMSprop": (optimizers.RMSprop, rmsprop),
    "centered RMSprop": (lambda: optimizers.RMSprop(momentum=0.8, centered=True), rmsprop_centered),
    "Adagrad": (optimizers.Adagrad, adagrad),
    "Adadelta": (optimizers.Adadelta, adadelta),
    "Adam": (optimizers.Adam, adam),
    "AMSGrad": (lambda: optimizers.Adam(amsgrad=True), amsgrad),
    "AdamW": (optimizers.AdamW, adamw),
    "Adamax": (optimizers.Adamax, adamax),
    "Nadam": (optimizers.Nadam, nadam),
    "Lion": (optimizers.Lion, lion),
}


def assert_equal(found, expected):
    """Equal to 1e-12 of the largest entry."""
    assert list(found) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-12 * np.abs(value).max(), err_msg=key)


@pytest.mark.parametrize("name", RULES)
def test_h4_updates_on_plain_arrays(name):
    make, rule = RULES[name]
    generator = np.random.default_rng(1)
    found = {"W": generator.normal(0, 1, (3, 2)), "b": generator.normal(0, 1, 2)}
    expected, memory = dict(found), {key: {} for key in found}
    optimizer = make()
    state = optimizer.init(found)
    for t in range(1, STEPS + 1):
        gradients = {key: generator.normal(0, 1, w.shape) for key, w in found.items()}
        found, state = optimizer.update(found, gradients, state)
        expected = {key: rule(w, gradients[key], memory[key], t) for key, w in expected.items()}
        assert_equal(found, expected)


@pytest.mark.parametrize("name", RULES)
def test_h4_updates_inside_fit(name):
    make, rule = RULES[name]
    model = gn.Sequential([Dense(4, "tanh"), Dense(2)], dtype="float64")
    model.compile(make(), "squared_error")
    model.build((None, 3))
    expected, memory = dict(model.parameters), {key: {} for key in model.parameters}
    probe = gn.Sequential([Dense(4, "tanh"), Dense(2)], dtype="float64")
    probe.compile("sgd", "squared_error")
    probe.build((None, 3))
    for t in range(1, STEPS + 1):
        probe.set_parameters(expected)
        gradients = probe.gradients(X, Y)
        expected = {key: rule(w, gradients[key], memory[key], t) for key, w in expected.items()}
    model.fit(X, Y, batch_size=20, epochs=STEPS, shuffle=False, verbose=0)
    assert model.step == STEPS
    assert_equal(model.parameters, expected)


def test_h4_lbfgs_minimizes_a_quadratic_exactly():
    """The convex quadratic ½wᵀAw - bᵀw: its minimum solves Aw = b."""
    A = np.diag([1.0, 10.0, 100.0]) + 0.5
    b = np.array([1.0, -2.0, 3.0])
    found = optimizers.LBFGS(max_iter=100).minimize(
        lambda p: (0.5 * p["w"] @ A @ p["w"] - b @ p["w"], {"w": A @ p["w"] - b}), {"w": np.zeros(3)}
    )
    np.testing.assert_allclose(found["w"], np.linalg.solve(A, b), rtol=1e-5)


def test_h4_lbfgs_finds_the_least_squares_solution_inside_fit():
    model = gn.Sequential([Dense(2)], dtype="float64")
    model.compile(optimizers.LBFGS(), "squared_error")
    history = model.fit(X, Y, epochs=3, verbose=0)
    design = np.hstack([X, np.ones((20, 1))])
    solution, squares, *_ = np.linalg.lstsq(design, Y)
    np.testing.assert_allclose(model.parameters["dense_1.kernel"], solution[:3], atol=1e-5)
    np.testing.assert_allclose(model.parameters["dense_1.bias"], solution[3], atol=1e-5)
    assert history.history["loss"][-1] == pytest.approx(squares.sum() / 40, rel=1e-9)


def test_h4_defaults():
    """Keras's, and for the Adam family Kingma and Ba's with epsilon 1e-7."""
    given = {
        "SGD": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
        "RMSprop": {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
        "Adagrad": {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "Adadelta": {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7},
        "Adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
        "AdamW": {
            "learning_rate": 0.001,
            "weight_decay": 0.004,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
        },
        "Adamax": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "Nadam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "Lion": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99},
    }
    made = {name: optimizers.get(name) for name in given}
    assert {name: {key: getattr(made[name], key) for key in row} for name, row in given.items()} == given


# ------------------------------------------------------------------------------------------ H5: annealing
def cosine(x):
    return 0.5 * (1 + math.cos(math.pi * x))


def warm_cosine(step):
    return 0.1 + 0.3 * step / 6 if step < 6 else 0.4 * (0.9 * cosine(min((step - 6) / 10, 1)) + 0.1)


def restarts(step):
    """Cycles of 3, 6, 12, ... steps, each 0.8 times as high."""
    height, length = 0.4, 3
    while step >= length:
        height, step, length = 0.8 * height, step - length, 2 * length
    return height * 0.75 * cosine(step / length) + 0.4 * 0.25


def equal_restarts(step):
    return 0.4 * cosine(step % 7 / 7)


def one_cycle(step):
    """20 steps, the peak at step 5."""
    if step <= 5:
        return 0.02 + (0.2 - 0.02) * (1 - cosine(step / 5))
    return 0.002 + (0.2 - 0.002) * cosine((step - 5) / 14)


def cycling_polynomial(step):
    steps = 6 * max(1, math.ceil(step / 6))
    return 0.3 * (1 - step / steps) ** 2 + 0.1


SCHEDULES = {
    "exponential": (schedules.ExponentialDecay(0.4, 5, 0.7), lambda s: 0.4 * 0.7 ** (s / 5)),
    "exponential staircase": (
        schedules.ExponentialDecay(0.4, 5, 0.7, staircase=True),
        lambda s: 0.4 * 0.7 ** (s // 5),
    ),
    "step": (schedules.StepDecay(0.4, 5), lambda s: 0.4 * 0.5 ** (s // 5)),
    "1/t": (schedules.InverseTimeDecay(0.4, 5, 0.7), lambda s: 0.4 / (1 + 0.7 * s / 5)),
    "1/t staircase": (
        schedules.InverseTimeDecay(0.4, 5, 0.7, staircase=True),
        lambda s: 0.4 / (1 + 0.7 * (s // 5)),
    ),
    "piecewise": (
        schedules.PiecewiseConstantDecay([3, 7, 12], [0.4, 0.2, 0.1, 0.05]),
        lambda s: 0.4 if s <= 3 else 0.2 if s <= 7 else 0.1 if s <= 12 else 0.05,
    ),
    "polynomial": (
        schedules.PolynomialDecay(0.4, 12, end_learning_rate=0.1, power=2.0),
        lambda s: 0.3 * (1 - min(s, 12) / 12) ** 2 + 0.1,
    ),
    "polynomial, cycling": (schedules.PolynomialDecay(0.4, 6, 0.1, 2.0, cycle=True), cycling_polynomial),
    "cosine": (schedules.CosineDecay(0.4, 12, 0.1), lambda s: 0.4 * (0.9 * cosine(min(s / 12, 1)) + 0.1)),
    "cosine, warm-up": (
        schedules.CosineDecay(0.1, 10, alpha=0.1, warmup_target=0.4, warmup_steps=6),
        warm_cosine,
    ),
    "cosine, restarts": (schedules.CosineDecayRestarts(0.4, 3, m_mul=0.8, alpha=0.25), restarts),
    "cosine, equal restarts": (schedules.CosineDecayRestarts(0.4, 7, t_mul=1.0), equal_restarts),
    "one cycle": (schedules.OneCycle(0.2, 20, 0.3, div_factor=10, final_div_factor=10), one_cycle),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_h5_annealing_on_plain_numbers(name):
    schedule, formula = SCHEDULES[name]
    found = [schedule(step) for step in range(20)]
    assert {type(rate) for rate in found} == {float}
    expected = [formula(step) for step in range(20)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", SCHEDULES)
def test_h5_annealing_in_the_printed_program(name):
    """One weight with gradient 1: the step taken is the rate."""
    schedule, formula = SCHEDULES[name]
    model = gn.Sequential([Dense(1, use_bias=False)], dtype="float64")
    model.compile(optimizers.SGD(schedule), "squared_error")
    model.build((None, 1))
    program = {}
    exec(model.source(), program)
    arrays = np.ones((1, 1)), np.full((1, 1), -0.5), np.zeros((1, 1))
    found = [-float(program["train_step"](*arrays, t)[1][0, 0]) for t in range(1, 21)]
    np.testing.assert_allclose(found, [formula(step) for step in range(20)], rtol=0, atol=1e-14)


def test_h5_reduce_on_plateau():
    """Three epochs without improvement halve the rate, down to the lowest allowed."""
    model = gn.Sequential([Dense(1)], dtype="float64")
    model.compile(optimizers.SGD(0.04), "squared_error")
    rates = []
    reduce = gn.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=3, min_lr=0.015)
    seen = gn.callbacks.LambdaCallback(
        on_epoch_end=lambda e, logs: rates.append(model.optimizer.learning_rate)
    )
    model.fit(np.zeros((4, 2)), np.zeros(4), epochs=11, verbose=0, callbacks=[reduce, seen])
    assert rates == [0.04] * 3 + [0.02] * 3 + [0.015] * 5  # the loss is 0 from the first epoch on


# ------------------------------------------------------------------------------------------ H7: ensembles
def log_loss(probabilities, labels):
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
NEW = RNG.normal(0, 1, (200, 3))
NEW_LABELS = (NEW[:, 0] > 0).astype(int) + (NEW[:, 1] > 0)


def trained(seed, epochs, callbacks=()):
    model = gn.Sequential([Dense(16, "tanh"), Dense(3)], seed=seed, dtype="float64")
    model.compile(optimizers.Adam(0.03), "softmax_cross_entropy")
    model.fit(X, LABELS, batch_size=5, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def several_initializations():
    return gn.Ensemble([trained(seed, epochs=30) for seed in range(5)])


def checkpoints_of_one_run():
    snapshots = []
    keep = gn.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: snapshots.append(model.get_snapshot()) if epoch % 10 == 9 else None
    )
    model = gn.Sequential([Dense(16, "tanh"), Dense(3)], dtype="float64")
    model.compile(optimizers.Adam(0.03), "softmax_cross_entropy")
    model.fit(X, LABELS, batch_size=5, epochs=50, verbose=0, callbacks=[keep])
    assert len(snapshots) == 5
    return gn.Ensemble.of_snapshots(model, snapshots)


@pytest.mark.parametrize("make", [several_initializations, checkpoints_of_one_run])
def test_h7_an_ensemble_is_at_least_as_good_as_its_members_are_on_average(make):
    ensemble = make()
    each, together = ensemble.predict_each(NEW), ensemble.predict(NEW)
    assert each.shape == (5, 200, 3)
    np.testing.assert_allclose(each.sum(axis=2), 1, rtol=1e-12)
    np.testing.assert_array_equal(together, each.mean(axis=0))
    losses = [log_loss(probabilities, NEW_LABELS) for probabilities in each]
    assert max(losses) > min(losses)
    assert log_loss(together, NEW_LABELS) < np.mean(losses)


def test_h7_the_running_average_of_the_parameters():
    """Of a run that jumps about: small batches, a high rate."""
    average = gn.callbacks.ParameterAverage(start_from_epoch=20, apply=False)
    values, model = [], gn.Sequential([Dense(1)], dtype="float64")
    model.compile(optimizers.SGD(0.2), "squared_error")
    keep = gn.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: values.append(model.get_snapshot()))
    y = X @ [1.0, -1.0, 0.5] + RNG.normal(0, 1, 20)
    model.fit(X, y, batch_size=2, epochs=60, verbose=0, callbacks=[average, keep])
    mean = {key: np.mean([v[key] for v in values[20:]], axis=0) for key in model.parameters}
    assert average.count == 40
    for key, value in mean.items():
        np.testing.assert_allclose(average.average[key], value, rtol=1e-12)
    members = []
    for snapshot in values[20:]:
        model.set_snapshot(snapshot)
        members.append(model.evaluate(X, y)["loss"])
    with average.applied():
        averaged = model.evaluate(X, y)["loss"]
    assert averaged < np.mean(members)
    assert model.evaluate(X, y)["loss"] == members[-1]
