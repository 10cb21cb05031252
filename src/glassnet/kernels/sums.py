"""Additions whose order does not matter."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

__all__ = ["plus"]


@intrinsic
def plus(typingctx: Any, total: Any, term: Any) -> Any:
    """Add a term to a total that a loop makes of many: in the order that suits the processor.

    Only these additions may be reordered, so that LLVM adds up with whole vectors. Everything else is
    computed as written: ``z - max(z)`` has to be exactly 0 at the maximum, and ``z`` may be a sum itself.

    Parameters
    ----------
    total, term : float or int
        Of one type.

    Returns
    -------
    float or int
        Their sum.
    """
    if isinstance(total, types.Integer):
        whole = types.int64

        def add(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pairs = zip(arguments, signature.args, strict=True)
            return builder.add(*[context.cast(builder, value, kind, whole) for value, kind in pairs])

        return whole(total, term), add

    def add_floats(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = context.cast(builder, arguments[1], signature.args[1], signature.args[0])
        return builder.fadd(arguments[0], value, flags=("reassoc", "nsz"))

    return total(total, term), add_floats
