# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

dropout_rate = 0.5  # dropout_1


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


def sample(x, W1, b1, W2, b2, t, seed):
    """The network's output for the inputs x, with dropout and noise drawn.

    t = 1, 2, ... is the number of the pass.
    """
    n = x.shape[0]

    # dense_1: Dense(6)
    z1 = x @ W1 + b1                                            # (n, 6)

    # activation_1: Activation(relu)
    h1 = np.maximum(z1, 0)                                      # (n, 6)

    # dropout_1: Dropout(0.5)
    keep1 = random_uniform(seed, t, 1, (n, 6)) >= dropout_rate  # (n, 6) bool
    d1 = np.where(keep1, h1 / (1 - dropout_rate), 0)            # (n, 6)

    # dense_2: Dense(3)
    z2 = d1 @ W2 + b2                                           # (n, 3)

    return z2
