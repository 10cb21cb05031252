"""Training that produces NaN or infinity: it stops, keeps the last finite step, and says what went wrong."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import DivergenceError, GlassnetError
from glassnet.layers import BatchNormalization, Dense, Dropout
from glassnet.optimizers import SGD, Adam
from glassnet.random import shuffle

RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(0, 1, (20, 3)), RNG.normal(0, 1, 20), RNG.integers(0, 2, 20)


class Case:
    """A network that diverges, the step and epoch (both from 1) at which it does, and the first bad value."""

    def __init__(self, layers, optimizer, loss, step, epoch, bad, *, X=X, y=Y, dtype="float32"):
        self.layers, self.optimizer, self.loss = layers, optimizer, loss
        self.step, self.epoch, self.bad = step, epoch, bad
        self.X, self.y, self.dtype = X, y, dtype

    def model(self):
        model = gn.Sequential(self.layers(), dtype=self.dtype)
        model.compile(self.optimizer(), self.loss)
        return model

    def message(self):
        return (
            f"training diverged at step {self.step} (epoch {self.epoch}): {self.bad}.\n"
            f"The parameters of step {self.step - 1}, the last finite ones, are kept.\n"
            f"Lower the learning rate (now {self.optimizer().learning_rate:g}), standardize the inputs, or "
            "bound the weights (MaxNorm)."
        )


def huge(y, scores):
    """Finite itself, but one step along its gradient is not."""
    return 1e30 * scores


CASES = {
    "rate too high": Case(
        lambda: [Dense(1)], lambda: SGD(10), "squared_error", 17, 5, "inf in loss = (e**2).mean()"
    ),
    "rate too high, float64": Case(
        lambda: [Dense(1)],
        lambda: SGD(10),
        "squared_error",
        117,
        30,
        "inf in loss = (e**2).mean()",
        dtype="float64",
    ),
    "scores": Case(
        lambda: [Dense(4, "relu"), Dense(2)],
        lambda: SGD(1e20),
        "softmax_cross_entropy",
        2,
        1,
        "inf in z2 = h1 @ W2 + b2",
        y=LABELS,
    ),
    "momentum and penalty": Case(
        lambda: [Dense(4, "tanh", kernel_regularizer="l2"), Dense(1)],
        lambda: SGD(1000, momentum=0.9),
        "squared_error",
        6,
        2,
        "inf in data_loss = (e**2).mean()",
    ),
    "Adam": Case(
        lambda: [Dropout(0.2), Dense(4, "relu"), BatchNormalization(), Dense(1)],
        lambda: Adam(1e15),
        "squared_error",
        2,
        1,
        "inf in loss = (e**2).mean()",
    ),
    "undefined loss": Case(
        lambda: [Dense(1)],
        lambda: SGD(0.1),
        lambda y, scores: np.log(scores),
        1,
        1,
        "nan in loss = np.log(z1).mean()",
    ),
    "statistics": Case(
        lambda: [BatchNormalization(), Dense(1)],
        lambda: SGD(0.1),
        "squared_error",
        1,
        1,
        "inf in var1 = x.var(axis=0)",
        X=1e25 * X,
    ),
    "update": Case(lambda: [Dense(1)], lambda: SGD(1e30), huge, 1, 1, "inf in W1 = W1 - learning_rate * dW1"),
}
each_case = pytest.mark.parametrize("name", CASES)


def diverged(case, **options):
    model = case.model()
    with pytest.raises(DivergenceError) as caught:
        model.fit(case.X, case.y, batch_size=6, epochs=50, verbose=0, **options)
    return model, caught.value


def arrays_of(model):
    return {**model.parameters, **model.state, **model._shelf.slots}


@each_case
def test_the_message(name):
    case = CASES[name]
    _, error = diverged(case)
    assert str(error) == case.message()
    assert str(error).count("\n") == 2
    assert isinstance(error, (GlassnetError, ArithmeticError))


@each_case
def test_the_last_finite_step_is_kept(name):
    """The same batches again, one fit for each, up to the step before: equal to the last bit."""
    case = CASES[name]
    model, _ = diverged(case)
    by_hand = case.model()
    by_hand.build((None, 3))
    for step in range(case.step - 1):
        epoch, batch = divmod(step, 4)
        rows = shuffle(0, epoch, 20)[6 * batch : 6 * batch + 6]
        by_hand.fit(case.X[rows], case.y[rows], batch_size=6, shuffle=False, verbose=0)
    assert model.step == by_hand.step == case.step - 1
    found, expected = arrays_of(model), arrays_of(by_hand)
    assert all(np.isfinite(array).all() for array in found.values())
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)


@pytest.mark.parametrize("name", ["rate too high", "scores", "momentum and penalty", "update"])
def test_the_next_step_by_hand_is_not_finite(name):
    """The step that the message names is the first bad one, by the optimizer's own arithmetic."""
    case = CASES[name]
    model, _ = diverged(case)
    epoch, batch = divmod(case.step - 1, 4)
    rows = shuffle(0, epoch, 20)[6 * batch : 6 * batch + 6]
    optimizer, slots = case.optimizer(), model._shelf.slots
    state = {"step": model.step}
    for slot in optimizer.slots:
        kept = slots.get(slot)
        parts = np.split(kept, np.cumsum([p.size for p in model.parameters.values()])[:-1])
        state[slot] = {
            key: part.reshape(p.shape) for (key, p), part in zip(model.parameters.items(), parts, strict=True)
        }
    with np.errstate(all="ignore"):
        loss = sum(model.loss(case.X[rows], case.y[rows], training=True))
        gradients = model.gradients(case.X[rows], case.y[rows], training=True)
        after, _ = optimizer.update(model.parameters, gradients, state)
    assert not (np.isfinite(loss) and all(np.isfinite(array).all() for array in after.values()))


@each_case
def test_the_history_holds_the_epochs_before(name):
    case = CASES[name]
    diary = []
    callback = gn.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: diary.append(epoch), on_train_end=lambda logs: diary.append("end")
    )
    model, _ = diverged(case, callbacks=[callback])
    assert model.history.epoch == diary == list(range(case.epoch - 1))
    assert model.epoch == case.epoch - 1
    assert np.isfinite(model.history.history.get("loss", [])).all()


def test_training_goes_on_at_a_lower_rate():
    model, _ = diverged(CASES["update"])
    fresh = CASES["update"].model()
    losses = []
    for m in (model, fresh):
        m.optimizer.learning_rate = 1e-30
        losses.append(m.fit(X, Y, batch_size=6, epochs=3, verbose=0).history["loss"])
    assert losses[0] == losses[1]
    assert model.step == fresh.step == 12


def test_a_fit_of_one_step_that_only_spoils_the_parameters():
    """The loss of that step is finite, and there is no next one to notice."""
    case = CASES["update"]
    model = case.model()
    model.build((None, 3))
    before = {key: value.copy() for key, value in model.parameters.items()}
    with pytest.raises(DivergenceError) as caught:
        model.fit(X, Y, batch_size=20, verbose=0)
    assert str(caught.value) == case.message()
    for key, value in model.parameters.items():
        np.testing.assert_array_equal(value, before[key])


def test_large_but_finite_is_no_divergence():
    model = gn.Sequential([Dense(1, use_bias=False)])
    model.compile(SGD(1e-30), lambda y, scores: 1e30 * scores)
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert np.abs(losses).max() > 1e28
