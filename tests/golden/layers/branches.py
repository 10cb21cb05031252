# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def train_step(x, y, W1, b1, W2, b2, W3, b3):
    """One training step: loss, gradients, update.

    x (n, 8) inputs, y (n, 1) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(4, tanh)
    a1 = np.tanh(x @ W1 + b1)                      # (n, 4)

    # dense_2: Dense(4, relu)
    z2 = x @ W2 + b2                               # (n, 4)
    h2 = np.maximum(z2, 0)                         # (n, 4)

    # add_1: Add
    total1 = a1 + h2                               # (n, 4)

    # concatenate_1: Concatenate
    joined1 = np.concatenate([total1, x], axis=1)  # (n, 12)

    # dense_3: Dense(1)
    z3 = joined1 @ W3 + b3                         # (n, 1)

    # loss
    e = z3 - y                                     # (n, 1)
    loss = (e**2).mean()                           # scalar

    # ---------------- backward --------------------------------------
    # loss
    dz3 = 2 * e / n                                # (n, 1)

    # dense_3
    dW3 = joined1.T @ dz3                          # (12, 1)
    db3 = dz3.sum(axis=0)                          # (1,)
    djoined1 = dz3 @ W3.T                          # (n, 12)

    # concatenate_1
    da1 = djoined1[:, :4]                          # (n, 4)

    # dense_2
    dz2 = da1 * (h2 > 0)                           # (n, 4)
    dW2 = x.T @ dz2                                # (8, 4)
    db2 = dz2.sum(axis=0)                          # (4,)

    # dense_1
    dz1 = da1 * (1 - a1**2)                        # (n, 4)
    dW1 = x.T @ dz1                                # (8, 4)
    db1 = dz1.sum(axis=0)                          # (4,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                  # (8, 4)
    b1 = b1 - learning_rate * db1                  # (4,)
    W2 = W2 - learning_rate * dW2                  # (8, 4)
    b2 = b2 - learning_rate * db2                  # (4,)
    W3 = W3 - learning_rate * dW3                  # (12, 1)
    b3 = b3 - learning_rate * db3                  # (1,)

    return loss, W1, b1, W2, b2, W3, b3
