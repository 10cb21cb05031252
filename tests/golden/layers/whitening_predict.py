# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def predict(x, W1, b1, state):
    """The network's output for the inputs x."""
    n = x.shape[0]

    # rescaling_1: Rescaling(0.0625, 0)
    xs1 = 0.0625 * x                  # (n, 3, 2)

    # flatten_1: Flatten
    flat1 = xs1.reshape(n, 6)         # (n, 6)

    # mean_subtraction_1: MeanSubtraction
    mu1 = state["mean_subtraction_1.mean"]
    xc1 = flat1 - mu1                 # (n, 6)

    # whitening_1: ZCA whitening(6 of 6, 100.0 % of the variance)
    mu2 = state["whitening_1.mean"]
    U2 = state["whitening_1.rotation"]
    variance2 = state["whitening_1.variance"]
    rotated2 = (xc1 - mu2) @ U2       # (n, 6)
    std2 = np.sqrt(variance2 + 1e-5)  # (6,)
    white2 = rotated2 / std2          # (n, 6)
    zca2 = white2 @ U2.T              # (n, 6)

    # dense_1: Dense(3)
    z1 = zca2 @ W1 + b1               # (n, 3)

    return z1
