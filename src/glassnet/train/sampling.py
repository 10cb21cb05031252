"""Predictions that draw dropout and noise, averaged over many passes (Monte Carlo)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.train.data import Dataset
from glassnet.train.shelf import Shelf


def sampled_predictions(shelf: Shelf, parts: Sequence[Dataset], samples: int, seed: int) -> list[np.ndarray]:
    """The mean output over ``samples`` passes, part by part; every pass of every part has masks of its own.

    Raises
    ------
    InputError
        No layer draws anything, so that all passes would be the same.
    """
    program = shelf.program("sample", None)
    if ("argument", "seed") not in program.inputs:
        raise InputError(
            "predict(mc_samples=...) averages over dropout and noise, and this model has no layer that draws "
            "random numbers."
        )
    means = []
    for i, part in enumerate(parts):
        total: Any = 0.0
        for sample in range(samples):
            scores = shelf.run(program, part, seed, sample * len(parts) + i)["return", "scores"]
            total = total + np.asarray(scores, float)
        means.append((total / samples).astype(scores.dtype))
    return means
