"""Small networks and data that the tests of models share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import glassnet as gn
from glassnet.layers import Activation, BatchNormalization, Dense, Dropout


@dataclass
class Task:
    """Data, and the layers and options of a network that suits them."""

    X: np.ndarray
    y: np.ndarray
    make_layers: object
    options: dict

    def model(self, **options):
        """A compiled network."""
        model = gn.Sequential(self.make_layers(), **options)
        model.compile(**self.compiled())
        return model

    def compiled(self):
        """The arguments of compile, the optimizer a new one."""
        return {name: make() for name, make in self.options.items()}


def everything():
    return [
        Dense(
            8, kernel_regularizer=gn.regularizers.HalfL2(1e-3), kernel_constraint=gn.constraints.MaxNorm(1.5)
        ),
        BatchNormalization(),
        Activation("relu"),
        Dropout(0.3),
        Dense(3),
    ]


def plain_tasks():
    generator = np.random.default_rng(0)
    X = generator.normal(0, 1, (50, 4))
    labels = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0)
    numbers = np.sin(X[:, 0]) + 0.5 * X[:, 1]
    cross = lambda: "softmax_cross_entropy"  # noqa: E731 - one-line factories, as in a table
    return {
        "linear": Task(X, labels, lambda: [Dense(3)], {"optimizer": lambda: "sgd", "loss": cross}),
        "two layers": Task(
            X,
            labels,
            lambda: [Dense(6, "tanh"), Dense(3)],
            {"optimizer": lambda: gn.optimizers.SGD(0.1), "loss": cross},
        ),
        "everything": Task(
            X,
            labels,
            everything,
            {"optimizer": lambda: gn.optimizers.Adam(0.01), "loss": cross, "metrics": lambda: ["accuracy"]},
        ),
        "momentum, regression": Task(
            X,
            numbers,
            lambda: [Dropout(0.2), Dense(6, "sigmoid"), Dense(1)],
            {
                "optimizer": lambda: gn.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
                "loss": lambda: "squared_error",
                "metrics": lambda: ["mae"],
            },
        ),
        "binary": Task(
            X,
            (numbers > 0).astype(int),
            lambda: [Dense(5, "relu"), BatchNormalization(), Dense(1)],
            {"optimizer": lambda: "adam", "loss": lambda: "binary_cross_entropy"},
        ),
        "summed": Task(
            X,
            numbers,
            lambda: [Dense(5, "tanh"), Dense(1)],
            {"optimizer": lambda: gn.optimizers.SGD(1e-3), "loss": lambda: "sum_of_squares"},
        ),
    }


TASKS = plain_tasks()


@pytest.fixture(params=TASKS)
def task(request):
    """Each of the networks."""
    return TASKS[request.param]


@pytest.fixture
def tasks():
    """All of them, by name."""
    return TASKS
