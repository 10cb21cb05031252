# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.001  # lion
weight_decay = 0.1  # lion


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def lion(w, g, m, learning_rate, weight_decay):
    direction = np.sign(0.9 * m + 0.1 * g)
    m = 0.99 * m + 0.01 * g
    decay = learning_rate * weight_decay * w
    return w - learning_rate * direction - decay, m


def train_step(x, y, w, m):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n,) labels.
    w (43,) holds all parameters, end to end.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    W1 = w[:20].reshape(4, 5)                            # (4, 5)
    b1 = w[20:25]                                        # (5,)
    z1 = x @ W1 + b1                                     # (n, 5)
    h1 = np.maximum(z1, 0)                               # (n, 5)

    # dense_2: Dense(3)
    W2 = w[25:40].reshape(5, 3)                          # (5, 3)
    b2 = w[40:]                                          # (3,)
    z2 = h1 @ W2 + b2                                    # (n, 3)

    # loss
    logp = log_softmax(z2)                               # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n              # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                  # (n, 3) bool
    p = np.exp(logp)                                     # (n, 3)
    dz2 = (p - onehot) / n                               # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                     # (5, 3)
    db2 = dz2.sum(axis=0)                                # (3,)
    dh1 = dz2 @ W2.T                                     # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                 # (n, 5)
    dW1 = x.T @ dz1                                      # (4, 5)
    db1 = dz1.sum(axis=0)                                # (5,)

    # ---------------- update ----------------------------------------
    # lion
    g = np.concatenate([dW1, db1, dW2, db2], axis=None)  # (43,)
    w, m = lion(w, g, m, learning_rate, weight_decay)    # (43,)

    return loss, w, m
