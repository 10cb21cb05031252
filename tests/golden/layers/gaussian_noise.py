# Printed by glassnet, backend "numpy": this text is what runs.

import math

import numpy as np

noise_stddev = 0.1  # gaussian_noise_1
dropout_rate = 0.5  # gaussian_dropout_1
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


def box_muller(u, v):
    return np.sqrt(-2 * np.log(1 - u)) * np.cos(6.283185307179586 * v)


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, W1, b1, W2, b2, t, seed):
    """One training step: loss, gradients, update.

    x (n, 8) inputs, y (n,) labels.
    t = 1, 2, ... is the number of the step.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6)
    z1 = x @ W1 + b1                                                    # (n, 6)

    # gaussian_noise_1: GaussianNoise(0.1)
    u1 = random_uniform(seed, t, 1, (n, 6))                             # (n, 6)
    v1 = random_uniform(seed, t, 2, (n, 6))                             # (n, 6)
    noise1 = box_muller(u1, v1)                                         # (n, 6)
    h1 = z1 + noise_stddev * noise1                                     # (n, 6)

    # gaussian_dropout_1: GaussianDropout(0.5)
    u2 = random_uniform(seed, t, 3, (n, 6))                             # (n, 6)
    v2 = random_uniform(seed, t, 4, (n, 6))                             # (n, 6)
    noise2 = box_muller(u2, v2)                                         # (n, 6)
    factor2 = 1 + math.sqrt(dropout_rate / (1 - dropout_rate)) * noise2 # (n, 6)
    d2 = h1 * factor2                                                   # (n, 6)

    # dense_2: Dense(3)
    z2 = d2 @ W2 + b2                                                   # (n, 3)

    # loss
    logp = log_softmax(z2)                                              # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n                             # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                                 # (n, 3) bool
    p = np.exp(logp)                                                    # (n, 3)
    dz2 = (p - onehot) / n                                              # (n, 3)

    # dense_2
    dW2 = d2.T @ dz2                                                    # (6, 3)
    db2 = dz2.sum(axis=0)                                               # (3,)
    dd2 = dz2 @ W2.T                                                    # (n, 6)

    # gaussian_dropout_1
    dz1 = dd2 * factor2                                                 # (n, 6)

    # dense_1
    dW1 = x.T @ dz1                                                     # (8, 6)
    db1 = dz1.sum(axis=0)                                               # (6,)

    # ---------------- update ----------------------------------------
    # sgd
    W1 = W1 - learning_rate * dW1                                       # (8, 6)
    b1 = b1 - learning_rate * db1                                       # (6,)
    W2 = W2 - learning_rate * dW2                                       # (6, 3)
    b2 = b2 - learning_rate * db2                                       # (3,)

    return loss, W1, b1, W2, b2
