"""Networks behind scikit-learn's contract. Importing this package imports scikit-learn."""

from __future__ import annotations

from glassnet.estimators.frame_encoder import FrameEncoder as FrameEncoder
from glassnet.estimators.hidden import HiddenFeatures as HiddenFeatures
from glassnet.estimators.linear import LinearClassifier as LinearClassifier
from glassnet.estimators.mlp_classifier import MLPClassifier as MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor as MLPRegressor
from glassnet.estimators.network import NetworkClassifier as NetworkClassifier
from glassnet.estimators.network import NetworkRegressor as NetworkRegressor
from glassnet.estimators.stored import CLASSES as CLASSES  # teaches the model files about them

__all__ = [
    "FrameEncoder",
    "HiddenFeatures",
    "LinearClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
]
