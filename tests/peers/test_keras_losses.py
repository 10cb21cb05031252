"""Keras (on JAX), PyTorch and scikit-learn's own losses as referees of losses: values and gradients."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="needs jax, torch and keras")
torch = pytest.importorskip("torch", reason="needs jax, torch and keras")
keras = pytest.importorskip("keras", reason="needs jax, torch and keras")

from sklearn._loss import loss as sk  # noqa: E402

import glassnet as gn  # noqa: E402
from glassnet.nn.losses import CLASSES  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

L = gn.losses
RNG = np.random.default_rng(21)
N, K = 40, 5
SCORES = RNG.normal(0, 2, (N, K))
NUMBERS = RNG.normal(0, 2, (N, K))
POSITIVE = RNG.gamma(2.0, 1.0, (N, K)) + 0.05
COUNTS = RNG.poisson(1.5, (N, K)).astype(float)
LABELS = RNG.integers(0, K, N)
ONEHOT = np.eye(K)[LABELS]
SPREAD = RNG.dirichlet(np.ones(K), N)
CHANCES = RNG.dirichlet(np.ones(K), N)
UNIT = RNG.uniform(0.001, 0.999, (N, K))
BITS = (RNG.uniform(size=(N, K)) < 0.5).astype(float)
WEIGHTS = RNG.uniform(0, 2, N)
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


@pytest.fixture(autouse=True, params=["float32", "float64"])
def dtype(request, monkeypatch):
    """JAX computes in float64 where it gets float64, and Keras creates its constants so.

    Keras's own ``mean`` computes in float32 whatever it gets; JAX's stands in for it.
    """
    monkeypatch.setattr(keras.src.ops, "mean", jax.numpy.mean)
    before = keras.config.floatx()
    keras.config.set_floatx(request.param)
    with jax.enable_x64(request.param == "float64"):
        yield request.param
    keras.config.set_floatx(before)


# class of ours and of Keras's, arguments of both, targets, scores
KERAS = [
    ("MeanSquaredError", {}, NUMBERS, SCORES),
    ("MeanAbsoluteError", {}, NUMBERS, SCORES),
    ("MeanAbsolutePercentageError", {}, NUMBERS, SCORES),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, SCORES),
    ("CosineSimilarity", {}, NUMBERS, SCORES),
    ("CosineSimilarity", {"axis": -1}, NUMBERS, 1e-3 * SCORES),
    ("Huber", {}, NUMBERS, SCORES),
    ("Huber", {"delta": 0.3}, NUMBERS, SCORES),
    ("LogCosh", {}, NUMBERS, SCORES),
    ("Poisson", {}, COUNTS, POSITIVE),
    ("KLDivergence", {}, SPREAD, CHANCES),
    ("KLDivergence", {}, ONEHOT, CHANCES),
    ("Hinge", {}, BITS, SCORES),
    ("Hinge", {}, 2 * BITS - 1, SCORES),
    ("SquaredHinge", {}, 2 * BITS - 1, SCORES),
    ("CategoricalHinge", {}, ONEHOT, SCORES),
    ("BinaryCrossentropy", {}, BITS, UNIT),
    ("BinaryCrossentropy", {"from_logits": True}, BITS, SCORES),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, BITS, UNIT),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2, "axis": -1}, SPREAD, SCORES),
    ("BinaryFocalCrossentropy", {}, BITS, UNIT),
    ("BinaryFocalCrossentropy", {"gamma": 1.5, "apply_class_balancing": True, "alpha": 0.4}, BITS, UNIT),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BITS, SCORES),
    ("CategoricalCrossentropy", {}, SPREAD, CHANCES),
    ("CategoricalCrossentropy", {}, ONEHOT, 3 * CHANCES),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONEHOT, CHANCES),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ONEHOT, SCORES),
    ("SparseCategoricalCrossentropy", {}, LABELS, CHANCES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, SCORES),
    ("CategoricalFocalCrossentropy", {}, ONEHOT, CHANCES),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.5, "alpha": 0.7}, ONEHOT, SCORES),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.1}, ONEHOT, CHANCES),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, LABELS, CHANCES),
]
IDS = [f"{name}({', '.join(f'{k}={v}' for k, v in options.items())})" for name, options, *_ in KERAS]


def typed(array, dtype):
    return array if array.dtype.kind == "i" else array.astype(dtype)


def assert_close(found, expected, dtype):
    """Relative to the largest number: rounding in sums is."""
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype == dtype
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=4 * TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("name, options, y, scores", KERAS, ids=IDS)
def test_values_and_gradients_of_keras(name, options, y, scores, dtype):
    ours, theirs = getattr(L, name)(**options), getattr(keras.losses, name)(**options)
    y, scores = typed(y, dtype), typed(scores, dtype)
    assert_close(ours.per_example(y, scores), theirs.call(y, jax.numpy.asarray(scores)), dtype)
    value, gradient = jax.value_and_grad(lambda s: theirs(y, s))(jax.numpy.asarray(scores))
    found = gn.value_and_grad(lambda s: ours(y, s))(scores)
    assert_close(np.asarray(found[0], dtype), value, dtype)
    assert_close(N * found[1], N * gradient, dtype)


@pytest.mark.parametrize("name", dict.fromkeys(case[0] for case in KERAS))
def test_strings_mean_the_same(name):
    """Keras's strings are functions; ours make the class with its defaults."""
    assert L.get(name).name == type(L.get(name)).function.__name__
    snake = type(L.get(name)).function.__name__
    if snake != "categorical_generalized_cross_entropy":  # Keras has no string for it
        assert keras.losses.get(snake).__name__ == snake


