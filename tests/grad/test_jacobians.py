"""Every op's full Jacobian, in float64, against central differences; second order; dtypes; memory layouts."""

# ruff: noqa: PLW0108 - the cases are written as users write

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import glassnet as gn
from glassnet.functional import gradient_program
from glassnet.grad.rules import RULES
from glassnet.graph.graph import Graph
from glassnet.programs import interpret
from glassnet.programs.interpret import trace_values
from glassnet.trace.tracer import TracedArray, traced

TOLERANCE = 1e-7  # of central differences, relative to the largest entry


# ------------------------------------------------------------------------------------------ arrays
def generic(*shape: int, seed: int = 0) -> np.ndarray:
    """Values away from 0, from 1 and from each other, so that no kink is near."""
    count = int(np.prod(shape))
    spaced = 0.13 + 0.21 * np.arange(count) + 0.05 * np.sin(np.arange(count) + seed)
    signs = np.where(np.arange(count) % 3 == 1, -1.0, 1.0)
    order = np.random.default_rng(seed).permutation(count)
    return (spaced * signs)[order].reshape(shape) / max(1.0, count / 8)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    return np.abs(generic(*shape, seed=seed)) + 0.3


V3, W3, V4 = generic(3), generic(3, seed=1), generic(4, seed=2)
A23, B23, A34, A22 = generic(2, 3), generic(2, 3, seed=1), generic(3, 4, seed=2), generic(2, 2)
C13, C21, S = generic(1, 3, seed=3), generic(2, 1, seed=4), generic(seed=5)
T234, T243, T143 = generic(2, 3, 4), generic(2, 4, 3, seed=1), generic(1, 4, 3, seed=2)
EMPTY = np.zeros((0, 3))
MASK = np.array([[True, False, True], [False, False, True]])
ROWS = np.array([2, 0, 2, 1, 2])
LABELS = np.array([2, 0])


# ------------------------------------------------------------------------------------------ cases
class Case(NamedTuple):
    function: Callable[..., Any]
    args: tuple[Any, ...]
    smooth: bool = True  # twice differentiable, so second order is tested too


CASES: dict[str, Case] = {}


def case(name: str, function: Callable[..., Any], *args: Any, smooth: bool = True) -> None:
    assert name not in CASES, name
    CASES[name] = Case(function, args, smooth)


for _name in (
    "exp",
    "sqrt",
    "log",
    "tanh",
    "sin",
    "cos",
    "expm1",
    "log1p",
    "square",
    "reciprocal",
    "negative",
):
    case(_name, getattr(np, _name), positive(2, 3))
for _name in ("abs", "fabs", "sign", "floor"):
    case(_name, getattr(np, _name), A23, smooth=_name in ("abs", "fabs"))
case("positive", np.positive, A23)
case("exp of a scalar", np.exp, S)

PAIRS = {
    "same shapes": (A23, positive(2, 3)),
    "row": (A23, positive(3)),
    "size-1 rows": (A23, positive(1, 3)),
    "size-1 columns": (A23, positive(2, 1)),
    "both stretched": (C21, positive(1, 3)),
    "scalar": (A23, positive()),
    "scalar first": (S, positive(2, 3)),
    "rank": (V4, positive(2, 3, 4)),
    "empty": (EMPTY, positive(3)),
    "size 1": (generic(1), positive(1, 1)),
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": lambda a, b: np.where(a > 0.2, a * b, b**2),
}
for _op, _function in BINARY.items():
    for _name, _pair in PAIRS.items():
        case(f"{_op}, {_name}", _function, *_pair)
for _name, (_first, _second) in PAIRS.items():
    case(f"pow of arrays, {_name}", np.power, np.abs(_first) + 0.4, _second)
    case(f"float_power, {_name}", np.float_power, np.abs(_first) + 0.4, _second)

for _exponent in (0, 1, 2, 3, -1, -2, 0.5, 1.5, 2.0):
    case(f"pow {_exponent}", lambda x, p=_exponent: x**p, positive(2, 3))
