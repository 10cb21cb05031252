"""The arguments that optimizers share, and how they are checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from glassnet.nn.registry import positive
from glassnet.optim.schedules.base import LearningRateSchedule

Rate = float | LearningRateSchedule


class SharedOptions(TypedDict, total=False):
    """The arguments that every optimizer takes by name; see :class:`Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    multipliers: Mapping[str, float] | None
    decay_exclusions: Sequence[str]
    name: str | None


class Options(SharedOptions, total=False):
    """These and the weight decay, for optimizers that have none by default."""

    weight_decay: float | None


def full_signature(constructor: Callable[..., None], shared: Callable[..., None]) -> inspect.Signature:
    """The arguments of a constructor, with those that it hands on by ``**options`` written out."""
    own = inspect.signature(constructor).parameters
    parameters = [p for p in own.values() if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    if any(p.kind is p.VAR_KEYWORD for p in own.values()):
        parameters += [
            p.replace(kind=p.KEYWORD_ONLY)
            for p in inspect.signature(shared).parameters.values()
            if p.name in Options.__annotations__ and p.name not in own
        ]
    return inspect.Signature(parameters)


def optional(value: Any, name: str, owner: str, check: Callable[[float, str, str], float]) -> float | None:
    """The checked number, or None."""
    return None if value is None else check(value, name, owner)


def checked_rate(value: Any, owner: str) -> Rate:
    """A schedule or a number above zero, or an error."""
    return value if isinstance(value, LearningRateSchedule) else positive(value, "learning_rate", owner)
