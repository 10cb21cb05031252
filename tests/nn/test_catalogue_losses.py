"""Every loss through the same questions: values, gradients, options, extremes, float types, names, errors."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.activations import sigmoid, softmax
from glassnet.nn.losses import CLASSES

L = gn.losses
RNG = np.random.default_rng(3)
N, K = 7, 4
SCORES = RNG.normal(0, 1.5, (N, K))
NUMBERS = RNG.normal(0, 1, (N, K))
POSITIVE = RNG.gamma(2.0, 1.0, (N, K))
COUNTS = RNG.poisson(1.5, (N, K)).astype(float)
COUNTS[0, 0] = 0.0
LABELS = np.array([0, 3, 1, 2, 2, 0, 3])
ONEHOT = np.eye(K)[LABELS]
SPREAD = RNG.dirichlet(np.ones(K), N)
BITS = (RNG.uniform(size=(N, K)) < 0.5).astype(float)
SIGNS = 2 * BITS - 1
UNIT = 0.1 + 0.8 * sigmoid(SCORES)  # probabilities, output by output
CHANCES = 0.1 + 0.6 * softmax(SCORES)  # probabilities that sum to 1
TREE = L.Tree((((0, 1), 2), (3, 4)))
EPS = 1e-7


# ------------------------------------------------------------------------------------------ definitions
# One example at a time, one output at a time, in the standard library's mathematics.
def mean(values):
    values = list(values)
    return math.fsum(values) / len(values)


def each(f):
    """The mean of f over an example's outputs."""
    return lambda y, s: mean(f(a, b) for a, b in zip(y, s, strict=True))


def total(f):
    return lambda y, s: math.fsum(f(a, b) for a, b in zip(y, s, strict=True))


def logistic(s):
    return 1 / (1 + math.exp(-s))


def clipped(p):
    return min(max(p, EPS), 1 - EPS)


def soft(scores):
    powers = [math.exp(s - max(scores)) for s in scores]
    return [p / sum(powers) for p in powers]


def nll(y, s):
    return -math.log(soft(s)[y])


def bernoulli(y, p):
    return -float(y) * math.log(p) - (1 - float(y)) * math.log(1 - p)


def against(q, p):
    return -math.fsum(a * math.log(b) for a, b in zip(q, p, strict=True))


def smooth(q, amount):
    return [(1 - amount) * a + amount / len(q) for a in q]


def wrong(y, s):
    return [value for j, value in enumerate(s) if j != y]


def hinge(x):
    return max(0.0, x)


def huber(e, delta):
    return 0.5 * e * e if abs(e) <= delta else delta * (abs(e) - 0.5 * delta)


def pinball(e, q):
    return q * e if e > 0 else (q - 1) * e


def tweedie(y, m, p):
    return y * m ** (1 - p) / (p - 1) + m ** (2 - p) / (2 - p)


def cosine(y, s):
    return -math.fsum(a * b for a, b in zip(y, s, strict=True)) / (math.hypot(*y) * math.hypot(*s))


def focal(y, p, gamma):
    return -math.fsum(a * (1 - b) ** gamma * math.log(b) for a, b in zip(y, p, strict=True))


def binary_focal(y, p, gamma):
    return (1 - (p if y else 1 - p)) ** gamma * bernoulli(y, clipped(p))


def path_cost(y, s):
    """Down the tree (((0, 1), 2), (3, 4)), whose nodes are 0: root, 1, 2: (0, 1), 3: (3, 4)."""
    way = {0: (-1, -1, -1, 0), 1: (-1, -1, 1, 0), 2: (-1, 1, 0, 0), 3: (1, 0, 0, -1), 4: (1, 0, 0, 1)}[y]
    return -math.fsum(math.log(logistic(side * score)) for side, score in zip(way, s, strict=True) if side)


def normal(y, s):
    k = len(y)
    return mean(0.5 * (s[k + i] + (y[i] - s[i]) ** 2 / math.exp(s[k + i])) for i in range(k))


def log_normal(y, s):
    return -math.log(
        math.exp(-0.5 * (y[0] - s[0]) ** 2 / math.exp(s[1])) / math.sqrt(2 * math.pi * math.exp(s[1]))
    )


