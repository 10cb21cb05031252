"""Advice about combinations of layers and losses that are known to go badly."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from glassnet.nn.layer import Layer
from glassnet.nn.losses import L2Regression, Loss, MeanSquaredError, SquaredError, SumOfSquares
from glassnet.nn.noise import AlphaDropout, Dropout, GaussianDropout, VanillaDropout

DROPOUTS = (AlphaDropout, Dropout, GaussianDropout, VanillaDropout)
SQUARED = (L2Regression, MeanSquaredError, SquaredError, SumOfSquares)


def warn_of_dropout(network: Any, loss: Loss) -> None:
    """Warn if dropout acts on the inputs of the layer whose output a squared loss compares.

    The squared loss asks for one exact number per input; noise in front of the last layer keeps it from
    ever giving that.

    Parameters
    ----------
    network : Network
    loss : Loss
    """
    if not isinstance(loss, SQUARED):
        return
    last: Layer | None = None
    for layer in layers_from_the_end(network):
        if isinstance(layer, DROPOUTS):
            warnings.warn(_message(layer, last, loss), UserWarning, stacklevel=3)
        if last is not None and has_weights(last):
            return
        last = layer


def has_weights(layer: Layer) -> bool:
    """Whether a layer, built or not, has weights."""
    return bool(list(layer.weights())) or (not layer.built and type(layer).build is not Layer.build)


def _message(dropout: Layer, last: Layer | None, loss: Loss) -> str:
    before = "the end" if last is None else last.key or last.title()
    return (
        f"{dropout.key or dropout.title()} stands right before {before}, whose output goes to {loss.name}.\n"
        "A squared loss asks for exact numbers, and dropout there blurs them: expect worse predictions.\n"
        "Remove that dropout, or predict bins with a softmax (losses.Bins)."
    )


def layers_from_the_end(network: Any) -> Iterator[Layer]:
    """The last layer, the one that feeds it, and so on, as long as each has a single input."""
    node = getattr(network, "_output", None)
    if node is None:
        yield from reversed(network.layers)
        return
    while node.op == "apply" and len(node.inputs) == 1:
        yield node.attrs["layer"]
        node = node.inputs[0]
