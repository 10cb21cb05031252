"""How lines look on the page: width, headings, comments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from glassnet.graph.node import Node
from glassnet.printers.expressions import shape_text

COLUMN = 100  # text and comment together
_COMMENT_COLUMN = 72


def heading(phase: str) -> str:
    """``# ---------------- forward -----...``."""
    return f"    # ---------------- {phase} ".ljust(70, "-")


def plain(text: str) -> str:
    """Text from outside for a comment: one line of printable ASCII, at most 80 characters."""
    clean = "".join(char if char.isascii() and char.isprintable() else "?" for char in text)
    return clean if len(clean) <= 80 else f"{clean[:77]}..."


def comment_text(node: Node) -> str:
    """The shape of a line's value; its kind where that is not float."""
    if node.op == "item":
        node = node.inputs[0]
    shape = shape_text(node.shape) if node.shape else "scalar"
    return shape if node.kind in ("float", "weak_float", "weak_int") else f"{shape} {node.kind}"


def wrap(line: str, comment: str = "") -> list[str]:
    """One line, or several where it is too long: broken at commas of its outermost brackets."""
    tail = f"\t# {comment}" if comment else ""
    if len(line) <= COLUMN - 12:
        return [line + tail]
    head, returns, values = line.partition("return ")
    if returns and not head.strip() and len(_split_commas(values)) > 1:
        line = f"{head}return ({values})"
    opened = _outer_bracket(line)
    if opened is None:
        return [line + tail]
    start, stop = opened
    indent = line[: len(line) - len(line.lstrip())]
    inner = indent + "    "
    rows, current = [], inner
    for item in _split_commas(line[start + 1 : stop]):
        if len(current) + len(item) + 1 > 76 and current.strip():
            rows.append(current.rstrip())
            current = inner
        if len(inner) + len(item) > COLUMN:
            rows += wrap(f"{inner}{item},")
        else:
            current += item + ", "
    rows += [current.rstrip()] if current.strip() else []
    return [line[: start + 1], *rows, f"{indent}{line[stop:]}{tail}"]


def _outer_bracket(line: str) -> tuple[int, int] | None:
    """The widest bracket pair that contains a comma at its own depth."""
    stack: list[int] = []
    best: tuple[int, int] | None = None
    for i, char in enumerate(line):
        if char in "([{":
            stack.append(i)
        elif char in ")]}" and stack:
            start = stack.pop()
            worth = i - start > 30 and len(_split_commas(line[start + 1 : i])) > 1
            if worth and (best is None or i - start > best[1] - best[0]):
                best = start, i
    return best


def _split_commas(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return [*parts, current.strip()] if current.strip() else parts


def align_comments(rows: Sequence[str]) -> list[str]:
    """Shape comments in one column, as far left as most lines allow."""
    widths = [len(row.split("\t")[0]) for row in rows if "\t" in row]
    column = min(max(widths, default=0) + 2, _COMMENT_COLUMN)
    return [_aligned(row, column) for row in rows]


def _aligned(row: str, column: int) -> str:
    text, tab, comment = row.partition("\t")
    return f"{text:<{column}}{comment}" if tab and len(text) < column else re.sub("\t", "  ", row)