@pytest.mark.parametrize("name, options, y, scores", KERAS[::3], ids=IDS[::3])
def test_weights_and_reductions(name, options, y, scores, dtype):
    y, scores, w = typed(y, dtype), typed(scores, dtype), WEIGHTS.astype(dtype)
    ours = getattr(L, name)(**options)
    for reduction, keras_reduction in (("mean", "mean_with_sample_weight"), ("sum", "sum")):
        ours.reduction = reduction
        theirs = getattr(keras.losses, name)(**options, reduction=keras_reduction)
        expected = np.asarray(theirs(y, jax.numpy.asarray(scores), sample_weight=w))
        np.testing.assert_allclose(ours(y, scores, w), expected, rtol=10 * TOLERANCE[dtype])


def test_every_loss_of_keras_that_fits_dense_outputs_is_here():
    theirs = {name for name in dir(keras.losses) if name[0].isupper()}
    ours = {cls.__name__ for cls in CLASSES}
    # a batch as a whole (segmentation), pairs of examples, sequences
    assert theirs - ours - {"Loss"} == {"CTC", "Circle", "Dice", "Tversky"}


# ------------------------------------------------------------------------------------------ PyTorch
F = torch.nn.functional


def t(array):
    return torch.tensor(array)


TORCH = [
    ("cross_entropy", L.SoftmaxCrossEntropy(), LABELS, SCORES, lambda y, s: F.cross_entropy(s, y)),
    ("probabilities", L.SoftmaxCrossEntropy(), SPREAD, SCORES, lambda y, s: F.cross_entropy(s, y)),
    (
        "smoothing",
        L.SoftmaxCrossEntropy(label_smoothing=0.1),
        LABELS,
        SCORES,
        lambda y, s: F.cross_entropy(s, y, label_smoothing=0.1),
    ),
    (
        "logits",
        L.BinaryCrossEntropy(),
        SPREAD,
        SCORES,
        lambda y, s: F.binary_cross_entropy_with_logits(s, y),
    ),
    (
        "multi_margin",
        L.MulticlassHinge(0.7),
        LABELS,
        SCORES,
        lambda y, s: K * F.multi_margin_loss(s, y, margin=0.7),
    ),
    (
        "multi_margin, squared",
        L.MulticlassHinge(0.7, squared=True),
        LABELS,
        SCORES,
        lambda y, s: K * F.multi_margin_loss(s, y, p=2, margin=0.7),
    ),
    ("mse", L.SquaredError(), NUMBERS, SCORES, lambda y, s: F.mse_loss(s, y)),
    ("l1", L.AbsoluteError(), NUMBERS, SCORES, lambda y, s: F.l1_loss(s, y)),
    ("huber", L.Huber(0.4), NUMBERS, SCORES, lambda y, s: F.huber_loss(s, y, delta=0.4)),
    (
        "poisson_nll",
        L.Poisson(from_log=True),
        COUNTS,
        SCORES,
        lambda y, s: F.poisson_nll_loss(s, y, log_input=True),
    ),
    (
        "gaussian_nll",
        L.GaussianNLL(),
        NUMBERS[:, :2],
        SCORES[:, :4],
        lambda y, s: F.gaussian_nll_loss(s[:, :2], y, torch.exp(s[:, 2:])),
    ),
    (
        "gaussian_nll, full",
        L.GaussianNLL(full=True),
        NUMBERS[:, :1],
        SCORES[:, :2],
        lambda y, s: F.gaussian_nll_loss(s[:, :1], y, torch.exp(s[:, 1:]), full=True),
    ),
    (
        "kl_div",
        L.KLDivergence(from_logits=True),
        SPREAD,
        SCORES,
        lambda y, s: F.kl_div(F.log_softmax(s, dim=1), y, reduction="batchmean"),
    ),
]


