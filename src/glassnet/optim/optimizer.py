"""What all optimizers share: clipping, the chain of transforms, weight decay, averaging."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError, UnknownNameError, suggest
from glassnet.nn.context import hyper
from glassnet.nn.norm import decimal_rest
from glassnet.nn.registry import fraction, non_negative, positive
from glassnet.nn.sizes import whole_number
from glassnet.optim.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from glassnet.optim.options import Rate, checked_rate, full_signature, optional
from glassnet.optim.schedules.base import LearningRateSchedule, choose
from glassnet.optim.transforms import Slots, Transform
from glassnet.trace.composite import Composite

Arrays = Mapping[str, np.ndarray]
CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


class Optimizer:
    """A chain of transforms of the gradient.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        A schedule is called with the number of steps done before, so with 0 at the first.
    transforms : sequence of Transform
        Their last result is added to the parameter.
    weight_decay : float, optional
        Each step also subtracts ``learning_rate * weight_decay * w``, decoupled from the gradient.
    clipnorm : float, optional
        Each parameter's gradient is scaled down to at most this Euclidean norm.
    clipvalue : float, optional
        Each entry of the gradient is limited to ``-clipvalue ... clipvalue``.
    global_clipnorm : float, optional
        All gradients are scaled down by one factor to at most this common norm.
    use_ema : bool, default False
        Keep an exponential moving average of the parameters, step by step; it replaces them at the end of
        ``fit``.
    ema_momentum : float, default 0.99
        The share of its old value that the average keeps at each step.
    ema_overwrite_frequency : int, optional
        Every so many steps the average replaces the parameters.
    multipliers : mapping of str to float, optional
        Factors of the learning rate: by a parameter's key (``"dense_1.kernel"``) or its layer's
        (``"dense_1"``).
    decay_exclusions : sequence of str
        See :meth:`exclude_from_weight_decay`.
    name : str, optional
        A label; the class's name by default. Nothing depends on it.

    Attributes
    ----------
    slots : tuple of str
        The arrays remembered per parameter.
    counts_steps : bool
        Whether an update depends on the number of the step.
    full_batch : bool
        Whether it needs all examples at once, and chooses its steps itself (:class:`LBFGS`).

    Raises
    ------
    InputError
        A bad argument; more than one way of clipping.

    Examples
    --------
    >>> from glassnet.optimizers import SGD
    >>> parameters, gradients = {"w": np.array([1.0])}, {"w": np.array([2.0])}
    >>> optimizer = SGD(learning_rate=0.1)
    >>> state = optimizer.init(parameters)
    >>> parameters, state = optimizer.update(parameters, gradients, state)
    >>> parameters["w"]
    array([0.8])
    """

    full_batch = False

    def __init__(
        self,
        learning_rate: Rate,
        transforms: Sequence[Transform],
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        multipliers: Mapping[str, float] | None = None,
        decay_exclusions: Sequence[str] = (),
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        self._learning_rate = checked_rate(learning_rate, owner)
        self.transforms = tuple(transforms)
        self.weight_decay = optional(weight_decay, "weight_decay", owner, non_negative)
        self.clipnorm = optional(clipnorm, "clipnorm", owner, positive)
        self.clipvalue = optional(clipvalue, "clipvalue", owner, positive)
        self.global_clipnorm = optional(global_clipnorm, "global_clipnorm", owner, positive)
        self._check_one_clip()
        self.use_ema, self.ema_momentum = bool(use_ema), fraction(ema_momentum, "ema_momentum", owner)
        every = ema_overwrite_frequency
        self.ema_overwrite_frequency = (
            None if every is None else whole_number(every, "ema_overwrite_frequency", owner)
        )
        self.multipliers = {
            key: non_negative(value, f"the multiplier of {key!r}", owner)
            for key, value in (multipliers or {}).items()
        }
        self.exclude_from_weight_decay(decay_exclusions)
        self.name = name or self.rule_name
        own = tuple(slot for transform in self.transforms for slot in transform.slots)
        self.slots = (*own, "average") if self.use_ema else own

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__signature__ = full_signature(cls.__init__, Optimizer.__init__)  # type: ignore[attr-defined]

    def _check_one_clip(self) -> None:
        given = [name for name in CLIPS if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(
                f"{type(self).__name__} got {' and '.join(given)}.\nClip in one way: pass one of them."
            )

    @property
    def learning_rate(self) -> Any:
        """A number, or the schedule that gives it; a number can be changed at any time.

        Raises
        ------
        InputError
            On setting a number where a schedule decides, or a schedule on an existing optimizer.
        """
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        for schedule in (self._learning_rate, value):
            if isinstance(schedule, LearningRateSchedule):
                raise InputError(
                    f"{type(self).__name__}'s learning rate cannot be set: {schedule!r} decides it.\n"
                    "compile() the model with a new optimizer, of the rate or schedule that you want."
                )
        self._learning_rate = non_negative(value, "learning_rate", type(self).__name__)

    @property
    def scheduled(self) -> bool:
        """Whether a schedule decides the learning rate."""
        return isinstance(self._learning_rate, LearningRateSchedule)

    def rate_at(self, step: int) -> float:
        """The learning rate of step 1, 2, ...

        Parameters
        ----------
        step : int

        Returns
        -------
        float
        """
        rate = self._learning_rate
        return rate(step - 1) if isinstance(rate, LearningRateSchedule) else float(rate)

    @property
    def rule_counts_steps(self) -> bool:
        """Whether :meth:`step` depends on t."""
        return self.use_ema or any(transform.counts_steps for transform in self.transforms)

    @property
    def counts_steps(self) -> bool:
        """Whether an update depends on the number of the step."""
        return self.scheduled or self.rule_counts_steps

    @property
    def rule_name(self) -> str:
        """What printed programs call it: ``"adam"``."""
        return type(self).__name__.lower()

    # ------------------------------------------------------------------------------- parameter by parameter
    def exclude_from_weight_decay(self, var_names: Sequence[str]) -> None:
        """Leave parameters out of weight decay.

        Parameters
        ----------
        var_names : sequence of str
            Parts of keys, or regular expressions: ``["bias", "gamma", "beta"]``.
        """
        if isinstance(var_names, str):
            raise InputError(f"exclude_from_weight_decay() needs a list of names: [{var_names!r}].")
        for name in var_names:
            _check_pattern(name)
        self.decay_exclusions = tuple(var_names)

    def decays(self, key: str) -> bool:
        """Whether the parameter of this key is subject to weight decay."""
        return self.weight_decay is not None and not any(re.search(n, key) for n in self.decay_exclusions)

    def multiplier(self, key: str) -> float:
        """The factor of the learning rate for the parameter of this key."""
        return self.multipliers.get(key, self.multipliers.get(key.rpartition(".")[0], 1.0))

    def check_keys(self, keys: Sequence[str]) -> None:
        """An error if a multiplier belongs to no parameter."""
        known = {*keys, *(key.rpartition(".")[0] for key in keys)}
        for key in self.multipliers:
            if key not in known:
                raise UnknownNameError(
                    f"{type(self).__name__} has a multiplier for {key!r}. {suggest(key, known)}"
                )

    # ------------------------------------------------------------------------------- one step, in NumPy
    def clip_each(self, gradients: Sequence[Any]) -> Sequence[Any]:
        """Each parameter's gradient, clipped by its own norm if asked."""
        if self.clipnorm is None:
            return gradients
        limit = hyper(self, "clipnorm")
        return [clip_by_norm(g, limit) for g in gradients]

    def clip_all(self, gradients: Sequence[Any]) -> Sequence[Any]:
        """The gradients, together or packed into one, clipped by value or common norm if asked."""
        if self.clipvalue is not None:
            limit = hyper(self, "clipvalue")
            return [clip_by_value(g, limit) for g in gradients]
        if self.global_clipnorm is not None:
            return clip_by_global_norm(gradients, hyper(self, "global_clipnorm"))
        return gradients

    def step(
        self, w: Any, g: Any, slots: Slots, t: Any, learning_rate: Any, weight_decay: Any = None
    ) -> tuple[Any, Slots]:
        """One update of one array: the new array and the new slots."""
        kept: Slots = ()
        remaining = slots
        for transform in self.transforms:
            own, remaining = remaining[: len(transform.slots)], remaining[len(transform.slots) :]
            g, own = transform.update(g, own, t, learning_rate)
            kept += own
        if not self.use_ema:
            return _moved(w, g, learning_rate, weight_decay), kept
        w = _moved(w, g, learning_rate, weight_decay)
        w, average = self._averaged(w, remaining[0], t)
        return w, (*kept, average)

    def _averaged(self, w: Any, average: Any, t: Any) -> tuple[Any, Any]:
        """The parameter and its moving average, which begins at the first step's result."""
        keep = choose(t > 1, self.ema_momentum, 0.0)
        rest = choose(t > 1, decimal_rest(self.ema_momentum), 1.0)
        average = keep * average + rest * w
        if self.ema_overwrite_frequency:
            frequency = self.ema_overwrite_frequency
            w = np.where(t == frequency * np.floor(t / frequency), average, w)
        return w, average

    # ------------------------------------------------------------------------------- in a graph
    def traced_rate(self, t: Any) -> Any:
        """The learning rate as part of a training step's graph."""
        if not self.scheduled:
            return hyper(self, "learning_rate")
        step = t - 1
        return self._learning_rate(step)  # type: ignore[operator]

    @functools.cached_property
    def rule(self) -> Composite:
        """:meth:`step` as one operation of the graph."""
        return Composite(self._rule())

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "rule"}

    def _rule(self) -> Callable[..., Any]:
        """:meth:`step` as a function whose arguments have the names that the printed helper shows."""
        count, counts = len(self.slots), self.rule_counts_steps

        def rule(w: Any, g: Any, *rest: Any) -> Any:
            slots, numbers = rest[:count], list(rest[count:])
            t = numbers.pop(0) if counts else None
            new, kept = self.step(w, g, slots, t, *numbers)
            return (new, *kept)

        names = ["w", "g", *self.slots, *(["t"] if counts else []), "learning_rate", "weight_decay"]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        rule.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])  # type: ignore[attr-defined]
        rule.__name__ = self.rule_name
        return rule

    def traced_update(
        self, w: Any, g: Any, slots: Slots, t: Any, learning_rate: Any, weight_decay: Any = None
    ) -> tuple[Any, ...]:
        """The new parameter and the new slots, as parts of a training step's graph."""
        if not self.slots:
            return (self.step(w, g, slots, t, learning_rate, weight_decay)[0],)
        numbers = [learning_rate] if weight_decay is None else [learning_rate, weight_decay]
        result: tuple[Any, ...] = self.rule(w, g, *slots, *([t] if self.rule_counts_steps else []), *numbers)
        return result

    # ------------------------------------------------------------------------------- on plain arrays
    def slot_shape(self, slot: str, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape of a slot for an array of this shape."""
        return () if any(slot in transform.scalars for transform in self.transforms) else shape

    def start(self, slot: str, w: np.ndarray) -> np.ndarray:
        """What a slot of the array ``w`` holds before the first step."""
        values = [transform.start(slot) for transform in self.transforms if slot in transform.slots]
        first = values[0] if values else 0.0
        # `zeros` takes no memory before somebody writes there; `full` fills it.
        shape = self.slot_shape(slot, w.shape)
        return np.full(shape, first, w.dtype) if first else np.zeros(shape, w.dtype)

    def init(self, parameters: Arrays) -> dict[str, Any]:
        """The state before the first step.

        Parameters
        ----------
        parameters : mapping of str to ndarray

        Returns
        -------
        dict
            ``"step"``, and for each slot a dict of arrays.
        """
        slots = {slot: {key: self.start(slot, w) for key, w in parameters.items()} for slot in self.slots}
        return {"step": 0, **slots}

    def update(
        self, parameters: Arrays, gradients: Arrays, state: Mapping[str, Any]
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
        _check_partners(parameters, gradients)
        self.check_keys(list(parameters))
        t = state["step"] + 1
        clipped = self.clip_all(self.clip_each([gradients[key] for key in parameters]))
        new: dict[str, np.ndarray] = {}
        slots: dict[str, dict[str, np.ndarray]] = {slot: {} for slot in self.slots}
        for (key, w), g in zip(parameters.items(), clipped, strict=True):
            old = tuple(state[slot][key] for slot in self.slots)
            rate = self.rate_at(t) * self.multiplier(key)
            decay = self.weight_decay if self.decays(key) else None
            new[key], kept = self.step(w, g, old, t, rate, decay)
            for slot, value in zip(self.slots, kept, strict=True):
                slots[slot][key] = value
        return new, {"step": t, **slots}

    def __repr__(self) -> str:
        """The arguments that differ from their defaults, and the learning rate."""
        given = {"learning_rate": self.learning_rate}
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name, parameter.default)
            if value not in (parameter.default, {}, self.rule_name):
                given[name] = value
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def _moved(w: Any, u: Any, learning_rate: Any, weight_decay: Any) -> Any:
    """The parameter after an update and, if asked, decay."""
    if weight_decay is None:
        return w + u
    decay = learning_rate * weight_decay * w
    return w + u - decay


def _check_pattern(name: str) -> None:
    try:
        re.compile(name)
    except re.error as error:
        raise InputError(f"{name!r} is not a regular expression: {error}.") from None


def _check_partners(parameters: Arrays, gradients: Arrays) -> None:
    missing = sorted(set(parameters) ^ set(gradients))
    if missing:
        raise InputError(
            f"parameters and gradients have different keys; without a partner: {', '.join(missing)}."
        )
