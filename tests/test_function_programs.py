"""Programs of plain functions and their gradients: names, numbers, and lines that must read well."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn

HALF = np.float64(0.5)


def body(f, *shapes):
    """The lines of the printed function, without headings and shapes."""
    lines = [line.partition("#")[0].strip() for line in gn.source(f, *shapes).splitlines()]
    return [line for line in lines[lines.index(next(x for x in lines if x.startswith("def "))) :] if line]


def energy(W, b, x):
    h = np.tanh(x @ W + b)
    return (h**2).sum()


def test_a_gradient_keeps_the_names_of_the_arguments():
    shapes = (3, 2), (2,), ("n", 3)
    assert body(gn.grad(energy, (0, 1)), *shapes) == [
        "def energy_grad(W, b, x):",
        "h = np.tanh(x @ W + b)",
        "dz = 2 * h * (1 - h**2)",
        "dW = x.T @ dz",
        "db = dz.sum(axis=0)",
        "return dW, db",
    ]
    first, *_, last = body(gn.value_and_grad(energy, 1), *shapes)
    assert first == "def energy_value_and_grad(W, b, x):"
    assert last.endswith(".sum(), db")
    assert body(gn.grad(gn.grad(lambda t: t**3)), ())[0] == "def f_grad_grad(t):"


class Model:
    def loss(self, w):
        return (w**2).sum()


@pytest.mark.parametrize("f", [Model().loss, lambda w, *rest: (w**2).sum()])
def test_methods_and_functions_of_any_number_of_arguments(f):
    assert body(gn.grad(f), (3,))[1:] == ["dw = 2 * w", "return dw"]


def test_numpy_s_scalars_become_python_numbers():
    # np.float64 is a float, and its repr is no number that a program may contain.
    assert body(lambda x: x * HALF + np.float32(0.25) - np.int64(3), (3,))[-1] == "return 0.5 * x + 0.25 - 3"
    assert gn.grad(lambda x: (x * HALF).sum())(np.ones(2)).tolist() == [0.5, 0.5]


def weighted(e, w):
    return (w * (e**2).mean(axis=1)).sum() / w.sum()


@pytest.mark.parametrize(
    "f, shapes, line",
    [
        (weighted, [("n", 2), ("n",)], "de = (w / w.sum())[:, None] * e"),
        (weighted, [("n", 4), ("n",)], "de = (0.5 * w / w.sum())[:, None] * e"),
        (lambda e: np.sqrt(1 + e**2).mean(), [("n", 2)], "de = e / (2 * n) / np.sqrt(1 + e**2)"),
        (lambda x: (1 / (1 + x**2)).mean() * 6, [(3,)], "dx = -4.0 * x / t1 / t1"),
    ],
)
def test_gradients_without_the_noise_of_broadcasting(f, shapes, line):
    assert line in body(gn.grad(f), *shapes)


@pytest.mark.parametrize(
    "share, text", [(1e-7, "1e-7"), (2.5e-5, "2.5e-5"), (1e-10, "1e-10"), (0.001, "0.001")]
)
def test_small_numbers_are_written_as_one_writes_them(share, text):
    assert body(lambda x: x + share, (3,))[-1] == f"return x + {text}"
    assert float(text) == share
