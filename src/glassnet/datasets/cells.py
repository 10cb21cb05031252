"""What columns of text hold: numbers, booleans, dates, or just text. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from glassnet import optional
from glassnet.errors import InputError
from glassnet.train.wording import short

Kind = Literal["number", "boolean", "text", "date"]
FEW = 1000  # cells that are tried first
_ONE = {"number": "a number", "boolean": "true or false", "date": "a date (2026-01-31, 2026-01-31 13:45)"}


def as_kinds(table: Any, kinds: Mapping[str, Kind], first_row: int, path: str) -> Any:
    """A table of texts with its columns as what they are said to hold.

    Parameters
    ----------
    table : pyarrow.Table
        Of strings.
    kinds : mapping of str to {"number", "boolean", "text", "date"}
        For the columns that are to be converted; the others stay text.
    first_row : int
        The number of the first row in the file, for messages.
    path : str
        What the user calls the file.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        A cell that holds something else.
    """
    columns = [
        _required(table.column(i), kinds.get(name, "text"), f"column {short(name)}", first_row, path)
        for i, name in enumerate(table.column_names)
    ]
    return table.from_arrays(columns, table.column_names)


def _required(column: Any, kind: Kind, name: str, first_row: int, path: str) -> Any:
    found = column if kind == "text" else _as_kind(column, kind)
    if found is not None:
        return found
    row = _first_bad(column, kind)
    raise InputError(
        f"{path}: row {first_row + row} (the header is row 1), {name}: {short(column[row].as_py())} is not "
        f"{_ONE[kind]}.\nPut that right, or leave the cell empty."
    )


def as_found(table: Any, kinds: Mapping[str, Kind]) -> Any:
    """A table of texts with each column as the first of numbers, booleans and dates that all its cells are.

    Parameters
    ----------
    table : pyarrow.Table
        Of strings.
    kinds : mapping of str to kind
        Columns to leave to `as_kinds`.

    Returns
    -------
    pyarrow.Table
    """
    columns = [
        table.column(i) if name in kinds else _as_found(table.column(i))
        for i, name in enumerate(table.column_names)
    ]
    return table.from_arrays(columns, table.column_names)


def _as_found(column: Any) -> Any:
    candidates = (_as_kind(column, kind) for kind in ("whole", "number", "boolean", "date"))
    return next((found for found in candidates if found is not None), column)


def _as_kind(column: Any, kind: str) -> Any:
    """The column converted, or None where a cell is something else."""
    pa = optional.pyarrow("reading a table")
    for dtype in _types(pa)[kind]:
        try:
            column.slice(0, FEW).cast(dtype)  # of a long column that fails, pyarrow takes long to say so
            found = column.cast(dtype)
        except pa.ArrowInvalid:
            continue
        return found if kind != "date" else found.cast(pa.timestamp("us"))  # what a clock in Greenwich shows
    return None


def _types(pa: Any) -> dict[str, tuple[Any, ...]]:
    return {
        "whole": (pa.int64(),),
        "number": (pa.float64(),),
        "boolean": (pa.bool_(),),
        "date": (pa.timestamp("us"), pa.timestamp("us", "UTC")),
    }


def _first_bad(column: Any, kind: str) -> int:
    """The first cell that cannot be converted, found by halves."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if _as_kind(column.slice(low, middle - low), kind) is None else (middle, high)
        )
    return low
