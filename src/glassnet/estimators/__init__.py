"""Networks behind scikit-learn's contract. Importing this package imports scikit-learn."""

from __future__ import annotations

from glassnet.estimators.network import NetworkClassifier as NetworkClassifier
from glassnet.estimators.network import NetworkRegressor as NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
