"""The picture of a run: how it learned, and a look at what it learned. Needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.cli.training import Run
from glassnet.estimators import frames

TRAIN, VALIDATION, INK, FAINT = "#2f6f9f", "#e07b39", "#222831", "#8a919c"
CLASSES = ("#2f6f9f", "#e07b39", "#4f9d69", "#b0508f", "#c9a227", "#5b5ea6", "#8c564b", "#3aa6a6")
STYLE: dict[Any, Any] = {
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
}
MANY_POINTS = 500  # of a scatter, which are drawn smaller
BARS = 12  # of the most important columns
TILES = 8  # rows and columns of the mosaic of weights


def draw(run: Run, title: str, important: Mapping[str, float]) -> bytes:
    """Draw a run as a PNG.

    Parameters
    ----------
    run : Run
        What was trained, with its history.
    title : str
        The line above the panels.
    important : mapping of str to float
        What is lost without each column, the most important first; empty for no such panel.

    Returns
    -------
    bytes
        The content of a PNG file.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels: list[Callable[[Any, Run], None]] = [_loss, *([_accuracy] if run.problem.classes else []), _look]
    if important:
        panels.append(partial(_importance, important))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.3 * len(panels), 4.3), layout="constrained")
        figure.suptitle(title, x=0.012, ha="left", fontsize=12)
        for axes, panel in zip(figure.subplots(1, len(panels)), panels, strict=True):
            panel(axes, run)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": "glassnet"})
    return buffer.getvalue()


