"""A small vector language over LLVM IR, for the code that Numba's ``@intrinsic`` functions generate.

Numba compiles loops over scalars and LLVM may or may not turn them into vector code. Where the number of
vectors, what stays in a register and the fused multiply-adds have to be exact, the kernels write the
instructions themselves, in this vocabulary:

>>> from llvmlite import ir
>>> float32 = ir.FloatType()
>>> function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), [float32.as_pointer()]), "double_it")
>>> builder = ir.IRBuilder(function.append_basic_block())
>>> v = Vector(builder, float32, 8)
>>> x = v.load(function.args[0])
>>> v.store(v.add(x, x), function.args[0])

Pointers are typed, offsets count elements. An offset or an extent is an ``int`` when it is known and an LLVM
value when it is not; :func:`plus` and :func:`times` keep what is known known, so constants stay constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from glassnet.kernels.functions import function_of
from glassnet.kernels.routines import intrinsic_of_one, suffix

__all__ = [
    "BYTE",
    "INDEX",
    "Vector",
    "as_value",
    "counted_loop",
    "element",
    "less",
    "plus",
    "quotient",
    "smaller",
    "times",
]

INDEX = ir.IntType(64)
BYTE = ir.IntType(8)
_LANE = ir.IntType(32)

#: A known or unknown integer.
Extent = Any


class Vector:
    """Operations on vectors of ``lanes`` floating-point numbers.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where the instructions go.
    element : ir.Type
        ``ir.FloatType()`` or ``ir.DoubleType()``.
    lanes : int
        Numbers in a vector; a power of two.
    masks : bool, optional
        Whether the processor stores a part of a vector in one instruction. Without masks such a store is
        written as stores of 4, 2 and 1 lanes.
    """

    def __init__(self, builder: Any, element: Any, lanes: int, *, masks: bool = True) -> None:
        self.builder = builder
        self.element = element
        self.lanes = lanes
        self.masks = masks
        self.type = ir.VectorType(element, lanes)
        self.itemsize = 8 if isinstance(element, ir.DoubleType) else 4
        self._suffix = suffix(self.type)

    # ---------------- constants ----------------

    def constant(self, number: float) -> Any:
        """``number`` in every lane."""
        # LLVM's own name for a vector of zeros is much shorter to write and to read back.
        return ir.Constant(self.type, [number] * self.lanes if number else None)

    def broadcast(self, scalar: Any) -> Any:
        """A scalar value in every lane."""
        undefined = ir.Constant(self.type, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, _LANE(0))
        everywhere = ir.Constant(ir.VectorType(_LANE, self.lanes), None)
        return self.builder.shuffle_vector(first, undefined, everywhere)

    # ---------------- memory ----------------

    def at(self, pointer: Any, offset: Extent = 0) -> Any:
        """The address ``offset`` elements after ``pointer``."""
        if isinstance(offset, int) and offset == 0:
            return pointer
        return self.builder.gep(pointer, [as_value(offset)])

    def load_one(self, pointer: Any, offset: Extent = 0) -> Any:
        """The scalar at an offset."""
        return self.builder.load(self.at(pointer, offset), align=self.itemsize)

    def broadcast_at(self, pointer: Any, offset: Extent = 0) -> Any:
        """The scalar at an offset, in every lane."""
        return self.broadcast(self.load_one(pointer, offset))

    def load(self, pointer: Any, offset: Extent = 0, count: int | None = None) -> Any:
        """A vector from memory: its first ``count`` lanes when given, zeros in the others."""
        address = self._address(pointer, offset)
        if count is None or count == self.lanes:
            return self.builder.load(address, align=self.itemsize)
        arguments = [self.type.as_pointer(), ir.IntType(32), self._mask(count).type, self.type]
        load = self._function(f"llvm.masked.load.{self._suffix}.p0", self.type, arguments)
        return self.builder.call(load, [address, _LANE(self.itemsize), self._mask(count), self.constant(0.0)])

    def load_bools(self, pointer: Any, offset: Extent = 0, count: int | None = None) -> Any:
        """Truth values, a byte each in memory, as one bit per lane; false in the lanes after ``count``."""
        kind, count = ir.VectorType(BYTE, self.lanes), count or self.lanes
        if count == self.lanes:
            address = self.builder.bitcast(self.at(pointer, offset), kind.as_pointer())
            numbers = self.builder.load(address, align=1)
        else:
            numbers = ir.Constant(kind, None)
            for lane in range(count):
                one = self.builder.load(self.at(pointer, plus(self.builder, offset, lane)))
                numbers = self.builder.insert_element(numbers, one, _LANE(lane))
        return self.builder.icmp_unsigned("!=", numbers, ir.Constant(kind, None))

    def store(self, value: Any, pointer: Any, offset: Extent = 0, count: int | None = None) -> None:
        """Write a vector, or its first ``count`` lanes, to memory."""
        if count is None or count == self.lanes:
            self.builder.store(value, self._address(pointer, offset), align=self.itemsize)
        elif self.masks:
            self._store_masked(value, self._address(pointer, offset), count)
        else:
            self._store_pieces(value, pointer, offset, count)

    # ---------------- arithmetic ----------------

    def add(self, a: Any, b: Any) -> Any:
        """``a + b``."""
        return self.builder.fadd(a, b)

    def sub(self, a: Any, b: Any) -> Any:
        """``a - b``."""
        return self.builder.fsub(a, b)

    def mul(self, a: Any, b: Any) -> Any:
        """``a * b``."""
        return self.builder.fmul(a, b)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``, rounded once."""
        fma = self._function(f"llvm.fma.{self._suffix}", self.type, [self.type] * 3)
        return self.builder.call(fma, [a, b, c])

    def greater(self, a: Any, b: Any) -> Any:
        """Where ``a > b``: one bit per lane; false where either is NaN."""
        return self.builder.fcmp_ordered(">", a, b)

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """``a`` where the condition holds, ``b`` elsewhere."""
        return self.builder.select(condition, a, b)

    def max(self, a: Any, b: Any) -> Any:
        """The larger; NaN where either is NaN, as ``np.maximum``."""
        # "not a <= b" also holds where a is NaN; where b is NaN it holds too, so b is looked at first.
        larger = self.select(self.builder.fcmp_unordered(">", a, b), a, b)
        return self.select(self.builder.fcmp_unordered("uno", b, b), b, larger)

    def min(self, a: Any, b: Any) -> Any:
        """The smaller; NaN where either is NaN, as ``np.minimum``."""
        smaller = self.select(self.builder.fcmp_unordered("<", a, b), a, b)
        return self.select(self.builder.fcmp_unordered("uno", b, b), b, smaller)

    def sqrt(self, a: Any) -> Any:
        """The square root; NaN below 0."""
        return intrinsic_of_one(self.builder, "sqrt", a)

    def abs(self, a: Any) -> Any:
        """The size of a number, without its sign."""
        return intrinsic_of_one(self.builder, "fabs", a)

    def function(self, name: str, a: Any) -> Any:
        """An elementary function of :mod:`glassnet.kernels.functions`."""
        return self.builder.call(function_of(self.builder.module, name, self.type), [a])

    def sum(self, a: Any) -> Any:
        """The sum of all lanes, a scalar, added up as a balanced tree."""
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            upper = [lanes + lane if lane < lanes else lane for lane in range(self.lanes)]
            a = self.add(a, self.shuffle(a, a, upper))
        return self.builder.extract_element(a, _LANE(0))

    # ---------------- lanes ----------------

    def shuffle(self, a: Any, b: Any, lanes: Sequence[int]) -> Any:
        """A vector of chosen lanes: lane numbers from ``self.lanes`` on are those of ``b``."""
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_LANE, len(lanes)), list(lanes)))

    def transpose(self, rows: Sequence[Any]) -> list[Any]:
        """As many vectors as there are lanes, rows and columns exchanged.

        Squares of 1, 2, 4, ... lanes are exchanged across the diagonal of squares twice as wide::

            a b      a c
            c d  ->  b d      lanes * log2(lanes) shuffles in all
        """
        n, rows, width = self.lanes, list(rows), 1
        while width < n:
            upper = [lane if not lane & width else n + lane - width for lane in range(n)]
            lower = [lane + width if not lane & width else n + lane for lane in range(n)]
            for i in (i for i in range(n) if not i & width):
                a, b = rows[i], rows[i + width]
                rows[i], rows[i + width] = self.shuffle(a, b, upper), self.shuffle(a, b, lower)
            width *= 2
        return rows

    # ---------------- inside ----------------

    def _address(self, pointer: Any, offset: Extent) -> Any:
        return self.builder.bitcast(self.at(pointer, offset), self.type.as_pointer())

    def _function(self, name: str, result: Any, arguments: list[Any]) -> Any:
        return self.builder.module.declare_intrinsic(name, (), ir.FunctionType(result, arguments))

    def _mask(self, count: int) -> Any:
        bits = [lane < count for lane in range(self.lanes)]
        return ir.Constant(ir.VectorType(ir.IntType(1), self.lanes), bits)

    def _store_masked(self, value: Any, address: Any, count: int) -> None:
        arguments = [self.type, self.type.as_pointer(), ir.IntType(32), self._mask(count).type]
        store = self._function(f"llvm.masked.store.{self._suffix}.p0", ir.VoidType(), arguments)
        self.builder.call(store, [value, address, _LANE(self.itemsize), self._mask(count)])

    def _store_pieces(self, value: Any, pointer: Any, offset: Extent, count: int) -> None:
        start, width = 0, self.lanes // 2
        while start < count:
            if start + width <= count:
                piece = Vector(self.builder, self.element, width)
                lanes = self.shuffle(value, value, range(start, start + width))
                piece.store(lanes, pointer, plus(self.builder, offset, start))
                start += width
            else:
                width //= 2


