"""Optimizers that follow the gradient, its sign, or the gradient over its own size."""

from __future__ import annotations

from typing import Unpack

from glassnet.errors import InputError
from glassnet.nn.registry import fraction, non_negative, positive
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.options import Options, Rate
from glassnet.optim.transforms import (
    Momentum,
    ScaleByDeviation,
    ScaleByRate,
    ScaleByRatio,
    ScaleByRms,
    ScaleBySum,
    SignOfMomentum,
    Transform,
)


class SGD(Optimizer):
    """Gradient descent: ``w - learning_rate * g``, with momentum if asked.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
    momentum : float, default 0.0
        ``velocity = momentum * velocity - learning_rate * g``, then ``w + velocity``.
    nesterov : bool, default False
        ``w + momentum * velocity - learning_rate * g`` with the new velocity.
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> SGD(0.1, momentum=0.9).slots
    ('velocity',)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.momentum, self.nesterov = fraction(momentum, "momentum", "SGD"), bool(nesterov)
        if self.nesterov and not self.momentum:
            raise InputError("SGD: nesterov=True needs a momentum above 0, for instance momentum=0.9.")
        chain: tuple[Transform, ...] = (ScaleByRate(),)
        if self.momentum:
            chain = (*chain, Momentum(self.momentum, self.nesterov))
        super().__init__(learning_rate, chain, **options)


class RMSprop(Optimizer):
    """The gradient over the root of a running mean of its square.

    ``v = rho * v + (1 - rho) * g²``, then ``w - learning_rate * g / sqrt(v + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    rho : float, default 0.9
    momentum : float, default 0.0
        ``velocity = momentum * velocity - learning_rate * g / sqrt(...)``, then ``w + velocity``.
    epsilon : float, default 1e-7
        Inside the root, as in Keras.
    centered : bool, default False
        Divide by the gradient's standard deviation instead: ``sqrt(v - m² + epsilon)``, m its running mean.
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", 2012.

    Examples
    --------
    >>> RMSprop(momentum=0.9).slots
    ('v', 'velocity')
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.rho, self.momentum = fraction(rho, "rho", "RMSprop"), fraction(momentum, "momentum", "RMSprop")
        self.epsilon, self.centered = positive(epsilon, "epsilon", "RMSprop"), bool(centered)
        scale = ScaleByDeviation if self.centered else ScaleByRms
        chain: tuple[Transform, ...] = (scale(self.rho, self.epsilon), ScaleByRate())
        if self.momentum:
            chain = (*chain, Momentum(self.momentum))
        super().__init__(learning_rate, chain, **options)


class Adagrad(Optimizer):
    """The gradient over the root of the sum of all its squares so far.

    ``accumulator = accumulator + g²``, then ``w - learning_rate * g / sqrt(accumulator + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    initial_accumulator_value : float, default 0.1
    epsilon : float, default 1e-7
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods", 2011.

    Examples
    --------
    >>> Adagrad().slots
    ('accumulator',)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.initial_accumulator_value = non_negative(
            initial_accumulator_value, "initial_accumulator_value", "Adagrad"
        )
        self.epsilon = positive(epsilon, "epsilon", "Adagrad")
        scale = ScaleBySum(self.initial_accumulator_value, self.epsilon)
        super().__init__(learning_rate, (scale, ScaleByRate()), **options)


class Adadelta(Optimizer):
    """Steps in the units of the parameter: the gradient times the ratio of two running root mean squares.

    ``v = rho * v + (1 - rho) * g²``, ``delta = sqrt(s + epsilon) / sqrt(v + epsilon) * g``,
    ``s = rho * s + (1 - rho) * delta²``, then ``w - learning_rate * delta``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        1.0 in the paper.
    rho : float, default 0.95
    epsilon : float, default 1e-7
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    M. Zeiler, "ADADELTA: an adaptive learning rate method", 2012.

    Examples
    --------
    >>> Adadelta().slots
    ('v', 's')
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.rho, self.epsilon = fraction(rho, "rho", "Adadelta"), positive(epsilon, "epsilon", "Adadelta")
        super().__init__(learning_rate, (ScaleByRatio(self.rho, self.epsilon), ScaleByRate()), **options)


class Lion(Optimizer):
    """The sign of a running mean of the gradient: every parameter moves by the learning rate.

    ``w - learning_rate * sign(beta_1 * m + (1 - beta_1) * g)``, then ``m = beta_2 * m + (1 - beta_2) * g``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
    beta_2 : float, default 0.99
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", 2023.

    Examples
    --------
    >>> Lion().slots
    ('m',)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2 = fraction(beta_1, "beta_1", "Lion"), fraction(beta_2, "beta_2", "Lion")
        super().__init__(learning_rate, (SignOfMomentum(self.beta_1, self.beta_2), ScaleByRate()), **options)
