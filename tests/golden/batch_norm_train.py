# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

dropout_rate = 0.5  # dropout_1
l2 = 0.0001  # dense_1.kernel, dense_2.kernel
learning_rate = 0.001  # adam
max_norm_limit = 3  # dense_1.kernel, dense_2.kernel


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


def adam(w, g, m, v, t, learning_rate):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    mhat = m / (1 - 0.9**t)
    vhat = v / (1 - 0.999**t)
    return w - learning_rate * mhat / (np.sqrt(vhat) + 1e-7), m, v


def max_norm(w, limit):
    norm = np.sqrt((w**2).sum(axis=0, keepdims=True))
    return w * np.minimum(1, limit / (norm + 1e-7))


def train_step(x, y, w, state, m, v, t, seed):
    """One training step: loss, gradients, update.

    x (n, 784) inputs, y (n,) labels.
    w (51018,) holds all parameters, end to end.
    t = 1, 2, ... is the number of the step.
    The running statistics in the dict state are updated in place.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(64)
    W1 = w[:50176].reshape(784, 64)                                     # (784, 64)
    b1 = w[50176:50240]                                                 # (64,)
    z1 = x @ W1 + b1                                                    # (n, 64)

    # batch_normalization_1: BatchNormalization
    gamma1 = w[50240:50304]                                             # (64,)
    beta1 = w[50304:50368]                                              # (64,)
    mean1 = z1.mean(axis=0)                                             # (64,)
    var1 = z1.var(axis=0)                                               # (64,)
    std1 = np.sqrt(var1 + 0.001)                                        # (64,)
    xhat1 = (z1 - mean1) / std1                                         # (n, 64)
    moving_mean1 = state["batch_normalization_1.moving_mean"]
    moving_variance1 = state["batch_normalization_1.moving_variance"]
    state["batch_normalization_1.moving_mean"] = 0.99 * moving_mean1 + 0.01 * mean1  # (64,)
    state["batch_normalization_1.moving_variance"] = 0.99 * moving_variance1 + 0.01 * var1  # (64,)
    a1 = gamma1 * xhat1 + beta1                                         # (n, 64)

    # activation_1: Activation(relu)
    h1 = np.maximum(a1, 0)                                              # (n, 64)

    # dropout_1: Dropout(0.5)
    keep1 = random_uniform(seed, t, 1, (n, 64)) >= dropout_rate         # (n, 64) bool
    d1 = np.where(keep1, h1 / (1 - dropout_rate), 0)                    # (n, 64)

    # dense_2: Dense(10)
    W2 = w[50368:51008].reshape(64, 10)                                 # (64, 10)
    b2 = w[51008:]                                                      # (10,)
    z2 = d1 @ W2 + b2                                                   # (n, 10)

    # loss
    logp = log_softmax(z2)                                              # (n, 10)
    data_loss = -logp[np.arange(n), y].sum() / n                        # scalar
    penalty = 0.5 * l2 * (W1**2).sum() + 0.5 * l2 * (W2**2).sum()       # scalar
    loss = data_loss + penalty                                          # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(10)                                # (n, 10) bool
    p = np.exp(logp)                                                    # (n, 10)
    dz2 = (p - onehot) / n                                              # (n, 10)

    # dense_2
    dW2 = d1.T @ dz2 + l2 * W2                                          # (64, 10)
    db2 = dz2.sum(axis=0)                                               # (10,)
    dd1 = dz2 @ W2.T                                                    # (n, 64)

    # dropout_1
    dh1 = np.where(keep1, dd1, 0) / (1 - dropout_rate)                  # (n, 64)

    # activation_1
    da1 = dh1 * (h1 > 0)                                                # (n, 64)

    # batch_normalization_1
    dgamma1 = (da1 * xhat1).sum(axis=0)                                 # (64,)
    dbeta1 = da1.sum(axis=0)                                            # (64,)
    dxhat1 = da1 * gamma1                                               # (n, 64)
    slope1 = (dxhat1 * xhat1).mean(axis=0)                              # (64,)
    dz1 = (dxhat1 - dxhat1.mean(axis=0) - xhat1 * slope1) / std1        # (n, 64)

    # dense_1
    dW1 = x.T @ dz1 + l2 * W1                                           # (784, 64)
    db1 = dz1.sum(axis=0)                                               # (64,)

    # ---------------- update ----------------------------------------
    # adam
    g = np.concatenate([dW1, db1, dgamma1, dbeta1, dW2, db2], axis=None)  # (51018,)
    w, m, v = adam(w, g, m, v, t, learning_rate)                        # (51018,)

    # constraints
    W1 = max_norm(w[:50176].reshape(784, 64), max_norm_limit)           # (784, 64)
    W2 = max_norm(w[50368:51008].reshape(64, 10), max_norm_limit)       # (64, 10)
    w = np.concatenate([W1, w[50176:50368], W2, w[51008:]], axis=None)  # (51018,)

    return loss, w, m, v
