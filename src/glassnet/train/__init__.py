"""Training: data in, epochs and batches, callbacks, progress, history."""

from __future__ import annotations

from .callbacks import Callback as Callback
from .callbacks import CallbackList as CallbackList
from .callbacks import EarlyStopping as EarlyStopping
from .callbacks import LambdaCallback as LambdaCallback
from .data import Dataset as Dataset
from .history import History as History
