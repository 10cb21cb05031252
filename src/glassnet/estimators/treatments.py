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
        found: np.ndarray = np.concatenate(self.of_numbers(self.numbers(column)[:, None]), axis=1)
        return found

    def numbers(self, column: Column) -> np.ndarray:
        """The column with one number (n,) for each value, NaN where it is missing: see :attr:`codes`."""
        return floats(column)

    @property
    def codes(self) -> tuple[Category, ...]:
        """The values whose places, from 1, are their numbers, 0 being others; none where they are numbers."""
        return ()

    def of_numbers(self, x: Any) -> list[Any]:
        """The features in parts (n, ...) that stand side by side, of numbers (n, 1), or traced ones.

        What is exported is a trace of this.
        """
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

    def of_numbers(self, x: Any) -> list[Any]:
        gone = x != x
        filled = np.where(gone, self.fill, x)
        z = (filled - self.center) * self.scale
        waves = [np.where(gone, 0.0, wave) for period in self.periods for wave in _waves(filled, period)]
        indicator = [gone.astype(float)] if self.indicator else []
        return [_limited(z) if self.limited else z, *waves, *indicator]

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


def _limited(z: Any) -> Any:
    """``z / sqrt(1 + (z / 3)**2)``, without an overflow: beyond a billion it is 3 to the last digit."""
    z = np.minimum(np.maximum(z, -1e9), 1e9)
    return z / np.sqrt(1 + (z / 3) ** 2)


def _waves(days: Any, period: str) -> tuple[Any, Any]:
    """Sine and cosine of the place of each date in its year, week or day."""
    passed, length = _passed(days, period)
    angle = 2 * np.pi * passed / length
    return np.sin(angle), np.cos(angle)


def phase(days: Any, period: str) -> Any:
    """The share of its year, week (from Monday) or day that has passed at each date, in days since 1970."""
    passed, length = _passed(days, period)
    return passed / length


def _passed(days: Any, period: str) -> tuple[Any, Any]:
    """How much of its period has passed at each date, and how long that is."""
    if period == "year":
        return _day_of_year(days)
    count = (days + 3) / 7 if period == "week" else days  # 1 January 1970 was a Thursday
    return count - np.floor(count), 1


def _day_of_year(days: Any) -> tuple[Any, Any]:
    """By arithmetic, which can be traced: of years from March on, whose last day is the leap day.

    The formulas are those of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    """
    count = np.floor(days) + 719_468  # days since 1 March of the year 0
    in_era = count - 146_097 * np.floor(count / 146_097)
    leaps = np.floor(in_era / 1460) - np.floor(in_era / 36_524) + np.floor(in_era / 146_096)
    year = np.floor((in_era - leaps) / 365)
    since_march = in_era - (365 * year + np.floor(year / 4) - np.floor(year / 100))
    ends_year = since_march >= 306  # January and February, which belong to the next year
    year = np.where(ends_year, year + 1, year)
    rest = [year - n * np.floor(year / n) for n in (4, 100, 400)]
    leap = np.where((rest[0] == 0) & ((rest[1] != 0) | (rest[2] == 0)), 1.0, 0.0)
    day = np.where(ends_year, since_march - 306, since_march + 59 + leap)
    return day + (days - np.floor(days)), 365 + leap


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
        if kinds == {bool} and not self.one_hot:
            raise InputError("booleans are no indices")

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

    def numbers(self, column: Column) -> np.ndarray:
        if isinstance(self.values[0], bool):
            return floats(column)
        places = {value: i for i, value in enumerate(self.values, 1)}
        found = np.full(len(column.missing), np.nan)
        if column.kind != "empty":
            found[~column.missing] = [places.get(value, 0) for value in plain(column)]
        return found

    @property
    def codes(self) -> tuple[Category, ...]:
        return () if isinstance(self.values[0], bool) else self.values

    def of_numbers(self, x: Any) -> list[Any]:
        if isinstance(self.values[0], bool):
            x = x + (1 - self.values[0])  # places, too
        if not self.one_hot:
            return [np.where(x != x, self.rows - 1.0 if self.missing else 0.0, x)]
        if len(self.values) == 2:
            return [np.where(x == 1, -1.0, np.where(x == 2, 1.0, 0.0))]
        return [(x == np.arange(1.0, len(self.values) + 1)).astype(float)]

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

    def numbers(self, column: Column) -> np.ndarray:
        return np.where(column.missing, np.nan, 0.0)

    def of_numbers(self, x: Any) -> list[Any]:
        return [(x != x).astype(float)] if self.indicator else [x[:, :0]]

    def words(self) -> str:
        """``left out: nearly all values differ; kept: whether one is missing``."""
        return f"left out: {self.reason()}"

    def reason(self) -> str:
        """Why, and what is kept."""
        return REASONS[self.why] + ("; kept: whether one is missing" if self.indicator else "")


TREATMENTS = (Number, Categories, LeftOut)
