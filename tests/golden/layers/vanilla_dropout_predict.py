# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np

dropout_rate = 0.5  # vanilla_dropout_1


def predict(x, W1, b1, W2, b2):
    """The network's output for the inputs x."""
    # dense_1: Dense(6)
    z1 = x @ W1 + b1              # (n, 6)

    # vanilla_dropout_1: VanillaDropout(0.5)
    d1 = (1 - dropout_rate) * z1  # (n, 6)

    # dense_2: Dense(3)
    z2 = d1 @ W2 + b2             # (n, 3)

    return z2
