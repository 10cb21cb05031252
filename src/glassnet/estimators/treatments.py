"""What a column becomes: numbers for a network, by rules that ``fit`` learned.

Each rule is a small frozen record of plain values, checked as it is made, so that a model file can hold it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.errors import InputError, InputTypeError
from glassnet.estimators.frames import PLURALS, Column
from glassnet.train.wording import count, short, some

DAY = 86_400_000_000  # microseconds
PERIODS = ("year", "week", "day")
REASONS = {
    "asked": "as asked",
    "constant": "a single value",
    "different": "nearly all values differ",
    "empty": "no value at all",
    "identifier": "it numbers the rows",
}
Category = str | int | float | bool


class Treatment:
    """What a column becomes.

    Attributes
    ----------
    kind : str
        What the column holds.
    takes : tuple of str
        Kinds of columns that can be treated so; the first is the usual one.
    rows : int
        For a column that becomes indices into a table of vectors, the rows of that table; else 0.
    """

    kind: str
    takes: tuple[str, ...]
    rows = 0

    def features(self, name: str) -> list[str]:
        """The names of the features that a column of this name becomes."""
        raise NotImplementedError

    def encode(self, column: Column) -> np.ndarray:
        """The features (n, k) as float64."""
        raise NotImplementedError

    def words(self) -> str:
        """The treatment, for people."""
        raise NotImplementedError

    def check(self, column: Column, name: str, where: str) -> None:
        """An error for a column of a kind that cannot be treated so.

        Parameters
        ----------
        column : Column
        name, where : str
            The argument and the method, for messages.
        """
        if column.kind in (*self.takes, "empty"):
            return
        row = int((~column.missing).argmax())
        value = column.values[row]
        shown = short(str(value)) if column.kind in ("date", "duration") else short(value)
        raise InputTypeError(
            f"{name} has {PLURALS[column.kind]} in column {short(column.label)}, first at row {row}: "
            f"{shown}.\n"
            f"{where} needs {PLURALS[self.takes[0]]} there, as at fit.\n{_remedy(self, value)}"
        )


def _remedy(treatment: Treatment, value: Any) -> str:
    if isinstance(value, str) and treatment.takes[0] == "number":
        return "Turn the column into numbers (pandas.to_numeric, polars' cast)."
    if isinstance(value, str) and treatment.takes[0] in ("date", "duration"):
        return "Read the text as times (pandas.to_datetime, polars' str.to_datetime)."
    return "Convert the column, or fit again with the kind of values that it has now."


# ------------------------------------------------------------------------------------------ numbers
def floats(column: Column) -> np.ndarray:
    """The values as float64: dates in days since 1970, durations in seconds; NaN where one is missing."""
    if column.kind in ("date", "duration"):
        found = column.values.astype(np.int64) / (DAY if column.kind == "date" else 1e6)
    elif column.kind == "empty":
        found = np.zeros(len(column.missing))
    else:
        found = column.values.astype(np.float64)
    return np.where(column.missing, np.nan, found)


@dataclass(frozen=True)
class Number(Treatment):
    """``(x - center) * scale``, with ``limited`` then ``z / sqrt(1 + (z / 3)**2)``, which stays within ±3.

    Times are numbers, too; a date may have its place in the year, the week and the day beside it, as a sine
    and a cosine each.

    Attributes
    ----------
    center, scale : float
    limited : bool
    fill : float
        What a missing value counts as.
    indicator : bool
        Whether a second feature says which values are missing.
    kind : {"number", "date", "duration"}
    periods : tuple of {"year", "week", "day"}
        For dates.
    """

    center: float
    scale: float
    limited: bool
    fill: float
    indicator: bool
    kind: str = "number"
    periods: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(type(v) is float and math.isfinite(v) for v in (self.center, self.scale, self.fill)):
            raise InputError("center, scale and fill must be finite numbers")
        if not all(type(v) is bool for v in (self.limited, self.indicator)):
            raise InputError("limited and indicator must be true or false")
        if self.kind not in ("number", "date", "duration"):
            raise InputError(f"there is no kind {short(self.kind)}")
        if self.periods and (self.kind != "date" or not set(self.periods) <= set(PERIODS)):
            raise InputError(f"there are no periods {short(self.periods)}")
        if self.kind == "date" and max(abs(self.center), abs(self.fill)) > 2**31:
            raise InputError("there are no dates so far away")

    @property
    def takes(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("number", "boolean") if self.kind == "number" else (self.kind,)

    def features(self, name: str) -> list[str]:
        waves = [f"{name}_{period}_{wave}" for period in self.periods for wave in ("sin", "cos")]
        return [name, *waves, *([f"{name}_missing"] if self.indicator else [])]

    def encode(self, column: Column) -> np.ndarray:
        x = np.where(column.missing, self.fill, floats(column))
        z = (x - self.center) * self.scale
        if self.limited:
            z = z / np.hypot(1.0, z / 3.0)
        waves = [wave for period in self.periods for wave in _waves(column, period)]
        return np.stack([z, *waves, *([column.missing] if self.indicator else [])], axis=1)

    def words(self) -> str:
        """``(x - 28) / 17.9, limited to ±3; missing → 28, with an indicator``."""
        limited = ", limited to ±3" if self.limited else ""
        waves = f"; waves of the {', '.join(self.periods)}" if self.periods else ""
        missing = f"; missing → {self._value(self.fill)}, with an indicator" if self.indicator else ""
        return f"{self._scaled()}{limited}{waves}{missing}"

    def _scaled(self) -> str:
        unit = "" if self.scale == 1 else f" / {1 / self.scale:.6g}" if self.scale else " * 0"
        if self.kind == "date":
            return f"days since {self._value(self.center)}{unit}"
        x = "seconds" if self.kind == "duration" else "x"
        shifted = f"{x} {'-' if self.center > 0 else '+'} {abs(self.center):.6g}" if self.center else x
        return f"({shifted}){unit}" if unit and self.center else f"{shifted}{unit}"

    def _value(self, value: float) -> str:
        return str(np.datetime64(round(value), "D")) if self.kind == "date" else f"{value:.6g}"


def _waves(column: Column, period: str) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of the place of each date in its year, week or day; 0 where one is missing."""
    angle = 2 * np.pi * phase(column, period)
    return np.where(column.missing, 0.0, np.sin(angle)), np.where(column.missing, 0.0, np.cos(angle))