case("pow 3 of negative numbers", lambda x: x**3, A23)
case("number to the power", lambda x: 1.7**x, A23)
case("array exponents of negative numbers", lambda x: x ** np.array([2.0, 3.0, 1.0]), A23)
case("numbers left and right", lambda x: 2 - 3 * x / 4 + (1 - x) * 0.5 + 2 / (3 + x**2), A23)
case("a variable used many times", lambda x: x * x * np.sin(x) + x / (1 + x * x) - x, A23)
case("negated products", lambda x, y: -(x * y) - (-x) / (y * y + 1) + 2 * -(x - y), A23, B23)

for _axis in (None, 0, 1, 2, -1, (0, 1), (0, 2), (-1, 0), (0, 1, 2), ()):
    for _keep in (False, True):
        for _op in ("sum", "mean", "var", "max", "min"):
            _function = getattr(np, _op)
            case(
                f"{_op}, axis={_axis}, keepdims={_keep}",
                lambda x, f=_function, a=_axis, k=_keep: f(x, axis=a, keepdims=k),
                T234,
                smooth=_op not in ("max", "min") and _keep,
            )
case("std", lambda x: np.std(x, axis=1), A23)
case("mean over a size-1 axis", lambda x: x.mean(axis=0), C13)
case("var over a size-1 axis", lambda x: x.var(axis=0), C13)
case("max over a size-1 axis", lambda x: x.max(axis=0, keepdims=True), C13)
case("sum of nothing", lambda x: x.sum(axis=0), EMPTY)
case("sum over rows of size 0", lambda x: x.sum(axis=1), EMPTY)
case("sum of a scalar", np.sum, S)
case("max of a scalar", np.max, S)
case("methods", lambda x: x.sum(0) * x.mean(axis=0) + x.var() - x.max(axis=0) + x.min(), A23)

MATRIX_PRODUCTS = {
    "matrix, matrix": (A23, A34),
    "vector, matrix": (V3, A34),
    "matrix, vector": (A23, V3),
    "vector, vector": (V3, W3),
    "batch, matrix": (T243, A34),
    "matrix, batch": (generic(5, 3), T234),
    "batch, batch": (T234, T243),
    "batch, size-1 batch": (T234, T143),
    "size-1 batch, batch": (T143, T234),
    "vector, batch": (V3, T234),
    "batch, vector": (T234, V4),
    "four axes": (generic(2, 1, 2, 3), generic(3, 3, 2)),
    "rows of size 1": (C13, A34),
    "columns of size 1": (A23, generic(3, 1)),
    "no rows": (EMPTY, A34),
    "nothing to contract": (np.zeros((2, 0)), np.zeros((0, 3))),
}
for _name, _pair in MATRIX_PRODUCTS.items():
    case(f"matmul, {_name}", np.matmul, *_pair)
case("x @ x.T", lambda x: x @ x.T, A23)
case("dot, vectors", np.dot, V3, W3)
case("dot, matrices", np.dot, A23, A34)
case("dot, batch and vector", np.dot, T234, V4)
case("dot, scalar", np.dot, S, A23)
case("inner, vectors", np.inner, V3, W3)
case("inner, matrices", np.inner, A23, generic(4, 3, seed=6))
case("outer", np.outer, V3, V4)
case("outer of matrices", np.outer, A22, V3)

case("transpose", lambda x: x.T, A23)
case("transpose, three axes", lambda x: x.transpose(2, 0, 1) * x.transpose(2, 0, 1), T234)
case("np.transpose, negative axes", lambda x: np.transpose(x, (-1, 0, -2)), T234)
case("swapaxes", lambda x: np.swapaxes(x, 0, -1), T234)
case("reshape", lambda x: x.reshape(4, -1) @ np.ones(6), T234)
case("reshape to a scalar", lambda x: x.reshape(()), generic(1, 1))
case("ravel", lambda x: np.ravel(x) ** 2, A23)
case("expand_dims", lambda x: np.expand_dims(x, (0, -1)) * np.ones((2, 1, 1, 1)), A23)
case("squeeze", lambda x: np.squeeze(x) + x[0], C13)
case("x[None], x[..., None]", lambda x: x[None] * x[..., None], V3)
case("broadcast_to", lambda x: np.broadcast_to(x, (4, 2, 3)), C13)
case("broadcast_to of a scalar", lambda x: np.broadcast_to(x, (2, 2)), S)

