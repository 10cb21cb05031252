"""What a network is to learn: a table and a target, from a data set's name or a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet import datasets
from glassnet.cli import targets
from glassnet.cli.mistakes import Mistake
from glassnet.cli.targets import TASKS
from glassnet.datasets import tables
from glassnet.datasets.tables import STDIN
from glassnet.errors import UnknownNameError, suggest
from glassnet.estimators import frames
from glassnet.estimators.frames import Table
from glassnet.train.wording import some


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows to learn from, and what to predict for each.

    Attributes
    ----------
    name : str
        What it is called in reports.
    description : str
        One line that says what a row is, or where the rows come from.
    table : Table
        The inputs.
    target : ndarray (rows,)
        Labels ``0 … classes - 1`` (int64), or numbers (float64).
    target_name : str
    labels : ndarray or None
        The classes as they are called, in the order of their numbers; None where a number is predicted.
    why : str
        How the task was found; empty where it is known.
    without_target : int
        Rows that are left out, since their target is missing.
    image_shape : tuple of (int, int) or None
        Height and width if each row is a gray image, read row by row.
    """

    name: str
    description: str
    table: Table
    target: NDArray[Any]
    target_name: str
    labels: NDArray[Any] | None
    why: str = ""
    without_target: int = 0
    image_shape: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.table.rows

    @property
    def columns(self) -> int:
        """Number of columns of inputs."""
        return len(self.table.columns)

    @property
    def classes(self) -> int:
        """Number of classes; 0 where a number is predicted."""
        return 0 if self.labels is None else len(self.labels)

    @property
    def outputs(self) -> int:
        """Units of the last layer: one for a number or for two classes, else one per class."""
        return self.classes if self.classes > 2 else 1

    @property
    def task(self) -> str:
        """``"classification"`` or ``"regression"``."""
        return TASKS[self.labels is None]

    @property
    def class_names(self) -> list[str]:
        """The classes as people read them."""
        return [] if self.labels is None else [str(label) for label in self.labels.tolist()]

    def part(self, rows: NDArray[np.int64]) -> tuple[Table, NDArray[Any]]:
        """Inputs and target of some rows, as estimators take them: with the classes' own labels."""
        target = self.target[rows]
        return self.table.take(rows), target if self.labels is None else self.labels[target]


def find(name: str, target: str | None, task: str | None) -> Problem:
    """What a word on the command line means: a data set, a file, or ``-`` for stdin.

    Parameters
    ----------
    name : str
    target : str or None
        The column to predict; data sets know theirs.
    task : {"classification", "regression"} or None
        None to tell by the target.

    Raises
    ------
    Mistake, InputError
        No such thing, a file that cannot be read, a target that cannot be learned.
    """
    if name in datasets.names():
        for option, given in (("--target", target), ("--task", task)):
            if given is not None:
                raise Mistake(f"{option} is for files; {name} knows its own.")
        return from_dataset(datasets.load(name))
    if name == STDIN or Path(name).suffix or Path(name).exists() or Path(name).name != name:
        return from_file(name, target, task)
    try:
        datasets.load(name)
    except UnknownNameError as error:
        raise Mistake(f"{error} Or name a file: table.csv, table.parquet.") from error
    raise AssertionError(name)


def from_dataset(dataset: datasets.Dataset) -> Problem:
    """A data set that ships with scikit-learn, or is made by a formula."""
    labels, target = None, dataset.target
    if dataset.classes:
        labels, target = np.unique(np.array(dataset.target_names)[target], return_inverse=True)
    return Problem(
        name=dataset.name,
        description=f"{dataset.name}: {dataset.description}",
        table=frames.read(dataset.data, "train").named(dataset.feature_names),
        target=target,
        target_name="class" if dataset.classes else dataset.target_names[0],
        labels=labels,
        image_shape=dataset.image_shape,
    )


# ------------------------------------------------------------------------------------------ files
def from_file(path: str, target: str | None, task: str | None) -> Problem:
    """A table from a file, of which one column is to be predicted."""
    read = tables.read_table(path)
    name = "stdin" if path == STDIN else Path(path).name
    if target not in read.column_names:
        raise _no_target(name, target, read.column_names)
    if len(read.column_names) == 1:
        raise Mistake(f"{name} has no column but {target!r}: nothing to predict it from.")
    column = frames.read(read.select([target]), "train", name).columns[0]
    known = np.flatnonzero(~column.missing)
    if not len(known):
        raise Mistake(f"{name}: column {target!r} has no values at all.")
    values, labels, why = targets.learn(column.take(known), task, name)
    return Problem(
        name=name,
        description="a table from stdin" if path == STDIN else path,
        table=frames.read(read.drop_columns([target]), "train", name).take(known),
        target=values,
        target_name=str(target),
        labels=labels,
        why=why,
        without_target=read.num_rows - len(known),
    )


def _no_target(name: str, target: str | None, columns: Sequence[str]) -> Mistake:
    listed = f"Its columns: {some(columns, 30)}."
    if target is None:
        return Mistake(f"{name} needs --target COLUMN, what to predict. {listed}")
    hint = suggest(target, columns)
    nearest = f" {hint}" if hint.startswith("Did you mean") else ""
    return Mistake(f"{name} has no column {target!r}.{nearest} {listed}")
