# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd
global_clipnorm = 1.0  # sgd
weight_decay = 0.01  # sgd


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
    z1 = x @ W1 + b1                                                   # (n, 5)
    h1 = np.maximum(z1, 0)                                             # (n, 5)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                                                  # (n, 3)

    # loss
    logp = log_softmax(z2)                                             # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n                            # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                                # (n, 3) bool
    p = np.exp(logp)                                                   # (n, 3)
    dz2 = (p - onehot) / n                                             # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                                   # (5, 3)
    db2 = dz2.sum(axis=0)                                              # (3,)
    dh1 = dz2 @ W2.T                                                   # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                               # (n, 5)
    dW1 = x.T @ dz1                                                    # (4, 5)
    db1 = dz1.sum(axis=0)                                              # (5,)

    # ---------------- update ----------------------------------------
    # sgd
    t1 = (dW1**2).sum() + (db1**2).sum() + (dW2**2).sum()              # scalar
    norm = np.sqrt(t1 + (db2**2).sum())                                # scalar
    scale = global_clipnorm / np.maximum(norm, global_clipnorm)        # scalar
    dW1 = dW1 * scale                                                  # (4, 5)
    db1 = db1 * scale                                                  # (5,)
    dW2 = dW2 * scale                                                  # (5, 3)
    db2 = db2 * scale                                                  # (3,)
    W1 = W1 - learning_rate * dW1 - learning_rate * weight_decay * W1  # (4, 5)
    b1 = b1 - learning_rate * db1 - learning_rate * weight_decay * b1  # (5,)
    W2 = W2 - learning_rate * dW2 - learning_rate * weight_decay * W2  # (5, 3)
    b2 = b2 - learning_rate * db2 - learning_rate * weight_decay * b2  # (3,)

    return loss, W1, b1, W2, b2