case("concatenate", lambda x, y: np.concatenate([x, y * y, x]), A23, C13)
case("concatenate, axis -1", lambda x, y: np.concatenate([x, y], axis=-1), A23, C21)
case("concatenate, axis=None", lambda x, y: np.concatenate([x, y, x], axis=None), A23, V4)
case("concatenate with a size-0 part", lambda x, y: np.concatenate([x, y]), A23, EMPTY)
case("stack", lambda x, y: np.stack([x, y]), A23, B23)
case("stack, axis 1", lambda x, y: np.stack([x, y, x * y], axis=1), A23, B23)
case("stack, axis -1", lambda x: np.stack([x, 2 * x], axis=-1), V3)
case("stack of scalars", lambda x: np.stack([x[0], x[2] ** 2, x[0]]), V3)
case("hstack, vstack", lambda x, y: np.vstack([np.hstack([x, x]), np.hstack([y, y])]), A23, B23)

SLICES = {
    "1:": np.s_[1:],
    ":-1": np.s_[:-1],
    "::2": np.s_[::2],
    "::-1": np.s_[::-1],
    "::-2": np.s_[::-2],
    "-2:": np.s_[-2:],
    "2:0:-1": np.s_[2:0:-1],
    "-1:-4:-2": np.s_[-1:-4:-2],
    "1": 1,
    "-1": -1,
    "...": np.s_[...],
    "2:1": np.s_[2:1],
    "-9:-19:-1": np.s_[-9:-19:-1],
    ":9": np.s_[:9],
    "1:1": np.s_[1:1],
}
for _name, _slice in SLICES.items():
    case(f"x[{_name}]", lambda x, s=_slice: x[s] ** 2, generic(4, 3))
    case(f"x[:, {_name}]", lambda x, s=_slice: x[:, s] ** 2, generic(2, 4) if _slice is not ... else A23)
case("x[1, ::-1]", lambda x: x[1, ::-1], A23)
case("x[..., 1:, None]", lambda x: x[..., 1:, None] * x[:, :1, None], A23)
case("x[1, 2, 3]", lambda x: x[1, 2, -4], T234)
case("slices that overlap", lambda x: x[1:] * x[:-1] + x[-1:], generic(4))

case("take with repeated rows", lambda t: t[ROWS] ** 2, A34)
case("take of a matrix of indices", lambda t: t[np.array([[0, 1], [1, 1]])] * 2, A34)
case("take of a vector", lambda t: np.take(t, ROWS), V3)
case("take of one row", lambda t: np.take(t, 1, axis=0), A34)
case("take of a list, negative", lambda t: t[[-1, 0, -1]], A34)
case("take by traced indices", lambda t: t[np.argmax(t, axis=0)] * t.sum(), A34)
case("take by a traced scalar", lambda t: t[np.argmax(t[:, 0])] * t.sum(), A34)
case("np.arange(2), labels", lambda z: z[np.arange(2), LABELS] ** 2, A23)
case("gn.pick", lambda z: gn.pick(z, LABELS) ** 2, A23)
case("gn.pick, three axes", lambda z: gn.pick(z, np.array([[0, 3, 1], [2, 2, 0]])), T234)
case("gn.pick, a vector", lambda z: gn.pick(z, np.argmax(z)), V3)
case("take_along_axis", lambda z: np.take_along_axis(z, LABELS[:, None], axis=1) * z, A23)
case("gn.one_hot", lambda x: gn.one_hot(LABELS, 3) * x, A23)
case("where, captured mask", lambda x, y: np.where(MASK, x * y, y), A23, B23)
case("where, numbers", lambda x: np.where(x > 0, x, 0) + np.where(MASK, 1.0, x), A23)
case("clip", lambda x: np.clip(x, -0.5, 0.6), A23)
case("clip, one side", lambda x: np.clip(x, None, 0.6) + x.clip(min=0), A23)
case("clip, array limits", lambda x, low: np.clip(x, low, low + 0.4), A23, np.array([-0.31, 0.07, 0.42]))
case("maximum with a number", lambda x: np.maximum(x, 0) + np.minimum(0.2, x), A23)
case("logical masks", lambda x: x * ((x > 0) & (x < 0.5) | ~(x > -0.3)), A23)

