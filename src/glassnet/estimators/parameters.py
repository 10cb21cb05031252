"""What the constructors' arguments may be; looked at in ``fit``, never in ``__init__``."""

from __future__ import annotations

import difflib
import itertools
import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from glassnet.errors import InputError, UnknownNameError, suggest
from glassnet.nn import activations, initializers
from glassnet.optim import optimizers
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.schedules.base import LearningRateSchedule
from glassnet.train.backend import BACKENDS
from glassnet.train.wording import short

Rule = Callable[[Any, str, str], Any]

STOCHASTIC = ("sgd", "adam")
SOLVERS = ("lbfgs", *STOCHASTIC)
RATES = ("constant", "invscaling", "adaptive")
# scikit-learn's names for activations, beside all of ours.
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}


def refuse(owner: str, name: str, wanted: str, value: Any) -> InputError:
    """The error for a value that an argument cannot take."""
    return InputError(f"{owner}: {name} must be {wanted}; got {short(value)}.")


def number(wanted: str, valid: Callable[[float], bool], whole: bool = False) -> Rule:
    """A rule for numbers."""
    kind = numbers.Integral if whole else numbers.Real

    def rule(value: Any, name: str, owner: str) -> None:
        is_number = isinstance(value, kind) and not isinstance(value, bool | np.bool_)
        if not is_number or not valid(float(value)):
            raise refuse(owner, name, wanted, value)

    return rule


def flag(value: Any, name: str, owner: str) -> None:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise refuse(owner, name, "True or False", value)


def word(*known: str) -> Rule:
    """A rule for one of a few words."""

    def rule(value: Any, name: str, owner: str) -> None:
        if not isinstance(value, str) or value not in known:
            raise unknown(owner, name, value, known)

    return rule


def unknown(owner: str, name: str, value: Any, known: Iterable[str]) -> UnknownNameError:
    """The error for a word that nobody knows."""
    return UnknownNameError(f"{owner}: unknown {name} {short(value)}. {suggest(str(value), known)}")


def either(first: Rule, *allowed: Any) -> Rule:
    """A rule that lets some values pass, None among them if listed."""

    def rule(value: Any, name: str, owner: str) -> None:
        if not any(value is one or (isinstance(value, str) and value == one) for one in allowed):
            first(value, name, owner)

    return rule


non_negative = number("a number of at least 0", lambda v: 0 <= v < math.inf)
above_zero = number("a number above 0", lambda v: 0 < v < math.inf)
below_one = number("a number of at least 0 and below 1", lambda v: 0 <= v < 1)
up_to_one = number("a number from 0 to 1", lambda v: 0 <= v <= 1)
counting = number("a whole number of at least 1", lambda v: v >= 1, whole=True)
patience = number(
    'a whole number of at least 1, or float("inf")', lambda v: v >= 1 and (v % 1 == 0 or v == math.inf)
)


def solver(value: Any, name: str, owner: str) -> None:
    """A word, an optimizer's name, or an optimizer."""
    if isinstance(value, str):
        known = {*SOLVERS, *optimizers.OPTIMIZERS}
        if value not in known:
            usual = difflib.get_close_matches(value, SOLVERS)
            raise unknown(owner, name, value, usual or known)
    elif not isinstance(value, Optimizer):
        raise refuse(owner, name, f"one of {', '.join(map(repr, SOLVERS))}, or an optimizer", value)


def rate(value: Any, name: str, owner: str) -> None:
    """One of scikit-learn's words, or a schedule."""
    if not isinstance(value, LearningRateSchedule):
        word(*RATES)(value, name, owner)


def one_activation(value: Any, name: str, owner: str) -> None:
    """A name or a function."""
    if isinstance(value, str):
        known = {*ACTIVATIONS, *activations.ACTIVATIONS}
        if value not in known:
            raise unknown(owner, name, value, known)
    elif not callable(value):
        raise refuse(owner, name, "a name, a NumPy function, or a list of one for each hidden layer", value)


def activation(value: Any, name: str, owner: str) -> None:
    """A name or a function, or one for each hidden layer."""
    for one in value if isinstance(value, list | tuple) else (value,):
        one_activation(one, name, owner)


def rates_per_layer(value: Any, name: str, owner: str) -> None:
    """A share to drop, or one for each hidden layer."""
    for one in value if isinstance(value, list | tuple) else (value,):
        below_one(one, name, owner)


def initializer(value: Any, name: str, owner: str) -> None:
    """A name, an initializer or a function of the shape."""
    if isinstance(value, str) and value not in initializers.INITIALIZERS:
        raise unknown(owner, name, value, initializers.INITIALIZERS)
    if not isinstance(value, str) and not callable(value):
        raise refuse(owner, name, "a name or an initializer", value)


def hidden_sizes(value: Any, name: str, owner: str) -> None:
    """One width, or one for each hidden layer."""
    sizes = layer_sizes(value)
    wholes = [size for size in sizes if isinstance(size, numbers.Integral)]
    if isinstance(value, str) or len(wholes) < len(sizes):
        raise refuse(owner, name, "a whole number, or a list of one for each hidden layer", value)
    if any(size <= 0 for size in sizes):
        raise InputError(f"{name} must be > 0, got {sizes}.")  # scikit-learn's words


