"""Catalogue, section F: loss functions, but for F5 and F13. Each test is named after its row."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers, losses
from glassnet.activations import sigmoid, softmax

RNG = np.random.default_rng(15)
ZERO = np.array([0])


def row(*scores):
    return np.array([scores], float)


def gradient_of(loss, y, scores):
    return gn.grad(lambda f: loss(y, f).sum())(np.asarray(scores, float))


def linear(loss, kernel, regularizer=None):
    """A linear classifier with given weights."""
    initializer = gn.initializers.get(kernel)
    layer = layers.Dense(
        kernel.shape[1], use_bias=False, kernel_initializer=initializer, kernel_regularizer=regularizer
    )
    model = gn.Sequential([layer], dtype="float64")
    model.build((None, kernel.shape[0]))
    model.compile("sgd", loss)
    return model


# F1, F2: the multiclass support vector machine
@pytest.mark.parametrize("squared, expected", [(False, 8.0), (True, 64.0)])
def test_f1_f2_multiclass_hinge(squared, expected):
    f = row(13, -7, 11)
    assert losses.multiclass_hinge(ZERO, f, margin=10, squared=squared) == [expected]
    loss = losses.MulticlassHinge(margin=10, squared=squared)
    assert float(loss(ZERO, f)) == expected
    model = linear(loss, np.eye(3))
    assert model.loss(f, ZERO).data == expected
    slope = 2 * 8 if squared else 1  # only the third class violates the margin
    np.testing.assert_array_equal(model.gradients(f, ZERO)["dense_1.kernel"], f.T * [[-slope, 0, slope]])


def test_f1_the_margin_is_one_by_default():
    scores = RNG.normal(0, 3, (50, 6))
    y = RNG.integers(0, 6, 50)
    np.testing.assert_array_equal(losses.multiclass_hinge(y, scores), losses.multiclass_hinge(y, scores, 1.0))
    assert repr(losses.MulticlassHinge()) == "MulticlassHinge()"
    assert losses.MulticlassHinge().margin == 1


# F3: one against all, and against the strongest rival only
def test_f3_one_vs_all_and_crammer_singer():
    scores, y = RNG.normal(0, 2, (40, 5)), RNG.integers(0, 5, 40)
    for squared in (False, True):
        power = 2 if squared else 1
        one_vs_all, rival = [], []
        for f, label in zip(scores, y, strict=True):
            wrong = [f[j] for j in range(5) if j != label]
            one_vs_all.append(max(0, 1.5 - f[label]) ** power + sum(max(0, 1.5 + a) ** power for a in wrong))
            rival.append(max(0, max(wrong) - f[label] + 1.5) ** power)
        for kind, expected in (("one_vs_all", one_vs_all), ("crammer_singer", rival)):
            found = losses.multiclass_hinge(y, scores, 1.5, squared, kind)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    # the highest rival alone can never cost more than all of them
    all_rivals = losses.multiclass_hinge(y, scores)
    assert (losses.multiclass_hinge(y, scores, kind="crammer_singer") <= all_rivals + 1e-15).all()


# F4: three ways to write the same loss
def with_loops(x, y, W, margin=1.0):
    """One example, class after class."""
    scores = x @ W
    loss = 0.0
    for j in range(W.shape[1]):
        if j != y:
            loss += max(0.0, scores[j] - scores[y] + margin)
    return loss


def half_vectorized(x, y, W, margin=1.0):
    """One example, all classes at once."""
    scores = x @ W
    margins = np.maximum(0, scores - scores[y] + margin)
    margins[y] = 0
    return margins.sum()


def vectorized(X, y, W, margin=1.0):
    """All examples at once."""
    scores = X @ W
    correct = scores[np.arange(len(y)), y]
    margins = np.maximum(0, scores - correct[:, None] + margin)
    margins[np.arange(len(y)), y] = 0
    return margins.sum(axis=1)


def test_f4_three_ways_to_write_it_and_ours():
    X, W, y = RNG.normal(0, 1, (30, 8)), RNG.normal(0, 0.5, (8, 10)), RNG.integers(0, 10, 30)
    loops = [with_loops(x, label, W, 0.7) for x, label in zip(X, y, strict=True)]
    half = [half_vectorized(x, label, W, 0.7) for x, label in zip(X, y, strict=True)]
    ours = losses.multiclass_hinge(y, X @ W, margin=0.7)
    for other in (half, vectorized(X, y, W, 0.7), ours):
        np.testing.assert_allclose(other, loops, rtol=1e-12, atol=1e-12)
    model = linear(losses.MulticlassHinge(0.7), W)
    assert model.loss(X, y).data == pytest.approx(np.mean(loops), rel=1e-12)


# F6: cross-entropy is entropy plus divergence
def test_f6_cross_entropy_is_entropy_plus_kl_divergence():
    p, scores = RNG.dirichlet(np.ones(6), 50), RNG.normal(0, 3, (50, 6))
    p[:10] = np.eye(6)[np.arange(10) % 6]  # 0 log 0 is 0
    cross = losses.softmax_cross_entropy(p, scores)
    parts = losses.entropy(p) + losses.kl_divergence(p, scores, from_logits=True)
    np.testing.assert_allclose(cross, parts, rtol=1e-12, atol=1e-12)
    by_hand = -(p * np.log(softmax(scores))).sum(axis=1)
    np.testing.assert_allclose(cross, by_hand, rtol=1e-12)
    # labels are distributions without entropy: there the cross-entropy is the divergence
    y = np.arange(10) % 6
    np.testing.assert_array_equal(losses.entropy(p[:10]), np.zeros(10))
    np.testing.assert_allclose(losses.softmax_cross_entropy(y, scores[:10]), cross[:10], rtol=1e-14)


# F7: the SVM is content, the softmax never
@pytest.mark.parametrize(
    "scores, cost", [((10, -2, 3), 9.18e-4), ((10, -100, -100), 0.0), ((10, 9, 9), 0.5514)]
)
def test_f7_the_hinge_is_local_and_the_softmax_never_satisfied(scores, cost):
    f = row(*scores)
    assert losses.multiclass_hinge(ZERO, f, margin=1) == [0.0]
    np.testing.assert_array_equal(gradient_of(losses.multiclass_hinge, ZERO, f), [[0, 0, 0]])
    softmax_loss = float(losses.softmax_cross_entropy(ZERO, f)[0])
    assert softmax_loss == pytest.approx(cost, abs=5e-5 if cost > 0.1 else 5e-7)
    exact = math.log1p(math.fsum(math.exp(s - 10) for s in scores[1:]))
    assert exact > 0
    assert softmax_loss == pytest.approx(exact, rel=1e-12, abs=1e-15)
    if cost:
        pull = gradient_of(losses.softmax_cross_entropy, ZERO, f)
        assert pull[0, 0] < 0 < min(pull[0, 1:])


# F8: attributes, each with a hinge of its own
def test_f8_attribute_hinge():
    y, f = np.array([[1, -1, 1], [-1, -1, 1]]), np.array([[0.5, 0.5, 3.0], [-2.0, 0.0, 0.25]])
    by_hand = [0.5 + 1.5 + 0, 0 + 1 + 0.75]
    np.testing.assert_array_equal(losses.binary_hinge(y, f, over_outputs="sum"), by_hand)
    np.testing.assert_allclose(losses.binary_hinge(y, f), np.divide(by_hand, 3), rtol=1e-15)
    np.testing.assert_array_equal(losses.binary_hinge((y + 1) // 2, f, over_outputs="sum"), by_hand)
    np.testing.assert_array_equal(losses.hinge(y, f), losses.binary_hinge(y, f))  # Keras's
    expected = np.where(y * f < 1, -y, 0)
    np.testing.assert_array_equal(
        gradient_of(lambda y, f: losses.binary_hinge(y, f, over_outputs="sum"), y, f), expected
    )
    model = linear(losses.BinaryHinge(over_outputs="sum"), np.eye(3))
    assert model.loss(f, y).data == np.mean(by_hand)


# F9: attributes, each with a logistic classifier of its own
def test_f9_attribute_logistic_and_the_sign_of_its_gradient():
    y, f = (RNG.uniform(size=(20, 5)) < 0.4).astype(float), RNG.normal(0, 3, (20, 5))
    loss = losses.BinaryCrossEntropy(over_outputs="sum", reduction="sum")
    by_hand = [
        sum(-math.log(1 / (1 + math.exp(-s if a else s))) for a, s in zip(*pair, strict=True))
        for pair in zip(y, f, strict=True)
    ]
    np.testing.assert_allclose(loss.per_example(y, f), by_hand, rtol=1e-12)
    gradient = gn.grad(lambda f: loss(y, f))(f)
    np.testing.assert_array_equal(gradient, sigmoid(f) - y)  # the notes print y - σ(f)
    assert gn.check_gradients(lambda f: loss(y, f), f).max_error <= 1e-7


def test_f9_class_one_is_a_probability_above_one_half_is_a_positive_score():
    f = np.concatenate([RNG.normal(0, 5, 200), [0.0, 1e-12, -1e-12]])[:, None]
    loss = losses.BinaryCrossEntropy()
    p = loss.probabilities(f)
    np.testing.assert_array_equal(loss.decide(f), f > 0)
    clear = np.abs(f) > 1e-15  # beyond rounding at one half
    np.testing.assert_array_equal((p > 0.5)[clear], (f > 0)[clear])
    np.testing.assert_allclose(loss.probabilities(-f), 1 - p, rtol=0, atol=1e-15)
    ones, zeros = (losses.binary_cross_entropy(np.full(f.shape, v), f) for v in (1.0, 0.0))
    np.testing.assert_allclose(np.exp(-ones) + np.exp(-zeros), 1, rtol=1e-14)


# F10: regression
def test_f10_norms_and_their_gradients():
    y, f = RNG.normal(0, 1, (20, 4)), RNG.normal(0, 1, (20, 4))
    e = f - y
    np.testing.assert_allclose(losses.l2_regression(y, f), np.linalg.norm(e, axis=1) ** 2, rtol=1e-14)
    np.testing.assert_allclose(losses.l1_regression(y, f), np.linalg.norm(e, 1, axis=1), rtol=1e-14)
    np.testing.assert_array_equal(gradient_of(losses.l2_regression, y, f), 2 * e)
    np.testing.assert_array_equal(gradient_of(losses.l1_regression, y, f), np.sign(e))
    # linear in the error: three times the error, three times the pull; the sign does not change
    np.testing.assert_allclose(gradient_of(losses.l2_regression, y, y + 3 * e), 6 * e, rtol=1e-12)
    np.testing.assert_array_equal(gradient_of(losses.l1_regression, y, y + 3 * e), np.sign(e))


def test_f10_dropout_right_before_a_squared_loss_hurts_and_is_warned_about():
    X = np.random.default_rng(0).uniform(-1, 1, (400, 5))
    y = np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2]

    def error(*between):
        hidden = layers.Dense(64, "relu", kernel_initializer="he_normal")
        model = gn.Sequential([hidden, *between, layers.Dense(1)], seed=1)
        model.compile(gn.optimizers.Adam(0.01), "l2_regression")
        model.fit(X[:300], y[:300], epochs=60, verbose=0)
        return model.loss(X[300:], y[300:]).data

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        without = error()
    with pytest.warns(
        UserWarning, match=r"^Dropout\(0\.5\) stands right before Dense\(1\), whose output goes"
    ):
        with_dropout = error(layers.Dropout(0.5))
    assert without < 0.03
    assert with_dropout > 2 * without


# F11: regression as classification
def stars(count, seed):
    """Ratings of films of three kinds: loved or hated, liked, disliked."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, count)
    chances = np.array(
        [[0.45, 0.05, 0.0, 0.05, 0.45], [0.0, 0.05, 0.15, 0.6, 0.2], [0.3, 0.5, 0.15, 0.05, 0.0]]
    )
    rating = np.array([rng.choice(5, p=chances[k]) for k in kind]) + 1
    return np.eye(3)[kind] + 0.1 * rng.normal(size=(count, 3)), rating


