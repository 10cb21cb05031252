r"""
D. Batch normalization
======================

The last page took great care that the numbers inside a deep network start with the right spread. After the
first step nobody takes care any more. Batch normalization does, at every step: it measures each unit's
outputs over the batch, moves them to mean 0 and variance 1, and then lets the network scale and shift them as
it likes.

.. math:: \hat{z} = \frac{z - \mu}{\sqrt{v + \varepsilon}}, \qquad a = \gamma\, \hat{z} + \beta, \qquad
          \mu = \frac1n \sum_i z_i, \quad v = \frac1n \sum_i (z_i - \mu)^2.

:math:`\gamma` and :math:`\beta` are learned, one of each per unit, and start at 1 and 0. The layer stands
behind a dense layer and *before* the non-linearity, where the numbers are closest to a bell curve.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet import layers
from glassnet.inspect.statistics import layer_statistics

digits = gn.datasets.load("digits")
X, X_test, y, y_test = train_test_split(
    digits.data / 16, digits.target, test_size=0.2, random_state=0, stratify=digits.target
)

# %%
# The program
# -----------
#
# Mean and variance are part of the function, so the gradient goes through them, too. Look at ``dz1``: it
# takes two things out of the gradient that arrives, its mean, and its part along ``xhat1``. Neither could
# change anything, since the standardization would undo it.

model = gn.Sequential(
    [
        layers.Dense(5, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dense(10),
    ]
)
model.build((None, 64))
model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
print(model.source())

# %%
# A prediction must not depend on which other examples are asked about at the same time. So training also
# keeps a running mean and a running variance, in ``state``, and prediction uses those:

print(model.source("predict"))

# %%
# What a unit looks like at the start
# -----------------------------------
#
# A unit of variance :math:`v` leaves the layer with mean 0 and variance :math:`v / (v + \varepsilon)`: 1,
# unless it hardly varied at all. By default :math:`\varepsilon` is 0.001.

print("      v    v / (v + ε)   found   mean")
for size in (0.0003, 0.003, 0.03, 0.3):
    kernel = gn.initializers.RandomNormal(stddev=size)
    unit = gn.Sequential([layers.Dense(1, kernel_initializer=kernel), layers.BatchNormalization()])
    unit.build((None, 64))
    dense, normalized = layer_statistics(unit, X, training=True).values()
    v, mean = dense.output.std**2, abs(normalized.output.mean)
    print(f"{v:8.1e} {v / (v + 0.001):11.4f} {normalized.output.std**2:10.4f} {mean:6.2f}")

# %%
# Before you run it: predict
# --------------------------
#
# Ten layers of 64 ReLU units with weights ``0.01 * randn``: the kind of network that could not learn on the
# last page. Now put batch normalization before each ReLU and change nothing else. After fifteen epochs, which
# accuracy does each reach on digits it has not seen: 10 %, 50 %, or more than 90 %?


def deep_network(normalize, momentum=0.9, optimizer=None):
    """Ten badly initialized layers."""
    small = gn.initializers.RandomNormal(stddev=0.01)
    stack = []
    for _ in range(9):
        stack.append(layers.Dense(64, kernel_initializer=small, use_bias=not normalize))
        if normalize:
            stack.append(layers.BatchNormalization(momentum=momentum))
        stack.append(layers.Activation("relu"))
    model = gn.Sequential([*stack, layers.Dense(10, kernel_initializer=small)])
    model.build((None, 64))
    model.compile(optimizer or gn.optimizers.Adam(3e-3), "softmax_cross_entropy", ["accuracy"])
    return model


looks = [(False, "without", "C3"), (True, "with batch normalization", "C0")]
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for normalize, words, color in looks:
    model = deep_network(normalize)
    held_out = (X_test, y_test)
    history = model.fit(X, y, batch_size=64, epochs=15, validation_data=held_out, verbose=0).history
    print(f"{words:26} {history['val_accuracy'][-1]:.1%}")
    ax.plot(range(1, 16), history["val_accuracy"], "o-", markersize=4, color=color, label=words)
ax.axhline(0.1, color="0.7", linestyle=":", linewidth=1)
ax.annotate("chance", (15, 0.12), ha="right", color="0.5")
ax.set(xlabel="epoch", ylabel="accuracy on held-out digits", ylim=(0, 1.03))
ax.set_title("Ten layers, all weights 0.01 · randn")
ax.legend(frameon=False, loc="center right")
plt.show()

# %%
# Chance, and more than 90 %. The reason can be seen before the first step. Without normalization the signal
# loses a factor of ten to twenty per layer on its way forward, and so does the gradient on its way back.

fig, axes = plt.subplots(1, 2, figsize=(7.5, 3.3), layout="constrained")
for normalize, words, color in looks:
    table = layer_statistics(deep_network(normalize), X[:256], y[:256], training=True)
    rows = [row for key, row in table.items() if key.startswith("activation")]
    axes[0].semilogy(
        range(1, 10), [row.output.std for row in rows], "o-", markersize=4, color=color, label=words
    )
    axes[1].semilogy(range(1, 10), [row.gradient.std for row in rows], "o-", markersize=4, color=color)
axes[0].set(xlabel="hidden layer", title="spread of the outputs")
axes[0].legend(frameon=False, loc="lower left")
axes[1].set(xlabel="hidden layer", title="spread of the gradients")
plt.show()

# %%
# The size of the weights before the layer does not matter any more: twice the weights give the same ``xhat``.
# That is why batch normalization forgives a bad initialization. It forgives a bad learning rate, too. Here is
# plain gradient descent, ten epochs, and this time both networks start from good (He) weights:


def network(*normalizations, optimizer):
    """A ReLU layer of 64 units for each normalization, which may be None."""
    stack = []
    for normalization in normalizations:
        block = [layers.Dense(64, kernel_initializer="he_normal"), normalization, layers.Activation("relu")]
        stack += [layer for layer in block if layer is not None]
    model = gn.Sequential([*stack, layers.Dense(10)])
    model.compile(optimizer, "softmax_cross_entropy", ["accuracy"])
    return model


def accuracy_at(rate, normalize):
    """On held-out digits; 0 if the training diverged."""
    normalizations = [layers.BatchNormalization(momentum=0.9) if normalize else None for _ in range(4)]
    model = network(*normalizations, optimizer=gn.optimizers.SGD(rate))
    try:
        model.fit(X, y, batch_size=64, epochs=10, verbose=0)
    except gn.errors.DivergenceError:
        return 0.0
    return model.evaluate(X_test, y_test)["accuracy"]


rates = 10.0 ** np.arange(-3, 1.6, 0.5)
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for normalize, words, color in looks:
    accuracies = [accuracy_at(rate, normalize) for rate in rates]
    ax.semilogx(rates, accuracies, "o-", markersize=4, color=color, label=words)
    print(f"{words:26} over 90 % at {sum(a > 0.9 for a in accuracies)} of {len(rates)} rates")
ax.set(xlabel="learning rate", ylabel="accuracy on held-out digits", title="Four hidden layers, ten epochs")
ax.annotate("diverged", (rates[-1], 0.03), ha="right", color="0.5")
ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.45, 0.0))
plt.show()

# %%
# No bias before it
# -----------------
#
# The mean is subtracted, and with it any bias of the layer before. Its gradient is 0, up to rounding, which
# is why the program above was made with ``use_bias=False``; ``beta`` is the bias now.

model = network(layers.BatchNormalization(), optimizer="sgd")
gradients = model.astype("float64").gradients(X[:100], y[:100], training=True)
for key, gradient in gradients.items():
    print(f"{key:30} largest gradient {np.abs(gradient).max():.0e}")

# %%
# A pitfall: the running statistics lag behind
# --------------------------------------------
#
# The running mean keeps the share ``momentum`` of its old value at each step. With the usual 0.99 it takes
# some 300 steps until the start is forgotten. Our epoch has 23. Meanwhile the training looks splendid:

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for momentum, color in [(0.9, "C0"), (0.99, "C1")]:
    model = deep_network(True, momentum)
    held_out = (X_test, y_test)
    history = model.fit(X, y, batch_size=64, epochs=15, validation_data=held_out, verbose=0).history
    ax.plot(
        range(1, 16), history["val_accuracy"], "o-", markersize=4, color=color, label=f"momentum {momentum}"
    )
ax.plot(
    range(1, 16), history["accuracy"], ":", color="0.3", label="both in training, by the batch's statistics"
)
ax.set(xlabel="epoch", ylabel="accuracy on held-out digits", ylim=(0, 1.03))
ax.set_title("The same weights, and two kinds of running statistics")
ax.legend(frameon=False, loc="lower right")
plt.show()

# %%
# The weights are the same in both runs, step for step: the running statistics take no part in training. If a
# network with batch normalization seems to overfit in its first minutes, look here first. Use a smaller
# momentum, or be patient.
#
# A pitfall: a batch of one
# -------------------------
#
# The mean of a single example is the example. So ``xhat`` is 0, whatever the input: the network is blind.

for batch_size in (1, 2, 32):
    model = network(layers.BatchNormalization(), optimizer=gn.optimizers.SGD(0.02))
    losses = model.fit(X, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"]
    print(
        f"batch size {batch_size:2}   loss in the third epoch {losses[-1]:.2f}   (ln 10 = {np.log(10):.2f})"
    )

# %%
# Small batches make noisy statistics. Where batches must be small, normalize over the features of each
# example instead, with ``LayerNormalization`` or ``GroupNormalization``.
#
# A bug, caught
# -------------
#
# Somebody writes the backward pass by hand and takes mean and variance for constants. It looks right, each
# line of it can be defended, and it trains for a while:


@gn.composite
def standardize(z):
    """The right function..."""
    return (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 0.001)


@standardize.defgradient
def _(g, xhat, z):
    return (g / np.sqrt(z.var(axis=0) + 0.001),)  # ...but mean and variance depend on z, too


def loss(W1, W2):
    """A network with that layer, as a function of its weights."""
    h = np.maximum(standardize(X[:50] @ W1), 0)
    return ((h @ W2 - gn.one_hot(y[:50], 10)) ** 2).mean()


rng = np.random.default_rng(0)
print(gn.check_gradients(loss, rng.normal(0, 0.1, (64, 8)), rng.normal(0, 0.1, (8, 10))))

# %%
# ``W2``, behind the layer, is right; ``W1``, before it, is not. That tells where to look. The right line is
# the ``dz1`` of the program at the top of this page.
