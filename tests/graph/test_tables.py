"""The op tables, the shapes and kinds they infer, the simplification rules, and the invariants of a graph."""

# ruff: noqa: B002, E741, PLW0108, SIM300 - the cases are written as users write

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import glassnet as gn
from glassnet import passes
from glassnet.errors import ShapeError, TraceError
from glassnet.grad.rules import RULES as GRADIENTS
from glassnet.graph import check
from glassnet.graph.check import GraphError
from glassnet.graph.dims import Dim, broadcast_shapes, concrete, fill_unknown, has_batch, product
from glassnet.graph.graph import Graph, input_node
from glassnet.graph.node import RULES, Builder, constant, current, intern, is_tracing, lift, make, place
from glassnet.graph.ops import INFER, join_kinds
from glassnet.graph.simplify import FOLD
from glassnet.printers.expressions import EXPRESSIONS
from glassnet.printers.to_numpy import print_numpy
from glassnet.programs.interpret import INTERPRET
from glassnet.trace.tracer import Trace, TracedArray, node_of

N = Dim(1)


# ------------------------------------------------------------------------------------------ the tables
@pytest.mark.parametrize(
    "table", [GRADIENTS, EXPRESSIONS, INTERPRET], ids=["gradient", "NumPy text", "interpreter"]
)
def test_every_op_has_a_row_or_an_explicit_none(table):
    assert set(table) == set(INFER)


def test_rules_and_folds_speak_of_known_ops():
    assert set(RULES) <= set(INFER)
    assert set(FOLD) <= set(RULES)


def test_the_rows_without_a_function_are_these():
    assert [op for op, row in EXPRESSIONS.items() if row is None] == ["input", "stop", "apply"]
    assert [op for op, row in INTERPRET.items() if row is None] == ["apply"]
    assert {op for op, rule in GRADIENTS.items() if rule is None} == {
        "input",
        "const",
        "size",
        "arange",
        "sign",
        "floor",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_not",
        "stop",
        "argmax",
        "argmin",
        "random_uniform",
        "call",
        "item",
        "apply",
    }


# ------------------------------------------------------------------------------------------ extents
def test_extents_multiply_and_compare():
    assert (3 * Dim(2), Dim(2) * 3, Dim(1), Dim(4)) == (Dim(6), Dim(6), N, Dim(4))
    assert (repr(N), repr(Dim(3))) == ("n", "3 * n")
    assert N != 1
    assert N != Dim(2)
    assert len({N, Dim(1), Dim(2)}) == 2
    with pytest.raises(TypeError):
        N * 1.5
    with pytest.raises(TypeError):
        N + N


@pytest.mark.parametrize(
    "shapes, expected",
    [
        (((), ()), ()),
        (((3,), ()), (3,)),
        (((2, 3), (3,)), (2, 3)),
        (((2, 1), (1, 3)), (2, 3)),
        (((N, 1), (4,)), (N, 4)),
        (((N,), (N,)), (N,)),
        (((1, 0), (5, 1)), (5, 0)),
        (((Dim(2), 3), (1,)), (Dim(2), 3)),
        (((2, 3), (2, 3), (1,)), (2, 3)),
        ((), ()),
    ],
)
def test_shapes_broadcast_as_in_numpy(shapes, expected):
    assert broadcast_shapes(*shapes) == expected
    if all(isinstance(extent, int) for shape in shapes for extent in shape):
        assert np.broadcast_shapes(*shapes) == expected


@pytest.mark.parametrize(
    "shapes, text",
    [
        (((2,), (3,)), "shapes (2,) and (3,) do not broadcast together"),
        (((N,), (4,)), "shapes (n,) and (4,) do not broadcast together"),
        (((N,), (Dim(2),)), "shapes (n,) and (2 * n,) do not broadcast together"),
        (((2, 3), (3, 2), (1,)), "shapes (2, 3) and (3, 2) and (1,) do not broadcast together"),
        (((0,), (2,)), "shapes (0,) and (2,) do not broadcast together"),
    ],
)
def test_shapes_that_do_not_broadcast_are_named(shapes, text):
    with pytest.raises(ShapeError) as caught:
        broadcast_shapes(*shapes)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "shape, total, expected",
    [
        ((2, 3), 6, (2, 3)),
        ((2, -1), 6, (2, 3)),
        ((-1,), 0, (0,)),
        ((-1,), N, (N,)),
        ((-1, 4), Dim(4), (N, 4)),
        ((N, -1), Dim(12), (N, 12)),
        ((Dim(3), -1), Dim(12), (Dim(3), 4)),
        ((N, -1), 0, (N, 0)),
        ((-1, 2), Dim(6), (Dim(3), 2)),
    ],
)
def test_one_extent_may_be_left_open(shape, total, expected):
    assert fill_unknown(shape, total) == expected


