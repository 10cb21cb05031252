"""Linear classifiers on CIFAR-10's raw pixels: ``python -m benchmarks.cifar10_linear FOLDER``.

Softmax and multiclass hinge on the same data (catalogue rows I2 and G3): the initial losses, the test
accuracies, and the mean of the ship template per colour channel. FOLDER holds the official archives.
"""

from __future__ import annotations

import argparse

import numpy as np

import glassnet as gn
from glassnet import layers

# Strengths and rates found by a search over powers of ten on 5,000 held-out training images.
CLASSIFIERS = {
    "softmax": ("softmax_cross_entropy", 1e-2),
    "hinge": (gn.losses.MulticlassHinge(), 1e-2),
}


def linear_classifier(loss: object, strength: float, optimizer: gn.optimizers.Optimizer) -> gn.Sequential:
    """Scores ``x W + b`` with small random weights and an L2 penalty."""
    model = gn.Sequential(
        [
            layers.Dense(
                10,
                kernel_initializer=gn.initializers.RandomNormal(stddev=0.0001),
                kernel_regularizer=gn.regularizers.L2(strength),
            )
        ]
    )
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def main() -> None:
    """Train both classifiers and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    data = gn.datasets.cifar10(arguments.folder)
    mean = data.X_train.mean(axis=0)
    X_train, X_test = (
        ((images - mean) / 64).astype(np.float32).reshape(len(images), -1)
        for images in (data.X_train, data.X_test)
    )
    for name, (loss, strength) in CLASSIFIERS.items():
        optimizer = gn.optimizers.SGD(0.01 if name == "softmax" else 0.003, momentum=0.9)
        model = linear_classifier(loss, strength, optimizer)
        model.build((None, X_train.shape[1]))
        initial = model.loss(X_train[:5000], data.y_train[:5000]).data
        for rate_factor in (1.0, 0.1):
            optimizer.learning_rate *= rate_factor
            model.fit(X_train, data.y_train, batch_size=256, epochs=arguments.epochs // 2, verbose=2)
        result = model.evaluate(X_test, data.y_test)
        ship = model.parameters["dense_1.kernel"][:, data.names.index("ship")].reshape(32, 32, 3)
        channels = dict(zip(("red", "green", "blue"), ship.mean(axis=(0, 1)), strict=True))
        shown = ", ".join(f"{channel} {value:+.5f}" for channel, value in channels.items())
        print(f"{name}: initial loss {initial:.3f}, test accuracy {result['accuracy']:.4f}")
        print(f"ship template, mean per channel: {shown}")


if __name__ == "__main__":
    main()
