"""The picture of a trained network: how it learned, its weights, and what its layers answer."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.cli.pictures import FAINT, STYLE, TRAIN, VALIDATION
from glassnet.cli.saved import Saved
from glassnet.inspect.statistics import StatisticsTable
from glassnet.inspect.weights import WeightTable

MOST_FEATURES = 24  # bars


def draw(saved: Saved, weights: WeightTable, layers: StatisticsTable | None) -> bytes:
    """Draw a network as a PNG.

    Parameters
    ----------
    saved : Saved
    weights : WeightTable
    layers : StatisticsTable or None
        Of a table's rows, if there is one.

    Returns
    -------
    bytes

    Raises
    ------
    ImportError
        Matplotlib is not installed.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels: list[Callable[[Any], None]] = []
    network = saved.networks[0]
    history = {} if network.history is None else network.history.history
    if history.get("loss"):
        panels.append(lambda axis: _curve(axis, history))
    panels.append(lambda axis: _features(axis, saved))
    panels.append(lambda axis: _kernels(axis, network))
    if layers is not None:
        panels.append(lambda axis: _answers(axis, layers))
    if layers is not None and all(row.gradient for row in layers.values()):
        panels.append(lambda axis: _gradients(axis, layers))
    with mpl.rc_context(STYLE):
        columns = min(3, len(panels))
        rows = -(-len(panels) // columns)
        figure = Figure(figsize=(4.4 * columns, 3.6 * rows), layout="constrained", dpi=110)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, panel in zip(axes, panels, strict=False):
            panel(axis)
        for axis in axes[len(panels) :]:
            axis.remove()
        figure.suptitle(
            f"{saved.path.name}: {saved.title}, {network.count_params():,} parameters", x=0.01, ha="left"
        )
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _curve(axis: Any, history: dict[str, list[float]]) -> None:
    """The losses by epoch."""
    for name, color in (("loss", TRAIN), ("val_loss", VALIDATION)):
        if history.get(name):
            label = "training" if name == "loss" else "validation"
            axis.plot(np.arange(1, len(history[name]) + 1), history[name], color=color, label=label)
    axis.set(title="loss", xlabel="epoch")
    axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
    axis.legend()


def _features(axis: Any, saved: Saved) -> None:
    """How long the weights out of each feature are: where they are short, it hardly counts."""
    kernels = [value for key, value in saved.networks[0].parameters.items() if key.endswith("kernel")]
    lengths = np.linalg.norm(np.asarray(kernels[0], float).reshape(len(kernels[0]), -1), axis=1)
    names = _names(saved, len(lengths))
    strongest = np.argsort(-lengths)[:MOST_FEATURES]
    axis.barh([names[i] for i in strongest], lengths[strongest], color=TRAIN)
    axis.invert_yaxis()
    axis.tick_params(axis="y", labelsize=7)
    more = len(lengths) - len(strongest)
    axis.set(title=f"first layer: weight of each feature{f' ({more} more)' if more else ''}")


def _names(saved: Saved, count: int) -> list[str]:
    """The features as they are called, if there are as many names."""
    names = saved.columns or []
    if saved.encoder is not None:
        names = [str(name) for name in saved.encoder.get_feature_names_out()]
    shown = [name if len(name) <= 24 else f"{name[:23]}…" for name in names]
    return shown if len(set(shown)) == count else [str(i) for i in range(count)]


def _kernels(axis: Any, network: Any) -> None:
    """A histogram of each layer's weights."""
    for key, value in network.parameters.items():
        if key.endswith("kernel"):
            bins = int(np.clip(np.sqrt(value.size), 6, 40))
            density, edges = np.histogram(np.asarray(value, float), bins, density=True)
            axis.stairs(density, edges, label=key.removesuffix(".kernel"))
    axis.axvline(0, color=FAINT, linewidth=0.8)
    axis.set(title="weights of the layers", yticks=[])
    axis.legend(fontsize=8)


def _answers(axis: Any, layers: StatisticsTable) -> None:
    """For each layer from the smallest answer to the largest, and a deviation around the mean."""
    for place, row in enumerate(layers.values()):
        found = row.output
        axis.plot([found.minimum, found.maximum], [place, place], color=FAINT, linewidth=1)
        axis.barh(place, 2 * found.std, left=found.mean - found.std, color=TRAIN, height=0.6)
        dead = f", {found.dead:.0%} dead" if found.dead else ""
        if found.zeros:
            axis.annotate(
                f"{found.zeros:.0%} zeros{dead}",
                (found.maximum, place),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
    _label(axis, layers, "answers of the layers: mean ± deviation")
    axis.margins(x=0.2)


def _gradients(axis: Any, layers: StatisticsTable) -> None:
    """For each layer the spread of the gradients that come back."""
    spreads = [row.gradient.std if row.gradient else 0.0 for row in layers.values()]
    axis.plot(spreads, np.arange(len(spreads)), "o-", color=VALIDATION)
    _label(axis, layers, "gradients that come back: deviation")
    if min(spreads) > 0:
        axis.set_xscale("log")


def _label(axis: Any, layers: StatisticsTable, title: str) -> None:
    axis.set_yticks(
        np.arange(len(layers)), [key.replace("normalization", "norm") for key in layers], fontsize=7
    )
    axis.invert_yaxis()
    axis.set(title=title)