def layer_sizes(value: Any) -> list[Any]:
    """The widths of the hidden layers as a list."""
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]


def random_state(value: Any, name: str, owner: str) -> None:
    """None, a seed, or a generator."""
    kinds = (np.random.RandomState, np.random.Generator)
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if value is not None and not isinstance(value, kinds) and not (whole and 0 <= int(value) < 2**32):
        raise refuse(owner, name, f"None, a whole number from 0 to {2**32 - 1}, or a RandomState", value)


def verbosity(value: Any, name: str, owner: str) -> None:
    """False, True, a number, or "bar"."""
    if not isinstance(value, bool | np.bool_ | numbers.Integral) and value != "bar":
        raise refuse(owner, name, 'True, False, a number or "bar"', value)


def quantile_levels(value: Any, name: str, owner: str) -> None:
    """Numbers between 0 and 1, rising."""
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise refuse(owner, name, "a list of numbers between 0 and 1, such as (0.1, 0.5, 0.9)", value)
    levels = list(value)
    for level in levels:
        number("numbers between 0 and 1", lambda v: 0 < v < 1)(level, name, owner)
    if not levels or any(a >= b for a, b in itertools.pairwise(levels)):
        raise refuse(owner, name, "a list of rising numbers, such as (0.1, 0.5, 0.9)", value)


def class_weight(value: Any, name: str, owner: str) -> None:
    """None, "balanced", a dict of weights, or a list of dicts."""
    if isinstance(value, str):
        word("balanced")(value, name, owner)
    elif not isinstance(value, dict | list):
        raise refuse(owner, name, 'a dict, such as {0: 1.0, 1: 5.0}, or "balanced"', value)


def callback_list(value: Any, name: str, owner: str) -> None:
    """Callbacks are checked by the training itself; here only that there is something to go through."""
    if not hasattr(value, "on_epoch_end") and not isinstance(value, list | tuple):
        raise refuse(owner, name, "a list of callbacks", value)


def column_list(value: Any, name: str, owner: str) -> None:
    """Names of columns, or their numbers."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise refuse(owner, name, "a list of columns, such as ['age']", value)
    for one in value:
        if isinstance(one, bool) or not isinstance(one, str | numbers.Integral):
            raise refuse(owner, name, "a list of names of columns, or of their numbers", value)


def encoding(value: Any, name: str, owner: str) -> None:
    """The word "auto", or something that encodes as a FrameEncoder does."""
    if isinstance(value, str):
        word("auto")(value, name, owner)
    elif not callable(getattr(value, "encode", None)):
        raise refuse(owner, name, 'None, "auto" or a FrameEncoder', value)


RULES: dict[str, Rule] = {
    "hidden_layer_sizes": hidden_sizes,
    "activation": activation,
    "solver": solver,
    "alpha": non_negative,
    "batch_size": either(counting, "auto"),
    "learning_rate": rate,
    "learning_rate_init": above_zero,
    "power_t": non_negative,
    "max_iter": counting,
    "shuffle": flag,
    "random_state": random_state,
    "tol": non_negative,
    "verbose": verbosity,
    "warm_start": flag,
    "momentum": up_to_one,
    "nesterovs_momentum": flag,
    "early_stopping": flag,
    "validation_fraction": below_one,
    "beta_1": below_one,
    "beta_2": below_one,
    "epsilon": above_zero,
    "n_iter_no_change": patience,
    "max_fun": counting,
    "dropout": rates_per_layer,
    "batch_norm": flag,
    "kernel_initializer": either(initializer, None),
    "l1": non_negative,
    "max_norm": either(above_zero, None),
    "class_weight": either(class_weight, None),
    "callbacks": either(callback_list, None),
    "scale_target": either(flag, "auto"),
    "quantiles": either(quantile_levels, None),
    "n_ensemble": counting,
    "threads": either(counting, None),
    "dtype": word("auto", "float32", "float64"),
    "backend": word(*BACKENDS),
    "epochs": number("a whole number of at least 0", lambda v: v >= 0, whole=True),
    "validation_split": below_one,
    "columns": either(encoding, None),
    "numeric": word("robust", "standard", "none"),
    "missing": word("error", "median", "mean"),
    "categorical": column_list,
    "max_one_hot": either(counting, None),
    "dates": word("parts", "number"),
    "numerical": column_list,
    "drop": column_list,
}


def check(estimator: Any) -> None:
    """Every argument of an estimator, or an error that names the first bad one.

    Parameters
    ----------
    estimator : estimator
        Its ``get_params`` lists the arguments; those without a rule are checked where they are used.

    Raises
    ------
    InputError, UnknownNameError
        A value that cannot be used.
    """
    owner = type(estimator).__name__
    for name in estimator._get_param_names():
        if name in RULES:
            RULES[name](getattr(estimator, name), name, owner)


def per_layer(value: Any, count: int, name: str, owner: str) -> list[Any]:
    """A value for each hidden layer, from one or a list of them."""
    values = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(values) != count:
        raise InputError(
            f"{owner}: {name} has {len(values)} entries for {count} hidden layers.\n"
            "Give one, or one per layer."
        )
    return values
