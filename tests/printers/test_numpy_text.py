"""How graphs read as NumPy: precedence, lines, names, helpers, dictionaries."""

# ruff: noqa: A001, PLW0108 - the cases are written as users write

from __future__ import annotations

import ast
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet.functional import Array
from glassnet.graph.dims import Dim
from glassnet.graph.graph import Graph, input_node, input_place
from glassnet.graph.node import Builder, constant, intern, lift, make, place, reduce, reshape
from glassnet.nn.activations import log_softmax, sigmoid, softmax
from glassnet.printers.layout import wrap
from glassnet.programs import Program, compile_graph, interpret

N = Dim(1)


def function_lines(text, name=None):
    """The lines of one function, without comments and headings."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("def " + (name or ""))]
    start = starts[-1] if name is None else starts[0]
    block = [lines[start]]
    for line in lines[start + 1 :]:
        if line and not line.startswith(" "):
            break
        block.append(line.partition("  #")[0].rstrip())
    return [line for line in block if line.strip() and not line.strip().startswith("#")]


def expression(f, *specs):
    """What the printed function returns."""
    return function_lines(gn.source(f, *specs))[-1].strip().removeprefix("return ")


# ------------------------------------------------------------------------------------------ precedence
A, B, C = (2, 2), (2, 2), (2, 2)
MASK, INT = Array((2, 2), "bool"), Array((2, 2), "int")
EXPRESSIONS = [
    (lambda a, b, c: a + b + c, "a + b + c"),
    (lambda a, b, c: a + (b + c), "a + (b + c)"),
    (lambda a, b, c: a - (b - c), "a - (b - c)"),
    (lambda a, b, c: a - b - c, "a - b - c"),
    (lambda a, b, c: a * (b * c), "a * (b * c)"),
    (lambda a, b, c: a / (b / c), "a / (b / c)"),
    (lambda a, b, c: a / b / c, "a / b / c"),
    (lambda a, b, c: a * b / c, "a * b / c"),
    (lambda a, b, c: a * (b / c), "a * (b / c)"),
    (lambda a, b, c: (a + b) * c, "(a + b) * c"),
    (lambda a, b, c: a + b * c, "a + b * c"),
    (lambda a, b, c: a @ b @ c, "t1 @ c"),
    (lambda a, b, c: a * b @ c, "a * b @ c"),
    (lambda a, b, c: a - b @ c, "a - t1"),
    (lambda a, b, c: a ** (b**c), "a**(b**c)"),
    (lambda a, b, c: (a**b) ** c, "(a**b)**c"),
    (lambda a, b, c: (-a) ** b, "(-a)**b"),
    (lambda a, b, c: -(a**b), "-a**b"),
    (lambda a, b, c: a ** (-b), "a**(-b)"),
    (lambda a, b, c: a**-1.5, "a**(-1.5)"),
    (lambda a, b, c: (-2.0) ** a, "(-2.0)**a"),
    (lambda a, b, c: -(a + b), "-(a + b)"),
    (lambda a, b, c: -(a / b) * c, "-a / b * c"),
    (lambda a, b, c: a - (-b) / c, "a + b / c"),
    (lambda a, b, c: (a + b).T, "(a + b).T"),
    (lambda a, b, c: (a + b).sum(axis=0), "(a + b).sum(axis=0)"),
    (lambda a, b, c: (-a).max(axis=0), "(-a).max(axis=0)"),
    (lambda a, b, c: (a * b)[0], "(a * b)[:1].reshape(2)"),
    (lambda a, b, c: (a > b) & (b > c), "(a > b) & (b > c)"),
    (lambda a, b, c: (a > b) | (b > c) & (a > c), "(a > b) | (b > c) & (a > c)"),
    (lambda a, b, c: ((a > b) | (b > c)) & (a > c), "((a > b) | (b > c)) & (a > c)"),
    (lambda a, b, c: ~((a > b) & (b > c)), "~((a > b) & (b > c))"),
    (lambda a, b, c: ~(a > b), "~(a > b)"),
    (lambda a, b, c: (a > b) == (b > c), "(a > b) == (b > c)"),
    (lambda a, b, c: (a + b) > (b - c), "a + b > b - c"),
    (lambda a, b, c: (a > b) * c, "(a > b) * c"),
    (lambda a, b, c: -((a > b) * c), "-((a > b) * c)"),
    (lambda a, b, c: np.where((a > b) & (b > 0), a + b, -c), "np.where((a > b) & (b > 0), a + b, -c)"),
    (lambda a, b, c: np.maximum(a + b, -c) * 2, "2 * np.maximum(a + b, -c)"),
    (lambda a, b, c: (a + b).astype(int), "(a + b).astype(int)"),
    (lambda a, b, c: np.exp(a) ** 2, "np.exp(a)**2"),
    (lambda a, b, c: 1 / (1 + np.exp(-a)), "1 / (1 + np.exp(-a))"),
    (lambda a, b, c: a * 1e-7 + 1e16 - 0.1, "1e-7 * a + 1e+16 - 0.1"),
    (
        lambda a, b, c: np.maximum(a, -np.inf) + np.minimum(b, np.inf),
        "np.maximum(a, -np.inf) + np.minimum(b, np.inf)",
    ),
    (lambda a, b, c: np.where(a > 0, np.nan, b), "np.where(a > 0, np.nan, b)"),
    (lambda a, b, c: a * -np.inf - -np.inf, "-np.inf * a - -np.inf"),
]


@pytest.mark.parametrize("f, text", EXPRESSIONS, ids=[text for _, text in EXPRESSIONS])
def test_parentheses_only_where_they_are_needed(f, text):
    assert expression(f, A, B, C) == text


OTHER_ROWS = [
    (lambda x: x.sum(), [(2, 3)], "x.sum()"),
    (lambda x: x.sum(keepdims=True), [(2, 3)], "x.sum(keepdims=True)"),
    (lambda x: x.mean(axis=(0, 2)), [(2, 3, 4)], "x.mean(axis=(0, 2))"),
    (lambda x: x.var(axis=1, keepdims=True), [(2, 3)], "x.var(axis=1, keepdims=True)"),
    (lambda x: x.sum(axis=0), [(3,)], "x.sum()"),
    (lambda x: np.argmax(x), [(3,)], "x.argmax(axis=0)"),
    (lambda x: np.argmin(x, axis=1), [(2, 3)], "x.argmin(axis=1)"),
    (lambda x: x.T, [(2, 3)], "x.T"),
    (lambda x: x.transpose(1, 2, 0), [(2, 3, 4)], "x.transpose(1, 2, 0)"),
    (lambda x: x[:, None], [(3,)], "x[:, None]"),
    (lambda x: x[..., None], [(2, 3)], "x[..., None]"),
    (lambda x: x[None], [(3,)], "x.reshape(1, 3)"),
    (lambda x: x.reshape(-1), [("n", 3)], "x.reshape(3 * n)"),
    (lambda x: x.reshape(()), [(1,)], "x.reshape(())"),
    (lambda x: x[1:], [(3, 2)], "x[1:]"),
    (lambda x: x[:, 1:], [("n", 2)], "x[:, 1:]"),
    (lambda x: x[::-1], [(3,)], "x[2::-1]"),
    (lambda x: x[3:0:-2], [(5,)], "x[3:0:-2]"),
    (lambda x: x[:, ::2, 1], [("n", 4, 3)], "x[:, ::2, 1:2].reshape(n, 2)"),
    (lambda x: np.broadcast_to(x, (2, 3)), [(3,)], "np.broadcast_to(x, (2, 3))"),
    (lambda x: np.zeros_like(x), [("n", 3)], "np.full((n, 3), 0.0, x.dtype)"),
    (lambda x: np.where(x > 0, 1.0, 0.0), [(3,)], "np.where(x > 0, x.dtype.type(1.0), 0.0)"),
    (lambda x: np.where(x > 0, 1, 0), [(3,)], "np.where(x > 0, 1, 0)"),
    (lambda x: np.concatenate([x, x], axis=1), [(2, 3)], "np.concatenate([x, x], axis=1)"),
    (
        lambda x: np.concatenate([x, 1.0], axis=None),
        [(2,)],
        "np.concatenate([x, x.dtype.type(1.0)], axis=None)",
    ),
    (lambda x, y: gn.pick(x, y), [("n", 3), Array(("n",), "int")], "x[np.arange(n), y]"),
    (
        lambda x, y: gn.pick(x, y),
        [(2, "n", 3), Array((2, "n"), "int")],
        "np.take_along_axis(x, y[..., None], axis=-1)[..., 0]",
    ),
    (lambda x, y: gn.pick(x, y), [(3,), Array((), "int")], "x[y]"),
    (lambda t, i: t[i], [(5, 2), Array(("n",), "int")], "t[i]"),
    (lambda y: gn.one_hot(y, 4), [Array(("n",), "int")], "y[:, None] == np.arange(4)"),
    (lambda k: k / 2, [Array((3,), "int")], "k.astype(float) / 2"),
    (lambda x, k: x * k, [(3,), Array((3,), "int")], "x * k.astype(x.dtype)"),
    (lambda x, m: x * m, [(3,), Array((3,), "bool")], "x * m"),
    (lambda x: x.astype(bool), [(3,)], "x.astype(bool)"),
    (lambda x: x.astype(np.uint32), [(3,)], "x.astype(np.uint32)"),
    (lambda x: np.expm1(x) + np.log1p(x), [(3,)], "np.expm1(x) + np.log1p(x)"),
]


@pytest.mark.parametrize("f, specs, text", OTHER_ROWS, ids=[text for *_, text in OTHER_ROWS])
def test_how_each_op_reads(f, specs, text):
    assert expression(f, *specs) == text


ARITHMETIC = ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "matmul")
SIGNS = ("neg", "abs", "exp", "transpose")
TESTS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


@st.composite
def trees(draw, kind, depth=5):
    """A random expression as nested tuples (op, operands); leaves are names or numbers."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        if kind == "bool":
            return draw(st.sampled_from(("p", "q")))
        return draw(st.sampled_from(("x", "y", 2, 0.5, -1, -1.5)))
    if kind == "bool":
        op = draw(st.sampled_from((*TESTS, "logical_and", "logical_or", "logical_not", "where")))
        inner = "number" if op in TESTS else "bool"
    else:
        op = draw(st.sampled_from((*ARITHMETIC, *SIGNS, "where")))
        inner = "number"
    count = 1 if op in SIGNS or op == "logical_not" else 3 if op == "where" else 2
    kinds = ["bool", inner, inner] if op == "where" else [inner] * count
    return op, *[draw(trees(k, depth - 1)) for k in kinds]


