"""The stored programs: what glassnet prints for a few networks, here, in examples/ and in the README.

Run ``python tests/golden/regenerate.py`` after a change that is meant to change what is printed, read the
difference as a teacher would, and commit it with the change. tests/test_golden.py compares every
character and runs every program.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet import layers

ROOT = Path(__file__).parents[2]
GOLDEN, EXAMPLES, README = ROOT / "tests" / "golden", ROOT / "examples", ROOT / "README.md"

# The README shows this part of the example, between these two marks.
BEGIN, END = "<!-- program: begin -->\n```python\n", "```\n<!-- program: end -->"


# ------------------------------------------------------------------------------------------ networks
def two_layers() -> gn.Sequential:
    """The tutorial's toy network: three inputs, four hidden units, one output, no bias."""
    uniform = gn.initializers.RandomUniform(0, 1)
    model = gn.Sequential(
        [
            layers.Dense(4, "sigmoid", use_bias=False, kernel_initializer=uniform),
            layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer=uniform),
        ]
    )
    model.build((None, 3))
    model.compile(gn.optimizers.SGD(1.0), "sum_of_squares")
    return model


def batch_norm() -> gn.Sequential:
    """Everything a training step of a deep network may contain."""
    options = {
        "kernel_regularizer": gn.regularizers.HalfL2(1e-4),
        "kernel_constraint": gn.constraints.MaxNorm(3),
    }
    model = gn.Sequential(
        [
            layers.Dense(64, **options),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.5),
            layers.Dense(10, **options),
        ]
    )
    model.build((None, 784))
    model.compile(gn.optimizers.Adam(1e-3), "softmax_cross_entropy")
    return model


def residual() -> gn.Model:
    """Layers and plain NumPy: a block whose input is added to its output."""
    x = gn.Input((2,))
    h = np.maximum(layers.Dense(16)(x), 0)
    r = np.maximum(layers.Dense(16)(h), 0) + h
    model = gn.Model(x, layers.Dense(3)(r))
    model.compile(gn.optimizers.SGD(0.2), "softmax_cross_entropy")
    return model


def weighted_regression() -> gn.Sequential:
    """Two targets, the error of each example multiplied by its weight."""
    model = gn.Sequential([layers.Dense(8, "tanh"), layers.Dense(2)])
    model.compile(gn.optimizers.SGD(0.1, momentum=0.9), "squared_error")
    model.fit(np.zeros((1, 3)), np.zeros((1, 2)), epochs=0, sample_weight=[1.0], verbose=0)
    return model


