"""Catalogue row C6: every initializer of Keras's list, by moments, ranges and structure; seeds; errors."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import stats

import glassnet as gn
from glassnet import initializers
from glassnet.errors import InputError, ShapeError, UnknownNameError
from glassnet.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    InverseSqrt,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    Sparse,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from glassnet.nn.initializers import INITIALIZERS

SHAPE = (300, 200)  # fans 300 and 200
CUT = float(stats.truncnorm(-2, 2).std())  # of a unit Gaussian truncated at two


def gaussian(mean, std):
    return stats.norm(mean, std)


def truncated(std, mean=0.0):
    """Truncated at two of its own standard deviations, which leaves ``std``."""
    return stats.truncnorm(-2, 2, loc=mean, scale=std / CUT)


def flat(std):
    return stats.uniform(-math.sqrt(3) * std, 2 * math.sqrt(3) * std)


# initializer → the distribution of its numbers
DRAWN = {
    "random_normal": (RandomNormal(), gaussian(0, 0.05)),
    "random_normal, options": (RandomNormal(0.3, 0.1), gaussian(0.3, 0.1)),
    "random_uniform": (RandomUniform(), stats.uniform(-0.05, 0.1)),
    "random_uniform, options": (RandomUniform(0, 1), stats.uniform(0, 1)),
    "truncated_normal": (TruncatedNormal(), truncated(0.05 * CUT)),
    "truncated_normal, options": (TruncatedNormal(1.0, 0.2), truncated(0.2 * CUT, mean=1.0)),
    "variance_scaling": (VarianceScaling(), truncated(math.sqrt(1 / 300))),
    "variance_scaling, fan_out": (
        VarianceScaling(3.0, "fan_out", "untruncated_normal"),
        gaussian(0, math.sqrt(3 / 200)),
    ),
    "variance_scaling, fan_avg": (
        VarianceScaling(0.5, mode="fan_avg", distribution="uniform"),
        flat(math.sqrt(0.5 / 250)),
    ),
    "glorot_uniform": (GlorotUniform(), flat(math.sqrt(2 / 500))),
    "glorot_normal": (GlorotNormal(), truncated(math.sqrt(2 / 500))),
    "he_uniform": (HeUniform(), flat(math.sqrt(2 / 300))),
    "he_normal": (HeNormal(), truncated(math.sqrt(2 / 300))),
    "lecun_uniform": (LecunUniform(), flat(math.sqrt(1 / 300))),
    "lecun_normal": (LecunNormal(), truncated(math.sqrt(1 / 300))),
    "inverse_sqrt": (InverseSqrt(), gaussian(0, math.sqrt(1 / 300))),
}

# Those that draw nothing, or whose numbers depend on each other, have tests of their own.
STRUCTURED = {"constant", "zeros", "ones", "identity", "orthogonal", "sparse"}


def test_every_initializer_has_a_test():
    kinds = {name.partition(",")[0] for name in DRAWN} | STRUCTURED
    assert set(INITIALIZERS) == kinds | {"normal", "uniform", "one", "zero"}
    public = {name for name in initializers.__all__ if name not in ("Initializer", "get")}
    assert public == {INITIALIZERS[kind].__name__ for kind in kinds}


@pytest.mark.parametrize("name", DRAWN)
def test_c6_distributions(name):
    """Kolmogorov and Smirnov's test on 60,000 numbers: their distance from the distribution is noise."""
    initializer, distribution = DRAWN[name]
    values = initializer(SHAPE, seed=1)
    assert (values.shape, values.dtype) == (SHAPE, np.float64)
    assert stats.kstest(values.ravel(), distribution.cdf).pvalue > 0.001
    assert values.mean() == pytest.approx(distribution.mean(), abs=4 * distribution.std() / math.sqrt(60_000))
    assert values.std() == pytest.approx(distribution.std(), rel=0.01)
    low, high = distribution.support()
    assert low <= values.min()
    assert values.max() <= high


SCALED = [name for name, (initializer, _) in DRAWN.items() if isinstance(initializer, VarianceScaling)]