def squared(y, s):
    return (s - y) ** 2


def absolute(y, s):
    return abs(s - y)


@dataclass
class Case:
    """A loss, targets, scores, and the definition for one example."""

    loss: L.Loss
    y: Any
    scores: Any
    define: Callable[[Any, Any], float]


def case(loss, y, scores, define):
    return Case(loss, y, scores, define)


CASES = [
    case(L.SoftmaxCrossEntropy(), LABELS, SCORES, nll),
    case(L.SoftmaxCrossEntropy(), SPREAD, SCORES, lambda y, s: against(y, soft(s))),
    case(
        L.SoftmaxCrossEntropy(label_smoothing=0.1),
        LABELS,
        SCORES,
        lambda y, s: against(smooth(np.eye(K)[y], 0.1), soft(s)),
    ),
    case(
        L.SoftmaxCrossEntropy(label_smoothing=0.1),
        SPREAD,
        SCORES,
        lambda y, s: against(smooth(y, 0.1), soft(s)),
    ),
    case(L.MulticlassHinge(), LABELS, SCORES, lambda y, s: sum(hinge(a - s[y] + 1) for a in wrong(y, s))),
    case(
        L.MulticlassHinge(0.3, squared=True),
        LABELS,
        SCORES,
        lambda y, s: sum(hinge(a - s[y] + 0.3) ** 2 for a in wrong(y, s)),
    ),
    case(
        L.MulticlassHinge(0.7, kind="one_vs_all"),
        LABELS,
        SCORES,
        lambda y, s: hinge(0.7 - s[y]) + sum(hinge(0.7 + a) for a in wrong(y, s)),
    ),
    case(
        L.MulticlassHinge(squared=True, kind="one_vs_all"),
        LABELS,
        SCORES,
        lambda y, s: hinge(1 - s[y]) ** 2 + sum(hinge(1 + a) ** 2 for a in wrong(y, s)),
    ),
    case(
        L.MulticlassHinge(2, kind="crammer_singer"),
        LABELS,
        SCORES,
        lambda y, s: hinge(max(wrong(y, s)) - s[y] + 2),
    ),
    case(
        L.MulticlassHinge(2, squared=True, kind="crammer_singer"),
        LABELS,
        SCORES,
        lambda y, s: hinge(max(wrong(y, s)) - s[y] + 2) ** 2,
    ),
    case(L.BinaryCrossEntropy(), BITS, SCORES, each(lambda y, s: bernoulli(y, logistic(s)))),
    case(
        L.BinaryCrossEntropy("sum", label_smoothing=0.2),
        BITS,
        SCORES,
        total(lambda y, s: bernoulli(0.8 * y + 0.1, logistic(s))),
    ),
    case(L.BinaryHinge(), SIGNS, SCORES, each(lambda y, s: hinge(1 - y * s))),
    case(
        L.BinaryHinge(0.4, squared=True, over_outputs="sum"),
        BITS,
        SCORES,
        total(lambda y, s: hinge(0.4 - (2 * y - 1) * s) ** 2),
    ),
    case(L.SquaredError(), NUMBERS, SCORES, each(squared)),
    case(L.SquaredError("sum"), NUMBERS, SCORES, total(squared)),
    case(L.AbsoluteError(), NUMBERS, SCORES, each(absolute)),
    case(L.AbsoluteError("sum"), NUMBERS, SCORES, total(absolute)),
    case(L.SumOfSquares(), NUMBERS, SCORES, total(squared)),
    case(L.L2Regression(), NUMBERS, SCORES, total(squared)),
    case(L.L1Regression(), NUMBERS, SCORES, total(absolute)),
    case(L.Huber(), NUMBERS, SCORES, each(lambda y, s: huber(s - y, 1))),
    case(L.Huber(0.3, over_outputs="sum"), NUMBERS, SCORES, total(lambda y, s: huber(s - y, 0.3))),
    case(L.LogCosh(), NUMBERS, SCORES, each(lambda y, s: math.log(math.cosh(s - y)))),
    case(L.Quantile(), NUMBERS, SCORES, each(lambda y, s: 0.5 * abs(y - s))),
    case(L.Quantile(0.9), NUMBERS, SCORES, each(lambda y, s: pinball(y - s, 0.9))),
    case(
        L.Quantile([0.1, 0.5, 0.75, 0.9]),
        NUMBERS[:, 0],
        SCORES,
        lambda y, s: mean(pinball(y - b, q) for b, q in zip(s, (0.1, 0.5, 0.75, 0.9), strict=True)),
    ),
    case(L.GaussianNLL(), NUMBERS[:, :2], SCORES, normal),
    case(L.GaussianNLL(full=True), NUMBERS[:, :1], SCORES[:, :2], log_normal),
    case(L.Poisson(), COUNTS, POSITIVE, each(lambda y, s: s - y * math.log(s + EPS))),
    case(L.Poisson(from_log=True), COUNTS, SCORES, each(lambda y, s: math.exp(s) - y * s)),
    case(L.Gamma(), POSITIVE, SCORES, each(lambda y, s: s + y * math.exp(-s))),
    case(L.Tweedie(), COUNTS, SCORES, each(lambda y, s: tweedie(y, math.exp(s), 1.5))),
    case(L.Tweedie(1.2, "sum"), COUNTS, SCORES, total(lambda y, s: tweedie(y, math.exp(s), 1.2))),
    case(
        L.Ordinal(),
        LABELS + 1,
        SCORES,
        lambda y, s: sum(bernoulli(y > j, logistic(a)) for j, a in enumerate(s)),
    ),
    case(
        L.Ordinal("independent"),
        LABELS,
        SCORES,
        lambda y, s: sum(bernoulli(y == j, logistic(a)) for j, a in enumerate(s)),
    ),
    case(L.HierarchicalSoftmax(TREE), LABELS + 1, SCORES, path_cost),
    case(L.Focal(), LABELS, SCORES, lambda y, s: focal(np.eye(K)[y], soft(s), 2)),
    case(L.Focal(0.5), LABELS, SCORES, lambda y, s: focal(np.eye(K)[y], soft(s), 0.5)),
    case(L.Focal(0), LABELS, SCORES, nll),
    # ---- Keras's
    case(L.MeanSquaredError(), NUMBERS, SCORES, each(squared)),
    case(L.MeanAbsoluteError(), NUMBERS, SCORES, each(absolute)),
    case(
        L.MeanAbsolutePercentageError(),
        NUMBERS,
        SCORES,
        each(lambda y, s: 100 * abs(s - y) / max(abs(y), EPS)),
    ),
    case(
        L.MeanSquaredLogarithmicError(),
        POSITIVE,
        POSITIVE[::-1].copy(),
        each(lambda y, s: (math.log(1 + s) - math.log(1 + y)) ** 2),
    ),
    case(L.CosineSimilarity(), NUMBERS, SCORES, cosine),
    case(L.Hinge(), SIGNS, SCORES, each(lambda y, s: hinge(1 - y * s))),
    case(L.SquaredHinge(), BITS, SCORES, each(lambda y, s: hinge(1 - (2 * y - 1) * s) ** 2)),
    case(
        L.CategoricalHinge(),
        ONEHOT,
        SCORES,
        lambda y, s: hinge(1 + max((1 - y) * s) - math.fsum(y * s)),
    ),
    case(L.BinaryCrossentropy(), BITS, UNIT, each(lambda y, p: bernoulli(y, clipped(p)))),
    case(L.BinaryCrossentropy(True), BITS, SCORES, each(lambda y, s: bernoulli(y, logistic(s)))),
    case(
        L.BinaryCrossentropy(label_smoothing=0.2),
        BITS,
        UNIT,
        each(lambda y, p: bernoulli(0.8 * y + 0.1, clipped(p))),
    ),
    case(L.BinaryFocalCrossentropy(), BITS, UNIT, each(lambda y, p: binary_focal(y, p, 2))),
    case(
        L.BinaryFocalCrossentropy(True, 0.4, 1.5, from_logits=True),
        BITS,
        SCORES,
        each(lambda y, s: (0.4 if y else 0.6) * binary_focal(y, logistic(s), 1.5)),
    ),
    case(L.CategoricalCrossentropy(), SPREAD, CHANCES, against),
    case(L.CategoricalCrossentropy(), LABELS, CHANCES, lambda y, p: -math.log(p[y])),
    case(
        L.CategoricalCrossentropy(label_smoothing=0.2),
        ONEHOT,
        3 * CHANCES,  # normalized by the loss
        lambda y, p: against(smooth(y, 0.2), p / sum(p)),
    ),
    case(L.CategoricalCrossentropy(True), SPREAD, SCORES, lambda y, s: against(y, soft(s))),
    case(L.SparseCategoricalCrossentropy(), LABELS, CHANCES, lambda y, p: -math.log(p[y])),
    case(L.SparseCategoricalCrossentropy(True), LABELS, SCORES, nll),
    case(L.CategoricalFocalCrossentropy(), SPREAD, CHANCES, lambda y, p: 0.25 * focal(y, p, 2)),
    case(
        L.CategoricalFocalCrossentropy(0.7, 1.5, True, 0.1),
        ONEHOT,
        SCORES,
        lambda y, s: 0.7 * focal(smooth(y, 0.1), soft(s), 1.5),
    ),
    case(L.CategoricalGeneralizedCrossEntropy(0.7), LABELS, CHANCES, lambda y, p: (1 - p[y] ** 0.7) / 0.7),
    case(
        L.KLDivergence(),
        SPREAD,
        CHANCES,
        lambda y, p: math.fsum(a * math.log(a / b) for a, b in zip(y, p, strict=True)),
    ),
    case(
        L.KLDivergence(from_logits=True),
        ONEHOT,
        SCORES,
        lambda y, s: against(y, soft(s)),
    ),
]
IDS = [f"{c.loss!r}, y {c.y.dtype.kind}" for c in CASES]
each_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def test_every_loss_has_a_case():
    assert {type(c.loss) for c in CASES} == set(CLASSES)


