"""LLVM's own functions, and functions that generated code adds to a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

__all__ = ["intrinsic_of_one", "routine", "suffix"]


def suffix(kind: Any) -> str:
    """How LLVM calls a type of floats in the names of functions.

    Examples
    --------
    >>> suffix(ir.VectorType(ir.FloatType(), 8)), suffix(ir.DoubleType())
    ('v8f32', 'f64')
    """
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{suffix(kind.element)}"
    return "f64" if isinstance(kind, ir.DoubleType) else "f32"


def intrinsic_of_one(builder: Any, name: str, x: Any) -> Any:
    """The result of an LLVM function of one number or vector, ``sqrt`` for example."""
    kind = ir.FunctionType(x.type, [x.type])
    return builder.call(builder.module.declare_intrinsic(f"llvm.{name}.{suffix(x.type)}", (), kind), [x])


def routine(
    module: Any,
    name: str,
    result: Any,
    arguments: Sequence[Any],
    write: Callable[[Any, Sequence[Any]], Any],
    attribute: str = "noinline",
) -> Any:
    """The function of this name; a module has one, which is written when it is first asked for.

    Parameters
    ----------
    module : ir.Module
    name : str
        Says all that the code depends on.
    result : ir.Type
    arguments : sequence of ir.Type
        Memory that pointers lead to must not overlap.
    write : callable
        ``write(builder, arguments)`` writes the instructions and answers the result, or None.
    attribute : str, default "noinline"

    Returns
    -------
    ir.Function
    """
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(result, arguments), name)
    function.linkage = "internal"
    function.attributes.add(attribute)
    for argument in function.args:
        if isinstance(argument.type, ir.PointerType):
            argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block())
    value = write(builder, function.args)
    if value is None:
        builder.ret_void()
    else:
        builder.ret(value)
    return function
