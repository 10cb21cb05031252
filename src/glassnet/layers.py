"""The layers."""

from __future__ import annotations

from glassnet.nn.activation_layers import ELU, LeakyReLU, Maxout, PReLU, ReLU, Softmax
from glassnet.nn.core import Activation, ActivityRegularization, BiasTrick, Dense
from glassnet.nn.embedding import ColumnEmbedding, Embedding
from glassnet.nn.layer import Layer
from glassnet.nn.layer_norm import (
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from glassnet.nn.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from glassnet.nn.noise import (
    AlphaDropout,
    DropConnect,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    VanillaDropout,
)
from glassnet.nn.norm import BatchNormalization
from glassnet.nn.preprocessing import MeanSubtraction, MinMaxScaling, Normalization, Rescaling
from glassnet.nn.reshaping import Flatten, Permute, RepeatVector, Reshape
from glassnet.nn.whitening import PCA, Whitening, covariance

__all__ = [
    "ELU",
    "PCA",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "BiasTrick",
    "ColumnEmbedding",
    "Concatenate",
    "Dense",
    "Dot",
    "DropConnect",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Maxout",
    "MeanSubtraction",
    "MinMaxScaling",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Subtract",
    "UnitNormalization",
    "VanillaDropout",
    "Whitening",
    "covariance",
]