@each_case
def test_definition(case):
    values = case.loss.per_example(case.y, case.scores)
    expected = [case.define(y, s) for y, s in zip(case.y, case.scores, strict=True)]
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-15)


@each_case
def test_gradient(case):
    check = gn.check_gradients(lambda scores: case.loss(case.y, scores), case.scores)
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())


DIFFERENTIABLE_TARGETS = [
    c
    for c in CASES
    if c.y.dtype.kind == "f" and "Hinge" not in repr(c.loss) and not np.isin(c.y, (0, 1)).all()
]


@pytest.mark.parametrize("case", DIFFERENTIABLE_TARGETS, ids=lambda c: repr(c.loss))
def test_gradient_by_the_targets(case):
    """Targets can be predictions of another network."""
    y = np.maximum(case.y, 0.05) if "Tweedie" in repr(case.loss) else case.y  # no step across 0
    check = gn.check_gradients(lambda y: case.loss(y, case.scores), y)
    assert check.max_error <= 2e-7, str(check)


OPTIONS = [
    (lambda v: L.softmax_cross_entropy(LABELS, SCORES, label_smoothing=v), 0.2),
    (lambda v: L.softmax_cross_entropy(SPREAD, SCORES, label_smoothing=v), 0.2),
    (lambda v: L.binary_cross_entropy(BITS, SCORES, label_smoothing=v), 0.2),
    *((lambda v, k=k, q=q: L.multiclass_hinge(LABELS, SCORES, v, q, k), 0.83)
      for k in ("weston_watkins", "one_vs_all", "crammer_singer") for q in (False, True)),
    (lambda v: L.binary_hinge(BITS, SCORES, v), 0.83),
    (lambda v: L.binary_hinge(BITS, SCORES, v, squared=True), 0.83),
    (lambda v: L.huber(NUMBERS, SCORES, v), 0.77),
    (lambda v: L.quantile(NUMBERS, SCORES, v), 0.3),
    (lambda v: L.tweedie(COUNTS, SCORES, v), 1.4),
    (lambda v: L.focal(LABELS, SCORES, v), 1.7),
    (lambda v: L.categorical_focal_crossentropy(SPREAD, SCORES, gamma=v, from_logits=True), 1.7),
    (lambda v: L.binary_focal_crossentropy(BITS, SCORES, gamma=v, from_logits=True), 1.7),
    (lambda v: L.categorical_generalized_cross_entropy(LABELS, softmax(SCORES), v), 0.6),
]  # fmt: skip


