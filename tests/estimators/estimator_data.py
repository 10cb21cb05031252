"""The small tables that the tests of estimators use."""

import numpy as np

GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((20, 3))
LABELS = np.arange(20) % 2
NUMBERS = X[:, 0].copy()


def changed(array, index, value, dtype=None):
    """A copy with other entries."""
    copy = np.array(array, dtype)
    copy[index] = value
    return copy
