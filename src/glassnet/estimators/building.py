"""The network and the optimizer that an MLP estimator's arguments describe."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

import numpy as np

from glassnet.estimators import parameters, tables
from glassnet.estimators.objectives import Objective
from glassnet.model import Sequential
from glassnet.nn.constraints import MaxNorm
from glassnet.nn.core import Activation, Dense
from glassnet.nn.embedding import ColumnEmbedding
from glassnet.nn.losses.base import FunctionLoss
from glassnet.nn.losses.several import SeveralLabels
from glassnet.nn.noise import Dropout
from glassnet.nn.norm import BatchNormalization
from glassnet.nn.regularizers import L1L2, HalfL2, Regularizer
from glassnet.optim import optimizers
from glassnet.optim.lbfgs import LBFGS
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.schedules.base import LearningRateSchedule

EMBEDDING_WIDTH = 8  # of the vectors of categories, as in RealMLP
SCIPY_FTOL = 2.220446049250313e-09  # by default: 1e7 times the machine's precision
# Of the running statistics, at each step: batches of 200 make few steps of a small table, and after 60 of
# them Keras's 0.99 would still remember half of the start.
STATISTICS_KEEP = 0.9


# ------------------------------------------------------------------------------------------ the network
def build(estimator: Any, features: int, objective: Objective, generator: Any, dtype: Any) -> Sequential:
    """The network of an estimator, with its first weights.

    Parameters
    ----------
    estimator : estimator
        Its arguments are read: widths, activations, dropout, ...
    features : int
    objective : Objective
    generator : numpy.random.RandomState
        Draws the weights, in scikit-learn's order.
    dtype : dtype

    Returns
    -------
    Sequential
        Built, not compiled.
    """
    sizes = [int(size) for size in parameters.layer_sizes(estimator.hidden_layer_sizes)]
    owner = type(estimator).__name__
    names = parameters.per_layer(estimator.activation, len(sizes), "activation", owner)
    shares = parameters.per_layer(estimator.dropout, len(sizes), "dropout", owner)
    penalty = penalty_of(estimator)
    layers: list[Any] = _embedding(tables.embedding_sizes(estimator))
    for size, name, share in zip(sizes, names, shares, strict=True):
        layers += _hidden(estimator, size, name, share, penalty)
    layers.append(_dense(estimator, objective.outputs, None, penalty, None))
    network = Sequential(layers, dtype=np.dtype(dtype).name)
    network.build((None, features))
    if estimator.kernel_initializer is None:
        _initialize(network, names, generator)
    else:
        _draw(network, np.random.default_rng(generator.randint(2**31)))
    _initialize_embeddings(network, generator)
    return network


def _embedding(sizes: list[int]) -> list[ColumnEmbedding]:
    """The layer for columns of indices, if any; a vector is never longer than half of its table."""
    widths = [max(1, min(EMBEDDING_WIDTH, size // 2)) for size in sizes]
    return [ColumnEmbedding(sizes, widths)] if sizes else []


def _hidden(estimator: Any, size: int, name: Any, share: float, penalty: Regularizer | None) -> list[Any]:
    activation = parameters.ACTIVATIONS.get(name, name) if isinstance(name, str) else name
    limit = None if estimator.max_norm is None else MaxNorm(float(estimator.max_norm))
    if estimator.batch_norm:
        dense = _dense(estimator, size, None, penalty, limit)
        layers = [dense, BatchNormalization(momentum=STATISTICS_KEEP), Activation(activation)]
    else:
        layers = [_dense(estimator, size, activation, penalty, limit)]
    return [*layers, Dropout(float(share))] if share else layers


def _dense(estimator: Any, units: int, activation: Any, penalty: Any, limit: Any) -> Dense:
    initializer = estimator.kernel_initializer or "zeros"
    return Dense(
        units,
        activation,
        kernel_initializer=initializer,
        kernel_regularizer=penalty,
        kernel_constraint=limit,
    )


def penalty_of(estimator: Any) -> Regularizer | None:
    """A penalty of the right form; :func:`set_strength` gives it its strength."""
    if estimator.l1:
        return L1L2(float(estimator.l1), float(estimator.alpha) / 2)
    return HalfL2(float(estimator.alpha)) if estimator.alpha else None


def set_strength(network: Any, estimator: Any, share: float) -> None:
    """scikit-learn divides the penalty by the weight of the batch.

    Parameters
    ----------
    network : Sequential
    estimator : estimator
    share : float
        One over the weight of a batch, on average.
    """
    for layer in dense_layers(network):
        penalty = layer.kernel_regularizer
        if isinstance(penalty, L1L2):
            penalty.l1, penalty.l2 = float(estimator.l1) * share, 0.5 * float(estimator.alpha) * share
        elif isinstance(penalty, HalfL2):
            penalty.l2 = float(estimator.alpha) * share


def dense_layers(network: Any) -> list[Dense]:
    """The layers with a kernel, first to last."""
    return [layer for layer in network.layers if isinstance(layer, Dense)]


def _initialize(network: Any, names: list[Any], generator: Any) -> None:
    """Glorot's uniform distribution for kernels and biases, drawn as scikit-learn draws it."""
    dense = dense_layers(network)
    for layer, name in zip(dense, [*names, names[-1] if names else "relu"], strict=True):
        fan_in, fan_out = layer.kernel.shape
        factor = 2.0 if isinstance(name, str) and name in ("logistic", "sigmoid") else 6.0
        bound = np.sqrt(factor / (fan_in + fan_out))
        kernel = generator.uniform(-bound, bound, (fan_in, fan_out))
        layer.kernel.value = kernel.astype(network.dtype)
        layer.bias.value = generator.uniform(-bound, bound, fan_out).astype(network.dtype)


