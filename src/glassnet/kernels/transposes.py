"""The code of a transpose: squares of as many rows as a vector has lanes, turned in registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from glassnet.kernels.features import vectors
from glassnet.kernels.routines import routine
from glassnet.kernels.tiles import lanes_for
from glassnet.kernels.vector import INDEX, Vector, counted_loop, element, less, plus, quotient, smaller, times

__all__ = ["transpose_function"]


def transpose_function(module: Any, rows: int | None, columns: int, bits: int) -> Any:
    """The LLVM function that transposes a matrix of this shape; a module has one for each shape.

    Its arguments are pointers to the first elements of the result and of the matrix, and the number of rows.
    """
    name = f"glassnet_transpose_{'n' if rows is None else rows}x{columns}_f{bits}"
    pointer = element(bits).as_pointer()

    def write(builder: Any, arguments: Sequence[Any]) -> None:
        _Transpose(builder, arguments, rows, columns, bits).write()

    return routine(module, name, ir.VoidType(), [pointer, pointer, INDEX], write)


class _Transpose:
    """Writes a transpose. ``rows`` is an int where it is known, else an LLVM value."""

    def __init__(self, builder: Any, arguments: Any, rows: int | None, columns: int, bits: int) -> None:
        self.out, self.a, given = arguments
        self.builder = builder
        self.rows = given if rows is None else rows
        self.columns = columns
        longest = columns if rows is None else max(rows, columns)
        self.lanes = lanes_for(longest if rows is not None else max(longest, 16), bits // 8, vectors())
        self.vector = Vector(builder, element(bits), self.lanes, masks=vectors().masks)

    def write(self) -> None:
        """Write the whole transpose."""
        if isinstance(self.rows, int):
            self._over(self.rows, self._columns)
            return
        small = less(self.builder, self.rows, self.lanes)
        with self.builder.if_else(small) as (few, many):
            with few:
                self._loop(self.rows, self._one_row)
            with many:
                self._over(self.rows, self._columns)

    def _columns(self, row: Any, height: int) -> None:
        self._over(self.columns, lambda column, width: self._square(row, height, column, width))

    def _over(self, extent: Any, body: Callable[[Any, int], None]) -> None:
        """``body(start, length)`` for pieces of an extent; the last piece moves up until it ends with it."""
        length = min(extent, self.lanes) if isinstance(extent, int) else self.lanes
        if length == 0:
            return
        latest = plus(self.builder, extent, -length)
        count = quotient(self.builder, plus(self.builder, extent, length - 1), length)
        self._loop(
            count, lambda i: body(smaller(self.builder, times(self.builder, i, length), latest), length)
        )

    def _square(self, row: Any, height: int, column: Any, width: int) -> None:
        """Turn ``height`` rows from ``row`` on, ``width`` columns from ``column`` on."""
        v = self.vector
        a = v.at(self.a, plus(self.builder, times(self.builder, row, self.columns), column))
        out = v.at(self.out, plus(self.builder, times(self.builder, column, self.rows), row))
        lines = [v.load(a, i * self.columns, width) for i in range(height)]
        lines += [v.constant(0.0)] * (self.lanes - height)
        for j, line in enumerate(v.transpose(lines)[:width]):
            v.store(line, out, times(self.builder, j, self.rows), height)

    def _one_row(self, row: Any) -> None:
        v = self.vector

        def move(column: Any) -> None:
            number = v.load_one(self.a, plus(self.builder, times(self.builder, row, self.columns), column))
            place = plus(self.builder, times(self.builder, column, self.rows), row)
            self.builder.store(number, v.at(self.out, place), align=v.itemsize)

        self._loop(self.columns, move)

    def _loop(self, count: Any, body: Callable[[Any], None]) -> None:
        def one_round(i: Any, _: list[Any]) -> list[Any]:
            body(i)
            return []

        counted_loop(self.builder, count, [], one_round)
