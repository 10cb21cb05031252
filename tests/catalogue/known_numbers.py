"""The published numbers of the catalogue and how we compute ours.

One table serves the tests, in which every row must agree, and the documentation, whose page it becomes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import glassnet as gn
from glassnet import layers


@dataclass(frozen=True)
class Known:
    """A row of the page.

    ``published`` and what ``ours`` computes are numbers or arrays; they agree within ``tolerance``.
    """

    row: str
    what: str
    published: Any
    ours: Callable[[], Any]
    tolerance: float = 0.0
    note: str = ""


def parameters(*sizes: int) -> int:
    model = gn.Sequential([layers.Dense(size) for size in sizes[1:]])
    model.build((None, sizes[0]))
    return model.count_params()


def tutorial_outputs() -> np.ndarray:
    X, y = gn.datasets.tutorial()
    uniform = gn.initializers.RandomUniform(0, 1)
    model = gn.Sequential(
        [layers.Dense(n, "sigmoid", use_bias=False, kernel_initializer=uniform) for n in (4, 1)]
    )
    model.compile(gn.optimizers.SGD(1.0), "sum_of_squares")
    model.fit(X, y, batch_size=4, epochs=1500, shuffle=False, verbose=0)
    return model.predict(X).ravel()


def layer_spread(initializer: str | gn.initializers.Initializer, activation: str) -> np.ndarray:
    """Standard deviation of the activations in the first and the tenth layer of 500 units."""
    X = np.random.default_rng(0).standard_normal((1000, 500))
    found = []
    for seed in range(4):
        network = [layers.Dense(500, activation, kernel_initializer=initializer) for _ in range(10)]
        model = gn.Sequential(network, seed=seed)
        model.build((None, 500))
        values = X
        spread = []
        for layer in network:
            values = np.asarray(layer(values))
            spread.append(values.std())
        found.append((spread[0], spread[-1]))
    return np.mean(found, axis=0)


def cross_entropy(*scores: float) -> float:
    return float(gn.losses.softmax_cross_entropy(np.array([0]), np.array([scores]))[0])


def hinge(*scores: float, y: int = 0, **options: Any) -> float:
    return float(gn.losses.multiclass_hinge(np.array([y]), np.array([scores]), **options)[0])


def cat_scores() -> np.ndarray:
    W = np.array([[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]])
    model = gn.Sequential([layers.Dense(3)], dtype="float64")
    model.build((None, 4))
    model.set_parameters({"dense_1.kernel": W.T, "dense_1.bias": [1.1, 3.2, -1.2]})
    return model.predict(np.array([[56.0, 231.0, 24.0, 2.0]]))[0]


def initial_loss(loss: Any, classes: int = 10) -> float:
    small = gn.initializers.RandomNormal(stddev=1e-5)
    model = gn.Sequential([layers.Dense(classes, kernel_initializer=small)])
    model.compile(loss=loss)
    X = np.random.default_rng(0).standard_normal((50, 20))
    return model.loss(X, np.arange(50) % classes).data


def spiral_linear() -> np.ndarray:
    """Accuracy and loss of the softmax classifier on the spiral after 200 steps, the mean of five seeds."""
    small = gn.initializers.RandomNormal(stddev=0.01)
    found = []
    for seed in range(5):
        X, y = gn.datasets.spiral(seed=seed)
        dense = layers.Dense(3, kernel_initializer=small, kernel_regularizer=gn.regularizers.HalfL2(1e-3))
        model = gn.Sequential([dense], seed=seed)
        model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy", metrics=["accuracy"])
        model.fit(X, y, batch_size=300, epochs=200, shuffle=False, verbose=0)
        result = model.evaluate(X, y)
        found.append((result["accuracy"], result["loss"]))
    return np.mean(found, axis=0)


def spiral_network() -> np.ndarray:
    """The same with 100 hidden ReLU units after 10,000 steps, one seed."""
    X, y = gn.datasets.spiral()
    options = {
        "kernel_initializer": gn.initializers.RandomNormal(stddev=0.01),
        "kernel_regularizer": gn.regularizers.HalfL2(1e-3),
    }
    model = gn.Sequential([layers.Dense(100, "relu", **options), layers.Dense(3, **options)])
    model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy", metrics=["accuracy"])
    model.fit(X, y, batch_size=300, epochs=10_000, shuffle=False, verbose=0)
    result = model.evaluate(X, y)
    return np.array([result["accuracy"], result["loss"]])


def variance_ratio() -> float:
    """Variance of the scores over that of the inputs, 1000 inputs with weights randn / sqrt(n)."""
    x = np.random.default_rng(0).standard_normal((500, 1000))
    return float((x @ gn.initializers.InverseSqrt()((1000, 500), seed=0)).var() / x.var())


def connections() -> np.ndarray:
    """Incoming connections of each unit: the fewest and the most."""
    counts = (gn.initializers.Sparse()((200, 50), seed=0) != 0).sum(axis=0)
    return np.array([counts.min(), counts.max()])


def logistic_slope() -> float:
    """The derivative of the logistic loss at f = 0 for y = 1."""
    y = np.array([1.0])
    return float(gn.grad(lambda f: gn.losses.binary_cross_entropy(y, f)[0])(np.zeros(1))[0])


def margin_and_strength() -> float:
    """L(cW; cΔ, λ/c) / L(W; Δ, λ) for c = 3."""
    rng = np.random.default_rng(0)
    x, W, y = rng.standard_normal((20, 5)), rng.standard_normal((5, 4)), rng.integers(0, 4, 20)

    def total(weights: np.ndarray, margin: float, strength: float) -> float:
        data = gn.losses.multiclass_hinge(y, x @ weights, margin=margin).mean()
        return float(data + gn.regularizers.L2(strength)(weights))

    return total(3 * W, 3.0, 0.1 / 3) / total(W, 1.0, 0.1)


def l2(*w: float) -> float:
    return float(gn.regularizers.L2(1.0)(np.array(w)))


NORMAL = gn.initializers.RandomNormal(stddev=0.01)
SOFTMAX = "softmax_cross_entropy"
TUTORIAL = "outputs after 1,500 steps"
KNOWN = [
    Known("A6", TUTORIAL, [0, 1, 1, 0], tutorial_outputs, 0.05),
    Known("A9", "parameters of a 3-4-2 network", 26, lambda: parameters(3, 4, 2)),
    Known("A9", "parameters of a 3-4-4-1 network", 41, lambda: parameters(3, 4, 4, 1)),
    Known("C9", "std, layers 1 and 10: tanh, 0.01", [0.21, 3e-7], lambda: layer_spread(NORMAL, "tanh"), 0.01),
    Known("C9", "the same: tanh, Glorot", [0.63, 0.23], lambda: layer_spread("glorot_normal", "tanh"), 0.02),
    Known("C9", "the same: ReLU, Glorot", [0.58, 0.024], lambda: layer_spread("glorot_normal", "relu"), 0.02),
    Known("C9", "the same: ReLU, He", [0.83, 0.86], lambda: layer_spread("he_normal", "relu"), 0.12),
    Known("C3", "variance of scores over variance of inputs", 1, variance_ratio, 0.05),
    Known("C7", "connections of a unit, fewest and most", [10, 10], connections),
    Known("E1", "Σw² of [1, 0, 0, 0]", 1.0, lambda: l2(1, 0, 0, 0)),
    Known("E1", "Σw² of [¼, ¼, ¼, ¼]", 0.25, lambda: l2(0.25, 0.25, 0.25, 0.25)),
    Known("F1", "hinge of [13, −7, 11], Δ = 10", 8, lambda: hinge(13, -7, 11, margin=10)),
    Known("F2", "squared hinge of the same", 64, lambda: hinge(13, -7, 11, margin=10, squared=True)),
    Known(
        "F5",
        "softmax of [1, −2, 0]",
        [0.7054, 0.0351, 0.2595],
        lambda: gn.activations.softmax(np.array([1.0, -2.0, 0.0])),
        5e-5,
        "the notes round to two digits",
    ),
    Known(
        "F5",
        "softmax of [0.5, −1, 0]",
        [0.5465, 0.1220, 0.3315],
        lambda: gn.activations.softmax(np.array([0.5, -1.0, 0.0])),
        5e-5,
    ),
    Known("F7", "softmax loss of [10, −2, 3]", 9.18e-4, lambda: cross_entropy(10, -2, 3), 5e-7),
    Known("F7", "softmax loss of [10, 9, 9]", 0.5514, lambda: cross_entropy(10, 9, 9), 5e-5),
    Known("F7", "hinge loss of [10, 9, 9]", 0, lambda: hinge(10, 9, 9)),
    Known(
        "F5", "softmax loss of [123, 456, 789], first class", 666, lambda: cross_entropy(123, 456, 789), 1e-9
    ),
    Known(
        "F9",
        "derivative of the logistic loss, y = 1, f = 0",
        -0.5,
        logistic_slope,
        1e-12,
        "erratum: the notes print y − σ(f), which has the opposite sign of σ(f) − y",
    ),
    Known("F13", "initial softmax loss of 10 classes", 2.3026, lambda: initial_loss(SOFTMAX), 1e-4),
    Known("F13", "initial hinge loss of 10 classes", 9, lambda: initial_loss("multiclass_hinge"), 1e-3),
    Known("F15", "L(cW; cΔ, λ/c) / L(W; Δ, λ), c = 3", 3, margin_and_strength, 1e-12),
    Known("F16", "hinge of [−2.85, 0.86, 0.28], class 3", 1.58, lambda: hinge(-2.85, 0.86, 0.28, y=2), 1e-12),
    Known(
        "F16",
        "softmax of the same",
        1.04,
        lambda: float(gn.losses.softmax_cross_entropy(np.array([2]), np.array([[-2.85, 0.86, 0.28]]))[0]),
        5e-3,
    ),
    Known(
        "G8",
        "scores of the four-pixel cat",
        [-96.8, 437.9, 60.75],
        cat_scores,
        1e-9,
        "erratum: the notes print 61.95 for the third score, having left out its bias of −1.2",
    ),
    Known("H9", "spiral, linear: accuracy, loss", [0.49, 0.786], spiral_linear, 0.06, "mean of 5 seeds"),
    Known("H9", "spiral, 100 hidden units", [0.98, 0.245], spiral_network, 0.02, "one seed"),
]


# Measured once with ``python -m benchmarks.cifar10_linear``: the archives are too large for the tests.
MEASURED = [
    (
        "I2",
        "CIFAR-10 pixels, linear softmax: test accuracy",
        "37-40 %",
        "40.4 %",
        "on JPEG copies of the images",
    ),
    ("I2", "CIFAR-10 pixels, linear hinge: test accuracy", "37-40 %", "37.9 %", "the same"),
    ("G3", "ship template, mean of red and of blue", "negative, positive", "-0.0017, 0.0030", "the same"),
]


def shown(value: Any) -> str:
    """A number, or several, as the page prints them."""
    return ", ".join(f"{float(entry):.4g}" for entry in np.atleast_1d(np.asarray(value, float)))


def as_rst() -> str:
    """The page."""
    rows = [(k.row, k.what, shown(k.published), shown(k.ours()), k.note) for k in KNOWN]
    head = (
        "Known numbers\n=============\n\nPublished numbers beside ours, computed when this page was built.\n"
        "The tests hold every row. *Erratum* marks a published number that is wrong.\n\n"
        ".. list-table::\n   :header-rows: 1\n   :widths: 6 36 18 18 32\n\n"
    )
    table = [("row", "what", "published", "ours", "remark"), *rows, *MEASURED]
    return head + "".join("   * - " + "\n     - ".join(cell or " " for cell in row) + "\n" for row in table)