EINSUMS = {
    "ij->ji": (A23,),
    "ij->": (A23,),
    "ij->j": (A23,),
    "ijk->ki": (T234,),
    "i,i->": (V3, W3),
    "i,j->ij": (V3, V4),
    "ij,j->i": (A23, V3),
    "ij,jk->ik": (A23, A34),
    "ij,jk->ki": (A23, A34),
    "ij,ij->": (A23, B23),
    "ij,ij->i": (A23, B23),
    "ij,ij->ij": (A23, B23),
    "bij,bjk->bik": (T234, T243),
    "bij,bij->b": (T234, T234 / 2),
    "ijk,k->ij": (T234, V4),
    "bij,jk->bik": (T243, A34),
    "ij,kj->ik": (A23, generic(4, 3)),
    "i,->i": (V3, S),
    "ij,kl->": (A22, V4.reshape(2, 2)),
    "ij,k->kj": (A23, V4),
}
for _text, _args in EINSUMS.items():
    case(f"einsum {_text}", lambda *xs, t=_text: np.einsum(t, *xs), *_args)

case("norm", np.linalg.norm, V3)
case("norm of a matrix", np.linalg.norm, A23)
case("norm, axis", lambda x: np.linalg.norm(x, axis=-1, keepdims=True), A23)
case("norm, ord=1", lambda x: np.linalg.norm(x, 1, axis=0), A23)
case("norm, ord=inf", lambda x: np.linalg.norm(x, np.inf), V3, smooth=False)
case("stop_gradient of a constant part", lambda x: x * gn.stop_gradient(np.ones(3)), A23)
case("astype(float)", lambda x: x.astype(float) ** 2, A23)
case("ints and booleans cast", lambda x: x * (x > 0).astype(int) + (x > 0.2) * x + np.argmax(x) * x, A23)
case(
    "zeros_like, ones_like, full_like",
    lambda x: np.zeros_like(x) + np.ones_like(x) * x + np.full_like(x, 2),
    A23,
)
case("shape arithmetic", lambda x: x / x.shape[0] + x * x.size + len(x), A23)
case("copy", lambda x: np.copy(x) * x.copy(), A23)


def uniform_like(x: Any) -> Any:
    if isinstance(x, TracedArray):
        return traced("random_uniform", 3, 1, site=2, shape=x.shape)
    return gn.random.random_uniform(3, 1, 2, x.shape)


case("random_uniform", lambda x: np.where(uniform_like(x) < 0.5, x * 2, 0) + uniform_like(x) * x, A23)


@gn.composite
def two_results(x, y):
    return x * np.exp(y), (x * y).sum()


@gn.composite
def shifted(x, *, by):
    return np.tanh(x + by)


case("composite with two results", lambda x, y: np.multiply(*two_results(x, y)), A23, B23)
case("composite with an option", lambda x: shifted(x, by=0.5) + shifted(2 * x, by=-1), A23)
case(
    "a small network",
    lambda x, w, b, v: np.tanh(np.maximum(x @ w + b, 0) @ v) / x.shape[0],
    A23,
    A34,
    V4,
    generic(4, 2, seed=8),
)


# ------------------------------------------------------------------------------------------ Jacobians
def floats(chosen: Case) -> list[int]:
    return [i for i, value in enumerate(chosen.args) if np.asarray(value).dtype.kind == "f"]


