"""One call of ``fit``: the backend it runs on, what happens after an epoch, and what is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np

from glassnet.errors import DivergenceError
from glassnet.nn.specs import Spec
from glassnet.optim.optimizers import Optimizer
from glassnet.train import chunked_loop, compiled_loop, loop, prepare, threads
from glassnet.train.backend import Choice
from glassnet.train.callbacks import CallbackList
from glassnet.train.compiled import CompiledStepper, Values
from glassnet.train.data import Dataset
from glassnet.train.divergence import DivergedError
from glassnet.train.history import History
from glassnet.train.shelf import Shelf
from glassnet.train.streaming import Stream


class Trained(Protocol):
    """What training needs of a model."""

    seed: int
    step: int
    epoch: int
    stop_training: bool
    optimizer: Optimizer | None
    dtype: Any
    _shelf: Shelf
    _target: Spec | None
    _weighted: bool

    def _evaluate(
        self, data: Dataset, batch_size: int = 4096, *, compiled: bool | None = None
    ) -> dict[str, float]:
        """Loss and metrics of held-out data."""


@dataclass
class Fitting:
    """A training run of a model.

    Attributes
    ----------
    model : Trained
    data : Dataset or Stream
    validation : Dataset or None
    batch_size, epochs : int
    shuffle : bool
    callbacks : CallbackList
    history : History
    choice : Choice
        The backend.
    threads : int or None
        For compiled loops; None for as many as pay.
    """

    model: Trained
    data: Dataset | Stream
    validation: Dataset | None
    batch_size: int
    epochs: int
    shuffle: bool
    callbacks: CallbackList
    history: History
    choice: Choice
    threads: int | None = None
    shares_memory = False

    def run(self) -> None:
        """Train; whatever happens, the model keeps the last state reached."""
        model, optimizer = self.model, self.model.optimizer
        assert optimizer is not None
        self.stepper: Any = self._stepper()
        one_thread = self.choice.name == "numba" or threads.is_small(model, self.batch_size, passes=3)  # type: ignore[arg-type]
        with self.callbacks, threads.limited(one_thread):
            self.callbacks.on_train_begin()
            try:
                self._train()
            except DivergedError as error:
                raise DivergenceError(error.message(optimizer.rate_at(error.step))) from None
            finally:
                model._shelf.threads = None
                self.store()
                if isinstance(self.stepper, CompiledStepper):
                    self.stepper.program.release()
            model._shelf.apply_average()
            self.callbacks.on_train_end()

    def _stepper(self) -> Any:
        model = self.model
        assert model.optimizer is not None
        if self.choice.name == "numba" and model.optimizer.full_batch:
            return model._shelf.compiled_full_batch(
                model._target, model._weighted, self.batch_size, model.seed, model.step
            )
        if self.choice.name == "numba":
            parts = threads.parts(model, self.batch_size, self.threads)  # type: ignore[arg-type]
            self.history.params["threads"] = model._shelf.threads = parts
            return model._shelf.compiled_stepper(
                model._target, model._weighted, self.batch_size, parts, model.seed, model.step
            )
        program = model._shelf.program("train", model._target, model._weighted, True)
        return model._shelf.stepper(program, model.seed, model.step)

    def _train(self) -> None:
        with self.data if isinstance(self.data, Stream) else nullcontext():
            self._run_loop()

    def _run_loop(self) -> None:
        watched = self.callbacks.wants_every_epoch or self.validation is not None
        if isinstance(self.stepper, CompiledStepper):
            self.shares_memory = not watched and self.stepper.program.is_large
            if self.shares_memory:  # nobody looks before the end: a second copy would only take memory
                self.model._shelf.store(self.stepper, self.stepper.views())
            self._compiled_run(watched).train()
            return
        loop.train(
            self.stepper,
            self._parts(self.model.epoch),
            batch_size=self.batch_size,
            epochs=self.epochs,
            shuffle=self.shuffle,
            seed=self.model.seed,
            callbacks=self.callbacks,
            watched=watched,
            should_stop=self.should_stop,
            after_epoch=lambda epoch, logs: self.epoch_done(epoch, logs, watched),
            refresh=self.refresh,
        )

    def _compiled_run(self, watched: bool) -> compiled_loop.Run:
        first, calls = self.model.epoch, self.callbacks
        if isinstance(self.data, Stream):
            none, stream = chunked_loop.NO_DATA, self.data
            return chunked_loop.ChunkedRun(
                self.stepper, none, self.batch_size, self.epochs, first, self.shuffle, calls, self, watched,
                stream=stream,
            )  # fmt: skip
        return compiled_loop.Run(
            self.stepper, self.data, self.batch_size, self.epochs, first, self.shuffle, calls, self, watched
        )

    def _parts(self, first_epoch: int) -> Callable[[int], Iterable[tuple[int, Dataset]]]:
        """The parts of the data for an epoch of this run, each with a number that its order depends on."""
        data, last = self.data, self.epochs - 1
        if isinstance(data, Stream):
            return lambda epoch: data.epoch(first_epoch + epoch, more=epoch < last)
        return lambda epoch: [(first_epoch + epoch, data)]

    # ------------------------------------------------------------------------------------ what the loops ask
    def should_stop(self) -> bool:
        """Whether a callback wants training to end."""
        return self.model.stop_training

    def refresh(self) -> None:
        """Give the stepper what callbacks may have changed."""
        self.model._shelf.refresh(self.stepper)

    def store(self) -> None:
        """Put the stepper's arrays into the layers, unless a callback has put others there since."""
        if self.stepper.dirty:
            self.model._shelf.store(self.stepper, self.stepper.views() if self.shares_memory else None)
            self.model.step, self.stepper.dirty = self.stepper.step, False

    def epoch_done(self, epoch: int, logs: dict[str, float], look: bool) -> dict[str, float]:
        """Count and record an epoch; if somebody looks, store the state and validate before."""
        if look:
            self.store()
        self.model.epoch += 1
        if self.validation is not None:
            held_out = self.model._evaluate(self.validation, compiled=self.choice.name == "numba")
            logs = {**logs, **{f"val_{name}": value for name, value in held_out.items()}}
        self.history.append(epoch, logs)
        return logs

    def epochs_done(self, first: int, names: Sequence[str], means: np.ndarray) -> None:
        """Count and record many epochs at which nobody looks."""
        self.model.epoch += len(means)
        self.history.extend(first, dict(zip(names, means.T, strict=True)))

    def stored_values(self) -> Values | None:
        """The state that was stored last; None where a large network keeps only one."""
        if self.shares_memory:
            return None
        return self.model._shelf.training_values(self.stepper.program, self.model.seed, self.model.step)

    def diverged(self, batch: Dataset, epoch: int) -> NoReturn:
        """Keep the stepper's state, and say that its next step is not finite."""
        model = self.model
        self.stepper.dirty = True
        self.store()
        program = model._shelf.program("train", model._target, model._weighted, True)
        values = model._shelf.training_values(program, model.seed, model.step)
        arrays = prepare.as_floats(model, batch).arrays()  # type: ignore[arg-type]
        values.update({("argument", name): array for name, array in arrays.items()})
        raise DivergedError(program, values, model.step + 1, epoch)
