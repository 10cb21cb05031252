"""What schedules share: they work on plain numbers and in a graph."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from glassnet.nn.registry import snake_case
from glassnet.trace.numpy_api import is_plain


class LearningRateSchedule:
    """Base of all schedules: define :meth:`rate` in NumPy.

    Examples
    --------
    >>> class Halving(LearningRateSchedule):
    ...     def rate(self, step):
    ...         return 0.1 * 0.5**step
    >>> [Halving()(step) for step in range(3)]
    [0.1, 0.05, 0.025]
    """

    name: str | None = None

    def rate(self, step: Any) -> Any:
        """The learning rate after ``step`` steps, plain or traced."""
        raise NotImplementedError

    def __call__(self, step: Any) -> Any:
        """The learning rate after ``step`` steps.

        Parameters
        ----------
        step : int
            The number of steps done before.

        Returns
        -------
        float
        """
        return float(self.rate(step)) if is_plain(step) else self.rate(step)

    @property
    def scope(self) -> str:
        """What printed programs call it: ``"cosine_decay"``."""
        return snake_case(type(self).__name__)

    def __repr__(self) -> str:
        """The arguments that differ from their defaults."""
        given = {
            name: getattr(self, name)
            for name, parameter in inspect.signature(type(self)).parameters.items()
            if getattr(self, name, parameter.default) != parameter.default
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def smallest(a: Any, b: Any) -> Any:
    """``min(a, b)`` of numbers, plain or traced."""
    return min(a, b) if is_plain(a, b) else np.minimum(a, b)


def largest(a: Any, b: Any) -> Any:
    """``max(a, b)`` of numbers, plain or traced."""
    return max(a, b) if is_plain(a, b) else np.maximum(a, b)


def choose(condition: Any, a: Any, b: Any) -> Any:
    """``a if condition else b``, plain or traced."""
    return (a if condition else b) if is_plain(condition) else np.where(condition, a, b)
