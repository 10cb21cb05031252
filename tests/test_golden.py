"""The stored programs: every character, and what they compute, against NumPy written by hand.

``python tests/golden/regenerate.py`` writes them anew.
"""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.random import random_uniform
from golden.regenerate import EXAMPLES, GOLDEN, MAINS, PROGRAMS, ROOT, batch_norm, texts

TEXTS = {path.relative_to(ROOT).as_posix(): text for path, text in texts().items()}
REMEDY = "if this change is meant, run: python tests/golden/regenerate.py"


@pytest.mark.parametrize("name", TEXTS)
def test_the_stored_text_is_what_is_printed(name):
    assert (ROOT / name).read_text(encoding="utf-8") == TEXTS[name], REMEDY


def test_nothing_else_is_stored():
    assert {path.name for path in GOLDEN.glob("*.py")} == {*PROGRAMS, "regenerate.py"}
    assert {path.name for path in EXAMPLES.iterdir()} - {"__pycache__", "README.md"} == set(MAINS)


def test_printing_twice_gives_the_same_text():
    assert {name: make() for name, make in PROGRAMS.items()} == {
        name: TEXTS[f"tests/golden/{name}"] for name in PROGRAMS
    }


# ------------------------------------------------------------------------------------------ running them
def load(name):
    """The functions of a stored program. It runs with warnings as errors, so nothing may overflow here."""
    namespace = {}
    exec(compile((GOLDEN / name).read_text(encoding="utf-8"), name, "exec"), namespace)
    return namespace


def numeric_gradient(f, arrays, key, rows=None):
    """Central differences of ``f(arrays)`` by ``arrays[key]``; only at ``rows`` (flat indices), if given."""
    moved = {**arrays, key: arrays[key].copy()}
    flat = moved[key].reshape(-1)
    slopes = []
    for i in range(flat.size) if rows is None else rows:
        centre, values = flat[i], []
        for h in (1e-6, -1e-6):
            flat[i] = centre + h
            values.append(f(moved))
        flat[i] = centre
        slopes.append((values[0] - values[1]) / 2e-6)
    return np.array(slopes)


def assert_gradients(f, arrays, gradients, tolerance=1e-7, sample=None):
    """Each gradient agrees with central differences of ``f``, relative to its largest entry."""
    rng = np.random.default_rng(5)
    for key, gradient in gradients.items():
        assert gradient.shape == arrays[key].shape
        rows = None
        if sample is not None and gradient.size > sample:
            rows = rng.choice(gradient.size, sample, replace=False)
        expected = numeric_gradient(f, arrays, key, rows)
        found = gradient.ravel() if rows is None else gradient.ravel()[rows]
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(gradient).max())


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cross_entropy(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return -np.log(e[np.arange(len(y)), y] / e.sum(axis=1)).mean()


def test_two_layers_computes_the_loss_and_its_gradient():
    X, y = gn.datasets.tutorial()
    rng = np.random.default_rng(0)
    weights = {"W1": rng.random((3, 4)), "W2": rng.random((4, 1))}

    def loss(w):
        return ((sigmoid(sigmoid(X @ w["W1"]) @ w["W2"])[:, 0] - y) ** 2).sum()

    found, W1, W2 = load("two_layers.py")["train_step"](X, y[:, None], **weights)
    assert found == pytest.approx(loss(weights), rel=1e-14)
    assert_gradients(loss, weights, {"W1": weights["W1"] - W1, "W2": weights["W2"] - W2})


def test_residual_computes_the_loss_and_its_gradient():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 2)), rng.integers(0, 3, 12)
    shapes = {"W1": (2, 16), "b1": (16,), "W2": (16, 16), "b2": (16,), "W3": (16, 3), "b3": (3,)}
    weights = {key: 0.5 * rng.standard_normal(shape) for key, shape in shapes.items()}

    def loss(w):
        h = np.maximum(x @ w["W1"] + w["b1"], 0)
        block = np.maximum(h @ w["W2"] + w["b2"], 0)
        return cross_entropy((h + block) @ w["W3"] + w["b3"], y)

    found, *new = load("residual.py")["train_step"](x, y, **weights)
    assert found == pytest.approx(loss(weights), rel=1e-13)
    steps = {key: (weights[key] - array) / 0.2 for key, array in zip(weights, new, strict=True)}
    assert_gradients(loss, weights, steps)


