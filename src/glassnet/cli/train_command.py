"""`glassnet train`: from the name of a data set to a trained network, a report and its files."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.markup import escape

import glassnet as gn
from glassnet import datasets
from glassnet.cli import pictures, report, scores
from glassnet.cli.completions import TABLES, columns, either, words
from glassnet.cli.elsewhere import started
from glassnet.cli.importance import importance
from glassnet.cli.networks import MANY, OPTIMIZERS, RATES, recipe_for
from glassnet.cli.options import finite, known, sizes_or_none, together, understood_by
from glassnet.cli.outputs import output_folder, write
from glassnet.cli.problems import Problem, find
from glassnet.cli.scores import NETWORK, TREES, Scores
from glassnet.cli.targets import TASKS
from glassnet.cli.training import Run, fit, prepare
from glassnet.nn.activations import ACTIVATIONS
from glassnet.train.wording import count

HELP = f"""Train a network on a table and report how well it does on rows it never saw.

TABLE is delimited text (CSV, TSV, ...) or Parquet, or - for text from stdin; --target names the column to
predict. Columns may hold numbers, text, dates, true and false, with values missing: nothing needs to be
prepared. Or it is one of {", ".join(datasets.names())}, for which nothing is downloaded.

60 % of the rows are learned from, 20 % decide when to stop, and 20 % are held out for the report, which
stands beside a guess that ignores the inputs and beside scikit-learn's own network and boosted trees on the
same rows.

\b
Examples:
  glassnet train titanic.csv --target Survived
  glassnet train houses.parquet --target price --output runs/houses
  glassnet train digits
  glassnet train spiral --hidden 100 --no-batch-norm
  glassnet train wine --activation tanh --dropout 0.5 --seed 7
  glassnet train iris --hidden none              a linear classifier
  glassnet train diabetes --json --quiet | jq .held_out

\b
Files written (to glassnet-NAME/ unless --output says otherwise):
  model.safetensors  the trained model, for glassnet predict, evaluate and export, and for glassnet.load
  train_step.py      the NumPy program of one training step
  predict.py         the NumPy program of a prediction
  run.png            learning curves, and a look at what was learned
  report.json        all the figures
  train_compiled.py  the compiled program that trained, if one did
"""

BACKENDS = ("auto", "numpy", "numba")
COMPILED = "train_compiled.py"
RATES_IN_WORDS = ", ".join(f"{rate:g} for {name}" for name, rate in RATES.items())

settings = together(
    click.option(
        "--hidden",
        type=sizes_or_none,
        metavar="SIZES",
        help="Hidden units, such as 64,64, or none.  "
        "[default: 64,32; 128,64 from 400 rows up, 256,128 from 1000, 128,64 from 5000]",
    ),
    click.option(
        "--activation",
        type=understood_by(gn.activations.get),
        metavar="NAME",
        help="Of the hidden units.  [default: relu]",
        shell_complete=words(ACTIVATIONS),
    ),
    click.option("--batch-norm/--no-batch-norm", default=None, help="In hidden layers.  [default: yes]"),
    click.option(
        "--dropout",
        type=click.FloatRange(0, 1, max_open=True),
        callback=finite,
        metavar="SHARE",
        help="Of hidden units, but never right before a number to predict.  "
        "[default: 0.3; 0.5 from 400 to 1000 rows and where a number is predicted; none from 5000]",
    ),
    click.option(
        "--l2",
        type=click.FloatRange(min=0),
        callback=finite,
        metavar="NUMBER",
        help="The λ of the penalty λΣw².  [default: 0.001; 0.0001 from 5000 rows up]",
    ),
    click.option(
        "--optimizer",
        type=known("optimizer", OPTIMIZERS),
        metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)}.  [default: adam]",
        shell_complete=words(OPTIMIZERS),
    ),
    click.option(
        "--learning-rate",
        type=click.FloatRange(min=0, min_open=True),
        callback=finite,
        metavar="NUMBER",
        help=f"At the start; it falls to 0 as a cosine.  [default: {RATES_IN_WORDS}; 0.01 from 5000 rows up]",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        metavar="ROWS",
        help="Rows per step.  [default: 32; 256 from 5000 rows up]",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        metavar="NUMBER",
        help="At most; training stops when it no longer helps.  "
        "[default: 150; 80 from 400 rows up, 60 from 1000, 40 from 5000]",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        metavar="NUMBER",
        help="Of the split, the network and the order of rows.  [default: 0]",
    ),
    click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        help="NumPy, or compiled loops (they need glassnet[fast]).  [default: auto, whichever pays]",
    ),
)


@click.command(help=HELP)
@click.argument("table", metavar="TABLE", shell_complete=either(words(datasets.names), TABLES))
@click.option("--target", metavar="COLUMN", help="The column of a file to predict.", shell_complete=columns)
@click.option(
    "--task",
    type=click.Choice(TASKS),
    help="What the target is.  [default: told by its values]",
)
@settings
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files go.  [default: glassnet-NAME]",
)
@click.option(
    "--compare/--no-compare", default=True, help="Train scikit-learn's models as well.  [default: yes]"
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="report.json on stdout, all else on stderr.")
def train(
    table: str,
    target: str | None,
    task: str | None,
    output: Path | None,
    compare: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train, report, write."""
    console = Console(stderr=as_json, quiet=quiet, highlight=False)
    bar = sys.stderr.isatty() and not quiet
    with console.status(f"reading {escape(table)}"):
        problem = find(table, target, task)
    warn_of_rows(problem)
    recipe = recipe_for(problem, **given)
    with output_folder(output or Path(f"glassnet-{Path(problem.name).stem}")) as folder:
        prepared = prepare(problem, recipe)
        report.introduce(console, prepared)
        wanted = compare and problem.rows >= MANY
        with started(wanted, scores.network, problem, prepared.rows, recipe.seed) as network:
            run = fit(prepared, bar)
            if bar:
                console.print()
            with console.status("training scikit-learn's models on the same rows"):
                ours = scores.score(problem, run.truth, run.prediction)
                look = look_at(run, ours)  # while the other process computes
                found = {report.OURS: ours, **others(run, network if compare else None)}
        report.conclude(console, run, found)
        text = write_all(folder, run, found, look, console)
    if as_json:
        click.echo(text, nl=False)