def phase(column: Column, period: str) -> np.ndarray:
    """The share of its year, week (from Monday) or day that has passed at each date; 0 without one."""
    dates = np.where(column.missing, np.datetime64(0, "us"), column.values.astype("M8[us]"))
    if period == "year":
        year = dates.astype("M8[Y]")
        start, end = year.astype("M8[us]"), (year + 1).astype("M8[us]")
        share: np.ndarray = (dates - start) / (end - start)
        return share
    days = dates.astype(np.int64) / DAY
    return (days + 3) / 7 % 1 if period == "week" else days % 1  # 1 January 1970 was a Thursday


# ------------------------------------------------------------------------------------------ categories
def plain(column: Column) -> list[Category]:
    """The values that are there as Python's own: a whole number is an int, whatever type held it."""
    if column.kind == "text":
        return [str(value) for value in column.present.tolist()]
    return [_whole(value) for value in column.present.tolist()]


def _whole(value: Any) -> Category:
    whole = isinstance(value, float) and value.is_integer()
    found: Category = int(value) if whole else value
    return found


@dataclass(frozen=True)
class Categories(Treatment):
    """One of several values: two as -1 and +1, more as one column each, many as a row of a table of vectors.

    What ``fit`` has not seen is all zeros, or row 0; a missing value is so, too, but has a row of its own,
    the last, where ``fit`` has seen one.

    Attributes
    ----------
    values : tuple of str, int, float or bool
        In ascending order.
    one_hot : bool
        Whether they become columns of their own; else they become indices.
    missing : bool
        Whether ``fit`` has seen missing values.
    """

    values: tuple[Category, ...]
    one_hot: bool
    missing: bool

    def __post_init__(self) -> None:
        kinds = {type(value) for value in self.values}
        alike = kinds <= {int, float} or (len(kinds) == 1 and kinds <= {str, bool})
        if not self.values or not alike:
            raise InputError("values must be texts, numbers or booleans, of one kind")
        if any(not a < b for a, b in itertools.pairwise(self.values)):  # type: ignore[operator]
            raise InputError("values must be in ascending order")
        if not all(type(v) is bool for v in (self.one_hot, self.missing)):
            raise InputError("one_hot and missing must be true or false")

    @property
    def kind(self) -> str:  # type: ignore[override]
        return "boolean" if isinstance(self.values[0], bool) else "category"

    @property
    def takes(self) -> tuple[str, ...]:  # type: ignore[override]
        first = self.values[0]
        if isinstance(first, str):
            return ("text",)
        return ("boolean", "number") if isinstance(first, bool) else ("number", "boolean")

    @property
    def rows(self) -> int:  # type: ignore[override]
        return 0 if self.one_hot else len(self.values) + 1 + self.missing

    def features(self, name: str) -> list[str]:
        if not self.one_hot or self.values == (False, True):
            return [name]
        return [f"{name}_{value}" for value in (self.values[1:] if len(self.values) == 2 else self.values)]

    def encode(self, column: Column) -> np.ndarray:
        rows = self.rows_of(column)
        if not self.one_hot:
            return rows[:, None].astype(np.float64)
        if len(self.values) == 2:
            signs: np.ndarray = np.array([0.0, -1.0, 1.0])[rows][:, None]
            return signs
        found: np.ndarray = (rows[:, None] == np.arange(1, len(self.values) + 1)).astype(np.float64)
        return found

    def rows_of(self, column: Column) -> np.ndarray:
        """For each entry 0 if it is unknown, else 1 plus its place among the values; missing ones as said."""
        places = {value: i for i, value in enumerate(self.values, 1)}
        present = [] if column.kind == "empty" else plain(column)
        last = len(self.values) + 1 if self.missing and not self.one_hot else 0
        rows = np.full(len(column.missing), last)
        rows[~column.missing] = [places.get(value, 0) for value in present]
        return rows

    def words(self) -> str:
        """``'female' → -1, 'male' → +1``."""
        if not self.one_hot:
            return f"{len(self.values)} values, an index for a vector each"
        if len(self.values) == 2:
            missing = "; missing → 0" if self.missing else ""
            return f"{short(self.values[0])} → -1, {short(self.values[1])} → +1{missing}"
        missing = "; missing → zeros" if self.missing else ""
        return f"{count(len(self.values), 'value')}, one-hot: {some(self.values, limit=6)}{missing}"


