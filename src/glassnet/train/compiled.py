"""Training, evaluating and predicting by compiled programs: many steps, or many rows, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.graph.graph import Place, input_place
from glassnet.programs.compiled import CompiledProgram, check_labels
from glassnet.train.crew import Crew
from glassnet.train.data import Dataset

Values = dict[Place, Any]


def source_of(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(array, description): how compiled code finds an array's rows; a copy, if they lie too oddly for it."""
    from glassnet.kernels import describe

    described = describe(array)
    if described is None:
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
        array = array.astype(np.float32) if array.dtype == np.float16 else array
        described = describe(array)
    assert described is not None
    return array, described


class Feed:
    """Examples as compiled code reads them: addresses, and the order of the epoch.

    Parameters
    ----------
    program : CompiledProgram
    data : Dataset
    """

    def __init__(self, program: CompiledProgram, data: Dataset) -> None:
        from glassnet.kernels import scratch_size

        arrays = data.arrays()
        pairs = []
        for node in program.printed.batch_inputs:
            array = arrays[input_place(node)[1]]
            assert array is not None
            if input_place(node) in program.label_ranges:
                check_labels(array, program.label_ranges[input_place(node)])
            pairs.append(source_of(array))
        self.kept = [array for array, _ in pairs]  # the program reads their memory
        self.sources = np.array([described for _, described in pairs], np.int64).reshape(len(pairs), -1)
        self.rows = len(data)
        self.order: np.ndarray = np.empty(0, np.int64)
        self._scratch_size = scratch_size

    def shuffled(self) -> tuple[np.ndarray, np.ndarray]:
        """Room for an order, and for making it."""
        return np.empty(self.rows, np.int64), np.empty(self._scratch_size(self.rows), np.int64)


class CompiledStepper:
    """Runs a compiled training program and keeps its state; in NumPy that is a ``Stepper``.

    Parameters
    ----------
    program : CompiledProgram
    values : mapping
        Place of every input but the batch → value at the start.
    seed, step : int
        The model's seed; steps done before.
    """

    def __init__(self, program: CompiledProgram, values: Mapping[Place, Any], seed: int, step: int) -> None:
        self.program, self.seed, self.step = program, seed, step
        self.dirty = False
        self.results = [name for _, name in program.printed.step.results]
        self.renewed = [place for place in program.graph.places if place not in program.printed.step.results]
        self.load(values)

    def load(self, values: Mapping[Place, Any]) -> None:
        """Take parameters, statistics, slots and hyper-parameters from the model."""
        self.program.reserve(self.program.batch)
        values = {**self.program.graph.values, **values}
        fixed = {place: value for place, value in values.items() if place not in self._batch_places()}
        self.program.put(fixed)

    def restore(self, values: Values) -> None:
        """Go back to values that :meth:`values` answered."""
        for place, value in values.items():
            self.program.view(place)[...] = value

    def _batch_places(self) -> set[Place]:
        return {input_place(node) for node in self.program.printed.batch_inputs}

    def set_hyper(self, values: Mapping[Place, Any]) -> None:
        """Take the rates, strengths and other hyper-parameters from the model."""
        self.program.set_hyper(values)

    def values(self) -> Values:
        """Place → a copy of the array there now, for everything that a step changes."""
        return {place: self.program.view(place).copy() for place in self.renewed}

    def views(self) -> Values:
        """As :meth:`values`, but the arrays themselves, which later steps change."""
        return {place: self.program.view(place) for place in self.renewed}

    def is_finite(self) -> bool:
        """Whether everything that a step renews is a finite number: parameters, slots, statistics."""
        with np.errstate(over="ignore", invalid="ignore"):
            return all(
                np.isfinite(view.sum()) or np.isfinite(view).all()
                for view in (self.program.view(place) for place in self.renewed)
            )

    # ------------------------------------------------------------------------------------ epochs
    def begin(self, data: Dataset, batch_size: int, epoch: int, shuffle: bool, most_epochs: int) -> None:
        """Stand before the first batch of an epoch."""
        self.feed, self.batch_size, self.shuffle = Feed(self.program, data), batch_size, shuffle
        self.order, self.scratch = self.feed.shuffled() if shuffle else (self.feed.order, self.feed.order)
        count = len(self.results)
        self.sums = np.zeros(count + 1)
        self.history = np.zeros((most_epochs, count))
        self.progress = np.array([epoch, 0, self.step, 0])
        self.program.reserve(batch_size)

    def run(self, steps: int, crew: Crew, threads: int) -> int:
        """Take so many steps; fewer, if one of them is not finite. Answers how many epochs were completed."""
        from glassnet import kernels

        def take(first_part: int, last_part: int, threads: int) -> int:
            try:
                taken: int = self.program.module.train(
                    steps,
                    self.progress,
                    self.feed.rows,
                    self.batch_size,
                    self.shuffle,
                    self.order,
                    self.scratch,
                    self.feed.sources,
                    self.sums,
                    self.history,
                    *self.program.arguments(self.seed, first_part, last_part, threads),
                )
            except BaseException:
                kernels.flush_denormals(False)  # an error leaves the loop before it does so itself
                raise
            return taken

        taken = crew.run(take, threads)
        self.step += taken
        self.dirty |= taken > 0
        self.failed = taken < steps
        return int(self.progress[3])

    def logs(self, completed: int) -> dict[str, float]:
        """Name → mean over the epoch, of one of the epochs completed in the last run."""
        return dict(zip(self.results, self.history[completed].tolist(), strict=True))

    def logs_so_far(self) -> dict[str, float]:
        """Name → mean over the present epoch's batches so far."""
        weight = self.sums[-1] or 1.0
        return dict(zip(self.results, (self.sums[:-1] / weight).tolist(), strict=True))

    def next_batch(self, data: Dataset) -> Dataset:
        """The examples of the step that comes next."""
        first = int(self.progress[1])
        rows = slice(first, min(first + self.batch_size, len(data)))
        return data.take(self.order[rows]) if self.shuffle else data.slice(rows.start, rows.stop)


