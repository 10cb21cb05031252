"""Random NumPy functions as C: each row as in the batch, as near the truth as NumPy itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from c_compiler import SANITIZED, Case, run_all
from hypothesis import HealthCheck, Phase, assume, given, settings

import glassnet as gn
from glassnet.errors import InputError
from glassnet.graph.dims import Dim
from glassnet.graph.graph import input_place
from glassnet.graph.ops import is_weak
from glassnet.printers.to_c import Function, print_c
from glassnet.programs import interpret
from glassnet.programs.interpret import trace_values
from glassnet.programs.one_row import row_graph
from programs.test_random_graphs import BATCH, N, arrays, recipes

RELAXED = {"suppress_health_check": list(HealthCheck), "deadline": None}
QUICK = RELAXED | {"phases": (Phase.explicit, Phase.generate)}
SMALL = {"float32": 1e-6, "float64": 1e-12}


def largest_on_the_way(graph, values):
    """The largest number of a computation: its own rounding may remain where large numbers cancel."""
    found = [np.abs(v).max(initial=0) for node, v in trace_values(graph, values) if not is_weak(node.kind)]
    return max((float(v) for v in found if np.isfinite(v)), default=0.0)


def by_row(value, shape):
    """What belongs to each row, (n, k)."""
    array = np.asarray(value)
    axis = next((i for i, extent in enumerate(shape) if isinstance(extent, Dim)), None)
    if axis is None:
        return np.broadcast_to(array.reshape(1, -1), (N, array.size))
    parts = array.reshape(*array.shape[:axis], N, shape[axis].k, *array.shape[axis + 1 :])
    return np.moveaxis(parts, axis, 0).reshape(N, -1)


@dataclass
class Kept:
    """What a test needs of a recipe."""

    run: Callable[..., Any]
    specs: list[gn.Array]
    name: str


class Tried:
    """A random function: the C program, and what NumPy and the truth are."""

    def __init__(self, number, recipe, dtype, refused):
        self.text, self.dtype = repr(recipe), dtype
        graph = replace(gn.trace(recipe.run, *recipe.specs), name="step")
        inputs = arrays(recipe.specs, dtype)
        values = {input_place(node): x for node, x in zip(graph.inputs, inputs, strict=False)} | graph.values
        wide = {k: v.astype("longdouble") if v.dtype.kind == "f" else v for k, v in values.items()}
        with np.errstate(all="ignore"):
            numpy, truth = list(interpret(graph, values).values()), list(interpret(graph, wide).values())
            self.scale = largest_on_the_way(graph, values)
            rows = dict(self.rows(graph, dtype, refused))
        shapes = [node.shape for node in graph.outputs]
        self.answers = {
            "predict" if k == 0 else f"out{k}": (by_row(numpy[i], shapes[i]), by_row(truth[i], shapes[i]))
            for k, i in enumerate(rows)
        }
        functions = [Function(*pair) for pair in zip(self.answers, rows.values(), strict=True)]
        program = print_c(f"r{number}", functions, dtype, include=f"r{number}.h") if rows else ("", "")
        data = [np.broadcast_to(x, (N, *x.shape)) if x.shape[:1] != (N,) else x for x in inputs]
        expected = {suffix: numpy for suffix, (numpy, _) in self.answers.items()}
        self.case = Case(f"r{number}", *program, data, expected)

    @staticmethod
    def rows(graph, dtype, refused):
        """Position and prediction of one row, of each output that is one."""
        for i, (node, place) in enumerate(zip(graph.outputs, graph.places, strict=True)):
            try:
                part = row_graph(replace(graph, outputs=(node,), places=(place,)), graph.values, dtype)
                print_c("tried", [Function("predict", part)], dtype)
                yield i, part
            except InputError as error:
                refused.append(str(error))

    def check(self):
        for suffix, (expected, exact) in self.answers.items():
            found = self.case.found[suffix]
            if expected.dtype.kind != "f":
                np.testing.assert_array_equal(found, expected, err_msg=self.text)
                continue
            with np.errstate(all="ignore"):
                finite = np.isfinite(exact) & np.isfinite(expected)
                size = float(np.abs(exact[finite]).max(initial=0))
                own = float(np.abs(expected - exact)[finite].max(initial=0))
                limit = 4 * own + SMALL[self.dtype] * size + 8 * np.finfo(self.dtype).eps * self.scale
                assert (np.abs(found - exact)[finite] <= limit).all(), self.text
                assert (np.isnan(found) == np.isnan(expected))[~finite].all(), self.text


def draw(count, dtype):
    """So many random functions that can be printed, and how many were refused because they mix rows."""
    tried, refused = [], []

    @settings(max_examples=count, **QUICK)
    @given(recipe=recipes())
    def collect(recipe):
        assume(not recipe.jumps)
        one = Tried(len(tried), recipe, dtype, refused)
        tried.extend([one] if one.answers else [])

    collect()
    return tried, refused


def same_names(x, u):
    rows = np.array([0, 2])
    first = u[rows]
    rows = np.array([1, 1, 2])
    return x + u[rows] * first.sum()


ROWS = np.array([1, -1, 0, 0])
# What random functions have found wrong: functions of x (n, 2, 3) and u (3,).
KEPT = {
    "two reversals": lambda x, u: x.transpose(0, 2, 1)[:, :, ::-1].transpose(0, 2, 1)[:, ::-1] + 1,
    "part of a reversal": lambda x, u: x[:, ::-1, ::-2].transpose(0, 2, 1)[:, ::-1, 1],
    "a table that repeats a row": lambda x, u: np.broadcast_to(u.sum(), (3, 1))[ROWS],
    "a position among equals": lambda x, u: np.argmax(np.broadcast_to(u.max(), (4,)), axis=0) + x,
    "a position of one": lambda x, u: np.argmax((x[:, :1] != 0) * 1, axis=1),
    "the largest of one": lambda x, u: x[:, :1].max(axis=1) + x[:, :, :1].sum(axis=2)[:, 0, None],
    "a comparison with itself": lambda x, u: np.where(x > x, x, -2 * x) + (np.exp(x) <= np.exp(x)) * u,
    "an argument that is not read": lambda x, u: np.zeros_like(x) + 1,
    "an output that is an argument": lambda x, u: u[None] * 1,
    "arrays of the same name": same_names,
    "neither or both": lambda x, u: np.logical_not((x > 0).max(axis=1)) != (x < 1).min(axis=1),
}


@pytest.mark.parametrize("dtype", SMALL)
def test_functions_kept(dtype, tmp_path):
    specs = [gn.Array((BATCH, 2, 3)), gn.Array((3,))]
    tried = [
        Tried(i, Kept(function, specs, name), dtype, []) for i, (name, function) in enumerate(KEPT.items())
    ]
    assert all(one.answers for one in tried)
    run_all([one.case for one in tried], tmp_path, SANITIZED)
    for one in tried:
        one.check()


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("dtype", SMALL)
def test_random_functions(dtype, tmp_path):
    tried, refused = draw(60, dtype)
    assert len(tried) > 30
    assert all("mixes the rows" in text or "array without elements" in text for text in refused), refused
    run_all([one.case for one in tried], tmp_path, SANITIZED)
    for one in tried:
        one.check()


@pytest.mark.campaign
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("dtype", SMALL)
def test_campaign_of_random_functions(dtype, tmp_path):
    tried, _ = draw(3_000, dtype)
    for start in range(0, len(tried), 200):
        folder = tmp_path / str(start)
        folder.mkdir()
        run_all([one.case for one in tried[start : start + 200]], folder, SANITIZED)
    for one in tried:
        one.check()
