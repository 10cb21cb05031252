"""Keras (on JAX) as a referee of constraints."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="needs jax and keras")
keras = pytest.importorskip("keras", reason="needs jax and keras")

from glassnet import constraints  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def double_precision():
    """JAX computes in float64 where it gets float64."""
    with jax.enable_x64(True):
        yield


RNG = np.random.default_rng(13)
MATRIX = RNG.normal(0, 1, (6, 5)) * np.array([0.1, 0.5, 1.0, 2.0, 5.0])
FILTERS = RNG.normal(0, 0.3, (3, 3, 4, 5))
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
NAMES = ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]
CASES = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 1.5, "axis": 1}),
    ("MaxNorm", {"axis": [0, 1, 2]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.3}),
    ("MinMaxNorm", {"axis": [0, 1, 2]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("UnitNorm", {"axis": [0, 1, 2]}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", CASES, ids=[f"{n} {o or ''}".strip() for n, o in CASES])
def test_values(name, options, dtype):
    w = (FILTERS if isinstance(options.get("axis"), list) else MATRIX).astype(dtype)
    theirs = np.asarray(getattr(keras.constraints, name)(**options)(w))
    ours = getattr(constraints, name)(**options)(w)
    # MaxNorm leaves weights inside the ball alone; Keras multiplies them by norm / (norm + 1e-7).
    tolerance = 1e-5 if name == "MaxNorm" else TOLERANCE[dtype]
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=0 if name == "MaxNorm" else tolerance)


def test_max_norm_outside_the_ball():
    """There the two agree to the last digits."""
    w = 100 * MATRIX
    theirs = np.asarray(keras.constraints.MaxNorm(1.5)(w))
    np.testing.assert_allclose(constraints.MaxNorm(1.5)(w), theirs, rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_options_have_the_same_names_order_and_defaults(name):
    def parameters(cls):
        found = inspect.signature(cls).parameters.values()
        return [(p.name, p.default) for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]

    assert parameters(getattr(constraints, name)) == parameters(getattr(keras.constraints, name))
