# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

l2 = 0.0001  # dense_1.kernel, dense_2.kernel


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def loss(x, y, W1, b1, gamma1, beta1, W2, b2, state):
    """The loss of a batch, and its penalty.

    x (n, 784) inputs, y (n,) labels.
    """
    n = x.shape[0]

    # dense_1: Dense(64)
    z1 = x @ W1 + b1                                               # (n, 64)

    # batch_normalization_1: BatchNormalization
    moving_mean1 = state["batch_normalization_1.moving_mean"]
    moving_variance1 = state["batch_normalization_1.moving_variance"]
    std1 = np.sqrt(moving_variance1 + 0.001)                       # (64,)
    xhat1 = (z1 - moving_mean1) / std1                             # (n, 64)
    a1 = gamma1 * xhat1 + beta1                                    # (n, 64)

    # activation_1: Activation(relu)
    h1 = np.maximum(a1, 0)                                         # (n, 64)

    # dense_2: Dense(10)
    z2 = h1 @ W2 + b2                                              # (n, 10)

    # loss
    logp = log_softmax(z2)                                         # (n, 10)
    data_loss = -logp[np.arange(n), y].sum() / n                   # scalar
    penalty = 0.5 * l2 * (W1**2).sum() + 0.5 * l2 * (W2**2).sum()  # scalar

    return data_loss, penalty
