"""The training loop: epochs, batches, looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from glassnet import random
from glassnet.graph.graph import Place
from glassnet.programs.python import Program
from glassnet.train.callbacks import CallbackList
from glassnet.train.data import Dataset, batches
from glassnet.train.divergence import DivergedError, is_finite

Values = dict[Place, Any]
SMALL_DATA = 1_000_000  # numbers


class Stepper:
    """Runs a training program step by step, keeping its state between steps.

    Parameters
    ----------
    program : Program
        A printed training step.
    values : mapping
        Place of every input but the batch → value at the start.
    seed : int
    step : int
        Steps done before.
    """

    def __init__(self, program: Program, values: Mapping[Place, Any], seed: int, step: int) -> None:
        self.program, self.step = program, step
        self.dirty = False  # whether steps were done since the model took the arrays over
        self.seed = seed
        names = {place: name for name, place in program.arguments.items() if place is not None}
        self.batch = [(name, *_part_of_batch(place)) for place, name in names.items() if _is_batch(place)]
        self.carried: list[str | None] = []
        for place in program.returned:  # the argument that takes each result in the next step, if any
            self.carried.append(names.get(("argument", place[1]) if place[0] == "return" else place))
        self.targets = [(name, i) for i, name in enumerate(self.carried) if name is not None]
        self.reported = [i for i, name in enumerate(self.carried) if name is None]
        self.results = [program.returned[i][1] for i in self.reported]
        self.counts = "t" in program.arguments
        self.load(values)

    def set_hyper(self, values: Mapping[Place, Any]) -> None:
        """Take the rates, strengths and other hyper-parameters from the model."""
        self.program.set_hyper({place[1]: value for place, value in values.items() if place[0] == "hyper"})

    def load(self, values: Mapping[Place, Any]) -> None:
        """Take parameters, statistics, slots and hyper-parameters from the model."""
        self.set_hyper(values)
        batch = {place: None for place in self.program.inputs if _is_batch(place)}
        fixed = {("argument", "t"): self.step, ("argument", "seed"): self.seed}
        self.bound = self.program.bind({**self.program.graph.values, **values, **batch, **fixed})

    def run(self, batch: Dataset) -> Any:
        """One step; answers the loss, or the loss and the metrics."""
        bound = self.bound
        self.step += 1
        self.dirty = True
        if self.counts:
            bound["t"] = self.step
        self.bind_batch(batch)
        returned = self.program.function(**bound)
        if len(self.carried) == 1:
            return (returned,)
        for target, i in self.targets:
            bound[target] = returned[i]
        return [returned[i] for i in self.reported]

    def bind_batch(self, batch: Dataset) -> None:
        """Hand the program its examples."""
        for name, part, number in self.batch:
            array = getattr(batch, part)
            self.bound[name] = array if number is None else array[number]

    def snapshot(self) -> dict[str, Any]:
        """What changes from step to step. Arrays are replaced, never written to, so nothing is copied."""
        kept = {name: self.bound[name] for name in self.carried if name is not None}
        return {**kept, "state": dict(self.bound.get("state", {})), "step": self.step}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Back to a snapshot."""
        self.step = snapshot["step"]
        self.bound.get("state", {}).update(snapshot["state"])
        self.bound.update({key: value for key, value in snapshot.items() if key not in ("step", "state")})

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array of the state, by a name for messages."""
        kept = {name: self.bound[name] for name in self.carried if name is not None}
        return {**kept, **self.bound.get("state", {})}

    def values(self) -> Values:
        """Place → value now, for everything the step changes."""
        now: Values = {}
        for place, name in zip(self.program.returned, self.carried, strict=True):
            if name is not None:
                now[place] = self.bound[name]
        now.update({("state", key): value for key, value in self.bound.get("state", {}).items()})
        return now

    def all_values(self, batch: Dataset) -> Values:
        """Place → value of every input for one more step: what the interpreter needs."""
        values: Values = {}
        for name, place in self.program.arguments.items():
            if place is None:
                values.update({(name, key): value for key, value in self.bound[name].items()})
            else:
                values[place] = self.bound[name]
        hyper = {
            place: self.program.namespace[place[1]] for place in self.program.inputs if place[0] == "hyper"
        }
        values.update({("argument", name): array for name, array in batch.arrays().items()})
        return {**values, **hyper, ("argument", "t"): self.step + 1}


def is_input(place: Place) -> bool:
    """Whether a place is one of the network's inputs: x, or x1, x2, ..."""
    return place[0] == "argument" and place[1].rstrip("0123456789") == "x"


def _is_batch(place: Place) -> bool:
    return is_input(place) or place in (("argument", "y"), ("argument", "sample_weight"))


