"""The stored programs of the catalogue's layers.

Run ``python tests/golden/layers/regenerate.py`` after a change that is meant to change what is printed, read
the difference as a teacher would, and commit it with the change. tests/nn/test_catalogue_layers.py compares
every character and runs the programs of the same layers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet import layers

GOLDEN = Path(__file__).parent


def between(*middle: gn.Layer, inputs: int = 8) -> gn.Sequential:
    """Layers between two dense ones, trained by plain gradient descent."""
    model = gn.Sequential([layers.Dense(6), *middle, layers.Dense(3)])
    return built(model, (None, inputs), "softmax_cross_entropy")


def built(model: gn.Sequential, shape: tuple[int | None, ...], loss: str = "squared_error") -> gn.Sequential:
    """A model that knows the shape of its inputs."""
    model.build(shape)
    model.compile(gn.optimizers.SGD(0.1), loss)
    return model


def images() -> gn.Sequential:
    """Pictures: batch and group normalization of channels."""
    middle = [layers.BatchNormalization(), layers.Activation("relu"), layers.GroupNormalization(2)]
    model = gn.Sequential([layers.Dense(4), *middle, layers.Flatten(), layers.Dense(10)])
    return built(model, (None, 8, 8, 3), "softmax_cross_entropy")


def words() -> gn.Sequential:
    """Ten words, each looked up in a table."""
    model = gn.Sequential([layers.Embedding(1000, 16), layers.Flatten(), layers.Dense(2)])
    return built(model, (None, 10), "softmax_cross_entropy")


def branches() -> gn.Model:
    """Two branches, added and concatenated."""
    x = gn.Input((8,))
    a = layers.Dense(4, "tanh")(x)
    b = layers.Dense(4, "relu")(x)
    total = layers.Add()([a, b])
    model = gn.Model(x, layers.Dense(1)(layers.Concatenate()([total, x])))
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    return model


def pictures() -> gn.Sequential:
    """A chain of preprocessing, adapted by ``fit``."""
    chain = [
        layers.Rescaling(1 / 16),
        layers.Flatten(),
        layers.MeanSubtraction(axis=None),
        layers.Whitening("zca"),
    ]
    model = gn.Sequential([*chain, layers.Dense(3)])
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
    X = np.random.default_rng(0).integers(0, 17, (60, 3, 2))
    model.fit(X, np.arange(60) % 3, verbose=0)
    return model


PROGRAMS: dict[str, Callable[[], str]] = {
    "layer_normalization.py": lambda: between(layers.LayerNormalization()).source(),
    "rms_normalization.py": lambda: between(layers.RMSNormalization()).source(),
    "unit_normalization.py": lambda: between(layers.UnitNormalization()).source(),
    "images.py": lambda: images().source(),
    "vanilla_dropout.py": lambda: between(layers.VanillaDropout(0.5)).source(),
    "vanilla_dropout_predict.py": lambda: between(layers.VanillaDropout(0.5)).source("predict"),
    "alpha_dropout.py": lambda: between(layers.Activation("relu"), layers.AlphaDropout(0.1)).source(),
    "gaussian_noise.py": lambda: between(layers.GaussianNoise(0.1), layers.GaussianDropout(0.5)).source(),
    "dropconnect.py": lambda: between(layers.DropConnect(5, 0.5, "relu")).source(),
    "dropout_sample.py": lambda: between(layers.Activation("relu"), layers.Dropout(0.5)).source("sample"),
    "activity_regularization.py": lambda: between(layers.ActivityRegularization(l2=0.01)).source(),
    "bias_trick.py": lambda: built(
        gn.Sequential([layers.BiasTrick(), layers.Dense(10, use_bias=False)]),
        (None, 3072),
        "softmax_cross_entropy",
    ).source(),
    "embedding.py": lambda: words().source(),
    "branches.py": lambda: branches().source(),
    "whitening_predict.py": lambda: pictures().source("predict"),
    "min_max_scaling_predict.py": lambda: built(
        gn.Sequential([layers.MinMaxScaling(), layers.PCA(2), layers.Dense(1)]), (None, 8)
    ).source("predict"),
}


if __name__ == "__main__":
    for name, make in PROGRAMS.items():
        (GOLDEN / name).write_text(make(), encoding="utf-8")
