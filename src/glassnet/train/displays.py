"""How training looks while it runs: plain lines, a live bar on a terminal, a page in a notebook."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import IO, Any, Protocol

from .callbacks import Logs
from .history import format_number

__all__ = ["Display", "Lines", "Notebook", "Progress", "Terminal", "is_screen"]

_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass
class Progress:
    """How far training is, as all displays see it.

    Times are in seconds; ``done`` counts epochs, ``batch`` the batches of the epoch under way.
    """

    epochs: int
    steps: int
    started: float
    first: int = 0
    done: int = 0
    batch: int = 0
    epoch_started: float = 0.0
    epoch_time: float = 0.0
    ended: float | None = None
    logs: dict[str, float] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "val_loss": []})

    @property
    def fraction(self) -> float:
        """The share of all epochs that is done, batches included."""
        return min(1.0, (self.done + self.batch / max(1, self.steps)) / max(1, self.epochs))

    def add(self, epoch: int, logs: Logs, now: float) -> None:
        """Take note of an epoch that ended."""
        self.done, self.batch = epoch + 1, 0
        self.epoch_time = now - self.epoch_started
        self.logs = dict(logs)
        for name, losses in self.losses.items():
            if name in logs:
                losses.append(float(logs[name]))

    def counter(self) -> str:
        """``" 7/20"``, as wide for the first epoch as for the last."""
        return f"{self.done:{len(str(self.epochs))}d}/{self.epochs}"

    def clock(self, now: float) -> str:
        """The time that is left, or at the end the time that was needed."""
        if self.ended is not None:
            early = "" if self.done == self.epochs else "stopped after "
            return early + format_seconds(self.ended - self.started)
        here, start = self.fraction, self.first / max(1, self.epochs)
        if here <= start:
            return ""
        return f"{format_seconds((now - self.started) * (1 - here) / (here - start))} left"


def format_seconds(seconds: float) -> str:
    """A duration in at most seven characters.

    Examples
    --------
    >>> [format_seconds(seconds) for seconds in (0.0123, 4.56, 75, 3725)]
    ['0.01 s', '4.6 s', '1:15', '1:02:05']
    """
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def metric_rows(logs: Logs) -> tuple[list[str], dict[str, list[str]]]:
    """The metrics as a table: their names, then the numbers of training and of validation.

    Examples
    --------
    >>> metric_rows({"loss": 0.5, "accuracy": 0.75, "val_loss": 0.625})
    (['loss', 'accuracy'], {'training': ['0.5000 ', '0.7500 '], 'validation': ['0.6250 ', '']})
    """
    names = list(dict.fromkeys(name.removeprefix("val_") for name in logs))
    rows = {
        "training": _numbers(logs, names),
        "validation": _numbers(logs, [f"val_{name}" for name in names]),
    }
    return names, {label: row for label, row in rows.items() if any(row)}


def _numbers(logs: Logs, names: Sequence[str]) -> list[str]:
    return [pad_fraction(format_number(logs[name])) if name in logs else "" for name in names]


def _cells(cells: Sequence[str], names: Sequence[str]) -> list[str]:
    """Cells as wide as their column; most numbers have four decimals and end below their name."""
    return [cell.rjust(max(10, len(name) + 1)) for cell, name in zip(cells, names, strict=True)]


def pad_fraction(number: str) -> str:
    """The number with spaces for up to five decimals, so that points stand below each other.

    Examples
    --------
    >>> [pad_fraction(number) for number in ("0.5000", "12.35", "1235", "1.000e-05")]
    ['0.5000 ', '12.35   ', '1235      ', '1.000e-05']
    """
    if not number.lstrip("-").replace(".", "").isdigit():
        return number
    whole, point, fraction = number.partition(".")
    return f"{whole}{point or ' '}{fraction:5}"


def sparkline(values: Sequence[float], low: float, high: float, width: int = 24) -> str:
    """A curve of at most ``width`` block characters, first and last value included, on a given scale.

    Examples
    --------
    >>> sparkline([8.0, 4.0, 2.0, 1.0], low=1.0, high=8.0)
    '█▄▂▁'
    """
    last, count = len(values) - 1, min(len(values), width)
    shown = [values[i * last // max(1, count - 1)] for i in range(count)]
    scale = (len(_BLOCKS) - 1) / ((high - low) or 1.0)
    heights = (min(max((value - low) * scale, 0), 7) if abs(value) < float("inf") else 7 for value in shown)
    return "".join(_BLOCKS[round(height)] for height in heights)


def curves(progress: Progress) -> dict[str, str]:
    """The losses of training and validation on one scale."""
    values = [v for losses in progress.losses.values() for v in losses if abs(v) < float("inf")]
    low, high = min(values, default=0.0), max(values, default=1.0)
    training, validation = (sparkline(losses, low, high) for losses in progress.losses.values())
    return {"training": training, "validation": validation}


def is_screen(file: IO[str] | None) -> bool:
    """Whether somebody may be looking; a program without a console has no standard output."""
    return file is not None and file.isatty()


class Display(Protocol):
    """Something that shows a `Progress`."""

    live: bool

    def show(self, progress: Progress, now: float) -> None:
        """Show the progress now."""

    def close(self) -> None:
        """Leave the last state on the screen."""


class Lines:
    """One plain line per epoch below a line of names, for pipes and files."""

    live = False

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.names: list[str] = []

    def show(self, progress: Progress, now: float) -> None:
        if progress.ended is not None:
            return
        width = max(len("epoch"), len(progress.counter()))
        if set(progress.logs) - set(self.names):
            self.names = list(progress.logs)
            self._write("epoch".rjust(width), [f"{name} " for name in self.names], "time")
        numbers = _numbers(progress.logs, self.names)
        self._write(progress.counter().rjust(width), numbers, format_seconds(progress.epoch_time))

    def _write(self, first: str, cells: Sequence[str], last: str) -> None:
        middle = "".join(f" {cell}" for cell in _cells(cells, self.names))
        print(f"{first}{middle} {last:>8}", file=self.file, flush=True)

    def close(self) -> None:
        """Nothing to leave: every line is written at once."""


class Terminal:
    """A live bar above a small table; rich draws it in place."""

    live = True

    def __init__(self, console: Any) -> None:
        from rich.live import Live

        self.console = console
        # What callbacks print appears above the bar, unless it goes to a file or a pipe.
        self.screen = Live(
            console=console,
            auto_refresh=False,
            redirect_stdout=is_screen(sys.stdout),
            redirect_stderr=is_screen(sys.stderr),
        )
        self.screen.start()

    def show(self, progress: Progress, now: float) -> None:
        from rich.console import Group

        self.screen.update(Group(self._bar(progress, now), self._table(progress)), refresh=True)

    def _bar(self, progress: Progress, now: float) -> Any:
        from rich.progress_bar import ProgressBar as Bar
        from rich.table import Column, Table

        width = max(4, min(40, self.console.width - 46))
        bar = Bar(1.0, progress.fraction, width=width, complete_style="cyan", finished_style="green")
        epoch, percent = f"epoch {progress.counter()}", f"{progress.fraction:4.0%}"
        needed = (len(epoch), width, len(percent), 0)  # a narrow screen may cut the clock only
        row = Table.grid(*(Column(no_wrap=True, min_width=n) for n in needed), padding=(0, 2, 0, 0))
        row.add_row(epoch, bar, percent, progress.clock(now))
        return row

    def _table(self, progress: Progress) -> Any:
        from rich.table import Column, Table
        from rich.text import Text

        names, rows = metric_rows(progress.logs)
        wide = self.console.width >= 72 and not self.console.options.ascii_only
        lines = curves(progress) if wide else {}
        table = Table.grid(*(Column(no_wrap=True) for _ in range(len(names) + 2)), padding=(0, 1, 0, 0))
        # As Text, because rich would read a name such as "recall[spam]" as markup.
        head = [Text(cell) for cell in _cells([f"{name} " for name in names], names)]
        table.add_row("", *head, "", style="dim")
        for label, numbers in rows.items():
            table.add_row(f"[dim]{label}[/]", *_cells(numbers, names), f"[cyan]{lines.get(label, '')}[/]")
        return table

    def close(self) -> None:
        self.screen.stop()


class Notebook:
    """The same bar and table as HTML, updated in place."""

    live = True

    def __init__(self) -> None:
        self.tools = importlib.import_module("IPython.display")
        self.handle: Any = None

    def show(self, progress: Progress, now: float) -> None:
        page = self.tools.HTML(notebook_html(progress, now))
        if self.handle is None:
            self.handle = self.tools.display(page, display_id=True)
        else:
            self.handle.update(page)

    def close(self) -> None:
        """Nothing to leave: the notebook keeps the last page."""


def notebook_html(progress: Progress, now: float) -> str:
    """The progress as a piece of HTML."""
    names, rows = metric_rows(progress.logs)
    lines = curves(progress)
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *names, ""))
    body = "".join(_html_row(f"<th>{label}</th>", [*row, lines[label]]) for label, row in rows.items())
    bar = f'<progress value="{progress.fraction:.4f}" max="1" style="width: 20em"></progress>'
    first = f"epoch {progress.counter()} {bar} {progress.fraction:.0%} {progress.clock(now)}"
    return f"<div>{first}</div><table><tr>{head}</tr>{body}</table>"


def _html_row(label: str, cells: Sequence[str]) -> str:
    return f"<tr>{label}{''.join(f'<td>{cell.strip()}</td>' for cell in cells)}</tr>"
