"""What a run says at its start and its end, for people and as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape

import glassnet as gn
from glassnet.cli.networks import Recipe
from glassnet.cli.problems import Problem
from glassnet.cli.scores import Scores
from glassnet.cli.splits import rare_classes
from glassnet.cli.training import Run, Task
from glassnet.estimators import FrameEncoder
from glassnet.estimators.treatments import LeftOut
from glassnet.train.wording import count, some

OURS = "glassnet"
MOST_COLUMNS = 20  # that are listed one by one
MOST_CLASSES = 6  # that are listed with their rows
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
    for label, lines in (
        ("data", _data(task.problem)),
        ("target", _target(task.problem)),
        ("columns", _columns(task)),
        ("split", _split(task)),
        ("network", [_network(task)]),
        ("training", _training(task.recipe)),
    ):
        for i, line in enumerate(lines):
            _fact(console, "" if i else label, line)
    console.print()


def _fact(console: Console, label: str, text: str) -> None:
    console.print(f"[bold]{label:10}[/bold]{escape(text)}", soft_wrap=True)


def _data(problem: Problem) -> list[str]:
    size = f"{problem.rows:,} rows, {count(problem.columns, 'column')} to predict from"
    without = problem.without_target
    return [problem.description, size + (f"; {without:,} more without a target left out" if without else "")]


def _target(problem: Problem) -> list[str]:
    """What is predicted, and why it counts as classes or numbers."""
    other = "--task regression" if problem.classes else "--task classification"
    why = f" ({problem.why}; otherwise: {other})" if problem.why else ""
    first = f"{problem.target_name}: {problem.task}{why}"
    return [first, _classes(problem) if problem.classes else _range(problem)]


def _classes(problem: Problem) -> str:
    """The classes and how many rows each has, the commonest first."""
    rows = np.bincount(problem.target, minlength=problem.classes)
    order = np.argsort(-rows, kind="stable")
    listed = [f"{problem.class_names[i]} {rows[i] / problem.rows:.0%}" for i in order[:MOST_CLASSES]]
    more = problem.classes - MOST_CLASSES
    return f"{problem.classes} classes: {', '.join(listed)}" + (f" and {more} more" if more > 0 else "")


def _range(problem: Problem) -> str:
    low, middle, high = (f"{value:,.6g}" for value in np.quantile(problem.target, (0, 0.5, 1)))
    return f"from {low} to {high}, median {middle}"


def _columns(task: Task) -> list[str]:
    """What becomes of each column; of many, how many there are of each kind, and which are left out."""
    encoder = task.encoder
    if task.problem.columns <= MOST_COLUMNS and task.problem.why:
        return encoder.describe().splitlines()
    left = [
        (str(name), treatment.reason())
        for name, treatment in zip(encoder.feature_names_in_, encoder.treatments_, strict=True)
        if isinstance(treatment, LeftOut)
    ]
    kinds = Counter(t.kind for t in encoder.treatments_ if not isinstance(t, LeftOut))
    lines = [", ".join(f"{number:,} × {kind}" for kind, number in kinds.items())]
    return lines + [
        f"left out: {some([name for name, why in left if why == reason], limit=8)} ({reason})"
        for reason in dict.fromkeys(why for _, why in left)
    ]


def _split(task: Task) -> list[str]:
    rows, problem = task.rows, task.problem
    stratified = ", stratified" if problem.classes else ""
    lines = [
        f"{len(rows.train):,} rows to learn from, {len(rows.validation):,} to stop by,",
        f"{len(rows.held_out):,} held out for the scores below (seed {task.recipe.seed}{stratified})",
    ]
    rare = [problem.class_names[number] for number in rare_classes(problem)]
    return lines + ([f"too rare to hold out, learned from only: {some(rare, limit=5)}"] if rare else [])


def _network(task: Task) -> str:
    recipe, problem = task.recipe, task.problem
    features = len(task.encoder.get_feature_names_out())
    sizes = " → ".join(str(size) for size in (features, *recipe.hidden, problem.outputs))
    extras = [f"L2 {recipe.l2:g}"] if recipe.l2 else []
    if recipe.hidden:
        dropped = recipe.dropout and (problem.classes or len(recipe.hidden) > 1)
        drop = [f"dropout {recipe.dropout:g}"] if dropped else []
        extras = [recipe.activation, *(["batch norm"] if recipe.batch_norm else []), *drop, *extras]
    return ", ".join([sizes, *extras])


def _training(recipe: Recipe) -> list[str]:
    falling = ", falling to 0 as a cosine" if recipe.schedule == "cosine" else ""
    patience = f", {recipe.patience} of them without improvement" if recipe.patience < recipe.epochs else ""
    return [
        f"{recipe.optimizer} at {recipe.learning_rate:g}{falling}, batches of {recipe.batch_size},",
        f"at most {count(recipe.epochs, 'epoch')}{patience}; the best is kept",
    ]


def conclude(console: Console, run: Run, scores: dict[str, Scores]) -> None:
    """Say how training ended, and how good the network is beside what it must beat."""
    measure = run.measure.replace("_", " ")
    lowest = min(run.history[f"val_{run.measure}"])
    parameters = f"{run.model.count_params():,} parameters"
    console.print(
        f"Trained {parameters} for {run.epochs} epochs in {run.seconds:.1f} s; kept epoch {run.best_epoch},\n"
        f"where the {measure} of the validation rows was lowest: {lowest:.4f}."
    )
    console.print(f"Backend {run.params['backend']}: {run.params['why']}.\n", style="dim", soft_wrap=True)
    show_scores(console, f"on {len(run.truth):,} held-out rows", scores)
    if run.problem.classes:
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
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 10 else f"{value:.1f}"  # never -0.000


def list_files(console: Console, folder: Path, files: dict[str, str]) -> None:
    """Say what was written, and what each file is."""
    console.print(f"Written to [bold]{escape(str(folder))}[/bold]:", soft_wrap=True)
    width = max(map(len, files))
    for name, purpose in files.items():
        console.print(f"  {name:{width}}  [dim]{purpose}[/dim]", soft_wrap=True)


def as_json(run: Run, scores: dict[str, Scores], important: Mapping[str, float], files: Iterable[str]) -> str:
    """The whole report as JSON that any parser reads (no NaN)."""
    problem = run.problem
    content: dict[str, Any] = {
        "glassnet": gn.__version__,
        "data": {"name": problem.name, "columns": problem.columns, "without_target": problem.without_target},
        "task": problem.task,
        "target": problem.target_name,
        "classes": problem.class_names,
        "columns": dict(zip(run.encoder.feature_names_in_, _treatments(run.encoder), strict=True)),
        "rows": {part: len(numbers) for part, numbers in vars(run.rows).items()},
        "recipe": asdict(run.recipe),
        "parameters": run.model.count_params(),
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "backend": {"name": run.params["backend"], "why": run.params["why"]},
        "seconds": round(run.seconds, 3),
        "held_out": scores,
        "lost_without": important,
        "history": run.history,
        "files": list(files),
    }
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _treatments(encoder: FrameEncoder) -> list[dict[str, str]]:
    return [{"kind": treatment.kind, "becomes": treatment.words()} for treatment in encoder.treatments_]
