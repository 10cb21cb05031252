"""Catalogue, section C: weight initialization. Each test is named after its row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits

import glassnet as gn
from glassnet import initializers, layers
from glassnet.initializers import Constant, InverseSqrt, RandomNormal, RandomUniform, Sparse

RNG = np.random.default_rng(0)
PIXELS, LABELS = load_digits(return_X_y=True)


# C1: all zeros
@pytest.mark.parametrize("initializer", ["zeros", Constant(0.5), "ones"], ids=str)
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_c1_units_that_start_equal_stay_equal(initializer, activation):
    X, y = RNG.normal(0, 1, (30, 4)), RNG.integers(0, 3, 30)
    options = {"kernel_initializer": initializer}
    model = gn.Sequential([layers.Dense(5, activation, **options), layers.Dense(3, **options)])
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
    model.fit(X, y, batch_size=10, epochs=20, verbose=0)
    kernel = model.parameters["dense_1.kernel"]
    np.testing.assert_array_equal(kernel, np.repeat(kernel[:, :1], 5, axis=1))
    assert (model.parameters["dense_2.bias"] != 0).all()  # it did train
    report = gn.layer_statistics(model, X)
    assert report["dense_1"].output.equal == 0.8  # four of five are copies of the first


def test_c1_random_weights_break_the_symmetry():
    model = gn.Sequential([layers.Dense(5, "sigmoid"), layers.Dense(3)])
    model.build((None, 4))
    assert gn.layer_statistics(model, RNG.normal(0, 1, (30, 4)))["dense_1"].output.equal == 0


# C2: small random numbers
def test_c2_small_random_numbers():
    normal = RandomNormal(stddev=0.01)((500, 500), seed=0)
    assert (normal.mean(), normal.std()) == pytest.approx((0, 0.01), abs=1e-4)
    uniform = RandomUniform(-0.01, 0.01)((500, 500), seed=0)
    assert uniform.std() == pytest.approx(0.02 / math.sqrt(12), rel=0.01)
    assert np.abs(uniform).max() <= 0.01


# C3: 1 / sqrt(n)
@pytest.mark.parametrize("inputs", [50, 500, 2000])
def test_c3_output_variance_equals_input_variance(inputs):
    W = InverseSqrt()((inputs, 400), seed=1)
    x = np.random.default_rng(2).normal(0, 1, (1000, inputs))
    assert (x @ W).var() / x.var() == pytest.approx(1, abs=0.05)
    assert W.var() == pytest.approx(1 / inputs, rel=0.05)


# C4: Glorot, C5: He
VARIANCES = [
    ("glorot_normal", lambda n_in, n_out: 2 / (n_in + n_out)),
    ("glorot_uniform", lambda n_in, n_out: 2 / (n_in + n_out)),
    ("he_normal", lambda n_in, n_out: 2 / n_in),
    ("he_uniform", lambda n_in, n_out: 2 / n_in),
    ("lecun_normal", lambda n_in, n_out: 1 / n_in),
    ("lecun_uniform", lambda n_in, n_out: 1 / n_in),
    ("inverse_sqrt", lambda n_in, n_out: 1 / n_in),
]


@pytest.mark.parametrize("name, variance", VARIANCES)
@pytest.mark.parametrize("shape", [(400, 300), (100, 900), (900, 100)])
def test_c4_c5_c6_variances(name, variance, shape):
    W = initializers.get(name)(shape, seed=3)
    assert W.var() == pytest.approx(variance(*shape), rel=0.02)
    assert W.mean() == pytest.approx(0, abs=4 * W.std() / math.sqrt(W.size))


@pytest.mark.parametrize("name", ["glorot_normal", "glorot_uniform"])
def test_c4_the_variance_is_kept_forward_and_backward(name):
    """With as many inputs as outputs exactly; else their mean is."""
    W = initializers.get(name)((600, 200), seed=4)
    x, g = RNG.normal(0, 1, (1000, 600)), RNG.normal(0, 1, (1000, 200))
    forward, backward = (x @ W).var(), (g @ W.T).var()
    assert (forward, backward) == pytest.approx((1.5, 0.5), rel=0.05)
    assert (forward + backward) / 2 == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", ["he_normal", "he_uniform"])
def test_c5_a_relu_layer_keeps_the_second_moment(name):
    h = RNG.normal(0, 1, (1000, 500))
    before = (h**2).mean()
    for seed in range(3):
        h = np.maximum(h @ initializers.get(name)((500, 500), seed=seed), 0)
    assert (h**2).mean() / before == pytest.approx(1, abs=0.2)


# C6: the others, as Keras defines them; their distributions are in tests/nn/test_catalogue_initializers.py
def test_c6_moments():
    moments = {
        "truncated_normal": (0, 0.05 * 0.87962566103423978),  # Keras's stddev is that before truncation
        "random_normal": (0, 0.05),
        "random_uniform": (0, 0.1 / math.sqrt(12)),
        "variance_scaling": (0, math.sqrt(1 / 400)),
        "orthogonal": (0, math.sqrt(1 / 400)),
        "constant": (0, 0),
        "zeros": (0, 0),
        "ones": (1, 0),
        "identity": (1 / 400, math.sqrt(1 / 400 - 1 / 400**2)),
    }
    for name, (mean, std) in moments.items():
        values = initializers.get(name)((400, 300), seed=5)
        assert values.mean() == pytest.approx(mean, abs=5e-4), name
        assert values.std() == pytest.approx(std, rel=0.01), name


# C7: sparse
def test_c7_exactly_ten_connections_per_unit():
    model = gn.Sequential([layers.Dense(40, kernel_initializer="sparse")])
    model.build((None, 64))
    kernel = model.parameters["dense_1.kernel"]
    assert (kernel != 0).sum(axis=0).tolist() == [10] * 40
    assert kernel[kernel != 0].std() == pytest.approx(0.01, rel=0.15)
    assert ((Sparse(3)((64, 40), seed=0) != 0).sum(axis=0) == 3).all()


# C8: biases
def test_c8_biases_start_at_zero():
    model = gn.Sequential([layers.Dense(4), layers.Dense(3, bias_initializer=Constant(0.01))])
    model.build((None, 2))
    assert (model.parameters["dense_1.bias"] == 0).all()
    assert (model.parameters["dense_2.bias"] == np.float32(0.01)).all()


def held_out_accuracy(seed, bias):
    """Of a small ReLU network whose hidden biases start at ``bias``; all else depends on the seed alone."""
    order = np.random.default_rng(seed).permutation(len(PIXELS))
    train, test = order[:1200], order[1200:]
    X, y = PIXELS / 16, LABELS
    hidden = [
        layers.Dense(32, "relu", kernel_initializer="he_normal", bias_initializer=Constant(bias))
        for _ in range(2)
    ]
    model = gn.Sequential([*hidden, layers.Dense(10)], seed=seed)
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy", metrics=["accuracy"])
    model.fit(X[train], y[train], batch_size=64, epochs=15, verbose=0)
    return model.evaluate(X[test], y[test])["accuracy"]


def test_c8_a_small_constant_brings_no_consistent_gain():
    """24 pairs of runs: the 95 % interval of the gain in accuracy holds 0."""
    gains = np.array([held_out_accuracy(seed, 0.01) - held_out_accuracy(seed, 0.0) for seed in range(24)])
    half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / math.sqrt(len(gains))
    assert gains.mean() - half <= 0 <= gains.mean() + half
    assert half < 0.002  # and it is a narrow one
    assert (gains != 0).any()


# C9: the picture
PICTURE = [
    ("tanh", RandomNormal(stddev=0.01), 0.21, 3e-7, 0.1),
    ("tanh", "glorot_normal", 0.63, 0.23, 0.05),
    ("relu", "glorot_normal", 0.58, 0.024, 0.15),
    ("relu", "he_normal", 0.83, 0.86, 0.15),
]


def deep_network(activation, initializer, seed):
    """Ten layers of 500 units."""
    dense = [layers.Dense(500, activation, kernel_initializer=initializer) for _ in range(10)]
    model = gn.Sequential(dense, seed=seed)
    model.build((None, 500))
    return model


@pytest.mark.parametrize("activation, initializer, first, last, tolerance", PICTURE)
def test_c9_the_spread_of_activations(activation, initializer, first, last, tolerance):
    spreads = []
    for seed in range(4):
        X = np.random.default_rng(seed).normal(0, 1, (1000, 500))
        report = gn.layer_statistics(deep_network(activation, initializer, seed), X)
        spreads.append([row.output.std for row in report.values()])
    means = np.exp(np.log(spreads).mean(axis=0))
    assert means[0] == pytest.approx(first, rel=0.03)
    assert means[-1] == pytest.approx(last, rel=tolerance)


def test_c9_the_gradients_and_the_histograms():
    """With 0.01 the gradient fades on its way back by a factor of ten million; with Glorot it stays."""
    X, y = RNG.normal(0, 1, (200, 500)), RNG.normal(0, 1, (200, 500))
    fades = {}
    for name, initializer in (("small", RandomNormal(stddev=0.01)), ("glorot", "glorot_normal")):
        model = deep_network("tanh", initializer, seed=0)
        model.compile("sgd", "squared_error")
        report = gn.layer_statistics(model, X, y, bins=30)
        rows = list(report.values())
        fades[name] = rows[0].gradient.std / rows[-1].gradient.std
        for row in rows:
            for part in (row.output, row.gradient):
                assert part.counts.sum() == 200 * 500
                assert (len(part.counts), len(part.edges)) == (30, 31)
                assert (part.edges[0], part.edges[-1]) == (part.minimum, part.maximum)
    assert 1e-7 < fades["small"] < 1e-5
    assert 0.3 < fades["glorot"] < 3


REPORT = """\
layer                        mean       std   zeros    dead   equal  gradient std
dense_1: Dense(3, relu)      0.96         2   66.7%   33.3%    0.0%             0
dense_2: Dense(2)             2.9       2.5    0.0%    0.0%   50.0%          0.12"""


def test_c9_the_report_by_hand():
    first = np.array([[1.0, -1.0, 0.0], [1.0, 0.0, -1.0]])
    model = gn.Sequential(
        [
            layers.Dense(3, "relu", kernel_initializer=first),
            layers.Dense(2, kernel_initializer=np.ones((3, 2))),
        ]
    )
    model.build((None, 2))
    model.compile("sgd", "softmax_cross_entropy")
    X, y = np.array([[1.0, 1.0], [-2.0, 0.0], [4.0, 3.0], [0.5, 0.0]]), np.array([0, 1, 0, 1])
    report = gn.layer_statistics(model, X, y)
    hidden = np.maximum(X @ first, 0)
    np.testing.assert_allclose(report["dense_1"].output.mean, hidden.mean(), rtol=1e-6)
    np.testing.assert_allclose(report["dense_1"].output.std, hidden.std(), rtol=1e-6)
    assert (report["dense_1"].output.minimum, report["dense_1"].output.maximum) == (0, hidden.max())
    assert report["dense_1"].output.zeros == (hidden == 0).mean()
    assert report["dense_1"].output.dead == 1 / 3
    assert report["dense_2"].output.equal == 0.5
    scores = (np.full((4, 2), 0.5) - np.eye(2)[y]) / 4  # softmax less the target, over the batch
    np.testing.assert_allclose(report["dense_2"].gradient.std, scores.std(), rtol=1e-6)
    np.testing.assert_allclose(report["dense_1"].gradient.std, 0, atol=1e-7)
    assert str(report) == REPORT
