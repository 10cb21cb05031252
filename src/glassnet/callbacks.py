"""Callbacks: what happens between epochs."""

from __future__ import annotations

from glassnet.train.callbacks import Callback, EarlyStopping, LambdaCallback
from glassnet.train.progress import ProgressBar

__all__ = ["Callback", "EarlyStopping", "LambdaCallback", "ProgressBar"]
