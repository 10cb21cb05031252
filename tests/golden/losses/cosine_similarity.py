# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def unit(x):
    length = np.sqrt(np.maximum((x**2).sum(axis=1, keepdims=True), 1e-14))
    return x / length


def train_step(x, y, W1, b1, W2, b2):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    z1 = x @ W1 + b1                                                    # (n, 5)
    h1 = np.maximum(z1, 0)                                              # (n, 5)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                                                   # (n, 3)

    # loss
    target = unit(y)                                                    # (n, 3)
    direction = unit(z2)                                                # (n, 3)
    loss = -(target * direction).sum() / n                              # scalar

    # ---------------- backward --------------------------------------
    # loss
    t1 = target / n                                                     # (n, 3)
    square = (z2**2).sum(axis=1, keepdims=True)                         # (n, 1)
    length = np.sqrt(np.maximum(square, 1e-14))                         # (n, 1)
    along = -(t1 * direction).sum(axis=1, keepdims=True) * (square > 1e-14)  # (n, 1)
    dz2 = (-t1 - direction * along) / length                            # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                                    # (5, 3)
    db2 = dz2.sum(axis=0)                                               # (3,)
    dh1 = dz2 @ W2.T                                                    # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                                # (n, 5)
    dW1 = x.T @ dz1                                                     # (4, 5)
    db1 = dz1.sum(axis=0)                                               # (5,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                       # (4, 5)
    b1 = b1 - learning_rate * db1                                       # (5,)
    W2 = W2 - learning_rate * dW2                                       # (5, 3)
    b2 = b2 - learning_rate * db2                                       # (3,)

    return loss, W1, b1, W2, b2
