"""`glassnet train`: from the name of a data set to a trained network, a report and its files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from safetensors.numpy import save

import glassnet as gn
from glassnet import datasets
from glassnet.cli import pictures, report
from glassnet.cli.mistakes import Mistake
from glassnet.cli.networks import OPTIMIZERS, RATES, recipe_for
from glassnet.cli.options import finite, known, sizes_or_none, together, understood_by
from glassnet.cli.outputs import output_folder, write
from glassnet.cli.scores import Scores, baseline, peer, score
from glassnet.cli.training import Run, fit, prepare
from glassnet.errors import UnknownNameError

HELP = f"""Train a network on a data set and report how well it does on rows it never saw.

NAME is one of {", ".join(datasets.names())}. Nothing is downloaded.

60 % of the rows are learned from, 20 % decide when to stop, and 20 % are held out for the report, which
stands beside a guess that ignores the inputs and beside scikit-learn's own network on the same rows.

\b
Examples:
  glassnet train digits
  glassnet train spiral --hidden 100 --no-batch-norm
  glassnet train wine --activation tanh --dropout 0.5 --seed 7
  glassnet train iris --hidden none              a linear classifier
  glassnet train digits --output runs/first --epochs 10
  glassnet train diabetes --json --quiet | jq .held_out

\b
Files written (to glassnet-NAME/ unless --output says otherwise):
  train_step.py           the NumPy program of one training step
  predict.py              the NumPy program of a prediction
  parameters.safetensors  every array of the trained network, by name
  run.png                 learning curves, and a look at what was learned
  report.json             all the figures
  train_compiled.py       the compiled program that trained, if one did
"""

BACKENDS = ("auto", "numpy", "numba")
COMPILED = "train_compiled.py"

settings = together(
    click.option(
        "--hidden",
        type=sizes_or_none,
        metavar="SIZES",
        help="Hidden units, such as 64,64, or none.  [default: 256,128 from 1000 rows up, else 64,32]",
    ),
    click.option(
        "--activation",
        type=understood_by(gn.activations.get),
        metavar="NAME",
        help="Of the hidden units.  [default: relu]",
    ),
    click.option("--batch-norm/--no-batch-norm", default=None, help="In hidden layers.  [default: yes]"),
    click.option(
        "--dropout",
        type=click.FloatRange(0, 1, max_open=True),
        callback=finite,
        metavar="SHARE",
        help="Of hidden units, but never right before a number to predict.  "
        "[default: 0.3; 0.5 where a number is predicted]",
    ),
    click.option(
        "--l2",
        type=click.FloatRange(min=0),
        callback=finite,
        metavar="NUMBER",
        help="The λ of the penalty λΣw².  [default: 0.001]",
    ),
    click.option(
        "--optimizer",
        type=known("optimizer", OPTIMIZERS),
        metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)}.  [default: adam]",
    ),
    click.option(
        "--learning-rate",
        type=click.FloatRange(min=0, min_open=True),
        callback=finite,
        metavar="NUMBER",
        help=f"[default: {', '.join(f'{rate:g} for {name}' for name, rate in RATES.items())}]",
    ),
    click.option(
        "--batch-size", type=click.IntRange(min=1), metavar="ROWS", help="Rows per step.  [default: 32]"
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        metavar="NUMBER",
        help="At most; training stops when it no longer helps.  [default: 200 from 1000 rows up, else 500]",
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


@click.command(help=HELP, short_help="Train a network and report how good it is.")
@click.argument("name")
@settings
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files go.  [default: glassnet-NAME]",
)
@click.option(
    "--compare/--no-compare", default=True, help="Train scikit-learn's network as well.  [default: yes]"
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="report.json on stdout, all else on stderr.")
def train(name: str, output: Path | None, compare: bool, quiet: bool, as_json: bool, **given: Any) -> None:
    """Train, report, write."""
    dataset = named(name)
    recipe = recipe_for(dataset, **given)
    console = Console(stderr=as_json, quiet=quiet, highlight=False)
    bar = sys.stderr.isatty() and not quiet
    with output_folder(output or Path(f"glassnet-{dataset.name}")) as folder:
        task = prepare(dataset, recipe)
        report.introduce(console, task)
        run = fit(task, bar)
        if bar:
            console.print()
        with console.status("training scikit-learn's network on the same rows"):
            scores = scores_of(run, compare)
        report.conclude(console, run, scores)
        text = write_all(folder, run, scores, console)
    if as_json:
        click.echo(text, nl=False)


def scores_of(run: Run, compare: bool) -> dict[str, Scores]:
    """The network's held-out scores and what they must be compared with."""
    guess = "commonest class" if run.dataset.classes else "mean"
    scores = {
        report.OURS: score(run.dataset, run.truth, run.prediction),
        guess: baseline(run.dataset, run.rows),
    }
    return scores | ({report.PEER: peer(run.dataset, run.rows, run.recipe.seed)} if compare else {})


def write_all(folder: Path, run: Run, scores: dict[str, Scores], console: Console) -> str:
    """Write every file of the run, say so, and return the text of the report."""
    files = {
        "train_step.py": "the NumPy program of one training step",
        "predict.py": "the NumPy program of a prediction",
        "parameters.safetensors": "every array of the trained network, by name",
        "run.png": "learning curves, and a look at what was learned",
        "report.json": "all the figures",
    }
    write(folder / "train_step.py", run.model.source("train", "numpy"))
    write(folder / "predict.py", run.model.source("predict", "numpy"))
    if write_compiled(folder / COMPILED, run):
        files[COMPILED] = "the compiled program that trained"
    write(folder / "parameters.safetensors", save({**run.model.parameters, **run.model.state}))
    if not write_picture(folder / "run.png", run, scores):
        del files["run.png"]
        console.print('No run.png: matplotlib is not installed (pip install "glassnet[plot]").', markup=False)
    text = report.as_json(run, scores, files)
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


def write_picture(path: Path, run: Run, scores: dict[str, Scores]) -> bool:
    """Draw the run; False without matplotlib, which is optional."""
    ours = scores[report.OURS]
    best = f"{100 * ours['accuracy']:.1f} % right" if run.dataset.classes else f"R² {ours['r2']:.3f}"
    try:
        picture = pictures.draw(run, f"{run.dataset.name}: {best} on {len(run.truth)} held-out rows")
    except ImportError:
        return False
    write(path, picture)
    return True


def named(name: str) -> datasets.Dataset:
    """The table that a word on the command line means."""
    try:
        return datasets.load(name)
    except UnknownNameError as error:
        if Path(name).suffix or Path(name).exists():
            raise Mistake(
                f"{name}: reading tables from files is not in this version; "
                f"data sets: {', '.join(datasets.names())}."
            ) from error
        raise
