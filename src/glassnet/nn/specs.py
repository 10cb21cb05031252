"""What is known of an array before it comes: shape and kind."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.graph.dims import N, Shape
from glassnet.graph.ops import Kind


@dataclass(frozen=True)
class Spec:
    """Shape and kind of one array of a batch.

    Attributes
    ----------
    shape : tuple of int
        Without the batch.
    kind : str
    below : int or None
        Whole numbers must be smaller than this.
    """

    shape: tuple[int, ...]
    kind: Kind = "float"
    below: int | None = None

    @property
    def batch(self) -> Shape:
        """The shape with the batch."""
        return (N, *self.shape)

    def __str__(self) -> str:
        return f"({', '.join(map(str, ('n', *self.shape)))}{'' if self.shape else ','})"
