# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1, b1, W2, b2):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    z1 = x @ W1 + b1                         # (n, 5)
    h1 = np.maximum(z1, 0)                   # (n, 5)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                        # (n, 3)

    # loss
    logp = log_softmax(z2)                   # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n  # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)      # (n, 3) bool
    p = np.exp(logp)                         # (n, 3)
    dz2 = (p - onehot) / n                   # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                         # (5, 3)
    db2 = dz2.sum(axis=0)                    # (3,)
    dh1 = dz2 @ W2.T                         # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                     # (n, 5)
    dW1 = x.T @ dz1                          # (4, 5)
    db1 = dz1.sum(axis=0)                    # (5,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1            # (4, 5)
    b1 = b1 - 2.0 * learning_rate * db1      # (5,)
    W2 = W2 - learning_rate * dW2            # (5, 3)
    b2 = b2 - learning_rate * db2            # (3,)

    return loss, W1, b1, W2, b2
