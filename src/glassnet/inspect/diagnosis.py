"""What to watch while a network learns, in one call: losses, spreads, dead units, the size of the updates."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.errors import DivergenceError
from glassnet.inspect.statistics import StatisticsTable, layer_arrays, layer_statistics
from glassnet.model import Model
from glassnet.nn.core import name_of
from glassnet.optional import pyplot

MANY_DEAD = 0.2  # share of units that are 0 for every example
MANY_SATURATED = 0.5  # share of answers at the flat ends of tanh or the logistic function
SHRINKING = 0.05  # the last hidden layer's spread over the first's
HIGHEST_UPDATE, LOWEST_UPDATE = 0.05, 1e-5  # of a step relative to its kernel; about 1e-3 is usual
WIDE_GAP = 0.1  # of the accuracies on training and on validation data
_ENDS = {"tanh": (-0.99, 0.99), "sigmoid": (0.01, 0.99)}


@dataclass(frozen=True)
class Diagnosis:
    """What :func:`diagnose` saw; prints as a report.

    Attributes
    ----------
    training, validation : dict
        Loss and metrics; ``validation`` is empty without validation data.
    layers : StatisticsTable
        Activations and gradients of every layer.
    saturated : dict
        Key of each tanh or sigmoid layer → the share of its answers at the flat ends.
    update_ratios : dict
        Key of each trained parameter → the size of the next step relative to the parameter's own.
    findings : tuple of str
        What looks wrong, with a remedy; empty for a healthy network.
    """

    training: dict[str, float]
    validation: dict[str, float]
    layers: StatisticsTable
    saturated: dict[str, float]
    update_ratios: dict[str, float]
    findings: tuple[str, ...]
    _kernel: np.ndarray | None = field(default=None, repr=False)

    def __str__(self) -> str:
        parts = [_metrics("training", self.training)]
        parts += [_metrics("validation", self.validation)] if self.validation else []
        width = max(map(len, self.update_ratios), default=0)
        ratios = [f"{key:<{width}}  {ratio:.1e}" for key, ratio in self.update_ratios.items()]
        verdict = [f"- {finding}" for finding in self.findings] or ["nothing looks wrong"]
        sections = (
            parts,
            [str(self.layers)],
            ["size of the next step / size of the parameter", *ratios],
            verdict,
        )
        return "\n\n".join("\n".join(section) for section in sections)

    def plot(self, image_shape: tuple[int, int] | None = None) -> Any:
        """Histograms of activations and gradients, sizes of the updates, and first-layer pictures.

        Parameters
        ----------
        image_shape : tuple of (int, int), optional
            Height and width of an input, to show the first layer's weights as images.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        GlassnetError
            matplotlib is not installed.
        """
        return _plot(self, image_shape)


def _metrics(name: str, values: Mapping[str, float]) -> str:
    return f"{name:<11}" + "  ".join(f"{key} {value:.4g}" for key, value in values.items())


def diagnose(model: Model, X: Any, y: Any, validation_data: tuple[Any, Any] | None = None) -> Diagnosis:
    """Look at a network on one batch: how well it does, what its layers answer, how large the next step is.

    The model is not changed: the step is made on a copy.

    Parameters
    ----------
    model : Model
        Compiled.
    X, y : arrays
        Training data; a few hundred examples are enough.
    validation_data : tuple (X, y), optional

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import glassnet as gn
    >>> X, y = gn.datasets.spiral()
    >>> model = gn.Sequential([gn.layers.Dense(32, "relu", kernel_initializer="zeros"), gn.layers.Dense(3)])
    >>> model.compile("adam", "softmax_cross_entropy", metrics=["accuracy"])
    >>> print(gn.diagnose(model, X, y).findings[0])
    dense_1: 100 % of the units are 0 for all examples: use other initial weights, a lower rate or leaky ReLU
    """
    model = copy.deepcopy(model)
    training = model.evaluate(X, y)
    validation = model.evaluate(*validation_data) if validation_data is not None else {}
    table = layer_statistics(model, X, y)
    saturated = _saturated(model, layer_arrays(model, X, y, False)[0])
    kernels = [value for key, value in model.parameters.items() if key.endswith("kernel")]
    ratios = _update_ratios(model, X, y)
    findings = (
        *_about_answers(model, table, saturated),
        *_about_updates(ratios),
        *_about_gap(training, validation),
    )
    return Diagnosis(
        training, validation, table, saturated, ratios, findings, kernels[0] if kernels else None
    )


def answer_findings(model: Model, X: Any) -> tuple[str, ...]:
    """What looks wrong in the answers of the layers to some data, whose targets nobody knows.

    Parameters
    ----------
    model : Model
        Built.
    X : array (n, ...)

    Returns
    -------
    tuple of str
        With a remedy each: dead units, units that copy another one, saturation, a spread that shrinks.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(4, "relu", kernel_initializer="zeros"), gn.layers.Dense(1)])
    >>> model.build((None, 2))
    >>> print(answer_findings(model, np.eye(2))[0])
    dense_1: 100 % of the units are 0 for all examples: use other initial weights, a lower rate or leaky ReLU
    """
    saturated = _saturated(model, layer_arrays(model, X, None, False)[0])
    return tuple(_about_answers(model, layer_statistics(model, X), saturated))


def _about_answers(model: Model, table: StatisticsTable, saturated: Mapping[str, float]) -> list[str]:
    learned = _learned(model, table)
    return [*_about_units(learned, saturated), *_about_spread(learned)]


def _saturated(model: Model, outputs: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The share of answers at the flat ends, where hardly any gradient passes."""
    shares = {}
    for layer in (inner for top in model.layers for inner in top.all_layers()):
        low, high = _ENDS.get(name_of(getattr(layer, "activation", None)), (None, None))
        if low is not None and high is not None and layer.key in outputs:
            values = outputs[layer.key]
            shares[layer.key] = float(((values < low) | (values > high)).mean())
    return shares


