"""Shapes: tuples of ints and at most one symbolic extent, a multiple of the batch size ``n``."""

from __future__ import annotations

from collections.abc import Iterable

from glassnet.errors import ShapeError


class Dim:
    """The symbolic extent ``k * n``, where ``n`` is the number of examples in a batch.

    Only products with ints and equality are defined: that is all a network needs, and anything more
    would make shapes undecidable.

    Examples
    --------
    >>> 3 * Dim(2)
    6 * n
    >>> Dim(1) == Dim(1)
    True
    """

    __slots__ = ("k",)

    def __init__(self, k: int = 1) -> None:
        self.k = k

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.k == other.k

    def __hash__(self) -> int:
        return hash(("n", self.k))

    def __repr__(self) -> str:
        return "n" if self.k == 1 else f"{self.k} * n"

    def __mul__(self, other: object) -> Dim:
        if not isinstance(other, int):
            return NotImplemented
        return Dim(self.k * other)

    __rmul__ = __mul__


N = Dim(1)
Extent = int | Dim
Shape = tuple[Extent, ...]


def has_batch(shape: Shape) -> bool:
    """Whether a shape contains the batch dimension."""
    return any(isinstance(extent, Dim) for extent in shape)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The common shape of NumPy's broadcasting; ``n`` never equals an int, not even 1.

    Examples
    --------
    >>> broadcast_shapes((N, 1), (4,))
    (n, 4)
    """
    rank = max(map(len, shapes), default=0)
    columns = zip(*[(1,) * (rank - len(shape)) + shape for shape in shapes], strict=True)
    return tuple(_common(column, shapes) for column in columns)


def _common(column: tuple[Extent, ...], shapes: tuple[Shape, ...]) -> Extent:
    extents = {extent for extent in column if extent != 1}
    if len(extents) > 1:
        raise ShapeError(f"shapes {' and '.join(map(str, shapes))} do not broadcast together")
    return extents.pop() if extents else 1


def product(extents: Iterable[Extent]) -> Extent:
    """The number of elements: an int, or a multiple of ``n``."""
    result: Extent = 1
    for extent in extents:
        if isinstance(extent, Dim) and isinstance(result, Dim):
            raise ShapeError("an array can hold the batch dimension n only once")
        result = extent * result
    return 0 if result == Dim(0) else result


def fill_unknown(shape: tuple[Extent, ...], total: Extent) -> Shape:
    """Replace one ``-1`` in a reshape's target by what remains of ``total``."""
    if -1 not in shape:
        return shape
    known = product(extent for extent in shape if extent != -1)
    return tuple(_quotient(total, known) if extent == -1 else extent for extent in shape)


def _quotient(total: Extent, known: Extent) -> Extent:
    if total == 0 and known != 0:
        return 0
    if isinstance(total, Dim) and isinstance(known, Dim) and known.k and total.k % known.k == 0:
        return total.k // known.k
    if isinstance(known, int) and known > 0:
        if isinstance(total, Dim) and total.k % known == 0:
            return Dim(total.k // known)
        if isinstance(total, int) and total % known == 0:
            return total // known
    raise ShapeError(f"cannot divide {total} elements by {known}")


def concrete(shape: Shape, n: int) -> tuple[int, ...]:
    """The shape for a batch of ``n`` examples."""
    return tuple(extent.k * n if isinstance(extent, Dim) else extent for extent in shape)