@pytest.mark.parametrize("f, value", OPTIONS)
def test_gradient_by_an_option(f, value):
    """No gradient is silently zero: options, too, can be learned."""
    check = gn.check_gradients(lambda v: f(v).sum(), np.array(value))
    assert check.max_error <= 1e-7, str(check)
    assert abs(gn.grad(lambda v: f(v).sum())(np.array(value))) > 1e-3


@pytest.mark.parametrize("q", [0.3, 1.0])
def test_generalized_cross_entropy_of_a_traced_softmax(q):
    def loss(z, q):
        return L.categorical_generalized_cross_entropy(LABELS, softmax(z), q).sum()

    check = gn.check_gradients(loss, SCORES, np.array(q))
    assert check.max_error <= 1e-7, str(check)
    plain = L.categorical_generalized_cross_entropy(LABELS, softmax(SCORES), q).sum()
    assert gn.value_and_grad(loss)(SCORES, np.array(q))[0] == pytest.approx(plain, rel=1e-13)


# ------------------------------------------------------------------------------------------ in a model
def model_of(loss, units=K, activation=None, dtype="float32", metrics=()):
    """A network whose scores are its inputs, but for the bias."""
    layer = gn.layers.Dense(units, activation, kernel_initializer="identity")
    model = gn.Sequential([layer], dtype=dtype)
    model.build((None, units))
    model.compile(gn.optimizers.SGD(1e-3), loss, metrics=list(metrics))
    return model


