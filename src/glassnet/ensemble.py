"""Several networks that predict together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError, InputTypeError
from glassnet.model import Model

__all__ = ["Ensemble"]


class Ensemble:
    """Networks that predict together: the mean of their probabilities, or of their outputs.

    The members may be models trained from several initializations, or, by :meth:`of_snapshots`, one model at
    several moments of its training. The log loss of averaged probabilities is never above the mean of the
    members' log losses, because the logarithm is concave.

    Parameters
    ----------
    members : sequence of Model
        Trained for the same task.

    Raises
    ------
    InputTypeError
        A member that is not a model.
    InputError
        No members.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> X, y = np.array([[0.0], [1.0]]), np.array([0, 1])
    >>> members = [gn.Sequential([gn.layers.Dense(2)], seed=seed) for seed in range(3)]
    >>> for model in members:
    ...     model.compile("adam", "softmax_cross_entropy")
    ...     history = model.fit(X, y, epochs=2, verbose=0)
    >>> gn.Ensemble(members).predict(X).sum(axis=1)
    array([1., 1.], dtype=float32)
    """

    def __init__(self, members: Sequence[Model]) -> None:
        for member in members:
            if not isinstance(member, Model):
                raise InputTypeError(f"Ensemble needs models; got {type(member).__name__}.")
        if not members:
            raise InputError("Ensemble needs at least one model.")
        self.members: list[tuple[Model, Any]] = [(model, None) for model in members]

    @classmethod
    def of_snapshots(cls, model: Model, snapshots: Sequence[Any]) -> Ensemble:
        """One model at several moments.

        Parameters
        ----------
        model : Model
        snapshots : sequence
            Answers of ``model.get_snapshot()``, kept by a callback, say.

        Returns
        -------
        Ensemble

        Examples
        --------
        >>> import numpy as np, glassnet as gn
        >>> model = gn.Sequential([gn.layers.Dense(1)])
        >>> model.compile("sgd", "squared_error")
        >>> snapshots = []
        >>> keep = gn.callbacks.LambdaCallback(lambda epoch, logs: snapshots.append(model.get_snapshot()))
        >>> history = model.fit(np.eye(2), np.ones(2), epochs=4, verbose=0, callbacks=[keep])
        >>> len(gn.Ensemble.of_snapshots(model, snapshots))
        4
        """
        if not len(snapshots):
            raise InputError("Ensemble.of_snapshots() needs at least one snapshot.")
        ensemble = cls([model])
        ensemble.members = [(model, snapshot) for snapshot in snapshots]
        return ensemble

    def __len__(self) -> int:
        return len(self.members)

    def predict_each(self, X: Any, batch_size: int = 4096) -> np.ndarray:
        """What each member says.

        Parameters
        ----------
        X : array (n, ...), or list of arrays
        batch_size : int, default 4096
            Rows computed at a time.

        Returns
        -------
        ndarray (members, n, ...)
            Probabilities where the loss defines them, else outputs.
        """
        return np.stack([_predicted(model, snapshot, X, batch_size) for model, snapshot in self.members])

    def predict(self, X: Any, batch_size: int = 4096) -> np.ndarray:
        """The mean of what the members say.

        Parameters
        ----------
        X : array (n, ...), or list of arrays
        batch_size : int, default 4096
            Rows computed at a time.

        Returns
        -------
        ndarray (n, ...)
            Probabilities where the loss defines them, else outputs.
        """
        mean: np.ndarray = self.predict_each(X, batch_size).mean(axis=0)
        return mean


def _predicted(model: Model, snapshot: Any, X: Any, batch_size: int) -> np.ndarray:
    """Probabilities or outputs of a model, with other parameters for the moment if there is a snapshot."""
    if snapshot is None:
        scores = model.predict(X, batch_size)
    else:
        own = model.get_snapshot()
        model.set_snapshot(snapshot)
        try:
            scores = model.predict(X, batch_size)
        finally:
            model.set_snapshot(own)
    known = None if model.loss_function is None else model.loss_function.probabilities(scores)
    return scores if known is None else np.asarray(known)
