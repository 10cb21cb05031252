r"""
E. Regularization
=================

A network with enough weights can learn its training data by heart, accidents included. Regularization makes
that expensive, or impossible. The most common way is to add a price for the weights to the loss:

.. math:: L = \underbrace{\frac1n \sum_i \ell_i}_{\text{data}} + \underbrace{\lambda R(w)}_{\text{penalty}},
          \qquad R(w) = \tfrac12 \sum w^2 \;\text{(L2)}, \quad \sum |w| \;\text{(L1)}.

The strength :math:`\lambda` is a number that you choose, with validation data. Other ways put a fence around
the weights (*max-norm*), or make the network unreliable on purpose while it learns (*dropout*).
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

import glassnet as gn
from glassnet import layers
from glassnet.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from glassnet.regularizers import L1, L1L2, L2, HalfL2

# %%
# Many small weights, rather than one large
# -----------------------------------------
#
# Two sets of weights that give the same score for the input ``[1, 1, 1, 1]``. L2 prefers the second: it
# listens to all inputs a little, instead of to one of them a lot.

for w in (np.array([1.0, 0, 0, 0]), np.array([0.25, 0.25, 0.25, 0.25])):
    print(f"score {w @ np.ones(4)}   Σ w² = {L2(1.0)(w)}   ½ Σ w² = {HalfL2(1.0)(w)}   Σ |w| = {L1(1.0)(w)}")

# %%
# Mind the half: ``L2`` is :math:`\lambda \sum w^2`, as in Keras, and ``HalfL2`` is
# :math:`\tfrac12 \lambda \sum w^2`, as in most textbooks, whose gradient is simply :math:`\lambda w`.
#
# The program
# -----------
#
# Here the first layer has a penalty and the second a max-norm. Look for three lines: ``penalty``, its
# gradient at the end of ``dW1``, and the constraint after the update.

model = gn.Sequential(
    [
        layers.Dense(5, "relu", kernel_regularizer=HalfL2(0.01)),
        layers.Dense(3, kernel_constraint=MaxNorm(3)),
    ]
)
model.build((None, 2))
model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
print(model.source())

# %%
# With plain gradient descent the update is :math:`w \leftarrow w - \eta\,(\partial\text{data} + \lambda w)`.
# Where the data do not pull at a weight, it loses the share :math:`\eta \lambda` at each step. L2 is *weight
# decay*:

dense = layers.Dense(3, use_bias=False, kernel_regularizer=HalfL2(0.1))
idle = gn.Sequential([dense], dtype="float64")
idle.build((None, 4))
before = idle.parameters["dense_1.kernel"].copy()
idle.compile(gn.optimizers.SGD(0.5), "squared_error")
idle.fit(np.zeros((2, 4)), np.zeros((2, 3)), epochs=7, verbose=0)
print("left after 7 steps:", (idle.parameters["dense_1.kernel"] / before).mean(), "  0.95**7 =", 0.95**7)

# %%
# What it does to a network
# -------------------------
#
# Eighty examples of two classes that overlap, and a network of 2,800 weights. The title of each picture tells
# the loss on the training data and on 2,000 fresh ones.

X, y = make_moons(80, noise=0.35, random_state=1)
fresh = make_moons(2000, noise=0.35, random_state=2)
xx, yy = np.meshgrid(np.linspace(-2.2, 3.2, 120), np.linspace(-1.8, 2.2, 120))


def two_moons(**options):
    """Two hidden layers of 50 units; the options are those of every dense layer."""
    hidden = [layers.Dense(50, "relu", **options) for _ in range(2)]
    model = gn.Sequential([*hidden, layers.Dense(2, **options)])
    model.compile(gn.optimizers.Adam(0.01), "softmax_cross_entropy")
    model.fit(X, y, batch_size=80, epochs=1000, verbose=0)
    return model


cases = [
    ("nothing", {}),
    ("L2(0.005)", {"kernel_regularizer": L2(0.005)}),
    ("MaxNorm(0.7)", {"kernel_constraint": MaxNorm(0.7)}),
    ("L2(0.1): too much", {"kernel_regularizer": L2(0.1)}),
]
fig, axes = plt.subplots(2, 2, figsize=(7, 5.6), layout="constrained")
for ax, (words, options) in zip(axes.flat, cases, strict=True):
    model = two_moons(**options)
    scores = model.predict(np.column_stack([xx.ravel(), yy.ravel()]))
    probability = 0.5 + 0.5 * np.tanh((scores[:, 1] - scores[:, 0]) / 2)
    ax.contourf(xx, yy, probability.reshape(xx.shape), np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.7)
    ax.scatter(*X.T, c=y, s=14, cmap="RdBu_r", edgecolors="white", linewidths=0.6)
    ax.set(
        xticks=[],
        yticks=[],
        title=f"{words}\ntraining {model.loss(X, y).data:.2f}, fresh {model.loss(*fresh).data:.2f}",
    )
    ax.title.set_size(10)
plt.show()

# %%
# Without a penalty there is an island for each accident, and the network is certain of it: that is what makes
# the loss on fresh data so large. White means doubt; the regularized networks have learned where to doubt.
#
# Two weights, five ends
# ----------------------
#
# The gray ellipses are the loss of a linear model of two weights. Each path is gradient descent from the same
# start.

rng = np.random.default_rng(0)
pair = rng.normal(0, 1, (200, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
target = pair @ np.array([2.0, 0.5])


def path(regularizer=None, constraint=None):
    """The two weights after each step."""
    start = np.array([[-0.8], [1.4]])
    options = {"kernel_regularizer": regularizer, "kernel_constraint": constraint}
    model = gn.Sequential(
        [layers.Dense(1, use_bias=False, kernel_initializer=start, **options)], dtype="float64"
    )
    model.compile(gn.optimizers.SGD(0.01), "squared_error")
    points = [start.ravel()]
    listen = gn.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: points.append(model.parameters["dense_1.kernel"].ravel().copy())
    )
    model.fit(pair, target, batch_size=200, epochs=600, callbacks=[listen], verbose=0)
    return np.array(points)


a, b = np.meshgrid(np.linspace(-1.1, 2.5, 100), np.linspace(-0.7, 1.7, 100))
bowl = ((np.stack([a, b], -1) @ pair.T - target) ** 2).mean(axis=-1)
fig, ax = plt.subplots(figsize=(7, 4.9), layout="constrained")
ax.contour(a, b, bowl, np.geomspace(0.03, 12, 9), colors="0.8", linewidths=1)
ax.axhline(0, color="0.6", linewidth=0.8)
ax.axvline(0, color="0.6", linewidth=0.8)
ax.add_patch(plt.Circle((0, 0), 1, fill=False, color="C2", linestyle=":"))
ends = [
    ("nothing", {}, "0.3"),
    ("L2(0.8)", {"regularizer": L2(0.8)}, "C0"),
    ("L1(2)", {"regularizer": L1(2.0)}, "C3"),
    ("L1L2(1, 0.4)", {"regularizer": L1L2(1.0, 0.4)}, "C4"),
    ("MaxNorm(1)", {"constraint": MaxNorm(1)}, "C2"),
]
for words, options, color in ends:
    points = path(**options)
    ax.plot(*points.T, color=color, linewidth=1.5, label=f"{words}: {points[-1].round(2) + 0.0}")
    ax.plot(*points[-1], "o", color=color, markersize=7)
ax.set(xlabel="first weight", ylabel="second weight", aspect="equal", xlim=(-1.1, 2.5), ylim=(-0.7, 1.7))
ax.legend(edgecolor="white", framealpha=1, loc="upper right", fontsize=9)
plt.show()

# %%
# L2 pulls both weights towards 0, in proportion to their size. L1 pulls with the same force however small the
# weight is, so one of them arrives at 0 and stays (within the length of a step). The elastic net ``L1L2``
# does both. Max-norm does nothing inside the circle, and puts what leaves it back on its rim.
#
# L1 makes weights zero
# ---------------------
#
# One hundred features, ten of which matter. L1 finds them:

features = rng.normal(0, 1, (200, 100))
matter = np.concatenate([rng.choice([-1.0, 1.0], 10) * rng.uniform(0.5, 2, 10), np.zeros(90)])
response = features @ matter + rng.normal(0, 0.5, 200)


def learned(regularizer):
    """The hundred weights, after steps that become smaller."""
    dense = layers.Dense(1, kernel_regularizer=regularizer, kernel_initializer="zeros")
    model = gn.Sequential([dense], dtype="float64")
    for rate in (0.05, 0.01, 0.001):
        model.compile(gn.optimizers.SGD(rate), "squared_error")
        model.fit(features, response, batch_size=200, epochs=500, verbose=0)
    return model.parameters["dense_1.kernel"][:, 0]


fig, axes = plt.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained", sharey=True)
for ax, (words, regularizer) in zip(
    axes, [("nothing", None), ("L2(0.1)", L2(0.1)), ("L1(0.2)", L1(0.2))], strict=True
):
    w = learned(regularizer)
    print(f"{words:8} {np.mean(np.abs(w) < 1e-3):4.0%} of the weights are nearly 0")
    ax.plot(w, "o", color="C0", markersize=3)
    ax.plot(matter[:10], "_", color="C3", markersize=7)
    ax.axhline(0, color="0.8", linewidth=1, zorder=0)
    ax.set(title=words, xlabel="feature")
axes[0].set_ylabel("weight (red: the truth)")
plt.show()

# %%
# Max-norm: a fence
# -----------------
#
# ``MaxNorm(c)`` clamps each unit's incoming weights to :math:`\lVert w \rVert_2 \le c` after each update:
# *projected gradient descent*. No step can be so wild that the network explodes. Three hidden layers on
# pixels from 0 to 16, at a learning rate of 1, which is absurd:

digits = gn.datasets.load("digits")


def wild(constraint):
    """A network that must not be trained like this."""
    options = {"kernel_initializer": "he_normal", "kernel_constraint": constraint}
    hidden = [layers.Dense(256, "relu", **options) for _ in range(3)]
    model = gn.Sequential([*hidden, layers.Dense(10, **options)])
    model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy")
    return model


for constraint in (None, MaxNorm(3)):
    model = wild(constraint)
    try:
        model.fit(digits.data, digits.target, batch_size=128, epochs=3, verbose=0)
        norms = [np.linalg.norm(W, axis=0).max() for W in model.parameters.values() if W.ndim == 2]
        print(f"{constraint}: the largest norm in each layer is", *(f"{norm:.2f}" for norm in norms))
    except gn.errors.DivergenceError as error:
        print(f"{constraint}: {error}\n")

# %%
# The other constraints, on a kernel of two units with norms 5 and 0.5:

kernel = np.array([[3.0, -0.3], [4.0, 0.4]])
for constraint in (MaxNorm(3), UnitNorm(), MinMaxNorm(0.8, 1.2), NonNeg()):
    print(f"{constraint!s:62} {constraint(kernel).round(2).tolist()}")

# %%
# Dropout
# -------
#
# At each step every unit is kept with probability :math:`p`, or silenced. No unit can rely on another one, so
# each has to be useful by itself. In ``Dropout`` and in Keras the argument is the share that is *dropped*,
# ``rate`` = 1 − p.
#
# In prediction all units speak, so the next layer hears more than it was trained with. *Vanilla* dropout
# multiplies by :math:`p` in prediction. *Inverted* dropout divides by :math:`p` in training, and leaves
# prediction alone:

for dropout in (layers.VanillaDropout(0.5), layers.Dropout(0.5)):
    model = gn.Sequential([layers.Dense(4, "relu"), dropout, layers.Dense(3)])
    model.build((None, 2))
    model.compile("sgd", "softmax_cross_entropy")
    print(f"--- {dropout.title()}")
    for kind in ("train", "predict"):
        lines = [line.split("#")[0].strip() for line in model.source(kind).splitlines()]
        print(
            *(f"{kind:8} {line}" for line in lines if line.startswith(("keep1 =", "d1 =", "z2 ="))), sep="\n"
        )

# %%
# Before you run it: predict
# --------------------------
#
# Somebody trains with vanilla dropout, ``rate=0.8`` in front of each of two layers, and forgets the factor
# :math:`p = 0.2` in prediction. What happens to the scores of the classes: nothing, or are they about 5
# times, or 25 times too large? And to the accuracy?

X, y = digits.data / 16, digits.target


def digits_network(*noise):
    """Two hidden layers of 128 units, each followed by a noise layer."""
    stack = [layer for noisy in noise for layer in (layers.Dense(128, "relu"), noisy) if layer is not None]
    model = gn.Sequential([*stack, layers.Dense(10)])
    model.build((None, 64))
    model.compile(gn.optimizers.Adam(3e-3), "softmax_cross_entropy", ["accuracy"])
    return model


vanilla = digits_network(layers.VanillaDropout(0.8), layers.VanillaDropout(0.8))
vanilla.fit(X[:1200], y[:1200], epochs=20, verbose=0)
forgotten = digits_network(None, None)
forgotten.set_parameters(vanilla.parameters)
for words, model in [("scaled", vanilla), ("forgotten", forgotten)]:
    result = model.evaluate(X[1200:], y[1200:])
    loss, accuracy = result["loss"], result["accuracy"]
    largest = model.predict(X[1200:]).max(axis=1).mean()
    print(f"{words:9}  largest score {largest:5.1f}   loss {loss:5.2f}   accuracy {accuracy:.1%}")

# %%
# Both layers pass on five times too much, so the scores are about 25 times too large. The accuracy hardly
# shows it: the largest score is mostly still the largest. But the probabilities are wrong, and the loss says
# so. This is why everybody uses inverted dropout: what need not be done in prediction cannot be forgotten
# there.
#
# What prediction computes
# ------------------------
#
# Every mask is another network. With six units there are :math:`2^6` of them, few enough to ask them all. For
# a softmax on one linear layer, the single prediction without masks is their average, exactly: the
# *geometric* mean of their probabilities, normalized. The arithmetic mean is something else.

small = gn.Sequential(
    [layers.Dense(6, "relu"), layers.Dropout(0.5), layers.Dense(3, "softmax")], dtype="float64"
)
small.build((None, 4))
x = rng.normal(0, 1, (1, 4))
W1, b1, W2, b2 = small.parameters.values()
hidden = np.maximum(x @ W1 + b1, 0)
masks = np.array(list(itertools.product([0, 1], repeat=6)))
scores = (masks * hidden / 0.5) @ W2 + b2
opinions = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)  # 64 networks, all equally likely
geometric = np.exp(np.log(opinions).mean(axis=0))
geometric /= geometric.sum()
print("prediction     ", small.predict(x)[0])
print("geometric mean ", geometric, f"  largest difference {np.abs(geometric - small.predict(x)).max():.0e}")
print("arithmetic mean", opinions.mean(axis=0))

# %%
# Sampling instead
# ----------------
#
# ``predict(X, mc_samples=...)`` keeps dropout on, and averages so many passes. In a linear network the
# average goes to the analytic answer, as :math:`1/\sqrt{\text{samples}}`. In any network the passes can
# disagree, and their average says how sure it is: here for digits, and for the same pixels in a random order,
# which are no digits at all.

linear = gn.Sequential(
    [layers.Dropout(0.3), layers.Dense(5), layers.Dropout(0.3), layers.Dense(1)], dtype="float64"
)
linear.build((None, 8))
x = rng.normal(0, 1, (50, 8))
samples = 4 ** np.arange(6)
errors = [
    np.sqrt(np.square(linear.predict(x, mc_samples=int(s)) - linear.predict(x)).mean()) for s in samples
]

bayesian = gn.Sequential([layers.Dense(64, "relu"), layers.Dropout(0.5), layers.Dense(10, "softmax")])
bayesian.compile(gn.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
bayesian.fit(X[:1200], y[:1200], epochs=15, verbose=0)
shuffled = rng.permuted(X[1200:], axis=1)

fig, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), layout="constrained")
axes[0].loglog(samples, errors, "o-", color="C0")
axes[0].loglog(samples, errors[0] / np.sqrt(samples), ":", color="0.5", label="1 / √samples")
axes[0].set(xlabel="samples", ylabel="distance from the analytic answer", title="a linear network")
axes[0].legend(frameon=False)
for words, pictures, color in [("digits", X[1200:], "C0"), ("shuffled pixels", shuffled, "C3")]:
    sure = bayesian.predict(pictures, mc_samples=50).max(axis=1)
    axes[1].hist(sure, np.linspace(0.1, 1, 19), color=color, alpha=0.6, label=words)
axes[1].set(xlabel="probability of the best class, 50 passes", ylabel="pictures", title="how sure is it?")
axes[1].legend(frameon=False, loc="upper center")
plt.show()

# %%
# Noise can sit elsewhere, too: ``DropConnect`` drops weights instead of units, ``GaussianNoise`` adds numbers
# to the values, ``GaussianDropout`` multiplies them. All of them are off in prediction, since their mean does
# nothing.
#
# What is usually left alone
# --------------------------
#
# Biases: they have no inputs to overfit to, and a price on them only moves the answer. It is possible all the
# same, and so is another strength for each layer. (``activity_regularizer`` puts a price on what a layer
# answers, and ``OrthogonalRegularizer`` on units that resemble each other.)

first = layers.Dense(8, "relu", kernel_regularizer=L2(0.01), bias_regularizer=L2(0.001))
model = gn.Sequential([first, layers.Dense(3, kernel_regularizer=L2(0.1))])
model.build((None, 2))
model.compile("sgd", "softmax_cross_entropy")
program = model.source()
print(program[program.index("l2 =") : program.index("learning_rate")])
print(program[program.index("    data_loss =") : program.index("    # ---------------- backward")])

# %%
# Where the penalty comes from
# ----------------------------
#
# A penalty is an opinion about the weights, held before any data are seen. Say the weights are drawn from a
# bell curve of spread :math:`\tau`, and the answers are :math:`y = w \cdot x` plus noise of spread
# :math:`\sigma`. By Bayes' rule the probability of the weights, given the data, is the product of two bell
# curves. Its logarithm, with the sign turned around, is
#
# .. math:: \frac{1}{2\sigma^2} \sum_{i=1}^{n} (y_i - w \cdot x_i)^2 + \frac{1}{2\tau^2} \sum_j w_j^2
#           + \text{const.}
#
# The most probable weights (*maximum a posteriori*, MAP) make this smallest. Multiply by :math:`2\sigma^2/n`,
# which moves no minimum, and it is the mean squared error with an L2 penalty whose strength is a *ratio*:
#
# .. math:: \frac1n \sum_{i=1}^{n} (y_i - w \cdot x_i)^2 + \lambda \sum_j w_j^2, \qquad
#           \boxed{\lambda = \frac{1}{n}\,\frac{\sigma^2}{\tau^2}}
#
# The noisier the data, and the smaller you expect the weights to be, the stronger the penalty. And the more
# data, the weaker. (Draw the weights from :math:`e^{-|w|/b}` instead, and the same steps lead to L1.)
#
# Let us make 300 such worlds, with known :math:`\sigma = 1` and :math:`\tau = 0.5`, and look for the best
# strength as if we did not know it:

sigma, tau, n, d = 1.0, 0.5, 30, 20
exact = sigma**2 / tau**2 / n
ratios = np.geomspace(0.01, 100, 25)
mistakes = np.zeros((300, 25))
for world in mistakes:
    w, A = rng.normal(0, tau, d), rng.normal(0, 1, (n, d))
    answers = A @ w + rng.normal(0, sigma, n)
    for i, ratio in enumerate(ratios):
        found = np.linalg.solve(A.T @ A / n + ratio * exact * np.eye(d), A.T @ answers / n)
        world[i] = np.square(found - w).sum()  # what fresh inputs of variance 1 would show

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
ax.semilogx(ratios, mistakes.mean(axis=0), "o-", color="C0", markersize=4)
ax.axvline(1, color="C3", linestyle=":")
ax.annotate("λ = σ² / (n τ²)", (1.1, mistakes.mean(axis=0).max() * 0.8), color="C3")
ax.set(
    xlabel="strength, relative to the ratio",
    ylabel="squared error on fresh inputs",
    title="The best strength, over 300 worlds",
)
plt.show()
best = ratios[mistakes.mean(axis=0).argmin()]
print(f"λ = {exact:.4f}, and the best of 25 strengths is {best:.2f} times that")

# %%
# And gradient descent with ``L2(λ)`` finds exactly those weights, the most probable ones of the last world:

dense = layers.Dense(1, use_bias=False, kernel_regularizer=L2(exact))
model = gn.Sequential([dense], dtype="float64")
model.compile(gn.optimizers.SGD(0.1), "squared_error")
model.fit(A, answers, batch_size=n, epochs=1500, verbose=0)
most_probable = np.linalg.solve(A.T @ A / sigma**2 + np.eye(d) / tau**2, A.T @ answers / sigma**2)
print(f"largest difference {np.abs(model.parameters['dense_1.kernel'][:, 0] - most_probable).max():.0e}")

# %%
# A bug, caught
# -------------
#
# Somebody writes dropout by hand. The forward pass drops, the backward pass only divides: the gradient flows
# into units that said nothing. The network trains, a little worse than it should, and nobody knows why.

keep = rng.uniform(size=(80, 8)) > 0.5


@gn.composite
def dropped(h, keep):
    """The right function..."""
    return np.where(keep, h / 0.5, 0.0)


@dropped.defgradient
def _(g, d, h, keep):
    return g / 0.5, None  # ...but the gradient must be dropped where the unit was


def loss(W1, W2):
    """A network with that layer, as a function of its weights."""
    return ((dropped(np.tanh(inputs @ W1), keep) @ W2 - 1.0) ** 2).mean()


inputs = rng.normal(0, 1, (80, 3))
print(gn.check_gradients(loss, rng.normal(0, 1, (3, 8)), rng.normal(0, 1, (8, 1))))
