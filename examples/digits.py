# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

dropout_rate = 0.2  # dropout_1
l2 = 0.0001  # dense_1.kernel
learning_rate = 0.003  # adam


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


def train_step(x, y, w, m, v, t, seed):
    """One training step: loss, gradients, update.

    x (n, 64) inputs, y (n,) labels.
    w (4810,) holds all parameters, end to end.
    t = 1, 2, ... is the number of the step.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(64, relu)
    W1 = w[:4096].reshape(64, 64)                                # (64, 64)
    b1 = w[4096:4160]                                            # (64,)
    z1 = x @ W1 + b1                                             # (n, 64)
    h1 = np.maximum(z1, 0)                                       # (n, 64)

    # dropout_1: Dropout(0.2)
    keep1 = random_uniform(seed, t, 1, (n, 64)) >= dropout_rate  # (n, 64) bool
    d1 = np.where(keep1, h1 / (1 - dropout_rate), 0)             # (n, 64)

    # dense_2: Dense(10)
    W2 = w[4160:4800].reshape(64, 10)                            # (64, 10)
    b2 = w[4800:]                                                # (10,)
    z2 = d1 @ W2 + b2                                            # (n, 10)

    # loss
    logp = log_softmax(z2)                                       # (n, 10)
    data_loss = -logp[np.arange(n), y].sum() / n                 # scalar
    penalty = l2 * (W1**2).sum()                                 # scalar
    loss = data_loss + penalty                                   # scalar

    # ---------------- backward --------------------------------------
    # loss
    onehot = y[:, None] == np.arange(10)                         # (n, 10) bool
    p = np.exp(logp)                                             # (n, 10)
    dz2 = (p - onehot) / n                                       # (n, 10)

    # dense_2
    dW2 = d1.T @ dz2                                             # (64, 10)
    db2 = dz2.sum(axis=0)                                        # (10,)
    dd1 = dz2 @ W2.T                                             # (n, 64)

    # dropout_1
    dh1 = np.where(keep1, dd1, 0) / (1 - dropout_rate)           # (n, 64)

    # dense_1
    dz1 = dh1 * (h1 > 0)                                         # (n, 64)
    dW1 = x.T @ dz1 + 2 * l2 * W1                                # (64, 64)
    db1 = dz1.sum(axis=0)                                        # (64,)

    # ---------------- update ----------------------------------------
    # adam
    g = np.concatenate([dW1, db1, dW2, db2], axis=None)          # (4810,)
    w, m, v = adam(w, g, m, v, t, learning_rate)                 # (4810,)

    return loss, w, m, v


from sklearn.datasets import load_digits

images, labels = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(labels))
images, labels = (images[order] / 16).astype(np.float32), labels[order]
x, y, x_test, y_test = images[:1500], labels[:1500], images[1500:], labels[1500:]

W1, W2 = rng.standard_normal((64, 64)) / np.sqrt(32), rng.standard_normal((64, 10)) / np.sqrt(32)
w = np.concatenate([W1, np.zeros(64), W2, np.zeros(10)], axis=None).astype(np.float32)
m, v, t = np.zeros_like(w), np.zeros_like(w), 0

for epoch in range(30):
    order = rng.permutation(1500)
    for start in range(0, 1500, 50):
        rows, t = order[start : start + 50], t + 1
        loss, w, m, v = train_step(x[rows], y[rows], w, m, v, t, seed=0)

h1 = np.maximum(x_test @ w[:4096].reshape(64, 64) + w[4096:4160], 0)
z2 = h1 @ w[4160:4800].reshape(64, 10) + w[4800:]
print(f"{(z2.argmax(axis=1) == y_test).mean():.1%} of {len(y_test)} digits it has not seen are right")