def build(tree, leaves):
    """Nodes for a tree, without simplification, so that every combination reaches the printer."""
    if not isinstance(tree, tuple):
        return leaves[tree] if isinstance(tree, str) else constant(tree)
    op, *operands = tree
    nodes = tuple(build(operand, leaves) for operand in operands)
    if op == "transpose":
        return make("transpose", nodes[0], axes=(1, 0)) if nodes[0].ndim == 2 else nodes[0]
    if op == "matmul" and any(node.ndim < 2 for node in nodes):
        op = "mul"
    return intern(op, nodes, {})


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees("number"), weak=st.booleans())
def test_a_printed_expression_means_what_the_graph_means(tree, weak):
    shape = () if weak else (2, 2)
    kinds = {"x": "weak_float" if weak else "float", "p": "weak_int" if weak else "bool"}
    kinds |= {"y": kinds["x"], "q": kinds["p"]}
    with Builder():
        leaves = {name: input_node(name, shape, kind) for name, kind in kinds.items()}
        node = build(tree, leaves)
        graph = Graph(tuple(leaves.values()), (node,), (("return", "0"),))
    plain = {"x": 1.25, "y": -0.75, "p": True, "q": False}
    arrays = {
        "x": np.array([[1.25, -2.0], [0.5, 3.0]]),
        "y": np.array([[-0.75, 1.5], [2.0, -1.0]]),
        "p": np.array([[True, False], [True, True]]),
        "q": np.array([[False, False], [True, False]]),
    }
    values = {("argument", name): (plain if weak else arrays)[name] for name in leaves}
    program = Program(graph)
    with np.errstate(all="ignore"):
        try:
            expected = interpret(graph, values)["return", "0"]
        except (ArithmeticError, TypeError, ValueError):  # Python's own: 1 / 0, math.exp(1000), complex
            return
        found = program(values)["return", "0"]
    assert np.array_equal(found, expected, equal_nan=not isinstance(expected, complex | bool)), program.text
    assert type(found) is type(expected)


