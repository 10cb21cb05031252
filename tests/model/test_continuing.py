"""Determinism: the same seed gives the same bits, and training goes on where it stopped."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import Dense


def everything_of(model):
    """All numbers that a run leaves behind."""
    return {
        **model.parameters,
        **model.state,
        **model._shelf.slots,
        "step": np.array([model.step, model.epoch]),
    }


def assert_same_bits(one, other):
    a, b = everything_of(one), everything_of(other)
    assert list(a) == list(b)
    for key, value in a.items():
        np.testing.assert_array_equal(value, b[key], err_msg=key, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_two_runs_with_the_same_seed_are_equal(task, dtype, shuffle):
    models = [task.model(seed=3, dtype=dtype) for _ in range(2)]
    histories = [
        model.fit(task.X, task.y, batch_size=8, epochs=3, shuffle=shuffle, verbose=0) for model in models
    ]
    assert histories[0].history == histories[1].history
    assert_same_bits(*models)


def test_another_seed_gives_another_run(task):
    losses = [task.model(seed=s).fit(task.X, task.y, batch_size=8, verbose=0).history["loss"] for s in (0, 1)]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("batch_size", [8, 50])
def test_two_epochs_and_three_are_five(task, batch_size):
    once, twice = task.model(), task.model()
    whole = once.fit(task.X, task.y, batch_size=batch_size, epochs=5, verbose=0).history
    parts = [twice.fit(task.X, task.y, batch_size=batch_size, epochs=n, verbose=0).history for n in (2, 3)]
    assert {name: parts[0][name] + parts[1][name] for name in whole} == whole
    assert_same_bits(once, twice)
    assert (once.epoch, once.step) == (5, 5 * -(-50 // batch_size))


def test_looking_at_a_model_changes_nothing(task):
    once, watched = task.model(), task.model()
    once.fit(task.X, task.y, batch_size=8, epochs=2, verbose=0)
    for _ in range(2):
        look(watched, task)
        watched.fit(task.X, task.y, batch_size=8, verbose=0)
    look(watched, task)
    assert_same_bits(once, watched)


def look(model, task):
    model.build((None, 4))
    model.predict(task.X)
    model.evaluate(task.X, task.y)
    model.loss(task.X, task.y, training=True)
    model.gradients(task.X, task.y, training=True)
    for kind in ("train", "predict", "loss", "gradients"):
        model.source(kind)


def test_a_pickled_model_goes_on_with_the_same_bits(task):
    model = task.model()
    model.fit(task.X, task.y, batch_size=8, epochs=2, verbose=0)
    copy = pickle.loads(pickle.dumps(model))
    assert_same_bits(model, copy)
    losses = [m.fit(task.X, task.y, batch_size=8, verbose=0).history for m in (model, copy)]
    assert losses[0] == losses[1]
    assert_same_bits(model, copy)


def test_a_check_of_gradients_leaves_the_model_as_it_was(task):
    once, checked = task.model(), task.model()
    for model in (once, checked):
        model.fit(task.X, task.y, batch_size=8, verbose=0)
    gn.check_gradients(checked, task.X[:6], task.y[:6], max_coordinates=3)
    assert_same_bits(once, checked)
    for model in (once, checked):
        model.fit(task.X, task.y, batch_size=8, verbose=0)
    assert_same_bits(once, checked)


def test_every_epoch_has_an_order_of_its_own():
    """A loss that is the sum of what it sees, so that each batch's loss tells who is in it."""
    X = 2.0 ** np.arange(12)[:, None]
    model = gn.Sequential([Dense(1, use_bias=False, kernel_initializer="ones")], dtype="float64")
    model.compile(gn.optimizers.SGD(1e-30), lambda y, scores: scores)
    batches = []
    model.fit(X, np.zeros(12), batch_size=5, epochs=3, verbose=0, callbacks=[Recorder(batches)])
    orders = [tuple(batches[i : i + 3]) for i in (0, 3, 6)]
    assert len(set(orders)) == 3
    for order in orders:
        members = [round(total) for total in order]
        assert [member.bit_count() for member in members] == [5, 5, 2]
        assert members[0] | members[1] | members[2] == 2**12 - 1  # each example once
    batches.clear()
    model.fit(X, np.zeros(12), batch_size=5, shuffle=False, verbose=0, callbacks=[Recorder(batches)])
    assert [round(total) for total in batches] == [2**5 - 1, 2**10 - 2**5, 2**12 - 2**10]


class Recorder(gn.callbacks.Callback):
    """Appends the sum of losses of each batch, from the running means that batches report."""

    def __init__(self, batches):
        self.batches, self.seen, self.total = batches, 0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.seen, self.total = 0, 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.seen = min(self.seen + 5, 12)
        total = logs["loss"] * self.seen
        self.batches.append(total - self.total)
        self.total = total


PROGRAM = """
import hashlib, sys
sys.path.insert(0, {folder!r})
from conftest import TASKS
task = TASKS["everything"]
model = task.model(seed=5)
model.fit(task.X, task.y, batch_size=8, epochs=2, verbose=0)
digest = hashlib.sha256()
for value in [*model.parameters.values(), *model.state.values()]:
    digest.update(value.tobytes())
print(digest.hexdigest())
"""


def test_processes_agree(request):
    program = PROGRAM.format(folder=str(request.path.parent))
    found = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


def test_the_global_generators_are_neither_read_nor_written(task):
    """Not written: the fixture of all tests sees to that. Not read: the result does not depend on them."""
    runs = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        model = task.model()
        model.fit(task.X, task.y, batch_size=8, validation_split=0.2, verbose=0)
        runs.append(model)
    assert_same_bits(*runs)


@pytest.fixture(autouse=True)
def _restore_numpys_generator(global_generators_untouched):
    state = np.random.get_state()  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002