def _update_ratios(model: Model, X: Any, y: Any) -> dict[str, float]:
    """The norm of one step's change over the norm of the parameter."""
    before = model.get_snapshot()
    try:
        model.fit(X, y, batch_size=len(y), epochs=1, shuffle=False, verbose=0)
    except DivergenceError:
        return {weight.key: float("inf") for weight in model.trained_weights()}
    ratios = {}
    for weight in model.trained_weights():
        size = float(np.linalg.norm(before[weight.key]))
        change = float(np.linalg.norm(np.asarray(weight.value) - before[weight.key]))
        if size > 0:
            ratios[weight.key] = change / size
    return ratios


def _learned(model: Model, table: StatisticsTable) -> StatisticsTable:
    """The layers from the first with a kernel on: what comes before is preprocessing."""
    kernels = [key.rpartition(".")[0] for key in model.parameters if key.endswith(".kernel")]
    keys = list(table)
    first = min((keys.index(key) for key in kernels if key in keys), default=0)
    return StatisticsTable({key: table[key] for key in keys[first:]})


def _about_units(table: StatisticsTable, saturated: Mapping[str, float]) -> list[str]:
    found = []
    for key, row in table.items():
        if row.output.dead > MANY_DEAD:
            remedy = "use other initial weights, a lower rate or leaky ReLU"
            found.append(f"{key}: {row.output.dead:.0%} of the units are 0 for all examples: {remedy}")
        elif row.output.equal > 0:
            found.append(
                f"{key}: {row.output.equal:.0%} of the units copy another one: use random initial weights"
            )
    for key, share in saturated.items():
        if share > MANY_SATURATED:
            remedy = "use smaller initial weights, or standardize the inputs"
            found.append(f"{key}: {share:.0%} of the answers are saturated: {remedy}")
    return [text.replace("%", " %") for text in found]


def _about_spread(table: StatisticsTable) -> list[str]:
    spreads = [row.output.std for row in table.values()][:-1]
    if len(spreads) < 3 or spreads[0] == 0 or spreads[-1] >= SHRINKING * spreads[0]:
        return []
    ratio = spreads[-1] / spreads[0]
    return [
        f"activations shrink to {ratio:.0e} of their spread: use he_normal or glorot_uniform, or batch norm"
    ]


def _about_updates(ratios: Mapping[str, float]) -> list[str]:
    kernels = {key: ratio for key, ratio in ratios.items() if key.endswith("kernel")}
    high = [key for key, ratio in kernels.items() if ratio > HIGHEST_UPDATE]
    low = [key for key, ratio in kernels.items() if ratio < LOWEST_UPDATE]
    found = (
        [f"{', '.join(high)}: a step of {max(kernels.values()):.0e} of the weights: lower the rate"]
        if high
        else []
    )
    return [*found, f"{', '.join(low)}: hardly moves: raise the rate, look for dead units"] if low else found


def _about_gap(training: Mapping[str, float], validation: Mapping[str, float]) -> list[str]:
    gap = training.get("accuracy", 0.0) - validation.get("accuracy", 1.0)
    if not validation or gap <= WIDE_GAP:
        return []
    return [
        f"accuracy {gap:.0%} lower on validation data: more data, dropout or a stronger penalty".replace(
            "%", " %"
        )
    ]


def _plot(diagnosis: Diagnosis, image_shape: tuple[int, int] | None) -> Any:
    plt = pyplot("Diagnosis.plot()")
    pictures = image_shape is not None and diagnosis._kernel is not None
    figure, axes = plt.subplots(
        1, 4 if pictures else 3, figsize=(15 if pictures else 11.5, 3.6), layout="constrained"
    )
    for axis, name in zip(axes, ("output", "gradient"), strict=False):
        _histograms(axis, diagnosis.layers, name)
    keys = list(diagnosis.update_ratios)
    axes[2].barh(keys, [diagnosis.update_ratios[key] for key in keys], color="#2f6fb0")
    axes[2].axvline(1e-3, color="#7b8794", linewidth=1, linestyle=":")
    axes[2].set(xscale="log", title="step / parameter (about 1e-3)")
    axes[2].invert_yaxis()
    if pictures and image_shape is not None and diagnosis._kernel is not None:
        _pictures(axes[3], diagnosis._kernel, image_shape)
    return figure


def _histograms(axis: Any, table: StatisticsTable, name: str) -> None:
    """One outline per layer, each with area 1, so that wide and narrow ones can be compared."""
    for key, row in table.items():
        found = getattr(row, name)
        density = found.counts / max(found.counts.sum() * np.diff(found.edges)[0], 1e-300)
        axis.stairs(density, found.edges, label=key)
    axis.set(yscale="log", title="activations" if name == "output" else "gradients")
    axis.legend(frameon=False, fontsize=8)


def _pictures(axis: Any, kernel: np.ndarray, shape: tuple[int, int]) -> None:
    """The strongest units' incoming weights, side by side."""
    strongest = np.argsort(-np.linalg.norm(kernel, axis=0))[:25]
    side = int(np.ceil(np.sqrt(len(strongest))))
    height, width = shape
    sheet = np.full((side * (height + 1), side * (width + 1)), np.nan)
    for i, unit in enumerate(strongest):
        row, column = divmod(i, side)
        top, left = row * (height + 1), column * (width + 1)
        image = kernel[:, unit].reshape(height, width)
        sheet[top : top + height, left : left + width] = image / np.abs(image).max()
    axis.imshow(sheet, cmap="RdBu_r", vmin=-1, vmax=1)
    axis.set(title="first layer's weights", xticks=[], yticks=[])
