"""The code of a matrix product: register tiles, or dot products where the result has one column.

This module only writes LLVM IR; what compiled programs call is in :mod:`glassnet.kernels.gemm`. The terms of
an element are added in an order that only the shape decides, whatever tile computes it: which rows a thread
is given does not change their values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any, NamedTuple

from llvmlite import ir

from glassnet.kernels.epilogue import values
from glassnet.kernels.features import vectors
from glassnet.kernels.routines import routine
from glassnet.kernels.tiles import Panel, down_from, lanes_for, panels
from glassnet.kernels.vector import (
    BYTE,
    INDEX,
    Vector,
    as_value,
    counted_loop,
    element,
    less,
    plus,
    quotient,
    smaller,
    times,
)
from glassnet.passes.epilogues import Epilogue

__all__ = ["Product", "product_function"]

#: A tile with at most this many multiply-adds is written without a loop.
UNROLLED = 64
#: Terms in one round of a loop over the inner extent.
STEPS = 2
#: A matrix ``b`` of more bytes than this is taken in blocks of so many rows, which the caches then keep.
LARGE, BLOCK = 1 << 20, 256
#: Rows of ``b`` so many bytes apart share few lines of a cache and drive each other out, of the first level
#: whatever their number, of the second if they reach over so many bytes: then a panel is copied to where its
#: rows follow each other, if so many rows of ``a`` or more meet it.
APART, APART_WIDE, WIDE, PAYS = 4096, 1024, 1 << 19, 32
#: From this inner extent on, one column is computed as dot products.
DOT = 16


class Product(NamedTuple):
    """A product's shape: all that its code depends on besides the processor.

    Parameters
    ----------
    rows, inner : int or None
        None when only the running program knows.
    columns : int
        Columns of the result.
    bits : int
        64 for float64, 32 for float32.
    transposed : bool
        Whether ``a`` is stored with its axes exchanged, as (inner, rows).
    layouts : str
        A letter for each of ``out``, ``a``, ``b``: "C", or "A" where rows are parts of longer rows.
    epilogue : Epilogue, optional
        What becomes of the elements.
    bools : tuple of bool
        For each argument of the epilogue, whether it is an array of truth values.
    """

    rows: int | None
    inner: int | None
    columns: int
    bits: int
    transposed: bool
    layouts: str
    epilogue: Epilogue | None = None
    bools: tuple[bool, ...] = ()

    @property
    def is_dot(self) -> bool:
        """Whether it is written as dot products of the rows of ``a``."""
        terms = self.inner or 0
        plain = self.epilogue is None and not self.transposed and self.layouts[2] == "C"
        return self.columns == 1 and terms >= DOT and plain

    @property
    def name(self) -> str:
        """The name of its function."""
        extents = "x".join("n" if extent is None else str(extent) for extent in self[:3])
        said = "" if self.epilogue is None else f"{self.epilogue.text} {self.bools}"
        then = said and f"_{sha256(said.encode()).hexdigest()[:16]}"
        return f"glassnet_product_{extents}_f{self.bits}_{self.transposed:d}{self.layouts}{then}"


class _Cut(NamedTuple):
    """A vector of a panel: where it begins, counted in columns of the panel, and how many columns it has."""

    offset: int
    columns: int


def product_function(module: Any, product: Product) -> Any:
    """The LLVM function of a product; a module has one for each shape.

    Its arguments are pointers to the first elements of ``out``, ``a`` and ``b``, the extents ``rows`` and
    ``inner``, and the lengths of the rows that ``out``, ``a`` and ``b`` are stored in; then, for each
    argument of the epilogue, a pointer and the length of its rows (1 for a vector), or a double and a zero.
    """
    pointer = element(product.bits).as_pointer()
    forms = zip(product.epilogue.forms, product.bools, strict=True) if product.epilogue else ()
    kinds = [(BYTE.as_pointer() if truth else pointer) if form else ir.DoubleType() for form, truth in forms]
    more = [part for kind in kinds for part in (kind, INDEX)]

    def write(builder: Any, arguments: Sequence[Any]) -> None:
        writer = _Dots if product.is_dot else _Tiles
        writer(builder, product, arguments).write()

    return routine(module, product.name, ir.VoidType(), [pointer] * 3 + [INDEX] * 5 + more, write)


class _Writer:
    """What both ways of writing a product share. Extents are ints where they are known, else LLVM values."""

    def __init__(self, builder: Any, product: Product, arguments: Sequence[Any]) -> None:
        self.out, self.a, self.b, rows, inner, *lengths = arguments[:8]
        self.builder = builder
        self.product = product
        self.rows = rows if product.rows is None else product.rows
        self.inner = inner if product.inner is None else product.inner
        usual: tuple[Any, ...] = (
            product.columns,
            self.rows if product.transposed else self.inner,
            product.columns,
        )
        self.out_length, self.a_length, self.b_length = (
            known if layout == "C" else length
            for layout, known, length in zip(product.layouts, usual, lengths, strict=True)
        )
        # Distance in `a` of the next row and of the next term of the sum.
        self.down: Any = 1 if product.transposed else self.a_length
        self.along: Any = self.a_length if product.transposed else 1

    def _over_rows(self, heights: Sequence[int], tile: Callable[[int, Any], None]) -> None:
        """Write ``tile(height, first row)`` in a loop for the tallest height that the rows allow."""
        taller = None
        for height in heights:
            count = quotient(self.builder, self._plus(self.rows, height - 1), height)
            if self.product.rows is None:
                count = self._if_tallest(count, height, taller)
            self._loop(count, partial(self._tile_at, tile, height))
            taller = height

    def _tile_at(self, tile: Callable[[int, Any], None], height: int, i: Any) -> None:
        tile(height, self._start(i, height))

    def _if_tallest(self, count: Any, height: int, taller: int | None) -> Any:
        """``count`` if the rows fill a tile of this height but none of the next taller one, else 0."""
        fits = self.builder.not_(less(self.builder, self.rows, height))
        if taller is not None:
            fits = self.builder.and_(fits, less(self.builder, self.rows, taller))
        return self.builder.select(fits, count, INDEX(0))

    def _start(self, i: Any, height: int) -> Any:
        """The first row of a tile. The last one moves up: it computes some rows again, to the same result."""
        start = self._times(i, height)
        if isinstance(self.rows, int) and self.rows % height == 0:
            return start
        return smaller(self.builder, start, self._plus(self.rows, -height))

    def _over_rows_once(self, heights: Sequence[int], tile: Callable[[int, Any], None]) -> None:
        """Write ``tile(height, first row)`` in loops that come to no row twice, from the tallest on."""
        first: Any = 0
        for height in down_from(heights[0]):
            rest = self._plus(self.rows, self._times(first, -1))
            count = quotient(self.builder, rest, height)
            self._loop(count, partial(self._tile_from, tile, height, first))
            first = self._plus(first, self._times(count, height))

    def _tile_from(self, tile: Callable[[int, Any], None], height: int, first: Any, i: Any) -> None:
        tile(height, self._plus(first, self._times(i, height)))

    def _loop(self, count: Any, body: Callable[[Any], None]) -> None:
        def one_round(i: Any, _: list[Any]) -> list[Any]:
            body(i)
            return []

        counted_loop(self.builder, count, [], one_round)

    def _plus(self, a: Any, b: Any) -> Any:
        return plus(self.builder, a, b)

    def _times(self, a: Any, b: Any) -> Any:
        return times(self.builder, a, b)


class _Tiles(_Writer):
    """A product as register tiles: for each block of terms, each panel of columns, each tile of rows."""

    def __init__(self, builder: Any, product: Product, arguments: Sequence[Any]) -> None:
        super().__init__(builder, product, arguments)
        self.lanes = lanes_for(product.columns, product.bits // 8, vectors())
        self.vector = Vector(builder, element(product.bits), self.lanes, masks=vectors().masks)
        pairs = zip(arguments[8::2], arguments[9::2], strict=True)
        names = product.epilogue.names if product.epilogue else ()
        self.arguments = dict(zip(names, pairs, strict=True))
        self.first: Any = 0
        self.terms = self.inner
        self.packed = self._room() if self._is_far_apart() else None

    def _is_far_apart(self) -> bool:
        if not isinstance(self.b_length, int) or (self.product.rows or PAYS) < PAYS:
            return False
        distance = self.b_length * self.vector.itemsize
        wide = distance * (self.product.inner or 0) > WIDE
        return distance % (APART_WIDE if wide else APART) == 0

    def _room(self) -> Any:
        """Memory for a panel of a block's rows, on the stack."""
        widest = max(panel.vectors for panel in self._panels())
        count = BLOCK * widest * self.lanes
        room = self.builder.alloca(ir.ArrayType(self.vector.element, count))
        room.align = 64
        return self.builder.bitcast(room, self.vector.element.as_pointer())

    def write(self) -> None:
        """Write the whole product."""
        known = self.product.inner
        small = known is None or known * self.product.columns * self.vector.itemsize <= LARGE
        if small and self.packed is None:
            self._columns()
            return
        blocks = quotient(self.builder, self._plus(self.inner, BLOCK - 1), BLOCK)
        if known is None:  # no terms at all are a block too: it writes zeros
            none = self.builder.icmp_signed("==", blocks, INDEX(0))
            blocks = self.builder.select(none, INDEX(1), blocks)
        self._loop(max(blocks, 1) if isinstance(blocks, int) else blocks, self._block)

    def _block(self, i: Any) -> None:
        """A part of the terms. All blocks but the first add to what is in ``out``."""
        self.first = self._times(i, BLOCK)
        self.terms = smaller(self.builder, BLOCK, self.builder.sub(as_value(self.inner), self.first))
        self._columns()

    def _columns(self) -> None:
        for panel in self._panels():
            self._loop(panel.repeat, partial(self._panel, panel))

    def _panels(self) -> list[Panel]:
        return panels(self.product.rows, self.product.columns, self.lanes, vectors().registers)

    def _panel(self, panel: Panel, i: Any) -> None:
        column = self._plus(self._times(i, panel.vectors * self.lanes), panel.first)
        cuts = self._cuts(panel)
        b = self.vector.at(self.b, self._plus(self._times(self.first, self.b_length), column))
        self.panel, self.panel_length = b, self.b_length
        if self.packed is not None:
            self._pack(b, cuts)
        if isinstance(self.first, int):
            self._over_rows(panel.rows, partial(self._tile, cuts, column))
        elif panel.rows:
            self._over_rows_once(panel.rows, partial(self._tile, cuts, column))

    def _cuts(self, panel: Panel) -> list[_Cut]:
        """The vectors of a panel.

        Without masks, a last vector that is not full moves to the left: some columns are computed twice,
        to the same result. Sums that add to what is in memory may not be.
        """
        cuts = [_Cut(j * self.lanes, self.lanes) for j in range(panel.vectors - 1)]
        last = _Cut((panel.vectors - 1) * self.lanes, panel.last)
        missing = self.lanes - panel.last
        again = isinstance(self.first, int) and not self.vector.masks
        if missing and again and self.product.columns >= self.lanes:
            last = _Cut(last.offset - missing, self.lanes)
        return [*cuts, last]

    def _pack(self, b: Any, cuts: list[_Cut]) -> None:
        """Copy a panel, if there are enough rows to read it."""
        v, length = self.vector, len(cuts) * self.lanes
        terms, place, apart = self.terms, self.packed, INDEX(length)
        if self.product.rows is None:
            few = less(self.builder, self.rows, PAYS)
            terms = self.builder.select(few, INDEX(0), as_value(terms))
            place = self.builder.select(few, b, place)
            apart = self.builder.select(few, as_value(self.b_length), apart)

        def copy(k: Any) -> None:
            source = v.at(b, self._times(k, self.b_length))
            target = v.at(self.packed, self._times(k, length))
            for offset, count in cuts:
                v.store(v.load(source, offset, count), target, offset)

        self._loop(terms, copy)
        self.panel, self.panel_length = place, apart

    def _tile(self, cuts: list[_Cut], column: Any, height: int, row: Any) -> None:
        """A tile: the vectors ``cuts`` from ``column`` on, ``height`` rows from ``row`` on."""
        v = self.vector
        a = v.at(self.a, self._plus(self._times(row, self.down), self._times(self.first, self.along)))
        out = v.at(self.out, self._plus(self._times(row, self.out_length), column))
        places = [
            (v.at(out, self._times(i, self.out_length)), offset, count)
            for i in range(height)
            for offset, count in cuts
        ]
        sums = self._all_terms(self._first_sums(places), cuts, a)
        if self.product.epilogue is None:
            self._store_all(sums, places)
        elif isinstance(self.first, int):
            self._store_all(self._finished(self.product.epilogue, sums, cuts, column, row), places)
        else:
            end = self._plus(self.first, self.terms)
            last = self.builder.icmp_signed(">=", end, as_value(self.inner))
            with self.builder.if_else(last) as (then, otherwise):
                with then:
                    self._store_all(self._finished(self.product.epilogue, sums, cuts, column, row), places)
                with otherwise:
                    self._store_all(sums, places)

    def _store_all(self, values: list[Any], places: list[Any]) -> None:
        for value, (row_of_out, offset, count) in zip(values, places, strict=True):
            self.vector.store(value, row_of_out, offset, count)

    def _finished(
        self, epilogue: Epilogue, sums: list[Any], cuts: list[_Cut], column: Any, row: Any
    ) -> list[Any]:
        """What the epilogue makes of a tile."""
        read = lru_cache(maxsize=None)(partial(self._read, cuts, column, row))  # each vector is loaded once
        forms = dict(zip(epilogue.names, epilogue.forms, strict=True))
        numbers = {name: self.arguments[name][0] for name, form in forms.items() if not form}

        def argument(i: int, j: int, name: str) -> Any:
            form = forms[name]
            return read(name, form, i if "i" in form else 0, j if "j" in form else 0)

        return [
            values(epilogue, self.vector, total, partial(argument, *divmod(k, len(cuts))), numbers)
            for k, total in enumerate(sums)
        ]

    def _read(self, cuts: list[_Cut], column: Any, row: Any, name: str, form: str, i: int, j: int) -> Any:
        """An argument's vector for row ``i`` and vector ``j`` of a tile."""
        v, (pointer, length) = self.vector, self.arguments[name]
        if form == "i":
            return v.broadcast_at(pointer, self._plus(row, i))
        start = column if form == "j" else self._plus(self._times(self._plus(row, i), length), column)
        load = v.load_bools if pointer.type == BYTE.as_pointer() else v.load
        return load(v.at(pointer, start), *cuts[j])

    def _first_sums(self, places: list[Any]) -> list[Any]:
        v = self.vector
        sums = [v.constant(0.0)] * len(places)
        if isinstance(self.first, int):
            return sums
        begins = self.builder.icmp_signed("==", self.first, INDEX(0))
        return [v.select(begins, s, v.load(*place)) for s, place in zip(sums, places, strict=True)]

    def _all_terms(self, sums: list[Any], cuts: list[_Cut], a: Any) -> list[Any]:
        """The accumulators of a tile after all terms."""

        def steps(sums: list[Any], first: Any, number: int) -> list[Any]:
            at_a = self.vector.at(a, self._times(first, self.along))
            at_b = self.vector.at(self.panel, self._times(first, self.panel_length))
            for k in range(number):
                sums = self._step(sums, cuts, at_a, at_b, k)
            return sums

        known = isinstance(self.terms, int)
        if known and self.terms * len(sums) <= UNROLLED:
            return steps(sums, 0, self.terms)
        rounds = quotient(self.builder, self.terms, STEPS)
        sums = counted_loop(self.builder, rounds, sums, lambda k, s: steps(s, self._times(k, STEPS), STEPS))
        done = self._times(rounds, STEPS)
        if known:
            return steps(sums, done, self.terms % STEPS)
        rest = self.builder.sub(self.terms, done)
        return counted_loop(self.builder, rest, sums, lambda k, s: steps(s, self._plus(done, k), 1))

    def _step(self, sums: list[Any], cuts: list[_Cut], a: Any, b: Any, k: int) -> list[Any]:
        """Add the ``k``-th term to every accumulator of a tile."""
        v, width, after = self.vector, len(cuts), []
        at_b = v.at(b, self._times(k, self.panel_length))
        row = [v.load(at_b, *cut) for cut in cuts]
        for i in range(len(sums) // width):
            x = v.broadcast_at(a, self._plus(self._times(i, self.down), self._times(k, self.along)))
            after += [v.fma(x, y, z) for y, z in zip(row, sums[i * width : (i + 1) * width], strict=True)]
        return after


class _Dots(_Writer):
    """A product with one column: the vectors run along the inner extent, four rows at a time."""

    def __init__(self, builder: Any, product: Product, arguments: Sequence[Any]) -> None:
        super().__init__(builder, product, arguments)
        self.lanes = lanes_for(self.inner, product.bits // 8, vectors())
        self.vector = Vector(builder, element(product.bits), self.lanes, masks=vectors().masks)

    def write(self) -> None:
        """Write the whole product."""
        known = self.product.rows
        self._over_rows((4, 1) if known is None else (min(known, 4),) if known else (), self._rows)

    def _rows(self, height: int, row: Any) -> None:
        v = self.vector
        rows = [v.at(self.a, self._times(self._plus(row, i), self.a_length)) for i in range(height)]

        def step(first: Any, sums: list[Any], count: int) -> list[Any]:
            x = v.load(self.b, first, count)
            return [v.fma(v.load(a, first, count), x, s) for a, s in zip(rows, sums, strict=True)]

        whole, rest = divmod(self.inner, self.lanes)
        sums = counted_loop(
            self.builder,
            whole,
            [v.constant(0.0)] * height,
            lambda i, s: step(self._times(i, self.lanes), s, self.lanes),
        )
        if rest:
            sums = step(whole * self.lanes, sums, rest)
        for i, value in enumerate(sums):
            self._store(v.sum(value), self._times(self._plus(row, i), self.out_length))

    def _store(self, number: Any, offset: Any) -> None:
        self.builder.store(number, self.vector.at(self.out, offset), align=self.vector.itemsize)
