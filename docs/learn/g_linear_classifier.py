r"""
G. The linear classifier
========================

The simplest network has one layer and no activation. It computes one score per class,

.. math:: f = W x + b,

and answers the class with the highest score. Everything larger is made of this piece, so it pays to know what
it can do, and what it cannot.

For pictures from CIFAR-10, :math:`x` is a column of 3,072 numbers (32 · 32 pixels, three colors), :math:`W`
is 10 × 3,072, and :math:`b` has 10 entries: one row of weights for each class.
"""

import matplotlib.pyplot as plt
import numpy as np

import glassnet as gn
from glassnet import layers

# %%
# A cat with four pixels
# ----------------------
#
# Here is the smallest example that there is: four gray pixels, three classes (cat, dog, ship). A kernel holds
# one *column* per class, so it is :math:`W^T`.

W = np.array([[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]])
b = np.array([1.1, 3.2, -1.2])
cat = np.array([[56.0, 231.0, 24.0, 2.0]])

model = gn.Sequential([layers.Dense(3)], dtype="float64")
model.build((None, 4))
model.set_parameters({"dense_1.kernel": W.T, "dense_1.bias": b})
for name, score in zip(("cat", "dog", "ship"), model.predict(cat)[0], strict=True):
    print(f"{name:<5} {score:8.2f}")

# %%
# These weights are bad: they take the cat for a dog. (The course notes that made this cat known print 61.95
# for the ship. They forgot to add its bias, -1.2. Do the sum yourself.)
#
# The bias trick
# --------------
#
# Give each example one more pixel that is always 1. Then the bias is nothing but the weights of that pixel,
# and there is only one matrix to think about. The layer ``BiasTrick`` does it. This is the whole training
# step:

one_matrix = gn.Sequential([layers.BiasTrick(), layers.Dense(3, use_bias=False)], dtype="float64")
one_matrix.build((None, 4))
one_matrix.set_parameters({"dense_1.kernel": np.column_stack([W, b]).T})
print("the same scores to", np.abs(one_matrix.predict(cat) / model.predict(cat) - 1).max())
one_matrix.compile(gn.optimizers.SGD(0.1), loss="softmax_cross_entropy")
print(one_matrix.source())

# %%
# First view: lines in the plane
# ------------------------------
#
# With two inputs you can see everything. Where the score of a class is zero, there is a straight line; the
# arrow points to where the score rises. The colors are the answers.

rng = np.random.default_rng(3)
centers = np.array([[0.0, 2.0], [-1.8, -0.8], [1.7, -0.8]])
points = (centers[:, None] + rng.normal(0, 0.5, (3, 60, 2))).reshape(-1, 2)
classes = np.repeat([0, 1, 2], 60)


