"""Pictures of what a classifier has learned: its weights as images, its decisions in the plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.model import Model
from glassnet.nn.losses import Loss
from glassnet.optional import pyplot

# Okabe and Ito's colors, which everyone can tell apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#000000")
RESOLUTION = 300  # points per side of the map of decisions


# ------------------------------------------------------------------------------------------ templates
def templates(model: Model, image_shape: Sequence[int]) -> np.ndarray:
    """The weights into each unit of the first layer, in the shape of the images.

    The score of a class is the inner product of the image with the class's weights: the classifier compares
    the image with one template per class, and answers the one that fits best.

    Parameters
    ----------
    model : Model
        Built; its first layer with a kernel is dense.
    image_shape : tuple of int
        ``(height, width)``, or ``(height, width, channels)``.

    Returns
    -------
    ndarray
        Of shape ``(units, *image_shape)``, a copy. The bias is left out, also the row that
        the bias trick has for it.

    Raises
    ------
    ShapeError
        The kernel does not have one row per pixel.

    Examples
    --------
    >>> import glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(10)])
    >>> model.build((None, 64))
    >>> gn.templates(model, (8, 8)).shape
    (10, 8, 8)
    """
    key, kernel = next(((k, v) for k, v in model.parameters.items() if k.endswith(".kernel")), ("", None))
    pixels = math.prod(image_shape)
    if kernel is None or kernel.ndim != 2 or len(kernel) not in (pixels, pixels + 1):
        found = "has no kernel" if kernel is None else f"begins with {key} of shape {kernel.shape}"
        raise ShapeError(
            f"templates() needs a first kernel with a row per pixel, {pixels} for images of shape "
            f"{tuple(image_shape)}; the model {found}."
        )
    return np.array(kernel[:pixels].T.reshape(-1, *image_shape))


def plot_templates(
    model: Model, image_shape: Sequence[int], names: Sequence[Any] | None = None, ax: Any = None
) -> list[Any]:
    """Draw the weights into each unit of the first layer back as an image.

    Gray images show positive weights red, negative ones blue, zero white; in color images zero is middle
    gray, and a channel is brighter where its weight is positive. Each image has a scale of its own.

    Parameters
    ----------
    model : Model
        Built; its first layer with a kernel is dense.
    image_shape : tuple of int
        ``(height, width)`` for gray images, ``(height, width, 3)`` for color.
    names : sequence, optional
        A title for each image, such as the names of the classes.
    ax : sequence of matplotlib axes, optional
        Where to draw, one for each image; further units are left out. By default a new figure.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    ShapeError
        The kernel does not have one row per pixel.
    InputError
        Another number of names than of units.
    GlassnetError
        Matplotlib is not installed.

    See Also
    --------
    templates : The images as an array.
    """
    images = templates(model, image_shape)
    if names is not None and len(names) != len(images):
        raise InputError(f"plot_templates() got {len(names)} names for {len(images)} images.")
    axes = _axes(len(images), "plot_templates()") if ax is None else np.ravel(ax).tolist()
    for i, (axis, image) in enumerate(zip(axes, images, strict=False)):
        _draw_image(axis, image / (np.abs(image).max() or 1.0))
        if names is not None:
            axis.set_title(str(names[i]), fontsize="medium")
    for axis in axes:
        axis.set_axis_off()
    return axes[: len(images)]


def _draw_image(axis: Any, image: np.ndarray) -> None:
    """Draw weights between -1 and 1."""
    if image.ndim == 3:
        axis.imshow((1 + image) / 2)
    else:
        axis.imshow(image, cmap="RdBu_r", vmin=-1, vmax=1)


def _axes(count: int, where: str) -> list[Any]:
    """A new figure with places for so many images, in rows, twice as many columns as rows."""
    columns = math.ceil(math.sqrt(2 * count))
    rows = math.ceil(count / columns)
    plt = pyplot(where)
    grid = plt.subplots(
        rows, columns, figsize=(1.4 * columns, 1.55 * rows), squeeze=False, layout="constrained"
    )[1]
    return list(grid.flat)


# ------------------------------------------------------------------------------------------ the plane
def plot_decision_regions(model: Model, X: Any, y: Any, ax: Any = None, zero_lines: bool = False) -> Any:
    """Color the plane by what a classifier of two inputs answers, with the examples on top.

    Parameters
    ----------
    model : Model
        Built, with inputs of shape (n, 2).
    X : array (n, 2)
        The examples; they decide what part of the plane is shown.
    y : int array (n,)
        Their labels.
    ax : matplotlib axes, optional
        Where to draw; by default a new figure.
    zero_lines : bool, default False
        Draw where the score of each class is zero: a straight line for a linear classifier, with an arrow to
        the side on which the score rises.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ShapeError
        X does not have two columns, or y another length.
    InputError
        The model answers several labels per example.
    GlassnetError
        Matplotlib is not installed.
    """
    X, labels = _plane(X, y)
    if ax is None:
        figure = pyplot("plot_decision_regions()").figure(figsize=(4.6, 4.2), layout="constrained")
        ax = figure.add_subplot()
    middle, half = (X.max(axis=0) + X.min(axis=0)) / 2, 0.55 * np.ptp(X, axis=0) + 1e-9
    (left, right), (bottom, top) = np.stack([middle - half, middle + half], axis=1)
    columns, rows = np.linspace(left, right, RESOLUTION), np.linspace(bottom, top, RESOLUTION)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    scores = model.predict(grid.reshape(-1, 2))
    answers = _labels(model, scores).reshape(RESOLUTION, RESOLUTION)
    colors = _colors(max(scores[0].size, 1 + max(answers.max(), labels.max())))
    pale = 1 - 0.3 * (1 - colors)
    ax.imshow(pale[answers], origin="lower", extent=(left, right, bottom, top), aspect="auto")
    ax.scatter(*X.T, c=colors[labels], s=16, edgecolors="white", linewidths=0.5)
    if zero_lines:
        maps = scores.reshape(RESOLUTION, RESOLUTION, -1).transpose(2, 0, 1)
        for score, color in zip(maps, colors[-len(maps) :], strict=True):  # a lone score speaks for label 1
            _zero_line(ax, columns, rows, score, color)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    return ax


def _plane(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points and labels, checked."""
    points, labels = np.asarray(X, float), np.ravel(np.asarray(y)).astype(int)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels) or not len(labels):
        raise ShapeError(
            "plot_decision_regions() needs X of shape (n, 2) and n labels; "
            f"got X {points.shape} and y {np.shape(y)}."
        )
    return points, labels


