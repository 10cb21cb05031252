# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def path_loss(z, path):
    agreement = np.where(path > 0, z, -z)
    return np.where(
        path == 0, 0,
        np.maximum(-agreement, 0) + np.log1p(np.exp(-np.abs(z))),
    )


def logistic_loss(z, y):
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def train_step(x, y, W1, b1, W2, b2, paths, go_left, go_right):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    z1 = x @ W1 + b1                                                 # (n, 5)
    h1 = np.maximum(z1, 0)                                           # (n, 5)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                                                # (n, 3)

    # loss
    path = paths[y]                                                  # (n, 3) int
    loss = path_loss(z2, path).sum() / n                             # scalar
    left = logistic_loss(z2, 0)                                      # (n, 3)
    right = logistic_loss(z2, 1)                                     # (n, 3)
    logp = -(left @ go_left + right @ go_right)                      # (n, 4)
    accuracy = (logp.argmax(axis=1) == y).astype(x.dtype).sum() / n  # scalar

    # ---------------- backward --------------------------------------
    # loss
    p = sigmoid(z2)                                                  # (n, 3)
    dz2 = np.where(path == 0, 0, p - (path > 0)) / n                 # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                                 # (5, 3)
    db2 = dz2.sum(axis=0)                                            # (3,)
    dh1 = dz2 @ W2.T                                                 # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                             # (n, 5)
    dW1 = x.T @ dz1                                                  # (4, 5)
    db1 = dz1.sum(axis=0)                                            # (5,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                    # (4, 5)
    b1 = b1 - learning_rate * db1                                    # (5,)
    W2 = W2 - learning_rate * dW2                                    # (5, 3)
    b2 = b2 - learning_rate * db2                                    # (3,)

    return loss, accuracy, W1, b1, W2, b2
