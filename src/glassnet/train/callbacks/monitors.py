"""Callbacks that watch a number: stop, or lower the learning rate, when it no longer improves."""

from __future__ import annotations

import math
from typing import Any

from glassnet.errors import InputError, suggest
from glassnet.nn.registry import fraction, non_negative
from glassnet.train.callbacks.base import Callback, Logs
from glassnet.train.callbacks.rates import require_settable_rate
from glassnet.train.wording import both

__all__ = ["EarlyStopping", "ReduceLROnPlateau"]

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


class Monitor(Callback):
    """Base of callbacks that watch a number.

    Parameters
    ----------
    monitor : str
        The loss or metric to watch.
    mode : {"auto", "min", "max"}
        Whether the number should fall or rise; ``"auto"`` tells by its name.
    min_delta : float
        A change of at most this is no improvement.

    Raises
    ------
    InputError
        A bad argument; in `fit`, a monitor that is not reported or whose direction is unknown.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        if mode not in ("auto", "min", "max"):
            raise InputError(
                f"{type(self).__name__}'s mode is {mode!r}.\n{suggest(mode, ['auto', 'min', 'max'])}"
            )
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.sign = -1.0 if self._direction() == "max" else 1.0

    def _check_epochs(self, **counts: int) -> None:
        for name, value in counts.items():
            if value < 0:
                raise InputError(
                    f"{type(self).__name__}'s {name} is {value}.\nIt is a number of epochs, 0 or more."
                )

    def _direction(self) -> str | None:
        if self.mode != "auto":
            return self.mode
        words = self.monitor.split("_")
        return next((way for way, known in _DIRECTIONS if known.intersection(words)), None)

    def _require_direction(self) -> None:
        if self._direction() is None:
            raise InputError(
                f"{type(self).__name__} cannot tell by the name {self.monitor!r} whether it should fall or "
                'rise.\nPass mode="min" or mode="max".'
            )

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
            f"{type(self).__name__} watches {self.monitor!r}, which this fit does not report.\n"
            f"It reports {both([repr(name) for name in names]) if names else 'nothing'}.\n{remedy}"
        )


class EarlyStopping(Monitor):
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
        super().__init__(monitor, mode, min_delta)
        self._check_epochs(patience=patience, start_from_epoch=start_from_epoch)
        self.baseline = baseline
        self.patience, self.start_from_epoch, self.verbose = patience, start_from_epoch, verbose
        self.restore_best_weights = restore_best_weights
        self._reset()

    def _reset(self) -> None:
        self.best = self.sign * math.inf
        self.best_epoch = self.stopped_epoch = self.wait = 0
        self.best_snapshot: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._require_direction()
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


class ReduceLROnPlateau(Monitor):
    """Lower the learning rate when a number no longer improves, as Keras's callback of this name does.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The loss or metric to watch.
    factor : float, default 0.1
        The learning rate is multiplied by this; below 1.
    patience : int, default 10
        How many epochs without improvement to wait for one.
    verbose : int, default 0
        With 1, say so when the rate changes.
    mode : {"auto", "min", "max"}, default "auto"
        Whether the number should fall or rise; ``"auto"`` tells by its name.
    min_delta : float, default 1e-4
        A change of at most this is no improvement.
    cooldown : int, default 0
        How many epochs after a change to wait before counting again.
    min_lr : float, default 0.0
        The rate never becomes lower than this.

    Attributes
    ----------
    best : float
        The best value seen.
    wait : int
        Epochs since the last improvement or change.

    Raises
    ------
    InputError
        A bad argument; in `fit`, a monitor that is not reported or whose direction is unknown, or an
        optimizer whose rate a schedule decides.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> reduce = ReduceLROnPlateau("loss", factor=0.5, patience=1)
    >>> reduce.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.1)))
    >>> reduce.on_train_begin()
    >>> for epoch, loss in enumerate([0.5, 0.4, 0.45, 0.41]):
    ...     reduce.on_epoch_end(epoch, {"loss": loss})
    >>> reduce.model.optimizer.learning_rate
    0.025
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self._check_epochs(patience=patience, cooldown=cooldown)
        self.factor = fraction(factor, "factor", "ReduceLROnPlateau")
        self.min_lr = non_negative(min_lr, "min_lr", "ReduceLROnPlateau")
        self.patience, self.cooldown, self.verbose = patience, cooldown, verbose
        self._reset()

    def _reset(self) -> None:
        self.best = self.sign * math.inf
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._require_direction()
        require_settable_rate(self)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._monitored(logs or {})
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate <= self.min_lr:
            return
        optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
        if self.verbose:
            print(f"Epoch {epoch + 1}: reducing the learning rate to {optimizer.learning_rate:g}")
        self.cooldown_counter, self.wait = self.cooldown, 0
