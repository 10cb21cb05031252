"""`glassnet source`: the program of a network that is described on the command line, or kept in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import glassnet as gn
from glassnet import layers
from glassnet.cli.completions import MODELS, words
from glassnet.cli.mistakes import Mistake
from glassnet.cli.networks import OPTIMIZERS, RATES, hidden_layers, refuse_if_too_large
from glassnet.cli.options import finite, known, sizes, understood_by
from glassnet.cli.saved import Saved, opened
from glassnet.nn.activations import ACTIVATIONS
from glassnet.nn.losses import LOSSES

KINDS = ("train", "predict", "loss", "gradients")
BACKENDS = ("numpy", "numba")

HELP = """Print the program of a network: of one that --layers describes, or of a trained one.

MODEL is a file that `glassnet train` or save() wrote. Where it reads the columns of a table, the program
begins with the features that they become: `glassnet inspect` lists them, `glassnet export --to numpy` shows
how they are made.

What is printed is what glassnet runs: plain NumPy, with the forward pass, the gradient of every array and
the update spelled out; or, with --backend numba, the loops that are compiled for long trainings. Sizes go
from the inputs to the outputs, with the hidden layers between them.

\b
Examples:
  glassnet source --layers 784-256-10
  glassnet source --layers 784-256-10 --kind predict
  glassnet source --layers 784-256-10 --backend numba
  glassnet source glassnet-titanic/model.safetensors --kind predict
  glassnet source --layers 64-100-10 --batch-norm --dropout 0.5 --optimizer adam
  glassnet source --layers 8-16-1 --loss squared_error --l2 0.001 > step.py
"""


@click.command(help=HELP, short_help="Print the program of a network.")
@click.argument("model", required=False, type=click.Path(path_type=Path), shell_complete=MODELS)
@click.option(
    "--layers",
    "shape",
    type=sizes("-", "784-256-10", 2),
    metavar="SIZES",
    help="784-256-10 is 784 inputs, 256 hidden units, 10 outputs.",
)
@click.option("--kind", type=click.Choice(KINDS), default="train", show_default=True, help="Which program.")
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="numpy",
    show_default=True,
    help="The NumPy program, or the compiled loops (they need glassnet[fast]).",
)
@click.option(
    "--activation",
    type=understood_by(gn.activations.get),
    default="relu",
    show_default=True,
    metavar="NAME",
    help="Of the hidden units.",
    shell_complete=words(ACTIVATIONS),
)
@click.option("--batch-norm", is_flag=True, help="Batch normalization in hidden layers.")
@click.option(
    "--dropout",
    type=click.FloatRange(0, 1, max_open=True),
    callback=finite,
    default=0.0,
    metavar="SHARE",
    help="Of hidden units, per step.",
)
@click.option(
    "--loss",
    type=understood_by(gn.losses.get),
    metavar="NAME",
    help="[default: softmax_cross_entropy, or squared_error with one output]",
    shell_complete=words(LOSSES),
)
@click.option(
    "--l2",
    type=click.FloatRange(min=0),
    callback=finite,
    default=0.0,
    metavar="NUMBER",
    help="The λ of the penalty λΣw².",
)
@click.option(
    "--max-norm",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    metavar="NUMBER",
    help="Largest length of the weights into a unit.",
)
@click.option(
    "--optimizer",
    type=known("optimizer", OPTIMIZERS),
    default="sgd",
    show_default=True,
    metavar="NAME",
    help=f"{', '.join(OPTIMIZERS)}.",
    shell_complete=words(OPTIMIZERS),
)
@click.pass_context
def source(context: click.Context, /, model: Path | None, kind: str, backend: str, **network: Any) -> None:
    """Load or build, print, done."""
    if (model is None) == (network["shape"] is None):
        raise click.UsageError("Name a network: --layers SIZES, or a MODEL file (not both).", context)
    if model is None:
        show(built(**network).source(kind, backend))
        return
    _refuse_settings(context)
    show(_stored_source(opened(model), kind, backend))


def _refuse_settings(context: click.Context) -> None:
    """An error for options that describe another network than the one in the file."""
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if given and parameter.name not in ("model", "kind", "backend"):
            raise click.UsageError(
                f"{parameter.opts[0]} is for --layers; MODEL has its own network.", context
            )


def _stored_source(saved: Saved, kind: str, backend: str) -> str:
    """The program of the network in a file, the first one of an ensemble."""
    network = saved.network("print")
    if kind != "predict" and network.loss_function is None:
        raise Mistake(f"{saved.path} was saved before compile(): only --kind predict can be printed.")
    return network.source(kind, backend)


def built(shape: tuple[int, ...], loss: str | None, optimizer: str, **block: Any) -> gn.Sequential:
    """The compiled network of a list of sizes and some settings."""
    refuse_if_too_large(shape)
    model = described(shape, **block)
    standard = "squared_error" if shape[-1] == 1 else "softmax_cross_entropy"
    model.compile(optimizer=OPTIMIZERS[optimizer](RATES[optimizer]), loss=loss or standard)
    model.build((None, shape[0]))
    return model


def described(
    shape: tuple[int, ...],
    activation: str,
    dropout: float,
    batch_norm: bool,
    l2: float,
    max_norm: float | None,
) -> gn.Sequential:
    """The network of a list of sizes."""
    penalty = gn.regularizers.L2(l2) if l2 else None
    bound = gn.constraints.MaxNorm(max_norm) if max_norm else None
    hidden = hidden_layers(shape[1:-1], activation, dropout, batch_norm, penalty, bound)
    last = layers.Dense(shape[-1], kernel_regularizer=penalty, kernel_constraint=bound)
    return gn.Sequential([*hidden, last], seed=0)


def show(program: str) -> None:
    """In color on a terminal, as it is anywhere else."""
    program = program.rstrip("\n")
    if not sys.stdout.isatty():
        click.echo(program)
        return
    from rich.console import Console
    from rich.syntax import Syntax

    colored = Syntax(program, "python", theme="ansi_dark").highlight(program)
    colored.rstrip()
    Console().print(colored, soft_wrap=True)  # longer lines than the window stay whole for copying
