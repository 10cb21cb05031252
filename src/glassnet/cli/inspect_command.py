"""`glassnet inspect`: what a model file holds, what its network looks like, and what in it looks wrong."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape

import glassnet as gn
from glassnet.cli.completions import PICTURES, TABLES, model_argument
from glassnet.cli.mistakes import Failure, Mistake
from glassnet.cli.outputs import check_file, write
from glassnet.cli.saved import InFile, Saved, chunks, inputs_of, opened, shown
from glassnet.inspect.diagnosis import answer_findings
from glassnet.inspect.statistics import StatisticsTable, layer_statistics
from glassnet.inspect.weights import WeightTable, weight_statistics
from glassnet.train.wording import count, some

ROWS = 2000  # of a table are looked at

HELP = """Look into a trained model.

MODEL is a file that `glassnet train` or save() wrote: what it predicts, what becomes of each column, its
layers, how it was trained, and the size of its weights, with what looks wrong. With a TABLE (CSV, TSV,
Parquet) the answers of every layer are measured as well: units that are always 0 (dead), units that copy
another, activations at the flat ends; and where the table has the target, the gradients.

\b
Examples:
  glassnet inspect glassnet-titanic/model.safetensors
  glassnet inspect model.safetensors test.csv
  glassnet inspect model.safetensors test.csv --output look.png
"""


@dataclass(frozen=True, eq=False)
class Look:
    """What was measured on a table: its rows, the statistics of each layer, and findings."""

    rows: int
    layers: StatisticsTable
    findings: tuple[str, ...]


@click.command(help=HELP, short_help="Look into a trained model.")
@model_argument
@click.argument("table", required=False, shell_complete=TABLES)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Draw a picture: learning curve, weights, activations (it needs glassnet[plot]).",
    shell_complete=PICTURES,
)
def inspect(model: Path, table: str | None, output: Path | None) -> None:
    """Load, measure, print, draw."""
    if output is not None:
        _check_picture(output)
    saved = opened(model)
    if table and not saved.networks:
        raise Mistake(f"{saved.path} holds a {saved.title}, which has no layers that could answer TABLE.")
    look = _look(saved, table) if table else None
    console = Console(highlight=False)
    for label, lines in _facts(saved):
        for number, line in enumerate(lines):
            console.print(f"[bold]{'' if number else label:10}[/bold]{escape(line)}", soft_wrap=True)
    if not saved.networks:
        return
    network = saved.networks[0]
    weights = weight_statistics(network)
    _print(console, network.summary_text())
    _print(console, str(weights))
    if look is not None:
        _print(
            console,
            f"answers of the layers for {count(look.rows, 'row')} of {shown(str(table))}\n{look.layers}",
        )
    _conclude(console, [*weights.findings, *(look.findings if look else ())])
    if output is not None:
        write(output, _picture(saved, weights, look))
        console.print(f"\nWrote {output}.", markup=False, soft_wrap=True)


def _check_picture(output: Path) -> None:
    if output.suffix.lower() != ".png":
        raise Mistake(f"--output {output}: a picture's name ends with .png.")
    check_file(output)


def _print(console: Console, text: str) -> None:
    head, _, rest = text.partition("\n")
    console.print(f"\n[bold]{escape(head)}[/bold]\n{escape(rest)}", soft_wrap=True)


def _conclude(console: Console, findings: list[str]) -> None:
    console.print()
    for finding in findings:
        console.print(f"- {finding}", style="yellow", markup=False, soft_wrap=True)
    if not findings:
        console.print("Nothing looks wrong.", style="green")


def _picture(saved: Saved, weights: WeightTable, look: Look | None) -> bytes:
    draw = importlib.import_module("glassnet.cli.inspect_picture").draw  # and all of training with it
    try:
        found: bytes = draw(saved, weights, None if look is None else look.layers)
    except ImportError as error:
        raise Failure('--output needs matplotlib: pip install "glassnet[plot]"') from error
    return found


# ------------------------------------------------------------------------------------------ facts
def _facts(saved: Saved) -> Iterator[tuple[str, list[str]]]:
    """Label and lines of everything that the file says."""
    size = decimal(saved.path.stat().st_size)
    yield "model", [f"{saved.path}: {saved.title}, {size}"]
    if saved.is_predictor:
        yield "predicts", [_target(saved)]
    if saved.encoder is not None:
        yield "columns", saved.encoder.describe().splitlines()
    elif saved.columns is not None:
        yield "columns", [f"{len(saved.columns)}: {some(saved.columns, limit=20)}"]
    else:
        yield "columns", [f"{saved.width}, without names"]
    if saved.networks:
        yield "training", list(_training(saved))


def _target(saved: Saved) -> str:
    name = getattr(saved.thing, "target_name_", "a column whose name it does not know")
    if not saved.is_classifier:
        return f"{name}: a number"
    classes = saved.thing.classes_
    if isinstance(classes, list):
        return f"{name}: {len(classes)} labels"
    return f"{name}: {len(classes)} classes: {some(classes.tolist(), limit=10)}"


def _training(saved: Saved) -> Iterator[str]:
    network = saved.networks[0]
    if len(saved.networks) > 1:
        yield f"{len(saved.networks)} networks, whose answers are averaged; the first one:"
    if network.loss_function is None:
        yield "saved before compile()"
        return
    steps = f"{count(network.epoch, 'epoch')}, {network.step:,} steps"
    yield f"{type(network.loss_function).__name__} with {network.optimizer}: {steps}"
    history = network.history.history if network.history is not None else {}
    for prefix, what in (("", "training"), ("val_", "validation")):
        names = [name for name in history if name.startswith("val_") == bool(prefix) and history[name]]
        if names:
            values = [f"{name.removeprefix(prefix)} {history[name][-1]:.4g}" for name in names]
            yield f"last epoch, {what}: {', '.join(values)}"
    if history.get("val_loss"):
        best = int(np.argmin(history["val_loss"]))
        yield f"lowest validation loss: {history['val_loss'][best]:.4g} in epoch {best + 1}"


# ------------------------------------------------------------------------------------------ a table
def _look(saved: Saved, table: str) -> Look:
    """Measure every layer on some rows of a table, and the gradients where the target is there."""
    name = str(getattr(saved.thing, "target_name_", ""))
    first, part = next(iter(chunks(saved, table, None, {name: saved.target_kind})))
    known = name in part.column_names and saved.is_predictor
    inputs = inputs_of(saved, part, [], table, first)
    with InFile(table, first):
        X = saved.encoded(inputs)
        y = part.column(name).to_pylist() if known else [0] * len(X)
        present = np.flatnonzero([value is not None for value in y])
        rows = present[np.linspace(0, len(present) - 1, min(ROWS, len(present))).astype(int)]
        network = saved.networks[0]
        data = X[rows].reshape(-1, *network.input_specs[0].shape)
        if not known:
            return Look(len(rows), layer_statistics(network, data), answer_findings(network, data))
        goal, values = saved.thing._goal, np.array([y[row] for row in rows])
        found = gn.diagnose(network, data, goal.targets(saved.thing._encode(values, name, "inspect")))
    return Look(len(rows), found.layers, found.findings)
