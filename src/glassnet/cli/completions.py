"""What the shell completes after `glassnet`: file names by their endings, names of data sets and of parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from glassnet.datasets import tables
from glassnet.errors import GlassnetError

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(*endings: str) -> Complete:
    """Completes folders, and files with certain endings."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        folder, name = os.path.split(incomplete)
        try:
            found = sorted(Path(os.path.expanduser(folder) or os.curdir).iterdir())
        except OSError:
            return []
        fits = [path for path in found if path.name.startswith(name) and (name or path.name[0] != ".")]
        return [
            CompletionItem(os.path.join(folder, path.name), type="dir" if path.is_dir() else "plain")
            for path in fits
            if path.is_dir() or path.name.lower().endswith(endings)
        ]

    return complete


def words(known: Callable[[], Collection[str]] | Collection[str]) -> Complete:
    """Completes some names."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = known() if callable(known) else known
        return [CompletionItem(name) for name in found if name.startswith(incomplete)]

    return complete


def either(*parts: Complete) -> Complete:
    """Completes what one of several does."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [item for part in parts for item in part(context, parameter, incomplete)]

    return complete


def columns(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the names of columns of the table that has been typed, after a comma too."""
    before, comma, last = incomplete.rpartition(",")
    typed = [
        context.params.get("table"),
        *reversed(context.args),
    ]  # an option without a value stops the parser
    names = next(filter(None, (_names(str(path)) for path in typed if path)), [])
    return [CompletionItem(before + comma + name) for name in names if name.startswith(last)]


def _names(path: str) -> list[str]:
    """The names of a table's columns; none, if it cannot be read."""
    try:
        found: list[str] = next(tables.read_chunks(path, rows=1)).column_names
    except (GlassnetError, OSError, StopIteration):
        return []
    return found


MODELS = files(".safetensors")
TABLES = files(".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq")
PICTURES = files(".png")


def model_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """The argument MODEL of the commands that use a trained one."""
    return click.argument("model", type=click.Path(path_type=Path), shell_complete=MODELS)(function)


def table_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """The argument TABLE of the commands that read one."""
    return click.argument("table", shell_complete=TABLES)(function)
