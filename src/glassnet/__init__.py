"""Neural networks you can see through.

The whole training step of a network is one graph of array operations, printed as the NumPy program that runs.
"""

from __future__ import annotations

import importlib

from glassnet import (
    activations,
    callbacks,
    constraints,
    datasets,
    errors,
    export,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from glassnet.ensemble import Ensemble
from glassnet.files import load
from glassnet.functional import Array, grad, source, trace, value_and_grad
from glassnet.graph.graph import Graph
from glassnet.inspect.diagnosis import diagnose
from glassnet.inspect.gradients import check_gradients
from glassnet.inspect.ladder import search_ladder
from glassnet.inspect.sanity import sanity_checks
from glassnet.inspect.statistics import layer_statistics
from glassnet.inspect.templates import plot_decision_regions, plot_templates, templates
from glassnet.model import Model, Sequential
from glassnet.nn.layer import Layer
from glassnet.nn.symbolic import Input
from glassnet.random import same_random_state
from glassnet.trace.composite import composite
from glassnet.trace.numpy_api import one_hot_rows as one_hot
from glassnet.trace.numpy_api import pick, stop_gradient
from glassnet.train.chunks import Chunks
from glassnet.train.history import History

__version__ = "0.1.0.dev0"

__all__ = [
    "Array",
    "Chunks",
    "Ensemble",
    "FrameEncoder",
    "Graph",
    "HiddenFeatures",
    "History",
    "Input",
    "Layer",
    "LinearClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "NetworkClassifier",
    "NetworkRegressor",
    "Sequential",
    "activations",
    "callbacks",
    "check_gradients",
    "composite",
    "constraints",
    "datasets",
    "diagnose",
    "errors",
    "export",
    "grad",
    "initializers",
    "layer_statistics",
    "layers",
    "load",
    "losses",
    "metrics",
    "one_hot",
    "optimizers",
    "pick",
    "plot_decision_regions",
    "plot_templates",
    "regularizers",
    "sanity_checks",
    "schedules",
    "search_ladder",
    "source",
    "stop_gradient",
    "templates",
    "trace",
    "value_and_grad",
]

_ESTIMATORS = (
    "FrameEncoder",
    "HiddenFeatures",
    "LinearClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
)


def __getattr__(name: str) -> object:
    """The estimators, imported with scikit-learn only when somebody asks for them."""
    if name in _ESTIMATORS:
        with same_random_state():
            return getattr(importlib.import_module("glassnet.estimators"), name)
    raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