def element(bits: int) -> Any:
    """The floating-point type of so many bits."""
    return ir.DoubleType() if bits == 64 else ir.FloatType()


def as_value(extent: Extent) -> Any:
    """An extent as an LLVM value."""
    return INDEX(extent) if isinstance(extent, int) else extent


def plus(builder: Any, a: Extent, b: Extent) -> Extent:
    """``a + b``, an ``int`` if both are."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if isinstance(b, int) and b == 0:
        return a
    return builder.add(as_value(a), as_value(b))


def times(builder: Any, a: Extent, b: Extent) -> Extent:
    """``a * b``, an ``int`` if both are."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    return builder.mul(as_value(a), as_value(b))


def quotient(builder: Any, a: Extent, b: int) -> Extent:
    """``a / b`` without its fraction, an ``int`` if ``a`` is."""
    return int(a / b) if isinstance(a, int) else builder.sdiv(a, INDEX(b))


def less(builder: Any, a: Extent, b: Extent) -> Any:
    """Whether ``a < b``, as a bit."""
    return builder.icmp_signed("<", as_value(a), as_value(b))


def smaller(builder: Any, a: Extent, b: Extent) -> Extent:
    """The smaller of two extents, an ``int`` if both are."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    return builder.select(less(builder, a, b), as_value(a), as_value(b))


def counted_loop(
    builder: Any, count: Extent, carried: Sequence[Any], body: Callable[[Any, list[Any]], Sequence[Any]]
) -> list[Any]:
    """``for i in range(count)``, with values that each round hands to the next.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where the loop goes; afterwards at the place behind the loop.
    count : int or ir.Value
        How many rounds; none if it is not positive.
    carried : sequence of ir.Value
        The values before the first round: accumulators, moving pointers.
    body : callable
        ``body(i, values)`` writes a round and returns the values after it.

    Returns
    -------
    list of ir.Value
        The values after the last round.
    """
    if isinstance(count, int) and count <= 1:
        return list(body(INDEX(0), list(carried)) if count == 1 else carried)
    before = builder.block
    head, inside, behind = (builder.append_basic_block(f"loop.{part}") for part in ("head", "body", "end"))
    builder.branch(head)
    builder.position_at_end(head)
    values = [builder.phi(value.type) for value in (INDEX(0), *carried)]
    for phi, value in zip(values, (INDEX(0), *carried), strict=True):
        phi.add_incoming(value, before)
    builder.cbranch(less(builder, values[0], count), inside, behind)
    builder.position_at_end(inside)
    after = body(values[0], values[1:])
    following = builder.add(values[0], INDEX(1), flags=("nsw", "nuw"))
    for phi, value in zip(values, (following, *after), strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(head)
    builder.position_at_end(behind)
    return values[1:]
