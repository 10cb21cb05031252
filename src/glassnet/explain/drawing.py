"""Drawings as SVG: the layers with their connections; the graph of operations with values and gradients."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import passes
from glassnet.graph.graph import Graph, Place
from glassnet.graph.node import Node, topological
from glassnet.printers.to_numpy import print_numpy
from glassnet.programs.interpret import trace_values

Spot = tuple[float, float]
MOST_UNITS = 8  # a layer with more shows the first and the last of them
_RULES = {
    "text": "font: 13px system-ui, sans-serif; fill: #1f2933",
    ".small": "font-size: 11px; fill: #52606d",
    ".value": "font-size: 11px; fill: #0b7a4b",
    ".gradient": "font-size: 11px; fill: #c0392b",
    ".mono": "font-family: ui-monospace, monospace; font-size: 12px",
    ".edge": "stroke: #9aa5b1; fill: none",
    ".unit": "fill: #e6f0fb; stroke: #2f6fb0",
    ".box": "fill: #f5f7fa; stroke: #7b8794",
    ".input": "fill: #e8f6ee; stroke: #3b9c6b",
    ".loss": "fill: #fdecea; stroke: #c0392b",
}
# Inside a page the rules must reach nothing but the drawing.
_STYLE = "\n".join(f".glassnet-drawing {selector} {{ {rule} }}" for selector, rule in _RULES.items())


@dataclass(frozen=True, repr=False)
class Drawing:
    """A picture as SVG text; notebooks show it.

    Attributes
    ----------
    svg : str
    """

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x: auto">{self.svg}</div>'

    def __repr__(self) -> str:
        return f"Drawing({len(self.svg):,} characters of SVG; show it in a notebook, or .save(path))"

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file.

        Parameters
        ----------
        path : str or Path
            Ending in ``.svg``.

        Returns
        -------
        Path
        """
        target = Path(path)
        target.write_text(self.svg, encoding="utf-8")
        return target


def page(width: float, height: float, parts: Sequence[str]) -> Drawing:
    """An SVG document."""
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="glassnet-drawing" {size}>'
    background = f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>'
    return Drawing("\n".join([head, f"<style>{_STYLE}</style>", background, *parts, "</svg>"]))


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'


# ------------------------------------------------------------------------------------------ layers
@dataclass(frozen=True)
class Column:
    """One layer in the drawing of layers.

    Attributes
    ----------
    title : str
    size : int
        Number of units; 0 for a layer without units of its own.
    notes : tuple of str
        Lines below: the number of parameters, the layers that follow without units of their own.
    """

    title: str
    size: int
    notes: tuple[str, ...]


def draw_layers(columns: Sequence[Column]) -> Drawing:
    """Units as circles, connections as lines; layers without units as notes between them."""
    gap, radius, pitch = 150.0, 12.0, 34.0
    rows = max(min(column.size, MOST_UNITS + 1) for column in columns)
    below = max(len(column.notes) for column in columns) * 16
    height = rows * pitch + 70 + below
    parts: list[str] = []
    places: list[tuple[list[Spot], list[Spot]]] = []  # of the circles, and of all rows
    for i, column in enumerate(columns):
        x = 80 + i * gap
        shown = min(column.size, MOST_UNITS + 1)
        top = (height - below - (shown - 1) * pitch) / 2 + 10
        spots = [(x, top + k * pitch) for k in range(shown)]
        circles = [*spots[:-2], spots[-1]] if column.size > MOST_UNITS else spots
        places.append((circles, spots))
    for left, right in itertools.pairwise(places):
        parts += [_edge(a, b, radius) for a in left[0] for b in right[0]]
    for i, (column, (_, spots)) in enumerate(zip(columns, places, strict=True)):
        parts += _units(column, spots, radius, "input" if i == 0 else "unit")
        parts.append(text(spots[0][0], 22, column.title))
        for k, note in enumerate(column.notes):
            parts.append(text(spots[0][0], height - below + 16 * k, note, "small"))
    return page(160 + (len(columns) - 1) * gap, height, parts)