@each_case
def test_a_model_computes_the_same(case):
    model = model_of(case.loss, case.scores.shape[1], dtype="float64")
    values = case.loss.per_example(case.y, case.scores)
    reduce = np.sum if case.loss.reduction == "sum" else np.mean
    assert model.loss(case.scores, case.y).data == pytest.approx(reduce(values), rel=1e-12)
    w = np.linspace(0, 2, N)
    weighted = (w * values).sum() / (1 if case.loss.reduction == "sum" else w.sum())
    assert model.loss(case.scores, case.y, sample_weight=w).data == pytest.approx(weighted, rel=1e-12)


@each_case
@pytest.mark.parametrize("weighted", [False, True])
def test_float32_stays_float32(case, weighted):
    """Everything that a printed training step returns, with nothing widened on the way."""
    metrics = ["accuracy"] if case.loss.task == "labels" else []
    model = model_of(case.loss, case.scores.shape[1], metrics=metrics)
    data = model._dataset(case.scores, case.y, "fit()", np.ones(N) if weighted else None)
    program = model._training_program(data)
    values = {**model._shelf.training_values(program, 0, 0)}
    values.update({("argument", key): array for key, array in data.arrays().items()})
    results = program(values)
    assert {str(np.asarray(value).dtype) for value in results.values()} == {"float32"}
    exact = float(case.loss(case.y, case.scores))
    assert float(results["return", "loss"]) == pytest.approx(exact, rel=2e-5, abs=1e-6)


def test_a_loss_that_is_trained_falls():
    for case in CASES:
        model = model_of(case.loss, case.scores.shape[1])
        model.fit(np.float32(case.scores), case.y, epochs=15, batch_size=N, verbose=0)
        before, after = (model.history.history["loss"][i] for i in (0, -1))
        assert after < before, repr(case.loss)


