"""scikit-learn's own callbacks (from its version 1.9 on): set by ``set_callbacks``, told of every epoch."""

from __future__ import annotations

import copy
from typing import Any

from glassnet.train.callbacks import Callback


class Bridge(Callback):
    """Tells an estimator's scikit-learn callbacks of each epoch.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext
    X, y : arrays
        As ``fit`` got them.
    metadata : dict
    """

    def __init__(self, estimator: Any, context: Any, X: Any, y: Any, metadata: dict[str, Any]) -> None:
        self.estimator, self.context = estimator, context
        self.task: Any = None
        self.told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.task = self.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(**self.told)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.task.call_on_fit_task_end(**self.told, reconstruction_attributes=self.fitted):
            self.model.stop_training = True

    def fitted(self) -> dict[str, Any]:
        """What an estimator needs to predict as if training had ended now."""
        return {"model_": copy.deepcopy(self.estimator.model_)}


def bridge(estimator: Any, X: Any, y: Any, metadata: dict[str, Any]) -> Bridge | None:
    """A bridge, if the estimator has such callbacks; their ``fit`` task has begun then."""
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    context = estimator._init_callback_context(max_subtasks=int(estimator.max_iter))
    found = Bridge(estimator, context, X, y, metadata)
    context.call_on_fit_task_begin(**found.told)
    return found


def finish(found: Bridge | None) -> None:
    """The ``fit`` task has ended."""
    if found is not None:
        found.context.call_on_fit_task_end(**found.told, reconstruction_attributes=found.fitted)
