"""Elementary functions that LLVM turns into vector instructions.

A call of the C library inside a loop keeps the loop scalar. The float32 versions here are therefore plain
arithmetic without branches: reduce the argument, evaluate a polynomial, put the parts together, and let
selects (``a if test else b``) take care of infinities, zeros and NaN. Their error is below two units in the
last place. The float64 versions call the C library.

The polynomials of ``exp``, ``log`` and ``tanh`` are those of the Cephes library (S. Moshier), the ones of
``sin`` and ``cos`` those of FreeBSD's msun (B. Gladman, D. Schultz), evaluated in float64.

These functions are compiled without reassociation: ``(x - n * high) - n * low`` must not become
``x - n * (high + low)``. Options belong to instructions, so they survive inlining into looser code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from glassnet.kernels.options import EXACT

__all__ = [
    "cos",
    "exp",
    "expm1",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "power",
    "sign",
    "sin",
    "sqrt",
    "tanh",
]

_ONE = np.float32(1)
_TWO = np.float32(2)
_HALF = np.float32(0.5)
_ZERO = np.float32(0)
_INF = np.float32(np.inf)
_NAN = np.float32(np.nan)
_LOG2_E = np.float32(1.44269504)
# log(2) in two parts; the first has so few bits that its product with a small integer is exact.
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
# Adding 1.5 * 2**23 rounds to an integer and leaves that integer in the lowest bits; 254 is twice the bias
# of the exponent, so that half of those bits is the exponent field of a square root.
_ROUND = np.float32(12582912 + 254)
_LARGEST = np.float32(89)  # exp overflows
_SMALLEST = np.float32(-104)  # exp is below half of the smallest number
_SIGN = -0x80000000  # the sign bit


@intrinsic
def bits_of(typingctx: Any, x: Any) -> Any:
    """Return the 32 bits of a float32 as an integer."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def float_of(typingctx: Any, x: Any) -> Any:
    """Return the float32 that the lowest 32 bits of an integer stand for."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(builder.trunc(arguments[0], ir.IntType(32)), ir.FloatType())

    return types.float32(types.int64), codegen


@intrinsic
def polynomial(typingctx: Any, x: Any, coefficients: Any) -> Any:
    """Return a polynomial's value by Horner's rule; the coefficient of the highest power comes first."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, *rest = cgutils.unpack_tuple(builder, arguments[1], len(coefficients))
        for coefficient in rest:
            product = builder.fmul(value, arguments[0], flags=["contract"])
            value = builder.fadd(product, coefficient, flags=["contract"])
        return value

    return x(x, types.UniTuple(x, len(coefficients))), codegen


def _float32(*numbers: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(number) for number in numbers)


