"""Catalogue row H8: every activation of Keras's list against its definition, its gradient, its extremes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

import glassnet as gn
from glassnet import activations
from glassnet.nn.activations import ACTIVATIONS

INF, NAN = np.inf, np.nan
BIG = float(np.finfo(np.float64).max)


def scalar(f):
    """A function of one number, applied to every element."""
    return np.vectorize(f, otypes=[float])


def rows(f):
    """A function of one row, applied to every row."""
    return lambda z: np.apply_along_axis(f, -1, z)


def logistic(z):
    return 1 / (1 + math.exp(-z))


def log1pexp(z):
    return math.log(1 + math.exp(z))


def normal_distribution(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def tanh_gelu(z):
    return 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def piecewise(*pieces):
    """(limit, function): the first piece whose limit is not exceeded."""
    return lambda z: next(f(z) for limit, f in pieces if z <= limit)


def simplex_projection(z):
    """The algorithm of the sparsemax paper, with sorting."""
    descending = np.sort(z)[::-1]
    sums = np.cumsum(descending)
    k = np.arange(1, len(z) + 1)
    size = int(k[1 + k * descending > sums][-1])
    return np.maximum(z - (sums[size - 1] - 1) / size, 0)


def exact_softmax(z):
    parts = [math.exp(v) for v in z]
    return np.array(parts) / math.fsum(parts)


def gated(z):
    half = len(z) // 2
    return np.array([a * logistic(b) for a, b in zip(z[:half], z[half:], strict=True)])


def zero(z):
    return 0.0


def same(z):
    return z


SELU = (1.0507009873554805, 1.6732632423543772)


@dataclass(frozen=True)
class Case:
    """An activation: its definition, where it bends or jumps, its answers at -inf and inf."""

    definition: object
    kinks: tuple[float, ...] = ()
    ends: tuple[float, float] | None = None
    overflows: tuple[float, ...] = field(default=())  # of the 40 values: where mathematics leaves the floats


CASES = {
    "celu": Case(scalar(piecewise((0, math.expm1), (INF, same))), (), (-1, INF)),
    "elu": Case(scalar(piecewise((0, math.expm1), (INF, same))), (), (-1, INF)),
    "exponential": Case(
        scalar(math.exp), (), (0, INF), overflows=(709.9, 745.2, 1e8, 1e30, 2e38, 1e300, BIG)
    ),
    "gelu": Case(scalar(lambda z: z * normal_distribution(z)), (), (NAN, INF)),
    "glu": Case(rows(gated)),
    "hard_shrink": Case(scalar(lambda z: z if abs(z) > 0.5 else 0), (-0.5, 0.5), (-INF, INF)),
    "hard_sigmoid": Case(scalar(lambda z: min(max(z + 3, 0), 6) / 6), (-3, 3), (0, 1)),
    "hard_silu": Case(scalar(lambda z: z * min(max(z + 3, 0), 6) / 6), (-3, 3), (NAN, INF)),
    "hard_tanh": Case(scalar(lambda z: min(max(z, -1), 1)), (-1, 1), (-1, 1)),
    "leaky_relu": Case(scalar(lambda z: z if z >= 0 else 0.2 * z), (0,), (-INF, INF)),
    "linear": Case(scalar(same), (), (-INF, INF)),
    "log_sigmoid": Case(scalar(lambda z: math.log(logistic(z))), (), (-INF, 0)),
    "log_softmax": Case(rows(lambda z: np.log(exact_softmax(z)))),
    "mish": Case(scalar(lambda z: z * math.tanh(log1pexp(z))), (), (NAN, INF)),
    "relu": Case(scalar(lambda z: max(z, 0)), (0,), (0, INF)),
    "relu6": Case(scalar(lambda z: min(max(z, 0), 6)), (0, 6), (0, 6)),
    "selu": Case(
        scalar(lambda z: SELU[0] * (z if z > 0 else SELU[1] * math.expm1(z))),
        (0,),
        (-SELU[0] * SELU[1], INF),
        overflows=(BIG,),
    ),
    "sigmoid": Case(scalar(logistic), (), (0, 1)),
    "silu": Case(scalar(lambda z: z * logistic(z)), (), (NAN, INF)),
    "soft_shrink": Case(scalar(lambda z: math.copysign(max(abs(z) - 0.5, 0), z)), (-0.5, 0.5), (-INF, INF)),
    "softmax": Case(rows(exact_softmax)),
    "softplus": Case(scalar(log1pexp), (), (0, INF)),
    "softsign": Case(scalar(lambda z: z / (1 + abs(z))), (), (NAN, NAN)),
    "sparse_plus": Case(
        scalar(piecewise((-1, zero), (1, lambda z: (z + 1) ** 2 / 4), (INF, same))), (), (0, INF)
    ),
    "sparse_sigmoid": Case(scalar(lambda z: min(max((z + 1) / 2, 0), 1)), (-1, 1), (0, 1)),
    "sparsemax": Case(rows(simplex_projection)),
    "squareplus": Case(scalar(lambda z: (z + math.sqrt(z * z + 4)) / 2), (), (NAN, NAN)),
    "tanh": Case(scalar(math.tanh), (), (-1, 1)),
    "tanh_shrink": Case(scalar(lambda z: z - math.tanh(z)), (), (-INF, INF)),
}

# Activations with options, as users give them.
CONFIGURED = {
    "celu, alpha": (partial(activations.celu, alpha=0.5), Case(
        scalar(lambda z: z if z > 0 else 0.5 * math.expm1(z / 0.5)))),
    "elu, alpha": (partial(activations.elu, alpha=0.5), Case(
        scalar(lambda z: z if z > 0 else 0.5 * math.expm1(z)), (0,))),
    "gelu, tanh": (partial(activations.gelu, approximate=True), Case(scalar(tanh_gelu))),
    "glu, axis": (partial(activations.glu, axis=0), Case(lambda z: gated(list(z)) if z.ndim == 1 else
        z[: len(z) // 2] * np.vectorize(logistic)(z[len(z) // 2 :]))),
    "hard_shrink, threshold": (partial(activations.hard_shrink, threshold=1.0), Case(
        scalar(lambda z: z if abs(z) > 1 else 0), (-1, 1))),
    "leaky_relu, slope": (partial(activations.leaky_relu, negative_slope=0.01), Case(
        scalar(lambda z: max(z, 0.01 * z)), (0,))),
    "log_softmax, axis": (partial(activations.log_softmax, axis=0), Case(
        lambda z: np.log(np.apply_along_axis(exact_softmax, 0, z)))),
    "relu, slope": (partial(activations.relu, negative_slope=0.3), Case(
        scalar(lambda z: max(z, 0.3 * z)), (0,))),
    "relu, limit": (partial(activations.relu, max_value=1.5), Case(
        scalar(lambda z: min(max(z, 0), 1.5)), (0, 1.5))),
    "relu, threshold": (partial(activations.relu, threshold=0.7), Case(
        scalar(lambda z: z if z > 0.7 else 0), (0.7,))),
    "relu, everything": (partial(activations.relu, negative_slope=0.3, max_value=1.5, threshold=0.7), Case(
        scalar(piecewise((0.7, lambda z: 0.3 * (z - 0.7)), (1.5, same), (INF, lambda z: 1.5))),
        (0.7, 1.5))),
    "soft_shrink, threshold": (partial(activations.soft_shrink, threshold=1.0), Case(
        scalar(lambda z: math.copysign(max(abs(z) - 1, 0), z)), (-1, 1))),
    "softmax, axis": (partial(activations.softmax, axis=0), Case(
        lambda z: np.apply_along_axis(exact_softmax, 0, z))),
    "sparsemax, axis": (partial(activations.sparsemax, axis=0), Case(
        lambda z: np.apply_along_axis(simplex_projection, 0, z))),
    "squareplus, b": (partial(activations.squareplus, b=0.5), Case(
        scalar(lambda z: (z + math.sqrt(z * z + 0.5)) / 2))),
    "threshold": (partial(activations.threshold, threshold=0.6, default_value=-1.0), Case(
        scalar(lambda z: z if z > 0.6 else -1), (0.6,))),
}  # fmt: skip

ALL = {name: (activations.get(name), case) for name, case in CASES.items()} | CONFIGURED
each = pytest.mark.parametrize("name", ALL)
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

RNG = np.random.default_rng(8)
Z = RNG.normal(0, 2, (6, 4))


def away_from(z, kinks, distance=1e-3):
    """The same numbers, none of them near a kink."""
    for kink in kinks:
        z = np.where(np.abs(z - kink) < distance, kink + 10 * distance, z)
    return z


def mixed(f, shape):
    """A scalar function of z whose gradient is not zero by symmetry."""
    mix = np.random.default_rng(9).normal(0, 1, np.shape(f(np.zeros(shape))))
    return lambda z: (mix * f(z)).sum()


def test_every_activation_has_a_row():
    assert set(ACTIVATIONS) == {*CASES, "threshold", "swish", "hard_swish"}
    assert set(activations.__all__) == {*CASES, "threshold", "erf", "get"}


@each
@pytest.mark.parametrize("shape", [(6, 4), (4, 3, 2), (8,)])
def test_h8_definitions(name, shape):
    f, case = ALL[name]
    z = np.resize(Z, shape)
    np.testing.assert_allclose(f(z), case.definition(z), rtol=4e-15, atol=4e-16)


@each
@pytest.mark.parametrize("shape", [(6, 4), (4, 3, 2), (8,)])
def test_h8_gradients_against_differences(name, shape):
    f, case = ALL[name]
    check = gn.check_gradients(mixed(f, shape), away_from(np.resize(Z, shape), case.kinks))
    assert check.max_error <= 1e-7, str(check)
    assert not any(check.kinks.values())


@each
def test_h8_second_derivatives_against_differences(name):
    f, case = ALL[name]
    slope = gn.grad(mixed(f, (6, 4)))
    mix = np.cos(Z)
    bends = case.kinks if name not in ("celu", "celu, alpha", "elu", "sparse_plus") else (-1, 0, 1)
    check = gn.check_gradients(lambda z: (mix * slope(z)).sum(), away_from(Z, bends))
    assert check.max_error <= 1e-7, str(check)


@each
@each_dtype
def test_traced_programs_agree_with_plain_calls_in_one_float_type(name, dtype):
    f, _ = ALL[name]
    z = Z.astype(dtype)
    answer, gradient = gn.value_and_grad(lambda x: f(x).sum())(z)
    program = gn.Sequential([gn.layers.Activation(f)], dtype=dtype)
    if not name.endswith("axis"):  # axis 0 is the batch there
        traced = program.predict(z)
        np.testing.assert_allclose(traced, f(z), rtol=2 * np.finfo(dtype).eps)
        assert traced.dtype == dtype
    assert f(z).dtype == np.asarray(gradient).dtype == dtype
    assert answer == pytest.approx(float(f(z).astype(float).sum()), rel=1e-5, abs=1e-5)


# ------------------------------------------------------------------------------------------ extremes
SIZES = (
    0.0, 5e-324, 1e-310, 1.4e-45, 2.3e-308, 1.2e-38, 1e-16, 2.2e-16, 1.2e-7, 0.5, 1.0, 3.0, 6.0, 36.8, 88.7,
    88.8, 103.9, 709.7, 709.9, 745.2, 1e8, 1e30, 2e38, 1e300, BIG,
)  # fmt: skip
FINITE = tuple(sign * size for size in SIZES for sign in (1.0, -1.0))


def test_there_are_at_least_forty_special_values():
    assert len({float(v).hex() for v in (*FINITE, INF, -INF, NAN)}) >= 40


def fitting(dtype):
    """The special values that the float type can hold; its own largest in place of float64's."""
    largest = float(np.finfo(dtype).max)
    return sorted({math.copysign(min(abs(v), largest), v) for v in FINITE})


