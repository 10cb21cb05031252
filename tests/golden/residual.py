# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.2  # sgd


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1, b1, W2, b2, W3, b3):
    """One training step: loss, gradients, update.

    x (n, 2) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(16)
    z1 = x @ W1 + b1                         # (n, 16)

    # plain NumPy
    h = np.maximum(z1, 0)                    # (n, 16)

    # dense_2: Dense(16)
    z2 = h @ W2 + b2                         # (n, 16)

    # plain NumPy
    h2 = np.maximum(z2, 0)                   # (n, 16)
    r = h2 + h                               # (n, 16)

    # dense_3: Dense(3)
    z3 = r @ W3 + b3                         # (n, 3)

    # loss
    logp = log_softmax(z3)                   # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n  # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)      # (n, 3) bool
    p = np.exp(logp)                         # (n, 3)
    dz3 = (p - onehot) / n                   # (n, 3)

    # dense_3
    dW3 = r.T @ dz3                          # (16, 3)
    db3 = dz3.sum(axis=0)                    # (3,)
    dr = dz3 @ W3.T                          # (n, 16)

    # plain NumPy
    dz2 = dr * (h2 > 0)                      # (n, 16)

    # dense_2
    dW2 = h.T @ dz2                          # (16, 16)
    db2 = dz2.sum(axis=0)                    # (16,)
    dh = dz2 @ W2.T + dr                     # (n, 16)

    # plain NumPy
    dz1 = dh * (h > 0)                       # (n, 16)

    # dense_1
    dW1 = x.T @ dz1                          # (2, 16)
    db1 = dz1.sum(axis=0)                    # (16,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1            # (2, 16)
    b1 = b1 - learning_rate * db1            # (16,)
    W2 = W2 - learning_rate * dW2            # (16, 16)
    b2 = b2 - learning_rate * db2            # (16,)
    W3 = W3 - learning_rate * dW3            # (16, 3)
    b3 = b3 - learning_rate * db3            # (3,)

    return loss, W1, b1, W2, b2, W3, b3
