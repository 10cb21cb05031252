"""The layers."""

from __future__ import annotations

from glassnet.nn.core import Activation, Dense, Dropout, Flatten
from glassnet.nn.layer import Layer
from glassnet.nn.norm import BatchNormalization, Normalization

__all__ = ["Activation", "BatchNormalization", "Dense", "Dropout", "Flatten", "Layer", "Normalization"]