# ------------------------------------------------------------------------------------------ options
CHANGES = [
    (
        L.SoftmaxCrossEntropy(label_smoothing=0.1),
        "label_smoothing",
        0.3,
        LABELS,
        "label_smoothing = 0.3  # loss",
    ),
    (L.MulticlassHinge(), "margin", 5.0, LABELS, "margin = 5.0  # loss"),
    (L.MulticlassHinge(kind="one_vs_all"), "margin", 5, LABELS, "margin = 5  # loss"),
    (
        L.BinaryCrossEntropy(label_smoothing=0.1),
        "label_smoothing",
        0.2,
        BITS,
        "label_smoothing = 0.2  # loss",
    ),
    (L.BinaryHinge(), "margin", 0.5, BITS, "margin = 0.5  # loss"),
    (L.Huber(), "delta", 0.1, NUMBERS, "delta = 0.1  # loss"),
    (L.Quantile(), "quantiles", 0.9, NUMBERS, "quantile = 0.9  # loss"),
    (L.Tweedie(), "power", 1.1, COUNTS, "power = 1.1  # loss"),
    (L.Focal(), "gamma", 0.5, LABELS, "focal_gamma = 0.5  # loss"),
    (L.BinaryFocalCrossentropy(True, from_logits=True), "alpha", 0.9, BITS, "focal_alpha = 0.9  # loss"),
    (L.CategoricalFocalCrossentropy(from_logits=True), "gamma", 1.0, ONEHOT, "focal_gamma = 1.0  # loss"),
    (L.CategoricalGeneralizedCrossEntropy(), "q", 0.9, LABELS, "q = 0.9  # loss"),
]


@pytest.mark.parametrize("loss, option, value, y, line", CHANGES, ids=[f"{c[0]!r} {c[1]}" for c in CHANGES])
def test_hyper_parameters_change_without_a_new_program(loss, option, value, y, line):
    activation = "softmax" if option == "q" else None
    model = model_of(loss, activation=activation, dtype="float64")
    before = model.loss(SCORES, y).data
    programs = dict(model._shelf.programs)
    old = getattr(loss, option)
    try:
        setattr(loss, option, value)
        scores = softmax(SCORES) if activation else SCORES
        assert model.loss(SCORES, y).data == pytest.approx(float(loss(y, scores)), rel=1e-12)
        assert model.loss(SCORES, y).data != pytest.approx(before, rel=1e-3)
        assert model._shelf.programs == programs
        assert line in model.source()
    finally:
        setattr(loss, option, old)


def test_switching_an_option_on_makes_a_new_program():
    loss = L.SoftmaxCrossEntropy()
    model = model_of(loss, dtype="float64")
    assert "smoothing" not in model.source("loss")
    loss.label_smoothing = 0.1
    assert model.loss(SCORES, LABELS).data == pytest.approx(float(loss(LABELS, SCORES)), rel=1e-13)
    assert "label_smoothing = 0.1  # loss" in model.source("loss")
    loss = L.MulticlassHinge()
    model = model_of(loss, dtype="float64")
    before = model.loss(SCORES, LABELS).data
    loss.squared = True
    assert model.loss(SCORES, LABELS).data == pytest.approx(float(loss(LABELS, SCORES)), rel=1e-13) != before


@each_case
def test_config(case):
    """The constructor's arguments are attributes; what is not the default is shown; pickle works."""
    loss = case.loss
    assert repr(eval(repr(loss), {**vars(L), "Tree": L.Tree})) == repr(loss)
    copy = pickle.loads(pickle.dumps(loss))
    assert repr(copy) == repr(loss)
    assert copy.form() == loss.form()
    np.testing.assert_array_equal(copy(case.y, case.scores), loss(case.y, case.scores))


# ------------------------------------------------------------------------------------------ extremes
def specials(dtype):
    """Forty numbers that break formulas."""
    info = np.finfo(dtype)
    sizes = [
        0.0, info.smallest_subnormal, info.tiny, info.eps**2, info.eps, 1e-8, 1e-4, 0.1, 0.5,
        1 - info.eps / 2, 1.0, 2.0, 16.6, 36.7, 88.7, 103.9,
        709.7 if dtype == "float64" else 88.8, 745.1, 1e8, info.max,
    ]  # fmt: skip
    values = np.array(sizes, dtype)
    found = np.concatenate([values, -values])
    assert len(found) == 40
    return found


