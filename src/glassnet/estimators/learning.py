"""Which treatment a column gets, by the values that ``fit`` sees and what the user said of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.errors import InputTypeError
from glassnet.estimators.frames import PLURALS, Column
from glassnet.estimators.treatments import (
    PERIODS,
    Categories,
    LeftOut,
    Number,
    Treatment,
    floats,
    phase,
    plain,
)
from glassnet.train.wording import short

# Text of more values than this, of which the average one comes up less than twice, says nothing that could be
# learned from: names, tickets, free text.
FEW = 16
# What data frames call the numbers of their rows; ``PassengerId``, ``customer_id``, but not ``grid``.
_IDENTIFIER = re.compile(r"(?:^|[\W_])id$|[a-z0-9]I[Dd]$|^ID$|^Id$|^index$|^Unnamed: 0$|^$")
_SMALL = float(np.finfo(np.float32).tiny)  # a spread of less is none


@dataclass(frozen=True)
class Rules:
    """The choices of an encoder, as far as a single column is concerned.

    Attributes
    ----------
    numeric : {"robust", "standard", "none"}
    missing : {"error", "median", "mean"}
    max_one_hot : int or None
    dates : {"parts", "number"}
    """

    numeric: str
    missing: str
    max_one_hot: int | None
    dates: str


def learn(column: Column, rules: Rules, chosen: str = "") -> Treatment:
    """The treatment of a column, by its values.

    Parameters
    ----------
    column : Column
    rules : Rules
    chosen : {"", "categorical", "numerical", "drop"}
        What the user said of it.

    Returns
    -------
    Treatment
    """
    gone = bool(column.missing.any())
    if chosen == "drop":
        return LeftOut("asked", column.kind, False)
    if column.kind == "empty":
        return LeftOut("empty", column.kind, False)
    present = column.present
    if chosen == "numerical" and column.kind not in ("number", "boolean"):
        raise InputTypeError(
            f"column {short(column.label)} holds {PLURALS[column.kind]}, which is no number: "
            f"{short(present[0])}.\nTurn the column into numbers, or leave it out of numerical."
        )
    if chosen != "numerical" and (chosen or column.declared or column.kind in ("text", "boolean")):
        return _learn_categories(column, rules, bool(chosen) or column.declared)
    if len(column.missing) > 1 and (present == present[0]).all():
        return LeftOut("constant", column.kind, gone)
    if not chosen and _numbers_rows(column):
        return LeftOut("identifier", column.kind, False)
    return _learn_number(column, rules)


def _learn_categories(column: Column, rules: Rules, chosen: bool) -> Treatment:
    gone = bool(column.missing.any())
    if column.kind in ("date", "duration"):
        raise InputTypeError(
            f"column {short(column.label)} holds {PLURALS[column.kind]}, which are no categories.\n"
            "Make them text, or leave the column out of categorical."
        )
    present = plain(column)
    values = sorted(set(present))
    if len(values) == 1 and len(column.missing) > 1:
        return LeftOut("constant", column.kind, gone)
    limit = math.inf if rules.max_one_hot is None else rules.max_one_hot
    if not chosen and len(values) > FEW and len(values) > len(present) / 2:
        return LeftOut("different", column.kind, gone)
    return Categories(tuple(values), len(values) <= max(limit, 2), gone)


def _numbers_rows(column: Column) -> bool:
    """Whether a column is called an identifier, and its values are such as count rows: all different."""
    if _IDENTIFIER.search(column.name) is None or column.kind != "number" or column.missing.any():
        return False
    whole = column.values.dtype.kind in "iu"
    return whole and len(column.values) > FEW and len(np.unique(column.values)) == len(column.values)


def _learn_number(column: Column, rules: Rules) -> Number:
    x = floats(column)[~column.missing]
    center, scale = _MOMENTS[rules.numeric](x)
    fill = float(x.mean() if rules.missing == "mean" else np.median(x))
    periods = _periods(column) if column.kind == "date" and rules.dates == "parts" else ()
    limited = rules.numeric == "robust"
    kind = "number" if column.kind == "boolean" else column.kind
    return Number(center, scale, limited, fill, bool(column.missing.any()), kind, periods)


def _robust(x: np.ndarray) -> tuple[float, float]:
    """Median, and one over the distance of the quartiles; if they are equal, of the extremes."""
    low, center, high = np.quantile(x, (0.25, 0.5, 0.75))
    width = high - low
    if width <= _SMALL:
        width = (x.max() - x.min()) / 2
    return float(center), float(1 / width) if width > _SMALL else 0.0


def _standard(x: np.ndarray) -> tuple[float, float]:
    deviation = x.std()
    return float(x.mean()), float(1 / deviation) if deviation > _SMALL else 0.0


_MOMENTS: dict[str, Callable[[np.ndarray], tuple[float, float]]] = {
    "robust": _robust,
    "standard": _standard,
    "none": lambda x: (0.0, 1.0),
}


def _periods(column: Column) -> tuple[str, ...]:
    """The periods in which the dates have more than one place."""
    days = floats(column)[~column.missing]
    shares = {period: phase(days, period) for period in PERIODS}
    shares["week"] = np.floor(shares["week"] * 7)
    return tuple(period for period, share in shares.items() if (share != share[0]).any())
