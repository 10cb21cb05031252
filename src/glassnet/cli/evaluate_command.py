"""`glassnet evaluate`: how well a trained model predicts the rows of a table whose answers are known."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

import glassnet as gn
from glassnet.cli import report, scores
from glassnet.cli.completions import columns, model_argument, table_argument
from glassnet.cli.mistakes import Mistake
from glassnet.cli.saved import HEADER, InFile, Saved, chunks, inputs_of, opened, shown
from glassnet.cli.scores import Scores
from glassnet.errors import suggest
from glassnet.train.wording import count, short, some

HELP = """Say how well a trained model predicts the rows of a table whose answers are known.

MODEL is a file that `glassnet train` or save() wrote. TABLE is delimited text (CSV, TSV, ...) or Parquet with
the column to predict; - is text from stdin. The scores stand beside those of a guess that ignores the inputs:
always the commonest class of these rows, or their mean.

Rows that the model was trained on flatter it: evaluate with others.

\b
Examples:
  glassnet evaluate glassnet-titanic/model.safetensors test.csv
  glassnet evaluate model.safetensors test.parquet --target price
  glassnet evaluate model.safetensors test.csv --json | jq .scores.glassnet.accuracy
"""


GUESS = "commonest class"


@dataclass(frozen=True, eq=False)
class Compared:
    """True values and what the model answers in their rows, counted from 0; how many rows have no value."""

    values: list[Any]
    rows: list[int]
    answers: np.ndarray
    without: int


@dataclass(frozen=True)
class Result:
    """What came out: rows compared, rows without an answer, and the scores."""

    rows: int
    without: int
    scores: dict[str, Scores]


@click.command(help=HELP, short_help="Score a trained model on a table.")
@model_argument
@table_argument
@click.option(
    "--target",
    metavar="COLUMN",
    help="The column to compare with.  [default: the one that the model was trained for]",
    shell_complete=columns,
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="The scores as JSON on stdout, all else on stderr.")
def evaluate(model: Path, table: str, target: str | None, quiet: bool, as_json: bool) -> None:
    """Read, predict, compare, print."""
    saved = opened(model)
    name = target or _known_target(saved)
    console = Console(stderr=as_json, quiet=quiet, highlight=False)
    with console.status(f"predicting {table}"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="sklearn")  # of scores that one row does not have
        result = _result(saved, table, name)
    if result.without:
        console.print(f"{count(result.without, 'row')} without {name!r} left out.\n", markup=False)
    title = f"{name} of {count(result.rows, 'row')}"
    report.show_scores(console, title, result.scores)
    if "accuracy" in result.scores[report.OURS]:
        report.show_margin(console, result.scores[report.OURS]["accuracy"], result.rows)
    if as_json:
        click.echo(_as_json(model, table, name, result), nl=False)


def _known_target(saved: Saved) -> str:
    found = getattr(saved.thing, "target_name_", None)
    if found is None:
        raise Mistake(f"{saved.path} does not say which column it predicts; name it: --target COLUMN.")
    return str(found)


def _result(saved: Saved, table: str, name: str) -> Result:
    if isinstance(saved.thing, gn.Model):
        return _of_model(saved, table, name)
    if not saved.is_predictor:
        raise Mistake(f"{saved.path} holds a {saved.title}, which predicts nothing that could be compared.")
    return _of_classifier(saved, table, name) if saved.is_classifier else _of_regressor(saved, table, name)


def _compared(
    saved: Saved, table: str, name: str, kind: str, answer: Callable[[Any], np.ndarray]
) -> Compared:
    """The true values of a table, and what the model answers."""
    values: list[Any] = []
    answers: list[np.ndarray] = []
    for first, part in chunks(saved, table, [name], {name: kind}):
        if name not in part.column_names:
            raise Mistake(f"{shown(table)} has no column {name!r}. {suggest(name, part.column_names)}")
        values += part.column(name).to_pylist()
        X = inputs_of(saved, part, [name], table, first)
        with InFile(table, first):
            answers.append(answer(saved.given(X)))
    rows = [row for row, value in enumerate(values) if value is not None]
    if not rows:
        raise Mistake(f"{shown(table)} has no row with a value in column {name!r}; nothing can be compared.")
    without = len(values) - len(rows)
    return Compared([values[row] for row in rows], rows, np.concatenate(answers)[rows], without)


# ------------------------------------------------------------------------------------------ estimators
def _of_classifier(saved: Saved, table: str, name: str) -> Result:
    labels = saved.thing.classes_
    if isinstance(labels, list) or saved.thing._labels.kind == "multilabel":
        raise Mistake(f"{saved.path} predicts several targets at once; evaluate compares one column.")
    knows = hasattr(saved.thing, "predict_proba")
    answer = saved.thing.predict_proba if knows else partial(_one_hot, saved)
    found = _compared(saved, table, name, saved.target_kind, answer)
    truth = _numbers(found, saved, table, name)
    shares = np.tile(np.bincount(truth, minlength=len(labels)) / len(truth), (len(truth), 1))
    rows = {report.OURS: found.answers, GUESS: shares}
    result = {who: scores.classification(truth, likely) for who, likely in rows.items()}
    if not knows:
        result = {who: {k: v for k, v in row.items() if k != "log_loss"} for who, row in result.items()}
    return Result(len(truth), found.without, result)


def _one_hot(saved: Saved, X: Any) -> np.ndarray:
    """Certainty about the predicted classes, where a loss knows no probabilities."""
    found: np.ndarray = (saved.thing.predict(X)[:, None] == saved.thing.classes_).astype(float)
    return found


def _numbers(found: Compared, saved: Saved, table: str, name: str) -> np.ndarray:
    """Labels as numbers of classes."""
    labels = saved.thing.classes_.tolist()
    places = {label: place for place, label in enumerate(labels)}
    for value, row in zip(found.values, found.rows, strict=True):
        if value not in places:
            where = f"{shown(table)}: row {row + HEADER} (the header is row 1), column {short(name)}"
            raise Mistake(f"{where}: {short(value)} is no class that the model knows: {some(labels)}.")
    return np.array([places[value] for value in found.values])


def _of_regressor(saved: Saved, table: str, name: str) -> Result:
    if saved.thing._targets > 1:
        raise Mistake(f"{saved.path} predicts several targets at once; evaluate compares one column.")
    found = _compared(saved, table, name, "number", saved.thing.predict)
    truth = np.array(found.values, float)
    guesses = {report.OURS: found.answers, "mean": np.full(len(truth), truth.mean())}
    result = {who: scores.regression(truth, guess) for who, guess in guesses.items()}
    return Result(len(truth), found.without, result)


# ------------------------------------------------------------------------------------------ models
def _of_model(saved: Saved, table: str, name: str) -> Result:
    """The loss and the metrics that a model was compiled with."""
    model = saved.thing
    if model.loss_function is None:
        raise Mistake(f"{saved.path} was saved before compile(): it has no loss to evaluate.")
    found = _compared(saved, table, name, "number", lambda X: X)
    with InFile(table, HEADER):
        X = found.answers.reshape(-1, *model.input_specs[0].shape)
        result = model.evaluate(X, np.array(found.values))
    return Result(len(found.values), found.without, {report.OURS: result})


def _as_json(model: Path, table: str, name: str, result: Result) -> str:
    """The result as JSON that any parser reads: what cannot be said is null."""
    finite = {
        who: {key: value if math.isfinite(value) else None for key, value in row.items()}
        for who, row in result.scores.items()
    }
    content = {
        "glassnet": gn.__version__,
        "model": str(model),
        "table": table,
        "target": name,
        "rows": result.rows,
        "rows_without_target": result.without,
        "scores": finite,
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
