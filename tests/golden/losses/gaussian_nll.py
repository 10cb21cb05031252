# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def train_step(x, y, W1, b1, W2, b2):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n, 1) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    z1 = x @ W1 + b1                                                    # (n, 5)
    h1 = np.maximum(z1, 0)                                              # (n, 5)

    # dense_2: Dense(2)
    z2 = h1 @ W2 + b2                                                   # (n, 2)

    # loss
    mean = z2[:, :1]                                                    # (n, 1)
    log_variance = np.maximum(z2[:, 1:], -60.0)                         # (n, 1)
    precision_root = np.exp(-0.5 * log_variance)                        # (n, 1)
    r = (y - mean) * precision_root                                     # (n, 1)
    square = r**2                                                       # (n, 1)
    losses = 0.5 * (log_variance + square)                              # (n, 1)
    loss = losses.mean()                                                # scalar

    # ---------------- backward --------------------------------------
    # loss
    dmean = -r * precision_root / n                                     # (n, 1)
    dlog_variance = np.where(z2[:, 1:] > -60.0, 0.5 * (1 - square), 0) / n  # (n, 1)
    dz2 = np.concatenate([dmean, dlog_variance], axis=1)                # (n, 2)

    # dense_2
    dW2 = h1.T @ dz2                                                    # (5, 2)
    db2 = dz2.sum(axis=0)                                               # (2,)
    dh1 = dz2 @ W2.T                                                    # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                                # (n, 5)
    dW1 = x.T @ dz1                                                     # (4, 5)
    db1 = dz1.sum(axis=0)                                               # (5,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                       # (4, 5)
    b1 = b1 - learning_rate * db1                                       # (5,)
    W2 = W2 - learning_rate * dW2                                       # (5, 2)
    b2 = b2 - learning_rate * db2                                       # (2,)

    return loss, W1, b1, W2, b2
