"""The stored programs of activations, initial weights' penalties and constraints.

Run ``python tests/golden/activations/regenerate.py`` after a change that is meant to change what is printed,
read the difference as a teacher would, and commit it with the change. tests/nn/test_activation_options.py
compares every character.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import glassnet as gn
from glassnet import activations, constraints, layers, regularizers

GOLDEN = Path(__file__).parent


def gradients(*middle: Any) -> str:
    """The gradients of a network with these layers between two dense ones."""
    model = gn.Sequential([layers.Dense(6), *middle, layers.Dense(3)])
    return program(model, "gradients")


def program(model: gn.Sequential, kind: str = "train") -> str:
    """A program of a model on four features, trained by plain gradient descent."""
    model.build((None, 4))
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    return model.source(kind)


def activation(name: str) -> str:
    """The gradients of a network whose hidden layer has this activation."""
    return program(gn.Sequential([layers.Dense(6, name), layers.Dense(3)]), "gradients")


def penalties(**options: Any) -> str:
    """A training step of two dense layers, the first of them with these options."""
    return program(gn.Sequential([layers.Dense(6, "tanh", **options), layers.Dense(3)]))


LIMITED = partial(activations.relu, negative_slope=0.1, max_value=6.0, threshold=1.0)
APPROXIMATE = partial(activations.gelu, approximate=True)

PROGRAMS = {
    **{f"{name}.py": partial(activation, name) for name in (
        "elu", "gelu", "glu", "hard_silu", "leaky_relu", "log_sigmoid", "mish", "relu6", "selu", "silu",
        "softsign", "sparse_plus", "sparsemax", "squareplus", "tanh_shrink",
    )},
    "gelu_tanh.py": partial(activation, APPROXIMATE),
    "relu_limited.py": partial(activation, LIMITED),
    "prelu.py": lambda: gradients(layers.PReLU()),
    "maxout.py": lambda: gradients(layers.Maxout(3)),
    "elastic_net.py": lambda: penalties(kernel_regularizer=regularizers.L1L2(1e-4, 1e-3)),
    "activity.py": lambda: penalties(activity_regularizer=regularizers.L1(0.01)),
    "orthogonal.py": lambda: penalties(
        kernel_regularizer=regularizers.OrthogonalRegularizer(mode="columns")
    ),
    "max_norm.py": lambda: penalties(kernel_constraint=constraints.MaxNorm(3)),
    "min_max_norm.py": lambda: penalties(kernel_constraint=constraints.MinMaxNorm(0.5, 2, rate=0.9)),
    "unit_norm.py": lambda: penalties(kernel_constraint="unit_norm", bias_constraint="non_neg"),
}  # fmt: skip


if __name__ == "__main__":
    for name, make in PROGRAMS.items():
        (GOLDEN / name).write_text(make(), encoding="utf-8")
