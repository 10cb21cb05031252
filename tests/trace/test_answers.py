"""What traced arrays answer: what plain NumPy answers, in shape, dtype and value."""

# ruff: noqa: PLW0108, SIM300 - the cases are written as users write

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.functional import Array
from glassnet.graph.graph import Graph, input_place
from glassnet.programs import compile_graph, interpret
from glassnet.trace import numpy_api
from glassnet.trace.tracer import FUNCTIONS, METHODS, UFUNCS

X = np.array([[0.5, -1.25, 2.0], [1.0, 0.0, -0.75]])
P = np.abs(X) + 0.5
Y = np.array([[1.5, 0.25, -2.0], [1.0, 3.0, 0.5]])
V, W = np.array([1.0, -2.0, 0.5]), np.array([0.25, 4.0, -1.0])
T = np.arange(24.0).reshape(2, 3, 4) / 7 - 1.5
K = np.array([[3, -1, 0], [2, 5, -4]])
U = np.array([[3, 1, 0], [2, 250, 4]], np.uint8)
M = np.array([[True, False, True], [False, False, True]])
ROWS, LABELS = np.array([1, 0, 1, 1]), np.array([2, 0])
S = np.array(1.75)


def values_of(graph: Graph, args: tuple[Any, ...]) -> dict[Any, Any]:
    return {input_place(node): np.asarray(value) for node, value in zip(graph.inputs, args, strict=False)}


def traced_and_run(f: Callable[..., Any], *args: Any) -> list[Any]:
    kinds = {"f": "float", "i": "int", "u": "int", "b": "bool"}
    graph = gn.trace(f, *[Array(np.shape(value), kinds[np.asarray(value).dtype.kind]) for value in args])
    values = values_of(graph, args)
    program = compile_graph(graph)
    printed, interpreted = list(program(values).values()), list(interpret(program.graph, values).values())
    for a, b in zip(printed, interpreted, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
    return printed


UFUNC_CASES: dict[str, list[tuple[Any, ...]]] = {
    **{
        name: [
            (X, Y),
            (X, V),
            (V[:, None], W),
            (X, 2),
            (0.5, X),
            (K, K),
            (K, 3),
            (K, 1.5),
            (X, K),
            (X, M),
            (M, K),
        ]
        for name in ("add", "multiply", "maximum", "minimum")
    },
    "subtract": [(X, Y), (X, 2), (2, X), (K, K), (K, 1.5), (X, M), (M, K), (M, 1)],
    "divide": [(X, P), (X, 2), (2, P), (K, 4), (K, P), (M, 2), (K, K + 7)],
    "power": [(P, Y), (X, 2), (X, 3.0), (2.0, X), (P, K), (K, 2), (P, 0.5), (M, 1)],
    "float_power": [(P, Y), (K, 2), (K + 5, 0.5)],
    "negative": [(X,), (K,), (U,)],
    "positive": [(X,), (K,)],
    "absolute": [(X,), (K,), (M,), (U,)],
    "fabs": [(X,), (K,)],
    "sign": [(X,), (K,)],
    "floor": [(X,)],
    "square": [(X,), (K,)],
    "reciprocal": [(P,)],
    "exp": [(X,), (K,)],
    "expm1": [(X,)],
    "log": [(P,), (U.astype(int) + 1,)],
    "log1p": [(P,)],
    "sqrt": [(P,), (K + 4,)],
    "tanh": [(X,)],
    "sin": [(X,)],
    "cos": [(X,), (K,)],
    **{
        name: [(X, Y), (X, 0), (1, X), (K, K), (K, 0.5), (M, M)]
        for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    },
    **{
        name: [(M, X > 1), (X, Y), (K, 1), (X, True), (K, M), (0, X)]
        for name in ("logical_and", "logical_or", "logical_xor")
    },
    "logical_not": [(M,), (X,), (K,)],
    **{name: [(M, ~M), (M, True)] for name in ("bitwise_and", "bitwise_or", "bitwise_xor")},
    "invert": [(M,)],
    "matmul": [
        (X, Y.T),
        (X, V),
        (V, X.T),
        (V, W),
        (T, T[0].T),
        (X, T),
        (K, K.T),
        (X, K.T),
        (T, T.transpose(0, 2, 1)),
    ],
}


def test_every_ufunc_has_cases():
    assert set(UFUNC_CASES) == {ufunc.__name__ for ufunc in UFUNCS}


@pytest.mark.parametrize("name", sorted(UFUNC_CASES))
def test_ufuncs(name):
    ufunc = getattr(np, name)
    for args in UFUNC_CASES[name]:
        arrays = tuple(value for value in args if isinstance(value, np.ndarray))

        def f(*given, args=args):
            rest = iter(given)
            return ufunc(*[next(rest) if isinstance(value, np.ndarray) else value for value in args])

        compare(f, arrays)


def compare(f: Callable[..., Any], arrays: tuple[Any, ...], exact: bool = True) -> None:
    """Same shape, dtype and value; ``exact`` up to the roundings of products and rewriting."""
    expected = f(*arrays)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for ours, plain in zip(traced_and_run(f, *arrays), expected, strict=True):
        a, b = np.asarray(ours), np.asarray(plain)
        assert a.shape == b.shape
        if exact:
            assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=2e-15, atol=1e-15)


