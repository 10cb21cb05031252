"""Files that are replaced as a whole or not at all, also when the power fails in between."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any


def replace_file(path: str, parts: Sequence[Any], verify: Callable[[str], None]) -> None:
    """Write a new file in the place of the old one.

    Parameters
    ----------
    path : str
        Not a link: a link would be replaced, not what it leads to.
    parts : sequence of bytes-like
    verify : callable
        Takes the temporary file's path, once its bytes are on the disk, and raises if they are not right.

    Raises
    ------
    OSError
        The old file stands as it was, unless only the folder could not be brought to the disk.
    """
    folder, name = os.path.split(path)
    # In the same folder, hence on the same disk: a file can be moved in one step only there.
    temporary = os.path.join(folder, f".{name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        _write(temporary, parts)
        verify(temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _synchronize(folder or os.curdir)


def _write(path: str, parts: Sequence[Any]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)  # less the user's mask, as for any new file
    try:
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _synchronize(folder: str) -> None:
    """Bring the folder's new entry to the disk, where the system knows such a thing."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
