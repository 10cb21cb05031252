"""Optimizers against the same rules written by hand: on plain arrays, and inside fit in both layouts."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import optimizers
from glassnet.errors import InputError, UnknownNameError
from glassnet.layers import Activation, BatchNormalization, Dense
from glassnet.optimizers import SGD, Adam

STEPS = 5


# ------------------------------------------------------------------------------------------ by hand
def sgd(rate=0.01):
    return lambda w, g, memory, t: w - rate * g


def momentum(rate=0.01, share=0.9, nesterov=False):
    def rule(w, g, memory, t):
        memory["velocity"] = share * memory.get("velocity", 0) - rate * g
        return w + (share * memory["velocity"] - rate * g if nesterov else memory["velocity"])

    return rule


def adam(rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    def rule(w, g, memory, t):
        memory["m"] = beta_1 * memory.get("m", 0) + (1 - beta_1) * g
        memory["v"] = beta_2 * memory.get("v", 0) + (1 - beta_2) * g * g
        mhat, vhat = memory["m"] / (1 - beta_1**t), memory["v"] / (1 - beta_2**t)
        return w - rate * mhat / (np.sqrt(vhat) + epsilon)

    return rule


CASES = {
    "sgd": (lambda: SGD(), sgd(), ()),  # noqa: PLW0108 - read as a table
    "sgd 0.3": (lambda: SGD(0.3), sgd(0.3), ()),
    "momentum": (lambda: SGD(0.1, momentum=0.9), momentum(0.1), ("velocity",)),
    "momentum 0.5": (lambda: SGD(0.1, 0.5), momentum(0.1, 0.5), ("velocity",)),
    "nesterov": (lambda: SGD(0.1, momentum=0.9, nesterov=True), momentum(0.1, nesterov=True), ("velocity",)),
    "adam": (lambda: Adam(), adam(), ("m", "v")),  # noqa: PLW0108
    "adam, all options": (
        lambda: Adam(0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        adam(0.05, 0.8, 0.95, 1e-3),
        ("m", "v"),
    ),
    "adam without memory": (lambda: Adam(0.1, beta_1=0.0, beta_2=0.0), adam(0.1, 0.0, 0.0), ("m", "v")),
}
each_case = pytest.mark.parametrize("name", CASES)


class Rule:
    """A rule by hand with its memory for every parameter."""

    def __init__(self, rule):
        self.rule, self.memory, self.t = rule, {}, 0

    def update(self, parameters, gradients):
        self.t += 1
        return {
            key: self.rule(w, gradients[key], self.memory.setdefault(key, {}), self.t)
            for key, w in parameters.items()
        }


def assert_close(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-12, atol=1e-15, err_msg=key)


# ------------------------------------------------------------------------------------------ plain arrays
@each_case
def test_on_plain_arrays(name):
    make, rule, slots = CASES[name]
    generator = np.random.default_rng(0)
    parameters = {"W": generator.normal(0, 1, (3, 2)), "b": generator.normal(0, 1, 2), "s": np.array(0.5)}
    optimizer, by_hand, expected = make(), Rule(rule), dict(parameters)
    assert optimizer.slots == slots
    state = optimizer.init(parameters)
    for step in range(STEPS):
        gradients = {key: generator.normal(0, 1, w.shape) for key, w in parameters.items()}
        before = {key: w.copy() for key, w in parameters.items()}
        old = parameters
        parameters, state = optimizer.update(parameters, gradients, state)
        assert_close(old, before)  # nothing is changed in place
        expected = by_hand.update(expected, gradients)
        assert_close(parameters, expected)
        assert state["step"] == step + 1
        for slot in slots:
            assert_close(state[slot], {key: by_hand.memory[key][slot] for key in parameters})


@each_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_has_the_shapes_and_types_of_the_parameters(name, dtype):
    optimizer = CASES[name][0]()
    parameters = {"W": np.ones((3, 2), dtype), "b": np.ones(2, dtype), "s": np.array(1, dtype)}
    state = optimizer.init(parameters)
    assert list(state) == ["step", *optimizer.slots]
    assert state["step"] == 0
    assert all(not array.any() for slot in optimizer.slots for array in state[slot].values())
    parameters, state = optimizer.update(parameters, parameters, state)
    for arrays in [parameters, *(state[slot] for slot in optimizer.slots)]:
        assert [array.shape for array in arrays.values()] == [(3, 2), (2,), ()]
        assert {np.asarray(array).dtype for array in arrays.values()} == {np.dtype(dtype)}


def test_the_first_step_of_adam_is_the_learning_rate():
    """By bias correction, whatever the gradient's size."""
    w = {"w": np.zeros(4)}
    g = {"w": np.array([1e-2, -1.0, 1e3, -1e6])}
    optimizer = Adam(0.1, epsilon=1e-12)
    new, _ = optimizer.update(w, g, optimizer.init(w))
    np.testing.assert_allclose(new["w"], -0.1 * np.sign(g["w"]), rtol=1e-9)


# ------------------------------------------------------------------------------------------ inside fit
RNG = np.random.default_rng(1)
X, Y = RNG.normal(0, 1, (20, 3)), RNG.normal(0, 1, (20, 2))

LAYOUTS = {
    "few arrays": lambda: [Dense(4, "tanh"), Dense(2)],
    "one array": lambda: [Dense(2, use_bias=False)],
    "many arrays": lambda: [
        Dense(5, "tanh", kernel_regularizer="l2"),
        BatchNormalization(),
        Activation("tanh"),
        Dense(4, "tanh"),
        Dense(3, "tanh"),
        Dense(2),
    ],
}


def model_with(layout, optimizer, dtype="float64"):
    model = gn.Sequential(LAYOUTS[layout](), dtype=dtype)
    model.compile(optimizer, "squared_error")
    model.build((None, 3))
    return model