def fitted(X, y, units, loss):
    model = gn.Sequential([layers.Dense(16, "relu"), layers.Dense(units)])
    model.compile(gn.optimizers.Adam(0.01), loss)
    model.fit(X, y, epochs=25, verbose=0)
    return model


def normal_mass(low, high, mean, spread):
    """The probability of an interval under a normal distribution."""
    return 0.5 * (
        math.erf((high - mean) / (spread * math.sqrt(2))) - math.erf((low - mean) / (spread * math.sqrt(2)))
    )


def test_f11_bins_beat_a_squared_error_on_a_target_with_two_peaks():
    (X, rating), (Xt, truth) = stars(1200, 1), stars(600, 2)
    bins = losses.Bins([1, 2, 3, 4, 5])
    regression = fitted(X, rating, 1, "l2_regression")
    mean = regression.predict(Xt)[:, 0].astype(float)
    spread = float(np.std(rating - regression.predict(X)[:, 0]))
    edges = [-math.inf, 1.5, 2.5, 3.5, 4.5, math.inf]
    mass = [normal_mass(edges[t - 1], edges[t], m, spread) for t, m in zip(truth, mean, strict=True)]
    exact = np.mean(np.clip(np.round(mean), 1, 5) == truth)
    log_likelihood = np.mean(np.log(mass))

    labels = bins.labels(rating)
    np.testing.assert_array_equal(labels, rating - 1)
    contenders = [
        (5, losses.SoftmaxCrossEntropy()),
        (4, losses.Ordinal()),
        (5, losses.Ordinal("independent")),
    ]
    for units, loss in contenders:
        p = bins.probabilities(fitted(X, labels, units, loss).predict(Xt), loss)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
        assert np.mean(bins.mode(p) == truth) > exact + 0.1
        assert np.mean(np.log(p[np.arange(600), truth - 1])) > log_likelihood + 0.15
        # the expectation is what the squared error estimates
        assert np.abs(bins.expectation(p) - mean).mean() < 0.2
        squared_error = np.mean((bins.expectation(p) - truth) ** 2)
        assert squared_error == pytest.approx(np.mean((mean - truth) ** 2), rel=0.05)


