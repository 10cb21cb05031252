"""How many threads NumPy's matrix products may use.

A product of small matrices gains nothing from a second BLAS thread, and on a busy machine it loses a
hundredfold: the threads wait for each other. So small networks run on one. The rule depends on the network
and the batch alone, never on timing, so that the same run always gives the same bits.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator
from typing import Any, Protocol

from glassnet.nn.context import Weight

# Floating-point operations per call below which one thread is used: about a millisecond of work.
SMALL_WORK = 1e8
# Operations of a compiled step below which waiting for each other costs threads more than they save.
SHARED_WORK = 1e7


# Operations of a prediction below which starting threads takes longer than they save.
SHARED_ROWS = 5e8


class HasWeights(Protocol):
    """What the rules look at."""

    def weights(self) -> list[tuple[Weight, bool]]:
        """All weights, and whether each is trained."""


def work(network: HasWeights, rows: int, passes: int) -> float:
    """The operations of all matrix products: two per weight, row and pass."""
    sizes = [math.prod(weight.shape) for weight, _ in network.weights() if len(weight.shape) > 1]
    return 2.0 * passes * rows * sum(sizes)


def is_small(network: HasWeights, rows: int, passes: int) -> bool:
    """Whether one thread is to do it."""
    return work(network, rows, passes) < SMALL_WORK


def parts(network: HasWeights, rows: int, asked: int | None) -> int:
    """Into how many parts a compiled step is cut: one for each thread that pays, or as many as asked for."""
    if asked is not None:
        return asked
    return 1 if work(network, rows, passes=3) < SHARED_WORK else available()


def for_rows(network: HasWeights, rows: int, most: int | None) -> int:
    """How many threads share a prediction of so many rows; as many as may be asked for, if they pay."""
    if work(network, rows, passes=1) < SHARED_ROWS:
        return 1
    return available() if most is None else most


def available() -> int:
    """How many threads compiled programs may use: as many as the BLAS may, and there are processors."""
    from glassnet.kernels import processors

    pools = [pool["num_threads"] for pool in _controller().info() if pool["user_api"] == "blas"]
    count: int = min([processors(), *pools])
    return max(1, count)


@contextlib.contextmanager
def limited(small: bool) -> Iterator[None]:
    """One BLAS thread inside, if the work is small; everything as before afterwards."""
    if not small:
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _controller() -> Any:
    # Finding the libraries takes a millisecond, so it is done once, and not on import.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextlib.contextmanager
def at_most(count: int) -> Iterator[None]:
    """No more than so many BLAS threads inside."""
    with _controller().limit(limits=count, user_api="blas"):
        yield