def _edge(a: Spot, b: Spot, radius: float) -> str:
    return (
        f'<line class="edge" stroke-width="0.7" x1="{a[0] + radius:.1f}" y1="{a[1]:.1f}" '
        f'x2="{b[0] - radius:.1f}" y2="{b[1]:.1f}"/>'
    )


def _units(column: Column, spots: list[Spot], radius: float, kind: str) -> list[str]:
    parts = []
    crowded = column.size > MOST_UNITS
    for k, (x, y) in enumerate(spots):
        if crowded and k == len(spots) - 2:
            parts.append(text(x, y + 4, "⋮"))
            continue
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')
        label = str(column.size if crowded and k == len(spots) - 1 else k + 1)
        parts.append(text(x, y + 4, label, "small"))
    return parts


# ------------------------------------------------------------------------------------------ operations
def draw_graph(graph: Graph, values: Mapping[Place, Any]) -> Drawing:
    """The forward pass, operation by operation, each with its value (green) and the loss's gradient (red)."""
    printed = print_numpy(passes.run(graph, "numpy"))
    graph = printed.page.graph
    loss = graph.outputs[graph.places.index(("return", "loss"))]
    known = dict(trace_values(graph, values))
    nodes = [n for n in topological([loss]) if n.label.phase == "forward" and n.op not in ("const", "size")]
    depth: dict[Node, int] = {}
    for node in nodes:
        depth[node] = max((depth[x] + 1 for x in node.inputs if x in depth), default=0)
    for node in nodes:  # inputs stand just before what they go into
        users = [n for n in nodes if node in n.inputs]
        if node.op == "input" and users:
            depth[node] = min(depth[n] for n in users) - 1
    columns: dict[int, list[Node]] = {}
    for node in nodes:
        columns.setdefault(depth[node], []).append(node)
    shift = min(columns)
    boxes = {
        node: (30 + (column - shift) * 190.0, 30 + row * 92.0)
        for column, members in columns.items()
        for row, node in enumerate(members)
    }
    parts = [_arrow(boxes[x], boxes[node]) for node in nodes for x in node.inputs if x in boxes]
    for node, spot in boxes.items():
        kind = "loss" if node is loss else "input" if node.op == "input" else "box"
        name = printed.page.names.given.get(node, "")
        parts += _box(spot, name, _operation(node), kind)
        parts += _numbers(spot, known[node], known.get(node.label.adjoint) if node.label.adjoint else None)
    width = 60 + 190.0 * (max(columns) - shift) + 150
    height = 40 + 92.0 * max(len(members) for members in columns.values())
    return page(width, height, parts)


def _operation(node: Node) -> str:
    if node.op == "input":
        return f"({', '.join(map(str, node.shape))})"
    signs = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "matmul": "@", "pow": "power"}
    return str(node.attrs["function"].name) if node.op == "call" else signs.get(node.op, node.op)


def _arrow(a: tuple[float, float], b: tuple[float, float]) -> str:
    x1, y1, x2, y2 = a[0] + 130, a[1] + 18, b[0], b[1] + 18
    middle = (x1 + x2) / 2
    curve = f"M{x1:.0f} {y1:.0f} C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return f'<path class="edge" d="{curve}"/>'


def _box(spot: tuple[float, float], name: str, operation: str, kind: str) -> list[str]:
    x, y = spot
    label = f"{name}: {operation}" if name else operation
    return [
        f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="130" height="36" rx="6"/>',
        text(x + 65, y + 22, label[:20], "mono"),
    ]


def _numbers(spot: tuple[float, float], value: Any, gradient: Any) -> list[str]:
    x, y = spot
    parts = [text(x + 65, y + 49, brief(value), "value")]
    return parts if gradient is None else [*parts, text(x + 65, y + 63, brief(gradient), "gradient")]


def brief(value: Any) -> str:
    """A few numbers: ``0.25 -1.3 …``.

    Examples
    --------
    >>> brief(np.array([0.25, -1.5, 3.0, 4.0]))
    '0.25 -1.5 3 …'
    """
    array = np.atleast_1d(np.asarray(value)).ravel()
    shown = " ".join(f"{float(entry):.3g}" for entry in array[:3])
    return shown + (" …" if array.size > 3 else "")
