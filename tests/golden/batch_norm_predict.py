# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def predict(x, W1, b1, gamma1, beta1, W2, b2, state):
    """The network's output for the inputs x."""
    # dense_1: Dense(64)
    z1 = x @ W1 + b1                          # (n, 64)

    # batch_normalization_1: BatchNormalization
    moving_mean1 = state["batch_normalization_1.moving_mean"]
    moving_variance1 = state["batch_normalization_1.moving_variance"]
    std1 = np.sqrt(moving_variance1 + 0.001)  # (64,)
    xhat1 = (z1 - moving_mean1) / std1        # (n, 64)
    a1 = gamma1 * xhat1 + beta1               # (n, 64)

    # activation_1: Activation(relu)
    h1 = np.maximum(a1, 0)                    # (n, 64)

    # dense_2: Dense(10)
    z2 = h1 @ W2 + b2                         # (n, 10)

    return z2
