"""Graphs that compiled programs once got wrong, each as small as it gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from agreement import assert_agree, run_compiled, run_in_python, run_in_threads

import glassnet as gn
from glassnet.graph.graph import input_place

N = "n"


def total(function):
    """The gradient of the sum of a function's values, beside them."""
    return gn.value_and_grad(lambda *arrays: function(*arrays).sum())


# what was wrong: function, arguments
CASES = {
    "a copied slice read its own, empty memory": (
        total(lambda x: np.concatenate([np.tanh(x), x * 2], axis=1)[:, 1:] ** 2),
        [gn.Array((N, 3))],
    ),
    "a slice of a stepped slice lacked parentheses": (
        lambda x: ((x * 2)[:, ::-1] + 1)[:, ::-1].mean(axis=0),
        [gn.Array((N, 4))],
    ),
    "the first of the largest was read before it was there": (
        lambda x: np.argmax(np.exp(x) * 3 + 1, axis=1) + np.argmin(np.exp(x) - x, axis=1),
        [gn.Array((N, 3))],
    ),
    "the place of the largest of a vector": (lambda x: (x.argmax(), x * 2), [gn.Array((5,))]),
    "the place of the largest of one": (lambda x: (x.argmax(axis=1), x * 2), [gn.Array((4, 1))]),
    "the place of the largest row, kept for other loops": (
        lambda x, y: y @ (np.argmax(-x, axis=0) * 1.0),
        [gn.Array((N, 1)), gn.Array((N, 1))],
    ),
    "an array of no dimensions": (lambda x, c: x * c + np.tanh(c), [gn.Array((N, 2)), gn.Array(())]),
    "a number needed as a matrix": (
        gn.value_and_grad(lambda x: np.log1p(np.abs(x @ x)) + (3 / (1 + x**2)).mean()),
        [gn.Array((N,))],
    ),
    "a name of one loop used in the next": (
        lambda x: (np.concatenate([np.maximum(x + 1, 0), x], axis=1), (np.maximum(x + 1, 0) * x).sum(axis=0)),
        [gn.Array((N, 3))],
    ),
    "the largest of booleans": (
        lambda x: ((x > 0).max(axis=-2, keepdims=True), (x > 0).min(axis=1)),
        [gn.Array((N, 2, 3))],
    ),
    "a number read from memory that another thread writes": (
        gn.value_and_grad(lambda x, y: (x @ x) * np.einsum("i,i->", x, y)),
        [gn.Array((3,)), gn.Array((3,))],
    ),
}


def check(name, dtype, n, run):
    function, specs = CASES[name]
    graph = replace(gn.trace(function, *specs), name="step")
    generator = np.random.default_rng(1)
    shapes = [[n if extent == N else extent for extent in spec.shape] for spec in specs]
    arrays = [np.asarray(generator.standard_normal(shape), dtype) for shape in shapes]
    values = {input_place(node): array for node, array in zip(graph.inputs, arrays, strict=True)}
    assert_agree(graph, values, run(graph, values, dtype), dtype, cancels=True)


@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("name", CASES)
def test_run_by_python(name, n):
    check(name, "float64", n, run_in_python)


@pytest.mark.parametrize("name", CASES)
def test_shared_by_threads_run_by_python(name):
    check(name, "float64", 40, run_in_threads)


@pytest.mark.parametrize("name", ["the largest of booleans", "the place of the largest of a vector"])
def test_compiled(name):
    check(name, "float32", 6, run_compiled)


@pytest.mark.campaign
@pytest.mark.parametrize("name", CASES)
def test_campaign_compiled(name):
    check(name, "float32", 6, run_compiled)