def _curves(axes: Any, run: Run, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, run.epochs + 1)
    marker = "o" if run.epochs == 1 else None
    axes.plot(epochs, run.history[name], color=TRAIN, marker=marker, label="training")
    axes.plot(epochs, run.history[f"val_{name}"], color=VALIDATION, marker=marker, label="validation")
    kept = f"kept: epoch {run.best_epoch}"
    axes.axvline(run.best_epoch, color=FAINT, linewidth=0.9, linestyle=":", label=kept)
    axes.set(xlabel="epoch", title=name.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.legend(loc="best")


def _loss(axes: Any, run: Run) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    _curves(axes, run, run.measure)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")


def _accuracy(axes: Any, run: Run) -> None:
    from matplotlib.ticker import PercentFormatter

    _curves(axes, run, "accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _look(axes: Any, run: Run) -> None:
    """The panel that suits the data: weights as images, a map, a table of confusions, or a scatter."""
    if run.problem.image_shape:
        _weights(axes, run, run.problem.image_shape)
    elif not run.problem.classes:
        _scatter(axes, run)
    elif run.problem.columns == 2:
        _map(axes, run)
    else:
        _confusions(axes, run)


def _weights(axes: Any, run: Run, shape: tuple[int, int]) -> None:
    trained = np.array(run.model.parameters["dense_1.kernel"], np.float64)
    kernel = np.zeros((run.problem.columns, trained.shape[1]))  # pixels that never change are left out
    kernel[[bool(treatment.features("")) for treatment in run.encoder.treatments_]] = trained
    strongest = np.argsort(-np.linalg.norm(kernel, axis=0), kind="stable")[: TILES**2]
    images = mosaic(kernel[:, strongest].T.reshape(-1, *shape))
    axes.set_facecolor("#c8ccd2")  # of the gaps
    axes.imshow(images, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set(xticks=[], yticks=[], title=f"weights into the {len(strongest)} strongest units")
    axes.set_xlabel("red: a bright pixel excites the unit, blue: it inhibits", color=FAINT)
    axes.spines[:].set_visible(False)


def mosaic(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay images (k, height, width) out in rows of 8, each scaled to [-1, 1], with gaps of NaN."""
    count, height, width = images.shape
    rows = -(-count // TILES)
    largest = np.abs(images).max(axis=(1, 2), keepdims=True)
    tiles = np.full((rows * TILES, height + 1, width + 1), np.nan)
    tiles[:count, :height, :width] = images / np.where(largest > 0, largest, 1)
    grid = tiles.reshape(rows, TILES, height + 1, width + 1).swapaxes(1, 2)
    return grid.reshape(rows * (height + 1), TILES * (width + 1))[:-1, :-1]


def _map(axes: Any, run: Run) -> None:
    from matplotlib.colors import to_rgb

    names = [column.name for column in run.problem.table.columns]
    X, y = np.stack([column.values for column in run.problem.table.columns], axis=1), run.problem.target
    low, high = X.min(axis=0), X.max(axis=0)
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    grid = np.stack(np.meshgrid(*np.linspace(low, high, 300).T), axis=-1).reshape(-1, 2)
    colors = np.array([to_rgb(CLASSES[label % len(CLASSES)]) for label in range(run.problem.classes)])
    likely = run.predict(frames.read(grid, "train").named(names))
    image = 1 - 0.45 * (1 - likely @ colors).reshape(300, 300, 3)
    axes.imshow(image, origin="lower", extent=(low[0], high[0], low[1], high[1]), aspect="auto")
    seen, unseen = run.rows.train, run.rows.held_out
    axes.scatter(*X[seen].T, c=colors[y[seen]], s=6, alpha=0.45, linewidths=0)
    axes.scatter(*X[unseen].T, c=colors[y[unseen]], s=28, edgecolors="white", linewidths=0.9)
    axes.set(xlabel=names[0], ylabel=names[1], title="its answer everywhere (large points: held out)")


def _confusions(axes: Any, run: Run) -> None:
    classes, names = run.problem.classes, run.problem.class_names
    table = np.zeros((classes, classes), int)
    np.add.at(table, (run.truth, run.prediction.argmax(axis=1)), 1)
    axes.imshow(table, cmap="Blues", vmax=table.max() * 1.25)
    for row, column in np.ndindex(table.shape):
        dark = table[row, column] > 0.62 * table.max()
        axes.text(column, row, table[row, column], ha="center", va="center", color="white" if dark else INK)
    axes.set_xticks(range(classes), names)
    axes.set_yticks(range(classes), names, rotation=90, va="center")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    name = run.problem.target_name
    axes.set(xlabel=f"predicted {name}", ylabel=f"true {name}", title="held-out rows, counted")


def _importance(important: Mapping[str, float], axes: Any, run: Run) -> None:
    """Bars of what is lost without a column, the longest on top."""
    names = [short_name(name) for name in important][:BARS]
    unit = 100 if run.problem.classes else 1  # accuracies in points
    lost = [unit * value for value in important.values()][:BARS]
    axes.barh(range(len(names)), lost, color=TRAIN, height=0.7)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(0, color=FAINT, linewidth=0.9)
    axes.grid(axis="x", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    _few_ticks(axes.xaxis)
    what = "points of accuracy lost" if run.problem.classes else "added to the RMSE"
    axes.set(xlabel=f"{what} when the column is shuffled", title="what it goes by, on held-out rows")


def _few_ticks(*axes: Any) -> None:
    """Numbers that have room beside each other."""
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter("{x:,g}")


def short_name(name: str) -> str:
    """A name that fits beside a bar."""
    return name if len(name) <= 20 else f"{name[:19]}…"


def _scatter(axes: Any, run: Run) -> None:
    ends = [min(run.truth.min(), run.prediction.min()), max(run.truth.max(), run.prediction.max())]
    axes.plot(ends, ends, color=FAINT, linewidth=0.8, linestyle=":")
    many = len(run.truth) > MANY_POINTS
    size, alpha = (6, 0.25) if many else (22, 0.7)
    axes.scatter(run.truth, run.prediction, color=TRAIN, s=size, alpha=alpha, linewidths=0)
    name = run.problem.target_name
    axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}", title="held-out rows")
    _few_ticks(axes.xaxis, axes.yaxis)
