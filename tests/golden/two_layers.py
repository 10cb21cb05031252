# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 1.0  # sgd


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def train_step(x, y, W1, W2):
    """One training step: loss, gradients, update.

    x (n, 3) inputs, y (n, 1) targets.
    """
    # ---------------- forward ---------------------------------------
    # dense_1: Dense(4, sigmoid, no bias)
    a1 = sigmoid(x @ W1)           # (n, 4)

    # dense_2: Dense(1, sigmoid, no bias)
    a2 = sigmoid(a1 @ W2)          # (n, 1)

    # loss
    e = a2 - y                     # (n, 1)
    loss = (e**2).sum()            # scalar

    # ---------------- backward --------------------------------------
    # loss
    da2 = 2 * e                    # (n, 1)

    # dense_2
    dz2 = da2 * a2 * (1 - a2)      # (n, 1)
    dW2 = a1.T @ dz2               # (4, 1)
    da1 = dz2 @ W2.T               # (n, 4)

    # dense_1
    dz1 = da1 * a1 * (1 - a1)      # (n, 4)
    dW1 = x.T @ dz1                # (3, 4)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1  # (3, 4)
    W2 = W2 - learning_rate * dW2  # (4, 1)

    return loss, W1, W2
