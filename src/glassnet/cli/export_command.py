"""`glassnet export`: a trained model as a file that runs without glassnet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from glassnet import export as exports
from glassnet.cli.completions import model_argument
from glassnet.cli.mistakes import Mistake
from glassnet.cli.outputs import check_file
from glassnet.cli.saved import opened

# The name of a format → the suffix of its files, the end of a file's name, and the options that it takes.
FORMATS = {
    "onnx": (".onnx", ".onnx", ("dtype",)),
    "c": (".c", ".c", ("dtype", "name")),
    "numpy": (".py", ".py", ()),
    "pytorch": (".safetensors", "_pytorch.safetensors", ("keys",)),
}
SUFFIXES = {suffix: name for name, (suffix, _, _) in FORMATS.items()}

HELP = """Write a trained model to a file that runs without glassnet.

MODEL is a file that `glassnet train` or save() wrote.

\b
Formats:
  onnx     one file for onnxruntime and its like, in any language
  c        C99 with a header beside it, for machines that have nothing else
  numpy    one Python module that needs NumPy only
  pytorch  the weights, under the names that PyTorch's own layers give theirs

What prepares the columns of a table (scaling, categories, missing values) goes along, and answers are
labels, probabilities or numbers in the units of the target; only pytorch holds the network alone. Where
onnxruntime is installed, an ONNX file is run and compared with the model before it is written.

\b
Examples:
  glassnet export glassnet-titanic/model.safetensors --to onnx
  glassnet export model.safetensors --to c --output firmware/price.c --name price
  glassnet export model.safetensors --output predict_price.py
  glassnet export model.safetensors --to pytorch --keys sequential
"""


@click.command(help=HELP, short_help="Write ONNX, C, NumPy or PyTorch files.")
@model_argument
@click.option("--to", "form", type=click.Choice(tuple(FORMATS)), help="The format.  [default: by --output]")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where it goes.  [default: beside MODEL, under its name]",
)
@click.option("--dtype", type=click.Choice(("float32", "float64")), help="Of onnx and c.  [default: MODEL's]")
@click.option(
    "--name", metavar="NAME", help="What the names of C's functions begin with.  [default: the file's]"
)
@click.option(
    "--keys",
    type=click.Choice(("layers", "sequential")),
    help="What PyTorch's keys begin with: dense_1.weight, or 0.weight.  [default: layers]",
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
def export(model: Path, form: str | None, output: Path | None, quiet: bool, **options: Any) -> None:
    """Load, write, say what was written."""
    form = form or _by_suffix(output)
    suffix, ending, known = FORMATS[form]
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in known:
            raise Mistake(f"--{name} is not for {form}; leave it out.")
    path = output or model.with_name(_stem(model) + ending)
    _check(path, suffix, form, model)
    exports.write_by_suffix(opened(model).thing, path, given)
    console = Console(quiet=quiet, highlight=False)
    beside = f" and {path.with_suffix('.h').name}" if form == "c" else ""
    console.print(f"Wrote {path}{beside}: {exports.FORMATS[suffix][1]}.", markup=False, soft_wrap=True)


def _by_suffix(output: Path | None) -> str:
    """The format that a file's name asks for."""
    if output is None:
        raise Mistake(f"name a format: --to {', '.join(FORMATS)}.")
    if output.suffix.lower() not in SUFFIXES:
        raise Mistake(f"--output {output}: its ending names no format; add --to {', '.join(FORMATS)}.")
    return SUFFIXES[output.suffix.lower()]


def _stem(model: Path) -> str:
    """The file's name without its ending, in letters that every format allows."""
    found = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in model.stem)
    return found if found[:1].isalpha() else f"model_{found}"


def _check(path: Path, suffix: str, form: str, model: Path) -> None:
    """An error for a path that the format cannot have."""
    if path.suffix.lower() != suffix:
        raise Mistake(f"--output {path}: a file for {form} ends with {suffix}.")
    check_file(path)
    if path.resolve() == model.resolve():
        raise Mistake(f"--output {path} is MODEL itself; name another file.")
