# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1, b1, scale1, W2, b2):
    """One training step: loss, gradients, update.

    x (n, 8) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6)
    z1 = x @ W1 + b1                                            # (n, 6)

    # rms_normalization_1: RMSNormalization
    rms1 = np.sqrt((z1**2).mean(axis=1, keepdims=True) + 1e-6)  # (n, 1)
    xhat1 = z1 / rms1                                           # (n, 6)
    a1 = scale1 * xhat1                                         # (n, 6)

    # dense_2: Dense(3)
    z2 = a1 @ W2 + b2                                           # (n, 3)

    # loss
    logp = log_softmax(z2)                                      # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n                     # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                         # (n, 3) bool
    p = np.exp(logp)                                            # (n, 3)
    dz2 = (p - onehot) / n                                      # (n, 3)

    # dense_2
    dW2 = a1.T @ dz2                                            # (6, 3)
    db2 = dz2.sum(axis=0)                                       # (3,)
    da1 = dz2 @ W2.T                                            # (n, 6)

    # rms_normalization_1
    dscale1 = (da1 * xhat1).sum(axis=0)                         # (6,)
    dxhat1 = da1 * scale1                                       # (n, 6)
    slope1 = (dxhat1 * xhat1).mean(axis=1, keepdims=True)       # (n, 1)
    dz1 = (dxhat1 - xhat1 * slope1) / rms1                      # (n, 6)

    # dense_1
    dW1 = x.T @ dz1                                             # (8, 6)
    db1 = dz1.sum(axis=0)                                       # (6,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                               # (8, 6)
    b1 = b1 - learning_rate * db1                               # (6,)
    scale1 = scale1 - learning_rate * dscale1                   # (6,)
    W2 = W2 - learning_rate * dW2                               # (6, 3)
    b2 = b2 - learning_rate * db2                               # (3,)

    return loss, W1, b1, scale1, W2, b2
