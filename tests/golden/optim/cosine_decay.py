# Printed by glassnet, backend "numpy": this text is what runs.

import math

import numpy as np

initial_learning_rate = 0.0  # cosine_decay
warmup_target = 0.01  # cosine_decay
warmup_steps = 100  # cosine_decay
decay_steps = 1000  # cosine_decay
alpha = 0.0  # cosine_decay
clipnorm = 1.0  # adamw
weight_decay = 0.004  # adamw


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def clip_by_norm(g, limit):
    norm = np.sqrt((g**2).sum())
    return g * (limit / np.maximum(norm, limit))


def adamw(w, g, m, v, t, learning_rate, weight_decay):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    mhat = m / (1 - 0.9**t)
    vhat = v / (1 - 0.999**t)
    decay = learning_rate * weight_decay * w
    return w - learning_rate * mhat / (np.sqrt(vhat) + 1e-7) - decay, m, v


def train_step(x, y, w, m, v, t):
    """One training step: loss, gradients, update.

    x (n, 4) inputs, y (n,) labels.
    w (43,) holds all parameters, end to end.
    t = 1, 2, ... is the number of the step.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(5, relu)
    W1 = w[:20].reshape(4, 5)                                       # (4, 5)
    b1 = w[20:25]                                                   # (5,)
    z1 = x @ W1 + b1                                                # (n, 5)
    h1 = np.maximum(z1, 0)                                          # (n, 5)

    # dense_2: Dense(3)
    W2 = w[25:40].reshape(5, 3)                                     # (5, 3)
    b2 = w[40:]                                                     # (3,)
    z2 = h1 @ W2 + b2                                               # (n, 3)

    # loss
    logp = log_softmax(z2)                                          # (n, 3)
    loss = -logp[np.arange(n), y].sum() / n                         # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(3)                             # (n, 3) bool
    p = np.exp(logp)                                                # (n, 3)
    dz2 = (p - onehot) / n                                          # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                                # (5, 3)
    db2 = dz2.sum(axis=0)                                           # (3,)
    dh1 = dz2 @ W2.T                                                # (n, 5)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                            # (n, 5)
    dW1 = x.T @ dz1                                                 # (4, 5)
    db1 = dz1.sum(axis=0)                                           # (5,)

    # ---------------- update ----------------------------------------
    # cosine_decay
    step = t - 1                                                    # scalar
    rise = warmup_target - initial_learning_rate                    # scalar
    warming = initial_learning_rate + rise * (step / warmup_steps)  # scalar
    progress = min((step - warmup_steps) / decay_steps, 1.0)        # scalar
    cosine = 0.5 * (1 + math.cos(math.pi * progress))               # scalar
    decayed = warmup_target * ((1 - alpha) * cosine + alpha)        # scalar
    learning_rate = warming if step < warmup_steps else decayed     # scalar

    # adamw
    dW1 = clip_by_norm(dW1, clipnorm)                               # (4, 5)
    db1 = clip_by_norm(db1, clipnorm)                               # (5,)
    dW2 = clip_by_norm(dW2, clipnorm)                               # (5, 3)
    db2 = clip_by_norm(db2, clipnorm)                               # (3,)
    g = np.concatenate([dW1, db1, dW2, db2], axis=None)             # (43,)
    w, m, v = adamw(w, g, m, v, t, learning_rate, weight_decay)     # (43,)

    return loss, w, m, v
