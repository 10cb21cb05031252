# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd
max_norm_limit = 3  # dense_1.kernel


def max_norm(w, limit):
    norm = np.sqrt((w**2).sum(axis=0, keepdims=True))
    return w * np.minimum(1, limit / (norm + 1e-7))


def train_step(x, y, W1, b1, W2, b2):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6, tanh)
    a1 = np.tanh(x @ W1 + b1)          # (n, 6)

    # dense_2: Dense(3)
    z2 = a1 @ W2 + b2                  # (n, 3)

    # loss
    e = z2 - y                         # (n, 3)
    loss = (e**2).mean()               # scalar

    # ---------------- backward --------------------------------------
    # loss
    dz2 = 2 * e / (3 * n)              # (n, 3)

    # dense_2
    dW2 = a1.T @ dz2                   # (6, 3)
    db2 = dz2.sum(axis=0)              # (3,)
    da1 = dz2 @ W2.T                   # (n, 6)

    # dense_1
    dz1 = da1 * (1 - a1**2)            # (n, 6)
    dW1 = x.T @ dz1                    # (4, 6)
    db1 = dz1.sum(axis=0)              # (6,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1      # (4, 6)
    b1 = b1 - learning_rate * db1      # (6,)
    W2 = W2 - learning_rate * dW2      # (6, 3)
    b2 = b2 - learning_rate * db2      # (3,)

    # constraints
    W1 = max_norm(W1, max_norm_limit)  # (4, 6)

    return loss, W1, b1, W2, b2