def rows_of(values, width):
    """Each number against zeros in first place, in last, everywhere, and its halves against each other.

    Halves, because a softmax takes differences, which must not leave the range themselves.
    """
    zeros = np.zeros((len(values), width), values.dtype)
    first, last, both = zeros.copy(), zeros.copy(), zeros.copy()
    first[:, 0] = last[:, -1] = values
    both[:, 0], both[:, -1] = values / 2, -values / 2
    return np.concatenate([first, last, both, zeros + values[:, None]])


def special_case(loss, dtype):
    """Scores made of the forty numbers, and targets that fit them."""
    values = specials(dtype)
    needs = getattr(loss, "from_logits", None) is False or type(loss) is L.CategoricalGeneralizedCrossEntropy
    if needs:  # probabilities
        values = np.clip(values, 0, 1)
    width = 2 if type(loss) is L.GaussianNLL else K
    scores = rows_of(values, width)
    if needs and loss.task == "labels":
        scores = (scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-3)).astype(dtype)
    if type(loss) is L.Poisson and not loss.from_log:
        scores = np.abs(scores)
    if loss.task == "labels":
        return np.arange(len(scores)) % loss.class_count((width,)), scores
    if loss.task == "binary":
        return (np.arange(scores.size).reshape(scores.shape) % 3 == 0).astype(dtype), scores
    shape = (len(scores), *loss.target_width((width,)))
    return (0.5 + 0.5 * (np.arange(math.prod(shape)).reshape(shape) % 2)).astype(dtype), scores


# Where a loss may be infinite for finite scores: because its exact value is beyond the largest float, which
# takes scores whose exponentials, squares or sums are. Losses that are not listed are finite for all of them.
INFINITE = {
    "Gamma": "exponentials", "GaussianNLL": "exponentials", "Tweedie": "exponentials",
    "Poisson": "exponentials",
    "SquaredError": "squares", "MeanSquaredError": "squares", "SumOfSquares": "squares",
    "L2Regression": "squares", "SquaredHinge": "squares", "MulticlassHinge": "squares",
    "BinaryHinge": "squares",
    "AbsoluteError": "sums", "MeanAbsoluteError": "sums", "L1Regression": "sums", "Huber": "sums",
    "LogCosh": "sums", "Quantile": "sums", "Hinge": "sums", "Ordinal": "sums", "HierarchicalSoftmax": "sums",
    "BinaryCrossEntropy": "sums", "BinaryCrossentropy": "sums", "BinaryFocalCrossentropy": "sums",
    "MeanAbsolutePercentageError": "sums", "SoftmaxCrossEntropy(label_smoothing=0.1)": "sums",
}  # fmt: skip
BEGINS = {
    "exponentials": np.log,
    "squares": lambda largest: np.sqrt(largest) / 8,
    "sums": lambda largest: largest / 128,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_case
def test_forty_special_numbers(case, dtype):
    """Never NaN; infinite only where the exact value is beyond the largest float."""
    y, scores = special_case(case.loss, dtype)
    with np.errstate(all="ignore"):
        values = case.loss.per_example(y, scores)
        exact = case.loss.per_example(y, scores.astype(np.longdouble))
    assert not np.isnan(values).any()
    largest = np.longdouble(np.finfo(dtype).max)
    infinite = ~np.isfinite(values)
    assert infinite[np.abs(exact) > 1.001 * largest].all()
    # A mean overflows where its sum does, and y * exp(s) where exp(s) does: by a factor of 64 at most.
    early = infinite & (np.abs(exact) < largest / 64)
    assert not early.any(), (scores[early], values[early], exact[early])
    kind = INFINITE.get(repr(case.loss)) or INFINITE.get(type(case.loss).__name__)
    if infinite.any():
        assert np.abs(scores[infinite]).max(axis=1).min() >= BEGINS[kind](largest) * 0.4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_case
def test_forty_special_numbers_through_the_gradient(case, dtype):
    """The gradient of a printed program: no NaN, and no warning but overflow."""
    y, scores = special_case(case.loss, dtype)
    gradient = gn.grad(lambda s: case.loss.per_example(y, s).sum())(scores)
    assert gradient.dtype == dtype
    bad = np.isnan(gradient).any(axis=1)
    assert not bad.any(), (scores[bad], y[bad])