# Highest power first.
_EXPM1 = _float32(  # (exp(r) - 1 - r) / r**2 for |r| <= log(2) / 2
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
)  # fmt: skip
_LOG = _float32(  # (log(1 + f) - f + f**2 / 2) / f**3 for sqrt(1/2) <= 1 + f < sqrt(2)
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
_TANH = _float32(  # (tanh(x) - x) / x**3 in x**2 for |x| < 0.625
    -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
)  # fmt: skip
# (sin(x) - x) / x**3 and cos(x) in x**2 for |x| <= pi / 4, evaluated in float64
_SIN = (
    2.7183114939898219064e-6,
    -1.98393348360966317347e-4,
    8.3333293858894631756e-3,
    -1.66666666416265235595e-1,
)
_COS = (2.43904487962774090654e-5, -1.38867637746099294692e-3, 4.16666233237390631894e-2,
        -4.99999997251031003120e-1, 1.0)  # fmt: skip


@njit(inline="always")
def _reduced(x: Any) -> Any:
    """Return (n + _ROUND, r) with x = n log(2) + r, |r| <= log(2) / 2, n an integer."""
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    return shifted, (x - n * _LN2_HIGH) - n * _LN2_LOW


def _exp_float32(x: Any) -> Any:
    x = _LARGEST if x > _LARGEST else x
    x = _SMALLEST if x < _SMALLEST else x
    shifted, r = _reduced(x)
    p = polynomial(r, _EXPM1) * (r * r) + r + _ONE
    # 2**n in two factors: n reaches from -150 to 128, an exponent field only from -126 to 127.
    field = bits_of(shifted) & 0x3FF
    half = field >> 1
    return p * float_of(half << 23) * float_of((field - half) << 23)


def _expm1_float32(x: Any) -> Any:
    y = _LARGEST if x > _LARGEST else x
    y = np.float32(-20) if y < np.float32(-20) else y
    shifted, r = _reduced(y)
    p = polynomial(r, _EXPM1) * (r * r) + r
    # exp(x) - 1 = 2 (s p + (s - 1/2)) with s = 2**(n - 1), which does not overflow before the result does.
    s = float_of(((bits_of(shifted) & 0x3FF) - 128) << 23)
    y = (s * p + (s - _HALF)) * _TWO
    return x if abs(x) < np.float32(1e-7) else y


# The bits of sqrt(1/2): from there to sqrt(2), bits differ from these by less than one in the exponent.
_SQRT_HALF_BITS = 0x3F3504F3


@njit(inline="always")
def _split(x: Any) -> Any:
    """Return (k, m) with x = 2**k m, sqrt(1/2) <= m < sqrt(2), for positive normal x."""
    bits = bits_of(x)
    k = np.int32(bits - _SQRT_HALF_BITS) >> 23
    return np.float32(np.int32(k)), float_of(bits - (k << 23))


@njit(inline="always")
def _log_sum(k: Any, f: Any, correction: Any) -> Any:
    """Return k log(2) + log(1 + f) + correction, the small parts first."""
    square = f * f
    y = polynomial(f, _LOG) * (square * f)
    y = y + (k * _LN2_LOW + correction)
    y = y - _HALF * square
    return (f + y) + k * _LN2_HIGH


@njit(inline="always")
def _log_special(x: Any, y: Any) -> Any:
    """Return y, or what log(x) is where x is zero, negative, infinite or NaN."""
    y = y if x < _INF else x
    y = y if x > _ZERO else _NAN
    return -_INF if x == _ZERO else y


def _log_float32(x: Any) -> Any:
    subnormal = x < np.float32(2**-126)
    k, m = _split(x * np.float32(2**24) if subnormal else x)
    k = k - np.float32(24) if subnormal else k
    return _log_special(x, _log_sum(k, m - _ONE, _ZERO))


def _log1p_float32(x: Any) -> Any:
    u = _ONE + x
    k, m = _split(u)
    # What rounding 1 + x lost, whichever of the two is the larger; nothing is lost while x itself is f.
    lost = (_ONE - (u - x) if x > _ONE else x - (u - _ONE)) / u
    inside = k == _ZERO
    y = _log_sum(k, x if inside else m - _ONE, _ZERO if inside else lost)
    return x if x == _ZERO else _log_special(u, y)


def _tanh_float32(x: Any) -> Any:
    size = abs(x)
    s = size * size
    near = polynomial(s, _TANH) * (s * size) + size
    # From 9.02 on the result is 1; before, exp(2 size) needs only one factor 2**n.
    shifted, r = _reduced(np.float32(20) if size > np.float32(10) else size + size)
    p = polynomial(r, _EXPM1) * (r * r) + r + _ONE
    far = _ONE - _TWO / (p * float_of(((bits_of(shifted) & 0x3FF) - 127) << 23) + _ONE)
    y = near if size < np.float32(0.625) else far
    return float_of(bits_of(y) | (bits_of(x) & _SIGN))


@njit(inline="always")
def _add_part(x: Any, part: Any, turns: Any, rest: Any) -> Any:
    """Add x * part, which is exact, to turns + rest; drop multiples of 4 and keep rest within a half."""
    product = x * part
    rest += product - 4.0 * np.rint(product * 0.25)
    whole = np.rint(rest)
    return turns + whole, rest - whole


@njit(inline="always")
def _quarter_turns(x: Any) -> Any:
    """Return (n modulo 4, r) with x = n pi / 2 + r, |r| <= pi / 4, for every float32 there is.

    The method is that of M. Payne and R. Hanek (1983), in floating point: 2 / pi to 196 bits in parts of
    28, so that the product of a part and a float32 is exact in float64.
    """
    x = np.float64(x)
    turns, rest = _add_part(x, 0xA2F9836 * 2.0**-28, 0.0, 0.0)
    turns, rest = _add_part(x, 0xE4E4415 * 2.0**-56, turns, rest)
    turns, rest = _add_part(x, 0x29FC275 * 2.0**-84, turns, rest)
    turns, rest = _add_part(x, 0x7D1F534 * 2.0**-112, turns, rest)
    turns, rest = _add_part(x, 0xDDC0DB6 * 2.0**-140, turns, rest)
    rest += x * (0x295993C * 2.0**-168)  # at most 2**-14
    rest += x * (0x439041F * 2.0**-196)
    return bits_of(np.float32(turns) + _ROUND) - 254, rest * 1.5707963267948966


@njit(inline="always")
def _sine(quarters: Any, r: Any) -> Any:
    """Return the sine of a number of quarter turns and r."""
    s = r * r
    sine = polynomial(s, _SIN) * s * r + r
    cosine = polynomial(s, _COS)
    y = np.float32(cosine if quarters & 1 else sine)
    return -y if quarters & 2 else y


def _sin_float32(x: Any) -> Any:
    quarters, r = _quarter_turns(x)
    return x if x == _ZERO else _sine(quarters, r)


def _cos_float32(x: Any) -> Any:
    quarters, r = _quarter_turns(x)
    return _sine(quarters + 1, r)


def exp(x: Any) -> Any:
    """Return e**x."""
    return np.exp(x)


def expm1(x: Any) -> Any:
    """Return e**x - 1, precise near 0."""
    return np.expm1(x)


def log(x: Any) -> Any:
    """Return the natural logarithm; -inf at 0, NaN below."""
    return np.log(x)


def log1p(x: Any) -> Any:
    """Return log(1 + x), precise near 0."""
    return np.log1p(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return np.tanh(x)


def sin(x: Any) -> Any:
    """Return the sine of x radians."""
    return np.sin(x)


def cos(x: Any) -> Any:
    """Return the cosine of x radians."""
    return np.cos(x)


def sqrt(x: Any) -> Any:
    """Return the square root; NaN below 0."""
    return np.sqrt(x)


def sign(x: Any) -> Any:
    """Return -1, 0 or 1, and NaN for NaN."""
    return np.sign(x)


def maximum(x: Any, y: Any) -> Any:
    """Return the larger of two numbers, and NaN if one of them is."""
    return np.maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """Return the smaller of two numbers, and NaN if one of them is."""
    return np.minimum(x, y)


def power(x: Any, exponent: Any) -> Any:
    """Return x**exponent."""
    return np.power(x, exponent)


_FLOAT32 = {
    exp: _exp_float32,
    expm1: _expm1_float32,
    log: _log_float32,
    log1p: _log1p_float32,
    tanh: _tanh_float32,
    sin: _sin_float32,
    cos: _cos_float32,
}


def _compiled(function: Any, single: Any) -> None:
    """Say what compiled code runs where it calls ``function``."""
    library = getattr(np, function.__name__)

    def double(x: Any) -> Any:
        return library(x)

    @overload(function, jit_options=EXACT)
    def choose(x: Any) -> Any:
        return single if x == types.float32 else double


for _function, _single in _FLOAT32.items():
    _compiled(_function, _single)


@overload(sqrt, jit_options=EXACT)
def _sqrt(x: Any) -> Any:
    def root(x: Any) -> Any:
        return np.sqrt(x)  # one instruction, also for vectors

    return root


@overload(sign, jit_options=EXACT)
def _sign(x: Any) -> Any:
    def choose(x: Any) -> Any:
        y = kind(1) if x > 0 else kind(0)
        y = kind(-1) if x < 0 else y
        return y if x == x else x  # NaN is not equal to itself

    kind = _numpy_type(x)
    return choose


@overload(maximum, jit_options=EXACT)
def _maximum(x: Any, y: Any) -> Any:
    def choose(x: Any, y: Any) -> Any:
        a, b = kind(x), kind(y)
        # The test for NaN is on y: often a constant, and then the test is gone after compiling.
        return b if a < b or b != b else a

    kind = _numpy_type(x, y)
    return choose


@overload(minimum, jit_options=EXACT)
def _minimum(x: Any, y: Any) -> Any:
    def choose(x: Any, y: Any) -> Any:
        a, b = kind(x), kind(y)
        return b if a > b or b != b else a

    kind = _numpy_type(x, y)
    return choose


@overload(power, jit_options=EXACT)
def _power(x: Any, exponent: Any) -> Any:
    def raise_to(x: Any, exponent: Any) -> Any:
        return kind(x) ** kind(exponent)

    kind = _numpy_type(x, exponent)
    return raise_to


def _numpy_type(*operands: Any) -> Any:
    """Return the type to calculate in: the widest of the floats; an integer beside a float is a constant."""
    floats = [x for x in operands if isinstance(x, types.Float)]
    kinds = [np.dtype(str(types.unliteral(x))) for x in floats or operands]
    return np.result_type(*kinds).type
