r"""
A. A neural network from scratch
================================

A neural network is a function with many numbers in it, its *weights*. To learn means to change the weights
so that the function's answers come closer to the right ones. Everything on this page fits into one NumPy
program of forty lines, and you will read all of it.

The network here has an input layer, one hidden layer and an output layer. The input layer is not counted,
since it computes nothing: this is a **2-layer network**. *Feedforward* means to go through it once,

.. math:: \hat{y} = \sigma(\sigma(x W_1)\, W_2), \qquad \sigma(z) = \frac{1}{1 + e^{-z}},

and the *loss* says how wrong the answers are. We take the sum of squares, :math:`L = \sum (\hat{y} - y)^2`.
"""

import matplotlib.pyplot as plt
import numpy as np

import glassnet as gn
from glassnet import layers

# %%
# Four examples with three inputs each. The answer is whether exactly one of the first two inputs is on; the
# third input is always 1 and stands in for a bias.

X, y = gn.datasets.tutorial()
print(np.column_stack([X, y]))

# %%
# The network
# -----------
#
# Four hidden units, uniform weights in [0, 1), no bias, and plain gradient descent with step 1.

uniform = gn.initializers.RandomUniform(0, 1)


def tutorial_network(seed=0):
    """The two-layer network of this page."""
    return gn.Sequential(
        [
            layers.Dense(4, "sigmoid", use_bias=False, kernel_initializer=uniform),
            layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer=uniform),
        ],
        seed=seed,
    )


model = tutorial_network()
model.build((None, 3))
model.compile(optimizer=gn.optimizers.SGD(1.0), loss="sum_of_squares")
model.summary()

# %%
# This is the program that will train it. Read it from top to bottom: forward, backward, update. The backward
# part is *backpropagation*; nothing else is hidden anywhere.

print(model.source())

# %%
# Before you run it: predict
# --------------------------
#
# The four answers start near the middle, since the weights are random. After 1,500 steps over all four
# examples, how close will they be to 0, 1, 1, 0: within 0.5, within 0.05, or exact? Decide, then look.

history = model.fit(X, y, batch_size=4, epochs=1500, shuffle=False, verbose=0)
print(model.predict(X).ravel().round(3))

# %%
# Within 0.05. Exact is out of reach: the logistic function never reaches 0 or 1.
#
# The learning rate
# -----------------
#
# The step is the one number that you choose. Too small, and learning crawls; too large, and each step
# jumps over the valley it should descend into.

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for rate, words in [(0.01, "0.01: crawls"), (1.0, "1: converges"), (60.0, "60: jumps about")]:
    network = tutorial_network()
    network.compile(optimizer=gn.optimizers.SGD(rate), loss="sum_of_squares")
    losses = network.fit(X, y, batch_size=4, epochs=1500, shuffle=False, verbose=0).history["loss"]
    ax.plot(losses, label=words)
ax.set(xlabel="step", ylabel="sum of squares", title="Three learning rates")
ax.legend(frameon=False)
plt.show()

# %%
# Why the chain rule
# ------------------
#
# The loss does not contain :math:`W_1`. It contains :math:`e`, which contains :math:`a_2`, which contains
# :math:`a_1`, which contains :math:`W_1`. Each of these links has a simple derivative, and the gradient is
# their product. glassnet tells the chain for any weight of any network, and checks every link by moving the
# values a little:

print(model.derivation(X, y))

# %%
# The picture of the layers, and of the operations with their values (green) and gradients (red) for one
# example:

model.draw()

# %%

model.draw("graph", X[1:2], y[1:2])

# %%
# A bug, caught
# -------------
#
# A hand-written gradient is wrong more often than not. Here somebody forgot that the derivative of the
# logistic function is :math:`\sigma (1 - \sigma)`, and wrote :math:`\sigma`:


@gn.composite
def wrong_sigmoid(z):
    """The right function..."""
    return 1 / (1 + np.exp(-z))


@wrong_sigmoid.defgradient
def _(g, a, z):
    return (g * a,)  # ...with the wrong derivative


def loss(W1):
    """The loss as a function of the first weights."""
    hidden = wrong_sigmoid(X @ W1)
    return ((hidden.sum(axis=1) - y) ** 2).sum()


print(gn.check_gradients(loss, np.full((3, 4), 0.5)))

# %%
# The training would still have gone down for a while. Only the comparison with differences shows it.
#
# What a bias changes
# -------------------
#
# Without a bias a linear score is 0 at the origin, whatever the weights: every boundary passes through it.

for use_bias in (False, True):
    line = gn.Sequential([layers.Dense(1, use_bias=use_bias, bias_initializer=gn.initializers.Constant(0.3))])
    print(use_bias, line.predict(np.zeros((1, 2))))