def jacobians(chosen: Case) -> list[np.ndarray]:
    """By reverse mode: one run of one printed program for every element of the result."""
    result = np.asarray(chosen.function(*chosen.args))

    def weighted(*args: Any) -> Any:
        return (chosen.function(*args[:-1]) * args[-1]).sum()

    wrt = floats(chosen)
    program, values = gradient_program(weighted, (*chosen.args, np.zeros(result.shape)), wrt)
    weights = values["argument", "x" + str(len(chosen.args) + 1)]
    rows: list[list[np.ndarray]] = [[] for _ in wrt]
    for k in range(result.size):
        weights[...] = 0
        weights.flat[k] = 1
        for row, gradient in zip(rows, list(program(values).values())[1:], strict=True):
            row.append(np.array(gradient).ravel())
    return [
        np.array(row).reshape(result.size, np.size(chosen.args[i])) for row, i in zip(rows, wrt, strict=True)
    ]


def differences(
    function: Callable[..., Any], args: tuple[Any, ...], i: int, step: float = 1e-5
) -> np.ndarray:
    """The same by central differences."""
    columns = []
    for k in range(np.size(args[i])):
        sides = []
        for sign in (1, -1):
            moved = np.array(args[i], float)
            moved.flat[k] += sign * step
            sides.append(np.asarray(function(*args[:i], moved, *args[i + 1 :]), float).ravel())
        columns.append((sides[0] - sides[1]) / (2 * step))
    size = np.size(function(*args))
    return np.array(columns).reshape(np.size(args[i]), size).T


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    assert np.isfinite(found).all()
    return float(np.abs(found - expected).max(initial=0) / max(np.abs(expected).max(initial=0), 1e-3))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("name", CASES)
def test_jacobian_equals_central_differences(name):
    chosen = CASES[name]
    for i, found in zip(floats(chosen), jacobians(chosen), strict=True):
        assert relative_error(found, differences(chosen.function, chosen.args, i)) <= TOLERANCE


@pytest.mark.parametrize("name", [name for name, chosen in CASES.items() if chosen.smooth])
def test_second_order_equals_differences_of_the_gradient(name):
    function, args, _ = CASES[name]
    wrt = floats(CASES[name])
    weights = generic(*np.shape(function(*args)), seed=11)
    directions = [generic(*np.shape(args[i]), seed=12 + i) for i in wrt]

    def weighted(*xs: Any) -> Any:
        return (function(*xs) * weights).sum()

    def slope(*xs: Any) -> Any:
        gradients = gn.grad(weighted, wrt)(*xs)
        return sum(((g * d).sum() for g, d in zip(gradients, directions, strict=True)), 0.0)

    program, values = gradient_program(weighted, args, wrt)
    places = list(program.graph.places)

    def slope_by_program(*xs: Any) -> float:
        now = dict(values)
        for place, x in zip(list(values)[-len(xs) :], xs, strict=True):
            now[place] = np.asarray(x)
        outputs = program(now)
        gradients = [outputs[place] for place in places[1:]]
        return sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))

    for i, found in zip(wrt, gn.grad(slope, wrt)(*args), strict=True):
        expected = differences(slope_by_program, args, i)
        assert relative_error(np.asarray(found).reshape(1, -1), expected) <= 1e-6


def test_every_op_with_a_gradient_occurs_in_the_cases():
    seen: set[str] = set()
    for chosen in CASES.values():
        graph = gn.trace(chosen.function, *[gn.Array(np.shape(value)) for value in chosen.args])
        seen |= ops(graph)
    # `unslice` and `scatter_add` are gradients themselves: second order differentiates them.
    assert {op for op, rule in RULES.items() if rule is not None} - seen == {"unslice", "scatter_add"}


def ops(graph: Graph) -> set[str]:
    inner = [node.attrs["body"] for node in graph.nodes() if node.op == "call"]
    return {node.op for node in graph.nodes()}.union(*map(ops, inner))


