"""The `glassnet` command: its subcommands, and how every error leaves it."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

import glassnet
from glassnet.cli.mistakes import BROKEN_PIPE, INTERRUPTED, code_of, line_of
from glassnet.errors import GlassnetError

HELP = """Neural networks you can see through.

The whole training step of a network is one graph of array operations, and glassnet prints it as the NumPy
program that it runs.

\b
Examples:
  glassnet train data.csv --target price   learn to predict a column of a table
  glassnet train digits                    train on handwritten digits, report, draw
  glassnet train --help                    every data set and setting
  glassnet source --layers 784-256-10      print the program of a network
  glassnet cache                           how much compiled programs take, and where

\b
With a trained model:
  glassnet predict glassnet-titanic/model.safetensors new.csv > predicted.csv
  glassnet evaluate glassnet-titanic/model.safetensors test.csv
  glassnet export glassnet-titanic/model.safetensors --to onnx
  glassnet inspect glassnet-titanic/model.safetensors
"""

COMMANDS = {
    "train": "Train a network and report how good it is.",
    "evaluate": "Score a trained model on a table.",
    "predict": "Predict the rows of a table.",
    "export": "Write ONNX, C, NumPy or PyTorch files.",
    "inspect": "Look into a trained model.",
    "source": "Print the program of a network.",
    "completion": "Let the shell complete what is typed.",
    "cache": "Show or clear the compiled programs.",
}


class Commands(click.Group):
    """A group whose errors are one line on stderr and an exit code, never a traceback.

    A command's module is imported when the command runs, so that help comes at once.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"glassnet.cli.{cmd_name}_command"), cmd_name
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell completes before a command is typed, without importing any."""
        found = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run the command line and leave the process with its exit code."""
        _never_fail_on_an_unknown_character()
        extra["standalone_mode"] = False
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning  # type: ignore[assignment]
                result = super().main(args, **extra)
        except (click.ClickException, GlassnetError) as error:
            _stop(line_of(error), code_of(error))
        except (click.Abort, KeyboardInterrupt):
            _stop("stopped by Ctrl-C.", INTERRUPTED)
        sys.exit(result if isinstance(result, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; a reader that goes away, as `head` does, ends it without a word."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # so that a closed pipe is noticed here, not while Python shuts down
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed
            sys.exit(BROKEN_PIPE)
        return result


def _never_fail_on_an_unknown_character() -> None:
    """A terminal that cannot show '×' gets '?', not a UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _show_warning(message: Warning | str, *_where: Any) -> None:
    """One line, like an error, without the place in the library that gave it."""
    click.echo(f"glassnet: warning: {' '.join(str(message).split())}", err=True)


def _stop(line: str, code: int) -> NoReturn:
    click.echo(f"glassnet: {line}", err=True)
    sys.exit(code)


@click.group(
    cls=Commands,
    help=HELP,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(glassnet.__version__, prog_name="glassnet", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Show the help where no command is given."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
