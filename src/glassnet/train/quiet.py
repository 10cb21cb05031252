"""Loading other packages without a trace in the global random generators, which are the user's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["same_random_state"]


@contextmanager
def same_random_state() -> Iterator[None]:
    """Give Python's global generator its state back: rich draws from it while it loads.

    Parts of scikit-learn load rich.

    Examples
    --------
    >>> before = random.getstate()
    >>> with same_random_state():
    ...     import rich.style
    >>> random.getstate() == before
    True
    """
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
