"""Numbers, arrays, strings and comments in C."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassnet.graph.ops import Kind
from glassnet.printers.layout import plain

WIDTH = 100


def float_literal(value: Any, dtype: Any) -> str:
    """The shortest text that is this very number in the float type.

    Examples
    --------
    >>> float_literal(0.1, np.float32), float_literal(0.1, np.float64), float_literal(2, np.float32)
    ('0.1f', '0.1', '2.0f')
    """
    with np.errstate(over="ignore"):
        number = np.dtype(dtype).type(value)
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "INFINITY" if number > 0 else "-INFINITY"
    return str(number) + ("f" if np.dtype(dtype) == np.float32 else "")


def literal(value: Any, kind: Kind, dtype: Any) -> str:
    """A number of any kind."""
    return float_literal(value, dtype) if kind in ("float", "weak_float") else str(int(value))


def array_literal(array: np.ndarray, kind: Kind, dtype: Any, head: str) -> str:
    """A definition: ``head`` and an initializer in braces, one pair for each row; extents of 1 have none."""
    squeezed = array.reshape([extent for extent in array.shape if extent != 1])
    if not squeezed.ndim:
        return f"{head} = {literal(squeezed[()], kind, dtype)};"
    lines = list(_rows(squeezed, kind, dtype, 0))
    if squeezed.ndim == 1 and len(head) + 4 + sum(map(len, lines)) > WIDTH:
        texts = [literal(value, kind, dtype) for value in squeezed]
        lines = ["{", *_filled(texts, "    ", opening="", closing=""), "}"]
    return f"{head} = " + "\n".join(lines) + ";"


def _rows(array: np.ndarray, kind: Kind, dtype: Any, depth: int) -> Iterator[str]:
    indent = "    " * depth
    if array.ndim == 1:
        yield from _filled([literal(value, kind, dtype) for value in array], indent)
        return
    yield f"{indent}{{"
    for position, part in enumerate(array):
        *lines, last = _rows(part, kind, dtype, depth + 1)
        yield from (*lines, last + ("," if position + 1 < len(array) else ""))
    yield f"{indent}}}"


def _filled(texts: Sequence[str], indent: str, opening: str = "{", closing: str = "}") -> Iterator[str]:
    """Numbers on as few lines as hold them."""
    line = f"{indent}{opening}{texts[0]}"
    for text in texts[1:]:
        if len(line) + len(text) + 4 > WIDTH:
            yield f"{line},"
            line = f"{indent}{' ' * len(opening)}{text}"
        else:
            line += f", {text}"
    yield f"{line}{closing}"


def string_literal(text: str) -> str:
    r"""A text from outside as a C string in UTF-8: nothing in it can end it or mean something else.

    Examples
    --------
    >>> print(string_literal('say "é"'))
    "say \"\303\251\""
    """
    return f'"{"".join(map(_character, text.encode("utf-8", "surrogatepass")))}"'


def _character(byte: int) -> str:
    if chr(byte) in '"\\?':  # two question marks could begin a trigraph
        return f"\\{chr(byte)}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def comment(text: str) -> str:
    """Text from outside as a comment of one line.

    Examples
    --------
    >>> comment("a */ b")
    '/* a * / b */'
    """
    parted = re.sub(r"(?<=[*/])(?=[*/])|(?<=\?)(?=\?)", " ", plain(text))
    return f"/* {parted} */"