FUNCTION_CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "sum": (
        lambda x: (np.sum(x), np.sum(x, axis=0), np.sum(x, axis=-1, keepdims=True), np.sum(x, axis=(0, 2))),
        (T,),
    ),
    "sum of ints and booleans": (lambda k, m: (np.sum(k), np.sum(m, axis=0), np.sum(m)), (K, M)),
    "mean": (lambda x: (np.mean(x), np.mean(x, axis=(0, 1)), np.mean(x, 2, keepdims=True)), (T,)),
    "mean of ints and booleans": (lambda k, m: (np.mean(k), np.mean(m, axis=0)), (K, M)),
    "var": (lambda x: (np.var(x), np.var(x, axis=1), np.var(x, axis=(0, 2), keepdims=True)), (T,)),
    "std": (lambda x: (np.std(x), np.std(x, axis=1)), (T,)),
    "max": (lambda x: (np.max(x), np.max(x, axis=1), np.amax(x, axis=(0, 2), keepdims=True)), (T,)),
    "min": (lambda x, k, m: (np.min(x), np.amin(x, axis=1), np.min(k), np.min(m, axis=0)), (T, K, M)),
    "argmax": (
        lambda x, k, m: (np.argmax(x), np.argmax(x, axis=1), np.argmax(k, 0), np.argmax(m, 1)),
        (T, K, M),
    ),
    "argmin": (
        lambda x, u, m: (np.argmin(x), np.argmin(x, axis=-1), np.argmin(u), np.argmin(m, 1)),
        (T, U, M),
    ),
    "linalg.norm": (
        lambda x: (
            np.linalg.norm(x),
            np.linalg.norm(x, axis=0),
            np.linalg.norm(x, axis=1, keepdims=True),
            np.linalg.norm(x, 1, axis=0),
            np.linalg.norm(x, np.inf, axis=1),
            np.linalg.norm(x, "fro"),
            np.linalg.norm(x, 2, axis=1),
            np.linalg.norm(x[0], ord=2),
        ),
        (X,),
    ),
    "reshape": (lambda x: (np.reshape(x, (4, -1)), np.reshape(x, 24), np.reshape(x, (1, 24))), (T,)),
    "transpose": (lambda x: (np.transpose(x), np.transpose(x, (1, 0, 2)), np.transpose(x, [2, -2, 0])), (T,)),
    "expand_dims": (
        lambda x: (np.expand_dims(x, 0), np.expand_dims(x, -1), np.expand_dims(x, (1, -1))),
        (X,),
    ),
    "squeeze": (lambda x: (np.squeeze(x[None]), np.squeeze(x[..., None], axis=-1)), (X,)),
    "ravel": (np.ravel, (T,)),
    "swapaxes": (lambda x: (np.swapaxes(x, 0, 2), np.swapaxes(x, -1, 1)), (T,)),
    "broadcast_to": (lambda x: (np.broadcast_to(x, (4, 3)), np.broadcast_to(x[0], (2, 2))), (V,)),
    "concatenate": (
        lambda x, y: (
            np.concatenate([x, y]),
            np.concatenate((x, y, x), axis=1),
            np.concatenate([x, y], -1),
            np.concatenate([x, y[0]], axis=None),
            np.concatenate([1.0, x], axis=None),
        ),
        (X, Y),
    ),
    "concatenate of ints": (
        lambda k, m: (np.concatenate([k, k]), np.concatenate([k, m]), np.concatenate([m, m])),
        (K, M),
    ),
    "stack": (lambda x, y: (np.stack([x, y]), np.stack([x, y], axis=1), np.stack((x, y), axis=-1)), (X, Y)),
    "hstack": (lambda x, v: (np.hstack([x, x]), np.hstack([v, v])), (X, V)),
    "vstack": (lambda x, v: np.vstack([x, v]), (X, V)),
    "zeros_like": (lambda x, k, m: (np.zeros_like(x), np.zeros_like(k), np.zeros_like(m)), (X, K, M)),
    "ones_like": (lambda x, k, m: (np.ones_like(x), np.ones_like(k), np.ones_like(m)), (X, K, M)),
    "full_like": (lambda x, k: (np.full_like(x, 2), np.full_like(k, 3)), (X, K)),
    "where": (
        lambda x, y, m, k: (
            np.where(x > 0, x, y),
            np.where(m, x, 0),
            np.where(m, 1, 0),
            np.where(m, 0.5, x),
            np.where(m, k, 0),
            np.where(m, m, False),
            np.where(x, 1.5, 2),
        ),
        (X, Y, M, K),
    ),
    "clip": (
        lambda x, k: (
            np.clip(x, -1, 1),
            np.clip(x, None, 0.5),
            np.clip(x, 0, None),
            np.clip(x, a_min=x[0], a_max=1),
            np.clip(k, 0, 2),
        ),
        (X, K),
    ),
    "take": (
        lambda x: (
            np.take(x, ROWS, axis=0),
            np.take(x, 1, axis=0),
            np.take(x[0], [2, -1, 2]),
            np.take(x, [[0, 1], [1, 1]], axis=0),
        ),
        (X,),
    ),
    "take_along_axis": (
        lambda x: (
            np.take_along_axis(x, LABELS[:, None], axis=1),
            np.take_along_axis(x, LABELS[:, None], -1),
        ),
        (X,),
    ),
    "dot": (
        lambda x, y, v: (np.dot(x, y.T), np.dot(x, v), np.dot(v, v), np.dot(2.0, x), np.dot(x[0, 0], v)),
        (X, Y, V),
    ),
    "outer": (lambda v, x: (np.outer(v, x[0]), np.outer(x, v)), (V, X)),
    "inner": (lambda v, x, y: (np.inner(v, v), np.inner(x, y), np.inner(x, v), np.inner(2.0, x)), (V, X, Y)),
    "einsum": (
        lambda x, y, t: (
            np.einsum("ij->ji", x),
            np.einsum("ij -> i", x),
            np.einsum("ij,kj->ik", x, y),
            np.einsum("bij,kj->bik", t, t[0]),
            np.einsum("ij,ij->", x, y),
            np.einsum("i,j->ji", x[0], y[1]),
        ),
        (X, Y, T),
    ),
    "shape": (lambda x: x * np.shape(x)[0] + len(np.shape(x)), (X,)),
    "ndim": (lambda x: x * np.ndim(x), (X,)),
    "size": (lambda x: x / np.size(x), (X,)),
    "copy": (lambda x: np.copy(x) + 1, (X,)),
}


