r"""
B. Data preprocessing
=====================

A network multiplies its inputs by weights, and the gradient of a weight is its input times an error: ``dW1 =
x.T @ dz1``. An input that is a thousand times larger than the others gets a gradient that is a thousand times
larger, yet all weights share one learning rate. So before a network sees the data, we move them to the middle
and bring them to one scale:

.. math:: x' = \frac{x - \mu}{s}, \qquad \mu = \frac1n \sum_i x_i, \qquad s^2 = \frac1n \sum_i (x_i - \mu)^2,

for each feature. One rule comes first and has no exceptions: **the statistics come from the training data
only**, and are then applied to validation and test data as they are. The end of this page shows what happens
to those who forget it.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images

import glassnet as gn
from glassnet import layers

# %%
# Thirteen measurements of each of 178 wines. Look at the scales:

wine = gn.datasets.load("wine")
for name, mean, spread in zip(wine.feature_names, wine.data.mean(axis=0), wine.data.std(axis=0), strict=True):
    print(f"{name:29} {mean:7.2f} ± {spread:6.2f}")

# %%
# Preprocessing as a layer
# ------------------------
#
# Normalization is a layer, so it travels with the model, and nobody can forget it at prediction. ``fit``
# computes its statistics from the training part of the data: they are state, not parameters, and no gradient
# changes them. Here is the whole training step of a linear classifier behind it:

order = np.random.default_rng(0).permutation(178)
train, held_out = order[:120], order[120:]


def wine_network(*preprocessing, rate=0.1):
    """A linear classifier behind preprocessing layers."""
    model = gn.Sequential([*preprocessing, layers.Dense(3)])
    model.build((None, 13))
    model.compile(gn.optimizers.SGD(rate), "softmax_cross_entropy", ["accuracy"])
    return model


print(wine_network(layers.Normalization()).source())

# %%
# Before you run it: predict
# --------------------------
#
# The same classifier on the raw data, on data with the mean subtracted, and on normalized data. For each we
# try eight learning rates, from one ten-millionth to one. Will the raw data find *some* rate at which they
# learn as well as the normalized ones? Decide, then look.

rates = 10.0 ** np.arange(-7, 1)
variants = [
    ("raw", list, "C3"),
    ("mean subtracted", lambda: [layers.MeanSubtraction()], "C1"),
    ("normalized", lambda: [layers.Normalization()], "C0"),
]
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for words, preprocessing, color in variants:
    accuracies = []
    for rate in rates:
        model = wine_network(*preprocessing(), rate=rate)
        model.fit(wine.data[train], wine.target[train], batch_size=120, epochs=200, verbose=0)
        accuracies.append(model.evaluate(wine.data[held_out], wine.target[held_out])["accuracy"])
    print(f"{words:16} best accuracy {max(accuracies):.0%}")
    ax.semilogx(rates, accuracies, "o-", color=color, label=words)
ax.set(xlabel="learning rate", ylabel="accuracy on held-out wines", ylim=(0, 1.03))
ax.set_title("200 steps of gradient descent at each learning rate")
ax.legend(frameon=False)
plt.show()

# %%
# No rate suits the raw data. One that is small enough for proline, whose values reach 1,680, is far too small
# for hue, whose values differ by little more than 1. The valley of the loss is long and narrow, and each step
# either jumps across it or hardly moves along it.
#
# What each step does to a cloud of points
# ----------------------------------------
#
# Two blood values of 442 patients that go up and down together. We subtract the mean. Then we divide by the
# standard deviation, or stretch the smallest and the largest value to -1 and 1, which a single outlier can
# spoil. Or we go further: turn the axes along the cloud (*decorrelate*) and then divide by the spread in each
# of the new directions (*whiten*).

diabetes = gn.datasets.load("diabetes")
blood = diabetes.data[:, [4, 5]]  # total cholesterol, and the part called LDL


def adapted(layer, data):
    """The layer with the statistics of these data."""
    layer.adapt(data)
    return layer


steps = [
    ("original", blood),
    ("MeanSubtraction()", adapted(layers.MeanSubtraction(), blood)(blood)),
    ("PCA()", adapted(layers.PCA(), blood)(blood)),
    ("MinMaxScaling()", adapted(layers.MinMaxScaling(), blood)(blood)),
    ("Normalization()", adapted(layers.Normalization(), blood)(blood)),
    ("Whitening()", adapted(layers.Whitening(), blood)(blood)),
]
fig, axes = plt.subplots(2, 3, figsize=(7.5, 5.2), layout="constrained")
for ax, (words, z) in zip(axes.flat, steps, strict=True):
    low, high, ticks = (-130, 310, [0, 200]) if ax in axes[0] else (-4.2, 4.2, [-3, 0, 3])
    ax.axhline(0, color="0.8", linewidth=1)
    ax.axvline(0, color="0.8", linewidth=1)
    ax.scatter(*z.T, s=5, color="C3" if words == "original" else "C0", alpha=0.6, linewidths=0)
    ax.set(title=words, xlim=(low, high), ylim=(low, high), xticks=ticks, yticks=ticks)
    ax.set_aspect("equal")
    ax.title.set(family="monospace", size=10)
fig.suptitle("Above: patients in mg/dl. Below: no units are left", size=11)
plt.show()

# %%
# The *covariance* of centred data is :math:`C = X^\top X / n`. It is symmetric and no direction has a
# negative variance. ``PCA`` turns the data into the basis of its eigenvectors, where it is diagonal;
# ``Whitening`` divides by :math:`\sqrt{s + \varepsilon}`, where :math:`s` is the eigenvalue, which leaves the
# variance :math:`s / (s + \varepsilon)`: the identity.

for words in ("MeanSubtraction()", "PCA()", "Whitening()"):
    print(words, layers.covariance(dict(steps)[words]).round(2).tolist())

# %%
# One mean for what?
# ------------------
#
# For pictures there is a choice: one number for all pixels, one for each color, or one for each pixel of each
# color, the *mean image*. The argument ``axis`` names the axes that keep their own mean.

photographs = np.array(load_sample_images().images)  # two photographs of 427 × 640 pixels in three colors
for axis, words in [(None, "one for everything"), (-1, "one per color"), ((1, 2, 3), "the mean image")]:
    layer = adapted(layers.MeanSubtraction(axis=axis), photographs)
    print(f"{words:20} shape {np.shape(layer.mean)!s:14} first value {np.ravel(layer.mean)[0]:.1f}")

# %%
# Digits, and the directions in which they vary
# ---------------------------------------------
#
# A digit of 8 × 8 pixels is a point in 64 dimensions. The eigenvectors of the covariance are pictures, too:
# the first is the way in which digits differ most. White is zero, the two colors are the two signs.

digits = gn.datasets.load("digits")
X, y = digits.data, digits.target
pca = adapted(layers.PCA(), X)

fig, axes = plt.subplots(1, 8, figsize=(7.5, 1.5), layout="constrained")
axes[0].imshow(np.reshape(pca.mean, (8, 8)), cmap="gray_r")
axes[0].set_title("mean", size=9)
for i, ax in enumerate(axes[1:]):
    ax.imshow(np.reshape(pca.rotation[:, i], (8, 8)), cmap="PuOr", vmin=-0.4, vmax=0.4)
    ax.set_title(f"{i + 1}: {pca.explained_variance_ratio[i]:.1%}", size=9)
for ax in axes:
    ax.axis("off")
fig.suptitle("The mean image and the first seven directions, with their share of the variance", size=10)
plt.show()

# %%
# Predict again: how many of the 64 directions does it take to keep 90 % of the variance?

for k in (1, 2, 10, 21, 61, 64):
    print(adapted(layers.PCA(k), X).title())

# %%
# Twenty-one. The images shrink to a third, and a network behind ``PCA(21)`` has a third of the first weights.
#
# Every step has its inverse
# --------------------------
#
# What a layer does, its ``inverse`` undoes. So we can see what is lost when only the first few directions are
# kept, and what whitening does to a picture. (``"zca"`` is the whitening that turns back afterwards: its
# results still look like what they came from.)

zca = layers.Whitening("zca", n_components=61, epsilon=1.0)
few = [adapted(layers.PCA(k), X) for k in (2, 10, 21, 61)]
rows = [("original", X[:10])]
rows += [(f"{np.shape(layer.rotation)[1]} directions", layer.inverse(layer(X[:10]))) for layer in few]
rows += [("ZCA", adapted(zca, X)(X[:10])), ("and back", zca.inverse(zca(X[:10])))]
fig, axes = plt.subplots(len(rows), 10, figsize=(7, 5.2), layout="constrained")
for line, (words, pictures) in zip(axes, rows, strict=True):
    colors = (-3, 3, "PuOr") if words == "ZCA" else (0, 16, "gray_r")
    for ax, picture in zip(line, pictures, strict=True):
        ax.imshow(picture.reshape(8, 8), vmin=colors[0], vmax=colors[1], cmap=colors[2])
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("0.85")
    line[0].set_ylabel(words, rotation=0, ha="right", va="center", size=9)
plt.show()

# %%
# With 61 directions nothing is lost: three pixels at the margin are never drawn on, so three of the 64
# directions have no variance at all. That has a consequence.
#
# A pitfall: whitening the noise
# ------------------------------
#
# Whitening makes all directions equally loud, those that carry nothing but noise, too. glassnet says so:

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    whitening = adapted(layers.Whitening(), X)
print(caught[0].message)

# %%
# New pictures come from another scanner and carry a speck of noise, a thousandth of the largest gray value.
# Before whitening it cannot be seen. After it, those three directions are the loudest of all:

noise = np.random.default_rng(0).normal(0, 0.016, X.shape)
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
number = np.arange(1, 65)
ax.semilogy(number, pca(X + noise).std(axis=0), "o", markersize=4, color="0.6", label="PCA")
ax.semilogy(number, whitening(X + noise).std(axis=0), "o", markersize=4, color="C3", label="Whitening()")
calmer = adapted(layers.Whitening(n_components=61, epsilon=1.0), X)
spread = calmer(X + noise).std(axis=0)
ax.semilogy(
    number[:61], spread, "o", markersize=4, color="C0", label="Whitening(n_components=61, epsilon=1.0)"
)
ax.set(xlabel="direction, by its variance in the training data", ylabel="standard deviation of new data")
ax.set_title("New pictures with a trace of noise")
ax.legend(frameon=False)
plt.show()

# %%
# The pitfall: statistics from all the data
# -----------------------------------------
#
# The validation data stand in for data that nobody has seen yet. They can do so only if they are treated like
# that. Here is a small study with 40 training digits and 10 validation digits, whitened. Once the statistics
# come from the 40, once from all 50, as in many a hurried notebook. Then the classifier is put to use, on the
# remaining 1,747 digits. Did the validation loss promise what came? Twelve splits:


def promise_and_truth(seed, leak):
    """The loss on validation data, and in use."""
    order = np.random.default_rng(seed).permutation(len(X))
    parts = np.split(X[order] / 16, [40, 50])
    labels = np.split(y[order], [40, 50])
    known = np.concatenate(parts[:2]) if leak else parts[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about directions without variance, as above
        whitening = adapted(layers.Whitening(), known)
    model = gn.Sequential([layers.Dense(10)], seed=seed)
    model.compile(gn.optimizers.SGD(0.3), "softmax_cross_entropy")
    model.fit(whitening(parts[0]), labels[0], epochs=20, verbose=0)
    return [
        model.evaluate(whitening(part), label)["loss"]
        for part, label in zip(parts[1:], labels[1:], strict=True)
    ]


fig, ax = plt.subplots(figsize=(5.6, 4.6), layout="constrained")
ax.plot([1, 100], [1, 100], color="0.8", zorder=0)
ax.annotate("promise kept", (6, 5.4), rotation=45, ha="center", va="top", rotation_mode="anchor", color="0.5")
for leak, words, color in [(False, "from the training data", "C0"), (True, "from all the data", "C3")]:
    promised, true = np.transpose([promise_and_truth(seed, leak) for seed in range(12)])
    print(f"statistics {words:23} promised {promised.mean():5.1f}   in use {true.mean():5.1f}")
    ax.loglog(promised, true, "o", color=color, label=f"statistics {words}")
ax.set(
    xlabel="loss on the validation data", ylabel="loss in use", xlim=(1, 100), ylim=(1, 100), aspect="equal"
)
ax.legend(frameon=False, loc="lower right")
plt.show()

# %%
# The blue points lie about the line: the honest validation data said at once that 40 examples are far too few
# for whitening in 64 dimensions. The red ones promised something that did not come, twelve times out of
# twelve. (They lie lower because their whitening saw ten more examples. More data help; a false promise does
# not.) With many examples the difference shrinks, and it cannot be seen from inside. In glassnet the
# statistics belong to a layer, and ``fit`` gives it the training part only, so the mistake takes an effort.
#
# A bug, caught
# -------------
#
# Somebody divides by 255, as one does with pictures, and stores the result in bytes, as one does with
# pictures. Nothing crashes:

pixels = (X / 255).astype("uint8")
model = gn.Sequential([layers.Dense(32, "relu"), layers.Dense(10)])
model.compile("adam", "softmax_cross_entropy")
print(gn.sanity_checks(model, pixels, y))

# %%
# The gradient is right and the first loss is ln 10, as it should be. But twenty examples cannot be learned by
# heart, and that is always a bug, here in the data: a number below 1 becomes the byte 0, and all the pictures
# are black.

print(np.unique(pixels))
