# Printed by glassnet, backend "numpy": this text is what runs.

import math

import numpy as np

initial_learning_rate = 0.1  # polynomial_decay
end_learning_rate = 0.0001  # polynomial_decay
decay_steps = 1000  # polynomial_decay
power = 1.0  # polynomial_decay


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1, b1, W2, b2, t):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n,) labels.
    t = 1, 2, ... is the number of the step.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    z1 = x @ W1 + b1                                                  # (n, 5)
    h1 = np.maximum(z1, 0)                                            # (n, 5)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                                                 # (n, 3)

    # loss
    logp = log_softmax(z2)                                            # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n                           # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                               # (n, 3) bool
    p = np.exp(logp)                                                  # (n, 3)
    dz2 = (p - onehot) / n                                            # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                                  # (5, 3)
    db2 = dz2.sum(axis=0)                                             # (3,)
    dh1 = dz2 @ W2.T                                                  # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                              # (n, 5)
    dW1 = x.T @ dz1                                                   # (4, 5)
    db1 = dz1.sum(axis=0)                                             # (5,)

    # ---------------- update ----------------------------------------
    # polynomial_decay
    step = t - 1                                                      # scalar
    cycles = max(1, -math.floor(-(step / decay_steps)))               # scalar
    progress = step / (decay_steps * cycles)                          # scalar
    drop = initial_learning_rate - end_learning_rate                  # scalar
    learning_rate = drop * (1 - progress)**power + end_learning_rate  # scalar

    # sgd
    W1 = W1 - learning_rate * dW1                                     # (4, 5)
    b1 = b1 - learning_rate * db1                                     # (5,)
    W2 = W2 - learning_rate * dW2                                     # (5, 3)
    b2 = b2 - learning_rate * db2                                     # (3,)

    return loss, W1, b1, W2, b2
