"""Callbacks: code of the user's that runs at fixed moments of training.

    fit ─ on_train_begin
          ├─ for every epoch ─ on_epoch_begin
          │                    ├─ for every batch ─ on_train_batch_begin · a step · on_train_batch_end
          │                    └─ on_epoch_end
          └─ on_train_end                             ... and close, even when training fails

Epochs and batches count from 0, as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from glassnet.errors import InputTypeError
from glassnet.train.wording import a_kind, short

__all__ = ["Callback", "CallbackList", "LambdaCallback", "Logs"]

Logs = Mapping[str, float]


class Callback:
    """Base of all callbacks: override the moments you need.

    Set ``self.model.stop_training = True`` to stop after the current epoch.

    Attributes
    ----------
    model : Model
        The model in training.
    params : dict
        ``epochs``, ``steps`` (batches per epoch) and others that `fit` knows.

    Examples
    --------
    >>> class PrintLoss(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}: {logs['loss']:.3f}")
    >>> PrintLoss().on_epoch_end(0, {"loss": 0.25})
    epoch 0: 0.250
    """

    model: Any = None
    params: Mapping[str, Any] = {}
    # A display needs no call at every moment: one now and then does.
    now_and_then = False

    def set_model(self, model: Any) -> None:
        """The model that is about to be trained."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """What `fit` was asked to do."""
        self.params = params

    @property
    def is_silent(self) -> bool:
        """Whether nothing is to be shown at the epochs of this run, so that they need not be told."""
        return False

    @property
    def wants_batches(self) -> bool:
        """Whether this callback has to be called for every batch, which takes time."""
        hooks = (self.on_train_batch_begin, self.on_train_batch_end)
        ours = (Callback.on_train_batch_begin, Callback.on_train_batch_end)
        return any(getattr(hook, "__func__", None) is not our for hook, our in zip(hooks, ours, strict=True))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch; ``logs`` are those of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; ``logs`` hold the loss and metrics."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step."""

    def close(self) -> None:
        """Called last, however training ends: give back what `on_train_begin` took."""


class CallbackList:
    """Forwards every moment to all callbacks, in their order; a context that closes them.

    Parameters
    ----------
    callbacks : Callback or sequence of Callback or None
        What the user passed.
    model : Model
        The model in training.
    params : dict, optional
        What the callbacks may know about the run.

    Raises
    ------
    InputTypeError
        Something that is not a callback.

    Examples
    --------
    >>> log = LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))
    >>> with CallbackList(log, model=None) as callbacks:
    ...     callbacks.on_epoch_end(0, {"loss": 0.5})
    {'loss': 0.5}
    """

    def __init__(
        self,
        callbacks: Callback | Sequence[Callback] | None,
        model: Any,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.callbacks = _listed(callbacks)
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params or {})

    @property
    def wants_batches(self) -> bool:
        """Whether any callback has to be called for every batch; may change while training runs."""
        return any(callback.wants_batches for callback in self.callbacks)

    @property
    def wants_every_batch(self) -> bool:
        """Whether a callback has to be called for every batch, and not only now and then."""
        return any(callback.wants_batches and not callback.now_and_then for callback in self.callbacks)

    @property
    def is_silent(self) -> bool:
        """Whether no callback has to be told about epochs."""
        return all(callback.is_silent for callback in self.callbacks)

    @property
    def wants_every_epoch(self) -> bool:
        """Whether a callback may look at the model after every epoch."""
        return any(not callback.now_and_then for callback in self.callbacks)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)

    def __enter__(self) -> CallbackList:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for callback in self.callbacks:
            callback.close()


def _listed(callbacks: Any) -> list[Callback]:
    if callbacks is None:
        return []
    found = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in found:
        if not isinstance(callback, Callback):
            raise _not_a_callback(callback)
    return found


def _not_a_callback(thing: Any) -> InputTypeError:
    if isinstance(thing, type):
        return InputTypeError(
            f"callbacks has the class {thing.__name__}.\n"
            f"fit() needs an object of it.\nWrite {thing.__name__}(), with parentheses."
        )
    if callable(thing):
        return InputTypeError(
            f"callbacks has {a_kind(thing)}.\n"
            "fit() needs callbacks.\nSay when it should run: LambdaCallback(on_epoch_end=...)."
        )
    return InputTypeError(
        f"callbacks has {a_kind(thing)}: {short(thing)}.\n"
        "fit() needs callbacks.\nSubclass glassnet.callbacks.Callback, or use LambdaCallback."
    )


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_train_begin, on_train_end : callable, optional
        Called with ``(logs)``.
    on_epoch_begin, on_epoch_end : callable, optional
        Called with ``(epoch, logs)``.
    on_train_batch_begin, on_train_batch_end : callable, optional
        Called with ``(batch, logs)``.

    Raises
    ------
    InputTypeError
        Something that cannot be called.

    Examples
    --------
    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> callback.on_epoch_end(3, {"loss": 0.5})
    3 0.5
    >>> callback.wants_batches
    False
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Logs], Any] | None = None,
        on_epoch_end: Callable[[int, Logs], Any] | None = None,
        on_train_begin: Callable[[Logs], Any] | None = None,
        on_train_end: Callable[[Logs], Any] | None = None,
        on_train_batch_begin: Callable[[int, Logs], Any] | None = None,
        on_train_batch_end: Callable[[int, Logs], Any] | None = None,
    ) -> None:
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in given.items():
            if function is None:
                continue
            if not callable(function):
                raise InputTypeError(
                    f"LambdaCallback got {a_kind(function)} for {name}: {short(function)}.\n"
                    "It needs a function."
                )
            setattr(self, name, function)