@each_case
@pytest.mark.parametrize("layout", LAYOUTS)
def test_inside_fit(name, layout):
    make, rule, slots = CASES[name]
    model = model_with(layout, make())
    assert ("w" in model.source().split("def train_step(")[1].split(")")[0].split(", ")) == (
        bool(slots) or layout == "many arrays"
    )
    by_hand, expected = Rule(rule), {key: value.copy() for key, value in model.parameters.items()}
    for _ in range(STEPS):
        gradients = model.gradients(X, Y, training=True)
        expected = by_hand.update(expected, gradients)
        model.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
        assert_close(model.parameters, expected)


@each_case
@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_fit_is_many(name, layout):
    """The optimizer's memory passes from step to step and from fit to fit."""
    once, often = (model_with(layout, CASES[name][0]()) for _ in range(2))
    once.fit(X, Y, batch_size=6, epochs=3, verbose=0)
    for _ in range(3):
        often.fit(X, Y, batch_size=6, verbose=0)
    assert once.step == often.step == 12
    for key, value in once.parameters.items():
        np.testing.assert_array_equal(often.parameters[key], value)


@each_case
def test_compile_forgets_the_past(name):
    make = CASES[name][0]
    fresh, used = (model_with("few arrays", make()) for _ in range(2))
    used.fit(X, Y, epochs=2, verbose=0)
    used.compile(make(), "squared_error")
    assert used.step == 0
    used.set_parameters(fresh.parameters)
    losses = [model.fit(X, Y, batch_size=7, epochs=2, verbose=0).history["loss"] for model in (fresh, used)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_learning_rate_changed_between_fits_takes_effect(layout, make):
    optimizer = make(0.125)
    model = model_with(layout, optimizer)
    rule = Rule(None)
    expected = {key: value.copy() for key, value in model.parameters.items()}
    for rate in (0.125, 0.5, 0.001):
        optimizer.learning_rate = rate
        rule.rule = sgd(rate) if make is SGD else adam(rate)
        assert f"\nlearning_rate = {rate}  # {optimizer.name}\n" in model.source()
        expected = rule.update(expected, model.gradients(X, Y, training=True))
        model.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
        assert_close(model.parameters, expected)


def test_a_learning_rate_changed_by_a_callback_takes_effect():
    by_hand = model_with("few arrays", SGD(0.1))
    for rate in (0.1, 0.05, 0.025):
        by_hand.optimizer.learning_rate = rate
        by_hand.fit(X, Y, batch_size=7, verbose=0)

    def halve(epoch, logs):
        model.optimizer.learning_rate /= 2

    model = model_with("few arrays", SGD(0.1))
    callback = gn.callbacks.LambdaCallback(on_epoch_end=halve)
    model.fit(X, Y, batch_size=7, epochs=3, verbose=0, callbacks=[callback])
    assert_close(model.parameters, by_hand.parameters)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_slots_follow_the_models_float_type(layout):
    model = model_with(layout, Adam(0.01), "float32")
    model.fit(X, Y, verbose=0)
    model.astype("float64")
    model.fit(X, Y, verbose=0)
    arrays = [*model.parameters.values(), *model._shelf.slots.values()]
    assert {array.dtype.name for array in arrays} == {"float64"}


# ------------------------------------------------------------------------------------------ arguments
@pytest.mark.parametrize(
    "identifier, kind", [("sgd", SGD), ("SGD", SGD), ("adam", Adam), ("Adam", Adam), (Adam, Adam)]
)
def test_identifiers(identifier, kind):
    assert type(optimizers.get(identifier)) is kind


def test_an_object_is_used_as_it_is():
    optimizer = SGD(0.5)
    assert optimizers.get(optimizer) is optimizer


W = {"a": np.zeros(1)}
BAD = [
    *(
        (
            InputError,
            lambda rate=rate: SGD(rate),
            f"SGD: learning_rate must be a number above 0; got {rate!r}.",
        )
        for rate in (0, -1, "fast", None, True, float("nan"), float("inf"), [0.1])
    ),
    (InputError, lambda: SGD(momentum=1), "SGD: momentum must be a number at least 0 and below 1; got 1."),
    (
        InputError,
        lambda: SGD(momentum=-0.1),
        "SGD: momentum must be a number at least 0 and below 1; got -0.1.",
    ),
    (
        InputError,
        lambda: SGD(nesterov=True),
        "SGD: nesterov=True needs a momentum above 0, for instance momentum=0.9.",
    ),
    (InputError, lambda: Adam(beta_1=1.0), "Adam: beta_1 must be a number at least 0 and below 1; got 1.0."),
    (InputError, lambda: Adam(beta_2=2), "Adam: beta_2 must be a number at least 0 and below 1; got 2."),
    (InputError, lambda: Adam(epsilon=0), "Adam: epsilon must be a number above 0; got 0."),
    (
        InputError,
        lambda: SGD().update(W, {"b": np.zeros(1)}, {"step": 0}),
        "parameters and gradients have different keys; without a partner: a, b.",
    ),
    (UnknownNameError, lambda: optimizers.get("admm"), "unknown optimizer 'admm'. Did you mean 'adam'?"),
    (InputError, lambda: optimizers.get(3), "3 is not an optimizer: give a name or an object."),
    (
        InputError,
        lambda: optimizers.get(np.sin),
        "<ufunc 'sin'> is not an optimizer: give a name or an object.",
    ),
]


@pytest.mark.parametrize("kind, act, message", BAD, ids=[row[2][:60] for row in BAD])
def test_bad_arguments(kind, act, message):
    with pytest.raises(kind) as caught:
        act()
    assert str(caught.value) == message