@pytest.mark.parametrize("name", SCALED)
def test_convolution_kernels_count_their_receptive_field(name):
    initializer, distribution = DRAWN[name]
    values = initializer((3, 2, 50, 200 // 6), seed=1)  # fans 300 and 198
    assert values.std() == pytest.approx(distribution.std(), rel=0.02)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 2, 3, 4)])
def test_c6_constants(shape):
    np.testing.assert_array_equal(Zeros()(shape), np.zeros(shape), strict=True)
    np.testing.assert_array_equal(Ones()(shape), np.ones(shape), strict=True)
    np.testing.assert_array_equal(Constant()(shape), np.zeros(shape), strict=True)
    np.testing.assert_array_equal(Constant(0.01)(shape), np.full(shape, 0.01), strict=True)


def test_c6_identity():
    np.testing.assert_array_equal(Identity()((3, 3)), np.eye(3), strict=True)
    np.testing.assert_array_equal(Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4, 5), (2, 1, 2, 7), (1, 4), (4, 1)])
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_c6_orthogonal(shape, gain):
    values = Orthogonal(gain)(shape, seed=2)
    assert values.shape == shape
    matrix = values.reshape(-1, shape[-1])
    rows, columns = matrix.shape
    product = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    np.testing.assert_allclose(product, gain**2 * np.eye(min(rows, columns)), atol=1e-14)


def test_c6_orthogonal_matrices_are_uniform():
    """Without the signs of R's diagonal the first row's first entry would never be positive."""
    first = np.array([Orthogonal()((2, 2), seed=seed) for seed in range(400)])
    assert abs((first > 0).mean(axis=0) - 0.5).max() < 0.1
    assert abs((np.linalg.det(first) > 0).mean() - 0.5) < 0.1


@pytest.mark.parametrize("shape", [(64, 40), (10, 5), (11, 3), (3, 4), (3, 3, 4, 6)])
@pytest.mark.parametrize("connections", [1, 10])
def test_c7_exactly_k_connections(shape, connections):
    values = Sparse(connections=connections)(shape, seed=3)
    matrix = values.reshape(-1, shape[-1])
    expected = min(connections, len(matrix))
    assert (matrix != 0).sum(axis=0).tolist() == [expected] * shape[-1]
    assert Sparse().connections == 10


def test_c7_connections_are_random_and_small():
    values = Sparse()((100, 2000), seed=4)
    assert stats.kstest(values[values != 0], gaussian(0, 0.01).cdf).pvalue > 0.001
    per_input = (values != 0).sum(axis=1)  # of 20,000 connections about 200 start at each input
    assert stats.chisquare(per_input).pvalue > 0.001
    assert len({tuple(np.flatnonzero(column)) for column in values.T}) == 2000


# ------------------------------------------------------------------------------------------ seeds and names
RANDOM = [
    RandomNormal, RandomUniform, TruncatedNormal, GlorotNormal, GlorotUniform, HeNormal, HeUniform,
    LecunNormal, LecunUniform, Orthogonal, Sparse, InverseSqrt, VarianceScaling,
]  # fmt: skip


@pytest.mark.parametrize("cls", RANDOM)
def test_seeds(cls):
    first, second = cls()((20, 20), seed=1), cls()((20, 20), seed=2)
    assert (first != second).any()
    np.testing.assert_array_equal(cls()((20, 20), seed=1), first)
    np.testing.assert_array_equal(cls(seed=1)((20, 20)), first)
    np.testing.assert_array_equal(cls(seed=1)((20, 20), seed=2), first)  # its own seed comes first
    assert (cls()((20, 20)) != cls()((20, 20))).any()  # no seed at all


