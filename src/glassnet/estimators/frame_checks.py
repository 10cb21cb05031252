"""What the columns of a table must be, or one clear error."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.estimators.frames import Column, Table, column_words
from glassnet.train.wording import count, short, some


def refuse_missing(columns: Sequence[Column], name: str, where: str) -> None:
    """An error that counts the missing values, if there are any, and says where the first one is."""
    bad = [column for column in columns if column.missing.any()]
    if not bad:
        return
    rows = [int(column.missing.argmax()) for column in bad]
    first = min(range(len(bad)), key=rows.__getitem__)
    found = count(sum(int(column.missing.sum()) for column in bad), "missing value")
    among = f" in {len(bad)} columns" if len(bad) > 1 else ""
    raise InputError(
        f"{name} has {found} (NaN){among}, first at row {rows[first]}, {column_words(bad[first].label)}.\n"
        f"{where} needs finite numbers, and every value.\n"
        'Remove those rows, fill them (SimpleImputer), or pass missing="median".'
    )


def refuse_infinite(columns: Sequence[Column], name: str, where: str) -> None:
    """An error for infinite numbers, and those beyond float32's range, in which networks compute."""
    limit = float(np.finfo(np.float32).max)
    for column in columns:
        if column.kind != "number":
            continue
        with np.errstate(invalid="ignore"):
            bad = np.abs(column.values.astype(np.float64)) > limit
        if bad.any():
            row = int(bad.argmax())
            infinite = np.isinf(column.values[row])
            what = count(int(bad.sum()), "infinite value") if infinite else _too_large(int(bad.sum()))
            raise InputError(
                f"{name} has {what}, {_first(bad)}, {column_words(column.label)}: "
                f"{short(column.values[row])}.\n"
                f"{where} needs finite numbers.\nRemove those rows, or clip them (np.clip)."
            )


def _too_large(number: int) -> str:
    return f"{count(number, 'value')} too large for float32"


def _first(bad: np.ndarray) -> str:
    """``at row 3``, or ``first at row 3`` where there are more."""
    return f"{'first at' if bad.sum() > 1 else 'at'} row {int(bad.argmax())}"


def reordered(table: Table, expected: Sequence[str], used: Collection[str], name: str, where: str) -> Table:
    """The columns that ``fit`` saw, by their names and in its order; others are left out.

    Those that are not used may be missing: they are then empty.

    Raises
    ------
    InputError
        Columns that are not there.
    """
    assert table.names is not None
    found = dict(zip(table.names, table.columns, strict=True))
    lost = [label for label in expected if label not in found and label in used]
    if lost:
        new = [label for label in table.names if label not in expected]
        others = f"It has {some(new, limit=4)}, which fit() did not see." if new else "Add what is missing."
        raise InputError(
            f"{name} lacks {count(len(lost), 'column')} that fit() saw: {some(lost)}.\n"
            f"{where} finds columns by their names, in any order.\n{others}"
        )
    columns = (found.get(label) or _empty(label, table.rows) for label in expected)
    return Table(tuple(columns), tuple(expected), table.rows)


def _empty(label: str, rows: int) -> Column:
    """A column without a single value."""
    return Column(label, "empty", np.zeros(rows), np.ones(rows, bool))


def check_count(table: Table, expected: int, owner: str, name: str) -> None:
    """As many columns as at fit, or scikit-learn's error."""
    if len(table.columns) != expected:
        raise ShapeError(
            f"{name} has {len(table.columns)} features, but {owner} is expecting {expected} features as "
            "input."
        )
