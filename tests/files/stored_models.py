"""Models and data that the tests of model files share."""

from __future__ import annotations

import numpy as np

import glassnet as gn


def example(spec, rows, generator):
    if spec.kind == "int":
        return generator.integers(0, spec.below or 2, (rows, *spec.shape))
    return generator.normal(0, 1, (rows, *spec.shape))


def data_for(model, rows=23, seed=1):
    """Inputs and targets that fit a built and compiled model."""
    generator = np.random.default_rng(seed)
    inputs = [example(spec, rows, generator) for spec in model.input_specs]
    loss = model.loss_function or gn.losses.SquaredError()
    return inputs if len(inputs) > 1 else inputs[0], loss.example_targets(generator, rows, model.output_shape)


def trained(model, epochs=2):
    """The same model after a few steps."""
    X, y = data_for(model)
    model.fit(X, y, batch_size=8, epochs=epochs, verbose=0)
    return model
