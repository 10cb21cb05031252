# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def predict(x, W1, b1, state):
    """The network's output for the inputs x."""
    # min_max_scaling_1: MinMaxScaling(-1, 1)
    minimum1 = state["min_max_scaling_1.minimum"]
    span1 = state["min_max_scaling_1.span"]
    xs1 = 2 * (x - minimum1) / span1 - 1  # (n, 8)

    # pca_1: PCA(2)
    mu1, U1 = state["pca_1.mean"], state["pca_1.rotation"]
    rotated1 = (xs1 - mu1) @ U1           # (n, 2)

    # dense_1: Dense(1)
    z1 = rotated1 @ W1 + b1               # (n, 1)

    return z1
