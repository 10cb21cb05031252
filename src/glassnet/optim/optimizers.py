"""The optimizers, with Keras's names and defaults."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.context import hyper
from glassnet.nn.registry import fraction, getter, positive, snake_case
from glassnet.optim.transforms import Momentum, ScaleByAdam, ScaleByRate, Transform
from glassnet.trace.composite import Composite

__all__ = ["SGD", "Adam", "Optimizer", "get"]


class Optimizer:
    """A chain of transforms.

    Parameters
    ----------
    learning_rate : float
    transforms : sequence of Transform
        Their last result is added to the parameter.

    Attributes
    ----------
    slots : tuple of str
        The arrays remembered per parameter.
    counts_steps : bool
        Whether an update depends on the number of the step.

    Examples
    --------
    >>> parameters, gradients = {"w": np.array([1.0])}, {"w": np.array([2.0])}
    >>> optimizer = SGD(learning_rate=0.1)
    >>> state = optimizer.init(parameters)
    >>> parameters, state = optimizer.update(parameters, gradients, state)
    >>> parameters["w"]
    array([0.8])
    """

    def __init__(self, learning_rate: float, transforms: tuple[Transform, ...]) -> None:
        self.learning_rate = positive(learning_rate, "learning_rate", type(self).__name__)
        self.transforms = transforms
        self.slots = tuple(slot for transform in transforms for slot in transform.slots)
        self.counts_steps = any(transform.counts_steps for transform in transforms)

    @functools.cached_property
    def rule(self) -> Composite:
        """:meth:`step` as one operation of the graph."""
        return Composite(self._rule(), inline=not self.slots)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "rule"}

    @property
    def name(self) -> str:
        """``"adam"``."""
        return snake_case(type(self).__name__)

    def step(
        self, w: Any, g: Any, slots: tuple[Any, ...], t: Any, learning_rate: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        """One update of one array, in NumPy."""
        kept: tuple[Any, ...] = ()
        remaining = slots
        for transform in self.transforms:
            own, remaining = remaining[: len(transform.slots)], remaining[len(transform.slots) :]
            g, own = transform.update(g, own, t, learning_rate)
            kept += own
        return w + g, kept

    def _rule(self) -> Callable[..., Any]:
        """:meth:`step` as a function whose arguments have the names that the printed helper shows."""
        count = len(self.slots)

        def rule(w: Any, g: Any, *rest: Any) -> Any:
            new, slots = self.step(w, g, rest[:count], rest[count] if self.counts_steps else None, rest[-1])
            return (new, *slots) if slots else new

        names = ["w", "g", *self.slots, *(["t"] if self.counts_steps else []), "learning_rate"]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        rule.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])  # type: ignore[attr-defined]
        rule.__name__ = self.name
        return rule

    def traced_update(self, w: Any, g: Any, slots: tuple[Any, ...], t: Any) -> tuple[Any, ...]:
        """The new parameter and the new slots, as parts of a training step's graph."""
        step = (t,) if self.counts_steps else ()
        result = self.rule(w, g, *slots, *step, hyper(self, "learning_rate"))
        return result if isinstance(result, tuple) else (result,)

    def init(self, parameters: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The state before the first step.

        Parameters
        ----------
        parameters : mapping of str to ndarray

        Returns
        -------
        dict
            ``"step"``, and for each slot a dict of zeros.
        """
        zeros = {
            slot: {key: np.zeros_like(value) for key, value in parameters.items()} for slot in self.slots
        }
        return {"step": 0, **zeros}

    def update(
        self,
        parameters: Mapping[str, np.ndarray],
        gradients: Mapping[str, np.ndarray],
        state: Mapping[str, Any],
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """One step on plain arrays; nothing is changed in place.

        Parameters
        ----------
        parameters, gradients : mapping of str to ndarray
            With the same keys.
        state : mapping
            From :meth:`init` or the step before.

        Returns
        -------
        parameters : dict
        state : dict
        """
        missing = sorted(set(parameters) ^ set(gradients))
        if missing:
            raise InputError(
                f"parameters and gradients have different keys; without a partner: {', '.join(missing)}."
            )
        t = state["step"] + 1
        new: dict[str, np.ndarray] = {}
        slots: dict[str, dict[str, np.ndarray]] = {slot: {} for slot in self.slots}
        for key, w in parameters.items():
            old = tuple(state[slot][key] for slot in self.slots)
            new[key], updated = self.step(w, gradients[key], old, t, self.learning_rate)
            for slot, value in zip(self.slots, updated, strict=True):
                slots[slot][key] = value
        return new, {"step": t, **slots}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(learning_rate={self.learning_rate})"


class SGD(Optimizer):
    """Gradient descent: ``w - learning_rate * g``, with momentum if asked.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0.0
        ``velocity = momentum * velocity - learning_rate * g``, then ``w + velocity``.
    nesterov : bool, default False
        ``w + momentum * velocity - learning_rate * g`` with the new velocity.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> SGD(0.1, momentum=0.9).slots
    ('velocity',)
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.momentum, self.nesterov = fraction(momentum, "momentum", "SGD"), bool(nesterov)
        if self.nesterov and not self.momentum:
            raise InputError("SGD: nesterov=True needs a momentum above 0, for instance momentum=0.9.")
        chain: tuple[Transform, ...] = (ScaleByRate(),)
        super().__init__(
            learning_rate, (*chain, Momentum(self.momentum, self.nesterov)) if self.momentum else chain
        )


class Adam(Optimizer):
    """Adam: steps scaled by running moments of the gradient.

    ``m = β₁ m + (1-β₁) g``, ``v = β₂ v + (1-β₂) g²``, both divided by ``1 - βᵗ``, then
    ``w - learning_rate * mhat / (sqrt(vhat) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1 : float, default 0.9
    beta_2 : float, default 0.999
    epsilon : float, default 1e-7

    References
    ----------
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    Examples
    --------
    >>> Adam().slots
    ('m', 'v')
    """

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
    ) -> None:
        self.beta_1, self.beta_2 = fraction(beta_1, "beta_1", "Adam"), fraction(beta_2, "beta_2", "Adam")
        self.epsilon = positive(epsilon, "epsilon", "Adam")
        super().__init__(learning_rate, (ScaleByAdam(self.beta_1, self.beta_2, self.epsilon), ScaleByRate()))


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {"sgd": SGD, "adam": Adam}

get = getter("optimizer", OPTIMIZERS, Optimizer)
