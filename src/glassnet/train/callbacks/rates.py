"""Callbacks that set the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from glassnet.errors import InputError, InputTypeError
from glassnet.nn.registry import non_negative
from glassnet.train.callbacks.base import Callback, Logs
from glassnet.train.wording import a_kind, short

__all__ = ["LearningRateScheduler", "require_settable_rate"]


def require_settable_rate(callback: Callback) -> None:
    """An error if a schedule decides the learning rate of the model's optimizer."""
    optimizer = callback.model.optimizer
    if getattr(optimizer, "scheduled", False):
        raise InputError(
            f"{type(callback).__name__} changes the learning rate, but the optimizer follows a schedule: "
            f"{type(optimizer.learning_rate).__name__}.\n"
            "Use one of them: compile() the model with a number as the learning rate, or drop the callback."
        )


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch. A rate for each step: see `glassnet.schedules`.

    Parameters
    ----------
    schedule : callable
        Called with ``(epoch, learning_rate)``, or with ``(epoch)`` if it takes one argument; epochs count
        from 0. Answers the new rate. A `LearningRateSchedule` works, with epochs in place of steps.
    verbose : int, default 0
        With 1, say which rate is set.

    Raises
    ------
    InputTypeError
        Something that cannot be called.
    InputError
        In `fit`, an answer that is no rate, or an optimizer whose rate a schedule decides.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> callback = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    >>> callback.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.1)))
    >>> for epoch in range(3):
    ...     callback.on_epoch_begin(epoch)
    >>> callback.model.optimizer.learning_rate
    0.025
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise InputTypeError(
                f"LearningRateScheduler got {a_kind(schedule)}: {short(schedule)}.\n"
                "It needs a function of the epoch and the present learning rate."
            )
        self.schedule, self.verbose = schedule, verbose
        self.takes_rate = _takes(schedule, 2)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        require_settable_rate(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        rate = self.schedule(epoch, optimizer.learning_rate) if self.takes_rate else self.schedule(epoch)
        optimizer.learning_rate = non_negative(rate, f"the rate of epoch {epoch}", "LearningRateScheduler")
        if self.verbose:
            print(f"Epoch {epoch + 1}: setting the learning rate to {optimizer.learning_rate:g}")


def _takes(function: Callable[..., float], count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):  # it takes fewer, or it is written in C and does not say
        return False
    return True
