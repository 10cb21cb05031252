"""What the command line says when it cannot go on, in one line, and the exit code that goes with it."""

from __future__ import annotations

import click

from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError

FAILURE = 1
MISTAKE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
BROKEN_PIPE = 141  # 128 + SIGPIPE


class Mistake(click.ClickException):
    """Something the user can put right: a name, a value, a path."""

    exit_code = MISTAKE


class Failure(click.ClickException):
    """A run that went wrong through nobody's typing."""

    exit_code = FAILURE


def code_of(error: click.ClickException | GlassnetError) -> int:
    """The exit code of an error: 2 where the user's input caused it, else 1."""
    if isinstance(error, click.ClickException):
        return error.exit_code
    return MISTAKE if isinstance(error, InputError | InputTypeError | ShapeError) else FAILURE


def line_of(error: click.ClickException | GlassnetError) -> str:
    """What the error says, in one line; a usage error adds where to read on."""
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    line = " ".join(text.split())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        line += f" See '{error.ctx.command_path} --help'."
    return line