def test_f11_ordinal_classifiers_and_the_bins_they_mean():
    s = np.array([[2.0, 0.5, -1.0]])
    p = losses.Ordinal().probabilities(s)
    exceeds = sigmoid(s[0])
    by_hand = [1 - exceeds[0], exceeds[0] - exceeds[1], exceeds[1] - exceeds[2], exceeds[2]]
    np.testing.assert_allclose(p[0], by_hand, rtol=1e-14)
    assert losses.Ordinal().decide(s) == [2]
    # classifiers that contradict each other: nothing negative, still a distribution
    p = losses.Ordinal().probabilities(np.array([[-1.0, 2.0, 0.0]]))
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-15)
    # being wrong by two bins costs more than being wrong by one
    cost = losses.ordinal(np.array([0, 1, 2, 3]), np.tile([9.0, 9.0, -9.0], (4, 1)))
    assert cost[2] < 0.01 < cost[1] < cost[0]
    assert cost[3] > 0.01
    bins = losses.Bins.uniform(0, 1, 4)
    assert repr(bins) == "Bins([0.125, 0.375, 0.625, 0.875])"
    np.testing.assert_array_equal(bins.labels([0.0, 0.24, 0.26, 0.99, 5.0]), [0, 0, 1, 3, 3])
    np.testing.assert_array_equal(bins.probabilities(s), softmax(s))


