# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1):
    """One training step: loss, gradients, update.

    x (n, 3072) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # bias_trick_1: BiasTrick
    extended1 = np.concatenate([x, np.full((n, 1), 1.0, x.dtype)], axis=1)  # (n, 3073)

    # dense_1: Dense(10, no bias)
    z1 = extended1 @ W1                                                 # (n, 10)

    # loss
    logp = log_softmax(z1)                                              # (n, 10)
    loss = -logp[np.arange(n), y].sum() / n                             # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(10)                                # (n, 10) bool
    p = np.exp(logp)                                                    # (n, 10)
    dz1 = (p - onehot) / n                                              # (n, 10)

    # dense_1
    dW1 = extended1.T @ dz1                                             # (3073, 10)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                       # (3073, 10)

    return loss, W1
