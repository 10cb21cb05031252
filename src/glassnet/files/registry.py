"""What a file may name: closed tables of classes and functions. Nothing else is ever looked up by a name.

A class or function of the user's is not here: a file holds only its name, and ``load(..., custom={...})``
has to hand it over.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from glassnet.nn import (
    activation_layers,
    activations,
    constraints,
    core,
    embedding,
    initializers,
    layer_norm,
    losses,
    merging,
    metrics,
    noise,
    norm,
    preprocessing,
    regularizers,
    reshaping,
    whitening,
)
from glassnet.nn.activations import hard, rectifiers, rows, smooth
from glassnet.nn.initializers import Fixed
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import FunctionLoss
from glassnet.nn.losses.several import HalfSquaredError, SeveralLabels
from glassnet.optim import clipping, optimizers, schedules, transforms
from glassnet.trace.composite import Composite
from glassnet.trace.tracer import FUNCTIONS as TRACED_FUNCTIONS
from glassnet.trace.tracer import UFUNCS as TRACED_UFUNCS


def named(*classes: type) -> dict[str, type]:
    """Class name → class."""
    return {cls.__name__: cls for cls in classes}


LAYERS: dict[str, type] = named(
    activation_layers.ELU,
    activation_layers.LeakyReLU,
    activation_layers.Maxout,
    activation_layers.PReLU,
    activation_layers.ReLU,
    activation_layers.Softmax,
    core.Activation,
    core.ActivityRegularization,
    core.BiasTrick,
    core.Dense,
    embedding.ColumnEmbedding,
    embedding.Embedding,
    layer_norm.GroupNormalization,
    layer_norm.LayerNormalization,
    layer_norm.RMSNormalization,
    layer_norm.UnitNormalization,
    merging.Add,
    merging.Average,
    merging.Concatenate,
    merging.Dot,
    merging.Maximum,
    merging.Minimum,
    merging.Multiply,
    merging.Subtract,
    noise.AlphaDropout,
    noise.DropConnect,
    noise.Dropout,
    noise.GaussianDropout,
    noise.GaussianNoise,
    noise.VanillaDropout,
    norm.BatchNormalization,
    preprocessing.MeanSubtraction,
    preprocessing.MinMaxScaling,
    preprocessing.Normalization,
    preprocessing.Rescaling,
    reshaping.Flatten,
    reshaping.Permute,
    reshaping.RepeatVector,
    reshaping.Reshape,
    whitening.PCA,
    whitening.Whitening,
)

# kind → class name → class. A class's kind says where it may stand: see ROLES.
CLASSES: dict[str, dict[str, type]] = {
    "initializer": named(*initializers.CLASSES, Fixed),  # type: ignore[arg-type]
    "regularizer": named(
        regularizers.HalfL2,
        regularizers.L1,
        regularizers.L1L2,
        regularizers.L2,
        regularizers.OrthogonalRegularizer,
    ),
    "constraint": named(
        constraints.MaxNorm, constraints.MinMaxNorm, constraints.NonNeg, constraints.UnitNorm
    ),
    "loss": named(*losses.CLASSES, FunctionLoss, HalfSquaredError, SeveralLabels),
    "tree": named(losses.Tree),
    "metric": named(
        metrics.Accuracy, metrics.BinaryAccuracy, metrics.Metric, metrics.Scorer, metrics.TopKAccuracy
    ),
    "optimizer": named(*(getattr(optimizers, name) for name in optimizers.__all__ if name != "get")),
    "schedule": named(
        *(getattr(schedules, name) for name in schedules.__all__ if name != "LearningRateSchedule")
    ),
    "transform": named(
        transforms.Momentum,
        transforms.ScaleByAdam,
        transforms.ScaleByAdamax,
        transforms.ScaleByAmsgrad,
        transforms.ScaleByDeviation,
        transforms.ScaleByNadam,
        transforms.ScaleByRate,
        transforms.ScaleByRatio,
        transforms.ScaleByRms,
        transforms.ScaleBySum,
        transforms.SignOfMomentum,
    ),
}
KIND_OF: dict[type, str] = {cls: kind for kind, table in CLASSES.items() for cls in table.values()}

_LOSS_FUNCTIONS = {cls.function.__name__: cls.function for cls in losses.CLASSES}
_ACTIVATIONS: tuple[Any, ...] = (*activations.FUNCTIONS, activations.erf)
_METRICS: tuple[Any, ...] = (
    metrics.accuracy,
    metrics.binary_accuracy,
    metrics.cosine_similarity,
    metrics.top_k_accuracy,
)
_TRACED: dict[Any, Any] = {**TRACED_UFUNCS, **TRACED_FUNCTIONS}
# kind → name → function
FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "activation": {f.__name__: f for f in _ACTIVATIONS},
    "loss": _LOSS_FUNCTIONS,
    "metric": {function.__name__: function for function in _METRICS},
    "numpy": {f.__name__: f for f in _TRACED},
}
FUNCTION_KIND: dict[Any, str] = {
    function: kind for kind in reversed(FUNCTIONS) for function in FUNCTIONS[kind].values()
}


def _composites(*modules: ModuleType) -> dict[str, Composite]:
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Composite)]
    return {composite.name: composite for composite in found}


# Composite operations that may stand between the layers of a functional model.
COMPOSITES: dict[str, Composite] = _composites(
    activation_layers,
    clipping,
    constraints,
    formulas,
    hard,
    layer_norm,
    noise,
    norm,
    rectifiers,
    regularizers,
    rows,
    smooth,
)

# Parameter → kinds of what it may hold beside plain values. A parameter's ending counts, too.
ROLES: dict[str, tuple[str, ...]] = {
    "activation": ("activation", "numpy"),
    "function": ("loss", "metric", "numpy"),
    "learning_rate": ("schedule",),
    "label_loss": ("loss",),
    "transforms": ("transform",),
    "tree": ("tree",),
    "values": ("array",),
    "mean": ("array",),
    "variance": ("array",),
    "initializer": ("initializer",),
    "regularizer": ("regularizer",),
    "constraint": ("constraint",),
}
# Constructor arguments that are kept in an attribute of another name.
ATTRIBUTES: dict[tuple[str, str], str] = {
    ("Normalization", "mean"): "input_mean",
    ("Normalization", "variance"): "input_variance",
    ("Scorer", "scorer"): "given",
}


def add(kind: str, *classes: type) -> None:
    """Let files name more of our classes, from modules that stand further down the line.

    Parameters
    ----------
    kind : str
        Says where their objects may stand, such as ``"loss"``.
    *classes : type
        They keep their constructor's arguments as attributes of the same names.
    """
    CLASSES.setdefault(kind, {}).update(named(*classes))
    KIND_OF.update(dict.fromkeys(classes, kind))


@functools.cache
def arguments(cls: Any) -> tuple[str, ...]:
    """The names of a constructor's arguments, those that it hands on to a base included.

    Examples
    --------
    >>> arguments(core.BiasTrick)
    ('name', 'trainable')
    """
    if cls is losses.Tree:
        return "leaves", "preorder"
    if "__signature__" in vars(cls):
        return tuple(inspect.signature(cls).parameters)
    found: list[str] = []
    for base in cls.__mro__:
        constructor = vars(base).get("__init__")
        if base is object or constructor is None:
            continue
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        own = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        found += [name for name in own if name not in found]
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            break
    return tuple(found)


def attribute(owner: Any, argument: str) -> str:
    """Where an object keeps a constructor's argument."""
    return ATTRIBUTES.get((type(owner).__name__, argument), argument)


def roles(argument: str) -> tuple[str, ...]:
    """The kinds of what an argument may hold beside plain values."""
    return ROLES.get(argument) or ROLES.get(argument.rpartition("_")[2], ())


_PATTERN = re.compile(r"(?:[\w ^$|.\-]|\\[.dwbs\-]|[*+?])*", re.ASCII)


def is_harmless(pattern: str) -> bool:
    r"""Whether a regular expression cannot be made to take for ever: no groups, and at most two repetitions.

    Examples
    --------
    >>> is_harmless(r"dense_1\..*bias$"), is_harmless(r"(a+)+$")
    (True, False)
    """
    repeated = sum(pattern.count(sign) for sign in "*+?")
    return len(pattern) <= 200 and repeated <= 2 and _PATTERN.fullmatch(pattern) is not None
