"""Random NumPy functions as compiled loops: values and gradients agree with the interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from agreement import assert_agree, run_compiled, run_in_python, run_in_threads
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet.graph.graph import input_place
from glassnet.programs import interpret
from programs.test_random_graphs import BATCH, recipes

RELAXED = {"suppress_health_check": list(HealthCheck), "deadline": None}
# Making a failing case smaller takes minutes: the campaigns do it.
QUICK = RELAXED | {"phases": (Phase.explicit, Phase.generate)}


def arrays(specs, dtype, n):
    """Plain arrays for a recipe and a batch of ``n``: a few values at zero and in ties, the rest generic."""
    generator = np.random.default_rng(len(specs) * 101 + sum(len(spec.shape) for spec in specs) + n)
    made = []
    for spec in specs:
        shape = tuple(n if extent == BATCH else extent for extent in spec.shape)
        if spec.kind == "float":
            array = generator.standard_normal(shape)
            made.append(np.where(generator.random(shape) < 0.1, np.round(array), array).astype(dtype))
        elif spec.kind == "int":
            made.append(np.asarray(generator.integers(-1, 3, shape)))
        else:
            made.append(np.asarray(generator.random(shape) < 0.5))
    return made


def graphs(recipe):
    """The function, and its value with all gradients."""
    argnums = [i for i, spec in enumerate(recipe.specs) if spec.kind == "float"]

    def with_gradients(*args):
        value, gradients = gn.value_and_grad(recipe.loss, argnums)(*args)
        return value, *gradients

    pair = gn.trace(recipe.run, *recipe.specs), gn.trace(with_gradients, *recipe.specs)
    return [replace(graph, name="step") for graph in pair]


def verify(recipe, dtype, n, run):
    inputs = arrays(recipe.specs, dtype, n)
    for graph in graphs(recipe):
        values = {input_place(node): value for node, value in zip(graph.inputs, inputs, strict=False)}
        with np.errstate(all="ignore"):
            try:
                interpret(graph, values)
            except (ValueError, ZeroDivisionError):  # the largest, or the mean, of no values
                assume(False)
        try:
            found = run(graph, values, dtype)
        except ZeroDivisionError:  # of Python's own numbers, where machine code answers inf
            assume(n > 0)
            raise
        assert_agree(graph, values, found, dtype, repr(recipe), jumps=recipe.jumps, cancels=True)


dtypes = st.sampled_from(("float64", "float64", "float32"))
batches = st.sampled_from((5, 1, 3, 20, 0))
quiet = pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")


@quiet
@settings(max_examples=500, **QUICK)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_the_loops_run_by_python(recipe, dtype, n):
    verify(recipe, dtype, n, run_in_python)


@quiet
@settings(max_examples=15, **QUICK)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_the_loops_compiled(recipe, dtype, n):
    verify(recipe, dtype, n, run_compiled)


@quiet
@settings(max_examples=40, **QUICK)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_the_loops_shared_by_threads_run_by_python(recipe, dtype, n):
    verify(recipe, dtype, n, run_in_threads)


@pytest.mark.campaign
@quiet
@settings(max_examples=500, derandomize=False, **RELAXED)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_campaign_of_compiled_graphs(recipe, dtype, n):
    verify(recipe, dtype, n, run_compiled)


@pytest.mark.campaign
@quiet
@settings(max_examples=10_000, derandomize=False, **RELAXED)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_campaign_of_loops_run_by_python(recipe, dtype, n):
    verify(recipe, dtype, n, run_in_python)


@pytest.mark.campaign
@quiet
@settings(max_examples=2_000, derandomize=False, **RELAXED)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_campaign_of_loops_shared_by_threads(recipe, dtype, n):
    verify(recipe, dtype, n, run_in_threads)
