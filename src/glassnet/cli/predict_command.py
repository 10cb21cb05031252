"""`glassnet predict`: what a trained model says of the rows of a table, streamed in little memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from glassnet.cli import written_tables
from glassnet.cli.completions import TABLES, columns, model_argument, table_argument
from glassnet.cli.mistakes import Mistake
from glassnet.cli.outputs import check_file
from glassnet.cli.saved import InFile, Saved, chunks, inputs_of, opened
from glassnet.errors import suggest

HELP = """Predict the rows of a table with a trained model.

MODEL is a file that `glassnet train` or save() wrote. TABLE is delimited text (CSV, TSV, ...) or Parquet;
- is text from stdin. Columns are found by their names, in any order; others are ignored. A category that the
model has never seen counts as none of those that it knows.

The answer is a table with the column "prediction", one row for each row of TABLE: to stdout as CSV, or to the
file of --output, whose suffix names the format (.csv, .tsv, .parquet). Rows are read, predicted and written
in parts: a file may be larger than the memory.

\b
Examples:
  glassnet predict glassnet-titanic/model.safetensors new.csv
  glassnet predict model.safetensors new.csv --keep PassengerId --probabilities
  glassnet predict model.safetensors big.parquet --keep all --output predicted.parquet
  zcat huge.csv.gz | glassnet predict model.safetensors - > predicted.csv
"""


@click.command(help=HELP, short_help="Predict the rows of a table.")
@model_argument
@table_argument
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the table goes: .csv, .tsv or .parquet.  [default: stdout, as CSV]",
    shell_complete=TABLES,
)
@click.option("--probabilities", is_flag=True, help="Add the probability of each class.")
@click.option(
    "--keep",
    metavar="COLUMNS",
    help="Columns of TABLE to carry along, with commas between them, or all.",
    shell_complete=columns,
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
def predict(
    model: Path, table: str, output: Path | None, probabilities: bool, keep: str | None, quiet: bool
) -> None:
    """Read, predict, write, part by part."""
    if output is not None:
        check_file(output)
    saved = opened(model)
    if probabilities:
        _check_probabilities(saved)
    among_the_rows = output is None and sys.stdout.isatty()  # where a moving line would be in the way
    console = Console(stderr=True, quiet=quiet or among_the_rows, highlight=False)
    rows = 0
    with written_tables.writer(output) as writer, console.status(f"predicting {table}") as status:
        for first, part in chunks(saved, table, _kept(keep)):
            X = inputs_of(saved, part, _others(keep), table, first)
            with InFile(table, first):
                answers = saved.answers(X, probabilities)
            writer.write(_carried(part, keep, table, answers) | answers)
            rows += part.num_rows
            status.update(f"predicting {table}: {rows:,} rows")
    sys.stdout.flush()
    if output is not None:
        console.print(f"Wrote {output}: {rows:,} rows.", markup=False, soft_wrap=True)


def _check_probabilities(saved: Saved) -> None:
    if not saved.is_classifier:
        raise Mistake(f"--probabilities: {saved.path} holds a {saved.title}, which predicts no classes.")
    if not hasattr(saved.thing, "predict_proba"):
        raise Mistake(
            f"--probabilities: the loss of {saved.path}, {saved.thing.loss!r}, knows none; leave it out."
        )


def _kept(keep: str | None) -> list[str] | None:
    """The columns to read beside those of the model; None for all."""
    return None if keep == "all" else _others(keep)


def _others(keep: str | None) -> list[str]:
    """The names that `--keep` lists."""
    return [] if keep in (None, "all") else [name.strip() for name in str(keep).split(",")]


def _carried(part: Any, keep: str | None, path: str, answers: dict[str, Any]) -> dict[str, Any]:
    """The columns that are carried along."""
    names = part.column_names if keep == "all" else _others(keep)
    for name in names:
        if name not in part.column_names:
            raise Mistake(f"--keep: {path} has no column {name!r}. {suggest(name, part.column_names)}")
        if name in answers:
            raise Mistake(
                f"--keep: {path} has a column {name!r}, as the result has; rename it, or keep others."
            )
    return {name: part.column(name) for name in names}
