"""What a run of `fit` recorded: one number per epoch for the loss and every metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from glassnet.errors import InputError
from glassnet.optional import pyplot

__all__ = ["History", "format_number"]

_BLUE, _ORANGE = "#0072b2", "#d55e00"  # told apart by everyone (Okabe and Ito)


def format_number(value: float) -> str:
    """Four significant digits.

    Examples
    --------
    >>> [format_number(value) for value in (0.5, 12.3456, 1234.5678, 0.00001)]
    ['0.5000', '12.35', '1235', '1.000e-05']
    """
    return f"{value:#.4g}".removesuffix(".")


class History:
    """The record of a training run, as `fit` returns it.

    Attributes
    ----------
    epoch : list of int
        The epochs run, counted from 0.
    history : dict of str to list of float
        Per name (``"loss"``, ``"accuracy"``, ``"val_loss"``, ...) one value per epoch; NaN where an epoch
        did not report it. The loss includes the penalties.
    params : dict
        How the run was made: epochs, steps, batch_size, backend and why that backend.

    Examples
    --------
    >>> history = History({"epochs": 2})
    >>> history.append(0, {"loss": 0.7, "val_loss": 0.8})
    >>> history.append(1, {"loss": 0.5, "val_loss": 0.6})
    >>> history
    History(2 epochs: loss 0.5000, val_loss 0.6000)
    >>> history.history["loss"]
    [0.7, 0.5]
    """

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.params: dict[str, Any] = dict(params or {})

    def append(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Add the numbers of one epoch.

        Parameters
        ----------
        epoch : int
            The epoch, counted from 0.
        logs : dict of str to float
            Its loss and metrics.
        """
        for name in logs:
            self.history.setdefault(name, [math.nan] * len(self.epoch))
        for name, values in self.history.items():
            values.append(float(logs.get(name, math.nan)))
        self.epoch.append(epoch)

    def extend(self, first: int, columns: Mapping[str, Any]) -> None:
        """Add the numbers of many epochs.

        Parameters
        ----------
        first : int
            The first of these epochs, counted from 0.
        columns : dict of str to array
            One value per epoch for the loss and each metric, the same ones as in the epochs before.

        Examples
        --------
        >>> import numpy as np
        >>> history = History()
        >>> history.extend(0, {"loss": np.array([0.5, 0.25])})
        >>> history.epoch, history.history
        ([0, 1], {'loss': [0.5, 0.25]})
        """
        count = 0
        for name, values in columns.items():
            numbers = values.tolist()
            self.history.setdefault(name, []).extend(numbers)
            count = len(numbers)
        self.epoch.extend(range(first, first + count))

    def to_dict(self) -> dict[str, Any]:
        """A copy made of dicts, lists and numbers, for JSON or a data frame.

        Returns
        -------
        dict
            With the keys ``"epoch"``, ``"history"`` and ``"params"``.

        Examples
        --------
        >>> History({"epochs": 2}).to_dict()
        {'epoch': [], 'history': {}, 'params': {'epochs': 2}}
        """
        history = {name: list(values) for name, values in self.history.items()}
        return {"epoch": list(self.epoch), "history": history, "params": dict(self.params)}

    def __repr__(self) -> str:
        epochs = f"{len(self.epoch)} epoch{'' if len(self.epoch) == 1 else 's'}"
        last = ", ".join(f"{name} {format_number(values[-1])}" for name, values in self.history.items())
        return f"History({epochs}: {last})" if last else f"History({epochs})"

    def _repr_html_(self) -> str:
        cells = "".join(_html_row(name, values) for name, values in self.history.items())
        head = "".join(f"<th>{title}</th>" for title in ("", "first", "lowest", "highest", "last", ""))
        return f"<table><caption>{len(self.epoch)} epochs</caption><tr>{head}</tr>{cells}</table>"

    def plot(self, ax: Any = None) -> list[Any]:
        """Draw the loss and every metric over the epochs, training beside validation.

        Parameters
        ----------
        ax : matplotlib axes or sequence of axes, optional
            Where to draw: one axes per quantity, in the order of `history`; quantities without an axes
            are left out. By default a new figure with one axes per quantity.

        Returns
        -------
        list of matplotlib axes

        Raises
        ------
        InputError
            No epoch was recorded.
        GlassnetError
            Matplotlib is not installed.
        """
        names = list(dict.fromkeys(name.removeprefix("val_") for name in self.history))
        if not names:
            raise InputError("This history has no epochs, so there is nothing to plot.\nRun fit() first.")
        axes = _axes(ax, len(names))
        for name, axis in zip(names, axes, strict=False):
            self._draw(name, axis)
        return axes[: len(names)]

    def _draw(self, name: str, axis: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        epochs = [epoch + 1 for epoch in self.epoch]
        marker = "o" if len(epochs) == 1 else None
        for key, label, color in ((name, "training", _BLUE), (f"val_{name}", "validation", _ORANGE)):
            if key in self.history:
                axis.plot(epochs, self.history[key], color=color, label=label, marker=marker)
        axis.set(title=name, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.spines[["top", "right"]].set_visible(False)
        if f"val_{name}" in self.history:
            axis.legend(frameon=False)


def _axes(ax: Any, count: int) -> list[Any]:
    if ax is None:
        plt = pyplot("History.plot()")
        size = (4.5 * count, 3.2)
        return list(plt.subplots(1, count, figsize=size, squeeze=False, layout="constrained")[1][0])
    return list(getattr(ax, "flat", ax)) if hasattr(ax, "__len__") else [ax]


def _html_row(name: str, values: Sequence[float]) -> str:
    finite = [value for value in values if math.isfinite(value)] or [math.nan]
    numbers = [values[0], min(finite), max(finite), values[-1]]
    cells = "".join(f"<td>{format_number(number)}</td>" for number in numbers)
    return f"<tr><th>{escape(name)}</th>{cells}<td>{_curve(values)}</td></tr>"


def _curve(values: Sequence[float], width: int = 120, height: int = 24) -> str:
    """A small SVG line; values that are not finite are left out."""
    points = [(i, value) for i, value in enumerate(values) if math.isfinite(value)]
    if len(points) < 2:
        return ""
    low, high = min(value for _, value in points), max(value for _, value in points)
    right, up = (width - 2) / (len(values) - 1), (height - 2) / ((high - low) or 1.0)
    line = " ".join(f"{1 + i * right:.1f},{1 + (high - value) * up:.1f}" for i, value in points)
    shape = f'<polyline points="{line}" fill="none" stroke="{_BLUE}" stroke-width="1.5"/>'
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">{shape}</svg>'
