"""A model file as the commands use it: what it holds, which columns it reads, what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.cli.mistakes import Mistake
from glassnet.datasets import cells, tables
from glassnet.errors import GlassnetError, InputError, InputTypeError, ModelFileError, ShapeError
from glassnet.train.wording import count

ROWS = 16_384  # read, predicted and written at a time
PREDICTION, PROBABILITY, OUTPUT = "prediction", "probability", "output"
HEADER = 2  # the number of the first row below it


@dataclass(frozen=True, eq=False)
class Saved:
    """A model, or an estimator, and the file that it comes from.

    Attributes
    ----------
    path : Path
    thing : Model or estimator
    """

    path: Path
    thing: Any

    @property
    def title(self) -> str:
        """The class of the model or estimator."""
        return type(self.thing).__name__

    @property
    def is_classifier(self) -> bool:
        """Whether it answers labels."""
        return hasattr(self.thing, "classes_")

    @property
    def is_predictor(self) -> bool:
        """Whether it is an estimator that predicts something known: labels, or numbers."""
        return not isinstance(self.thing, gn.Model) and hasattr(self.thing, "predict")

    @property
    def encoder(self) -> Any:
        """What turns the columns of a table into numbers; None where they are numbers."""
        if self.title == "FrameEncoder":
            return self.thing
        return getattr(self._inside, "encoder_", None)

    @property
    def _inside(self) -> Any:
        """The estimator with the network: for HiddenFeatures, what it looks into."""
        found = getattr(self.thing, "estimator_", self.thing)
        return found.estimator if type(found).__name__ == "FrozenEstimator" else found

    @property
    def networks(self) -> list[gn.Model]:
        """The networks: one, those of an ensemble, or none."""
        if isinstance(self.thing, gn.Model):
            return [self.thing]
        found = [self._inside, *getattr(self._inside, "estimators_", ())]
        return [one.model_ for one in found if hasattr(one, "model_")]

    def network(self, what: str) -> gn.Model:
        """The network that a command prints or looks into, the first of an ensemble."""
        if not self.networks:
            raise Mistake(f"{self.path}: a {self.title} has no network to {what}.")
        return self.networks[0]

    # ------------------------------------------------------------------------------------ columns
    @property
    def columns(self) -> list[str] | None:
        """The names of the columns that it uses; None where it knows none."""
        names = getattr(self.thing, "feature_names_in_", None)
        if names is None or self.encoder is None:
            return None if names is None else [str(name) for name in names]
        return [str(names[i]) for i in self.encoder.used()]

    @property
    def width(self) -> int:
        """How many columns it reads."""
        found = getattr(self.thing, "n_features_in_", None)
        return int(np.prod(self.thing.input_specs[0].shape)) if found is None else int(found)

    @property
    def kinds(self) -> dict[str, Any]:
        """What its columns hold, by name: the reader is told, so that no part is read otherwise."""
        if self.columns is None:
            return {}
        return (
            dict.fromkeys(self.columns, "number") if self.encoder is None else tables.kinds_of(self.encoder)
        )

    @property
    def target_kind(self) -> Any:
        """What the column holds that it predicts."""
        labels = getattr(self.thing, "classes_", None)
        if not isinstance(labels, np.ndarray):
            return "number"
        return {"b": "boolean", "i": "number", "u": "number", "f": "number"}.get(labels.dtype.kind, "text")

    # ------------------------------------------------------------------------------------ answers
    def encoded(self, table: Any) -> np.ndarray:
        """A part of a table as the network takes it: numbers (n, features)."""
        if self.encoder is not None:
            found: np.ndarray = self.encoder.transform(table)
            return found
        return numbers_of(table)

    def given(self, table: Any) -> Any:
        """A part of a table as ``predict`` takes it."""
        if self.encoder is not None:
            return table
        return table if self.columns else numbers_of(table)

    def answers(self, table: Any, probabilities: bool = False) -> dict[str, np.ndarray]:
        """What it says of a part of a table, by the names of columns of the result."""
        X = self.given(table)
        if self.is_predictor:
            found = _named(PREDICTION, self.thing.predict(X))
            return found | (self.probabilities(X) if probabilities else {})
        if isinstance(self.thing, gn.Model):
            return _named(OUTPUT, self.thing.predict(X.reshape(-1, *self.thing.input_specs[0].shape)))
        features = np.asarray(self.thing.transform(X))
        return dict(zip(self.thing.get_feature_names_out().tolist(), features.T, strict=True))

    def probabilities(self, X: Any) -> dict[str, np.ndarray]:
        """The probability of every class, by name of the column."""
        found, classes = self.thing.predict_proba(X), self.thing.classes_
        if not isinstance(found, list):
            return {f"{PROBABILITY}_{label}": part for label, part in zip(classes, found.T, strict=True)}
        return {
            f"{PROBABILITY}_{number}_{label}": part
            for number, (parts, labels) in enumerate(zip(found, classes, strict=True), 1)
            for label, part in zip(labels, parts.T, strict=True)
        }


def _named(name: str, found: np.ndarray) -> dict[str, np.ndarray]:
    """One column, or several that are numbered."""
    parts = np.asarray(found).reshape(len(found), -1).T
    return {name: parts[0]} if len(parts) == 1 else {f"{name}_{i}": part for i, part in enumerate(parts, 1)}


def numbers_of(table: Any) -> np.ndarray:
    """The columns of a table as they are: float64 (n, columns), NaN where a value is missing."""
    return np.stack([np.asarray(column.to_numpy(), np.float64) for column in table.columns], axis=1)


# ------------------------------------------------------------------------------------------ opening
def opened(path: Path) -> Saved:
    """What a model file holds, or one line that says why nothing can be made of it."""
    try:
        return Saved(path, gn.load(path))
    except ModelFileError as error:
        raise Mistake(f"{error} Expected a model file, as glassnet train and save() write it.") from error


# ------------------------------------------------------------------------------------------ reading
def chunks(
    saved: Saved, path: str, keep: list[str] | None = None, target: dict[str, str] | None = None
) -> Iterator[tuple[int, Any]]:
    """A table in parts: the number of its first row in the file, and the columns that are read.

    Parameters
    ----------
    saved : Saved
    path : str
        The table; ``"-"`` is stdin.
    keep : list of str, optional
        Columns to read beside those of the model; None for all.
    target : dict of str to str, optional
        What a column to compare with holds.
    """
    wanted = None
    if keep is not None and saved.columns is not None:
        wanted = list(dict.fromkeys([*saved.columns, *keep]))
    first = HEADER
    kinds: Any = {**saved.kinds, **(target or {})}
    for part in tables.read_chunks(path, wanted, kinds, ROWS):
        yield first, part
        first += part.num_rows


def inputs_of(saved: Saved, part: Any, others: list[str], path: str, first: int) -> Any:
    """The columns of a part of a table that the model reads: the ones that it names, else all but some."""
    if saved.columns is not None:
        return part.select(tables.chosen_columns(part.column_names, saved.columns, shown(path)))
    names = [name for name in part.column_names if name not in others]
    if len(names) != saved.width:
        raise Mistake(
            f"{shown(path)} has {count(len(names), 'column')} beside; {saved.path}, which knows no names, "
            f"takes {saved.width}."
        )
    return cells.as_kinds(part.select(names), dict.fromkeys(names, "number"), first, shown(path))


def shown(path: str) -> str:
    """What a table is called in messages."""
    return "stdin" if path == "-" else path


@dataclass(frozen=True)
class InFile:
    """Errors about rows of a part of a table speak of the rows of the file, its header being row 1."""

    path: str
    first: int

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, InputError | InputTypeError | ShapeError):
            raise Mistake(self.said(error)) from error

    def said(self, error: GlassnetError) -> str:
        """The error's text, with the file's name and its rows."""
        text = re.sub(r"\bat row (\d+)", lambda row: f"at row {int(row[1]) + self.first}", str(error))
        return f"{shown(self.path)}: {text}"