@pytest.mark.parametrize("name, loss, y, scores, theirs", TORCH, ids=[case[0] for case in TORCH])
def test_values_and_gradients_of_pytorch(name, loss, y, scores, theirs, dtype):
    y, scores = typed(y, dtype), typed(scores, dtype)
    leaf = t(scores).requires_grad_()
    value = theirs(t(y), leaf)
    value.backward()
    found = gn.value_and_grad(lambda s: loss(y, s))(scores)
    assert_close(np.asarray(found[0], dtype), value.detach().numpy(), dtype)
    assert_close(N * found[1], N * leaf.grad.numpy(), dtype)


# ------------------------------------------------------------------------------------------ scikit-learn
SKLEARN = [
    # half the deviance, from the logarithm of the mean, without what depends on y alone
    (L.Poisson(from_log=True), sk.HalfPoissonLoss(), COUNTS[:, 0], 1.0),
    (L.Gamma(), sk.HalfGammaLoss(), POSITIVE[:, 0], 1.0),
    (L.Tweedie(1.3), sk.HalfTweedieLoss(power=1.3), COUNTS[:, 0], 1.0),
    (L.Quantile(0.8), sk.PinballLoss(quantile=0.8), NUMBERS[:, 0], 1.0),
    (L.Huber(0.7), sk.HuberLoss(delta=0.7), NUMBERS[:, 0], 1.0),
    (L.AbsoluteError(), sk.AbsoluteError(), NUMBERS[:, 0], 1.0),
    (L.BinaryCrossEntropy(), sk.HalfBinomialLoss(), BITS[:, 0], 1.0),
    (L.SquaredError(), sk.HalfSquaredError(), NUMBERS[:, 0], 2.0),
]


@pytest.mark.parametrize("ours, theirs, y, factor", SKLEARN, ids=[repr(case[0]) for case in SKLEARN])
def test_values_and_gradients_of_scikit_learn(ours, theirs, y, factor, dtype):
    y, raw = (np.ascontiguousarray(array, dtype) for array in (y, SCORES[:, 0]))
    expected, slope = theirs.loss_gradient(y_true=y, raw_prediction=raw)
    values = ours.per_example(y, raw)
    shift = values - factor * expected  # a constant
    np.testing.assert_allclose(shift, shift[0], atol=200 * TOLERANCE[dtype])
    gradient = gn.grad(lambda s: ours.per_example(y, s).sum())(raw)
    np.testing.assert_allclose(
        gradient, factor * slope, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-7
    )
