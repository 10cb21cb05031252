"""The threads of a compiled training: started once, each runs the same function on its parts of the work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

_TRIAL = 40  # looks until the number of threads that was slower is tried again


class Pace:
    """How many threads to use: all, unless the machine is busy and one is quicker.

    Which thread computes a part never changes a result, so this may depend on time.

    Parameters
    ----------
    parts : int
        Of the work, and threads at most.

    Examples
    --------
    >>> pace = Pace(2)
    >>> for seconds in (9.0, 3.0, 1.0):  # the first call compiles; then two threads take 3 s, and one takes 1
    ...     pace.took(1, seconds)
    >>> pace.threads
    1
    """

    def __init__(self, parts: int) -> None:
        self.parts = self.threads = parts
        self.times: dict[int, float] = {}
        self.looks = -1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call."""
        self.looks += 1
        if self.parts == 1 or self.looks == 0:
            return
        self.times[self.threads] = seconds / steps
        other = 1 if self.threads == self.parts else self.parts
        if other not in self.times or self.looks % _TRIAL == 0:
            self.threads = other
        else:
            self.threads = min(self.times, key=self.times.__getitem__)


class Crew:
    """Threads that wait for work.

    Parameters
    ----------
    parts : int
        Of the work; with 1, the calling thread does it.
    """

    def __init__(self, parts: int) -> None:
        self.parts, self.pool = parts, None if parts == 1 else ThreadPoolExecutor(parts, "glassnet")

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pool is not None:
            self.pool.shutdown()

    def run(self, function: Callable[[int, int, int], Any], threads: int) -> Any:
        """Call ``function(first part, part after the last, threads)`` in each thread; answer the first's.

        A Ctrl-C between two starts must not leave a thread at a barrier that nobody else will reach: all
        begin together or not at all, and whoever has begun is waited for.
        """
        if self.pool is None:
            return function(0, 1, 1)
        begin, cancelled = threading.Event(), False

        def member(number: int) -> Any:
            begin.wait()
            first, last = (self.parts * k // threads for k in (number, number + 1))
            return None if cancelled else function(first, last, threads)

        futures: list[Future[Any]] = []
        try:
            futures = [self.pool.submit(member, number) for number in range(threads)]
        except BaseException:
            cancelled = True
            raise
        finally:
            begin.set()
            wait(futures)
        return futures[0].result()
