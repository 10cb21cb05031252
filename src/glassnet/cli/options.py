"""Values typed on the command line: how they are read, and what is said when they cannot be."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import click

from glassnet.errors import GlassnetError, suggest


def sizes(separator: str, example: str, at_least: int = 1) -> Callable[[str], tuple[int, ...]]:
    """A reader of whole numbers with a separator between them, such as ``784-256-10``."""

    def read(text: str) -> tuple[int, ...]:
        parts = [part.strip() for part in text.split(separator)]
        for part in parts:
            if not (part.isascii() and part.isdigit() and len(part) < 10 and int(part) > 0):
                raise click.BadParameter(f"{part!r} in {text!r} is not a size; write for example {example}.")
        if len(parts) < at_least:
            raise click.BadParameter(
                f"{text!r} has too few sizes; write {at_least} or more, for example {example}."
            )
        return tuple(int(part) for part in parts)

    return read


def sizes_or_none(text: str) -> tuple[int, ...]:
    """Read ``64,64``; ``none`` is no size at all."""
    return () if text.strip() == "none" else sizes(",", "64,64, or none")(text)


def known(what: str, names: Collection[str]) -> Callable[[str], str]:
    """A reader of one of a few names, with 'did you mean' for the others."""

    def read(text: str) -> str:
        if text not in names:
            raise click.BadParameter(f"there is no {what} {text!r}. {suggest(text, names)}")
        return text

    return read


def finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse NaN and infinity, which click's ranges let through."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.", context, parameter)
    return value


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def understood_by(get: Callable[[str], object]) -> Callable[[str], str]:
    """A reader of any name that one of the library's `get` functions knows."""

    def read(text: str) -> str:
        try:
            get(text)
        except GlassnetError as error:
            raise click.BadParameter(" ".join(str(error).split())) from error
        return text

    return read