def _initialize_embeddings(network: Any, generator: Any) -> None:
    """Vectors of a length of about one; that of row 0, which is for what training does not see, is zero."""
    for layer in network.layers:
        for table in layer.tables if isinstance(layer, ColumnEmbedding) else ():
            bound = np.sqrt(3 / table.shape[1])
            table.value = generator.uniform(-bound, bound, table.shape).astype(network.dtype)
            table.value[0] = 0


def _draw(network: Any, generator: np.random.Generator) -> None:
    """The initializers' draws, which depend on ``random_state`` and nothing else."""
    for weight, _ in network.weights():
        weight.initialize(generator, network.dtype)


def architecture(estimator: Any, features: int, objective: Objective, dtype: Any) -> Hashable | None:
    """All that the programs depend on but rates and strengths; None if a user's function is in it."""
    names = estimator.activation if isinstance(estimator.activation, list | tuple) else [estimator.activation]
    solver = estimator.solver
    if not all(isinstance(part, str) for part in (*names, solver)) or not is_plain(objective.loss):
        return None
    drops = estimator.dropout if isinstance(estimator.dropout, list | tuple) else [estimator.dropout]
    rule = [
        getattr(estimator, name) for name in ("momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon")
    ]
    sizes = tuple(map(int, parameters.layer_sizes(estimator.hidden_layer_sizes)))
    given = [
        bool(estimator.alpha),
        bool(estimator.l1),
        estimator.max_norm is None,
        bool(estimator.batch_norm),
    ]
    schedule = repr(estimator.learning_rate)
    return (
        (features, *sizes, objective.outputs), tuple(tables.embedding_sizes(estimator)), tuple(names),
        solver, tuple(map(bool, drops)), tuple(rule),
        tuple(given), schedule, objective.loss.form(), np.dtype(dtype).name,
        tuple(map(str, estimator._metrics)),
    )  # fmt: skip


def is_plain(loss: Any) -> bool:
    """Whether a loss is one of ours, whose ``form`` says all about its formula."""
    return type(loss).__module__.startswith("glassnet.") and not isinstance(
        loss, FunctionLoss | SeveralLabels
    )


# ------------------------------------------------------------------------------------------ the optimizer
def optimizer_of(estimator: Any) -> Optimizer:
    """The optimizer of ``solver`` and the arguments that belong to it."""
    solver = estimator.solver
    if isinstance(solver, Optimizer):
        return copy.deepcopy(solver)
    if solver == "lbfgs":
        return LBFGS(int(estimator.max_iter), int(estimator.max_fun), float(estimator.tol), SCIPY_FTOL)
    scheduled = isinstance(estimator.learning_rate, LearningRateSchedule)
    rate = copy.deepcopy(estimator.learning_rate) if scheduled else float(estimator.learning_rate_init)
    if solver == "sgd":
        momentum = min(float(estimator.momentum), 1 - 2**-24)  # 1 itself never forgets
        return optimizers.SGD(rate, momentum, nesterov=bool(estimator.nesterovs_momentum and momentum))
    if solver == "adam":
        return optimizers.Adam(
            rate, float(estimator.beta_1), float(estimator.beta_2), float(estimator.epsilon)
        )
    found = optimizers.OPTIMIZERS[solver]
    return found() if found is LBFGS else found(rate)  # type: ignore[call-arg]