@pytest.mark.parametrize(
    "shape, total, text",
    [
        ((-1, 4), 6, "cannot divide 6 elements by 4"),
        ((-1, 4), Dim(6), "cannot divide 6 * n elements by 4"),
        ((-1, N), 6, "cannot divide 6 elements by n"),
        ((-1, 0), 6, "cannot divide 6 elements by 0"),
        ((-1, 0), 0, "cannot divide 0 elements by 0"),
    ],
)
def test_open_extents_that_do_not_come_out_even(shape, total, text):
    with pytest.raises(ShapeError) as caught:
        fill_unknown(shape, total)
    assert str(caught.value) == text


def test_products_of_extents():
    assert (product(()), product((2, 3)), product((N, 3)), product((N, 0))) == (1, 6, Dim(3), 0)
    assert concrete((Dim(2), 3), 5) == (10, 3)
    assert (has_batch((2, N)), has_batch((2,))) == (True, False)
    with pytest.raises(ShapeError) as caught:
        product((N, N))
    assert str(caught.value) == "an array can hold the batch dimension n only once"


# ------------------------------------------------------------------------------------------ kinds
@pytest.mark.parametrize(
    "kinds, expected",
    [
        (("weak_int", "weak_int"), "weak_int"),
        (("weak_int", "weak_float"), "weak_float"),
        (("weak_int", "bool"), "int"),
        (("weak_float", "bool"), "float"),
        (("weak_int", "int"), "int"),
        (("weak_float", "int"), "float"),
        (("weak_float", "uint"), "float"),
        (("weak_int", "uint"), "uint"),
        (("bool", "bool"), "bool"),
        (("bool", "int"), "int"),
        (("bool", "uint"), "uint"),
        (("int", "uint"), "int"),
        (("int", "float"), "float"),
        (("weak_int", "float"), "float"),
    ],
)
def test_kinds_join(kinds, expected):
    assert join_kinds(*kinds) == join_kinds(*reversed(kinds)) == expected


@pytest.mark.parametrize(
    "f, kinds, expected",
    [
        (lambda x: x + 1, ["int"], "int"),
        (lambda x: x + 1.5, ["int"], "float"),
        (lambda x: x / 2, ["int"], "float"),
        (lambda x: x * 2, ["bool"], "int"),
        (lambda x: x * 1, ["bool"], "int"),
        (lambda x: x + 0, ["bool"], "int"),
        (lambda x: x * 1.0, ["bool"], "float"),
        (lambda x, y: x * y, ["bool", "float"], "float"),
        (lambda x, y: x + y, ["int", "float"], "float"),
        (lambda x: x > 0, ["float"], "bool"),
        (lambda x: x.sum(), ["bool"], "int"),
        (lambda x: x.mean(), ["bool"], "float"),
        (lambda x: x.max(), ["int"], "int"),
        (np.argmax, ["float"], "int"),
        (lambda x: np.where(x > 0, 1, 0), ["float"], "int"),
        (lambda x: np.where(x > 0, 1, 0.5), ["float"], "float"),
        (lambda x: np.where(x > 0, x, 0), ["int"], "int"),
        (np.exp, ["int"], "float"),
        (np.sqrt, ["bool"], "float"),
        (np.abs, ["int"], "int"),
        (np.fabs, ["int"], "float"),
        (lambda x: x.astype(np.float32), ["int"], "float"),
        (lambda x: x.astype(np.uint32), ["int"], "uint"),
        (lambda x: x.astype(np.int8), ["float"], "int"),
        (np.zeros_like, ["int"], "int"),
        (np.ones_like, ["bool"], "bool"),
        (np.logical_and, ["float", "int"], "bool"),
    ],
)
def test_kinds_of_results(f, kinds, expected):
    graph = gn.trace(f, *[gn.Array((3,), kind) for kind in kinds])
    assert graph.outputs[0].kind == expected


