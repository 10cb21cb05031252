# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def squareplus_root(z):
    m = np.maximum(np.abs(z), 1)
    return m * np.sqrt((z / m)**2 + 4.0 / m / m)


def squareplus(z):
    half = 0.5 * np.abs(z) + 0.5 * squareplus_root(z)
    return np.where(z > 0, half, 1.0 / half)


def gradients(x, y, W1, b1, W2, b2):
    """The gradient of the loss with respect to each parameter.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6, squareplus)
    z1 = x @ W1 + b1                      # (n, 6)
    h1 = squareplus(z1)                   # (n, 6)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                     # (n, 3)

    # loss
    e = z2 - y                            # (n, 3)

    # ---------------- backward --------------------------------------
    # loss
    dz2 = 2 * e / (3 * n)                 # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                      # (6, 3)
    db2 = dz2.sum(axis=0)                 # (3,)
    dh1 = dz2 @ W2.T                      # (n, 6)

    # dense_1
    dz1 = dh1 * h1 / squareplus_root(z1)  # (n, 6)
    dW1 = x.T @ dz1                       # (4, 6)
    db1 = dz1.sum(axis=0)                 # (6,)

    return dW1, db1, dW2, db2
