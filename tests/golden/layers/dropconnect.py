# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

dropconnect_rate = 0.5  # drop_connect_1
learning_rate = 0.1  # sgd


def mix(x):
    x = (x ^ (x >> 16)) * 0x7FEB352D
    x = (x ^ (x >> 15)) * 0x846CA68B
    return x ^ (x >> 16)


def random_bits(seed, step, site, count):
    key = np.array([0x9E3779B9, 0x85EBCA6B], dtype=np.uint32)
    for word in (seed, step, site):
        key = mix(key ^ np.uint32(word)) + 0x9E3779B9
    i = np.arange(count, dtype=np.uint32)
    return mix(mix(i ^ key[0]) + key[1])


def random_uniform(seed, step, site, shape):
    bits = random_bits(seed, step, site, np.prod(shape))
    return (bits >> 8).astype(np.float32).reshape(shape) * 2**-24


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1, b1, W2, b2, W3, b3, t, seed):
    """One training step: loss, gradients, update.

    x (n, 8) inputs, y (n,) labels.
    t = 1, 2, ... is the number of the step.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6)
    z1 = x @ W1 + b1                                                # (n, 6)

    # drop_connect_1: DropConnect(5, relu, rate=0.5)
    keep2 = random_uniform(seed, t, 1, (6, 5)) >= dropconnect_rate  # (6, 5) bool
    W_kept2 = np.where(keep2, W2 / (1 - dropconnect_rate), 0)       # (6, 5)
    z2 = z1 @ W_kept2 + b2                                          # (n, 5)
    h2 = np.maximum(z2, 0)                                          # (n, 5)

    # dense_2: Dense(3)
    z3 = h2 @ W3 + b3                                               # (n, 3)

    # loss
    logp = log_softmax(z3)                                          # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n                         # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                             # (n, 3) bool
    p = np.exp(logp)                                                # (n, 3)
    dz3 = (p - onehot) / n                                          # (n, 3)

    # dense_2
    dW3 = h2.T @ dz3                                                # (5, 3)
    db3 = dz3.sum(axis=0)                                           # (3,)
    dh2 = dz3 @ W3.T                                                # (n, 5)

    # drop_connect_1
    dz2 = dh2 * (h2 > 0)                                            # (n, 5)
    db2 = dz2.sum(axis=0)                                           # (5,)
    dz1 = dz2 @ W_kept2.T                                           # (n, 6)

    # dense_1
    dW1 = x.T @ dz1                                                 # (8, 6)
    db1 = dz1.sum(axis=0)                                           # (6,)

    # drop_connect_1
    dW_kept2 = z1.T @ dz2                                           # (6, 5)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                   # (8, 6)
    b1 = b1 - learning_rate * db1                                   # (6,)
    t4 = learning_rate * np.where(keep2, dW_kept2, 0)               # (6, 5)
    W2 = W2 - t4 / (1 - dropconnect_rate)                           # (6, 5)
    b2 = b2 - learning_rate * db2                                   # (5,)
    W3 = W3 - learning_rate * dW3                                   # (5, 3)
    b3 = b3 - learning_rate * db3                                   # (3,)

    return loss, W1, b1, W2, b2, W3, b3
