"""Work that goes on in a second process while this one trains."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")
PROGRAM = "from glassnet.cli.elsewhere import serve; serve()"


@contextmanager
def started(wanted: bool, work: Callable[..., Result], *arguments: Any) -> Iterator[Callable[[], Result]]:
    """Begin some work on another core, if it pays and there is one; else it is done when asked for.

    Parameters
    ----------
    wanted : bool
        Whether the work takes longer than a second process takes to start.
    work : callable
        A function at the top of a module.
    *arguments
        What can be pickled.

    Yields
    ------
    callable
        Answers what ``work`` does; waits for it.
    """
    if not wanted or cores() < 2:
        yield lambda: work(*arguments)
        return
    with tempfile.TemporaryFile() as file:
        pickle.dump((work, arguments), file)
        file.seek(0)
        # Not `multiprocessing`, which runs the user's main module once more.
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the other
        ) as process:
            try:
                yield lambda: _answer(process) or work(*arguments)
            finally:
                process.kill()


def _answer(process: subprocess.Popen[bytes]) -> Any:
    """What the other process found; None where it failed."""
    answer = process.communicate()[0]
    return None if process.returncode else pickle.loads(answer)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def serve() -> None:
    """The other process: read the work, do it, write the answer."""
    work, arguments = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps(work(*arguments)))
