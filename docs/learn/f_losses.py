r"""
F. Loss functions
=================

A network gives *scores*. The *loss* says how bad they are, as one number, and training makes that number
smaller. So the loss is where you say what you want. Everything else only follows its gradient.

.. math:: L = \underbrace{\frac{1}{n} \sum_i L_i}_{\text{data loss}} +
          \underbrace{\lambda R(W)}_{\text{penalty}}

This page goes through the losses for one class among several, for several yes-or-no answers, and for numbers.
Every function here takes ``(y, scores)``, works on plain arrays, and gives one value per example.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

import glassnet as gn
from glassnet import layers, losses

# %%
# The support vector machine: right by a margin
# ---------------------------------------------
#
# The score of the right class should exceed every other score by a margin :math:`\Delta`. Each wrong class
# that comes closer costs what is missing:
#
# .. math:: L_i = \sum_{j \neq y} \max(0,\; f_j - f_y + \Delta)
#
# Three scores, the first class is right, the margin is 10. The second class lies 20 below: no cost. The third
# lies only 2 below: 8 are missing. Squared, the 8 become 64.

f, y = np.array([[13.0, -7.0, 11.0]]), np.array([0])
print("hinge:        ", losses.multiclass_hinge(y, f, margin=10))
print("squared hinge:", losses.multiclass_hinge(y, f, margin=10, squared=True))

# %%
# The formula can be written in three ways. The first is the formula itself; the last has no loop left, and it
# is the one that you will find in the printed program.


def with_loops(scores, labels):
    """One example and one class at a time."""
    found = []
    for f_i, y_i in zip(scores, labels, strict=True):
        loss = 0.0
        for j in range(len(f_i)):
            if j != y_i:
                loss += max(0.0, f_i[j] - f_i[y_i] + 1)
        found.append(loss)
    return np.array(found)


def half_vectorized(scores, labels):
    """One example at a time, all classes at once."""
    found = []
    for f_i, y_i in zip(scores, labels, strict=True):
        violations = np.maximum(0, f_i - f_i[y_i] + 1)
        violations[y_i] = 0
        found.append(violations.sum())
    return np.array(found)


def vectorized(scores, labels):
    """Everything at once."""
    rows = np.arange(len(scores))
    violations = np.maximum(0, scores - scores[rows, labels][:, None] + 1)
    violations[rows, labels] = 0
    return violations.sum(axis=1)


rng = np.random.default_rng(0)
scores, labels = rng.normal(0, 2, (500, 10)), rng.integers(0, 10, 500)
ours = losses.multiclass_hinge(labels, scores)
for function in (with_loops, half_vectorized, vectorized):
    print(f"{function.__name__:<16} differs by {np.abs(function(scores, labels) - ours).max():.0e}")

# %%
# Here is the whole training step of a linear classifier with this loss. Look at the backward part: every
# violated margin pushes its class down by one, and the right class up by their ``count``.

model = gn.Sequential([layers.Dense(3)])
model.build((None, 2))
model.compile(gn.optimizers.SGD(0.1), loss="multiclass_hinge")
print(model.source())

# %%
# The softmax: scores become probabilities
# ----------------------------------------
#
# The *softmax* turns scores into probabilities; the *cross-entropy* is minus the logarithm of the one that
# the right class got:
#
# .. math:: p_k = \frac{e^{f_k}}{\sum_j e^{f_j}}, \qquad L_i = -\log p_y = -f_y + \log \sum_j e^{f_j}
#
# Only differences of scores count. Halve all scores, and the probabilities come closer together:

for row in ([1.0, -2.0, 0.0], [0.5, -1.0, 0.0]):
    print(row, "->", gn.activations.softmax(np.array([row])).round(4))

# %%
# The formula as it stands is dangerous: :math:`e^{789}` is larger than any float. The answer is *not a
# number*, and it would spread to every weight. Shift the scores so that the largest is 0; mathematically
# nothing changes:

f, y = np.array([[123.0, 456.0, 789.0]]), np.array([0])
with np.errstate(over="ignore", invalid="ignore"):
    print("as it stands:", np.exp(f) / np.exp(f).sum())
print("shifted:     ", gn.activations.softmax(f))
print("the loss, if the first class is right:", losses.softmax_cross_entropy(y, f))

# %%
# Both losses on the scores that the course notes draw; the third class is right. Hinge 1.58, softmax 1.04:

f, y = np.array([[-2.85, 0.86, 0.28]]), np.array([2])
print("hinge:  ", losses.multiclass_hinge(y, f))
print("softmax:", losses.softmax_cross_entropy(y, f).round(2))

# %%
# Cross-entropy has a meaning. Let :math:`p` be the truth and :math:`q` the answer. Then
# :math:`H(p, q) = H(p) + KL(p \| q)`: what the truth itself leaves uncertain, and what a wrong answer adds.

p, q_scores = np.array([[0.7, 0.2, 0.1]]), np.array([[1.0, 1.0, 0.0]])
q = gn.activations.softmax(q_scores)
print("cross-entropy:    ", losses.softmax_cross_entropy(p, q_scores))
print("entropy + KL:     ", losses.entropy(p) + (p * np.log(p / q)).sum(axis=1))

# %%
# Before you run it: predict
# --------------------------
#
# The first class is right, the margin is 1, and a classifier gives these three rows of scores. Which of them
# has a loss of zero: by the hinge? By the softmax? And in which row will training still change something?

rows = np.array([[10.0, -2.0, 3.0], [10.0, -100.0, -100.0], [10.0, 9.0, 9.0]])
right = np.zeros(3, int)
pull = gn.grad(lambda f: losses.multiclass_hinge(right, f).sum())(rows)
print("scores                    hinge   its gradient   softmax")
for f, hinge, g, softmax in zip(
    rows, losses.multiclass_hinge(right, rows), pull, losses.softmax_cross_entropy(right, rows), strict=True
):
    print(f"{f!s:<24} {hinge:>6.0f}   {g!s:<12}   {abs(softmax):.3g}")

# %%
# The hinge is 0 in all three rows, and so is its gradient: the margins are kept, and it does not care what
# happens beyond them. It is *local*. The softmax is never satisfied. The third row costs it 0.5514, although
# the hinge finds nothing wrong.
#
# The picture shows the same for two classes. Left, the loss; right, how hard it pulls.

lead = np.linspace(-3, 4, 400)
two = np.stack([lead, np.zeros_like(lead)], axis=1)
first = np.zeros(len(lead), int)
kinds = {
    "hinge": losses.multiclass_hinge,
    "squared hinge": lambda y, f: losses.multiclass_hinge(y, f, squared=True),
    "softmax": losses.softmax_cross_entropy,
}
fig, (left, right_panel) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for (name, loss), color in zip(kinds.items(), ("#0072b2", "#56b4e9", "#d55e00"), strict=True):
    slope = gn.grad(lambda f, loss=loss: loss(first, f).sum())(two)[:, 0]
    left.plot(lead, loss(first, two), color=color, label=name)
    right_panel.plot(lead, -slope, color=color, label=name)
left.set(xlabel="lead of the right score", ylabel="loss", ylim=(-0.2, 5), title="The loss")
right_panel.set(
    xlabel="lead of the right score", ylabel="pull on the score", ylim=(-0.1, 2.5), title="Its pull"
)
left.annotate("exactly 0", (1.02, 0.03), (1.6, 1.3), arrowprops={"arrowstyle": "->"})
right_panel.annotate("still pulling", (2, 0.13), (2.3, 0.6), arrowprops={"arrowstyle": "->"})
for axis in (left, right_panel):
    axis.axvline(1, color="0.7", linestyle=":", zorder=0)
    axis.spines[["top", "right"]].set_visible(False)
left.legend(frameon=False, loc="upper right")
plt.show()

# %%
# The first number to look at
# ---------------------------
#
# With small weights all scores are near 0, so the network knows nothing. The softmax over 10 classes must
# then cost :math:`\ln 10 = 2.303`, the hinge :math:`10 - 1 = 9`. If your first loss is another number,
# something is wrong before training has begun. Data loss and penalty are reported apart, so that you can see
# this:

digits = gn.datasets.load("digits")
X, y = digits.data / 16, digits.target
for name in ("softmax_cross_entropy", "multiclass_hinge"):
    small = gn.initializers.RandomNormal(stddev=0.001)
    dense = layers.Dense(10, kernel_initializer=small, kernel_regularizer=gn.regularizers.HalfL2(0.1))
    model = gn.Sequential([dense])
    model.compile("sgd", name)
    print(f"{name:<22} {model.loss(X, y)}")

# %%
# Why a penalty
# -------------
#
# Suppose that some weights keep all margins: the hinge is 0. Then twice these weights keep them, too, and ten
# times. The loss does not say which to take. The softmax does, and badly: it keeps falling, so the weights
# grow for ever. A penalty on the weights settles both.

points = np.array([[2.0, 1.0], [1.0, 2.0], [-1.5, 0.0], [-1.0, 1.0], [0.5, -2.0], [0.0, -1.0]])
classes = np.array([0, 0, 1, 1, 2, 2])
W = np.array([[0.7, -0.7, 0.0], [0.4, 0.3, -0.7]])
factors = np.geomspace(0.3, 10, 200)
hinge = np.array([losses.multiclass_hinge(classes, points @ (c * W)).mean() for c in factors])
softmax = np.array([losses.softmax_cross_entropy(classes, points @ (c * W)).mean() for c in factors])
penalty = 0.02 * factors**2 * (W**2).sum()

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.plot(factors, hinge, color="#0072b2", label="hinge")
ax.plot(factors, softmax, color="#d55e00", label="softmax")
ax.plot(factors, hinge + penalty, color="#0072b2", linestyle="--", label="hinge + penalty")
ax.plot(factors, softmax + penalty, color="#d55e00", linestyle="--", label="softmax + penalty")
for total, color in ((hinge + penalty, "#0072b2"), (softmax + penalty, "#d55e00")):
    ax.plot(factors[total.argmin()], total.min(), "o", color=color)
ax.axvline(1, color="0.7", linestyle=":", zorder=0)
ax.set(
    xscale="log",
    xlabel="the weights, times",
    ylabel="loss",
    ylim=(-0.05, 1.5),
    title="The same weights, times a number",
)
ax.set_xticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
ax.minorticks_off()
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="upper center")
plt.show()

# %%
# For the same reason margin and strength are one choice, not two: with the penalty :math:`\lambda \|W\|^2`,
# scaling the weights by :math:`c` is the same as scaling both knobs. So leave :math:`\Delta = 1`, and tune
# :math:`\lambda`.


def svm(W, margin, strength):
    """Data loss and penalty of a linear classifier."""
    return losses.multiclass_hinge(classes, points @ W, margin).mean() + strength * (W**2).sum()


for c in (2.0, 5.0):
    print(f"L({c:g} W; {c:g}, 0.1/{c:g}) / L(W; 1, 0.1) = {svm(c * W, c, 0.1 / c) / svm(W, 1.0, 0.1):.12f}")

# %%
# Several answers at once
# -----------------------
#
# A photograph may show a beach *and* people. Then each attribute is a question of its own, answered yes where
# its score is positive. The hinge and the logistic loss exist for this, too:
#
# .. math:: L_i = \sum_j \max(0, 1 - y_{ij} f_j), \qquad
#           L_i = -\sum_j \big( y_{ij} \log \sigma(f_j) + (1 - y_{ij}) \log(1 - \sigma(f_j)) \big)

f, attributes = np.array([[2.0, 0.3, -1.5]]), np.array([[1.0, 1.0, 0.0]])  # beach, people, night
print("probabilities:", gn.activations.sigmoid(f).round(3))
print("hinge:        ", losses.binary_hinge(attributes, f, over_outputs="sum"))
print("logistic:     ", losses.binary_cross_entropy(attributes, f, over_outputs="sum").round(4))

# %%
# A bug, caught
# -------------
#
# The gradient of the logistic loss is beautifully short. The course notes that made it famous print it as
# :math:`y_{ij} - \sigma(f_j)`. Somebody who trusts the print writes:


@gn.composite
def logistic(f, y):
    """The right loss..."""
    return np.maximum(f, 0) - f * y + np.log1p(np.exp(-np.abs(f)))


@logistic.defgradient
def _(g, loss, f, y):
    return (y - 1 / (1 + np.exp(-f))) * g, None  # ...with the gradient as printed


print(gn.check_gradients(lambda f: logistic(f, attributes).sum(), f))

# %%
# A relative error of 2 is the mark of a wrong sign: the right gradient minus its negative. The right one is
# :math:`\sigma(f_j) - y_{ij}`, probability minus truth, as for the softmax:

print(gn.grad(lambda f: losses.binary_cross_entropy(attributes, f, over_outputs="sum").sum())(f).round(4))
print((gn.activations.sigmoid(f) - attributes).round(4))

# %%
# Numbers
# -------
#
# For numbers there is the squared distance and the absolute distance,
#
# .. math:: L_i = \|f - y\|_2^2, \qquad L_i = \|f - y\|_1 = \sum_j |f_j - y_j|
#
# The gradient of the first is linear in the error: what is far off pulls hardest. The gradient of the second
# is only its sign: everything pulls alike. Four of these forty measurements went wrong. See who listens:

x = np.linspace(-1, 1, 40)[:, None]
line = (2 * x[:, 0] + 0.5 + rng.normal(0, 0.15, 40)).round(3)
line[[3, 6, 9, 12]] += 6

fits = {"L2": "l2_regression", "L1": "l1_regression", "Huber": losses.Huber(0.3)}
fig, (left, right_panel) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=(2, 3))
error = np.linspace(-2.5, 2.5, 200)
for (name, loss), color in zip(fits.items(), ("#d55e00", "#0072b2", "#009e73"), strict=True):
    model = gn.Sequential([layers.Dense(1)])
    model.compile(gn.optimizers.Adam(gn.schedules.CosineDecay(0.1, 800)), loss)
    model.fit(x, line, batch_size=40, epochs=800, verbose=0)
    left.plot(
        error, losses.get(loss).per_example(np.zeros((200, 1)), error[:, None]), color=color, label=name
    )
    style = "--" if name == "Huber" else "-"
    right_panel.plot(x, model.predict(x), style, color=color, label=name, linewidth=2)
right_panel.plot(x, line, "o", color="0.55", markersize=4, zorder=0)
right_panel.plot(x, 2 * x + 0.5, color="0.55", linestyle=":", label="truth")
left.set(xlabel="error", ylabel="loss", ylim=(-0.1, 4), title="The losses")
right_panel.set(xlabel="x", ylabel="y", title="Three fits to the same points")
for axis in (left, right_panel):
    axis.spines[["top", "right"]].set_visible(False)
right_panel.legend(frameon=False, loc="lower right")
plt.show()

# %%
# The squared loss asks for one exact number. It is fragile in other ways, too: noise right before it, such as
# dropout, keeps the network from ever giving that number. glassnet says so, and here is what it costs:

target = np.sin(3 * x[:, 0])
for name, noise in (("without dropout", []), ("with dropout", [layers.Dropout(0.5)])):
    model = gn.Sequential([layers.Dense(64, "relu"), *noise, layers.Dense(1)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile(gn.optimizers.Adam(0.01), "l2_regression")
    for warning in caught:
        print(warning.message)
    model.fit(x, target, batch_size=40, epochs=600, verbose=0)
    print(f"{name}: squared error {model.evaluate(x, target)['loss']:.5f}")

# %%
# Better: ask for a class
# -----------------------
#
# Before you predict a number, ask whether it could be a class. Film reviews give 1 to 5 stars, and this film
# divides its viewers: some love it, some hate it. The best answer to a squared loss is the mean, about 3
# stars, which nobody gave. A softmax over the five bins learns the whole distribution. So do *ordinal*
# classifiers, which answer "more than 1?", "more than 2?" and so on.

stars = losses.Bins([1, 2, 3, 4, 5])
age = rng.uniform(-1, 1, 1200)
loves = rng.uniform(size=1200) < 0.5 + 0.3 * age
given = np.where(loves, rng.choice([4, 5], 1200, p=[0.25, 0.75]), rng.choice([1, 2], 1200, p=[0.7, 0.3]))
seen, new = slice(0, 800), slice(800, None)


def reviewer(outputs, loss, target):
    """A small network, trained on the first 800 reviews."""
    network = gn.Sequential([layers.Dense(16, "tanh"), layers.Dense(outputs)])
    network.compile(gn.optimizers.Adam(0.01), loss)
    network.fit(age[seen, None], target[seen], batch_size=100, epochs=60, verbose=0)
    return network


guess = reviewer(1, "l2_regression", given).predict(age[new, None])[:, 0]
found = {}
for name, outputs, loss in (("softmax", 5, "softmax_cross_entropy"), ("ordinal", 4, losses.Ordinal())):
    network = reviewer(outputs, loss, stars.labels(given))
    found[name] = network.loss_function.probabilities(network.predict(age[new, None]))
print(f"exact stars: L2, rounded {(guess.round() == given[new]).mean():.0%}")
for name, p in found.items():
    print(f"             {name}     {(stars.mode(p) == given[new]).mean():.0%}")

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
share = np.bincount(given[new], minlength=6)[1:] / len(given[new])
ax.bar(stars.values - 0.25, share, 0.25, color="0.75", label="the reviews")
ax.bar(stars.values, found["softmax"].mean(axis=0), 0.25, color="#d55e00", label="softmax")
ax.bar(stars.values + 0.25, found["ordinal"].mean(axis=0), 0.25, color="#0072b2", label="ordinal")
ax.axvspan(guess.min(), guess.max(), color="#d8efe7", zorder=0)
ax.text(guess.mean(), 0.24, "all answers of\nthe squared loss", color="#00614b", ha="center")
ax.set(xlabel="stars", ylabel="share", ylim=(0, 0.45), title="One number cannot say this")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="upper center", ncols=3)
plt.show()

# %%
# Very many classes
# -----------------
#
# A softmax over all words of a language computes one score per word. The *hierarchical softmax* puts the
# words at the leaves of a tree, with a small yes-or-no classifier at every fork. The probability of a word is
# the product along its path. A frequent word gets a short path, so that even scores of 0 are a fair guess;
# and whatever the scores are, the probabilities sum to 1.

words = losses.Tree.huffman([50, 20, 10, 5, 5], ["the", "cat", "sat", "purred", "meowed"])
print(words)
untrained, some = np.zeros((1, words.nodes)), rng.normal(0, 2, (1, words.nodes))
print("            forks   scores 0   some scores")
for word, path, p, q in zip(
    words.leaves, words.paths, words.probabilities(untrained)[0], words.probabilities(some)[0], strict=True
):
    print(f"{word:<11} {np.abs(path).sum():>5}   {p:8.4f}   {q:11.4f}")
sums = words.probabilities(untrained).sum(), words.probabilities(some).sum()
print(f"{'sum':<17}   {sums[0]:8.4f}   {sums[1]:11.4f}")

# %%
# What you can take along
# -----------------------
#
# - One class of several: the softmax if you want probabilities, the hinge if you want margins. They come out
#   about equally good.
# - Several attributes: a logistic loss for each.
# - Numbers: ask first whether they could be classes. If not, L2 for clean data, L1 or Huber for the rest.
# - Look at the first loss. You know what it must be.
