"""What the arrays of a trained network look like, and what in them looks wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glassnet.model import Model

WEAK = 1e-3  # of the layer's median length: a unit with shorter incoming weights answers next to nothing
MANY_WEAK = 0.2  # share of units


@dataclass(frozen=True)
class WeightStatistics:
    """Statistics of one array of a network, in float64.

    Attributes
    ----------
    shape : tuple of int
    mean, std, minimum, maximum : float
        Of the numbers that are finite.
    zeros : float
        The share of exact zeros.
    weak : float or None
        For kernels, the share of units whose incoming weights are a thousand times shorter than usual.
    strange : int
        How many numbers are NaN or infinite.
    """

    shape: tuple[int, ...]
    mean: float
    std: float
    minimum: float
    maximum: float
    zeros: float
    weak: float | None
    strange: int


class WeightTable(dict[str, WeightStatistics]):
    """Key of each array → its statistics; prints as a table."""

    def __str__(self) -> str:
        width = max(map(len, ("weights", *self)))
        shapes = ["×".join(map(str, row.shape)) for row in self.values()]
        room = max(map(len, ("shape", *shapes)))
        names = ("mean", "std", "min", "max", "zeros", "weak")
        head = f"{'weights':<{width}}  {'shape':<{room}}  " + "  ".join(f"{name:>8}" for name in names)
        rows = zip(self.items(), shapes, strict=True)
        return "\n".join(
            [head, *(f"{key:<{width}}  {shape:<{room}}  {_line(row)}" for (key, row), shape in rows)]
        )

    @property
    def findings(self) -> tuple[str, ...]:
        """What looks wrong, with a remedy; empty for healthy arrays."""
        return tuple(_findings(self))


def _line(row: WeightStatistics) -> str:
    numbers = "  ".join(f"{x:>8.2g}" for x in (row.mean, row.std, row.minimum, row.maximum))
    weak = "" if row.weak is None else f"{row.weak:.1%}"
    return f"{numbers}  {row.zeros:>8.1%}  {weak:>8}".rstrip()


def _findings(table: WeightTable) -> Iterator[str]:
    for key, row in table.items():
        if row.strange:
            yield f"{key}: {row.strange} numbers are NaN or infinite: train again with a lower rate"
        elif row.maximum == row.minimum and len(row.shape) > 1:
            yield f"{key}: all weights are {row.maximum:.3g}: use random initial weights"
        elif row.weak is not None and row.weak > MANY_WEAK:
            share = f"{row.weak:.0%}".replace("%", " %")
            yield f"{key}: {share} of the units have hardly any weight: use fewer, or a weaker penalty"


def weight_statistics(model: Model) -> WeightTable:
    """Mean, spread and extremes of every array of a network, and the share of units that hardly count.

    Parameters
    ----------
    model : Model
        Built.

    Returns
    -------
    WeightTable
        A dict from each array's key, layer by layer, to its statistics.

    Examples
    --------
    >>> import glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(4, "relu"), gn.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.build((None, 3))
    >>> table = weight_statistics(model)
    >>> table["dense_1.kernel"].shape
    (3, 4)
    >>> table.findings
    ('dense_2.kernel: all weights are 0: use random initial weights',)
    """
    model.require_built("weight_statistics()")
    arrays = {**model.parameters, **model.state}
    order = sorted(arrays, key=lambda key: _place(model, key))
    return WeightTable({key: _statistics(key, np.asarray(arrays[key], float)) for key in order})


def _place(model: Model, key: str) -> int:
    """The place of an array's layer in the network."""
    keys = [layer.key for top in model.layers for layer in top.all_layers()]
    owner = key.rpartition(".")[0]
    return keys.index(owner) if owner in keys else len(keys)


def _statistics(key: str, array: np.ndarray) -> WeightStatistics:
    finite = array[np.isfinite(array)]
    values = finite if finite.size else np.zeros(1)
    return WeightStatistics(
        shape=array.shape,
        mean=float(values.mean()),
        std=float(values.std()),
        minimum=float(values.min()),
        maximum=float(values.max()),
        zeros=float((array == 0).mean()) if array.size else 0.0,
        weak=_weak_units(array) if key.endswith(".kernel") and array.ndim > 1 else None,
        strange=array.size - finite.size,
    )


def _weak_units(kernel: np.ndarray) -> float:
    lengths = np.linalg.norm(np.nan_to_num(kernel).reshape(-1, kernel.shape[-1]), axis=0)
    return float((lengths < WEAK * np.median(lengths)).mean())
