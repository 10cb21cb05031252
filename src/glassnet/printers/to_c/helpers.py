"""Small functions that printed C programs contain when they use them."""

from __future__ import annotations

# name → text; {T} is the program's float type. What NaN is given must stay NaN, which fmax and fmin forget.
HELPERS = {
    "maximum": """\
/* The larger one; NaN stays NaN, unlike with fmax. */
static {T} maximum({T} a, {T} b)
{{
    return a > b || a != a ? a : b;
}}""",
    "minimum": """\
/* The smaller one; NaN stays NaN, unlike with fmin. */
static {T} minimum({T} a, {T} b)
{{
    return a < b || a != a ? a : b;
}}""",
    "sign": """\
static {T} sign({T} a)
{{
    return a > 0 ? 1 : a < 0 ? -1 : a;
}}""",
    "square": """\
static {T} square({T} a)
{{
    return a * a;
}}""",
    "maximum_integer": """\
static long maximum_integer(long a, long b)
{{
    return a > b ? a : b;
}}""",
    "minimum_integer": """\
static long minimum_integer(long a, long b)
{{
    return a < b ? a : b;
}}""",
    "sign_integer": """\
static long sign_integer(long a)
{{
    return (a > 0) - (a < 0);
}}""",
    "power_integer": """\
static long power_integer(long base, long exponent)
{{
    long result = 1;
    while (exponent-- > 0)
        result *= base;
    return result;
}}""",
    "absolute": """\
static long absolute(long a)
{{
    return a < 0 ? -a : a;
}}""",
    "whole": """\
/* A number without its fraction; 0 for NaN and for what a long cannot hold. */
static long whole({T} a)
{{
    const {T} limit = ({T})(sizeof(long) > 4 ? 9223372036854775808.0 : 2147483648.0);
    return a > -limit && a < limit ? (long)a : 0;
}}""",
    "row_of": """\
/* Row i of a table, counted from its end if i is negative; beyond the table the nearest row. */
static long row_of(long i, long rows)
{{
    i = i < 0 ? i + rows : i;
    return i < 0 ? 0 : i < rows ? i : rows - 1;
}}""",
}


def helper_text(name: str, float_type: str) -> str:
    """A helper's text for a float type."""
    return HELPERS[name].format(T=float_type)