def test_weighted_regression_computes_the_loss_and_its_gradient():
    rng = np.random.default_rng(0)
    x, y, sample_weight = rng.standard_normal((9, 3)), rng.standard_normal((9, 2)), rng.random(9)
    sample_weight[4] = 0

    def loss(arrays):
        w = arrays["w"]
        scores = np.tanh(x @ w[:24].reshape(3, 8) + w[24:32]) @ w[32:48].reshape(8, 2) + w[48:]
        return sum(s * ((a - b) ** 2).mean() for s, a, b in zip(sample_weight, scores, y, strict=True)) / sum(
            sample_weight
        )

    w, velocity = rng.standard_normal(50), rng.standard_normal(50)
    step = load("weighted_regression.py")["train_step"]
    found, new, moved = step(x, y, sample_weight, w, velocity)
    assert found == pytest.approx(loss({"w": w}), rel=1e-13)
    assert_gradients(loss, {"w": w}, {"w": (0.9 * velocity - moved) / 0.1})
    np.testing.assert_array_equal(new, w + moved)

    # A batch that weighs nothing has no loss and moves only by its momentum.
    found, new, moved = step(x, y, np.zeros(9), w, velocity)
    assert found == 0
    np.testing.assert_array_equal(moved, 0.9 * velocity)


def test_hinge_gradient_computes_the_loss_and_its_gradient():
    rng = np.random.default_rng(0)
    W, X, y = rng.standard_normal((5, 3)), rng.standard_normal((8, 5)), rng.integers(0, 3, 8)

    def loss(arrays):
        scores = X @ arrays["W"]
        total = 0.0
        for row, label in zip(scores, y, strict=True):
            total += sum(max(0, s - row[label] + 1) for j, s in enumerate(row) if j != label)
        return total / 8

    value, dW = load("hinge_gradient.py")["hinge_value_and_grad"](W, X, y)
    assert value == pytest.approx(loss({"W": W}), rel=1e-13)
    assert_gradients(loss, {"W": W}, {"W": dW})


# ------------------------------------------------------------------------------------------ batch norm
MEAN, VARIANCE = "batch_normalization_1.moving_mean", "batch_normalization_1.moving_variance"
SHAPES = {"W1": (784, 64), "b1": (64,), "gamma1": (64,), "beta1": (64,), "W2": (64, 10), "b2": (10,)}


@pytest.fixture(scope="module")
def case():
    """Inputs, labels, weights (some with a norm above 3) and running statistics."""
    rng = np.random.default_rng(0)
    x, y = rng.random((16, 784)), rng.integers(0, 10, 16)
    weights = {key: 0.1 * rng.standard_normal(shape) for key, shape in SHAPES.items()}
    weights["W1"][:, :5] *= 4
    weights["W2"][:, 3] *= 10
    weights["gamma1"] += 1
    return x, y, weights, {MEAN: rng.standard_normal(64), VARIANCE: rng.random(64) + 0.5}


def split(vector):
    parts = np.split(vector, np.cumsum([np.prod(shape) for shape in SHAPES.values()])[:-1])
    return {key: part.reshape(shape) for (key, shape), part in zip(SHAPES.items(), parts, strict=True)}


def joined(weights):
    return np.concatenate([array.ravel() for array in weights.values()])


def half_l2(w):
    return 0.5 * 1e-4 * ((w["W1"] ** 2).sum() + (w["W2"] ** 2).sum())


def scores_by_hand(w, x, mean=None, variance=None, keep=None):
    """The network's scores, with the batch's statistics unless others are given."""
    z = x @ w["W1"] + w["b1"]
    mean = z.mean(axis=0) if mean is None else mean
    variance = ((z - mean) ** 2).mean(axis=0) if variance is None else variance
    h = np.maximum(w["gamma1"] * (z - mean) / np.sqrt(variance + 1e-3) + w["beta1"], 0)
    return (h if keep is None else h * keep / 0.5) @ w["W2"] + w["b2"]


def test_batch_norm_train_makes_a_whole_step(case):
    x, y, weights, state = case
    keep = random_uniform(11, 3, 1, (16, 64)) >= 0.5
    assert 0.4 < keep.mean() < 0.6

    def loss(w):
        return cross_entropy(scores_by_hand(w, x, keep=keep), y) + half_l2(w)

    w, rng = joined(weights), np.random.default_rng(1)
    m, v, moved = 0.01 * rng.standard_normal(w.size), 1e-4 * rng.random(w.size), dict(state)
    step = load("batch_norm_train.py")["train_step"]
    found, new_w, new_m, new_v = step(x, y, w, moved, m, v, t=3, seed=11)
    assert found == pytest.approx(loss(weights), rel=1e-13)

    g = (new_m - 0.9 * m) / 0.1
    scale = max(np.abs(part).max() for part in split(g).values())
    np.testing.assert_allclose(split(g)["b1"], 0, atol=1e-12 * scale)  # batch norm takes the bias away again
    gradients = {key: part for key, part in split(g).items() if key != "b1"}
    assert_gradients(loss, weights, gradients, tolerance=1e-6, sample=40)

    np.testing.assert_allclose(new_v, 0.999 * v + 0.001 * g**2, rtol=1e-9)
    stepped = w - 0.001 * (new_m / (1 - 0.9**3)) / (np.sqrt(new_v / (1 - 0.999**3)) + 1e-7)
    expected = split(stepped)
    for key in ("W1", "W2"):
        norms = np.linalg.norm(expected[key], axis=0)
        assert 0 < (norms > 3).mean() < 1
        expected[key] = expected[key] * np.minimum(1, 3 / norms)
    np.testing.assert_allclose(new_w, joined(expected), rtol=1e-6)
    assert np.linalg.norm(split(new_w)["W1"], axis=0).max() <= 3

    z = x @ weights["W1"] + weights["b1"]
    np.testing.assert_allclose(moved[MEAN], 0.99 * state[MEAN] + 0.01 * z.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moved[VARIANCE], 0.99 * state[VARIANCE] + 0.01 * z.var(axis=0), rtol=1e-12)


