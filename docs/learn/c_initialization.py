r"""
C. Weight initialization
========================

Gradient descent walks downhill from where it stands. The initial weights decide where that is. Two questions
have to be answered: why not start all weights at zero? And if they are random, how large should they be?
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import glassnet as gn
from glassnet import initializers, layers
from glassnet.inspect.statistics import layer_statistics

# %%
# The pitfall: all weights equal
# ------------------------------
#
# Zero is a fair guess for a weight: about half of them will end above it and half below. Here is the program
# that trains a network with eight hidden units. Read what happens to two units of it, two *columns* of
# ``W1``, that are equal at the start.

digits = gn.datasets.load("digits")
X, y = digits.data / 16, digits.target


def digits_network(initializer):
    """Eight hidden units, ten classes."""
    hidden = layers.Dense(8, "tanh", kernel_initializer=initializer)
    model = gn.Sequential([hidden, layers.Dense(10, kernel_initializer=initializer)])
    model.build((None, 64))
    model.compile(gn.optimizers.SGD(0.5), "softmax_cross_entropy", metrics=["accuracy"])
    return model


print(digits_network("glorot_uniform").source())

# %%
# Equal columns of ``W1`` give equal columns of ``z1`` and ``h1``. If the rows of ``W2`` are equal, too, so
# are the columns of ``dh1``, of ``dz1``, and of ``dW1``. So both units take the same step, and are equal
# again: for ever. It is the same for every constant, and with zeros ``dW1`` is even 0, since it goes through
# ``W2``.

fig, axes = plt.subplots(3, 8, figsize=(7, 3.2), layout="constrained")
starts = [("zeros", "zeros"), ("all 0.1", initializers.Constant(0.1)), ("random", "glorot_uniform")]
for line, (words, initializer) in zip(axes, starts, strict=True):
    model = digits_network(initializer)
    history = model.fit(X, y, batch_size=64, epochs=30, verbose=0).history
    equal = layer_statistics(model, X)["dense_1"].output.equal
    print(f"{words:8} accuracy {history['accuracy'][-1]:6.1%}   copies of another unit: {equal:.1%}")
    for ax, unit in zip(line, model.parameters["dense_1.kernel"].T, strict=True):
        ax.imshow(unit.reshape(8, 8), cmap="PuOr", vmin=-1.2, vmax=1.2)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("0.85")
    line[0].set_ylabel(words)
fig.suptitle("The weights of the eight hidden units after training", size=11)
plt.show()

# %%
# Eight units, and the network has the power of one. Random numbers break the symmetry. That is their only
# task, and any will do, as long as they have the right size.
#
# The right size
# --------------
#
# A unit adds up :math:`n` products. If weights and inputs are independent and the weights have mean 0, then
#
# .. math:: z = \sum_{i=1}^{n} w_i x_i, \qquad
#           \operatorname{Var}(z) = n \operatorname{Var}(w) \operatorname{E}[x^2].
#
# With inputs of mean 0, :math:`\operatorname{E}[x^2]` is their variance, and the spread neither grows nor
# shrinks if :math:`\operatorname{Var}(w) = 1/n`: divide standard normal numbers by :math:`\sqrt n`.

rng = np.random.default_rng(0)
for inputs in (50, 500, 2000):
    x = rng.normal(0, 1, (1000, inputs))
    for initializer in (initializers.InverseSqrt(), initializers.RandomNormal(stddev=0.01)):
        W = initializer((inputs, 400), seed=1)
        print(f"{inputs:4} inputs, {initializer!s:26} variance of z / of x = {(x @ W).var() / x.var():.3f}")

# %%
# What the non-linearity does to that, and what it asks for:
#
# * **Glorot**: on the way back the gradient adds up one product per *output*, which asks for
#   :math:`1/n_\text{out}`. The compromise is :math:`\operatorname{Var}(w) = 2 / (n_\text{in} +
#   n_\text{out})`.
# * **He**: a ReLU makes half of its inputs 0, which halves :math:`\operatorname{E}[x^2]` for the next layer.
#   So :math:`\operatorname{Var}(w) = 2 / n_\text{in}`.
#
# Before you run it: predict
# --------------------------
#
# Ten layers of 500 tanh units, weights ``0.01 * randn``, inputs of standard deviation 1. The first layer's
# outputs have the standard deviation 0.21. What do the tenth layer's have: about 0.1, about 0.001, or less
# than a millionth?


def deep_network(activation, initializer):
    """Ten layers of 500 units."""
    dense = [layers.Dense(500, activation, kernel_initializer=initializer) for _ in range(10)]
    model = gn.Sequential(dense)
    model.build((None, 500))
    model.compile("sgd", "squared_error")
    return model


inputs, targets = rng.normal(0, 1, (2, 1000, 500))
cases = [  # and the known numbers: layers 1 and 10
    ("tanh, 0.01 · randn", "tanh", initializers.RandomNormal(stddev=0.01), (0.21, 3e-7), "C3"),
    ("tanh, Glorot", "tanh", "glorot_normal", (0.63, 0.23), "C0"),
    ("ReLU, Glorot", "relu", "glorot_normal", (0.58, 0.024), "C1"),
    ("ReLU, He", "relu", "he_normal", (0.83, 0.86), "C2"),
]
tables = {}
print("standard deviation   layer 1   known   layer 10   known")
for words, activation, initializer, known, _ in cases:
    table = layer_statistics(deep_network(activation, initializer), inputs, targets, bins=40)
    tables[words] = list(table.values())
    first, last = (tables[words][i].output.std for i in (0, -1))
    print(f"{words:18} {first:9.2f} {known[0]:7.2f} {last:10.2g} {known[1]:7.2g}")

# %%
# Less than a millionth: each layer multiplies by :math:`\sqrt{500} \cdot 0.01 = 0.22`, and :math:`0.22^{10} =
# 3 \cdot 10^{-7}`. (The last number of the last row is from a single network, and wanders by a sixth from
# seed to seed.) Here are the outputs of all layers. In the first row all of them end up at 0. The spike at 0
# in the last two is the half that a ReLU makes 0.

fig, axes = plt.subplots(4, 10, figsize=(9, 4.6), layout="constrained")
for line, (words, activation, *_, color) in zip(axes, cases, strict=True):
    for number, (ax, row) in enumerate(zip(line, tables[words], strict=True), 1):
        density = row.output.counts / row.output.counts.sum() / np.diff(row.output.edges)
        ax.stairs(density, row.output.edges, fill=True, facecolor=color, edgecolor=color, linewidth=1)
        ax.set(xlim=(-1.05, 1.05), ylim=(0, 2)) if activation == "tanh" else ax.set(
            xlim=(-0.2, 2.5), ylim=(0, 1)
        )
        ax.set_yticks([])
        ax.tick_params(labelsize=7)
        ax.set_title(f"{row.output.std:.2g}", size=8)
        if line is axes[-1]:
            ax.set_xlabel(f"layer {number}", size=8)
    line[0].set_ylabel(words.replace(", ", "\n"), size=8)
fig.suptitle("Outputs of the ten layers, and their standard deviation", size=11)
plt.show()

# %%
# Forward the signal fades, and backward the gradient does, for the same reason: it passes through the same
# weights.

fig, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
for words, *_, color in cases:
    spreads = [row.output.std for row in tables[words]]
    gradients = np.array([row.gradient.std for row in tables[words]])
    axes[0].semilogy(range(1, 11), spreads, "o-", markersize=4, color=color, label=words)
    axes[1].semilogy(range(1, 11), gradients / gradients[-1], "o-", markersize=4, color=color)
axes[0].set(xlabel="layer", title="spread of the outputs", xticks=[1, 5, 10])
axes[0].legend(frameon=False, fontsize=9)
axes[1].set(xlabel="layer", title="spread of the gradients (layer 10 = 1)", xticks=[1, 5, 10])
plt.show()

# %%
# Does it matter? The same ten layers, narrower, learn the digits:

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for words, activation, initializer, _, color in cases:
    hidden = [layers.Dense(64, activation, kernel_initializer=initializer) for _ in range(9)]
    model = gn.Sequential([*hidden, layers.Dense(10, kernel_initializer=initializer)])
    model.compile(gn.optimizers.SGD(0.02), "softmax_cross_entropy")
    losses = model.fit(X - X.mean(), y, batch_size=64, epochs=40, verbose=0).history["loss"]
    ax.plot(range(1, 41), losses, color=color, label=words)
ax.set(xlabel="epoch", ylabel="training loss", ylim=(0, 2.45), title="Ten layers of 64 units on digits")
ax.legend(frameon=False)
plt.show()

# %%
# The catalogue
# -------------
#
# The initializers have Keras's names and definitions. Each is called with a shape and a seed. A *sparse*
# kernel has exactly ten incoming connections per unit, so that the sum a unit starts with does not depend on
# how many inputs there are. An *orthogonal* one changes no lengths at all: its singular values are all 1.

names = [
    "inverse_sqrt",
    "lecun_normal",
    "lecun_uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
]
names += ["variance_scaling", "random_normal", "random_uniform", "truncated_normal", "orthogonal", "sparse"]
print("kernel of 400 inputs, 300 units     std     largest")
for name in names:
    W = initializers.get(name)((400, 300), seed=0)
    print(f"{initializers.get(name)!s:34.34} {W.std():.4f}   {np.abs(W).max():.4f}")

singular = np.linalg.svd(initializers.get("orthogonal")((400, 300), seed=0), compute_uv=False)
connections = (initializers.get("sparse")((400, 300), seed=0) != 0).sum(axis=0)
print(f"orthogonal: singular values from {singular.min():.6f} to {singular.max():.6f}")
print(f"sparse: connections per unit from {connections.min()} to {connections.max()}")

# %%
# Biases
# ------
#
# Biases start at 0: the random kernels already break the symmetry. One reads that ReLU units should start
# with a small positive bias, such as 0.01, so that all of them fire at first. Let us ask the data. Two
# networks per seed, equal in everything but that bias, and the difference of their accuracies on 597 held-out
# digits:


def held_out_accuracy(seed, bias):
    """Of a small ReLU network; everything but the bias depends on the seed alone."""
    train, test = np.split(np.random.default_rng(seed).permutation(len(X)), [1200])
    options = {"kernel_initializer": "he_normal", "bias_initializer": initializers.Constant(bias)}
    hidden = [layers.Dense(32, "relu", **options) for _ in range(2)]
    model = gn.Sequential([*hidden, layers.Dense(10)], seed=seed)
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy", metrics=["accuracy"])
    model.fit(X[train], y[train], batch_size=64, epochs=15, verbose=0)
    return model.evaluate(X[test], y[test])["accuracy"]


gains = np.array([held_out_accuracy(seed, 0.01) - held_out_accuracy(seed, 0.0) for seed in range(16)])
half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
low, high = gains.mean() - half, gains.mean() + half
print(f"mean gain {gains.mean():+.2%}, 95 % interval from {low:+.2%} to {high:+.2%}")

fig, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
ax.axvline(0, color="0.7", linewidth=1)
ax.plot(100 * np.sort(gains), np.linspace(0.75, 1.25, len(gains)), "o", color="C0", alpha=0.7)
ax.errorbar(100 * gains.mean(), 0.4, xerr=100 * half, fmt="s", color="C3", capsize=4)
ax.set(yticks=[0.4, 1], yticklabels=["mean, 95 %", "16 pairs"], ylim=(0.1, 1.45))
ax.set(xlabel="gain in accuracy by a bias of 0.01, in percentage points")
plt.show()

# %%
# The interval holds 0: nothing is gained consistently, and in most pairs not a single digit is answered
# differently. Compare *pairs* with equal seeds when you test such a claim;
# otherwise the luck of the draw hides or fakes the difference.
#
# A bug, caught
# -------------
#
# Somebody writes an initializer. The numbers have mean 0 and the right standard deviation, and a test of both
# passes. But they were drawn in the shape ``(64, 1)``, and NumPy stretched them to ``(64, 8)`` without a
# word:

column = np.random.default_rng(9).normal(0, 1 / np.sqrt(64), (64, 1))
model = digits_network("glorot_uniform")
model.set_parameters({"dense_1.kernel": column + np.zeros((64, 8)), "dense_2.kernel": np.full((8, 10), 0.1)})
print(f"mean {column.mean():.3f}, standard deviation {column.std():.3f}\n")
print(gn.sanity_checks(model, X, y))
