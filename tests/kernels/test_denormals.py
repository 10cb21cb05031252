"""Denormal numbers are zero while a compiled training runs, and numbers again whenever it ends."""

import platform
import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.kernels import flush_denormals

SMALL = np.float32(1e-40)
HAS_SWITCH = platform.machine().lower() in ("x86_64", "amd64")


def is_flushed():
    """Whether this thread's NumPy takes a denormal number for zero."""
    return bool(np.full(1, SMALL) * np.float32(0.5) == 0)


def test_on_and_off():
    assert not is_flushed()
    assert flush_denormals(True) is False
    assert is_flushed() is HAS_SWITCH
    assert flush_denormals(True) is HAS_SWITCH
    assert flush_denormals(False) is HAS_SWITCH
    assert not is_flushed()


def test_it_belongs_to_one_thread():
    found = []
    flush_denormals(True)
    thread = threading.Thread(target=lambda: found.append(is_flushed()))
    flush_denormals(False)
    thread.start()
    thread.join()
    assert found == [False]


def loss_past_the_end(y, scores):
    return -gn.pick(scores, y + 1)


@pytest.mark.parametrize(
    ("loss", "error"), [("softmax_cross_entropy", None), (loss_past_the_end, IndexError)]
)
def test_a_training_leaves_the_thread_as_it_was(loss, error):
    model = gn.Sequential([gn.layers.Dense(3)])
    model.compile("adam", loss, backend="numba")
    x, y = np.ones((8, 2), np.float32), np.arange(8) % 3
    if error is None:
        model.fit(x, y, batch_size=4, epochs=3, verbose=0)
    else:
        with pytest.raises(error):
            model.fit(x, y, batch_size=4, epochs=3, verbose=0)
    assert not is_flushed()


def test_moments_fade_to_zero_in_a_training():
    """Where the gradient is zero Adam's first moment shrinks by 0.9 a step; in the end it is 0."""
    model = gn.Sequential([gn.layers.Dense(1, use_bias=False)])
    model.compile(gn.optimizers.Adam(1e-3), "squared_error", backend="numba")
    x = np.ones((4, 1), np.float32)
    model.fit(x, x * 2, batch_size=4, epochs=1, verbose=0)
    model.fit(x * 0, x * 0, batch_size=4, epochs=1000, verbose=0)
    moment = model._shelf.slots["m"]
    assert moment == 0 if HAS_SWITCH else abs(moment) < 1e-37
