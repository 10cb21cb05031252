"""Which rows a network learns from, which rows stop it, and which rows it never sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.cli.mistakes import Mistake
from glassnet.cli.problems import Problem
from glassnet.train.wording import count

HELD_OUT = 0.2
VALIDATION = 0.2
FEWEST = 5  # rows of a class, so that each part can have some


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts of a table; no row is in two of them."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    held_out: NDArray[np.int64]


def split(problem: Problem, seed: int) -> Split:
    """Split 60 / 20 / 20 at random; with classes, each part has them in the same proportions.

    Classes of fewer than five rows are learned from and nothing else.

    Raises
    ------
    Mistake
        Too few rows.
    """
    rare = rare_classes(problem)
    common = np.flatnonzero(~np.isin(problem.target, rare)) if len(rare) else np.arange(problem.rows)
    if len(common) < FEWEST:
        what = f"no class of {FEWEST} rows or more" if len(rare) else count(problem.rows, "row")
        raise Mistake(
            f"{problem.name} has {what}: too few to learn from some, stop by some and hold some out."
        )
    rest, held_out = _part(common, problem, HELD_OUT, seed)
    train, validation = _part(rest, problem, VALIDATION / (1 - HELD_OUT), seed)
    if len(rare):
        train = np.concatenate([train, np.flatnonzero(np.isin(problem.target, rare))])
    return Split(train, validation, held_out)


def rare_classes(problem: Problem) -> NDArray[np.int64]:
    """The numbers of the classes that have too few rows to be held out."""
    if not problem.classes:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.bincount(problem.target, minlength=problem.classes) < FEWEST)


def _part(rows: NDArray[np.int64], problem: Problem, share: float, seed: int) -> Any:
    from sklearn.model_selection import train_test_split

    labels = problem.target[rows] if problem.classes else None
    return train_test_split(rows, test_size=share, stratify=labels, random_state=seed)
