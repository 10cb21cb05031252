"""The Adam family: running moments of the gradient, corrected for their start at zero."""

from __future__ import annotations

from typing import Unpack

from glassnet.nn.registry import fraction, positive
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.options import Options, Rate, SharedOptions
from glassnet.optim.transforms import ScaleByAdam, ScaleByAdamax, ScaleByAmsgrad, ScaleByNadam, ScaleByRate


class Adam(Optimizer):
    """Adam: steps scaled by running moments of the gradient.

    ``m = β₁ m + (1-β₁) g``, ``v = β₂ v + (1-β₂) g²``, both divided by ``1 - βᵗ``, then
    ``w - learning_rate * mhat / (sqrt(vhat) + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
    beta_2 : float, default 0.999
    epsilon : float, default 1e-7
    amsgrad : bool, default False
        Use the largest v so far.
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1. S. Reddi, S. Kale
    and S. Kumar, "On the convergence of Adam and beyond", 2018, for ``amsgrad``.

    Examples
    --------
    >>> Adam().slots
    ('m', 'v')
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        owner = type(self).__name__
        self.beta_1, self.beta_2 = fraction(beta_1, "beta_1", owner), fraction(beta_2, "beta_2", owner)
        self.epsilon, self.amsgrad = positive(epsilon, "epsilon", owner), bool(amsgrad)
        scale = (ScaleByAmsgrad if self.amsgrad else ScaleByAdam)(self.beta_1, self.beta_2, self.epsilon)
        super().__init__(learning_rate, (scale, ScaleByRate()), **options)


class AdamW(Adam):
    """Adam with weight decay: each step also subtracts ``learning_rate * weight_decay * w``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    weight_decay : float, default 0.004
    beta_1, beta_2, epsilon, amsgrad
        As for :class:`Adam`.
    **options
        Clipping, averaging, multipliers, ``decay_exclusions``: see :class:`Optimizer`.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", 2019.

    Examples
    --------
    >>> AdamW().weight_decay
    0.004
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options
        )


class Adamax(Optimizer):
    """Adam with a fading maximum of ``|g|`` in place of the second moment.

    ``u = max(β₂ u, |g|)``, then ``w - learning_rate * mhat / (u + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
    beta_2 : float, default 0.999
    epsilon : float, default 1e-7
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 2.

    Examples
    --------
    >>> Adamax().slots
    ('m', 'u')
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2 = fraction(beta_1, "beta_1", "Adamax"), fraction(beta_2, "beta_2", "Adamax")
        self.epsilon = positive(epsilon, "epsilon", "Adamax")
        scale = ScaleByAdamax(self.beta_1, self.beta_2, self.epsilon)
        super().__init__(learning_rate, (scale, ScaleByRate()), **options)


class Nadam(Optimizer):
    """Adam with Nesterov's momentum: the first moment looks one step ahead.

    With ``μ(t) = β₁ (1 - 0.96ᵗ / 2)`` and ``Π(t) = μ(1) ... μ(t)``:
    ``mhat = μ(t+1) m / (1 - Π(t+1)) + (1 - μ(t)) g / (1 - Π(t))``, then
    ``w - learning_rate * mhat / (sqrt(vhat) + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
    beta_2 : float, default 0.999
    epsilon : float, default 1e-7
    **options
        Weight decay, clipping, averaging, multipliers: see :class:`Optimizer`.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Examples
    --------
    >>> Nadam().slots
    ('m', 'v', 'mu_product')
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2 = fraction(beta_1, "beta_1", "Nadam"), fraction(beta_2, "beta_2", "Nadam")
        self.epsilon = positive(epsilon, "epsilon", "Nadam")
        scale = ScaleByNadam(self.beta_1, self.beta_2, self.epsilon)
        super().__init__(learning_rate, (scale, ScaleByRate()), **options)