def test_every_function_has_a_case():
    covered = {name.split(" of ")[0].rpartition(".")[2] for name in FUNCTION_CASES} | {"amax", "amin"}
    assert covered == {function.__name__ for function in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTION_CASES)
def test_functions(name):
    compare(*FUNCTION_CASES[name])


METHOD_CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "sum": (lambda x: (x.sum(), x.sum(0), x.sum(axis=-1, keepdims=True)), (T,)),
    "mean": (lambda x: (x.mean(), x.mean((0, 1)), x.mean(axis=2)), (T,)),
    "var": (lambda x: (x.var(), x.var(axis=0)), (T,)),
    "std": (lambda x: (x.std(), x.std(1, keepdims=True)), (T,)),
    "max": (lambda x: (x.max(), x.max(axis=(1, 2))), (T,)),
    "min": (lambda x: (x.min(), x.min(0)), (T,)),
    "argmax": (lambda x: (x.argmax(), x.argmax(1)), (T,)),
    "argmin": (lambda x: (x.argmin(), x.argmin(axis=-1)), (T,)),
    "clip": (lambda x: (x.clip(-1, 1), x.clip(max=0.5), x.clip(min=0.0)), (T,)),
    "ravel": (lambda x: x.ravel(), (T,)),
    "flatten": (lambda x: x.flatten(), (T,)),
    "squeeze": (lambda x: x[None].squeeze(0), (T,)),
    "swapaxes": (lambda x: x.swapaxes(0, 1), (T,)),
    "take": (lambda x: (x.take(ROWS, axis=0), x[0, 0].take([0, 0])), (T,)),
    "dot": (lambda x: x.dot(x[0].T), (X,)),
    "copy": (lambda x: x.copy() * 2, (X,)),
    "__getitem__": (lambda x: x[1], (X,)),
    "reshape": (
        lambda x: (
            x.reshape(4, 6),
            x.reshape((-1, 8)),
            x.reshape([2, 12]),
            x.reshape(-1),
            x.reshape(np.int64(24)),
        ),
        (T,),
    ),
    "transpose": (
        lambda x: (x.transpose(), x.transpose(1, 2, 0), x.transpose((0, -1, 1)), x.transpose(None), x.T),
        (T,),
    ),
    "astype": (
        lambda x, k, m: (
            x.astype(int),
            k.astype(float),
            m.astype(int),
            k.astype(bool),
            x.astype("float64"),
            m.astype(float),
            x.astype(bool),
        ),
        (X, K, M),
    ),
}