# ------------------------------------------------------------------------------------------ layouts, dtypes
def strided(x: np.ndarray) -> np.ndarray:
    """The same values, every second element of a larger array, backwards in memory."""
    if x.ndim == 0:
        return x
    roomy = np.full([2 * extent for extent in x.shape], np.nan)
    view = roomy[tuple(slice(None, None, -2) for _ in x.shape)]
    view[...] = x
    return view


def read_only(x: np.ndarray) -> np.ndarray:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS = {
    "Fortran": lambda x: np.array(x, order="F"),
    "strided": strided,
    "read-only": read_only,
    "big-endian": lambda x: x.astype(">f8"),
    "broadcast": lambda x: np.broadcast_to(x.copy(), x.shape),
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_layout_does_not_matter(layout):
    for name, chosen in CASES.items():
        wrt = floats(chosen)

        def total(*xs: Any, f: Callable[..., Any] = chosen.function) -> Any:
            return (f(*xs) ** 2).sum()

        given = [LAYOUTS[layout](np.asarray(x, float)) for x in chosen.args]
        before = [x.copy() for x in given]
        plain, laid_out = gn.grad(total, wrt)(*chosen.args), gn.grad(total, wrt)(*given)
        for i, (a, b) in enumerate(zip(plain, laid_out, strict=True)):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12, err_msg=name)
            assert np.array_equal(before[i], given[i], equal_nan=True), f"{name} changed its argument"


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32_and_near_float64(name):
    chosen = CASES[name]
    wrt = floats(chosen)

    def total(*xs: Any) -> Any:
        return (chosen.function(*xs) * 0.5).sum()

    narrow = [np.asarray(x, np.float32) for x in chosen.args]
    program, values = gradient_program(total, narrow, wrt)
    for node, value in trace_values(program.graph, values):
        if node.kind == "float":
            assert np.asarray(value).dtype == np.float32, f"{node} is {value.dtype}:\n{program.text}"
    gradients = gn.grad(total, wrt)(*narrow)
    exact = gn.grad(total, wrt)(*[x.astype(float) for x in narrow])
    norm = max(float(np.linalg.norm(np.ravel(g))) for g in exact)
    for wide, g in zip(exact, gradients, strict=True):
        assert np.asarray(g).dtype == np.float32
        assert np.linalg.norm(np.ravel(wide - g)) <= 1e-5 * max(norm, 1e-3)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("name", CASES)
