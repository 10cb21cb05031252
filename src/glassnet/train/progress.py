"""The callback that shows how training goes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import monotonic
from typing import IO, Any

from glassnet.errors import InputError
from glassnet.random import same_random_state

from .callbacks import Callback, Logs
from .displays import Display, Lines, Notebook, Progress, Terminal, is_screen

__all__ = ["ProgressBar"]

_REFRESH = 0.1  # seconds between two drawings of a live display, at least
_SHARE = 0.02  # of the time may go into drawing, so a slow terminal is drawn less often
_SLOW = 1.0  # an epoch that takes longer than this shows its batches too


class ProgressBar(Callback):
    """Show the epochs, the loss, the metrics and the time left while a model trains.

    On a terminal and in a notebook this is a live bar, refreshed at most ten times a second and, while
    epochs take less than a second, never called for a batch. Elsewhere it is one line per epoch.

    Parameters
    ----------
    verbose : {"auto", 0, 1, 2}, default "auto"
        0 is silent, 2 is one line per epoch; ``"auto"`` and 1 are a live bar where there can be one, and
        lines where there cannot.
    file : text file, optional
        Where to write; standard output by default.

    Raises
    ------
    InputError
        Another value of ``verbose``.

    Examples
    --------
    >>> bar = ProgressBar(verbose=2)
    >>> bar.set_params({"epochs": 20, "steps": 12})
    >>> bar.on_train_begin()
    >>> bar.on_epoch_end(0, {"loss": 0.6931, "accuracy": 0.5})  # doctest: +ELLIPSIS
    epoch      loss   accuracy      time
     1/20    0.6931     0.5000    ...
    """

    now_and_then = True

    def __init__(self, verbose: str | int = "auto", *, file: IO[str] | None = None) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise InputError(f'verbose is {verbose!r}.\nIt is "auto", 0 (silent), 1 (a bar) or 2 (lines).')
        self.verbose = verbose
        self.file = file
        self._display: Display | None = None
        self._due = 0.0  # when a live display may be drawn again
        self._progress = Progress(1, 1, 0.0)

    @property
    def is_silent(self) -> bool:
        return self._display is None

    @property
    def wants_batches(self) -> bool:
        """True while epochs are slow: worth a look for every batch that costs next to nothing then."""
        if not self._live:
            return False
        progress = self._progress
        return progress.epoch_time > _SLOW or monotonic() - progress.epoch_started > _SLOW

    def on_train_begin(self, logs: Logs | None = None) -> None:
        now = monotonic()
        self._progress = Progress(*_lengths(self.params), started=now, epoch_started=now)
        self._display = _display(self.verbose, self.file)
        if self._live:
            self._show(now)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        now = self._progress.epoch_started = monotonic()
        if not self._progress.logs:
            self._progress.first = self._progress.done = epoch
            self._progress.started = now

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._progress.batch = batch + 1
        now = monotonic()
        if self._live and now >= self._due:
            self._show(now)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        now = monotonic()
        self._progress.add(epoch, logs or {}, now)
        if not self._live or now >= self._due:
            self._show(now)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.close()

    def close(self) -> None:
        if self._display is None:
            return
        self._progress.ended = monotonic()
        try:
            self._show(self._progress.ended)
        finally:  # whatever happens, the terminal gets its cursor and the program its output back
            self._display.close()
            self._display = None

    @property
    def _live(self) -> bool:
        return self._display is not None and self._display.live

    def _show(self, now: float) -> None:
        if self._display:
            self._display.show(self._progress, now)
            cost = monotonic() - now
            self._due = now + max(_REFRESH, cost / _SHARE)


def _lengths(params: Mapping[str, Any]) -> tuple[int, int]:
    return int(params.get("epochs") or 1), int(params.get("steps") or 1)


def _display(verbose: str | int, file: IO[str] | None) -> Display | None:
    target: IO[str] | None = file or sys.stdout
    if verbose == 0 or target is None:
        return None
    if verbose == 2 or not (is_screen(target) or "IPython" in sys.modules):
        return Lines(target)
    with same_random_state():
        from rich.console import Console

    console = Console(file=file)
    if console.is_jupyter and file is None:
        return Notebook()
    return Terminal(console) if is_screen(target) and not console.is_dumb_terminal else Lines(target)