# ------------------------------------------------------------------------------------------ lines
def long_sum(x):
    parts = [np.exp(x * i) / (1 + x**2) for i in range(2, 20)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part * np.tanh(part)
    return total


def long_call(x):
    columns = [np.where(x[:, i % 3] > 0.25 * i, np.maximum(x[:, i % 3], 0.125 * i), -0.5) for i in range(9)]
    return np.stack(columns, axis=1)


def long_return(x):
    return tuple(np.maximum(x * i, np.minimum(x, -i) + np.tanh(x)) for i in range(2, 12))


def long_names(x):
    a_rather_long_name_for_a_value = np.exp(x)
    another_rather_long_name_here = np.tanh(x)
    return np.concatenate(
        [a_rather_long_name_for_a_value * another_rather_long_name_here] * 4
        + [another_rather_long_name_here],
        axis=1,
    )


@pytest.mark.parametrize("f", [long_sum, long_call, long_return, long_names])
def test_long_lines_are_split_and_keep_their_meaning(f):
    graph = gn.trace(f, ("n", 3))
    program = compile_graph(graph)
    rows = program.text.splitlines()
    assert max(map(len, rows)) <= 110
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    found = list(program({("argument", "x"): x}).values())
    expected = f(x)
    for a, b in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize(
    "line, rows",
    [
        ("    a = b + c", ["    a = b + c\t# (3,)"]),
        (
            "    chosen = np.where(first_condition_of_all, second_argument_of_where, third_argument_of_it)",
            [
                "    chosen = np.where(",
                "        first_condition_of_all, second_argument_of_where,",
                "        third_argument_of_it,",
                "    )\t# (3,)",
            ],
        ),
        (
            "    return " + ", ".join(f"np.tanh(a_long_name_{i}) * 2" for i in range(4)),
            [
                "    return (",
                "        np.tanh(a_long_name_0) * 2, np.tanh(a_long_name_1) * 2,",
                "        np.tanh(a_long_name_2) * 2, np.tanh(a_long_name_3) * 2,",
                "    )\t# (3,)",
            ],
        ),
        (
            "    x = " + " + ".join(["a_long_name"] * 9),
            ["    x = " + " + ".join(["a_long_name"] * 9) + "\t# (3,)"],
        ),
    ],
)
def test_wrapping_of_single_lines(line, rows):
    assert wrap(line, "(3,)") == rows
    block, plain = (f"def f():\n{text}" for text in ("\n".join(rows), line))
    assert ast.dump(ast.parse(block)) == ast.dump(ast.parse(plain))


def test_shared_views_do_not_multiply_the_text():
    def f(x):
        for _ in range(5):
            r = [(x * 1.1).reshape(3, 2)]
            x = [(r[0] * r[0] / 2).reshape(2, 3)][0]
            x = [np.where(x > 0, x * (x > 0.5), x)][0]
        return x

    program = compile_graph(gn.trace(f, (2, 3)))
    assert len(program.text) < 2_500  # written out wherever it is used, it would be 100,000
    x = np.linspace(-1, 0.5, 6).reshape(2, 3)
    np.testing.assert_allclose(program({("argument", "x"): x})["return", "0"], f(x), rtol=1e-12)


def test_a_value_used_twice_has_a_line():
    def f(x):
        return np.exp(x) * np.exp(x) + np.exp(x)

    assert function_lines(gn.source(f, (3,))) == [
        "def f(x):",
        "    t1 = np.exp(x)",
        "    return t1 * t1 + t1",
    ]


def test_imports_and_the_batch_size_only_where_mentioned():
    assert gn.source(lambda x: x.sum(), ("n", 3)).splitlines()[:5] == [
        "import numpy as np",
        "",
        "",
        "def f(x):",
        "    return x.sum()",
    ]
    assert gn.source(lambda a, x: a * x / x.shape[1], (2, 1), (2, "n")).splitlines()[3:7] == [
        "def f(a, x):",
        "    n = x.shape[1]",
        "",
        "    return a * x / n",
    ]
    with Builder():
        z = input_node("z", (Dim(2), 3))
        graph = Graph((z,), (reshape(z, (Dim(6),)),), (("return", "0"),))
    assert function_lines(Program(graph).text) == [
        "def f(z):",
        "    n = z.shape[0] // 2",
        "    return z.reshape(6 * n)",
    ]


def test_comments_give_shapes_and_kinds():
    def f(x, k):
        mask = x > 0
        rows = np.argmax(x, axis=1)
        total = x.sum()
        z = x * total * k
        return z, mask, rows

    assert gn.source(f, ("n", 3), Array((3,), "int")).splitlines()[3:] == [
        "def f(x, k):",
        "    mask = x > 0                       # (n, 3) bool",
        "    rows = x.argmax(axis=1)            # (n,) int",
        "    total = x.sum()                    # scalar",
        "    z = x * total * k.astype(x.dtype)  # (n, 3)",
        "    return z, mask, rows",
    ]


# ------------------------------------------------------------------------------------------ collisions
x = np.array([0.5, 1.0, -2.0])


def run(f, *args):
    graph = gn.trace(f, *[np.shape(a) for a in args])
    program = compile_graph(graph)
    values = {input_place(node): value for node, value in zip(graph.inputs, args, strict=False)}
    found, expected = program(values), f(*args)
    np.testing.assert_allclose(next(iter(found.values())), expected, rtol=1e-14)
    return program.text


def argument_named_like_a_composite(sigmoid, y):
    return gn.activations.sigmoid(y) * sigmoid


def argument_named_like_a_built_in_helper(put_slice):
    return gn.grad(lambda q: (q[1:] ** 2).sum())(put_slice)


def argument_named_like_the_function(argument_named_like_the_function):
    return argument_named_like_the_function * 2


def variable_named_like_a_composite(y):
    sigmoid = y * 2
    return gn.activations.sigmoid(y) * sigmoid * sigmoid


def variable_named_like_a_temporary(y):
    t1 = np.exp(y)
    return (np.tanh(y) * np.tanh(y) + t1) * t1


def variable_named_like_a_dictionary(y):
    parameters = np.exp(y)
    state = parameters * 2
    return parameters * state


def variable_named_like_an_adjoint(y):
    def loss(z):
        dz = np.exp(z)
        return (dz * dz * z).sum()

    return gn.grad(loss)(y)


def variable_named_like_python_s(y):
    int = np.exp(y)
    float, sum, n, np_ = int * 2, int * 3, int + 1, int - 1
    return (np.argmax(y) * int / 2 + float * sum) * n * np_


COLLISIONS = [
    (argument_named_like_a_composite, (x, x)),
    (argument_named_like_a_built_in_helper, (x,)),
    (argument_named_like_the_function, (x,)),
    (variable_named_like_a_composite, (x,)),
    (variable_named_like_a_temporary, (x,)),
    (variable_named_like_a_dictionary, (x,)),
    (variable_named_like_python_s, (x,)),
]


@pytest.mark.parametrize("f, args", COLLISIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_names_that_collide_are_told_apart(f, args):
    if f is argument_named_like_a_built_in_helper:
        text = compile_graph(gn.trace(lambda put_slice: f(put_slice), (3,))).text
        assert function_lines(text)[0] == "def f(put_slice_2):"
        assert compile_graph(gn.trace(f, (3,)))({("argument", "put_slice"): x})["return", "0"].tolist() == [
            0,
            2,
            -4,
        ]
    else:
        run(f, *args)


def test_adjoints_give_way_to_the_user_s_names():
    text = compile_graph(gn.trace(variable_named_like_an_adjoint, (3,))).text
    found = compile_graph(gn.trace(variable_named_like_an_adjoint, (3,)))({("argument", "y"): x})[
        "return", "0"
    ]
    np.testing.assert_allclose(found, np.exp(2 * x) * (1 + 2 * x), rtol=1e-14)
    assert len(set(re.findall(r"^    (\w+) =", text, flags=re.MULTILINE))) == len(
        re.findall(r"^    \w+ =", text, flags=re.M)
    )


# ------------------------------------------------------------------------------------------ helpers
@gn.composite
def scaled(z, *, by):
    return by * z + 1


@gn.composite
def reused_name(z):
    kept = [z * 2]
    z = z - z.max()
    return kept[0] * z


@gn.composite
def reused_local(a):
    z = np.exp(a)
    kept = [z * 2]
    z = z + 1
    z = z * z
    return kept[0] * z


@gn.composite
def long_last_line(a):
    return np.where(
        a > 0.25, np.maximum(a * 2, np.minimum(a, 0.5) * 3), np.minimum(a * 3, np.maximum(a, -0.5) * 2)
    )


@gn.composite
def calls_another(z):
    return sigmoid(z) * scaled(z, by=3)


@gn.composite
def two_results(z):
    shifted = z - z.mean()
    return shifted, (shifted**2).sum()


@gn.composite
def uses_n(z):
    return z.sum(axis=0) / z.shape[0]


def test_a_composite_prints_once_for_all_shapes():
    text = gn.source(lambda a, b: softmax(a).sum() + softmax(b).sum(), ("n", 3), (2, 4))
    assert re.findall(r"^def (\w+)", text, flags=re.M) == ["softmax", "f"]


def test_other_options_make_another_helper():
    text = gn.source(lambda a: scaled(a, by=2) * scaled(a, by=3) + scaled(a, by=2), (3,))
    assert re.findall(r"^def (\w+)", text, flags=re.M) == ["scaled", "scaled_2", "f"]
    assert function_lines(text, "scaled(") == ["def scaled(z):", "    return 2 * z + 1"]
    assert function_lines(text, "scaled_2(") == ["def scaled_2(z):", "    return 3 * z + 1"]
    assert function_lines(text)[1:] == ["    t1 = scaled(a)", "    return t1 * scaled_2(a) + t1"]


def test_other_axes_make_another_helper():
    text = gn.source(lambda a: log_softmax(a, axis=0) + log_softmax(a, axis=1), (2, 3))
    assert re.findall(r"^def (\w+)", text, flags=re.M) == ["log_softmax", "log_softmax_2", "f"]


def test_composites_of_one_name_are_told_apart():
    @gn.composite
    def scaled_2(z):
        return z - 5

    first = scaled

    @gn.composite
    def put_slice(z):
        return z * 7

    @gn.composite
    def f(z):
        return z * 11

    def g(a):
        return first(a, by=2) + first(a, by=3) * scaled_2(a) + put_slice(a) + f(a)

    g.__name__ = "f"
    text = run(g, x)
    names = re.findall(r"^def (\w+)", text, flags=re.M)
    assert len(set(names)) == len(names) == 6
    assert names[-1] == "f"


@pytest.mark.parametrize("composite", [reused_name, reused_local, long_last_line, calls_another, uses_n])
def test_helpers_compute_what_their_function_computes(composite):
    def f(a):
        return composite(a) * 1.5

    text = run(f, np.linspace(-1, 1, 6).reshape(2, 3))
    assert max(map(len, text.splitlines())) <= 110


def test_a_helper_assigns_a_name_again_only_where_nothing_reads_it():
    source = gn.source(lambda a: log_softmax(a) + reused_name(a) + reused_local(a), (2, 3))
    assert function_lines(source, "log_softmax(")[1] == "    z = z - z.max(axis=1, keepdims=True)"
    assert function_lines(source, "reused_name(") == [
        "def reused_name(z):",
        "    z_2 = z - z.max()",
        "    return 2 * z * z_2",
    ]
    assert function_lines(source, "reused_local(") == [
        "def reused_local(a):",
        "    z = np.exp(a)",
        "    z_2 = z + 1",
        "    z_3 = z_2 * z_2",
        "    return 2 * z * z_3",
    ]


def test_helpers_with_two_results_are_called_once():
    lines = function_lines(gn.source(lambda a: np.divide(*two_results(a)), (3,)))
    assert sum("two_results(" in line for line in lines) == 1
    only_second = function_lines(gn.source(lambda a: two_results(a)[1] * 2, (3,)))
    assert only_second[1] == "    _, t1 = two_results(a)"


def test_lambdas_and_odd_names_make_helpers():
    def f(a):
        return gn.composite(lambda z, n: z * n)(a, a)

    assert function_lines(gn.source(f, (3,)), "helper(") == ["def helper(z, x2):", "    return z * x2"]


def test_inline_composites_leave_no_helper():
    @gn.composite(inline=True)
    def centred(z):
        mean = z.mean()
        return z - mean

    assert re.findall(r"^def (\w+)", gn.source(lambda a: centred(a) * 2, (3,)), flags=re.M) == ["f"]
    assert "mean = a.mean()" in gn.source(lambda a: centred(a) * 2, (3,))


def test_built_in_helpers_stand_before_the_function():
    text = gn.source(gn.grad(lambda t: (t[[0, 1, 0]] ** 2).sum() + t[1:].sum()), (3, 2))
    assert re.findall(r"^def (\w+)", text, flags=re.M) == ["put_slice", "scatter_add", "f_grad"]
    assert "type: ignore" not in text


# ------------------------------------------------------------------------------------------ dictionaries
def training_graph(read_after=False):
    """One layer by hand: parameters, a state, a hyper-parameter; the update is written as a trainer would."""
    with Builder():
        X = input_node("x", (N, 3))
        with place(scope="dense_1"):
            W = input_node("W", (3, 2), where=("parameters", "dense_1.kernel"))
            b = input_node("b", (2,), where=("parameters", "dense_1.bias"))
            m = input_node("mean", (2,), where=("state", "m"))
            z = X @ W + b
            z.label.name = "z"
            new_mean = 0.9 * m + 0.1 * reduce("mean", z, (0,))
        rate = input_node("learning_rate", (), "weak_float", where=("hyper", "learning_rate"))
        with place(phase="backward", scope="dense_1"):
            dW = X.T @ z
            dW.label.name = "dW"
        with place(phase="update"):
            new_W = W - rate * dW
            new_W.label.replaces = W
            loss = reduce("sum", z * z, (0, 1)) + reduce("sum", new_W, (0, 1))
            if read_after:
                loss = loss + reduce("sum", W * 2, (0, 1))
        return Graph(
            (X, W, b, m, rate),
            (new_W, new_mean, loss),
            (("parameters", "dense_1.kernel"), ("state", "m"), ("return", "loss")),
            name="train_step",
            doc="One step.",
            values={("hyper", "learning_rate"): 0.1},
            titles={"dense_1": "Dense(2)"},
            comments={("hyper", "learning_rate"): "sgd"},
        )


def test_dictionaries_sections_and_hyper_parameters():
    assert (
        Program(training_graph()).text
        == """\
import numpy as np

learning_rate = 0.1  # sgd


def train_step(x, parameters, state):
    \"\"\"One step.\"\"\"
    # ---------------- forward ---------------------------------------
    # dense_1: Dense(2)
    W1, b1 = parameters["dense_1.kernel"], parameters["dense_1.bias"]
    z1 = x @ W1 + b1                                              # (n, 2)
    state["m"] = 0.9 * state["m"] + 0.1 * z1.mean(axis=0)         # (2,)

    # ---------------- backward --------------------------------------
    # dense_1
    dW1 = x.T @ z1                                                # (3, 2)

    # ---------------- update ----------------------------------------
    # plain NumPy
    W1 = parameters["dense_1.kernel"] = W1 - learning_rate * dW1  # (3, 2)
    loss = (z1 * z1).sum() + W1.sum()                             # scalar

    return loss
"""
    )


def values_for(graph):
    generator = np.random.default_rng(0)
    values = dict(graph.values)
    for node in graph.inputs:
        if input_place(node)[0] != "hyper":
            shape = tuple(4 if isinstance(extent, Dim) else extent for extent in node.shape)
            values[input_place(node)] = generator.standard_normal(shape)
    return values


@pytest.mark.parametrize("read_after", [False, True])
def test_programs_with_dictionaries_compute_what_the_graph_says(read_after):
    graph = training_graph(read_after)
    program, values = Program(graph), values_for(graph)
    kept = {key: np.array(value) for key, value in values.items()}
    found, expected = program(values), interpret(graph, values)
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert np.array_equal(found[key], value), program.text
    assert all(np.array_equal(kept[key], values[key]) for key in kept), "the caller's arrays were changed"


def test_a_value_takes_the_old_name_only_where_nothing_reads_it_any_more():
    early, late = (Program(training_graph(read_after)).text for read_after in (False, True))
    assert '    W1 = parameters["dense_1.kernel"] = W1 - learning_rate * dW1' in early
    assert '    new_W1 = parameters["dense_1.kernel"] = W1 - learning_rate * dW1' in late


def test_hyper_parameters_are_read_at_every_run():
    graph = training_graph()
    program, values = Program(graph), values_for(graph)
    key = ("parameters", "dense_1.kernel")
    slow = program({**values, ("hyper", "learning_rate"): 0.0})[key]
    assert np.array_equal(slow, values[key])
    program.set_hyper({"learning_rate": 0.1, "unknown": 3.0})
    assert np.array_equal(program(values)[key], interpret(graph, values)[key])
    program.reprint({("hyper", "learning_rate"): 0.25})
    assert "learning_rate = 0.25  # sgd" in program.text


def test_loose_programs_return_their_parameters():
    with Builder():
        w, g = input_node("w", (3,)), input_node("g", (3,))
        loss = reduce("sum", w, (0,))
        new = w - 0.1 * g
        graph = Graph((w, g), (loss, new), (("return", "loss"), ("return", "w")), name="step")
    assert function_lines(Program(graph).text) == [
        "def step(w, g):",
        "    loss = w.sum()",
        "    w = w - 0.1 * g",
        "    return loss, w",
    ]
    with Builder():
        w, g = input_node("w", (3,)), input_node("g", (3,))
        new = w - 0.1 * g
        graph = Graph(
            (w, g), (new, reduce("sum", w * g, (0,))), (("return", "w"), ("return", "loss")), name="step"
        )
    program = Program(graph)
    assert function_lines(program.text) == [
        "def step(w, g):",
        "    new_w = w - 0.1 * g",
        "    loss = (w * g).sum()",
        "    return new_w, loss",
    ]
    values = {("argument", "w"): np.arange(3.0), ("argument", "g"): np.ones(3)}
    assert program(values)["return", "loss"] == 3.0


def test_gradients_come_back_by_name():
    with Builder():
        w = input_node("w", (2,), where=("parameters", "a.w"))
        graph = Graph((w,), (2 * w,), (("gradients", "a.w"),), name="gradients")
    program = Program(graph)
    assert function_lines(program.text) == [
        "def gradients(parameters):",
        '    w = parameters["a.w"]',
        "    t1 = 2 * w",
        '    return {"a.w": t1}',
    ]
    assert program({("parameters", "a.w"): np.ones(2)})["gradients", "a.w"].tolist() == [2, 2]


def test_weak_numbers_use_python_s_own_functions():
    with Builder():
        t = input_node("t", (), "weak_int")
        x_ = input_node("x", (3,))
        rate = make("maximum", make("sqrt", lift(t)), 0.5) * make("where", make("less", t, 10), 0.1, 1)
        graph = Graph((x_, t), (rate * x_ + reshape(x_, (3,)),), (("return", "0"),))
    text = Program(graph).text
    assert text.startswith("import math\n\nimport numpy as np\n")
    assert "max(math.sqrt(t), 0.5) * (0.1 if t < 10 else 1) * x" in text
    out = Program(graph)({("argument", "x"): np.ones(3, np.float32), ("argument", "t"): 4})["return", "0"]
    assert out.dtype == np.float32