def test_a_seed_of_its_own_frees_a_layer_from_the_model_s():
    kernels = []
    for seed in (0, 1):
        dense = [gn.layers.Dense(4, kernel_initializer=HeNormal(seed=5)), gn.layers.Dense(4)]
        model = gn.Sequential(dense, seed=seed)
        model.build((None, 3))
        kernels.append([model.parameters[f"dense_{i}.kernel"] for i in (1, 2)])
    np.testing.assert_array_equal(kernels[0][0], kernels[1][0])
    assert (kernels[0][1] != kernels[1][1]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", [*RANDOM, Constant, Ones, Zeros, Identity])
def test_float_types(cls, dtype):
    assert cls()((4, 5), dtype=dtype, seed=0).dtype == dtype
    model = gn.Sequential([gn.layers.Dense(5, kernel_initializer=cls())], dtype=dtype)
    model.build((None, 4))
    assert model.parameters["dense_1.kernel"].dtype == dtype


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_names(name):
    found = initializers.get(name)
    assert type(found) is INITIALIZERS[name]
    assert type(initializers.get(type(found))) is type(found)
    assert type(initializers.get(type(found).__name__)) is type(found)
    assert initializers.get(found) is found


REPRS = [
    (HeNormal(), "HeNormal()", {"seed": None}),
    (RandomNormal(stddev=0.01), "RandomNormal(stddev=0.01)", {"mean": 0.0, "stddev": 0.01, "seed": None}),
    (Sparse(5, seed=3), "Sparse(connections=5, seed=3)", {"connections": 5, "stddev": 0.01, "seed": 3}),
    (Orthogonal(gain=2), "Orthogonal(gain=2)", {"gain": 2, "seed": None}),
    (Zeros(), "Zeros()", {}),
]


@pytest.mark.parametrize("initializer, text, config", REPRS, ids=[row[1] for row in REPRS])
def test_repr_and_config_make_it_again(initializer, text, config):
    assert repr(initializer) == text
    assert initializer.get_config() == config
    again = type(initializer)(**initializer.get_config())
    np.testing.assert_array_equal(again((6, 6), seed=1), initializer((6, 6), seed=1))
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(initializer))((6, 6), seed=1), again((6, 6), seed=1)
    )


# ------------------------------------------------------------------------------------------ errors
CHOICES = "'truncated_normal', 'untruncated_normal' or 'uniform'"
ERRORS = [
    (lambda: RandomNormal(stddev=-1), "RandomNormal: stddev must be a number at least 0; got -1."),
    (lambda: RandomNormal("a"), "RandomNormal: mean must be a number that is finite; got 'a'."),
    (lambda: TruncatedNormal(math.inf), "TruncatedNormal: mean must be a number that is finite; got inf."),
    (lambda: RandomUniform(1, 0), "RandomUniform: minval 1 must not exceed maxval 0."),
    (lambda: Constant(None), "Constant: value must be a number that is finite; got None."),
    (lambda: Orthogonal(gain=math.nan), "Orthogonal: gain must be a number that is finite; got nan."),
    (lambda: Sparse(0), "Sparse: connections must be a whole number of at least 1; got 0."),
    (lambda: VarianceScaling(0), "VarianceScaling: scale must be a number above 0; got 0."),
    (
        lambda: VarianceScaling(mode="fan"),
        "VarianceScaling: mode must be 'fan_in', 'fan_out' or 'fan_avg'; got 'fan'.",
    ),
    (
        lambda: VarianceScaling(distribution="normal"),
        f"VarianceScaling: distribution must be {CHOICES}; got 'normal'.",
    ),
    (
        lambda: HeNormal(seed=-1),
        "HeNormal: seed must be a whole number of at least 0, or None; got -1.",
    ),
    (
        lambda: Sparse(seed=1.5),
        "Sparse: seed must be a whole number of at least 0, or None; got 1.5.",
    ),
]


@pytest.mark.parametrize("make, text", ERRORS, ids=[text for _, text in ERRORS])
def test_errors(make, text):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "initializer, shape, text",
    [
        (Identity(), (3,), "Identity needs a weight of 2 dimensions; got shape (3,)."),
        (Orthogonal(), (3,), "Orthogonal needs a weight of at least 2 dimensions; got shape (3,)."),
        (Sparse(), (), "Sparse needs a weight of at least 2 dimensions; got shape ()."),
    ],
)
def test_shapes_that_cannot_be(initializer, shape, text):
    with pytest.raises(ShapeError) as caught:
        initializer(shape)
    assert str(caught.value) == text


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        initializers.get("lecun_norml")
    assert str(caught.value) == "unknown initializer 'lecun_norml'. Did you mean 'lecun_normal'?"
