"""The stored programs of a small network trained with each of several losses.

Run ``python tests/golden/losses/regenerate.py`` after a change that is meant to change what is printed, read
the difference as a teacher would, and commit it with the change. tests/nn/test_catalogue_loss_programs.py
compares every character.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet import layers, losses

GOLDEN = Path(__file__).parent
RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (9, 4))
LABELS, FOUR = RNG.integers(0, 3, 9), RNG.integers(0, 4, 9)
BITS, NUMBERS = (RNG.uniform(size=(9, 3)) < 0.5).astype(float), RNG.normal(0, 1, 9)
COUNTS, SPREAD = RNG.poisson(2.0, 9).astype(float), RNG.dirichlet(np.ones(3), 9)

# file → loss, units and activation of the last layer, targets
PROGRAMS: dict[str, tuple[Any, int, Any, Any]] = {
    "softmax_smoothing.py": (losses.SoftmaxCrossEntropy(label_smoothing=0.1), 3, None, LABELS),
    "softmax_distributions.py": ("softmax_cross_entropy", 3, None, SPREAD),
    "multiclass_hinge.py": ("multiclass_hinge", 3, None, LABELS),
    "multiclass_hinge_squared.py": (losses.MulticlassHinge(10.0, squared=True), 3, None, LABELS),
    "one_vs_all.py": (losses.MulticlassHinge(kind="one_vs_all"), 3, None, LABELS),
    "crammer_singer.py": (losses.MulticlassHinge(kind="crammer_singer"), 3, None, LABELS),
    "attribute_logistic.py": (losses.BinaryCrossEntropy(over_outputs="sum"), 3, None, BITS),
    "attribute_hinge.py": (losses.BinaryHinge(over_outputs="sum"), 3, None, BITS),
    "l1_regression.py": ("l1_regression", 1, None, NUMBERS),
    "huber.py": ("huber", 1, None, NUMBERS),
    "log_cosh.py": ("log_cosh", 1, None, NUMBERS),
    "quantile.py": (losses.Quantile(0.9), 1, None, NUMBERS),
    "gaussian_nll.py": ("gaussian_nll", 2, None, NUMBERS),
    "poisson.py": ("poisson", 1, "exponential", COUNTS),
    "gamma.py": ("gamma", 1, None, COUNTS + 1),
    "tweedie.py": ("tweedie", 1, None, COUNTS),
    "ordinal.py": ("ordinal", 3, None, FOUR),
    "hierarchical_softmax.py": ("hierarchical_softmax", 3, None, FOUR),
    "focal.py": ("focal", 3, None, LABELS),
    "binary_crossentropy.py": ("binary_crossentropy", 1, "sigmoid", BITS[:, 0]),
    "sparse_categorical_crossentropy.py": ("sparse_categorical_crossentropy", 3, "softmax", LABELS),
    "kl_divergence.py": ("kl_divergence", 3, "softmax", SPREAD),
    "cosine_similarity.py": ("cosine_similarity", 3, None, BITS + 0.1),
}


def model(name: str) -> gn.Sequential:
    """A small network, after one step with the loss of the table."""
    loss, units, activation, y = PROGRAMS[name]
    chosen = losses.get(loss)
    made = gn.Sequential([layers.Dense(5, "relu"), layers.Dense(units, activation)], dtype="float64")
    made.compile(gn.optimizers.SGD(0.1), chosen, metrics=[] if chosen.task == "numbers" else ["accuracy"])
    made.fit(X, y, batch_size=9, epochs=1, verbose=0)
    return made


if __name__ == "__main__":
    for each in PROGRAMS:
        (GOLDEN / each).write_text(model(each).source(), encoding="utf-8")
