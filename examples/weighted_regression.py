# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

learning_rate = 0.1  # sgd


def sgd(w, g, velocity, learning_rate):
    velocity = 0.9 * velocity - learning_rate * g
    return w + velocity, velocity


def train_step(x, y, sample_weight, w, velocity):
    """One training step: loss, gradients, update.

    x (n, 3) inputs, y (n, 2) targets, sample_weight (n,) weights.
    w (50,) holds all parameters, end to end.
    """
    # ---------------- forward ---------------------------------------
    # dense_1: Dense(8, tanh)
    W1 = w[:24].reshape(3, 8)                                          # (3, 8)
    b1 = w[24:32]                                                      # (8,)
    a1 = np.tanh(x @ W1 + b1)                                          # (n, 8)

    # dense_2: Dense(2)
    W2 = w[32:48].reshape(8, 2)                                        # (8, 2)
    b2 = w[48:]                                                        # (2,)
    z2 = a1 @ W2 + b2                                                  # (n, 2)

    # loss
    e = z2 - y                                                         # (n, 2)
    total_weight = np.maximum(sample_weight.sum(), 1e-30)              # scalar
    loss = (sample_weight * (e**2).mean(axis=1)).sum() / total_weight  # scalar

    # ---------------- backward --------------------------------------
    # loss
    dz2 = (sample_weight / total_weight)[:, None] * e                  # (n, 2)

    # dense_2
    dW2 = a1.T @ dz2                                                   # (8, 2)
    db2 = dz2.sum(axis=0)                                              # (2,)
    da1 = dz2 @ W2.T                                                   # (n, 8)

    # dense_1
    dz1 = da1 * (1 - a1**2)                                            # (n, 8)
    dW1 = x.T @ dz1                                                    # (3, 8)
    db1 = dz1.sum(axis=0)                                              # (8,)

    # ---------------- update ----------------------------------------
    # sgd
    g = np.concatenate([dW1, db1, dW2, db2], axis=None)                # (50,)
    w, velocity = sgd(w, g, velocity, learning_rate)                   # (50,)

    return loss, w, velocity


# Two curves over three inputs. Every tenth example is spoiled, and its weight says so.
rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 3))
truth = np.stack([np.sin(3 * x[:, 0]) + x[:, 1], x[:, 1] * x[:, 2]], axis=1)
y, sample_weight = truth.copy(), np.ones(200)
y[::10] += 10
sample_weight[::10] = 0.001

w, velocity = 0.5 * rng.standard_normal(50), np.zeros(50)

for step in range(2001):
    loss, w, velocity = train_step(x, y, sample_weight, w, velocity)
    if step % 400 == 0:
        print(f"step {step}: weighted loss {loss:.4f}")

a1 = np.tanh(x @ w[:24].reshape(3, 8) + w[24:32])
error = a1 @ w[32:48].reshape(8, 2) + w[48:] - truth
print(f"mean squared error, compared with the truth: {(error**2).mean():.4f}")
