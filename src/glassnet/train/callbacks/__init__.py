"""Callbacks: code of the user's that runs at fixed moments of training."""

from __future__ import annotations

from glassnet.train.callbacks.averages import ParameterAverage
from glassnet.train.callbacks.base import Callback, CallbackList, LambdaCallback, Logs
from glassnet.train.callbacks.loggers import CSVLogger, MLflowLogger, TensorBoard
from glassnet.train.callbacks.monitors import EarlyStopping, ReduceLROnPlateau
from glassnet.train.callbacks.rates import LearningRateScheduler

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "MLflowLogger",
    "ParameterAverage",
    "ReduceLROnPlateau",
    "TensorBoard",
]
