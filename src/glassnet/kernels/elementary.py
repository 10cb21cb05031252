"""Elementary functions that LLVM turns into vector instructions: what loops over single numbers call.

The float32 versions are those of :mod:`glassnet.kernels.functions`; the float64 versions call the C library.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from glassnet.kernels.functions import FUNCTIONS, Value
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


def _compiled(function: Any) -> None:
    """Say what compiled code runs where it calls ``function``."""
    library, written = getattr(np, function.__name__), FUNCTIONS[function.__name__]

    @intrinsic
    def instructions(typing_context: Any, x: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return written(Value(builder, *arguments)).value

        return types.float32(types.float32), codegen

    def single(x: Any) -> Any:
        return instructions(x)

    def double(x: Any) -> Any:
        return library(x)

    @overload(function, jit_options=EXACT)
    def choose(x: Any) -> Any:
        return single if x == types.float32 else double


for _function in (exp, expm1, log, log1p, tanh, sin, cos):
    _compiled(_function)


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
