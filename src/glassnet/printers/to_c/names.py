"""Names that a C program cannot use for its variables."""

from __future__ import annotations

import re

from glassnet.trace.names import IDENTIFIER, unused

_KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile
    while _Bool _Complex _Imaginary asm bool false true class delete new operator private protected public
    template this throw try catch typename using virtual namespace and or not xor main linux unix
"""
_MATH = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor
    fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround
    modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sinh sqrt tan
    tanh tgamma trunc fpclassify isfinite isinf isnan isnormal signbit isgreater isless isunordered j0 j1 jn
    y0 y1 yn gamma NAN INFINITY HUGE_VAL abs labs
"""
# Variables of loops: over a result's axes the last ones of these, over what is summed up the first ones.
OUTER = (*(f"i{axis}" for axis in range(32, 4, -1)), "g", "h", "i", "j")
INNER = ("k", "l", *(f"k{axis}" for axis in range(3, 33)))
RESERVED = frozenset(
    (
        *_KEYWORDS.split(),
        *_MATH.split(),
        *(f"{name}{end}" for name in _MATH.split() for end in "fl"),
        *OUTER,
        *INNER,
        "scratch",
    )
)
# C's own headers: a file of ours beside the program must not be taken for one.
_HEADERS = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg stdbool
    stddef stdint stdio stdlib string tgmath time wchar wctype
"""
HEADERS = frozenset(_HEADERS.split())


def function_name(name: str) -> str:
    """The first part of the names of the functions, from the name of a file or the user's own word.

    Examples
    --------
    >>> function_name("my-iris model"), function_name("3d"), function_name("_x")
    ('my_iris_model', 'model_3d', 'x')
    """
    found = re.sub(r"[^A-Za-z0-9_]", "_", name).lstrip("_")[:31] or "model"
    return found if IDENTIFIER.fullmatch(found) else f"model_{found}"[:31]


def identifier(name: str, taken: set[str]) -> str:
    """The name itself, or one like it, where C or the program has a use of its own for it."""
    return unused(name if IDENTIFIER.fullmatch(name) else "t", taken)
