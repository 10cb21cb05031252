"""Sums of the columns of a matrix: what a bias's gradient is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from glassnet.kernels.features import vectors
from glassnet.kernels.routines import routine
from glassnet.kernels.tiles import lanes_for
from glassnet.kernels.vector import INDEX, Vector, counted_loop, element, plus, quotient, times
from glassnet.kernels.views import as_integer, common_bits, row_length, view

__all__ = ["column_sums"]

#: Vectors that are added up together: so many additions are under way while one waits for its result.
TOGETHER = 4


@intrinsic(prefer_literal=True)
def column_sums(typing_context, out, a, rows, columns):  # type: ignore[no-untyped-def]
    """``out[columns] = a[rows, columns].sum(axis=0)``, where ``a`` may be some columns of a larger matrix."""
    signature = types.void(out, a, rows, columns)
    bits = common_bits((out, a), ("C", "CA"))
    width = columns.literal_value if isinstance(columns, types.IntegerLiteral) else None

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if bits is None or width is None or not vectors().bits:
            return context.compile_internal(builder, _plain, signature, args)
        typed = list(zip(signature.args, args, strict=True))
        target, matrix = (view(context, builder, *array) for array in typed[:2])
        count, length = as_integer(context, builder, *typed[2]), row_length(builder, matrix)
        function = _function(builder.module, width, bits)
        builder.call(function, [target.data, matrix.data, count, length])
        return context.get_dummy_value()

    return signature, call


def _function(module: Any, columns: int, bits: int) -> Any:
    """The LLVM function for so many columns; a module has one."""
    pointer = element(bits).as_pointer()

    def write(builder: Any, arguments: Sequence[Any]) -> None:
        _Sums(builder, arguments, columns, bits).write()

    name = f"glassnet_column_sums_{columns}_f{bits}"
    return routine(module, name, ir.VoidType(), [pointer, pointer, INDEX, INDEX], write)


class _Sums:
    """Writes the sums: blocks of a few vectors of columns, each from the first row to the last."""

    def __init__(self, builder: Any, arguments: Any, columns: int, bits: int) -> None:
        self.builder, self.columns = builder, columns
        self.out, self.a, self.rows, self.length = arguments
        self.lanes = lanes_for(columns, bits // 8, vectors())
        self.vector = Vector(builder, element(bits), self.lanes, masks=vectors().masks)

    def write(self) -> None:
        """All blocks: full ones in a loop, the rest by itself."""
        width = TOGETHER * self.lanes
        full = self.columns // width

        def block(i: Any, _: list[Any]) -> list[Any]:
            self._block(times(self.builder, i, width), [self.lanes] * TOGETHER)
            return []

        if full:
            counted_loop(self.builder, full, [], block)
        rest = self.columns - full * width
        if rest:
            counts = [min(self.lanes, rest - start) for start in range(0, rest, self.lanes)]
            self._block(full * width, counts)

    def _block(self, start: Any, counts: list[int]) -> None:
        """The columns from ``start`` on: so many in each vector."""
        v, steps = self.vector, max(1, TOGETHER // len(counts))
        zeros = [v.constant(0.0)] * (steps * len(counts))

        def several(i: Any, sums: list[Any]) -> list[Any]:
            row = times(self.builder, i, steps)
            rows = [self._row(plus(self.builder, row, step), start, counts) for step in range(steps)]
            terms = [term for terms in rows for term in terms]
            return [v.add(total, term) for total, term in zip(sums, terms, strict=True)]

        rounds = quotient(self.builder, self.rows, steps)
        sums = counted_loop(self.builder, rounds, zeros, several)
        done = times(self.builder, rounds, steps)

        def one(i: Any, sums: list[Any]) -> list[Any]:
            terms = self._row(plus(self.builder, done, i), start, counts)
            return [v.add(total, term) for total, term in zip(sums, terms, strict=True)]

        left = self.builder.sub(self.rows, done)
        totals = sums[: len(counts)]
        for step in range(1, steps):
            more = sums[step * len(counts) : (step + 1) * len(counts)]
            totals = [v.add(a, b) for a, b in zip(totals, more, strict=True)]
        totals = counted_loop(self.builder, left, totals, one)
        target = v.at(self.out, start)
        for number, (total, count) in enumerate(zip(totals, counts, strict=True)):
            v.store(total, target, number * self.lanes, count)

    def _row(self, row: Any, start: Any, counts: list[int]) -> list[Any]:
        v = self.vector
        at = v.at(self.a, plus(self.builder, times(self.builder, row, self.length), start))
        return [v.load(at, number * self.lanes, count) for number, count in enumerate(counts)]


def _plain(out, a, rows, columns):  # type: ignore[no-untyped-def]
    for j in range(columns):
        out[j] = 0
    for i in range(rows):
        for j in range(columns):
            out[j] += a[i, j]
