"""The folder a run writes to: checked before the run, and written so that no file is ever half there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from glassnet.cli.mistakes import Failure, Mistake


@contextmanager
def output_folder(path: Path) -> Iterator[Path]:
    """Make a folder and see that it can be written; take it away again if the run leaves it empty."""
    existed = path.exists()
    _make(path)
    try:
        yield path
    finally:
        if not existed:
            with suppress(OSError):  # it holds files, as it should
                path.rmdir()


def _make(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise Mistake(f"--output {path} is a file; name a folder.")
    probe = path / f".glassnet-{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise Mistake(f"--output {path} cannot be written ({reason}); name another folder.") from error


def write(path: Path, content: str | bytes) -> None:
    """Write a file so that it holds its old content or the new one, never a part."""
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the old one's place when all has gone well, else leaves no trace."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise Failure(f"{path} could not be written ({error.strerror or error}).") from error
    finally:
        unfinished.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """An error for a path at which no file can be written: better before the work than after it."""
    if path.is_dir():
        raise Mistake(f"--output {path} is a folder; name a file.")
    if not path.parent.is_dir():
        raise Mistake(f"--output {path}: there is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise Mistake(f"--output {path}: the folder {path.parent} cannot be written to.")