def overflowing(case, dtype):
    """Values whose true answer is too large for the type."""
    if dtype == "float64":
        return case.overflows
    return tuple(v for v in fitting(dtype) if v > 88.75) if 709.9 in case.overflows else (
        (float(np.finfo(dtype).max),) if case.overflows else ()
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ALL if not name.endswith("axis")])
@each_dtype
@pytest.mark.filterwarnings("error")
def test_finite_in_finite_out_and_silent(name, dtype):
    f, case = ALL[name]
    values = [v for v in fitting(dtype) if v not in overflowing(case, dtype)]
    z = np.array(values, dtype).reshape(-1, 1).repeat(4, axis=1)  # equal rows: softmax and its kin stay tame
    gradient = gn.grad(lambda x: (1e-3 * f(x)).sum())(z)  # so that the sum itself does not overflow
    assert np.isfinite(f(z)).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["softmax", "sparsemax", "glu"])
@each_dtype
@pytest.mark.filterwarnings("error")
def test_rows_of_any_two_special_values_stay_finite(name, dtype):
    f = activations.get(name)
    values = np.array(fitting(dtype), dtype)
    z = np.stack([np.repeat(values, len(values)), np.tile(values, len(values))], axis=1)
    mix = np.array([1e-4, 2e-4], dtype)[: f(z).shape[1]]
    gradient = gn.grad(lambda x: (mix * f(x)).sum())(z)
    assert np.isfinite(f(z)).all()
    assert np.isfinite(gradient).all()
    if name != "glu":
        np.testing.assert_allclose(f(z).sum(axis=1), 1, rtol=1e-6)


