"""Every op as operators of ONNX: the table, random graphs, and cases that no random graph draws."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from onnx_runs import session

import glassnet as gn
from glassnet.errors import InputError
from glassnet.export.inference import Inference
from glassnet.export.onnx import model_proto
from glassnet.graph.dims import N
from glassnet.graph.graph import Graph, input_node, input_place
from glassnet.graph.node import Builder, constant, intern
from glassnet.graph.ops import INFER
from glassnet.printers.to_onnx import print_onnx
from glassnet.printers.to_onnx.operators import OPERATORS
from glassnet.programs import interpret
from glassnet.programs.interpret import trace_values
from programs.test_random_graphs import BATCH, recipes

QUICK = {
    "suppress_health_check": list(HealthCheck), "deadline": None, "phases": (Phase.explicit, Phase.generate)
}  # fmt: skip


# ------------------------------------------------------------------------------------------ the table
def test_every_op_has_a_row_or_an_explicit_none():
    assert set(OPERATORS) == set(INFER)


def test_the_ops_without_a_row_are_these():
    assert {op for op, row in OPERATORS.items() if row is None} == {
        "input", "const", "stop", "unslice", "random_uniform", "item", "apply",
    }  # fmt: skip


# ------------------------------------------------------------------------------------------ running graphs
def run(graph, values, dtype):
    """The graph's outputs by place, as onnxruntime computes them."""
    model = model_proto(onnx, Inference("f", graph, np.dtype(dtype), (), dict, dict))
    onnx.checker.check_model(model, full_check=True)
    opened = session(model)
    kinds = {node.attrs["name"]: node for node in graph.inputs}
    given_arrays = {}
    for x in opened.get_inputs():
        kind = {"float": dtype, "int": "int64", "bool": "bool"}[kinds[x.name].kind]
        given_arrays[x.name] = np.asarray(values[input_place(kinds[x.name])], kind)
    return dict(zip(graph.places, opened.run([name for _, name in graph.places], given_arrays), strict=True))


def finite(graph, values):
    """Whether no number on the way overflows or is none: ONNX does not say what becomes of those."""
    with np.errstate(all="ignore"):
        floats = [
            value for node, value in trace_values(graph, values) if node.kind in ("float", "weak_float")
        ]
    return all(np.isfinite(np.asarray(value, float)).all() for value in floats)


def doubles(values):
    arrays = {place: np.asarray(value) for place, value in values.items()}
    return {place: x.astype(np.float64) if x.dtype.kind == "f" else x for place, x in arrays.items()}


def agree(graph, values, dtype, jumps=False):
    """Within 1e-5 (in float64, 1e-10) of the largest number on the way, and the rounding of NumPy itself.

    Where a recipe ``jumps``, rounding may make both choose different sides.
    """
    with np.errstate(all="ignore"):  # of arrays without elements
        found = run(graph, values, dtype)
        expected, exact = interpret(graph, values), interpret(graph, doubles(values))
        way = (value for node, value in trace_values(graph, values) if node.kind == "float")
        scale = max((np.abs(value).max(initial=1.0) for value in way), default=1.0)
    small = 1e-5 if dtype == "float32" else 1e-10
    for place, answer in expected.items():
        assert found[place].shape == np.shape(answer)
        if np.asarray(answer).dtype.kind != "f":
            assert jumps or np.array_equal(found[place], answer), f"{place}\n{graph}"
            continue
        own = np.abs(answer - exact[place])
        far = np.abs(found[place] - answer) > small * scale + 4 * own
        assert jumps or not far.any(), f"{place}: {found[place]} instead of {answer}\n{graph}"


def drawn(specs, dtype, n):
    """Plain arrays for a recipe and a batch of ``n``: a few values at zero and in ties, the rest generic."""
    generator = np.random.default_rng(len(specs) + 101 * n)
    for spec in specs:
        shape = tuple(n if extent == BATCH else extent for extent in spec.shape)
        array = generator.standard_normal(shape)
        rounded = np.where(generator.random(shape) < 0.1, np.round(array), array)
        kinds = {"float": rounded.astype(dtype), "int": np.int64(np.round(array)), "bool": rounded > 0}
        yield np.asarray(kinds[spec.kind])


