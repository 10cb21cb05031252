"""`glassnet cache`: what is kept of compiled programs, where, and how to be rid of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape

from glassnet.cli.mistakes import Failure
from glassnet.programs import cache as programs

HELP = """Show the cache of compiled programs, or clear it.

Compiled networks are kept in a folder of your own, so that the next process need not compile them again.
What was used least recently goes when there is too much.

\b
Environment variables:
  GLASSNET_CACHE_DIR   another folder
  GLASSNET_CACHE_MB    how large it may grow (512); 0 keeps nothing
"""


@click.group(help=HELP, short_help="Show or clear the compiled programs.", invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """Show what there is where no command is given."""
    if context.invoked_subcommand is None:
        show(Console(highlight=False))


@cache.command(short_help="Print the folder.")
def path() -> None:
    """Print the folder where compiled programs are kept."""
    click.echo(programs.folder())


@cache.command(short_help="Delete every program in it.")
def clear() -> None:
    """Delete every compiled program, and say how much that freed."""
    with readable_folder():
        count = len(programs.usage())
        click.echo(f"Freed {decimal(programs.clear())} ({_counted(count)}).")


def show(console: Console) -> None:
    """Say where the cache is, what it holds, and when that was used."""
    with readable_folder():
        entries = programs.usage()
    size, limit = sum(entry.bytes for entry in entries), programs.limit()
    _fact(console, "folder", str(programs.folder()))
    _fact(console, "programs", str(len(entries)))
    _fact(console, "size", f"{decimal(size)} of at most {decimal(limit)}")
    if entries:
        _fact(console, "newest", f"used {_moment(entries[0].last_used)}")
        _fact(console, "oldest", f"used {_moment(entries[-1].last_used)}")


@contextmanager
def readable_folder() -> Iterator[None]:
    """A failure of the file system becomes one line."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}.") from error


def _fact(console: Console, label: str, text: str) -> None:
    console.print(f"[bold]{label:10}[/bold]{escape(text)}", soft_wrap=True)


def _counted(programs: int) -> str:
    return f"{programs} program" if programs == 1 else f"{programs} programs"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
