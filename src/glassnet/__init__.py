"""Neural networks you can see through.

The whole training step of a network is one graph of array operations, printed as the NumPy program that runs.
"""

from __future__ import annotations

from glassnet import (
    activations,
    callbacks,
    constraints,
    datasets,
    errors,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from glassnet.ensemble import Ensemble
from glassnet.functional import Array, grad, source, trace, value_and_grad
from glassnet.graph.graph import Graph
from glassnet.inspect.gradients import check_gradients
from glassnet.inspect.sanity import sanity_checks
from glassnet.model import Model, Sequential
from glassnet.nn.layer import Layer
from glassnet.nn.symbolic import Input
from glassnet.trace.composite import composite
from glassnet.trace.numpy_api import one_hot_rows as one_hot
from glassnet.trace.numpy_api import pick, stop_gradient
from glassnet.train.history import History

__version__ = "0.1.0.dev0"

__all__ = [
    "Array",
    "Ensemble",
    "Graph",
    "History",
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "activations",
    "callbacks",
    "check_gradients",
    "composite",
    "constraints",
    "datasets",
    "errors",
    "grad",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "one_hot",
    "optimizers",
    "pick",
    "regularizers",
    "sanity_checks",
    "schedules",
    "source",
    "stop_gradient",
    "trace",
    "value_and_grad",
]