class Evaluator:
    """Runs a compiled program that changes nothing over many rows.

    Parameters
    ----------
    program : CompiledProgram
    """

    def __init__(self, program: CompiledProgram) -> None:
        self.program = program

    def run(
        self,
        values: Mapping[Place, Any],
        data: Dataset,
        block: int,
        out: np.ndarray | None = None,
        threads: int = 1,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(sums weighted by the rows, plain sums) of the program's numbers; its array goes to ``out``.

        Each of the threads takes some of the blocks; their sums are added up in the order of the rows.
        """
        with self.program.lock:
            return self._run(values, data, block, out, threads)

    def _run(
        self, values: Mapping[Place, Any], data: Dataset, block: int, out: np.ndarray | None, threads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        program, feed = self.program, Feed(self.program, data)
        program.reserve(block)
        batch = {input_place(node) for node in program.printed.batch_inputs}
        fixed = {**program.graph.values, **values}
        program.put({place: value for place, value in fixed.items() if place not in batch})
        count = len(program.printed.step.results)
        blocks = -(-feed.rows // block)
        parts = max(1, min(threads, blocks))
        sums, plain = np.zeros((parts, count + 1)), np.zeros((parts, count))
        target = np.empty(0) if out is None else out
        seed, t = int(values.get(("argument", "seed"), 0)), int(values.get(("argument", "t"), 0))

        def take(first_part: int, last_part: int, threads: int) -> None:
            first, last = (min(blocks * k // parts * block, feed.rows) for k in (first_part, last_part))
            sources = feed.sources.copy()
            sources[:, 0] += first * sources[:, 2]  # the address, by the distance between rows
            worker = program if first_part == 0 else program.beside()
            worker.module.run(
                last - first,
                block,
                t,
                feed.order,
                sources,
                sums[first_part],
                plain[first_part],
                target[first:],
                *worker.arguments(seed),
            )

        with Crew(parts) as crew:
            crew.run(take, parts)
        if program.is_large:
            program.release()
        return sums.sum(axis=0), plain.sum(axis=0)
