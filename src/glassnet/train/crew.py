"""The threads of a compiled training: started once, each runs the same function on its parts of the work."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

_ENOUGH = 0.02  # seconds of training to judge by: a few steps say more about the moment than about the work
_GAIN = 0.85  # one thread must take less than this share of the time to be preferred
_BUSY = 1.3  # times the best time seen: then one thread may be quicker than all
_PAUSES = (2, 16)  # judgements until the other number of threads is tried again: doubled each time in vain


class Pace:
    """How many threads to use: all, unless the machine is busy and one is clearly quicker.

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
        self.parts = self.threads = self.before = parts
        self.times: dict[int, float] = {}  # seconds a step
        self.best = math.inf  # of all threads
        self.judged, self.next_trial, self.pause = -1, 1, _PAUSES[0]
        self.steps, self.seconds = 0, 0.0

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call."""
        if self.parts == 1:
            return
        self.steps, self.seconds = self.steps + steps, self.seconds + seconds
        if self.seconds < _ENOUGH and self.judged >= 0:
            return
        self.judged += 1
        if self.judged > 0:
            self.times[self.threads] = self.seconds / self.steps
            self.threads = self._wanted()
        self.steps, self.seconds = 0, 0.0

    @property
    def share(self) -> float:
        """How much of a usual call to run: a trial of the slower number is kept short."""
        return 1.0 if self.threads == self._preferred() and self.threads in self.times else 0.3

    def _preferred(self) -> int:
        one, all_of_them = self.times.get(1, math.inf), self.times.get(self.parts, math.inf)
        return 1 if one < _GAIN * all_of_them else self.parts

    def _wanted(self) -> int:
        self.best = min(self.best, self.times.get(self.parts, math.inf))
        preferred = self._preferred()
        if preferred != self.before:
            self.before, self.pause = preferred, _PAUSES[0]
            self.next_trial = self.judged + self.pause
        worth = preferred == 1 or 1 not in self.times or self.times[self.parts] > _BUSY * self.best
        if not worth or self.judged < self.next_trial:
            return preferred
        self.pause = min(2 * self.pause, _PAUSES[1])
        self.next_trial = self.judged + self.pause
        return 1 if preferred == self.parts else self.parts


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
        places: list[int] = []

        def member(number: int) -> Any:
            begin.wait()
            _stand_apart(places)
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


def _stand_apart(places: list[int]) -> None:
    """Leave a processor on which another of the threads runs already, and note which one this thread is on.

    The operating system may wake all of them on one processor, beside an idle one, and take half a second
    to notice: they wait for each other by looking, so each seems busy.
    """
    if _processor is None:
        return
    place = _processor()
    if place in places:
        allowed = os.sched_getaffinity(0)
        free = allowed.difference(places)
        if free:
            with contextlib.suppress(OSError):  # the processor may have been taken away meanwhile
                os.sched_setaffinity(0, {min(free)})
                place = _processor()
                os.sched_setaffinity(0, allowed)
    places.append(place)


def _find_processor() -> Callable[[], int] | None:
    """The C library's function that answers the present processor, where there is one."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    function = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return function


_processor = _find_processor()
