"""Averages of the parameters over the epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from glassnet.errors import InputError, NotBuiltError
from glassnet.nn.registry import fraction
from glassnet.train.callbacks.base import Callback, Logs

__all__ = ["ParameterAverage"]


class ParameterAverage(Callback):
    """Average the parameters over the epochs: equally (SWA), or with a memory that fades (EMA).

    Running statistics are averaged likewise. For an average over the single steps, which is part of the
    printed program, give the optimizer ``use_ema=True``.

    Parameters
    ----------
    momentum : float, optional
        The share of its old value that the average keeps at each epoch; by default all epochs count alike.
    start_from_epoch : int, default 0
        Epochs before this one do not count.
    apply : bool, default True
        Give the model the average at the end of `fit`. Otherwise it stays in ``average``; see
        :meth:`applied`.

    Attributes
    ----------
    average : dict of str to ndarray
        Key → average, in float64; empty before the first epoch that counts.
    count : int
        Epochs averaged.

    References
    ----------
    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992. P. Izmailov et
    al., "Averaging weights leads to wider optima and better generalization", 2018.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> callback = ParameterAverage(apply=False)
    >>> for epoch, value in enumerate([1.0, 3.0]):
    ...     callback.set_model(SimpleNamespace(parameters={"w": np.array([value])}, state={}))
    ...     callback.on_epoch_end(epoch)
    >>> callback.average
    {'w': array([2.])}
    """

    def __init__(self, momentum: float | None = None, start_from_epoch: int = 0, apply: bool = True) -> None:
        self.momentum = None if momentum is None else fraction(momentum, "momentum", "ParameterAverage")
        if start_from_epoch < 0:
            raise InputError(
                f"ParameterAverage's start_from_epoch is {start_from_epoch}.\n"
                "It is a number of epochs, 0 or more."
            )
        self.start_from_epoch, self.apply = start_from_epoch, apply
        self.average: dict[str, np.ndarray] = {}
        self.count = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.average, self.count = {}, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch < self.start_from_epoch:
            return
        self.count += 1
        share = 1 / self.count if self.momentum is None or self.count == 1 else 1 - self.momentum
        for key, array in {**self.model.parameters, **self.model.state}.items():
            value = np.asarray(array, float)
            old = self.average.get(key, value)
            self.average[key] = old + share * (value - old)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.apply and self.average:
            self.model.set_parameters(self.average)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model with the averaged parameters, inside ``with``; afterwards it has its own again.

        Raises
        ------
        NotBuiltError
            There is no average yet.
        """
        if not self.average:
            raise NotBuiltError("ParameterAverage has no average yet: no epoch has counted.")
        own = {key: np.array(value) for key, value in {**self.model.parameters, **self.model.state}.items()}
        self.model.set_parameters(self.average)
        try:
            yield
        finally:
            self.model.set_parameters(own)