def test_every_method_has_a_case():
    assert set(METHOD_CASES) == {*METHODS, "reshape", "transpose", "astype"}


@pytest.mark.parametrize("name", METHOD_CASES)
def test_methods(name):
    compare(*METHOD_CASES[name])


OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y + 1 + (2.5 + x),
    "-": lambda x, y: x - y - 1 - (2.5 - x),
    "*": lambda x, y: x * y * 3 * (0.5 * x),
    "/": lambda x, y: x / (y * y + 1) / 2 + 1 / (x * x + 1),
    "**": lambda x, y: x**2 + (x * x + 1) ** y + 2**x,
    "@": lambda x, y: x @ y.T @ x,
    "unary": lambda x, y: -x + +y - abs(x),
    "comparisons": lambda x, y: (x < y, x <= y, x > 0, 0 >= y, x == y, x != 0.5),
    "logic": lambda x, y: ((x > 0) & (y > 0), (x > 0) | (y > 0), ~(x > 0), (x > 0) ^ (y > 0)),
    "reflected arrays": lambda x, y: V + x - V * x + V / (x * x + 1) - V @ y.T[:, :1],
    "NumPy scalars": lambda x, y: np.float64(2.5) * x + y * np.int64(3) - np.float64(0.5) + x ** np.int32(2),
    "chain of names": lambda x, y: ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3) * y).sum(axis=1),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name):
    compare(OPERATORS[name], (X, Y))


INDICES: dict[str, Any] = {
    "1": 1,
    "-1": -1,
    "1:": np.s_[1:],
    "::-1": np.s_[::-1],
    "::2": np.s_[::2],
    "1:1": np.s_[1:1],
    "-9:9": np.s_[-9:9],
    "-9:-19:-1": np.s_[-9:-19:-1],
    "[:, 1]": np.s_[:, 1],
    "[..., -1]": np.s_[..., -1],
    "[..., None]": np.s_[..., None],
    "[None, :, 1:]": np.s_[None, :, 1:],
    "[1, 2, 3]": np.s_[1, 2, 3],
    "[0, ..., 0]": np.s_[0, ..., 0],
    "[..., 1:3, None, ::-2]": np.s_[..., 1:3, None, ::-2],
    "()": (),
    "...": np.s_[...],
    "np.int64": np.int64(1),
    "list": [1, 0, 1],
    "array": ROWS,
    "matrix of rows": np.array([[0, 1], [1, 1]]),
    "[:, ::-1, ::-1]": np.s_[:, ::-1, ::-1],
}


@pytest.mark.parametrize("name", INDICES)
def test_indices(name):
    compare(lambda x: x[INDICES[name]], (T,))


