# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

l2 = 0.0001  # dense_1.kernel, dense_2.kernel


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def gradients(x, y, W1, b1, gamma1, beta1, W2, b2, state):
    """The gradient of the loss with respect to each parameter.

    x (n, 784) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(64)
    z1 = x @ W1 + b1                          # (n, 64)

    # batch_normalization_1: BatchNormalization
    moving_mean1 = state["batch_normalization_1.moving_mean"]
    moving_variance1 = state["batch_normalization_1.moving_variance"]
    std1 = np.sqrt(moving_variance1 + 0.001)  # (64,)
    xhat1 = (z1 - moving_mean1) / std1        # (n, 64)
    a1 = gamma1 * xhat1 + beta1               # (n, 64)

    # activation_1: Activation(relu)
    h1 = np.maximum(a1, 0)                    # (n, 64)

    # dense_2: Dense(10)
    z2 = h1 @ W2 + b2                         # (n, 10)

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(10)      # (n, 10) bool
    p = np.exp(log_softmax(z2))               # (n, 10)
    dz2 = (p - onehot) / n                    # (n, 10)

    # dense_2
    dW2 = h1.T @ dz2 + l2 * W2                # (64, 10)
    db2 = dz2.sum(axis=0)                     # (10,)
    dh1 = dz2 @ W2.T                          # (n, 64)

    # activation_1
    da1 = dh1 * (h1 > 0)                      # (n, 64)

    # batch_normalization_1
    dgamma1 = (da1 * xhat1).sum(axis=0)       # (64,)
    dbeta1 = da1.sum(axis=0)                  # (64,)
    dz1 = da1 * gamma1 / std1                 # (n, 64)

    # dense_1
    dW1 = x.T @ dz1 + l2 * W1                 # (784, 64)
    db1 = dz1.sum(axis=0)                     # (64,)

    return dW1, db1, dgamma1, dbeta1, dW2, db2
