"""Callbacks: code of the user's that runs at fixed moments of training.

    fit ─ on_train_begin
          ├─ for every epoch ─ on_epoch_begin
          │                    ├─ for every batch ─ on_train_batch_begin · a step · on_train_batch_end
          │                    └─ on_epoch_end
          └─ on_train_end                             ... and close, even when training fails

Epochs and batches count from 0, as in Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from glassnet.errors import InputError, InputTypeError, suggest

from .wording import a_kind, both, short

__all__ = ["Callback", "CallbackList", "EarlyStopping", "LambdaCallback", "Logs"]

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

    def set_model(self, model: Any) -> None:
        """The model that is about to be trained."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """What `fit` was asked to do."""
        self.params = params

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


# What a word in the name of a metric says about its direction; the first row that knows one decides.
_DIRECTIONS = (
    ("max", {"neg"}),  # scikit-learn's neg_log_loss
    ("min", {"loss", "error", "mse", "mae", "rmse", "entropy", "crossentropy", "deviance", "divergence"}),
    (
        "min",
        {"perplexity", "brier", "hinge", "huber", "cosh", "poisson", "quantile", "nll", "squares", "ordinal"},
    ),
    (
        "max",
        {"accuracy", "acc", "auc", "precision", "recall", "specificity", "f1", "r2", "score", "similarity"},
    ),
)


class EarlyStopping(Callback):
    """Stop when a number no longer improves, as Keras's callback of this name does.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The loss or metric to watch.
    min_delta : float, default 0
        A change of at most this is no improvement.
    patience : int, default 0
        How many epochs without improvement to wait for one. With 0 the first such epoch stops.
    mode : {"auto", "min", "max"}, default "auto"
        Whether the number should fall or rise; ``"auto"`` tells by its name.
    baseline : float, optional
        Stop after ``patience`` epochs unless the number becomes better than this.
    restore_best_weights : bool, default False
        At the end, go back to the parameters of the best epoch.
    start_from_epoch : int, default 0
        Epochs before this one are not looked at.
    verbose : int, default 0
        With 1, say so when training stops and when parameters are restored.

    Attributes
    ----------
    best : float
        The best value seen.
    best_epoch : int
        Its epoch, counted from 0.
    stopped_epoch : int
        The epoch at which training was stopped; 0 if it was not.
    wait : int
        Epochs since the last improvement.

    Raises
    ------
    InputError
        A bad argument; in `fit`, a monitor that is not reported or whose direction is unknown.

    Notes
    -----
    An improvement is ``value < best - min_delta`` (or ``value > best + min_delta``); NaN never is one.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> stop = EarlyStopping("loss", patience=1)
    >>> stop.set_model(SimpleNamespace(stop_training=False))
    >>> stop.on_train_begin()
    >>> for epoch, loss in enumerate([0.5, 0.4, 0.45, 0.41]):
    ...     if not stop.model.stop_training:
    ...         stop.on_epoch_end(epoch, {"loss": loss})
    >>> stop.stopped_epoch, stop.best_epoch, stop.best
    (2, 1, 0.4)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise InputError(f"EarlyStopping's mode is {mode!r}.\n{suggest(mode, ['auto', 'min', 'max'])}")
        for name, value in {"patience": patience, "start_from_epoch": start_from_epoch}.items():
            if value < 0:
                raise InputError(f"EarlyStopping's {name} is {value}.\nIt is a number of epochs, 0 or more.")
        self.monitor, self.mode, self.baseline = monitor, mode, baseline
        self.min_delta = abs(min_delta)
        self.patience, self.start_from_epoch, self.verbose = patience, start_from_epoch, verbose
        self.restore_best_weights = restore_best_weights
        self._reset()

    def _reset(self) -> None:
        self.sign = -1.0 if self._direction() == "max" else 1.0
        self.best = self.sign * math.inf
        self.best_epoch = self.stopped_epoch = self.wait = 0
        self.best_snapshot: Any = None

    def _direction(self) -> str | None:
        if self.mode != "auto":
            return self.mode
        words = self.monitor.split("_")
        return next((way for way, known in _DIRECTIONS if known.intersection(words)), None)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._direction() is None:
            raise InputError(
                f"EarlyStopping cannot tell by the name {self.monitor!r} whether it should fall or rise.\n"
                'Pass mode="min" or mode="max".'
            )
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._monitored(logs or {})
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        better = self._is_better(value, self.best)
        if self.restore_best_weights and (better or self.best_snapshot is None):
            self.best_snapshot = self.model.get_snapshot()
            self.best_epoch = epoch
        if better:
            self.best, self.best_epoch = value, epoch
            if self.baseline is None or self._is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_snapshot is not None:
            if self.verbose:
                print(f"Restoring the parameters of the best epoch: {self.best_epoch + 1}")
            self.model.set_snapshot(self.best_snapshot)

    def _is_better(self, value: float, than: float) -> bool:
        return self.sign * value < self.sign * than - self.min_delta

    def _monitored(self, logs: Logs) -> float:
        if self.monitor in logs:
            return float(logs[self.monitor])
        names = sorted(logs)
        remedy = "Pass validation_data or validation_split to fit()."
        if not self.monitor.startswith("val_") or any(name.startswith("val_") for name in names):
            remedy = "Set monitor= to one of them, or compile() the model with that metric."
        raise InputError(
            f"EarlyStopping watches {self.monitor!r}, which this fit does not report.\n"
            f"It reports {both([repr(name) for name in names]) if names else 'nothing'}.\n{remedy}"
        )