def test_scores_of_labels():
    compare(lambda x, y: x[np.arange(2), y], (X, LABELS))
    compare(lambda x: x[np.arange(2), LABELS], (X,))
    compare(lambda x, y: gn.pick(x, y), (X, LABELS))
    compare(lambda y: gn.one_hot(y, 4), (LABELS,))


def test_python_s_own_functions():
    compare(lambda x: sum(x) + len(x) + abs(x)[0], (X,))
    compare(lambda x: sum(row * 2 for row in x), (X,))
    first, second = traced_and_run(lambda x: tuple(x), X)
    assert (first.tolist(), second.tolist()) == (X[0].tolist(), X[1].tolist())


# ------------------------------------------------------------------------------------------ float32
def test_float_width_follows_the_inputs():
    """Where NumPy widens, the traced program does not: ints, booleans and NumPy scalars have no say."""

    def f(x, k, m):
        return (
            x * k,
            x + np.float64(0.1),
            x * m + k / 2,
            m.mean() * x,
            np.where(m, 0.5, 1),
            np.sqrt(k * k),
            k.mean(),
            x.var(),
        )

    graph = gn.trace(f, (2, 3), Array((2, 3), "int"), Array((2, 3), "bool"))
    for dtype in (np.float32, np.float64, np.float16):
        outputs = compile_graph(graph)(values_of(graph, (X.astype(dtype), K, M)))
        assert {np.asarray(value).dtype for value in outputs.values()} == {np.dtype(dtype)}


def test_composites_without_floats_follow_the_program():
    @gn.composite
    def halves(k):
        return (k > 0) * 0.5

    graph = gn.trace(lambda x, k: x * halves(k), (2, 3), Array((2, 3), "int"))
    program = compile_graph(graph)
    values = values_of(graph, (X.astype(np.float32), K))
    assert "def halves" not in program.text
    for run in (program, lambda v: interpret(graph, v), lambda v: interpret(program.graph, v)):
        assert next(iter(run(values).values())).dtype == np.float32


# ------------------------------------------------------------------------------------------ captured arrays
TABLE = np.arange(6.0).reshape(3, 2)


def test_captured_arrays_become_named_inputs():
    weights = np.ones((3, 2))

    def f(x):
        z = x @ weights + TABLE[0]
        return z * weights.sum() + (x @ TABLE) @ np.ones((2, 2)) + x @ weights

    graph = gn.trace(f, ("n", 3))
    assert [node.attrs["name"] for node in graph.inputs] == [
        "x",
        "weights",
        "constant",
        "TABLE",
        "constant_2",
    ]
    assert [input_place(node)[0] for node in graph.inputs] == ["argument"] + ["captured"] * 4
    assert graph.values["captured", "weights"] is weights
    assert gn.source(f, ("n", 3)).splitlines()[3] == "def f(x, weights, constant, TABLE, constant_2):"
    np.testing.assert_allclose(next(iter(compile_graph(graph)(values_of(graph, (X,))).values())), f(X))


def test_captured_arrays_give_way_to_arguments_and_each_other():
    x1 = x = np.full(3, 2.0)

    def outer():
        x = np.full(3, 5.0)
        return x

    y = outer()
    graph = gn.trace(lambda a, x: a * x1 + x * y, (3,), (3,))
    names = [node.attrs["name"] for node in graph.inputs]
    assert names[:2] == ["a", "x"]
    assert len(set(names)) == 4
    values = values_of(graph, (np.ones(3), np.full(3, 10.0)))
    assert next(iter(compile_graph(graph)(values).values())).tolist() == [52.0] * 3
    assert x is x1


def test_captured_ints_lists_and_numbers():
    compare(lambda x: x * [1.0, 2.0, 3.0] + (4, 5, 6) + np.array(2.0) + np.array([1, 2, 3]), (X,))
    graph = gn.trace(lambda x: x + np.array([1, 2, 3]), (2, 3))
    assert graph.inputs[1].kind == "int"
    assert len(gn.trace(lambda x: x + np.array(3.0), (2, 3)).inputs) == 1


def test_plain_arrays_stay_plain_outside_a_trace():
    assert numpy_api.is_plain(X, 1.0, K)
    assert gn.stop_gradient(X) is X
    assert gn.pick(X, LABELS).tolist() == [2.0, 1.0]
    assert gn.one_hot([1, 0], 2).tolist() == [[False, True], [True, False]]