def warn_of_rows(problem: Problem) -> None:
    """Say on stderr what cannot be learned from, in quiet runs too."""
    if problem.without_target:
        left = count(problem.without_target, "row")
        warnings.warn(f"{left} without {problem.target_name!r} left out.", stacklevel=2)


class Look(NamedTuple):
    """What a trained network goes by, and a picture of the run (none without matplotlib)."""

    important: dict[str, float]
    picture: bytes | None


def look_at(run: Run, ours: Scores) -> Look:
    """Look at the run."""
    important = importance(run) if run.problem.why else {}  # a picture of a data set shows something else
    best = f"{100 * ours['accuracy']:.1f} % right" if run.problem.classes else f"R² {ours['r2']:.3f}"
    title = f"{run.problem.name}: {best} on {len(run.truth):,} held-out rows"
    try:
        return Look(important, pictures.draw(run, title, important))
    except ImportError:
        return Look(important, None)


def others(run: Run, network: Callable[[], Scores] | None) -> dict[str, Scores]:
    """The held-out scores that the network's must be compared with.

    ``network`` answers those of scikit-learn's; without it, nothing is compared with scikit-learn.
    """
    problem, rows, seed = run.problem, run.rows, run.recipe.seed
    guess = {"commonest class" if problem.classes else "mean": scores.baseline(problem, rows)}
    if not network:
        return guess
    trees = scores.trees(problem, rows, seed)  # first, while the other may be computed elsewhere
    return guess | {NETWORK: network(), TREES: trees}


def write_all(folder: Path, run: Run, found: dict[str, Scores], look: Look, console: Console) -> str:
    """Write every file of the run, say so, and return the text of the report."""
    files = {
        "model.safetensors": "the trained model: predict, evaluate, export, glassnet.load",
        "train_step.py": "the NumPy program of one training step",
        "predict.py": "the NumPy program of a prediction",
        "run.png": "learning curves, and a look at what was learned",
        "report.json": "all the figures",
    }
    write(folder / "train_step.py", run.model.source("train", "numpy"))
    write(folder / "predict.py", run.model.source("predict", "numpy"))
    if write_compiled(folder / COMPILED, run):
        files[COMPILED] = "the compiled program that trained"
    run.estimator.save(folder / "model.safetensors")
    if look.picture is not None:
        write(folder / "run.png", look.picture)
    else:
        del files["run.png"]
        console.print('No run.png: matplotlib is not installed (pip install "glassnet[plot]").', markup=False)
    text = report.as_json(run, found, look.important, files)
    write(folder / "report.json", text)
    report.list_files(console, folder, files)
    return text


def write_compiled(path: Path, run: Run) -> bool:
    """Write the compiled program, if one trained; if not, leave none of an earlier run."""
    if run.params["backend"] != "numba":
        path.unlink(missing_ok=True)
        return False
    write(path, run.model.source("train", "numba"))
    return True
