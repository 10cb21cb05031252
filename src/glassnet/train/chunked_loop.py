"""The training loop around compiled programs, for data that come in chunks: no call goes beyond a chunk."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from glassnet.train.compiled_loop import Looks, Run
from glassnet.train.crew import Crew, Pace
from glassnet.train.data import Dataset
from glassnet.train.streaming import Stream

NO_DATA = Dataset((np.empty((0, 1)),))


@dataclass
class ChunkedRun(Run):
    """One call of ``fit``.

    Attributes
    ----------
    stream : Stream
    data : Dataset
        The chunk that is trained on.
    """

    stream: Stream = field(kw_only=True)

    def train(self) -> None:
        self.looks, self.pace, self.done = Looks(), Pace(self.stepper.program.parts), 0
        with Crew(self.stepper.program.parts) as self.crew:
            while self.done < self.epochs and not (self.done and self.owner.should_stop()):
                self._epoch()

    def _epoch(self) -> None:
        self.callbacks.on_epoch_begin(self.done)
        if self.watched:
            self.owner.refresh()
        self.sums, self.first_batch = np.zeros(len(self.stepper.results) + 1), 0
        more = self.done + 1 < self.epochs
        for number, chunk in self.stream.epoch(self.first_epoch + self.done, more):
            self._chunk(number, chunk)
            del chunk  # before the next one is there, so that there are never three in memory
        self._epoch_ends(self._means(self.sums), begins=False)

    def _chunk(self, number: int, chunk: Dataset) -> None:
        self.data, self.steps_per_epoch = chunk, -(-len(chunk) // self.batch_size)
        self.stepper.begin(chunk, self.batch_size, number, self.shuffle, 1)
        self.owner.store()  # a replay does not go back beyond a chunk
        self._keep_place()
        while not self._call(self._steps()):
            pass
        self.sums += self.stepper.sums
        self.first_batch += self.steps_per_epoch
        self.data, self.stepper.feed.kept = NO_DATA, []

    def _steps(self) -> int:
        batch = int(self.stepper.progress[1]) // self.batch_size
        left = self.steps_per_epoch - batch
        return 1 if self.callbacks.wants_every_batch else min(self.looks.steps, left)

    def _means(self, sums: np.ndarray) -> dict[str, float]:
        means = (sums[:-1] / (sums[-1] or 1.0)).tolist()
        return dict(zip(self.stepper.results, means, strict=True))

    def _logs_of_call(self, completed: int) -> dict[str, float]:
        return self._means(self.sums + self.stepper.sums)

    def _epoch_of_step(self) -> int:
        return self.done
