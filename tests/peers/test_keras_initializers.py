"""Keras as a referee of initializers: the same names and options, and numbers from the same distribution."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest
from scipy import stats

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="needs jax and keras")

from glassnet import initializers  # noqa: E402
from glassnet.nn.initializers import fans  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

OURS_ONLY = {"Sparse", "InverseSqrt"}
NAMES = sorted(set(initializers.__all__) - {"get", "Initializer"} - OURS_ONLY)
FIXED = ["Constant", "Zeros", "Ones", "Identity"]
DRAWN = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 0.3, "stddev": 0.1}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": -0.2, "maxval": 0.6}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 0.2}),
    *[
        ("VarianceScaling", {"scale": 1.7, "mode": mode, "distribution": distribution})
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ],
    *[(family + kind, {}) for family in ("Glorot", "He", "Lecun") for kind in ("Normal", "Uniform")],
    ("Orthogonal", {}),
    ("Orthogonal", {"gain": 0.5}),
]


def drawn(module, name, options, shape):
    make = getattr(module, name)
    return np.asarray(make(**options, seed=3)(shape), float)


def test_the_lists_are_the_same():
    theirs = {name for name, value in vars(keras.initializers).items() if isinstance(value, type)}
    known = {
        name for name in theirs if not name.endswith("Initializer") and name[0].isupper() and name != "STFT"
    }
    assert set(NAMES) == known


@pytest.mark.parametrize("name", NAMES)
def test_options_have_the_same_names_order_and_defaults(name):
    """Except input_axes and output_axes, which ours lack."""

    def parameters(cls):
        found = inspect.signature(cls).parameters
        return [(p.name, p.default) for p in found.values() if not p.name.endswith("_axes")]

    assert parameters(getattr(initializers, name)) == parameters(getattr(keras.initializers, name))


@pytest.mark.parametrize("name", FIXED)
def test_those_that_draw_nothing_are_equal(name):
    ours, theirs = getattr(initializers, name)(), getattr(keras.initializers, name)()
    np.testing.assert_array_equal(ours((4, 6)), np.asarray(theirs((4, 6)), float))


@pytest.mark.parametrize("shape", [(300, 200), (3, 2, 50, 30)])
@pytest.mark.parametrize("name, options", DRAWN, ids=[f"{n} {o or ''}".strip() for n, o in DRAWN])
def test_the_same_distribution(name, options, shape):
    """Kolmogorov and Smirnov's test of two samples."""
    ours = drawn(initializers, name, options, shape).ravel()
    theirs = drawn(keras.initializers, name, options, shape).ravel()
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001
    assert ours.std() == pytest.approx(theirs.std(), rel=0.03)
    assert abs(ours.mean() - theirs.mean()) < 5 * ours.std() / np.sqrt(ours.size / 2)


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4), (3, 3, 4, 5)])
def test_fans(shape):
    from keras.src.initializers.random_initializers import compute_fans

    assert fans(shape) == compute_fans(shape)