# ------------------------------------------------------------------------------------------ shape errors
SHAPE_ERRORS = {
    "matmul": (lambda x, y: x @ y, [(2, 3), (4, 5)], "matmul: (2, 3) @ (4, 5) do not match"),
    "matmul of batches": (
        lambda x, y: x @ y,
        [("n", 2, 3), (4, 3, 5)],
        "matmul: shapes (n,) and (4,) do not broadcast together",
    ),
    "add": (lambda x, y: x + y, [(2, 3), (4,)], "add: shapes (2, 3) and (4,) do not broadcast together"),
    "batch": (
        lambda x, y: x - y,
        [("n", 3), (5, 3)],
        "sub: shapes (n, 3) and (5, 3) do not broadcast together",
    ),
    "where": (
        lambda x, y: np.where(x > 0, x, y),
        [(2,), (3,)],
        "where: shapes (2,) and (2,) and (3,) do not broadcast together",
    ),
    "reshape": (lambda x: x.reshape(4), [(2, 3)], "reshape: cannot reshape (2, 3) to (4,)"),
    "reshape, -1": (lambda x: x.reshape(-1, 4), [(2, 3)], "cannot divide 6 elements by 4"),
    "broadcast": (
        lambda x: np.broadcast_to(x, (2, 4)),
        [(2, 3)],
        "broadcast: shapes (2, 3) and (2, 4) do not broadcast together",
    ),
    "broadcast to less": (
        lambda x: np.broadcast_to(x, (3,)),
        [(2, 3)],
        "broadcast: cannot broadcast (2, 3) to (3,)",
    ),
    "concatenate": (
        lambda x, y: np.concatenate([x, y]),
        [(2, 3), (2, 4)],
        "concat: cannot concatenate (2, 3) and (2, 4) along axis 0",
    ),
    "concatenate, ranks": (
        lambda x, y: np.concatenate([x, y]),
        [(2, 3), (3,)],
        "concat: cannot concatenate (2, 3) and (3,) along axis 0",
    ),
    "concatenate, batch": (
        lambda x: np.concatenate([x, x]),
        [("n", 3)],
        "concat: arrays cannot be concatenated along the batch dimension n",
    ),
    "transpose": (
        lambda x: x.transpose(0, 0),
        [(2, 3)],
        "transpose: axes (0, 0) are not a permutation of those of (2, 3)",
    ),
    "max of nothing": (
        lambda x: x.max(axis=0),
        [(0, 3)],
        "max: an empty axis of (0, 3) has no extreme value",
    ),
    "argmax of nothing": (
        lambda x: x.argmin(axis=1),
        [(3, 0)],
        "argmin: an empty axis of (3, 0) has no extreme value",
    ),
    "pick": (
        lambda x: gn.pick(x, np.array([1, 2, 0])),
        [(2, 3)],
        "pick: one index per row is needed: (3,) indices for (2, 3)",
    ),
    "batch twice": (
        lambda x: x @ x.T,
        [("n", 3)],
        "matmul: an array of shape (n, n) would hold the batch dimension n twice",
    ),
    "batch twice, pairs": (
        lambda x: x[:, None] - x[None, :],
        [("n",)],
        "sub: an array of shape (n, n) would hold the batch dimension n twice",
    ),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_errors_say_which_shapes_and_where(name):
    f, shapes, text = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as caught:
        gn.trace(f, *shapes)
    line, _, rest = str(caught.value).partition("\n")
    assert line.startswith("test_tables.py:")
    assert rest == text


def test_booleans_have_no_minus():
    for f in (lambda m: -m, lambda m: m - m):
        with pytest.raises(TraceError) as caught:
            gn.trace(f, gn.Array((2,), "bool"))
        assert str(caught.value).splitlines()[1] == (
            "NumPy has no minus for booleans; use ^ or ~, or cast with .astype(float)."
        )


# ------------------------------------------------------------------------------------------ simplification
X, I, M, Y, S = ((3, 4), "float"), ((3, 4), "int"), ((3, 4), "bool"), ((4,), "float"), ((), "float")
SIMPLIFIED = [
    # constants fold, in the decimal numbers that the user wrote
    (lambda x: (x * 2) * 3, [X], "6 * x"),
    (lambda x: 0.1 * (0.2 * x), [X], "0.02 * x"),
    (lambda x: 0.7 * (0.1 * x), [X], "0.07 * x"),
    (lambda x: 3 * (x * 2) / 6, [X], "x"),
    (lambda x: 2 * x / 4, [X], "0.5 * x"),
    (lambda x: x / 1, [X], "x"),
    # neutral elements
    (lambda x: 0 + x, [X], "x"),
    (lambda x: x + 0.0, [X], "x"),
    (lambda x: x - 0, [X], "x"),
    (lambda x: x * 1, [X], "x"),
    (lambda x: 1.0 * x, [X], "x"),
    (lambda x: x**1, [X], "x"),
    (lambda x: x + 0, [I], "x"),
    (lambda x: x + 0, [M], "x + 0"),
    (lambda x: 1 * x, [M], "x.astype(int)"),
    (lambda x: x * 1, [M], "x.astype(int)"),
    (lambda x: x**1, [M], "x**1"),
    (lambda x: x + 0.0, [I], "x.astype(float)"),
    (lambda x: x / 1, [I], "x.astype(float)"),
    # constants stand on the left; signs move outwards
    (lambda x: x * 2, [X], "2 * x"),
    (lambda x: x + 2, [X], "x + 2"),
    (lambda x, y: x * (2 * y), [X, Y], "2 * x * y"),
    (lambda x: -1 * x, [X], "-x"),
    (lambda x: x * -1, [X], "-x"),
    (lambda x: -(-x), [X], "x"),
    (lambda x, y: x + (-y), [X, Y], "x - y"),
    (lambda x, y: (-x) + y, [X, Y], "y - x"),
    (lambda x, y: x - (-y), [X, Y], "x + y"),
    (lambda x: x + (-2), [X], "x - 2"),
    (lambda x, y: x + (-2) * y, [X, Y], "x - 2 * y"),
    (lambda x: 0 - x, [X], "-x"),
    (lambda x, y: (-x) * y, [X, Y], "-x * y"),
    (lambda x, y: x * (-y), [X, Y], "-x * y"),
    (lambda x, y: (-x) / y, [X, Y], "-x / y"),
    (lambda x: 2 * (-x), [X], "-2 * x"),
    (lambda x: -(2 * x), [X], "-2 * x"),
    (lambda x: (-x).sum(axis=0), [X], "-x.sum(axis=0)"),
    (lambda x: (-x).mean(), [X], "-x.mean()"),
    # an unsigned integer meets no negative number
    (lambda x: -(2 * x), [I], "-(2 * x)"),
    (lambda x: 2 * (-x), [I], "-(2 * x)"),
    (lambda x, y: -((x > 0) * y), [X, Y], "-((x > 0) * y)"),
    # reciprocals
    (lambda x, y: x * (1 / y), [X, Y], "x / y"),
    (lambda x, y: x * (2 / y), [X, Y], "2 * x / y"),
    (lambda x: 3 * (2 / x), [X], "6 / x"),
    (lambda x, y: 2 * (x / y), [X, Y], "2 * x / y"),
    (lambda x, s: x * np.broadcast_to(1 / s, (3, 4)), [X, S], "x / s"),
    # shapes
    (lambda x: x.T.T, [X], "x"),
    (lambda x: x.transpose(0, 1), [X], "x"),
    (lambda x: x.reshape(3, 4), [X], "x"),
    (lambda x: x.reshape(12).reshape(2, 6), [X], "x.reshape(2, 6)"),
    (lambda x: np.broadcast_to(x, (3, 4)), [X], "x"),
    (lambda x: np.broadcast_to(np.broadcast_to(x, (3, 4)), (2, 3, 4)), [Y], "np.broadcast_to(x, (2, 3, 4))"),
    (lambda x, y: x + np.broadcast_to(y, (3, 4)), [X, Y], "x + y"),
    (lambda x: x[:, :], [X], "x"),
    (lambda x: x[0:3], [X], "x"),
    (lambda x: x[...], [X], "x"),
    (lambda x: x.transpose(1, 0)[None].transpose(0, 2, 1), [X], "x.T.reshape(1, 4, 3).transpose(0, 2, 1)"),
    # reductions
    (lambda x: x.sum(axis=()), [X], "x"),
    (lambda x: x.sum(axis=0).sum(), [X], "x.sum()"),
    (lambda x: x.mean(axis=0).mean(), [X], "x.mean()"),
    (lambda x: x.sum(axis=0).mean(), [X], "x.sum(axis=0).mean()"),
    (lambda s: np.broadcast_to(s, (3, 4)).sum(), [S], "12 * s"),
    (lambda s: np.broadcast_to(s, (3, 4)).mean(), [S], "s"),
    # casts and choices
    (lambda x: x.astype(float), [X], "x"),
    (lambda x: x.astype(int), [I], "x"),
    (lambda x: x.astype(int).astype(float), [M], "x.astype(float)"),
    (lambda x: x.astype(int).astype(float), [X], "x.astype(int).astype(x.dtype)"),
    (lambda x, y: np.where(True, x, y), [X, Y], "x"),
    (lambda x, y: np.where(False, x, np.broadcast_to(y, (3, 4))), [X, Y], "np.broadcast_to(y, (3, 4))"),
    # and what must stay
    (lambda x: x * 0, [X], "0 * x"),
    (lambda x: x - x, [X], "x - x"),
    (lambda x: x / x, [X], "x / x"),
    (lambda x: 1e200 * (1e200 * x), [X], "1e+200 * (1e+200 * x)"),
    (lambda x: np.inf * (0.0 * x), [X], "np.inf * (0.0 * x)"),
    (lambda x: x**0, [X], "x**0"),
    (lambda x: x * (10**400) * 0.5, [X], f"0.5 * ({10**400} * x)"),
]


@pytest.mark.parametrize(
    "f, inputs, expected", SIMPLIFIED, ids=[f"{i}: {e[:40]}" for i, (_, _, e) in enumerate(SIMPLIFIED)]
)
def test_expressions_are_simplified_as_they_are_made(f, inputs, expected):
    text = gn.source(f, *[gn.Array(*spec) for spec in inputs])
    returned = text.rpartition("    return ")[2].strip()
    assert returned == expected


@pytest.mark.parametrize(
    "make_it, expected",
    [
        (lambda: 1 - constant(0.9), 0.1),
        (lambda: constant(0.1) + 0.2, 0.3),
        (lambda: constant(0.1) * 3, 0.3),
        (lambda: constant(1) / 3, 1 / 3),
        (lambda: constant(2) ** 3, 8),
        (lambda: -constant(2), -2),
        (lambda: make("sqrt", 2), 2**0.5),
        (lambda: make("maximum", 2, 3.5), 3.5),
    ],
)
def test_numbers_fold_in_decimal(make_it, expected):
    with Builder():
        node = make_it()
    assert (node.op, node.attrs["value"]) == ("const", expected)


@pytest.mark.parametrize(
    "make_it",
    [
        lambda: constant(1) / 0,
        lambda: make("log", 0),
        lambda: make("exp", 1e6),
        lambda: constant(-8.0) ** (1 / 3),
        lambda: constant(10) ** 400 * 1.5,
        lambda: constant(1e200) * 1e200,
        lambda: constant(float("inf")) * 0,
        lambda: constant(float("nan")) + 1,
    ],
)
def test_numbers_without_a_finite_result_do_not_fold(make_it):
    with Builder():
        assert make_it().op != "const"


def test_no_rule_looks_through_a_name():
    def f(x):
        double = 2 * x
        return 3 * double

    assert "double = 2 * x" in gn.source(f, (3,))
    assert "return 3 * double" in gn.source(f, (3,))


# ------------------------------------------------------------------------------------------ nodes
def test_equal_nodes_are_one_node():
    with Builder():
        x = input_node("x", (3,))
        assert make("exp", x) is make("exp", x)
        assert make("add", x, 1) is not make("add", x, 1.0)
        assert constant(0.0) is not constant(-0.0)
        assert constant(1) is not constant(True)
        assert constant(float("nan")) is constant(float("nan"))
        assert lift(N) is lift(Dim(1))
        assert x * 2 + 1 is x * 2 + 1
    with Builder():
        assert input_node("x", (3,)) is not x


def test_builders_nest_and_places_are_restored():
    assert not is_tracing()
    with Builder() as outer:
        x = input_node("x", (3,))
        with place(scope="dense_1", phase="backward"):
            y = -x
            with Builder() as inner:
                assert current() is inner
        assert is_tracing()
        assert current() is outer
        assert (y.label.scope, y.label.phase) == ("dense_1", "backward")
        assert (x.label.scope, x.label.phase) == ("", "forward")
        assert (outer.scope, outer.phase) == ("", "forward")
    assert not is_tracing()


def test_the_text_of_a_graph():
    def f(x, k):
        z = np.exp(x[::2])
        return z.sum(axis=1) * k

    assert str(gn.trace(f, (4, "n"), gn.Array((), "int"))) == (
        "f(x (4, n), k ())\n"
        "  x    = input         (4, n) float\n"
        "  k    = input         () int\n"
        "  v2   = slice(x)      (2, n) float   slices=((0, 4, 2), None)\n"
        "  v3   = exp(v2)       (2, n) float\n"
        "  v4   = sum(v3)       (2,) float     axis=(1,) keepdims=False\n"
        "  v5   = cast(k)       () float       to=float\n"
        "  v6   = mul(v4, v5)   (2,) float\n"
        "  return v6"
    )


# ------------------------------------------------------------------------------------------ check
def small() -> Graph:
    return gn.trace(lambda x, y: np.tanh(x @ y).sum() + 1, ("n", 3), (3, 2))


def test_check_answers_a_sound_graph():
    graph = small()
    assert check(graph) is graph


def node_with(graph: Graph, op: str):
    return next(node for node in graph.nodes() if node.op == op)


def broken_place(graph):
    return replace(graph, places=(*graph.places, ("return", "1")))


def broken_double_place(graph):
    return replace(graph, outputs=graph.outputs * 2, places=graph.places * 2)


def broken_input_list(graph):
    return replace(graph, inputs=(*graph.inputs, graph.outputs[0]))


def broken_undeclared(graph):
    return replace(graph, inputs=graph.inputs[:1])


def broken_op(graph):
    node_with(graph, "tanh").op = "tangent"
    return graph


def broken_kind(graph):
    node_with(graph, "sum").kind = "number"
    return graph


def broken_shape(graph):
    node_with(graph, "matmul").shape = (N, 3)
    return graph


def broken_order(graph):
    node_with(graph, "tanh").id = node_with(graph, "matmul").id - 1
    return graph


def broken_adjoint(graph):
    node_with(graph, "matmul").label.adjoint = graph.outputs[0]
    return graph


def broken_apply(graph):
    node_with(graph, "tanh").op = "apply"
    return graph


BROKEN = {
    broken_place: "each output has one place",
    broken_double_place: "no two outputs share a place",
    broken_input_list: "inputs are input nodes",
    broken_undeclared: "every input node is declared",
    broken_op: "the op is in the table",
    broken_kind: "the kind is known",
    broken_shape: "shape and kind are as inferred, ((n, 2), 'float')",
    broken_order: "inputs precede their users",
    broken_adjoint: "a gradient has its value's shape",
    broken_apply: "layers have been traced through",
}


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_check_names_the_broken_invariant(damage):
    with pytest.raises(GraphError) as caught:
        check(damage(small()))
    assert str(caught.value).startswith(f"broken invariant: {BROKEN[damage]}\nfound: ")
    assert isinstance(caught.value, AssertionError)


def test_every_pipeline_keeps_a_graph_sound_and_idempotent():
    graph = gn.trace(
        lambda x: gn.grad(lambda z: (gn.activations.sigmoid(z) * gn.stop_gradient(z)).sum())(x), ("n", 3)
    )
    for name in passes.PIPELINES:
        once = check(passes.run(graph, name))
        assert str(check(passes.run(once, name))) == str(once)
        assert "stop" not in {node.op for node in once.nodes()}
    assert "call" in {node.op for node in passes.run(graph, "numpy").nodes()}
    assert "call" not in {node.op for node in passes.run(graph, "reference").nodes()}


def test_an_unprintable_op_is_a_bug_with_its_name():
    with Trace():
        x = input_node("x", (3,))
        stopped = intern("stop", (x,), {})
    with pytest.raises(gn.errors.GlassnetError) as caught:
        print_numpy(Graph((x,), (stopped,), (("return", "0"),)))
    assert str(caught.value) == "op 'stop' has no NumPy text"


def test_shape_arithmetic_of_the_batch():
    def f(x):
        n = x.shape[0]
        return x.sum() / n + 1 / n + (n - 1) * x.mean() + x.size * 0.5 + n * 2.5

    assert gn.source(f, ("n", 3)).endswith(
        "    return x.sum() / n + 1 / n + (n - 1) * x.mean() + 0.5 * (3 * n) + 2.5 * n\n"
    )
    with Trace():
        x = TracedArray(input_node("x", (Dim(1), 3)))
        assert x.shape == (N, 3)
        assert x.reshape(x.shape[0] * 3).shape == (Dim(3),)
        assert node_of(x.shape[0]).op == "size"
