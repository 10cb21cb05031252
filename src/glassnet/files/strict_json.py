"""JSON without its loose ends: no duplicate keys, no NaN, no endless numbers, no endless depth."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from glassnet.files.refused import LARGEST, refuse, shown

DEPTH = 16
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]')  # possessive: long texts leave nothing to go back to


def parse(source: str, key: str) -> dict[str, Any]:
    """The object that a JSON text holds.

    Parameters
    ----------
    source : str
    key : str
        What the text is, for messages.

    Raises
    ------
    Refused
        No JSON, no object; a duplicate key, NaN or infinity, a number beyond 64 bits, a nesting deeper than
        16, half of a surrogate pair.

    Examples
    --------
    >>> parse('{"a": [1, 2.5]}', "the document")
    {'a': [1, 2.5]}
    """
    _check_depth(source, key)

    def constant(word: str) -> NoReturn:
        refuse(key, f"holds {word}, which is not JSON.")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        return _unique(found, key)

    options: dict[str, Any] = {
        "object_pairs_hook": pairs,
        "parse_constant": constant,
        "parse_int": lambda digits: _integer(digits, key),
        "parse_float": lambda digits: _float(digits, key),
    }
    try:
        document = json.loads(source, **options)
    except (ValueError, RecursionError) as error:
        refuse(key, f"is not JSON: {error}.")
    if not isinstance(document, dict):
        refuse(key, f"must be an object; got {shown(document)}.")
    _check_texts(source, document, key)
    return document


def _check_depth(source: str, key: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(source):
        first = source[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > DEPTH:
            refuse(key, f"is nested deeper than {DEPTH}.")


def _unique(found: list[tuple[str, Any]], key: str) -> dict[str, Any]:
    made = dict(found)
    if len(made) < len(found):
        twice = next(name for i, (name, _) in enumerate(found) if name in dict(found[:i]))
        refuse(key, f"has the key {shown(twice)} twice.")
    return made


def _integer(digits: str, key: str) -> int:
    number = int(digits) if len(digits) <= 20 else LARGEST
    if not -LARGEST <= number < LARGEST:
        refuse(key, f"holds a number beyond 64 bits: {shown(digits)}.")
    return number


def _float(digits: str, key: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        refuse(key, f"holds a number that is too large: {shown(digits)}.")
    return number


def _check_texts(source: str, value: Any, key: str) -> None:
    """No half of a surrogate pair: such texts cannot be printed."""
    if r"\ud" in source.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            refuse(key, "holds half of a surrogate pair, which is no character.")
