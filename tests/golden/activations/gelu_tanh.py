# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradients(x, y, W1, b1, W2, b2):
    """The gradient of the loss with respect to each parameter.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6, gelu(approximate=True))
    z1 = x @ W1 + b1                                                    # (n, 6)
    cdf1 = sigmoid(1.5957691216057308 * (z1 + 0.044715 * z1**3))        # (n, 6)
    h1 = z1 * cdf1                                                      # (n, 6)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                                                   # (n, 3)

    # loss
    e = z2 - y                                                          # (n, 3)

    # ---------------- backward --------------------------------------
    # loss
    dz2 = 2 * e / (3 * n)                                               # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                                    # (6, 3)
    db2 = dz2.sum(axis=0)                                               # (3,)
    dh1 = dz2 @ W2.T                                                    # (n, 6)

    # dense_1
    slope1 = 1.5957691216057308 * (1 + 0.134145 * np.minimum(z1**2, 100))  # (n, 6)
    pdf1 = cdf1 * (1 - cdf1) * slope1                                   # (n, 6)
    dz1 = dh1 * (cdf1 + z1 * pdf1)                                      # (n, 6)
    dW1 = x.T @ dz1                                                     # (4, 6)
    db1 = dz1.sum(axis=0)                                               # (6,)

    return dW1, db1, dW2, db2
