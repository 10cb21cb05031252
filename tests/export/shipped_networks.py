"""Every layer, activation and model of the other tests, with weights and statistics that no default has."""

from __future__ import annotations

import numpy as np

from compiled.networks import TASKS

KINDS = ("layer: ", "activation: ", "model: ", "functional: ", "custom: ")
NAMES = [name for name in TASKS if name.startswith(KINDS)]
ROWS = 5


def shaken(model):
    """The model with other weights, and with statistics far from their placeholders."""
    generator = np.random.default_rng(4)
    for weight, _ in model.weights():
        noise = generator.normal(0, 0.3, weight.shape)
        value = weight.value + noise if weight.trainable else generator.uniform(0.5, 2, weight.shape)
        weight.value = np.asarray(value, model.dtype)
    return model


def network(name, dtype):
    """A model, and the arrays of its inputs."""
    task = TASKS[name](dtype)
    given = task.X if isinstance(task.X, list) else [task.X]
    arrays = [np.asarray(x)[:ROWS] for x in given]
    if not task.model.built:
        task.model.build((None, *arrays[0].shape[1:]))
    return shaken(task.model), arrays


def predicted(model, arrays):
    return model.predict(arrays if len(arrays) > 1 else arrays[0])
