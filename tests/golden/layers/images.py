# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def train_step(x, y, w, state):
    """One training step: loss, gradients, update.

    x (n, 8, 8, 3) inputs, y (n,) labels.
    w (2602,) holds all parameters, end to end.
    The running statistics in the dict state are updated in place.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(4)
    W1 = w[:12].reshape(3, 4)                                           # (3, 4)
    b1 = w[12:16]                                                       # (4,)
    z1 = x @ W1 + b1                                                    # (n, 8, 8, 4)

    # batch_normalization_1: BatchNormalization
    gamma1 = w[16:20]                                                   # (4,)
    beta1 = w[20:24]                                                    # (4,)
    mean1 = z1.mean(axis=(0, 1, 2))                                     # (4,)
    var1 = z1.var(axis=(0, 1, 2))                                       # (4,)
    std1 = np.sqrt(var1 + 0.001)                                        # (4,)
    xhat1 = (z1 - mean1) / std1                                         # (n, 8, 8, 4)
    moving_mean1 = state["batch_normalization_1.moving_mean"]
    moving_variance1 = state["batch_normalization_1.moving_variance"]
    state["batch_normalization_1.moving_mean"] = 0.99 * moving_mean1 + 0.01 * mean1  # (4,)
    state["batch_normalization_1.moving_variance"] = 0.99 * moving_variance1 + 0.01 * var1  # (4,)
    a1 = gamma1 * xhat1 + beta1                                         # (n, 8, 8, 4)

    # activation_1: Activation(relu)
    h1 = np.maximum(a1, 0)                                              # (n, 8, 8, 4)

    # group_normalization_1: GroupNormalization(2)
    gamma2 = w[24:28]                                                   # (4,)
    beta2 = w[28:32]                                                    # (4,)
    groups2 = h1.reshape(n, 8, 8, 2, 2)                                 # (n, 8, 8, 2, 2)
    mean2 = groups2.mean(axis=(1, 2, 4), keepdims=True)                 # (n, 1, 1, 2, 1)
    var2 = groups2.var(axis=(1, 2, 4), keepdims=True)                   # (n, 1, 1, 2, 1)
    std2 = np.sqrt(var2 + 0.001)                                        # (n, 1, 1, 2, 1)
    ghat2 = (groups2 - mean2) / std2                                    # (n, 8, 8, 2, 2)
    xhat2 = ghat2.reshape(n, 8, 8, 4)                                   # (n, 8, 8, 4)
    a2 = gamma2 * xhat2 + beta2                                         # (n, 8, 8, 4)

    # flatten_1: Flatten
    flat1 = a2.reshape(n, 256)                                          # (n, 256)

    # dense_2: Dense(10)
    W2 = w[32:2592].reshape(256, 10)                                    # (256, 10)
    b2 = w[2592:]                                                       # (10,)
    z2 = flat1 @ W2 + b2                                                # (n, 10)

    # loss
    logp = log_softmax(z2)                                              # (n, 10)
    loss = -logp[np.arange(n), y].sum() / n                             # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(10)                                # (n, 10) bool
    p = np.exp(logp)                                                    # (n, 10)
    dz2 = (p - onehot) / n                                              # (n, 10)

    # dense_2
    dW2 = flat1.T @ dz2                                                 # (256, 10)
    db2 = dz2.sum(axis=0)                                               # (10,)
    dflat1 = dz2 @ W2.T                                                 # (n, 256)

    # flatten_1
    da2 = dflat1.reshape(n, 8, 8, 4)                                    # (n, 8, 8, 4)

    # group_normalization_1
    dgamma2 = (da2 * xhat2).sum(axis=(0, 1, 2))                         # (4,)
    dbeta2 = da2.sum(axis=(0, 1, 2))                                    # (4,)
    dghat2 = (da2 * gamma2).reshape(n, 8, 8, 2, 2)                      # (n, 8, 8, 2, 2)
    slope2 = (dghat2 * ghat2).mean(axis=(1, 2, 4), keepdims=True)       # (n, 1, 1, 2, 1)
    t4 = dghat2 - dghat2.mean(axis=(1, 2, 4), keepdims=True)            # (n, 8, 8, 2, 2)
    dgroups2 = (t4 - ghat2 * slope2) / std2                             # (n, 8, 8, 2, 2)

    # activation_1
    da1 = dgroups2.reshape(n, 8, 8, 4) * (h1 > 0)                       # (n, 8, 8, 4)

    # batch_normalization_1
    dgamma1 = (da1 * xhat1).sum(axis=(0, 1, 2))                         # (4,)
    dbeta1 = da1.sum(axis=(0, 1, 2))                                    # (4,)
    dxhat1 = da1 * gamma1                                               # (n, 8, 8, 4)
    slope1 = (dxhat1 * xhat1).mean(axis=(0, 1, 2))                      # (4,)
    dz1 = (dxhat1 - dxhat1.mean(axis=(0, 1, 2)) - xhat1 * slope1) / std1  # (n, 8, 8, 4)

    # dense_1
    dW1 = x.reshape(64 * n, 3).T @ dz1.reshape(64 * n, 4)               # (3, 4)
    db1 = dz1.sum(axis=(0, 1, 2))                                       # (4,)

    # ---------------- update ----------------------------------------
    # sgd
    g = np.concatenate(
        [dW1, db1, dgamma1, dbeta1, dgamma2, dbeta2, dW2, db2], axis=None,
    )                                                                   # (2602,)
    w = w - learning_rate * g                                           # (2602,)

    return loss, w
