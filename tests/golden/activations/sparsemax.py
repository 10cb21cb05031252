# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def sparsemax(z):
    z = np.maximum(z - z.max(axis=1, keepdims=True), -1)
    columns = z[..., None]
    excess = np.maximum(columns.transpose(0, 2, 1) - columns, 0).sum(axis=2)
    support = excess < 1
    total = np.where(support, z, 0.0).sum(axis=1, keepdims=True)
    tau = (total - 1) / support.astype(z.dtype).sum(axis=1, keepdims=True)
    return np.maximum(z - tau, 0)


def gradients(x, y, W1, b1, W2, b2):
    """The gradient of the loss with respect to each parameter.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6, sparsemax)
    z1 = x @ W1 + b1                                                    # (n, 6)
    h1 = sparsemax(z1)                                                  # (n, 6)

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
    support1 = h1 > 0                                                   # (n, 6) bool
    total1 = np.where(support1, dh1, 0.0).sum(axis=1, keepdims=True)    # (n, 1)
    mean1 = total1 / support1.astype(x.dtype).sum(axis=1, keepdims=True)  # (n, 1)
    dz1 = np.where(support1, dh1 - mean1, 0.0)                          # (n, 6)
    dW1 = x.T @ dz1                                                     # (4, 6)
    db1 = dz1.sum(axis=0)                                               # (6,)

    return dW1, db1, dW2, db2