def test_batch_norm_predict_uses_the_running_statistics(case):
    x, _, weights, state = case
    found = load("batch_norm_predict.py")["predict"](x, **weights, state=state)
    np.testing.assert_allclose(found, scores_by_hand(weights, x, *state.values()), rtol=1e-12)


def test_batch_norm_loss_and_gradients_agree(case):
    x, y, weights, state = case

    def data_loss(w):
        return cross_entropy(scores_by_hand(w, x, *state.values()), y)

    found = load("batch_norm_loss.py")["loss"](x, y, **weights, state=state)
    assert found == pytest.approx((data_loss(weights), half_l2(weights)), rel=1e-13)
    gradients = load("batch_norm_gradients.py")["gradients"](x, y, **weights, state=state)
    named = dict(zip(SHAPES, gradients, strict=True))
    assert_gradients(lambda w: data_loss(w) + half_l2(w), weights, named, tolerance=1e-6, sample=40)


def test_the_model_runs_the_text_it_shows(case):
    x, y, weights, state = case
    model = batch_norm().astype("float64")
    keys = dict(zip(model.parameters, weights.values(), strict=True))
    model.set_parameters({**keys, **state})
    found = load("batch_norm_loss.py")["loss"](x, y, **weights, state=state)
    assert tuple(model.loss(x, y)) == found
    gradients = load("batch_norm_gradients.py")["gradients"](x, y, **weights, state=state)
    for ours, printed in zip(model.gradients(x, y).values(), gradients, strict=True):
        np.testing.assert_array_equal(ours, printed, strict=True)
    predicted = load("batch_norm_predict.py")["predict"](x, **weights, state=state)
    np.testing.assert_array_equal(model.predict(x), predicted, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["batch_norm_train.py", "digits.py"])
def test_one_text_trains_in_both_float_types(case, name, dtype):
    x, y, weights, state = case
    inputs = 784 if name.startswith("batch") else 64
    size = len(joined(weights)) if inputs == 784 else 64 * 64 + 64 + 64 * 10 + 10
    w = (0.1 * np.random.default_rng(0).standard_normal(size)).astype(dtype)
    state = {key: value.astype(dtype) for key, value in state.items()}
    extra = {"state": state} if inputs == 784 else {}
    zeros = np.zeros_like(w)
    step = load(name)["train_step"]
    results = step(x[:, :inputs].astype(dtype), y, w, **extra, m=zeros, v=zeros, t=1, seed=0)
    assert {array.dtype for array in [*results, *state.values()]} == {np.dtype(dtype)}


# ------------------------------------------------------------------------------------------ examples
def run(name):
    """The output of an example, run by itself in a folder of its own."""
    command = [sys.executable, "-I", str(EXAMPLES / name)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_example_from_scratch_is_short_and_numpy_only():
    text = TEXTS["examples/from_scratch.py"]
    assert text.startswith(TEXTS["tests/golden/two_layers.py"])
    assert len(text.splitlines()) < 60
    assert re.findall(r"^ *(?:import|from) .*", text, re.MULTILINE) == ["import numpy as np"]


def test_the_example_from_scratch_learns_the_four_rows():
    outputs = [float(number) for number in re.findall(r"[\d.]+", run("from_scratch.py"))]
    assert outputs == pytest.approx([0, 1, 1, 0], abs=0.05)


@pytest.mark.parametrize(
    "name, pattern, low, high",
    [
        ("residual.py", r"step 5000: loss ([\d.]+)", 0.0, 0.05),
        ("weighted_regression.py", r"compared with the truth: ([\d.]+)", 0.0, 0.01),
        ("digits.py", r"([\d.]+)% of 297 digits", 96.0, 100.0),
    ],
)
def test_the_other_examples_learn(name, pattern, low, high):
    (number,) = re.findall(pattern, run(name))
    assert low <= float(number) <= high
