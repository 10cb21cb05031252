"""Programs that run: binding of arguments, the interpreter's values node by node, tracebacks."""

from __future__ import annotations

import traceback

import numpy as np
import pytest

import glassnet as gn
from glassnet.graph.graph import input_node, input_place
from glassnet.graph.node import intern
from glassnet.programs import Program, compile_graph, interpret
from glassnet.programs.interpret import trace_values
from glassnet.trace.tracer import Trace, TracedArray, traced

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]])
AT_X = {("argument", "x"): X}


def test_a_program_is_its_text():
    program = compile_graph(gn.trace(lambda x: np.exp(x).sum(axis=1), ("n", 3)))
    assert isinstance(program, Program)
    namespace = {}
    exec(program.text, namespace)
    assert np.array_equal(namespace["f"](X), program(AT_X)["return", "0"])
    assert np.array_equal(program.function(X), np.exp(X).sum(axis=1))


def test_first_lines_stand_on_top():
    program = compile_graph(gn.trace(lambda x: x + 1, (3,)), ("# one", "# two"))
    assert program.text.splitlines()[:3] == ["# one", "# two", "import numpy as np"]


def test_results_by_place_for_none_one_and_many():
    one, many = gn.trace(lambda x: x * 2, ("n", 3)), gn.trace(lambda x: (x, x * 2, x), ("n", 3))
    assert list(compile_graph(one)(AT_X)) == [("return", "0")]
    found = compile_graph(many)(AT_X)
    assert list(found) == [("return", "0"), ("return", "1"), ("return", "2")]
    assert found["return", "0"] is X
    constant = compile_graph(gn.trace(lambda x: 3.5, (3,)))({("argument", "x"): np.ones(3)})
    assert constant == {("return", "0"): 3.5}
    tuple_like = compile_graph(gn.trace(lambda x: [x.sum()], ("n", 3)))(AT_X)
    assert list(tuple_like) == [("return", "0")]


def test_captured_values_are_supplied_and_may_be_replaced():
    table = np.ones(3)
    graph = gn.trace(lambda x: x * table, ("n", 3))
    program = compile_graph(graph)
    assert np.array_equal(program(AT_X)["return", "0"], X)
    assert np.array_equal(program({**AT_X, ("captured", "table"): table * 2})["return", "0"], 2 * X)
    assert np.array_equal(interpret(graph, {**AT_X, ("captured", "table"): table * 2})["return", "0"], 2 * X)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_one_program_serves_every_batch_size(n):
    def f(x):
        z = x.reshape(-1, 1)
        return z, x / x.shape[0], np.zeros_like(x) + x.shape[0], gn.one_hot(np.argmax(x, axis=1), 3)

    graph = gn.trace(f, ("n", 3))
    program, x = compile_graph(graph), np.arange(3.0 * n).reshape(n, 3)
    for a, b in zip(
        program({("argument", "x"): x}).values(),
        interpret(graph, {("argument", "x"): x}).values(),
        strict=True,
    ):
        assert np.array_equal(a, b)
        assert len(a) == n or a.shape == (3 * n, 1)


def test_the_interpreter_shows_every_node():
    graph = gn.trace(lambda x: np.tanh(x).sum() * 2, ("n", 3))
    shown = [(node.op, np.shape(value)) for node, value in trace_values(graph, AT_X)]
    assert shown == [("input", (2, 3)), ("tanh", (2, 3)), ("sum", ()), ("const", ()), ("mul", ())]


def test_the_interpreter_opens_composites_with_several_results():
    @gn.composite
    def halves(z):
        return z / 2, z * 2

    graph = gn.trace(lambda x: halves(x)[1] - halves(x)[0], ("n", 3))
    assert np.array_equal(interpret(graph, AT_X)["return", "0"], 1.5 * X)


def test_overflow_is_quiet_and_other_warnings_are_not():
    sigmoid = compile_graph(gn.trace(lambda x: 1 / (1 + np.exp(-x)), (2,)))
    assert sigmoid({("argument", "x"): np.array([-1e4, 1e4])})["return", "0"].tolist() == [0.0, 1.0]
    division = compile_graph(gn.trace(lambda x: x / x, (2,)))
    with pytest.raises(RuntimeWarning, match="invalid value"):
        division({("argument", "x"): np.zeros(2)})


def test_tracebacks_show_the_printed_line():
    program = compile_graph(gn.trace(lambda x, i: x[i], (3,), gn.Array((2,), "int")))
    with pytest.raises(IndexError) as caught:
        program({("argument", "x"): np.zeros(3), ("argument", "i"): np.array([0, 9])})
    assert "return x[i]" in "".join(traceback.format_exception(caught.value))


def test_random_numbers_are_a_function_of_seed_step_and_site():
    def f(x, seed, step):
        return traced("random_uniform", seed, step, site=3, shape=x.shape) + 0 * x

    graph = gn.trace(f, ("n", 3), gn.Array((), "weak_int"), gn.Array((), "weak_int"))
    program = compile_graph(graph)

    def draw(seed, step, dtype=float):
        values = {("argument", "x"): X.astype(dtype), ("argument", "seed"): seed, ("argument", "step"): step}
        printed, interpreted = program(values)["return", "0"], interpret(graph, values)["return", "0"]
        assert np.array_equal(printed, interpreted)
        return printed

    assert np.array_equal(draw(1, 2), gn.random.random_uniform(1, 2, 3, (2, 3)))
    assert np.array_equal(draw(1, 2), draw(1, 2, np.float32))
    assert draw(1, 2, np.float32).dtype == np.float32
    assert not np.array_equal(draw(1, 2), draw(2, 1))


def test_a_layer_that_was_not_traced_through_cannot_run():
    with Trace():
        x = input_node("x", (3,))
        attrs = {"layer": None, "training": False, "shape": (3,), "kind": "float", "call": None}
        applied = TracedArray(intern("apply", (x,), attrs))
        graph = gn.Graph((x,), (applied.node,), (("return", "0"),))
    with pytest.raises(AssertionError, match="apply"):
        interpret(graph, {input_place(x): np.ones(3)})