# F12: hierarchical softmax
TREES = [
    losses.Tree((("cat", "dog"), ("car", ("bus", "train")))),
    losses.Tree.balanced(2),
    losses.Tree.balanced(100),
    losses.Tree.huffman(1 / np.arange(1, 200)),
]


@pytest.mark.parametrize("tree", TREES, ids=[f"{len(tree)} leaves" for tree in TREES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_f12_the_probabilities_of_all_leaves_sum_to_one(tree, dtype):
    scores = RNG.normal(0, 4, (20, tree.nodes)).astype(dtype)
    p = tree.probabilities(scores)
    assert p.shape == (20, len(tree))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=0, atol=1e-6 if dtype == "float32" else 1e-13)
    y = RNG.integers(0, len(tree), 20)
    found = losses.hierarchical_softmax(y, scores, tree)
    np.testing.assert_allclose(
        found, -np.log(p[np.arange(20), y]), rtol=1e-4 if dtype == "float32" else 1e-12
    )


def test_f12_trees():
    words = TREES[0]
    assert words.leaves == ["cat", "dog", "car", "bus", "train"]
    assert repr(words) == "Tree((('cat', 'dog'), ('car', ('bus', 'train'))))"
    np.testing.assert_array_equal(
        words.paths,  # root, cat|dog, car|..., bus|train
        [[-1, -1, 0, 0], [-1, 1, 0, 0], [1, 0, -1, 0], [1, 0, 1, -1], [1, 0, 1, 1]],
    )
    depths = np.abs(losses.Tree.balanced(100).paths).sum(axis=1)
    assert set(depths.tolist()) == {6, 7}
    counts = 1 / np.arange(1, 200)
    frequencies = counts / counts.sum()
    lengths = np.abs(TREES[3].paths).sum(axis=1)
    order = np.argsort([int(leaf) for leaf in TREES[3].leaves])
    average = (frequencies * lengths[order]).sum()
    entropy = -(frequencies * np.log2(frequencies)).sum()
    assert entropy <= average < entropy + 1  # Huffman's bound


def test_f12_it_learns_and_its_accuracy_counts_leaves():
    digits = gn.datasets.load("digits")
    X, y = digits.data, digits.target
    tree = losses.Tree.balanced(10)
    model = gn.Sequential([layers.Normalization(), layers.Dense(tree.nodes)])
    model.compile(gn.optimizers.Adam(0.01), losses.HierarchicalSoftmax(tree), metrics=["accuracy"])
    model.fit(X[:1400], y[:1400], epochs=15, verbose=0)
    found = model.evaluate(X[1400:], y[1400:])["accuracy"]
    p = tree.probabilities(model.predict(X[1400:]))
    assert found == pytest.approx(np.mean(p.argmax(axis=1) == y[1400:]), abs=1e-6)
    assert found > 0.75


# F14: why weights are regularized
def test_f14_a_multiple_of_a_perfect_classifier_is_perfect_too():
    y = np.array([0, 1, 2])
    X, W = np.eye(3) + 0.1, np.eye(3) * 3
    hinge, cross = losses.MulticlassHinge(), losses.SoftmaxCrossEntropy()
    costs = []
    for factor in (1, 1.5, 2, 5, 10):
        assert linear(hinge, factor * W).loss(X, y) == (0.0, 0.0)  # so W is not unique
        costs.append(linear(cross, factor * W).loss(X, y).data)
    assert all(later < earlier for earlier, later in itertools.pairwise(costs))
    assert costs[-1] > 0
    # a penalty decides: among the perfect ones the smallest
    penalized = [linear(hinge, factor * W, gn.regularizers.L2(0.1)).loss(X, y) for factor in (1, 1.5, 2)]
    assert [loss.penalty for loss in penalized] == pytest.approx([2.7, 2.7 * 2.25, 2.7 * 4], rel=1e-12)


# F15: only one of margin and penalty matters
@pytest.mark.parametrize("c", [0.1, 2.0, 37.0])
@pytest.mark.parametrize("kind", ["weston_watkins", "one_vs_all", "crammer_singer"])
def test_f15_margin_and_penalty_trade(c, kind):
    X, W, y = RNG.normal(0, 1, (30, 6)), RNG.normal(0, 1, (6, 4)), RNG.integers(0, 4, 30)

    def total(W, margin, strength):
        loss = losses.MulticlassHinge(margin, kind=kind)
        return sum(linear(loss, W, gn.regularizers.L2(strength)).loss(X, y))

    assert total(c * W, c * 0.8, 0.3 / c) == pytest.approx(c * total(W, 0.8, 0.3), rel=1e-12)


# F16: the notes' picture
def test_f16_the_picture_of_the_notes():
    f, y = row(-2.85, 0.86, 0.28), np.array([2])
    hinge, cross = losses.multiclass_hinge(y, f), losses.softmax_cross_entropy(y, f)
    assert hinge[0] == pytest.approx(1.58, abs=1e-12)
    assert cross[0] == pytest.approx(1.04, abs=5e-3)
    by_hand = math.log(math.exp(-2.85) + math.exp(0.86) + math.exp(0.28)) - 0.28
    assert cross[0] == pytest.approx(by_hand, rel=1e-14)
    assert linear("multiclass_hinge", np.eye(3)).loss(f, y).data == pytest.approx(1.58, abs=1e-12)


# stability
def test_cross_entropy_does_not_see_a_shift_by_1e8():
    scores = np.round(RNG.normal(0, 5, (50, 7)) * 2**20) / 2**20  # so that adding 1e8 loses nothing
    y, p = RNG.integers(0, 7, 50), RNG.dirichlet(np.ones(7), 50)
    for targets in (y, p):
        for loss in (losses.SoftmaxCrossEntropy(), losses.SoftmaxCrossEntropy(label_smoothing=0.1)):
            np.testing.assert_array_equal(
                loss.per_example(targets, scores + 1e8), loss.per_example(targets, scores)
            )
    assert (losses.multiclass_hinge(y, scores + 1e8) == losses.multiclass_hinge(y, scores)).all()
