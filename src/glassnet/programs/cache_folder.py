"""The folder of compiled programs: where it is, who may write to it, how its files come and go."""

from __future__ import annotations

import math
import os
import re
import stat
import sys
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from glassnet.errors import GlassnetError, InputError

_FOLDER, _LIMIT = "GLASSNET_CACHE_DIR", "GLASSNET_CACHE_MB"
_DEFAULT_MB = 512
_OURS = re.compile(r"(glassnet_[0-9a-f]{64})\..+")  # unfinished files of killed writers too


class NoFolderError(GlassnetError, RuntimeError):
    """There is no folder that compiled programs can be trusted to."""


class Entry(NamedTuple):
    """One program in the cache."""

    name: str
    """``glassnet_`` and the hash."""
    bytes: int
    """Of its text and its machine code."""
    last_used: float
    """Seconds since 1970."""
    first_line: str
    """Of its text."""


@dataclass
class _State:
    """What this process remembers about the folder."""

    warned: bool = False
    unlooked: float = math.inf  # bytes written since the folder's size was last looked at


_state = _State()


def folder() -> Path:
    """Where compiled programs are kept: ``GLASSNET_CACHE_DIR``, or the platform's folder for caches.

    Returns
    -------
    Path
        Absolute; it need not exist.

    Raises
    ------
    GlassnetError
        No variable names a folder and the user has no home.
    """
    given = os.environ.get(_FOLDER)
    try:
        return Path(given).expanduser().absolute() if given else _platform_folder(sys.platform)
    except RuntimeError as error:
        raise NoFolderError("The user's home folder is not known.") from error


def _platform_folder(platform: str) -> Path:
    if platform == "win32":
        return _variable("LOCALAPPDATA", "AppData/Local") / "glassnet" / "Cache"
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "glassnet"
    return _variable("XDG_CACHE_HOME", ".cache") / "glassnet"


def _variable(name: str, otherwise: str) -> Path:
    """The folder that a variable names; a relative one is to be ignored, says the XDG specification."""
    path = Path(os.environ.get(name, ""))
    return path if path.is_absolute() else Path.home() / otherwise


def limit() -> int:
    """How many bytes the cache may take: ``GLASSNET_CACHE_MB``, or 512 MB.

    Raises
    ------
    InputError
        The variable is not a number of megabytes.
    """
    text = os.environ.get(_LIMIT) or str(_DEFAULT_MB)
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = math.nan
    if not 0 <= megabytes < math.inf:
        raise InputError(
            f"The environment variable {_LIMIT} is {text!r}.\n"
            f"Expected a number of megabytes, such as {_DEFAULT_MB}, or 0 to do without a cache."
        )
    return int(megabytes * 1e6)


def place(name: str, text: str) -> Path | None:
    """The program's file in the folder, its text and the time of use brought up to date; None without one."""
    if not limit():
        return None
    data = text.encode("utf-8", "backslashreplace")
    try:
        path = _private(folder()) / f"{name}.py"
        if _holds(path, data):
            with suppress(OSError):  # a folder to read only
                os.utime(path)
        else:
            _write(path, data)
    except (OSError, NoFolderError) as error:
        _warn(error)
        return None
    return path


def _private(path: Path) -> Path:
    """Make the folder, or see that nobody else can put machine code into it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise NoFolderError(f"{path} is a link.")
    if not _owned(status):
        raise NoFolderError(f"{path} belongs to another user.")
    if hasattr(os, "geteuid") and status.st_mode & 0o022:  # Windows has other means, and one folder per user
        raise NoFolderError(f"{path} can be written by other users.")
    return path


def _owned(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def read(path: Path) -> bytes:
    """The content of a file of the user's own. Somebody else's is from a time when the folder was open."""
    with open(path, "rb", opener=_not_a_link) as file:
        return file.read() if _owned(os.fstat(file.fileno())) else b""


def _not_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _holds(path: Path, data: bytes) -> bool:
    try:
        return read(path) == data
    except OSError:
        return False


def keep(path: Path, data: bytes) -> None:
    """Write a file of machine code, or warn once that it cannot be written."""
    try:
        _write(path, data)
    except OSError as error:
        if not os.path.exists(path):  # else another process was quicker, and Windows lets only one of them
            _warn(error)
    else:
        _look_at_size(path.parent, len(data))


def _write(path: Path, data: bytes) -> None:
    """Write a file so that others see all of it or nothing."""
    handle, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def _warn(error: OSError | NoFolderError) -> None:
    """Say once in a process that compiled programs are not kept, and why."""
    if _state.warned:
        return
    _state.warned = True
    reason = f"{folder()}: {error.strerror}." if isinstance(error, OSError) else error
    warnings.warn(
        f"Compiled programs are not kept for the next process: {reason}\n"
        f"Put that right, or name another folder in the environment variable {_FOLDER};\n"
        f"{_LIMIT}=0 does without one and without this warning.",
        stacklevel=2,
    )


@dataclass
class _Program:
    """The files of one program."""

    name: str
    files: dict[Path, os.stat_result]

    @property
    def bytes(self) -> int:
        return sum(status.st_size for status in self.files.values())

    @property
    def last_used(self) -> float:
        return max(status.st_mtime for status in self.files.values())

    def remove(self) -> None:
        for path in self.files:
            path.unlink(missing_ok=True)


def _programs(path: Path) -> list[_Program]:
    """Whatever programs a folder holds, the one used least recently first."""
    found: dict[str, _Program] = {}
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        for entry in entries:
            match = _OURS.fullmatch(entry.name)
            if match:
                with suppress(FileNotFoundError):  # another process was quicker to delete it
                    status = entry.stat(follow_symlinks=False)
                    program = found.setdefault(match[1], _Program(match[1], {}))
                    program.files[Path(entry.path)] = status
    return sorted(found.values(), key=lambda program: program.last_used)


def usage() -> list[Entry]:
    """What the cache holds.

    Returns
    -------
    list of Entry
        The program used last comes first.
    """
    path = folder()
    return [
        Entry(program.name, program.bytes, program.last_used, _first_line(path / f"{program.name}.py"))
        for program in reversed(_programs(path))
    ]


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(200).rstrip("\n")
    except OSError:
        return ""


def clear() -> int:
    """Delete every program in the cache, and nothing else that may be in its folder.

    Returns
    -------
    int
        How many bytes that freed.
    """
    programs = _programs(folder())
    for program in programs:
        program.remove()
    return sum(program.bytes for program in programs)


def _look_at_size(path: Path, written: int) -> None:
    """Trim the folder after the first write of a process, and after each sixteenth of the limit it writes."""
    bound = limit()
    _state.unlooked += written
    if _state.unlooked > bound / 16:
        _state.unlooked = 0
        with suppress(OSError):  # the next one who writes tries again
            _trim(path, bound)


def _trim(path: Path, bound: int) -> None:
    """Delete what was used least recently, to a tenth below the bound, so that it is not due again soon."""
    programs = _programs(path)
    excess = sum(program.bytes for program in programs) - bound
    if excess <= 0:
        return
    excess += bound // 10
    for program in programs:
        if excess > 0:
            program.remove()
            excess -= program.bytes