def _part_of_batch(place: Place) -> tuple[str, int | None]:
    """The attribute of a batch that holds an input of the program, and which array of several."""
    if is_input(place):
        return "inputs", int(place[1][1:] or 1) - 1
    return ("targets", None) if place == ("argument", "y") else ("weights", None)


class Mean:
    """Running means of the loss and metrics over an epoch, weighted by the batches' sizes or weights."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.totals, self.weight = names, [0.0] * len(names), 0.0

    def add(self, results: Any, weight: float) -> None:
        """One batch."""
        for i, value in enumerate(results):
            self.totals[i] += float(value) * weight
        self.weight += weight

    def logs(self) -> dict[str, float]:
        """Name → mean."""
        weight = self.weight or 1.0
        return {name: total / weight for name, total in zip(self.names, self.totals, strict=True)}


def run_epoch(
    stepper: Stepper,
    data: Dataset,
    batch_size: int,
    order: Any,
    callbacks: CallbackList,
    epoch: int,
    mean: Mean,
    first_batch: int = 0,
) -> int:
    """All batches of the data; adds their loss and metrics to the mean, answers the number of the next batch.

    Raises
    ------
    DivergedError
        The loss or a parameter is not finite; the stepper stands at the last finite step.
    """
    start, i = stepper.snapshot(), first_batch - 1
    watched = callbacks.wants_batches
    shuffled = _in_order(data, order)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        parts = batches(len(data), batch_size, order if shuffled is None else None)
        for i, rows in enumerate(parts, first_batch):
            if isinstance(rows, slice):
                batch = (data if shuffled is None else shuffled).slice(rows.start, rows.stop)
            else:
                batch = data.take(rows)
            if watched:
                callbacks.on_train_batch_begin(i)
            results = stepper.run(batch)
            if not math.isfinite(results[0]):
                _stop(stepper, start, data, batch_size, order, epoch)
            mean.add(results, batch.total_weight())
            watched = callbacks.wants_batches
            if watched:
                callbacks.on_train_batch_end(i, mean.logs())
        if not is_finite(*stepper.arrays().values()):
            _stop(stepper, start, data, batch_size, order, epoch)
    return i + 1


def _in_order(data: Dataset, order: Any) -> Dataset | None:
    """A small data set in the epoch's order: one copy takes less time than one for each batch."""
    small = order is not None and sum(array.size for array in data.inputs) <= SMALL_DATA
    return data.take(order) if small else None


def _stop(stepper: Stepper, start: Any, data: Dataset, batch_size: int, order: Any, epoch: int) -> None:
    """Replay the epoch up to its last step whose results are all finite, and say which value failed next."""
    stepper.restore(start)
    for rows in batches(len(data), batch_size, order):
        batch = data.slice(rows.start, rows.stop) if isinstance(rows, slice) else data.take(rows)
        before = stepper.snapshot()
        results = stepper.run(batch)
        if not math.isfinite(results[0]) or not is_finite(*stepper.arrays().values()):
            stepper.restore(before)
            raise DivergedError(stepper.program, stepper.all_values(batch), stepper.step + 1, epoch)
    raise AssertionError("the replay of a diverged epoch stayed finite")


def train(
    stepper: Stepper,
    parts: Callable[[int], Iterable[tuple[int, Dataset]]],
    *,
    batch_size: int,
    epochs: int,
    shuffle: bool,
    seed: int,
    callbacks: CallbackList,
    watched: bool,
    should_stop: Callable[[], bool],
    after_epoch: Callable[[int, dict[str, float]], dict[str, float]],
    refresh: Callable[[], None],
) -> None:
    """Run epochs until done or told to stop.

    Parameters
    ----------
    parts : callable
        Answers for the number of an epoch in this run the data's parts, with which the parameters change one
        after the other, each with a number: its order is a pure function of (seed, that number).
    watched : bool
        Whether somebody looks at every epoch.
    after_epoch : callable
        Called with the epoch's number in this run and its logs: stores the state and validates if somebody
        looks, answers the complete logs.
    refresh : callable
        Called before each epoch if somebody looks: callbacks may have changed parameters or rates.
    """
    orders = random.Orders(seed)
    for epoch in range(epochs):
        callbacks.on_epoch_begin(epoch)
        if watched:
            refresh()
        mean, batch = Mean(stepper.results), 0
        for number, data in parts(epoch):
            order = orders.of(number, len(data)) if shuffle else None
            batch = run_epoch(stepper, data, batch_size, order, callbacks, epoch, mean, batch)
            del data  # before the next part is there, so that there are never three in memory
        callbacks.on_epoch_end(epoch, after_epoch(epoch, mean.logs()))
        if should_stop():
            break
