"""Elementary functions, written once for numbers and for vectors of them.

A call of the C library keeps a loop scalar and drives a tile of a product out of its registers. The float32
functions here are therefore plain arithmetic without branches: reduce the argument, evaluate a polynomial,
put the parts together, and let selects take care of infinities, zeros and NaN. Their error is below two units
in the last place. A :class:`Value` is a number or a vector that the running program computes, so that each
function serves both: :mod:`glassnet.kernels.elementary` makes of it what loops over numbers call, and
:func:`function_of` what the vectors of a tile are handed to (:mod:`glassnet.kernels.epilogue`).

>>> from llvmlite import ir
>>> four = ir.VectorType(ir.FloatType(), 4)
>>> function_of(ir.Module(), "tanh", four).name
'glassnet_tanh_v4f32'

The polynomials of ``exp``, ``log`` and ``tanh`` are those of the Cephes library (S. Moshier), the ones of
``sin`` and ``cos`` those of FreeBSD's msun (B. Gladman, D. Schultz), evaluated in float64.

Multiplications and additions may become one instruction where the processor has it, but nothing is reordered:
``(x - n * high) - n * low`` must not become ``x - n * (high + low)``. Such options belong to instructions, so
they survive in looser code around.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from glassnet.kernels.routines import intrinsic_of_one, routine, suffix

__all__ = ["FUNCTIONS", "Value", "function_of"]

_SINGLE, _DOUBLE, _BITS = ir.FloatType(), ir.DoubleType(), ir.IntType(32)
_FLAGS = ("contract",)


class Value:
    """A number or a vector, of floats or of integers, with Python's operators.

    The other operand is a value of the same type, or a Python number: a constant.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where the instructions go.
    value : ir.Value
        A number or a vector.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value
        self.type = value.type
        self.lanes = self.type.count if isinstance(self.type, ir.VectorType) else None
        self.element = self.type.element if self.lanes else self.type
        self._floats = self.element in (_SINGLE, _DOUBLE)

    # ---------------- arithmetic ----------------

    def __add__(self, other: Any) -> Value:
        return self._arithmetic("add", self, other)

    def __radd__(self, other: float) -> Value:
        return self._arithmetic("add", other, self)

    def __sub__(self, other: Any) -> Value:
        return self._arithmetic("sub", self, other)

    def __rsub__(self, other: float) -> Value:
        return self._arithmetic("sub", other, self)

    def __mul__(self, other: Any) -> Value:
        return self._arithmetic("mul", self, other)

    def __truediv__(self, other: Any) -> Value:
        return self._arithmetic("div", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return self._arithmetic("div", other, self)

    def __neg__(self) -> Value:
        return self._made(self.builder.fneg(self.value))

    def __abs__(self) -> Value:
        return self._intrinsic("fabs")

    def rounded(self) -> Value:
        """The nearest integer, as a float; the even one of two."""
        return self._intrinsic("rint")

    # ---------------- comparisons ----------------

    def __lt__(self, other: Any) -> Value:
        return self._compare("<", other)

    def __gt__(self, other: Any) -> Value:
        return self._compare(">", other)

    def equals(self, other: Any) -> Value:
        """Whether it is the same number: a bit for each lane."""
        return self._compare("==", other)

    # ---------------- bits ----------------

    def __and__(self, other: Any) -> Value:
        return self._made(self.builder.and_(self.value, self.operand(other)))

    def __or__(self, other: Any) -> Value:
        return self._made(self.builder.or_(self.value, self.operand(other)))

    def __lshift__(self, other: Any) -> Value:
        return self._made(self.builder.shl(self.value, self.operand(other)))

    def __rshift__(self, other: Any) -> Value:
        return self._made(self.builder.ashr(self.value, self.operand(other)))

    def bits(self) -> Value:
        """The bits of a float32, as an integer."""
        return self._made(self.builder.bitcast(self.value, self._like(_BITS)))

    def from_bits(self) -> Value:
        """The float32 with these bits."""
        return self._made(self.builder.bitcast(self.value, self._like(_SINGLE)))

    # ---------------- other types ----------------

    def single(self) -> Value:
        """An integer or a float64 as a float32."""
        convert = self.builder.fptrunc if self._floats else self.builder.sitofp
        return self._made(convert(self.value, self._like(_SINGLE)))

    def double(self) -> Value:
        """A float32 as a float64."""
        return self._made(self.builder.fpext(self.value, self._like(_DOUBLE)))

    def operand(self, other: Any) -> Any:
        """The instruction's operand that another value is, or a constant of this one's type."""
        if isinstance(other, Value):
            return other.value
        return ir.Constant(self.type, [other] * self.lanes if self.lanes else other)

    # ---------------- inside ----------------

    def _made(self, value: Any) -> Value:
        return Value(self.builder, value)

    def _like(self, element: Any) -> Any:
        return ir.VectorType(element, self.lanes) if self.lanes else element

    def _arithmetic(self, name: str, a: Any, b: Any) -> Value:
        instruction = getattr(self.builder, f"f{name}" if self._floats else name)
        return self._made(instruction(self.operand(a), self.operand(b), flags=_FLAGS if self._floats else ()))

    def _compare(self, symbol: str, other: Any) -> Value:
        if self._floats:
            bit = self.builder.fcmp_ordered(symbol, self.value, self.operand(other), flags=_FLAGS)
        else:
            bit = self.builder.icmp_signed(symbol, self.value, self.operand(other))
        return self._made(bit)

    def _intrinsic(self, name: str) -> Value:
        return self._made(intrinsic_of_one(self.builder, name, self.value))


def _select(test: Value, a: Any, b: Any) -> Value:
    """``a`` where the test holds, ``b`` elsewhere; one of both may be a Python number."""
    like: Value = a if isinstance(a, Value) else b
    return Value(like.builder, like.builder.select(test.value, like.operand(a), like.operand(b)))


def _polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """A polynomial's value by Horner's rule; the coefficient of the highest power comes first."""
    first, second, *rest = coefficients
    value: Value = x * first + second
    for coefficient in rest:
        value = value * x + coefficient
    return value


# ---------------- exp, expm1 ----------------

_LOG2_E = 1.44269504
# log(2) in two parts; the first has so few bits that its product with a small integer is exact.
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4
# Adding 1.5 * 2**23 rounds to an integer and leaves that integer in the lowest bits; 254 is twice the bias
# of the exponent, so that half of those bits is the exponent field of a square root.
_ROUND = 12582912.0 + 254
_LARGEST = 89.0  # exp overflows
_SMALLEST = -104.0  # exp is below half of the smallest number
_EXPM1 = (  # (exp(r) - 1 - r) / r**2 for |r| <= log(2) / 2
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
)  # fmt: skip


def _reduced(x: Value) -> tuple[Value, Value]:
    """(n + _ROUND, r) with x = n log(2) + r, |r| <= log(2) / 2, n an integer."""
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    return shifted, (x - n * _LN2_HIGH) - n * _LN2_LOW


def _exp(x: Value) -> Value:
    x = _select(x > _LARGEST, _LARGEST, x)
    x = _select(x < _SMALLEST, _SMALLEST, x)
    shifted, r = _reduced(x)
    p = _polynomial(r, _EXPM1) * (r * r) + r + 1.0
    # 2**n in two factors: n reaches from -150 to 128, an exponent field only from -126 to 127.
    field = shifted.bits() & 0x3FF
    half = field >> 1
    return p * (half << 23).from_bits() * ((field - half) << 23).from_bits()


def _expm1(x: Value) -> Value:
    y = _select(x > _LARGEST, _LARGEST, x)
    y = _select(y < -20.0, -20.0, y)
    shifted, r = _reduced(y)
    p = _polynomial(r, _EXPM1) * (r * r) + r
    # exp(x) - 1 = 2 (s p + (s - 1/2)) with s = 2**(n - 1), which does not overflow before the result does.
    s = (((shifted.bits() & 0x3FF) - 128) << 23).from_bits()
    y = (s * p + (s - 0.5)) * 2.0
    return _select(abs(x) < 1e-7, x, y)


# ---------------- log, log1p ----------------

# The bits of sqrt(1/2): from there to sqrt(2), bits differ from these by less than one in the exponent.
_SQRT_HALF_BITS = 0x3F3504F3
_LOG = (  # (log(1 + f) - f + f**2 / 2) / f**3 for sqrt(1/2) <= 1 + f < sqrt(2)
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip


def _split(x: Value) -> tuple[Value, Value]:
    """(k, m) with x = 2**k m, sqrt(1/2) <= m < sqrt(2), for positive normal x."""
    bits = x.bits()
    k = (bits - _SQRT_HALF_BITS) >> 23
    return k.single(), (bits - (k << 23)).from_bits()


def _log_sum(k: Value, f: Value, correction: Value | float) -> Value:
    """The sum k log(2) + log(1 + f) + correction, the small parts first."""
    square = f * f
    y = _polynomial(f, _LOG) * (square * f)
    y = y + (k * _LN2_LOW + correction) - square * 0.5
    return f + y + k * _LN2_HIGH


def _log_special(x: Value, y: Value) -> Value:
    """The value y, or what log(x) is where x is zero, negative, infinite or NaN."""
    y = _select(x < math.inf, y, x)
    y = _select(x > 0.0, y, math.nan)
    return _select(x.equals(0.0), -math.inf, y)


def _log(x: Value) -> Value:
    subnormal = x < 2.0**-126
    k, m = _split(_select(subnormal, x * 2.0**24, x))
    k = _select(subnormal, k - 24.0, k)
    return _log_special(x, _log_sum(k, m - 1.0, 0.0))


def _log1p(x: Value) -> Value:
    u = x + 1.0
    k, m = _split(u)
    # What rounding 1 + x lost, whichever of the two is the larger; nothing is lost while x itself is f.
    lost = _select(x > 1.0, 1.0 - (u - x), x - (u - 1.0)) / u
    inside = k.equals(0.0)
    y = _log_sum(k, _select(inside, x, m - 1.0), _select(inside, 0.0, lost))
    return _select(x.equals(0.0), x, _log_special(u, y))


# ---------------- tanh ----------------

_SIGN = -0x80000000  # the sign bit
_TANH = (  # (tanh(x) - x) / x**3 in x**2 for |x| < 0.625
    -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
)  # fmt: skip


def _tanh(x: Value) -> Value:
    size = abs(x)
    s = size * size
    near = _polynomial(s, _TANH) * (s * size) + size
    # From 9.02 on the result is 1; before, exp(2 size) needs only one factor 2**n.
    shifted, r = _reduced(_select(size > 10.0, 20.0, size + size))
    p = _polynomial(r, _EXPM1) * (r * r) + r + 1.0
    power = (((shifted.bits() & 0x3FF) - 127) << 23).from_bits()
    far = 1.0 - 2.0 / (p * power + 1.0)
    y = _select(size < 0.625, near, far)
    return (y.bits() | (x.bits() & _SIGN)).from_bits()


# ---------------- sin, cos ----------------

# (sin(x) - x) / x**3 and cos(x) in x**2 for |x| <= pi / 4, evaluated in float64
_SIN = (
    2.7183114939898219064e-6, -1.98393348360966317347e-4, 8.3333293858894631756e-3,
    -1.66666666416265235595e-1,
)  # fmt: skip
_COS = (
    2.43904487962774090654e-5, -1.38867637746099294692e-3, 4.16666233237390631894e-2,
    -4.99999997251031003120e-1, 1.0,
)  # fmt: skip
# 2 / pi to 196 bits, so many at a time that the product of a part and a float32 is exact in float64.
_TWO_BY_PI = (
    0xA2F9836 * 2.0**-28, 0xE4E4415 * 2.0**-56, 0x29FC275 * 2.0**-84, 0x7D1F534 * 2.0**-112,
    0xDDC0DB6 * 2.0**-140, 0x295993C * 2.0**-168, 0x439041F * 2.0**-196,
)  # fmt: skip


def _quarter_turns(x: Value) -> tuple[Value, Value]:
    """(n modulo 4, r) with x = n pi / 2 + r, |r| <= pi / 4, for every float32 there is.

    The method is that of M. Payne and R. Hanek (1983), in floating point.
    """
    x = x.double()
    turns: Any = 0.0
    rest: Any = 0.0
    for part in _TWO_BY_PI[:5]:
        product = x * part
        rest = product - (product * 0.25).rounded() * 4.0 + rest  # multiples of 4 are whole turns
        whole = rest.rounded()
        turns, rest = whole + turns, rest - whole
    for part in _TWO_BY_PI[5:]:  # at most 2**-14
        rest = x * part + rest
    return (turns.single() + _ROUND).bits() - 254, rest * 1.5707963267948966


def _sine(quarters: Value, r: Value) -> Value:
    """The sine of a number of quarter turns and r."""
    s = r * r
    sine = _polynomial(s, _SIN) * s * r + r
    y = _select((quarters & 1).equals(1), _polynomial(s, _COS), sine).single()
    return _select((quarters & 2).equals(2), -y, y)


def _sin(x: Value) -> Value:
    quarters, r = _quarter_turns(x)
    return _select(x.equals(0.0), x, _sine(quarters, r))


def _cos(x: Value) -> Value:
    quarters, r = _quarter_turns(x)
    return _sine(quarters + 1, r)


#: The functions of float32, of a :class:`Value`, by name.
FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
}


def function_of(module: Any, name: str, kind: Any) -> Any:
    """The LLVM function of a vector; a module has one for each type.

    Parameters
    ----------
    module : ir.Module
    name : str
        One of ``FUNCTIONS``.
    kind : ir.Type
        A vector of float32, or of float64: each of those numbers is handed to the C library.

    Returns
    -------
    ir.Function
    """
    single = kind.element == _SINGLE

    def write(builder: Any, arguments: Sequence[Any]) -> Any:
        (x,) = arguments
        return FUNCTIONS[name](Value(builder, x)).value if single else _one_by_one(builder, name, x)

    attribute = "alwaysinline" if single else "noinline"
    return routine(module, f"glassnet_{name}_{suffix(kind)}", kind, [kind], write, attribute)


def _one_by_one(builder: Any, name: str, x: Any) -> Any:
    """A function of the C library, the one that Numba calls, for every lane of a vector of float64."""
    library = cgutils.insert_pure_function(builder.module, ir.FunctionType(_DOUBLE, [_DOUBLE]), name)
    places = [_BITS(lane) for lane in range(x.type.count)]
    # One after the other, so that calls do not stand between vectors, which they would drive to the stack.
    numbers = [builder.extract_element(x, place) for place in places]
    results = [builder.call(library, [number]) for number in numbers]
    y = ir.Constant(x.type, ir.Undefined)
    for place, result in zip(places, results, strict=True):
        y = builder.insert_element(y, result, place)
    return y
