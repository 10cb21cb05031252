"""What is done to the elements of a product while they are still in registers.

A program says it in the words of its own loops, as a text::

    matmul_then(h1, x, W1, n, 784, 256, "z1 = product + b1[j]; f(0) if z1 < f(0) else z1", b1)

``product`` is the element of the product in row ``i`` and column ``j``; the last expression is what the
result gets. Names that the text does not explain are the arguments behind it, in the order in which they
appear: a matrix ``h[i, j]`` as large as the result, of numbers or of truth values, a vector ``b[j]`` or
``s[i]``, or a number. This module turns such a text into instructions for whole vectors, and, for processors
without, into a loop.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from glassnet.kernels import elementary
from glassnet.kernels.vector import Vector
from glassnet.passes.epilogues import FUNCTIONS, Epilogue, parse, statements

__all__ = ["loop_of", "values"]

#: What a text may call in a loop; ``abs`` is Python's own.
_CALLED: dict[str, Any] = {name: getattr(elementary, name) for name in FUNCTIONS - {"abs"}}
_ARITHMETIC: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("fadd", operator.add),
    ast.Sub: ("fsub", operator.sub),
    ast.Mult: ("fmul", operator.mul),
    ast.Div: ("fdiv", operator.truediv),
}
_COMPARISONS: dict[type, str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


# ---------------- instructions ----------------


class _Number(NamedTuple):
    """A number that only the running program knows, as a double."""

    value: Any


class _Mask(NamedTuple):
    """One bit for each lane."""

    value: Any


def values(
    epilogue: Epilogue, v: Vector, product: Any, read: Callable[[str], Any], numbers: Mapping[str, Any]
) -> Any:
    """Write the instructions for one vector of a product's elements.

    Parameters
    ----------
    epilogue : Epilogue
    v : Vector
    product : ir.Value
        A vector of elements.
    read : callable
        Answers an argument's vector for these elements, by name; of truth values, one bit per lane.
    numbers : mapping of str to ir.Value
        Arguments that are numbers, as doubles.

    Returns
    -------
    ir.Value
        A vector.
    """
    return _Evaluation(v, {"product": product}, read, numbers).run(epilogue.text)


class _Evaluation:
    """Evaluates a text; every value is a Python number, a :class:`_Number`, a :class:`_Mask` or a vector."""

    def __init__(
        self, v: Vector, known: dict[str, Any], read: Callable[[str], Any], numbers: Mapping[str, Any]
    ) -> None:
        self.v, self.builder, self.known, self.read = v, v.builder, known, read
        self.numbers = numbers

    def run(self, text: str) -> Any:
        """All assignments, then the last expression."""
        *before, last = statements(text)
        for statement in before:
            assert isinstance(statement, ast.Assign)
            self.known[ast.unparse(statement.targets[0])] = self.value(statement.value)
        assert isinstance(last, ast.Expr)
        return self.vector(self.value(last.value))

    def value(self, node: ast.expr) -> Any:
        """What an expression gives."""
        return getattr(self, f"_{type(node).__name__.lower()}")(node)

    def vector(self, value: Any) -> Any:
        """A value as a vector."""
        if isinstance(value, int | float):
            return self.v.constant(float(value))
        if isinstance(value, _Number):
            single = self.v.itemsize == 4
            return self.v.broadcast(
                self.builder.fptrunc(value.value, ir.FloatType()) if single else value.value
            )
        if isinstance(value, _Mask):
            return self.v.select(value.value, self.v.constant(1.0), self.v.constant(0.0))
        return value

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return self.known[node.id] if node.id in self.known else _Number(self.numbers[node.id])

    def _subscript(self, node: ast.Subscript) -> Any:
        value = self.read(ast.unparse(node.value))
        return _Mask(value) if value.type.element == ir.IntType(1) else value

    def _binop(self, node: ast.BinOp) -> Any:
        a, b = self.value(node.left), self.value(node.right)
        instruction, python = _ARITHMETIC[type(node.op)]
        if isinstance(a, int | float) and isinstance(b, int | float):
            return python(a, b)
        if all(isinstance(x, int | float | _Number) for x in (a, b)):
            return _Number(getattr(self.builder, instruction)(self._double(a), self._double(b)))
        return getattr(self.builder, instruction)(self.vector(a), self.vector(b))

    @staticmethod
    def _double(value: Any) -> Any:
        return value.value if isinstance(value, _Number) else ir.DoubleType()(float(value))

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return _Mask(self.builder.not_(value.value))
        if isinstance(value, int | float):
            return -value
        if isinstance(value, _Number):
            return _Number(self.builder.fneg(value.value))
        return self.builder.fneg(self.vector(value))

    def _compare(self, node: ast.Compare) -> _Mask:
        a, b = self.vector(self.value(node.left)), self.vector(self.value(node.comparators[0]))
        symbol = _COMPARISONS[type(node.ops[0])]
        compare = self.builder.fcmp_unordered if symbol == "!=" else self.builder.fcmp_ordered
        return _Mask(compare(symbol, a, b))

    def _boolop(self, node: ast.BoolOp) -> _Mask:
        first, *others = (self.value(part).value for part in node.values)
        combine = self.builder.and_ if isinstance(node.op, ast.And) else self.builder.or_
        for other in others:
            first = combine(first, other)
        return _Mask(first)

    def _ifexp(self, node: ast.IfExp) -> Any:
        condition = self.value(node.test)
        a, b = self.vector(self.value(node.body)), self.vector(self.value(node.orelse))
        return self.v.select(condition.value, a, b)

    def _call(self, node: ast.Call) -> Any:
        name, arguments = ast.unparse(node.func), [self.vector(self.value(x)) for x in node.args]
        written: dict[str, Callable[..., Any]] = {
            "f": lambda x: x,
            "maximum": self.v.max,
            "minimum": self.v.min,
            "sqrt": self.v.sqrt,
            "abs": self.v.abs,
        }
        return written[name](*arguments) if name in written else self.v.function(name, *arguments)


# ---------------- a loop ----------------


@lru_cache(maxsize=256)
def loop_of(text: str, transposed: bool, bits: int) -> Callable[..., None]:
    """A product and its epilogue as plain loops, for Numba to compile; without ``text`` the product alone.

    Parameters
    ----------
    text : str
        Of an epilogue, or empty.
    transposed : bool
        Whether ``a`` is stored as (inner, rows).
    bits : int
        64 for float64, 32 for float32.

    Returns
    -------
    callable
        ``(out, a, b, rows, inner, columns, *arguments)``.
    """
    names = parse(text).names if text else ()
    # No name in a program begins like these.
    own = ("__out", "__a", "__b", "__rows", "__inner", "__columns")
    lines = [
        f"def product_of({', '.join((*own, *names))}):",
        "    for i in range(__rows):",
        "        for j in range(__columns):",
        "            __out[i, j] = 0",
        "        for __k in range(__inner):",
        "            for j in range(__columns):",
        f"                __out[i, j] += __a[{'__k, i' if transposed else 'i, __k'}] * __b[__k, j]",
    ]
    if text:
        *before, last = map(ast.unparse, statements(text))
        lines += ["        for j in range(__columns):", "            product = __out[i, j]"]
        lines += [f"            {line}" for line in (*before, f"__out[i, j] = {last}")]
    namespace = {"f": np.float64 if bits == 64 else np.float32, **_CALLED}
    exec("\n".join(lines), namespace)
    made: Callable[..., None] = namespace["product_of"]
    return made