def test_printed_and_interpreted_gradients_are_bit_identical(name):
    chosen = CASES[name]
    program, values = gradient_program(
        lambda *xs: (chosen.function(*xs) ** 2).sum(), chosen.args, floats(chosen)
    )
    printed, interpreted = program(values), interpret(program.graph, values)
    assert list(printed) == list(interpreted)
    for a, b in zip(printed.values(), interpreted.values(), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.array_equal(a, b, equal_nan=True)


# ------------------------------------------------------------------------------------------ kinks and ties
ONES = np.ones((2, 3))
AT_KINKS: dict[str, tuple[Callable[..., Any], np.ndarray, list[Any]]] = {
    "max of a constant": (lambda x: x.max(), ONES, [[1, 0, 0], [0, 0, 0]]),
    "max, axis 0": (lambda x: x.max(axis=0).sum(), ONES, [[1, 1, 1], [0, 0, 0]]),
    "max, axis 1": (lambda x: x.max(axis=1).sum(), ONES, [[1, 0, 0], [1, 0, 0]]),
    "max, both axes": (lambda x: x.max(axis=(0, 1)), ONES, [[1, 0, 0], [0, 0, 0]]),
    "max, both axes, keepdims": (
        lambda x: x.max(axis=(1, 0), keepdims=True)[0, 0],
        ONES,
        [[1, 0, 0], [0, 0, 0]],
    ),
    "max, outer axes of three": (
        lambda x: x.max(axis=(0, 2)).sum(),
        np.ones((2, 2, 2)),
        [[[1, 0], [1, 0]], [[0, 0], [0, 0]]],
    ),
    "min of a constant": (lambda x: x.min(), ONES, [[1, 0, 0], [0, 0, 0]]),
    "min, axis 1": (lambda x: x.min(axis=1).sum(), ONES, [[1, 0, 0], [1, 0, 0]]),
    "max, a tie of two": (lambda x: x.max(), np.array([1.0, 3.0, 2.0, 3.0]), [0, 1, 0, 0]),
    "maximum with a number": (lambda x: np.maximum(x, 0).sum(), np.zeros(2), [0, 0]),
    "minimum with a number": (lambda x: np.minimum(0, x).sum(), np.zeros(2), [0, 0]),
    "maximum with itself": (lambda x: np.maximum(x, x * 1.0).sum(), np.array([1.0, 2.0]), [1, 1]),
    "maximum, a tie": (lambda x: np.maximum(x, np.array([1.0, 2.0])).sum(), np.array([1.0, 2.0]), [0, 0]),
    "maximum, a tie, second": (
        lambda x: np.maximum(np.array([1.0, 2.0]), x).sum(),
        np.array([1.0, 2.0]),
        [1, 1],
    ),
    "clip at its ends": (lambda x: np.clip(x, 0, 1).sum(), np.array([0.0, 0.5, 1.0]), [0, 1, 0]),
    "abs at 0": (lambda x: np.abs(x).sum(), np.array([0.0, -2.0]), [0, -1]),
    "x**0 at 0": (lambda x: (x**0).sum(), np.array([0.0, 2.0]), [0, 0]),
    "x**1 at 0": (lambda x: (x**1.0).sum(), np.array([0.0, -2.0]), [1, 1]),
    "x**2 at 0": (lambda x: (x**2).sum(), np.array([0.0, -2.0]), [0, -4]),
    "where hides infinity": (
        lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0).sum(),
        np.array([0.0, 2.0]),
        [0, 0.5],
    ),
    "repeated rows add up": (lambda x: x[[1, 1, 1]].sum() + x[[0, -1]].sum(), np.zeros(2), [1, 4]),
    "floor": (lambda x: (np.floor(x) * x).sum(), np.array([1.5, -0.5]), [1, -1]),
    "sign": (lambda x: (np.sign(x) * x).sum(), np.array([1.5, -0.5]), [1, -1]),
    "round trip through ints": (lambda x: (x.astype(int).astype(float) * x).sum(), np.array([2.5]), [2]),
    "comparison": (lambda x: (x > 1).sum() * x.sum(), np.array([2.0, 0.0]), [1, 1]),
    "nothing depends on x": (lambda x: 3.0, np.array([2.0, 0.0]), [0, 0]),
    "only an int depends on x": (lambda x: np.argmax(x) * 1.0, np.array([2.0, 0.0]), [0, 0]),
    "mean of nothing": (lambda x: x[:0].mean(), np.array([3.0]), [0]),
    "size-0 input": (lambda x: x.sum(), np.zeros((0, 2)), []),
    "stop_gradient": (lambda x: (x * gn.stop_gradient(x)).sum(), np.array([3.0]), [3]),
    "stop_gradient of everything": (lambda x: gn.stop_gradient((x * x).sum()), np.array([3.0]), [0]),
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("name", AT_KINKS)
def test_kinks_and_ties_take_the_documented_side(name):
    f, x, expected = AT_KINKS[name]
    found = gn.grad(f)(x)
    assert found.dtype == float
    np.testing.assert_array_equal(found, np.reshape(expected, x.shape))


def test_powers_at_zero_by_array_exponents():
    with np.errstate(divide="ignore", invalid="ignore"):
        base, exponent = gn.grad(lambda x, p: (x**p).sum(), (0, 1))(
            np.array([0.0, 0.0, 2.0, -2.0]), np.array([0.0, 2.0, 0.0, 3.0])
        )
    np.testing.assert_array_equal(base, [0, 0, 0, 12])
    np.testing.assert_allclose(exponent, [0, 0, np.log(2.0), 0])


# ------------------------------------------------------------------------------------------ nesting
OUTER = np.array([0.7, -1.2])
NESTED: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    # d/dx [x · d/dy (x + y)] = 1, and not 2: the classic of perturbation confusion
    "x + y": (lambda x: x * gn.grad(lambda y: x + y)(1.0), 3.0, 1.0),
    "x + y at x": (lambda x: x * gn.grad(lambda y: x + y)(x), 3.0, 1.0),
    "x y at x": (lambda x: x * gn.grad(lambda y: x * y)(x), 3.0, 6.0),
    "x y² at 2": (lambda x: x * gn.grad(lambda y: x * y**2)(2.0), 3.0, 24.0),
    "inner argument is a product": (lambda x: gn.grad(lambda y: x * y**2)(x * x), 3.0, 54.0),
    "x of the outer, y of the middle": (
        lambda x: gn.grad(lambda y: y * gn.grad(lambda z: x * y * z**2)(1.0))(x),
        2.0,
        16.0,
    ),
    "three deep": (lambda x: gn.grad(gn.grad(gn.grad(lambda y: y**5)))(x), 2.0, 240.0),
    "arrays": (
        lambda x: (x * gn.grad(lambda y: (x * y**2).sum())(OUTER)).sum(),
        np.array([3.0, 2.0]),
        4 * OUTER * np.array([3.0, 2.0]),
    ),
    "inner plain": (lambda x: x * gn.grad(lambda y: y**2)(5.0), 3.0, 10.0),
    "inner twice": (lambda x: gn.grad(lambda y: y**2)(x) * gn.grad(lambda y: y**3)(x), 2.0, 72.0),
    "value_and_grad inside": (lambda x: np.multiply(*gn.value_and_grad(lambda y: y**2)(x)), 2.0, 24.0),
    "second argument": (lambda x: gn.grad(lambda a, y: a * y**3, 1)(x, x), 2.0, 36.0),
}


