"""What a run says at its start and its end, for people and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

import glassnet as gn
from glassnet.cli.networks import Recipe
from glassnet.cli.scores import Scores
from glassnet.cli.training import Run, Task
from glassnet.datasets import Dataset

OURS, PEER = "glassnet", "scikit-learn MLP"
HEADINGS = {
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "macro_f1": "macro F1",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
}


def introduce(console: Console, task: Task) -> None:
    """Say what the data are, how they are split, and what network learns them."""
    data, rows, recipe = task.dataset, task.rows, task.recipe
    answers = f"{data.classes} classes" if data.classes else f"to predict: {data.target_names[0]}"
    stratified = ", stratified" if data.classes else ""
    _fact(console, "data", f"{data.name}: {data.description}")
    _fact(console, "", f"{data.rows:,} rows, {data.features} columns, {answers}")
    _fact(console, "split", f"{len(rows.train):,} rows to learn from, {len(rows.validation):,} to stop by,")
    _fact(
        console, "", f"{len(rows.held_out):,} held out for the scores below (seed {recipe.seed}{stratified})"
    )
    _fact(console, "network", _network(data, recipe))
    _fact(console, "", f"{task.model.count_params():,} parameters; inputs standardized, outliers softened")
    _fact(
        console,
        "training",
        f"{recipe.optimizer} at {recipe.learning_rate:g}, batches of {recipe.batch_size},",
    )
    _fact(console, "", f"at most {recipe.epochs} epochs, {recipe.patience} of them without improvement")
    console.print()


def _fact(console: Console, label: str, text: str) -> None:
    console.print(f"[bold]{label:10}[/bold]{text}", soft_wrap=True)


def _network(data: Dataset, recipe: Recipe) -> str:
    sizes = " → ".join(str(size) for size in (data.features, *recipe.hidden, data.outputs))
    extras = [f"L2 {recipe.l2:g}"] if recipe.l2 else []
    if recipe.hidden:
        dropped = recipe.dropout and (data.classes or len(recipe.hidden) > 1)
        drop = [f"dropout {recipe.dropout:g}"] if dropped else []
        extras = [recipe.activation, *(["batch norm"] if recipe.batch_norm else []), *drop, *extras]
    return ", ".join([sizes, *extras])


def conclude(console: Console, run: Run, scores: dict[str, Scores]) -> None:
    """Say how training ended, and how good the network is beside what it must beat."""
    measure = run.measure.replace("_", " ")
    lowest = min(run.history[f"val_{run.measure}"])
    console.print(
        f"Trained {run.epochs} epochs in {run.seconds:.1f} s and kept epoch {run.best_epoch},\n"
        f"where the {measure} of the validation rows was lowest: {lowest:.4f}."
    )
    console.print(f"Backend {run.params['backend']}: {run.params['why']}.\n", style="dim", soft_wrap=True)
    show_scores(console, f"on {len(run.truth)} held-out rows", scores)
    if run.dataset.classes:
        show_margin(console, scores[OURS]["accuracy"], len(run.truth))


def show_scores(console: Console, title: str, scores: dict[str, Scores]) -> None:
    """Print a table of scores, ours first."""
    heads = [HEADINGS.get(name, name.replace("_", " ")) for name in scores[OURS]]
    widths = [max(11, len(text) + 2) for text in heads]
    width = max(map(len, (title, *scores)))
    head = f"{title:{width}}" + "".join(f"{text:>{w}}" for text, w in zip(heads, widths, strict=True))
    console.print(head, style="bold", soft_wrap=True)
    console.print("─" * len(head), style="dim", soft_wrap=True)
    for who, row in scores.items():
        found = zip(row.items(), widths, strict=True)
        cells = "".join(f"{_cell(name, value):>{w}}" for (name, value), w in found)
        console.print(f"{who:{width}}{cells}", style="bold green" if who == OURS else None, soft_wrap=True)
    console.print()


def show_margin(console: Console, accuracy: float, rows: int) -> None:
    """Say how well so many rows tell an accuracy."""
    points = 100 * margin(accuracy, rows)
    line = f"On {rows:,} rows an accuracy is known to about ±{points:.1f} points (95 %)."
    console.print(f"{line}\n", style="dim")


def margin(share: float, rows: int) -> float:
    """Half the 95 % interval of a share of rows, after Agresti and Coull: above 0 even at 100 %."""
    share = (share * rows + 2) / (rows + 4)
    return 1.96 * math.sqrt(share * (1 - share) / (rows + 4))


def _cell(name: str, value: float) -> str:
    if name == "accuracy":
        return f"{100 * value:.1f} %"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def list_files(console: Console, folder: Path, files: dict[str, str]) -> None:
    """Say what was written, and what each file is."""
    console.print(f"Written to [bold]{escape(str(folder))}[/bold]:", soft_wrap=True)
    width = max(map(len, files))
    for name, purpose in files.items():
        console.print(f"  {name:{width}}  [dim]{purpose}[/dim]", soft_wrap=True)


def as_json(run: Run, scores: dict[str, Scores], files: Iterable[str]) -> str:
    """The whole report as JSON that any parser reads (no NaN)."""
    content: dict[str, Any] = {
        "glassnet": gn.__version__,
        "data": {"name": run.dataset.name, "task": run.dataset.task, "columns": run.dataset.features},
        "rows": {part: len(numbers) for part, numbers in vars(run.rows).items()},
        "recipe": asdict(run.recipe),
        "parameters": run.model.count_params(),
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "backend": {"name": run.params["backend"], "why": run.params["why"]},
        "seconds": round(run.seconds, 3),
        "held_out": scores,
        "history": run.history,
        "files": list(files),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
