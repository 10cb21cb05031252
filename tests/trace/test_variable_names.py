"""Names of the user's variables, read from the bytecode that stores the value."""

# ruff: noqa: A001, PLW0108 - the cases are written as users write

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import glassnet as gn
from glassnet.programs import compile_graph
from glassnet.trace.names import RESERVED, argument_names, is_identifier


def named(f, *shapes):
    """``name: op`` of every node that has the name of a variable, in order of creation."""
    graph = gn.trace(f, *(shapes or [("n", 3)]))
    return [f"{node.label.name}: {node.op}" for node in graph.nodes() if node.label.name is not None]


# ------------------------------------------------------------------------------------------ statements
def assignments(x):
    z = np.exp(x)
    total = z.sum(axis=1)
    return total * 2


def operators(x):
    a = x + 1
    b = a * a
    c = -b
    d = c @ np.ones((3, 2))
    e = d > 0
    return np.where(e, d, 0)


def methods_and_indices(x):
    s = x.sum(axis=0)
    t = x.reshape(-1)
    u = x[:, 1]
    v = x.T
    return s, t, u, v


def a_return_names_the_callers_variable(x):
    def scaled(y):
        return y * 3

    z = scaled(x)
    return z + 1


def deeper_returns(x):
    def inner(y):
        return np.tanh(y)

    def outer(y):
        return inner(y * 2)

    h = outer(x)
    return h * h


def an_inner_name_wins_over_the_outer(x):
    def inner(y):
        hidden = np.exp(y)
        return hidden

    z = inner(x)
    return z * z


def conditional_expressions(x):
    first = np.exp(x) if x.ndim == 2 else np.log(x)
    second = np.log(x) if x.ndim == 1 else np.tanh(x)
    return first + second


def tuple_results(x):
    def both(y):
        return np.exp(y), np.tanh(y)

    a, b = both(x)
    return a * b


def tuple_assignment(x):
    a, b = np.exp(x), np.tanh(x)
    return a * b


def chained_assignment(x):
    a = b = np.exp(x)
    return a * b


def comprehensions(x):
    parts = [np.exp(x) * i for i in (1, 2)]
    return parts[0] + parts[1]


def loops(x):
    for _ in range(3):
        x = np.tanh(x * 2)
    return x + 1


def reassignments(x):
    z = np.exp(x)
    z = z + 1
    z = z * z
    return z.sum()


def containers(x):
    d = {}
    d["key"] = np.exp(x)
    return d["key"] * 2


class Holder:
    pass


def attributes(x):
    holder = Holder()
    holder.scores = np.exp(x)
    return holder.scores * 2


def walrus(x):
    return (z := np.exp(x)) * z


def contexts(x):
    with contextlib.nullcontext():
        z = np.exp(x)
    with np.errstate(over="ignore"):
        w = np.tanh(z)
    return w + z


def tries(x):
    try:
        z = np.exp(x)
    finally:
        y = np.tanh(x)
    return z + y


def closures(x):
    def f():
        return cell * 2

    cell = np.exp(x)
    z = f()
    return z + cell


def lambdas(x):
    z = (lambda y: np.exp(y))(x)
    return z * z


def unpacked_arguments(x):
    z = np.add(*[x, np.exp(x)])
    return z * 2


def einsum_and_friends(x):
    covariance = np.einsum("ij,ik->jk", x, x)
    length = np.linalg.norm(x, axis=1)
    spread = x.std(axis=0)
    return covariance, length, spread


def nothing_is_stored(x):
    return np.exp(x).sum()


def an_argument_keeps_its_own_name(x):
    y = x
    return y * 2


def annotated(x):
    z: object = np.exp(x)
    return z


def augmented_plain_names(x):
    z = np.exp(x)
    k = 1
    k += 2
    w = z * k
    return w


NAMED = {
    assignments: ["z: exp", "total: sum"],
    operators: ["a: add", "b: mul", "c: neg", "d: matmul", "e: greater"],
    methods_and_indices: ["s: sum", "t: reshape", "u: reshape", "v: transpose"],
    a_return_names_the_callers_variable: ["z: mul"],
    deeper_returns: ["h: tanh"],
    an_inner_name_wins_over_the_outer: ["hidden: exp"],
    conditional_expressions: ["first: exp", "second: tanh"],
    tuple_results: [],
    tuple_assignment: ["b: tanh"],  # the last one is stored at once
    chained_assignment: [],
    comprehensions: [],
    loops: ["x: tanh"],
    reassignments: ["z: exp", "z: add", "z: mul"],
    containers: [],
    attributes: [],
    walrus: [],
    contexts: ["z: exp", "w: tanh"],
    tries: ["z: exp", "y: tanh"],
    closures: ["cell: exp", "z: mul"],
    lambdas: ["z: exp"],
    unpacked_arguments: ["z: add"],
    einsum_and_friends: ["covariance: matmul", "length: sqrt", "spread: sqrt"],
    nothing_is_stored: [],
    an_argument_keeps_its_own_name: [],
    annotated: ["z: exp"],
    augmented_plain_names: ["z: exp", "w: mul"],
}