# ------------------------------------------------------------------------------------------ nothing
@dataclass(frozen=True)
class LeftOut(Treatment):
    """No features, but perhaps whether a value is missing.

    Attributes
    ----------
    why : {"asked", "constant", "different", "empty", "identifier"}
        The user said so; a single value; text that differs in nearly every row; no value at all; it only
        numbers the rows.
    kind : str
        What the column holds.
    indicator : bool
    """

    why: str
    kind: str
    indicator: bool

    takes = (*PLURALS,)

    def __post_init__(self) -> None:
        if self.why not in REASONS or self.kind not in (*PLURALS, "category", "empty"):
            raise InputError(f"there is no reason {short(self.why)} or kind {short(self.kind)}")
        if type(self.indicator) is not bool:
            raise InputError("indicator must be true or false")

    def features(self, name: str) -> list[str]:
        return [f"{name}_missing"] if self.indicator else []

    def encode(self, column: Column) -> np.ndarray:
        return (
            column.missing[:, None].astype(np.float64)
            if self.indicator
            else np.empty((len(column.missing), 0))
        )

    def words(self) -> str:
        """``left out: nearly all values differ; kept: whether one is missing``."""
        return f"left out: {self.reason()}"

    def reason(self) -> str:
        """Why, and what is kept."""
        return REASONS[self.why] + ("; kept: whether one is missing" if self.indicator else "")


TREATMENTS = (Number, Categories, LeftOut)
