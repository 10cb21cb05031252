# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def scatter_add(values, index, rows):
    out = np.zeros((rows, *values.shape[index.ndim:]), values.dtype)
    np.add.at(out, index, values)
    return out


def train_step(x, y, E1, W1, b1):
    """One training step: loss, gradients, update.

    x (n, 10) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # embedding_1: Embedding(1000, 16)
    e1 = E1[x]                                             # (n, 10, 16)

    # flatten_1: Flatten
    flat1 = e1.reshape(n, 160)                             # (n, 160)

    # dense_1: Dense(2)
    z1 = flat1 @ W1 + b1                                   # (n, 2)

    # loss
    logp = log_softmax(z1)                                 # (n, 2)
    loss = -logp[np.arange(n), y].sum() / n                # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(2)                    # (n, 2) bool
    p = np.exp(logp)                                       # (n, 2)
    dz1 = (p - onehot) / n                                 # (n, 2)

    # dense_1
    dW1 = flat1.T @ dz1                                    # (160, 2)
    db1 = dz1.sum(axis=0)                                  # (2,)
    dflat1 = dz1 @ W1.T                                    # (n, 160)

    # embedding_1
    dE1 = scatter_add(dflat1.reshape(n, 10, 16), x, 1000)  # (1000, 16)

    # ---------------- update ----------------------------------------
    # sgd
    E1 = E1 - learning_rate * dE1                          # (1000, 16)
    W1 = W1 - learning_rate * dW1                          # (160, 2)
    b1 = b1 - learning_rate * db1                          # (2,)

    return loss, E1, W1, b1