def test_log_softmax_is_finite_as_long_as_its_answer_is():
    z = np.array([[BIG / 2, -BIG / 2], [1e308, 0.0], [0.0, -745.2]])
    np.testing.assert_array_equal(activations.log_softmax(z), [[0, -BIG], [0, -1e308], [0, -745.2]])


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.overflows])
def test_where_mathematics_overflows_the_answer_is_infinite(name):
    f, case = ALL[name]
    with np.errstate(over="ignore"):
        assert (f(np.array(case.overflows)) == INF).all()


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.ends])
def test_infinite_input(name):
    """The limit, or NaN where the formula is a product of 0 and infinity or a quotient of infinities."""
    f, case = ALL[name]
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(f(np.array([-INF, INF])), case.ends)


@each
def test_nan_is_never_hidden(name):
    f, _ = ALL[name]
    with np.errstate(invalid="ignore", divide="ignore"):
        answer = f(np.full((2, 4), NAN))
    assert np.isnan(answer).all()


@pytest.mark.parametrize("name", ["silu", "gelu", "mish", "softplus", "squareplus", "sigmoid"])
def test_left_tails_keep_their_digits(name):
    """Where the answer is small it is not what remains of a cancellation."""
    f, _ = ALL[name]
    z = np.array([-30.0, -20.0, -10.0])
    tail = np.exp(z)
    expected = {
        "sigmoid": tail / (1 + tail),
        "softplus": np.log1p(tail),
        "silu": z * tail / (1 + tail),
        "mish": z * np.tanh(np.log1p(tail)),
        "squareplus": 2 / (np.sqrt(z * z + 4) - z),
    }
    if name == "gelu":  # the exception: as everywhere, by 1 + erf, to 1e-16 of z
        np.testing.assert_allclose(f(z), 0, atol=3e-15)
    else:
        np.testing.assert_allclose(f(z), expected[name], rtol=1e-14)