@pytest.mark.parametrize("name", NESTED)
def test_gradients_inside_gradients_keep_their_variables_apart(name):
    f, x, expected = NESTED[name]
    np.testing.assert_allclose(gn.grad(f)(x), expected, rtol=1e-14)


def test_hessian_of_a_network_is_symmetric():
    x = generic(4, 3, seed=20)

    def loss(w):
        return (np.tanh(x @ w) ** 3).mean()

    w = generic(3)
    rows = [gn.grad(lambda v, k=k: gn.grad(loss)(v)[k])(w) for k in range(3)]
    np.testing.assert_allclose(rows, np.transpose(rows), rtol=1e-12, atol=1e-15)
    assert relative_error(np.array(rows), differences(gn.grad(loss), (w,), 0)) <= TOLERANCE


def test_gradients_by_several_arguments_and_their_dtypes():
    a, b = np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0])
    value, (da, db) = gn.value_and_grad(lambda a, b: (a * b).sum(), (0, 1))(a, b)
    assert (value, da.dtype, db.dtype) == (11.0, np.float32, np.float32)
    assert gn.grad(lambda a, b: (a * b).sum(), 1)(a, b).dtype == np.float64
    assert gn.grad(lambda a, k: (a * k).sum())(a, np.array([1, 2])).tolist() == [1.0, 2.0]
    assert isinstance(gn.grad(lambda x: x * x)(2.0), float)


def test_integers_cannot_be_differentiated():
    text = "grad() cannot differentiate by argument 0: it holds ints.\nConvert it with .astype(float)."
    with pytest.raises(gn.errors.InputTypeError) as plain:
        gn.grad(lambda i: (i * 1.0).sum())(np.arange(3))
    with pytest.raises(gn.errors.InputTypeError) as inside:
        gn.grad(lambda x: x.sum() * gn.grad(lambda i: i * 1.0)(np.argmax(x)))(np.ones(3))
    assert str(plain.value) == str(inside.value) == text
    with pytest.raises(gn.errors.InputError) as shaped:
        gn.grad(lambda x: x * 2)(np.ones(3))
    assert str(shaped.value) == (
        "grad() needs a function that answers a scalar; this one answers shape (3,).\n"
        "Reduce it first, for instance with .sum() or .mean()."
    )
