"""Initializers: moments and ranges by sampling, fans, seeds, identifiers, errors."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import initializers
from glassnet.errors import InputError, UnknownNameError
from glassnet.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Ones,
    RandomNormal,
    RandomUniform,
    VarianceScaling,
    Zeros,
)
from glassnet.nn.initializers import fans

SHAPE = (400, 300)  # 120,000 numbers: the mean is known to σ/346, the standard deviation to 0.2 %
CUT = 2 / 0.87962566103423978  # where a truncated Gaussian of standard deviation 1 ends

# initializer, mean, standard deviation, and the bounds in standard deviations from the mean (None: unbounded)
DRAWN = [
    (RandomNormal(0.3, 0.1), 0.3, 0.1, None),
    (RandomNormal(), 0.0, 0.05, None),
    (RandomUniform(-0.2, 0.6), 0.2, 0.8 / np.sqrt(12), np.sqrt(3)),
    (RandomUniform(), 0.0, 0.1 / np.sqrt(12), np.sqrt(3)),
    (GlorotUniform(), 0.0, np.sqrt(2 / 700), np.sqrt(3)),
    (GlorotNormal(), 0.0, np.sqrt(2 / 700), CUT),
    (HeUniform(), 0.0, np.sqrt(2 / 400), np.sqrt(3)),
    (HeNormal(), 0.0, np.sqrt(2 / 400), CUT),
    (VarianceScaling(), 0.0, np.sqrt(1 / 400), CUT),
    (VarianceScaling(3.0, "fan_out", "untruncated_normal"), 0.0, np.sqrt(3 / 300), None),
    (VarianceScaling(0.5, "fan_avg", "uniform"), 0.0, np.sqrt(0.5 / 350), np.sqrt(3)),
]


@pytest.mark.parametrize("initializer, mean, std, bound", DRAWN, ids=[repr(row[0]) for row in DRAWN])
def test_moments_and_ranges(initializer, mean, std, bound):
    values = initializer(SHAPE, seed=0)
    assert (values.shape, values.dtype) == (SHAPE, np.float64)
    assert values.mean() == pytest.approx(mean, abs=4 * std / np.sqrt(values.size))
    assert values.std() == pytest.approx(std, rel=0.01)
    farthest = np.abs(values - mean).max() / std
    if bound is None:
        assert farthest > 4  # of 120,000 Gaussian numbers some lie beyond
    else:
        assert 0.999 * bound < farthest <= bound


def test_a_truncated_gaussian_is_a_gaussian_without_its_tails():
    values = VarianceScaling()(SHAPE, seed=0) * 20 * (2 / CUT)
    inside = np.mean(np.abs(values) < 1)
    assert inside == pytest.approx(0.6826895 / 0.9544997, abs=0.006)


@pytest.mark.parametrize(
    "initializer, value", [(Zeros(), 0.0), (Ones(), 1.0), (Constant(0.01), 0.01), (Constant(), 0.0)]
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 2, 3, 4)])
def test_constants(initializer, value, shape):
    np.testing.assert_array_equal(initializer(shape), np.full(shape, value), strict=True)


def test_output_variance_equals_input_variance():
    """The notes' randn(n) / sqrt(n)."""
    generator = np.random.default_rng(0)
    W = VarianceScaling(1.0, "fan_in", "untruncated_normal")((500, 500), seed=1)
    x = generator.normal(0, 1, (1000, 500))
    assert (x @ W).var() / x.var() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    "shape, expected",
    [
        ((784, 10), (784, 10)),
        ((3, 3, 16, 32), (144, 288)),
        ((5, 2, 4), (10, 20)),
        ((7,), (7, 7)),
        ((), (1, 1)),
    ],
)
def test_fans(shape, expected):
    assert fans(shape) == expected


@pytest.mark.parametrize("shape", [(), (7,), (5, 2, 4), (1, 1)])
@pytest.mark.parametrize(
    "initializer", [GlorotUniform(), HeNormal(), RandomNormal(), RandomUniform()], ids=repr
)
def test_every_shape_works(initializer, shape):
    values = initializer(shape, seed=0)
    assert values.shape == shape
    assert np.isfinite(values).all()


@pytest.mark.parametrize("initializer", [row[0] for row in DRAWN], ids=repr)
def test_seeds(initializer):
    drawn = initializer((3, 4), seed=5)
    np.testing.assert_array_equal(drawn, initializer((3, 4), seed=5))
    np.testing.assert_array_equal(drawn, initializer((3, 4), seed=np.random.default_rng(5)))
    assert (drawn != initializer((3, 4), seed=6)).all()
    generator = np.random.default_rng(5)
    assert (initializer((3, 4), seed=generator) != initializer((3, 4), seed=generator)).all()


def test_identifiers():
    assert repr(initializers.get("he_normal")) == repr(initializers.get("HeNormal")) == repr(HeNormal())
    assert isinstance(initializers.get(GlorotNormal), GlorotNormal)
    assert isinstance(initializers.get(None), Zeros)
    for thing in (RandomNormal(0, 2), lambda shape, seed: np.ones(shape)):
        assert initializers.get(thing) is thing
    np.testing.assert_array_equal(initializers.get(np.array([1, 2]))((2,)), [1.0, 2.0])
    np.testing.assert_array_equal(initializers.get(np.array(3))((2,)), [3.0, 3.0])


BAD = [
    (lambda: RandomNormal(stddev=-1), "RandomNormal: stddev must be a number at least 0; got -1."),
    (lambda: RandomUniform(1, 0), "RandomUniform: minval 1 must not exceed maxval 0."),
    (
        lambda: VarianceScaling(mode="fan"),
        "VarianceScaling: mode must be 'fan_in', 'fan_out' or 'fan_avg'; got 'fan'.",
    ),
    (
        lambda: VarianceScaling(distribution="normal"),
        (
            "VarianceScaling: distribution must be 'truncated_normal', 'untruncated_normal' or 'uniform'; "
            "got 'normal'."
        ),
    ),
    (lambda: VarianceScaling(0), "VarianceScaling: scale must be a number above 0; got 0."),
    (lambda: VarianceScaling("big"), "VarianceScaling: scale must be a number above 0; got 'big'."),
    (
        lambda: initializers.get(3),
        "3 is not an initializer: give a name, an object, or a NumPy function.",
    ),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_options(make, message):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        initializers.get("he_norml")
    assert str(caught.value) == "unknown initializer 'he_norml'. Did you mean 'he_normal'?"
