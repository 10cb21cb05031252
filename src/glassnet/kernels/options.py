"""The options that compiled functions share."""

from __future__ import annotations

from typing import Any

__all__ = ["EXACT", "HELD", "INNER", "OPTIONS"]

# Never fastmath=True: it lets LLVM assume that there is no NaN and no infinity, and then tests for them
# are compiled away. Nor "reassoc" and "contract": z - max(z) would no longer be 0 at the maximum where z is
# itself computed in place, and exp of the difference overflows; sums that may be reordered say so (`plus`).
# Division by zero is NumPy's (inf or nan): a check in a loop would keep it scalar.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp"},
    "boundscheck": False,
}

# For a call so short that keeping other threads of Python out is the cheapest way to keep its memory its own.
HELD: dict[str, Any] = OPTIONS | {"nogil": False}

# For functions that only compiled code calls: without the wrappers that let Python call them, they compile
# in half the time. Numba compiles each function on its own before LLVM inlines it, so fewer functions are
# faster; `inline="always"` copies a helper's source into its caller instead, and the caller's options hold
# there.
INNER: dict[str, Any] = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# For arithmetic that must not be reordered: (x - n * high) - n * low is not x - n * (high + low) to a
# float. Such options belong to single instructions, so they survive inlining into a caller with others.
EXACT: dict[str, Any] = INNER | {"fastmath": {"contract"}, "forceinline": True}
