# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

orthogonal_factor = 0.01  # dense_1.kernel
learning_rate = 0.1  # sgd


def mean_cosine(w):
    norm = np.sqrt(np.maximum((w**2).sum(axis=1, keepdims=True), 1e-14))
    unit = w / norm
    t1 = unit @ unit.T
    return (np.abs(t1).sum() - (unit**2).sum()) / 30


def train_step(x, y, W1, b1, W2, b2):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6, tanh)
    a1 = np.tanh(x @ W1 + b1)                                           # (n, 6)

    # dense_2: Dense(3)
    z2 = a1 @ W2 + b2                                                   # (n, 3)

    # loss
    e = z2 - y                                                          # (n, 3)
    data_loss = (e**2).mean()                                           # scalar
    penalty = orthogonal_factor * mean_cosine(W1.T)                     # scalar
    loss = data_loss + penalty                                          # scalar

    # ---------------- backward --------------------------------------
    # loss
    norm = np.sqrt(np.maximum((W1.T**2).sum(axis=1, keepdims=True), 1e-14))  # (6, 1)
    unit = W1.T / norm                                                  # (6, 4)
    t1 = unit @ unit.T                                                  # (6, 6)
    t2 = np.sign(t1) @ unit                                             # (6, 4)
    dunit = 2 * orthogonal_factor * (t2 - unit) / 30                    # (6, 4)
    t3 = (dunit - (dunit * unit).sum(axis=1, keepdims=True) * unit) / norm  # (6, 4)
    dz2 = 2 * e / (3 * n)                                               # (n, 3)

    # dense_2
    dW2 = a1.T @ dz2                                                    # (6, 3)
    db2 = dz2.sum(axis=0)                                               # (3,)
    da1 = dz2 @ W2.T                                                    # (n, 6)

    # dense_1
    dz1 = da1 * (1 - a1**2)                                             # (n, 6)
    dW1 = x.T @ dz1 + t3.T                                              # (4, 6)
    db1 = dz1.sum(axis=0)                                               # (6,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                       # (4, 6)
    b1 = b1 - learning_rate * db1                                       # (6,)
    W2 = W2 - learning_rate * dW2                                       # (6, 3)
    b2 = b2 - learning_rate * db2                                       # (3,)

    return loss, W1, b1, W2, b2
