import numpy as np


def hinge_value_and_grad(W, X, y):
    n = X.shape[0]

    # ---------------- forward ---------------------------------------
    scores = X @ W                                                      # (n, 3)
    correct = scores[np.arange(n), y]                                   # (n,)
    margins = np.maximum(0, scores - correct[:, None] + 1)              # (n, 3)

    # ---------------- backward --------------------------------------
    t1 = (margins > 0).astype(W.dtype) / n                              # (n, 3)
    dscores = t1 - t1.sum(axis=1)[:, None] * (y[:, None] == np.arange(3))  # (n, 3)
    dW = X.T @ dscores                                                  # (5, 3)

    return margins.sum() / n - 1, dW