def _labels(model: Model, scores: np.ndarray) -> np.ndarray:
    decided = np.asarray((model.loss_function or Loss()).decide(scores))
    if decided.size != len(scores):
        raise InputError(
            "plot_decision_regions() draws one label per point; this model decides "
            f"{decided.shape[-1]} questions at once."
        )
    return decided.reshape(-1).astype(int)


def _colors(count: int) -> np.ndarray:
    """A color for each label, as rows of red, green and blue."""
    from matplotlib.colors import to_rgb

    return np.array([to_rgb(COLORS[label % len(COLORS)]) for label in range(count)])


def _zero_line(ax: Any, columns: np.ndarray, rows: np.ndarray, score: np.ndarray, color: Any) -> None:
    """The line on which a score is zero, and an arrow uphill from its middle."""
    contours = ax.contour(columns, rows, score, levels=[0.0], colors=[color], linewidths=1.6)
    pieces = contours.allsegs[0]
    if not pieces:
        return  # the score has one sign everywhere
    line = max(pieces, key=len)
    foot = line[len(line) // 2]
    at = np.abs(rows - foot[1]).argmin(), np.abs(columns - foot[0]).argmin()
    slope = np.array([along[at] for along in np.gradient(score, rows, columns)])[::-1]
    spans = np.array([np.ptp(columns), np.ptp(rows)])
    uphill = slope * spans  # as it looks when both axes are drawn equally long
    head = foot + 0.09 * spans * uphill / (np.linalg.norm(uphill) or 1.0)
    ax.annotate("", head, foot, arrowprops={"arrowstyle": "->", "color": color, "linewidth": 1.6})
