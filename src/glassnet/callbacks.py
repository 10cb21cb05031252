"""Callbacks: what happens between epochs."""

from __future__ import annotations

from glassnet.train.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    MLflowLogger,
    ParameterAverage,
    ReduceLROnPlateau,
    TensorBoard,
)
from glassnet.train.progress import ProgressBar

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateScheduler",
    "MLflowLogger",
    "ParameterAverage",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TensorBoard",
]