def digits() -> gn.Sequential:
    """A classifier of scikit-learn's handwritten digits."""
    model = gn.Sequential(
        [
            layers.Dense(64, "relu", kernel_regularizer=gn.regularizers.L2(1e-4)),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    model.build((None, 64))
    model.compile(gn.optimizers.Adam(0.003), "softmax_cross_entropy")
    return model


def hinge(W, X, y):
    """The multiclass support vector machine, without a word about its gradient."""
    scores = X @ W
    correct = gn.pick(scores, y)
    margins = np.maximum(0, scores - correct[:, None] + 1)
    return margins.sum(axis=1).mean() - 1


def hinge_source() -> str:
    return gn.source(gn.value_and_grad(hinge), (5, 3), ("n", 5), gn.Array(("n",), "int"))


# ------------------------------------------------------------------------------------------ programs
PROGRAMS: dict[str, Callable[[], str]] = {
    "two_layers.py": lambda: two_layers().source("train"),
    "batch_norm_train.py": lambda: batch_norm().source("train"),
    "batch_norm_predict.py": lambda: batch_norm().source("predict"),
    "batch_norm_loss.py": lambda: batch_norm().source("loss"),
    "batch_norm_gradients.py": lambda: batch_norm().source("gradients"),
    "residual.py": lambda: residual().source("train"),
    "weighted_regression.py": lambda: weighted_regression().source("train"),
    "digits.py": lambda: digits().source("train"),
    "hinge_gradient.py": hinge_source,
}

FROM_SCRATCH = """

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
y = np.array([[0], [1], [1], [0]])
rng = np.random.default_rng(0)
W1, W2 = rng.random((3, 4)), rng.random((4, 1))

for step in range(1500):
    loss, W1, W2 = train_step(X, y, W1, W2)
print(sigmoid(sigmoid(X @ W1) @ W2))
"""

RESIDUAL = """

# The spiral: three arms of 100 points, which no straight lines separate.
rng = np.random.default_rng(0)
y = np.repeat(np.arange(3), 100)
radius = np.tile(np.linspace(0, 1, 100), 3)
angle = 4 * y + 4 * radius + 0.2 * rng.standard_normal(300)
x = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)

parameters = []
for inputs, units in ((2, 16), (16, 16), (16, 3)):
    parameters += [rng.standard_normal((inputs, units)) * np.sqrt(2 / inputs), np.zeros(units)]

for step in range(5001):
    loss, *parameters = train_step(x, y, *parameters)
    if step % 1000 == 0:
        print(f"step {step}: loss {loss:.4f}")
"""

WEIGHTED_REGRESSION = """

# Two curves over three inputs. Every tenth example is spoiled, and its weight says so.
rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 3))
truth = np.stack([np.sin(3 * x[:, 0]) + x[:, 1], x[:, 1] * x[:, 2]], axis=1)
y, sample_weight = truth.copy(), np.ones(200)
y[::10] += 10
sample_weight[::10] = 0.001

w, velocity = 0.5 * rng.standard_normal(50), np.zeros(50)

for step in range(2001):
    loss, w, velocity = train_step(x, y, sample_weight, w, velocity)
    if step % 400 == 0:
        print(f"step {step}: weighted loss {loss:.4f}")

a1 = np.tanh(x @ w[:24].reshape(3, 8) + w[24:32])
error = a1 @ w[32:48].reshape(8, 2) + w[48:] - truth
print(f"mean squared error, compared with the truth: {(error**2).mean():.4f}")
"""

DIGITS = """

from sklearn.datasets import load_digits

images, labels = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(labels))
images, labels = (images[order] / 16).astype(np.float32), labels[order]
x, y, x_test, y_test = images[:1500], labels[:1500], images[1500:], labels[1500:]

W1, W2 = rng.standard_normal((64, 64)) / np.sqrt(32), rng.standard_normal((64, 10)) / np.sqrt(32)
w = np.concatenate([W1, np.zeros(64), W2, np.zeros(10)], axis=None).astype(np.float32)
m, v, t = np.zeros_like(w), np.zeros_like(w), 0

for epoch in range(30):
    order = rng.permutation(1500)
    for start in range(0, 1500, 50):
        rows, t = order[start : start + 50], t + 1
        loss, w, m, v = train_step(x[rows], y[rows], w, m, v, t, seed=0)

h1 = np.maximum(x_test @ w[:4096].reshape(64, 64) + w[4096:4160], 0)
z2 = h1 @ w[4160:4800].reshape(64, 10) + w[4800:]
print(f"{(z2.argmax(axis=1) == y_test).mean():.1%} of {len(y_test)} digits it has not seen are right")
"""

# example → the stored program it begins with, and its main part
MAINS = {
    "from_scratch.py": ("two_layers.py", FROM_SCRATCH),
    "residual.py": ("residual.py", RESIDUAL),
    "weighted_regression.py": ("weighted_regression.py", WEIGHTED_REGRESSION),
    "digits.py": ("digits.py", DIGITS),
}


def example(name: str) -> str:
    """A complete program: a printed one, and what uses it."""
    program, main = MAINS[name]
    return PROGRAMS[program]() + main


def readme() -> str:
    """The README with the toy network's training step in its place."""
    text = README.read_text(encoding="utf-8")
    program = example("from_scratch.py").partition("\n\n")[2].rpartition(FROM_SCRATCH)[0]
    region = re.compile(r"<!-- program: begin -->.*<!-- program: end -->", re.DOTALL)
    return region.sub(lambda _: BEGIN + program + END, text)


def texts() -> dict[Path, str]:
    """Every generated file, and what it should hold."""
    golden = {GOLDEN / name: make() for name, make in PROGRAMS.items()}
    return {**golden, **{EXAMPLES / name: example(name) for name in MAINS}, README: readme()}


def main() -> None:
    """Write them."""
    for path, text in texts().items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(text, encoding="utf-8")
        print(f"{'unchanged' if text == old else 'WRITTEN':<10}{path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