def check_random(recipe, dtype, n):
    inputs = drawn(recipe.specs, dtype, n)
    try:
        graph = gn.trace(recipe.run, *recipe.specs)
        values = {
            input_place(x): value for x, value in zip(graph.inputs, inputs, strict=False)
        } | graph.values
        assume(finite(graph, values))
    except (ValueError, ZeroDivisionError):  # the largest, or the mean, of no values
        assume(False)
    # A prediction has no random numbers; and onnxruntime does not broadcast arrays without elements.
    assume(all(node.op != "random_uniform" and 0 not in node.shape for node in graph.nodes()))
    agree(graph, values, dtype, recipe.jumps)


dtypes, batches = st.sampled_from(("float64", "float32")), st.sampled_from((5, 1, 7, 64))
quiet = pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")


@quiet
@settings(max_examples=300, **QUICK)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_random_graphs(recipe, dtype, n):
    check_random(recipe, dtype, n)


@pytest.mark.campaign
@quiet
@settings(max_examples=10_000, derandomize=False, suppress_health_check=list(HealthCheck), deadline=None)
@given(recipe=recipes(), dtype=dtypes, n=batches)
def test_campaign_of_random_graphs(recipe, dtype, n):
    check_random(recipe, dtype, n)


# ------------------------------------------------------------------------------------------ single cases
R = np.random.default_rng(5)
FLOATS, INTS, FLAGS = R.normal(0, 1, (6, 4)), R.integers(-2, 3, (6, 4)), R.random((6, 4)) < 0.5
TINY = np.array([-0.9, -1e-3, -1e-7, -1e-12, 0, 1e-12, 1e-7, 1e-3, 3, 80.0])
CASES = {
    "n and its multiples": (lambda x: x * x.shape[0] + x.size / 2 - (x.shape[0] + 1), FLOATS),
    "a number compared with n": (lambda x: x + np.where(x.shape[0] > 3, 1.0, 2.0), FLOATS),
    "rows counted": (lambda x: x.reshape(-1).reshape(x.shape[0] * 2, 2), FLOATS),
    "spread over the batch": (lambda x: np.broadcast_to(x.sum(axis=0), x.shape) * x, FLOATS),
    "columns from nowhere": (lambda x: np.concatenate([x, np.ones_like(x[:, :1])], axis=1), FLOATS),
    "backwards": (lambda x: x[:, ::-1] + x[:, 3:0:-1].sum(axis=1, keepdims=True), FLOATS),
    "every second": (lambda x: x[:, ::2] * x[:, 1::2], FLOATS),
    "nothing at all": (lambda x: np.concatenate([x[:, 2:2], x], axis=1), FLOATS),
    "no columns": (lambda x: x[:, :0].reshape(x.shape[0], 0, 3).sum(axis=2), FLOATS),
    "expm1": (np.expm1, TINY), "log1p": (np.log1p, TINY),
    "logarithms of sums": (lambda x: np.log1p(np.exp(-np.abs(x))), 100 * FLOATS),
    "integers and floats compared": (lambda x: (x.astype(int) < 0.5) & (x >= x.astype(int)), FLOATS),
    "integers": (lambda k: k**2 + k * 3 - np.abs(k), INTS),
    "truth chosen": (lambda m: np.where(m[:, :1], m, ~m), FLAGS),
    "integers divided": (lambda k: k / 4, INTS),
    "powers": (lambda x: (np.abs(x) + 1) ** x + x**2 + x**3, FLOATS),
    "signs": (lambda k: np.sign(k) * np.maximum(k, 1) + np.minimum(k, 0), INTS),
    "floors": (lambda x: np.floor(x) + np.floor(x).astype(int), FLOATS),
    "truth as numbers": (lambda m: m.sum(axis=1) + m.mean(axis=1) + m.astype(int).max(axis=1), FLAGS),
    "all and any": (lambda m: m.max(axis=1) & ~m.min(axis=1) | m[:, 0], FLAGS),
    "truth multiplied": (lambda m: (m * m[:, ::-1]) | (m + m[:, :1]), FLAGS),
    "places of extremes": (lambda x: x.argmax(axis=1) + 10 * x.argmin(axis=0)[0], np.round(FLOATS)),
    "first of equals": (lambda k: k.argmax(axis=1) * k.argmin(axis=1), INTS),
    "looked up": (lambda k: np.take(k.sum(axis=0) * 0.5, k, axis=0), INTS % 3),
    "counted from the end": (lambda k: np.take(k.sum(axis=0), k, axis=0), INTS % 3 - 3),
    "picked": (lambda x: gn.pick(x, x.argmax(axis=1)), FLOATS),
    "variance": (lambda x: x.var(axis=1) + x.var() + x.std(axis=1, keepdims=True)[:, 0], 1e3 + FLOATS),
    "sines": (lambda x: np.sin(x) * np.cos(x), FLOATS),
    "the input itself": (lambda x: (x, x), FLOATS),
    "a product of three axes": (lambda x: x.reshape(-1, 2, 2) @ x.reshape(-1, 2, 2).swapaxes(1, 2), FLOATS),
    "a sum with a row": (lambda x: (x @ np.ones((4, 3)) + np.arange(3.0), x @ np.ones((4, 3)) * 2), FLOATS),
    "everything end to end": (lambda x: np.concatenate([x.sum(axis=0), x.mean(axis=0)], axis=None), FLOATS),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_single_cases(name, dtype):
    f, data = CASES[name]
    kind = {"f": "float", "i": "int", "b": "bool"}[data.dtype.kind]
    graph = gn.trace(f, gn.Array(("n", *data.shape[1:]), kind))
    data = data.astype(dtype) if kind == "float" else data
    for rows in (len(data), 1):
        values = {input_place(graph.inputs[0]): data[:rows]} | graph.values
        agree(graph, {place: np.asarray(v) for place, v in values.items()}, dtype)


def test_rows_added_up():
    """What only gradients of look-ups hold."""

    def f(x, k):
        return gn.grad(lambda table: (np.take(table, k, axis=0) * x).sum())(np.zeros((3, 4)))

    graph = gn.trace(f, ("n", 4), gn.Array(("n",), "int"))
    assert "scatter_add" in {node.op for node in graph.nodes()}
    agree(graph, {("argument", "x"): FLOATS, ("argument", "k"): INTS[:, 0] % 3}, "float64")


def test_constants_are_computed_and_shared():
    W = np.arange(12.0).reshape(3, 4)
    graph = gn.trace(lambda x: (x @ np.sqrt(W).T) * 2 + np.tanh(x[:, :3] * 2), ("n", 4))
    model = model_proto(onnx, Inference("f", graph, np.dtype("float32"), (), dict, dict))
    assert [node.op_type for node in model.graph.node].count("Sqrt") == 0
    scalars = [tensor for tensor in model.graph.initializer if not tensor.dims]
    assert len({onnx.numpy_helper.to_array(tensor).item() for tensor in scalars}) == len(scalars)


# ------------------------------------------------------------------------------------------ refused
def test_an_op_without_an_operator_is_named_with_its_layer():
    class Derived(gn.Layer):
        def call(self, x):
            return gn.grad(lambda z: (z[:, 1:3] ** 2).sum())(x)

    model = gn.Sequential([gn.layers.Dense(4), Derived()])
    model.build((None, 3))
    with pytest.raises(InputError) as caught:
        gn.export.to_onnx(model)
    assert str(caught.value) == (
        "layer derived_1 uses the op 'unslice', for which ONNX has no operator.\n"
        "Write that step with other NumPy functions, or ship glassnet's own model file: save()."
    )


def test_random_numbers_are_refused():
    with Builder():
        x = input_node("x", (N, 3))
        noise = intern("random_uniform", (constant(1), constant(2)), {"site": 1, "shape": (N, 3)})
        graph = Graph((x,), (x + noise,), (("return", "y"),))
    with pytest.raises(InputError) as caught:
        print_onnx(graph, "float32", {})
    assert str(caught.value).startswith("the model uses the op 'random_uniform', for which ONNX")