def linear(loss="softmax_cross_entropy", units=3, strength=1e-3, rate=0.1):
    """A linear classifier with a penalty ½λΣw²."""
    penalty = gn.regularizers.HalfL2(strength)
    network = gn.Sequential([layers.Dense(units, kernel_regularizer=penalty)])
    network.compile(gn.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return network


model = linear()
model.fit(points, classes, batch_size=180, epochs=300, verbose=0)
angle, outside = rng.uniform(0, 2 * np.pi, 240), np.repeat([0, 1], 120)
radius = np.where(outside, 2.0, 0.5) + rng.normal(0, 0.2, 240)
ring = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
helpless = linear(units=2)
helpless.fit(ring, outside, batch_size=240, epochs=300, verbose=0)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
gn.plot_decision_regions(model, points, classes, ax=left, zero_lines=True)
gn.plot_decision_regions(helpless, ring, outside, ax=right)
left.set_title(f"Three clusters: {model.evaluate(points, classes)['accuracy']:.0%} right")
right.set_title(f"A ring: {helpless.evaluate(ring, outside)['accuracy']:.0%} right")
plt.show()

# %%
# On the right is what no linear classifier can do: no straight line separates a ring from its inside, however
# long you train. That is why networks have hidden layers.
#
# Second view: templates
# ----------------------
#
# A score is an inner product: multiply each pixel with its weight, add up. So the weights of a class are a
# picture themselves, a *template*, and the classifier answers the class whose template fits best. Draw them
# back as images. Red means "a bright pixel here speaks for this class", blue "against it".

digits = gn.datasets.load("digits")
order = rng.permutation(digits.rows)
X, y = digits.data[order] / 16, digits.target[order]
X_train, y_train, X_new, y_new = X[:1300], y[:1300], X[1300:], y[1300:]

model = linear(units=10, strength=0.1)
model.fit(X_train, y_train, batch_size=100, epochs=30, verbose=0)
gn.plot_templates(model, digits.image_shape, names=digits.target_names)
plt.show()

# %%
# The 0 wants an empty middle. The 1 wants a full one. Each class has a single template for all the ways in
# which people write it, and this is the weakness: a horse that looks left and one that looks right must share
# a template, which then has two heads.
#
# For color pictures the same call works. With the archive of CIFAR-10 in a folder:
#
# .. code-block:: python
#
#    data = gn.datasets.cifar10("folder")
#    model = gn.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)])
#    model.compile(gn.optimizers.Adam(1e-4), "softmax_cross_entropy")
#    model.fit(data.X_train, data.y_train, batch_size=256, epochs=10)
#    gn.plot_templates(model, (32, 32, 3), names=data.names)
#
# The ship's template is positive in blue and negative in red: ships lie on water. A ship on a white beach has
# bad luck. On the test images the softmax classifier gets about 40 % right, the hinge 38 %.
#
# Before you run it: predict
# --------------------------
#
# The softmax turns scores into probabilities. A penalty :math:`\tfrac{1}{2} \lambda \sum w^2` keeps the
# weights small, so the scores come closer together. Take :math:`\lambda` from 0.0001 to 1, until the
# probabilities are almost equal. How many answers will then still be right: 10 %, as in guessing, or more?

strengths = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
rows = []
for strength in strengths:
    model = linear(units=10, strength=strength)
    model.fit(X_train, y_train, batch_size=1300, epochs=200, verbose=0)
    p = gn.activations.softmax(model.predict(X_new))
    rows.append((gn.losses.entropy(p).mean(), (p.argmax(axis=1) == y_new).mean(), p))
    print(f"λ = {strength:<6g}  entropy {rows[-1][0]:.3f}   accuracy {rows[-1][1]:.1%}")

# a digit that is always recognized, but with doubts
always = np.all([p.argmax(axis=1) == y_new for *_, p in rows], axis=0)
doubtful = np.argmin(np.where(always, np.abs(rows[2][2].max(axis=1) - 0.5), 1))
fig, axes = plt.subplots(1, 4, figsize=(9, 2.4), layout="constrained", width_ratios=(1, 1.6, 1.6, 1.6))
axes[0].imshow(X_new[doubtful].reshape(8, 8), cmap="gray_r")
axes[0].set_axis_off()
for axis, i in zip(axes[1:], (0, 2, 4), strict=True):
    bars = axis.bar(range(10), rows[i][2][doubtful], color="#56b4e9")
    bars[y_new[doubtful]].set_color("#d55e00")
    axis.set(ylim=(0, 1), xticks=range(10), title=f"λ = {strengths[i]:g}")
    axis.spines[["top", "right"]].set_visible(False)
axes[1].set_ylabel("probability")
plt.show()

# %%
# Flatter, always: the entropy rises with :math:`\lambda`, nearly up to :math:`\ln 10 = 2.303`, which is pure
# guessing. And yet the answers remain: at :math:`\lambda = 1` the classifier is sure of nothing, and about
# four of five answers are right. So read the probabilities of a softmax as an order, and as confidence only
# with care. Their sharpness is a knob that *you* have turned.
#
# SVM and softmax, side by side
# -----------------------------
#
# The same data, the same layer, two losses. Watch the first loss of each, and the two accuracies.

reports = {}
for loss in ("multiclass_hinge", "softmax_cross_entropy"):
    model = linear(loss, units=10, rate=0.03)
    model.build((None, 64))
    nothing = model.loss(np.zeros_like(X_train), y_train).data
    history = model.fit(X_train, y_train, batch_size=100, epochs=40, verbose=0)
    scores = model.predict(X_new)
    satisfied = (model.loss_function.per_example(y_new, scores) == 0).mean()
    reports[loss] = scores.argmax(axis=1)
    print(loss)
    print(f"    loss with empty pictures   {nothing:8.3f}")
    print(f"    loss after training        {history.history['loss'][-1]:8.3f}")
    print(f"    accuracy, training         {model.evaluate(X_train, y_train)['accuracy']:8.1%}")
    print(f"    accuracy, new digits       {model.evaluate(X_new, y_new)['accuracy']:8.1%}")
    print(f"    new digits of loss 0       {satisfied:8.1%}")
    for digit in (1, 8, 9):
        print(f"    found of the {digit}s           {(reports[loss] == y_new)[y_new == digit].mean():8.1%}")
agree = (reports["multiclass_hinge"] == reports["softmax_cross_entropy"]).mean()
print(f"They agree on {agree:.1%} of the new digits.")

# %%
# They differ less than people think. The SVM is content with most digits and learns from the rest; the
# softmax goes on pushing all of them.
#
# Why follow the gradient
# -----------------------
#
# How do you find good weights? Three ideas, from the naive to the right one:
#
# 1. *Random search.* Draw all weights at random, many times; keep the best.
# 2. *Random local search.* Draw a small step; if it helps, take it.
# 3. *Gradient descent.* Do not guess the step. The gradient says where down is.
#
# All three get the same start and the same effort: 600 passes over the training data. A step of gradient
# descent costs three of them, so it may take only 200 steps, while the others try 600 times.

model = gn.Sequential([layers.MeanSubtraction(), layers.Dense(10)])
model.compile(gn.optimizers.SGD(0.5), "multiclass_hinge", metrics=["accuracy"])
ladder = gn.search_ladder(model, X_train, y_train, tries=600)
print(ladder)

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for search, color in zip(ladder, ("0.55", "#0072b2", "#d55e00"), strict=True):
    ax.plot(search.passes, search.losses, color=color)
    label = f"{search.name}: {search.scores['accuracy']:.0%} right"
    ax.annotate(label, (600, search.losses[-1]), (5, 0), textcoords="offset points", color=color, va="center")
ax.set(yscale="log", xlabel="passes over the training data", ylabel="hinge loss", title="The search ladder")
ax.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Each beats the one before by a wide margin. There are only 650 weights here. In a network with a million,
# almost every random step is a step uphill, and the gradient still costs two more passes.
#
# A bug, caught
# -------------
#
# The gradient of the hinge is easy to write, and easy to write wrong. Every violated margin pushes a wrong
# class down. Somebody forgot that it also pushes the right class up:


@gn.composite
def hinge(y, f):
    """The right loss..."""
    violations = np.maximum(f - gn.pick(f, y)[:, None] + 1, 0)
    return np.where(gn.one_hot(y, 10), 0, violations).sum(axis=1)


@hinge.defgradient
def _(g, loss, y, f):
    violated = f - gn.pick(f, y)[:, None] + 1 > 0
    return None, g[:, None] * np.where(gn.one_hot(y, 10), 0, violated)  # ...without its column of counts


few, their_labels = X_train[:20], y_train[:20]
print(gn.check_gradients(lambda W: hinge(their_labels, few @ W).mean(), rng.normal(0, 0.1, (64, 10))))

# %%
# Without the check nobody would notice. Nothing crashes, the loss falls, and nine of ten answers are right:

for name, loss in (("wrong gradient", hinge), ("right gradient", "multiclass_hinge")):
    model = gn.Sequential([layers.Dense(10)])
    model.compile(gn.optimizers.SGD(0.1), loss)
    model.fit(X_train, y_train, batch_size=1300, epochs=300, verbose=0)
    found, kernel = model.evaluate(X_train, y_train)["loss"], model.parameters["dense_1.kernel"]
    right = (model.predict(X_new).argmax(axis=1) == y_new).mean()
    print(f"{name}: loss {found:.2f}, {right:.1%} right, weights up to {np.abs(kernel).max():.1f}")

# %%
# It can only push scores down, so the weights grow without end. Bugs like this one live for years.
