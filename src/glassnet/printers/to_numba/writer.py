"""Lines with indentation, and the names that hold inside a loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from glassnet.graph.node import Node


class Writer:
    """Lines with indentation."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.depth = 1

    def line(self, text: str) -> None:
        """One line."""
        self.rows.append("    " * self.depth + text if text else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A line that ends in a colon, and what stands below it."""
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1

    @contextmanager
    def loops(self, indices: Sequence[str], extents: Sequence[object]) -> Iterator[None]:
        """Loops inside loops."""
        for index, extent in zip(indices, extents, strict=True):
            self.line(f"for {index} in range({extent}):")
            self.depth += 1
        yield
        self.depth -= len(extents)


class Scope:
    """The values that have a name at the present indices."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.known: dict[tuple[Node, tuple[str, ...]], str] = {}
        self.outer = outer

    def find(self, key: tuple[Node, tuple[str, ...]]) -> str | None:
        """The name of a value, if it has one."""
        scope: Scope | None = self
        while scope is not None:
            if key in scope.known:
                return scope.known[key]
            scope = scope.outer
        return None
