# Printed by glassnet, backend "numpy": this text is what runs.

import numpy as np


def erf(x):
    a = np.minimum(np.abs(x), 6)
    u = np.minimum(a, 1)**2
    r = -7.7794205e-10 * u + 1.3710953848e-8
    r = (r * u - 1.62063074119e-7) * u + 1.6447130713334e-6
    r = (r * u - 1.49247122299327e-5) * u + 0.0001205529357300686
    r = (r * u - 0.0008548325929179237) * u + 0.00522397760611554
    r = (r * u - 0.026866170643111094) * u + 0.11283791670944182
    r = (r * u - 0.3761263890318352) * u + 1.1283791670955126
    p = -3.3982155682e-7 * a + 0.024634891024573974
    p = (p * a + 0.18560273933506619) * a + 0.633898183012316
    p = (p * a + 1.1359026455324872) * a + 1.000000899470616
    q = 0.043647390331904914 * a + 0.32919508435219125
    q = (q * a + 1.143519679595749) * a + 2.188836281582285
    q = (q * a + 2.264290535967803) * a + 1
    return np.where(a < 1, x * r, np.sign(x) * (1 - np.exp(-a**2) * p / q))


def gradients(x, y, W1, b1, W2, b2):
    """The gradient of the loss with respect to each parameter.

    x (n, 4) inputs, y (n, 3) targets.
    """
    n = x.shape[0]

    # ---------------- forward ---------------------------------------
    # dense_1: Dense(6, gelu)
    z1 = x @ W1 + b1                                  # (n, 6)
    cdf1 = 0.5 * (1 + erf(z1 / 1.4142135623730951))   # (n, 6)
    h1 = z1 * cdf1                                    # (n, 6)

    # dense_2: Dense(3)
    z2 = h1 @ W2 + b2                                 # (n, 3)

    # loss
    e = z2 - y                                        # (n, 3)

    # ---------------- backward --------------------------------------
    # loss
    dz2 = 2 * e / (3 * n)                             # (n, 3)

    # dense_2
    dW2 = h1.T @ dz2                                  # (6, 3)
    db2 = dz2.sum(axis=0)                             # (3,)
    dh1 = dz2 @ W2.T                                  # (n, 6)

    # dense_1
    pdf1 = np.exp(-0.5 * z1**2) / 2.5066282746310002  # (n, 6)
    dz1 = dh1 * (cdf1 + z1 * pdf1)                    # (n, 6)
    dW1 = x.T @ dz1                                   # (4, 6)
    db1 = dz1.sum(axis=0)                             # (6,)

    return dW1, db1, dW2, db2
