"""Which backend runs a training: NumPy, or compiled loops.

The choice is a pure function of the model, the rows, the batch size and the epochs. Timing never enters, so
the same call always gives the same bits. The constants were measured by ``python -m benchmarks.rule``.
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from typing import NamedTuple

from glassnet.errors import InputError
from glassnet.nn.network import Network
from glassnet.train.threads import work

BACKENDS = ("auto", "numpy", "numba")
# Seconds: importing numba and compiling, for the first layer's worth of loops and for each weight more.
COMPILE_FIRST, COMPILE_EACH = 2.0, 0.15
# Seconds: what NumPy takes for a step of a network without weights, for each weight, and for each operation.
STEP_FIRST, STEP_EACH, STEP_OPERATION = 25e-6, 8e-6, 2.5e-11
# How much of NumPy's time compiled loops save.
SAVED = 0.5


class Choice(NamedTuple):
    """A backend and why it was chosen."""

    name: str
    why: str


def is_installed() -> bool:
    """Whether numba can be imported (it is not imported here)."""
    return importlib.util.find_spec("numba") is not None


def choose(asked: str, network: Network, rows: int, batch_size: int, epochs: int) -> Choice:
    """What runs ``fit``.

    Parameters
    ----------
    asked : {"auto", "numpy", "numba"}
        As given to ``compile``.
    network : Network
    rows, batch_size, epochs : int

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        ``"numba"`` was asked for and is not installed.
    """
    if asked == "numpy":
        return Choice("numpy", "asked for")
    if asked == "numba":
        require_numba('backend="numba"')
        return Choice("numba", "asked for")
    seconds = numpy_seconds(network, rows, batch_size, epochs)
    wait = compile_seconds(network)
    if seconds * SAVED <= wait:
        return Choice("numpy", f"about {seconds:.2g} s of NumPy, less than compiling pays for")
    if not is_installed():
        _say_once()
        return Choice("numpy", "numba is not installed")
    return Choice("numba", f"about {seconds:.2g} s of NumPy, more than compiling takes")


def require_numba(what: str) -> None:
    """An error that says what to install."""
    if not is_installed():
        raise InputError(
            f'{what} needs numba, which is not installed.\nInstall it with: pip install "glassnet[fast]"'
        )


def numpy_seconds(network: Network, rows: int, batch_size: int, epochs: int) -> float:
    """About how long NumPy would train."""
    steps = epochs * math.ceil(rows / batch_size)
    weights = len(network.weights())
    return steps * (STEP_FIRST + STEP_EACH * weights + STEP_OPERATION * work(network, batch_size, 3))


def compile_seconds(network: Network) -> float:
    """About how long compiling takes where nothing is in the cache."""
    return COMPILE_FIRST + COMPILE_EACH * len(network.weights())


_said: set[str] = set()


def _say_once() -> None:
    if "numba" not in _said:
        _said.add("numba")
        warnings.warn(
            'This training would be faster compiled. Install numba with: pip install "glassnet[fast]"',
            UserWarning,
            stacklevel=4,
        )