@pytest.mark.parametrize("f", NAMED, ids=lambda f: f.__name__)
def test_names_of_variables(f):
    assert named(f) == NAMED[f]


# ------------------------------------------------------------------------------------------ which names
@pytest.mark.parametrize("name", ["z", "_z", "W1", "dW", "loss_2", "x" * 31, "match_score", "Lambda"])
def test_identifiers(name):
    assert is_identifier(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1z",
        "a b",
        "z-1",
        "x" * 32,
        "größe",
        "λ",
        "z;import os",
        "__class__",
        "__z",
        "np",
        "math",
        "n",
        "self",
        "for",
        "None",
        "match",
        "type",
        "case",
        "print",
        "max",
        "int",
        "float",
        "bool",
        "exec",
        "eval",
        "open",
        "input",
        "range",
        "list",
        "z\n",
    ],
)
def test_names_that_never_become_identifiers(name):
    assert not is_identifier(name)


def test_reserved_names_are_the_language_and_the_program_s_own():
    assert {"lambda", "np", "_", "sum"} <= RESERVED
    assert RESERVED.isdisjoint({"x", "y", "z", "loss", "scores", "mean", "e"})


def test_a_variable_with_an_unprintable_name_stays_unnamed():
    def f(x):
        größe = np.exp(x)
        n = np.tanh(größe)
        max = n * 2
        __hidden = max + 1
        a_name_that_is_much_longer_than_thirty_one = __hidden * __hidden
        return a_name_that_is_much_longer_than_thirty_one + größe

    assert named(f) == []
    assert "def f(x):" in gn.source(f, (3,))


@pytest.mark.parametrize(
    "found, count, expected",
    [
        (("x", "y"), 2, ["x", "y"]),
        (("x", "y"), 1, ["x"]),
        ((), 2, ["x1", "x2"]),
        (("max", "n"), 2, ["x1", "x2"]),
        (("x2", "max"), 2, ["x2", "x3"]),
        (("max", "x1"), 2, ["x2", "x1"]),
        (("x2",), 3, ["x2", "x3", "x4"]),
        (("x3", "x4", "λ", "np"), 4, ["x3", "x4", "x5", "x6"]),
    ],
)
def test_arguments_always_have_names_of_their_own(found, count, expected):
    assert argument_names(found, count) == expected


class Network:
    def loss(self, x1, y):
        return (x1 * y).sum()


def test_arguments_of_every_kind_of_callable():
    def head(f, *shapes):
        return next(line for line in gn.source(f, *shapes).splitlines() if line.startswith("def"))

    assert head(Network().loss, (3,), (3,)) == "def loss(x1, y):"
    assert head(lambda *xs: xs[0] * xs[1], (3,), (3,)) == "def f(x1, x2):"
    assert head(lambda x2, *xs: x2 * xs[0], (3,), (3,)) == "def f(x2, x3):"
    assert head(np.exp, (3,)).startswith("def exp(x")
    assert head(lambda größe: größe + 1, (3,)) == "def f(x1):"


# ------------------------------------------------------------------------------------------ cosmetic only
def test_a_named_value_is_printed_under_its_name():
    assert gn.source(reassignments, ("n", 3)).splitlines()[3:] == [
        "def reassignments(x):",
        "    z = np.exp(x)    # (n, 3)",
        "    z_2 = z + 1      # (n, 3)",
        "    z_3 = z_2 * z_2  # (n, 3)",
        "    return z_3.sum()",
    ]


@pytest.mark.parametrize("f", NAMED, ids=lambda f: f.__name__)
def test_names_never_change_values(f):
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]])
    graph = gn.trace(f, ("n", 3))
    values = {node.attrs["place"]: x for node in graph.inputs if node.attrs["name"] == "x"}
    with np.errstate(invalid="ignore"):
        ours = list(compile_graph(graph)(values).values())
        plain = f(x)
    for a, b in zip(ours, plain if isinstance(plain, tuple) else (plain,), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_two_traces_do_not_share_names():
    assert named(assignments) == named(assignments) == NAMED[assignments]


def test_gradient_rules_are_not_the_user_s_code():
    def f(x):
        z = np.exp(x)
        loss = (z * x).sum()
        return loss

    lines = [line.partition("#")[0].strip() for line in gn.source(gn.grad(f), (3,)).splitlines()]
    assert [line for line in lines if " = " in line] == ["z = np.exp(x)", "dx = x * z + z"]
