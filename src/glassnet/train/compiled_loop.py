"""The training loop around compiled programs: many steps in a call, between two looks of Python's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import NoReturn, Protocol

import numpy as np

from glassnet.train.callbacks import CallbackList
from glassnet.train.compiled import CompiledStepper, Values
from glassnet.train.crew import Crew, Pace
from glassnet.train.data import Dataset

LOOK = 0.05  # seconds between two looks at signals, at the display, at the parameters
_MOST_EPOCHS = 1 << 16  # whose results one call can bring back


class Looks:
    """How many steps to take before the next look. Only when Python looks depends on it, never a result."""

    def __init__(self) -> None:
        self.steps = 1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call; grow slowly, since the first call may have compiled."""
        wanted = steps * LOOK / max(seconds, 1e-6)
        self.steps = int(min(max(1.0, wanted), 16.0 * self.steps))


class Owner(Protocol):
    """What the loop asks of the model."""

    def refresh(self) -> None:
        """Give the stepper what callbacks may have changed."""

    def epoch_done(self, epoch: int, logs: dict[str, float], look: bool) -> dict[str, float]:
        """Count and record an epoch; if somebody looks, store the state and validate before."""

    def store(self) -> None:
        """Let the model hold the stepper's state."""

    def epochs_done(self, first: int, names: Sequence[str], means: np.ndarray) -> None:
        """Count and record many epochs at which nobody looks."""

    def stored_values(self) -> Values | None:
        """The state that was stored last; None where a large network keeps only one."""

    def diverged(self, batch: Dataset, epoch: int) -> NoReturn:
        """Keep the stepper's state, and say that its next step is not finite."""

    def should_stop(self) -> bool:
        """Whether to stop after this epoch."""


@dataclass
class Run:
    """One call of ``fit``.

    Attributes
    ----------
    stepper : CompiledStepper
    data : Dataset
    batch_size, epochs, first_epoch : int
    shuffle : bool
    callbacks : CallbackList
    owner : Owner
    watched : bool
        Whether somebody looks at every epoch.
    """

    stepper: CompiledStepper
    data: Dataset
    batch_size: int
    epochs: int
    first_epoch: int
    shuffle: bool
    callbacks: CallbackList
    owner: Owner
    watched: bool
    first_batch = 0  # of the data, as callbacks count

    def train(self) -> None:
        """Run epochs until done or told to stop.

        Raises
        ------
        DivergedError
            A loss, gradient or parameter is not finite; the stepper stands at the last finite step.
        """
        self.stepper.begin(
            self.data, self.batch_size, self.first_epoch, self.shuffle, min(self.epochs, _MOST_EPOCHS)
        )
        self.looks, self.pace, self.done = Looks(), Pace(self.stepper.program.parts), 0
        self.steps_per_epoch = -(-len(self.data) // self.batch_size)
        self._keep_place()
        with Crew(self.stepper.program.parts) as self.crew:
            while self.done < self.epochs and not (self.done and self.owner.should_stop()):
                if self.stepper.progress[1] == 0:
                    self._epoch_begins()
                self._epochs_end(self._call(self._steps()))

    def _steps(self) -> int:
        """How many steps the next call takes."""
        batch = int(self.stepper.progress[1]) // self.batch_size
        if self.callbacks.wants_every_batch:
            return 1
        epochs = 1 if self.watched else min(self.epochs - self.done, _MOST_EPOCHS)
        return min(max(1, int(self.looks.steps * self.pace.share)), epochs * self.steps_per_epoch - batch)

    def _call(self, steps: int) -> int:
        batch = int(self.stepper.progress[1]) // self.batch_size
        if self.callbacks.wants_every_batch:
            self.callbacks.on_train_batch_begin(self.first_batch + batch)
        self.sure = self.stepper.step
        started = perf_counter()
        completed = self.stepper.run(steps, self.crew, self.pace.threads)
        seconds = perf_counter() - started
        self.looks.took(steps, seconds)
        self.pace.took(steps, seconds)
        if not self.stepper.is_finite():
            self._replay()
        if self.stepper.failed:
            self._epochs_end(completed)
            self._diverged()
        if self.callbacks.wants_batches:
            last = self.first_batch + (batch + steps - 1) % self.steps_per_epoch
            self.callbacks.on_train_batch_end(last, self._logs_of_call(completed))
        return completed

    def _logs_of_call(self, completed: int) -> dict[str, float]:
        """The means of the last epoch that a call completed, or so far of the one under way."""
        return self.stepper.logs(completed - 1) if completed else self.stepper.logs_so_far()

    def _epoch_begins(self) -> None:
        self.callbacks.on_epoch_begin(self.done)
        if self.watched:
            self.owner.refresh()
            self._keep_place()

    def _epochs_end(self, completed: int) -> None:
        if completed and not self.watched and self.callbacks.is_silent:
            self.owner.epochs_done(self.done, self.stepper.results, self.stepper.history[:completed])
            self.done += completed
            return
        for i in range(completed):
            self._epoch_ends(self.stepper.logs(i), begins=i > 0)

    def _epoch_ends(self, logs: dict[str, float], begins: bool) -> None:
        if begins:
            self.callbacks.on_epoch_begin(self.done)
        logs = self.owner.epoch_done(self.done, logs, self.watched)
        self.callbacks.on_epoch_end(self.done, logs)
        self.done += 1

    # ------------------------------------------------------------------------------------ divergence
    def _keep_place(self) -> None:
        """Remember where the state that the model holds belongs."""
        self.place = self.stepper.progress.copy(), self.stepper.sums.copy(), self.stepper.step

    def _diverged(self) -> NoReturn:
        self.owner.diverged(self.stepper.next_batch(self.data), self._epoch_of_step())

    def _epoch_of_step(self) -> int:
        """The epoch that the next step belongs to, counted from where the run began."""
        return int(self.stepper.progress[0]) - self.first_epoch

    def _replay(self) -> NoReturn:
        """Something overflowed in an update: back to the stored state, and forward to the step before."""
        stepper, ends = self.stepper, list[dict[str, float]]()
        stored = self.owner.stored_values()
        if stored is None:
            self._diverged()
        stepper.load(stored)
        stepper.progress[:], stepper.sums[:], stepper.step = self.place
        stepper.failed = False
        while stepper.step < self.sure and not stepper.failed:  # up to the last look all was well
            stepper.run(min(self.sure - stepper.step, self.steps_per_epoch), self.crew, self.pace.threads)
        while True:
            before, place, step = stepper.values(), stepper.progress.copy(), stepper.step
            completed = stepper.run(1, self.crew, self.pace.threads)
            if stepper.failed or not stepper.is_finite():
                break
            ends += [stepper.logs(0)] * completed
        stepper.restore(before)
        stepper.progress[:], stepper.step = place, step
        for i, logs in enumerate(ends):
            self._epoch_ends(logs, begins=i > 0)
        self._diverged()
