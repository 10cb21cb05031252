"""What kind of answer a column asks for: classes or numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.cli.mistakes import Mistake
from glassnet.estimators.frames import PLURALS, Column
from glassnet.train.wording import short

TASKS = ("classification", "regression")
FEW_CLASSES = 20  # up to so many different whole numbers may be names of classes,
PER_CLASS = 10  # if each comes up so many times on average; else they are amounts
MOST_CLASSES = 1000


class Target(NamedTuple):
    """What is to be predicted.

    Attributes
    ----------
    values : ndarray (rows,)
        Labels ``0 … classes - 1`` (int64), or numbers (float64).
    labels : ndarray or None
        The classes as the file calls them, in the order of their numbers; None for numbers.
    why : str
        How the task was found.
    """

    values: NDArray[Any]
    labels: NDArray[Any] | None
    why: str


def learn(column: Column, task: str | None, where: str) -> Target:
    """Classes or numbers, from a column without missing entries.

    Parameters
    ----------
    column : Column
    task : {"classification", "regression"} or None
        What the user wants; None to tell by the values.
    where : str
        The file, for messages.

    Raises
    ------
    Mistake
        Values from which nothing can be learned, or not what the user wants.
    """
    name = f"{where}: column {short(column.label)}"
    if column.kind not in ("number", "text", "boolean"):
        raise Mistake(f"{name} holds {PLURALS[column.kind]}; predict numbers or classes.")
    values = _whole_if_possible(column.values)
    distinct = np.unique(values)
    if len(distinct) == 1:
        raise Mistake(f"{name} has a single value, {short(distinct[0])}: there is nothing to learn.")
    found, why = _task(values, distinct)
    if (task or found) == "regression":
        return Target(_numbers(column, name), None, "as asked" if task else why)
    labels, numbers = _classes(values, name)
    return Target(numbers, labels, "as asked" if task else why)


def _whole_if_possible(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as integers, text as text."""
    if values.dtype == object:
        return values.astype(str)
    if values.dtype.kind == "f" and (values == np.floor(values)).all() and np.abs(values).max() < 2**53:
        return values.astype(np.int64)
    return values


def _task(values: NDArray[Any], distinct: NDArray[Any]) -> tuple[str, str]:
    """The task, and the words for why."""
    if values.dtype.kind == "U":
        return "classification", "it is text"
    if values.dtype.kind == "b":
        return "classification", "it is true or false"
    if values.dtype.kind == "f":
        return "regression", "it has fractions"
    few = len(distinct) <= FEW_CLASSES and len(distinct) * PER_CLASS <= len(values)
    if len(distinct) == 2 or few:
        return "classification", f"it has {len(distinct)} different values"
    return "regression", f"it has {len(distinct):,} different numbers"


def _numbers(column: Column, name: str) -> NDArray[np.float64]:
    if column.kind == "text":
        raise Mistake(
            f"{name} holds text, such as {short(column.values[0])}; --task regression needs numbers."
        )
    numbers: NDArray[np.float64] = column.values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise Mistake(f"{name} has infinite values; predict finite numbers.")
    return numbers


def _classes(values: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    labels, numbers = np.unique(values, return_inverse=True)
    if labels.dtype.kind == "f":
        raise Mistake(f"{name} has fractions, such as {short(values[0])}; use --task regression.")
    if len(labels) > MOST_CLASSES or 2 * len(labels) > len(values):
        raise Mistake(
            f"{name} has {len(labels):,} different values in {len(values):,} rows: too many classes to "
            "learn. Predict another column."
        )
    return labels, numbers.astype(np.int64)
