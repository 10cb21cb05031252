"""What is written differently for loops gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.graph import check
from glassnet.graph.graph import input_place
from glassnet.passes.lower import take_rows_out_of_sums
from glassnet.programs import interpret

SHAPES = {"x": ("n", 4), "y": ("n", 4), "row": (4,), "column": ("n", 1), "stack": ("n", 3, 4), "page": (3, 4)}

# a sum → what it is a sum of, afterwards
SUMS = {
    "a row": (lambda x, row: (x * row).sum(axis=0), "x"),
    "a row in front": (lambda x, row: (row * x).sum(axis=0), "x"),
    "behind another factor": (lambda x, y, row: (x * row * y).sum(axis=0), "mul(x, y)"),
    "of a product that is needed anyway": (
        lambda x, y, row: np.stack([(x * y).sum(axis=0), (x * row * y).sum(axis=0)]),
        "mul(x, y)",
    ),
    "two rows": (lambda x, row: (x * row * np.exp(row)).sum(axis=0), "x"),
    "a column of numbers": (lambda column, row: (column * row).sum(axis=0), "column"),
    "axes that are kept": (lambda x, row: (x * row).sum(axis=0, keepdims=True), "x"),
    "two axes": (lambda stack, row: (stack * row).sum(axis=(0, 1)), "stack"),
    "a page of a stack": (lambda stack, page: (stack * page).sum(axis=0), "stack"),
    "not what the sum goes over": (lambda x, row: (x * row).sum(axis=1), "mul(x, row)"),
    "not a part of it": (lambda stack, page: (stack * page).sum(axis=(0, 1)), "mul(stack, page)"),
    "nothing to take out": (lambda x, y: (x * y).sum(axis=0), "mul(x, y)"),
    "not out of a quotient": (lambda x, row: (x / row).sum(axis=0), "div(x, row)"),
}


def said(node):
    """An operation and its operands."""
    return node.attrs["name"] if node.op == "input" else f"{node.op}({', '.join(map(said, node.inputs))})"


@pytest.mark.parametrize("name", SUMS)
def test_rows_are_taken_out_of_sums(name):
    function, expected = SUMS[name]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    graph = gn.trace(function, *(SHAPES[name] for name in names))
    lowered = check(take_rows_out_of_sums(graph))
    assert {said(node.inputs[0]) for node in lowered.nodes() if node.op == "sum"} == {expected}
    generator = np.random.default_rng(0)
    values = {
        input_place(node): generator.standard_normal(
            [7 if extent == "n" else extent for extent in SHAPES[name]]
        )
        for node, name in zip(graph.inputs, names, strict=True)
    }
    (before,), (after,) = (interpret(each, values).values() for each in (graph, lowered))
    np.testing.assert_allclose(after, before, rtol=1e-12, strict=True)
