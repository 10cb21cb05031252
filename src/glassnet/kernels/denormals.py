"""Numbers next to zero: the processor takes a hundred times as long for them as for others.

A moment of an optimizer whose gradients have died out shrinks by a factor each step, through the denormal
numbers (below 1.2e-38 in float32) and for hundreds of steps. While a training runs, they are zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from glassnet.kernels.options import OPTIONS

__all__ = ["flush_denormals"]

# Bits of the control register MXCSR: results that are denormal become zero; operands that are count as zero.
_FLUSH = 0x8000 | 0x0040


def _has_register() -> bool:
    triple: str = binding.get_process_triple()
    return triple.startswith(("x86_64", "amd64"))


@intrinsic
def _control(typingctx: Any) -> Any:
    """Return the control register of this thread's vector unit; 0 on processors that have none."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(32)
        if not _has_register():
            return word(0)
        cell = cgutils.alloca_once(builder, word)
        read = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t])
        function = cgutils.get_or_insert_function(builder.module, read, "llvm.x86.sse.stmxcsr")
        builder.call(function, [builder.bitcast(cell, cgutils.voidptr_t)])
        return builder.load(cell)

    return types.uint32(), codegen


@intrinsic
def _set_control(typingctx: Any, control: Any) -> Any:
    """Set the control register of this thread's vector unit."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if _has_register():
            cell = cgutils.alloca_once_value(builder, arguments[0])
            write = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t])
            function = cgutils.get_or_insert_function(builder.module, write, "llvm.x86.sse.ldmxcsr")
            builder.call(function, [builder.bitcast(cell, cgutils.voidptr_t)])
        return context.get_dummy_value()

    return types.none(types.uint32), codegen


@njit(**OPTIONS)
def flush_denormals(on: Any) -> Any:
    """Let this thread count denormal numbers as zero, or no longer.

    Parameters
    ----------
    on : bool

    Returns
    -------
    bool
        Whether it did before. Where a processor has no such switch nothing changes.

    Examples
    --------
    >>> before = flush_denormals(True)
    >>> flush_denormals(before)
    True
    """
    control = _control()
    _set_control(control | np.uint32(_FLUSH) if on else control & ~np.uint32(_FLUSH))
    return (control & np.uint32(_FLUSH)) == np.uint32(_FLUSH)
