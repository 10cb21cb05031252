"""Model files as bytes: write one, read one. What the document says is no concern of this module."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.errors import InputTypeError, ModelFileError
from glassnet.files import header
from glassnet.files.refused import Refused, refuse
from glassnet.files.writing import replace_file

Path = str | os.PathLike[str]
_CHUNK = 1 << 20


def write(path: Path, document: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
    """Write a file, or leave the old one as it is.

    Parameters
    ----------
    path : str or path
    document : mapping
        What JSON can hold; not the keys ``"sha256"`` and ``"format"``.
    tensors : mapping of str to ndarray

    Raises
    ------
    ModelFileError
        The file cannot be written.

    Notes
    -----
    A temporary file in the same folder is written, brought to the disk, read again and checked; only then
    does it take the old file's place, in one step.
    """
    with at_the_door(path):
        start, arrays = header.make(document, tensors)
        parts: list[Any] = [start, *(array.reshape(-1).view(np.uint8) for array in arrays)]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        parts[0] = start[: header.DIGEST.start] + digest.hexdigest().encode() + start[header.DIGEST.stop :]
        replace_file(os.path.realpath(path), parts, verify)


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file; nothing in it is trusted.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    document : dict
    tensors : dict of str to ndarray

    Raises
    ------
    ModelFileError
        No such file, or not every bit of it is as it was written.
    """
    with at_the_door(path), _opened(path) as (file, size):
        source, tensors = _contents(file, size)
        return header.take_document(source), tensors


def verify(path: Path) -> None:
    """Raise ``Refused`` unless every bit of a file is as it was meant."""
    with _opened(path) as (file, size):
        _contents(file, size, keep=False)


@contextmanager
def at_the_door(path: Path) -> Iterator[None]:
    """Everything that goes wrong inside is one error, which names the file."""
    if not isinstance(path, str | os.PathLike):
        raise InputTypeError(f"a path is a text or a pathlib.Path; got {path!r}.")
    where = os.fspath(path)
    try:
        yield
    except Refused as error:
        raise ModelFileError(where, error.key, error.reason) from error.__cause__
    except OSError as error:
        raise ModelFileError(where, "", f"{(error.strerror or str(error)).lower()}.") from error
    except Exception as error:
        raise ModelFileError(where, "", f"cannot be used: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[io.FileIO, int]]:
    """The file and its size; opening a pipe or a device could wait for ever, so it is not tried."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        refuse("", "is not a file.")
    with open(path, "rb", buffering=0) as file:
        yield file, os.fstat(file.fileno()).st_size


def _contents(file: io.FileIO, size: int, keep: bool = True) -> tuple[str, dict[str, np.ndarray]]:
    """The document's text and the tensors, after the sum over all of it has been found right."""
    first = file.read(8) or b""
    length = header.header_length(first, size)
    text = _filled(file, bytearray(length))
    expected, source, entries = header.take_apart(bytes(text), size - 8 - length)
    text[header.DIGEST.start - 8 : header.DIGEST.stop - 8] = header.ZEROS.encode()
    digest = hashlib.sha256(first + text)
    tensors: dict[str, np.ndarray] = {}
    for entry in entries:
        if keep:
            tensors[entry.name] = _tensor(file, entry, digest)
        else:
            _skip(file, entry.nbytes, digest)
    if digest.hexdigest() != expected:
        refuse("", "is damaged: its SHA-256 is not the one written in it.")
    return source, {name: _checked(name, array) for name, array in tensors.items()}


def _filled(file: io.FileIO, buffer: Any) -> Any:
    """The buffer with the next bytes of the file in it."""
    view = memoryview(buffer)
    while view:
        count = file.readinto(view)
        if not count:
            refuse("", "was cut off while it was read.")
        view = view[count:]
    return buffer


def _tensor(file: io.FileIO, entry: header.Entry, digest: Any) -> np.ndarray:
    raw = _filled(file, np.empty(entry.nbytes, np.uint8))
    digest.update(raw)
    return np.asarray(raw.view(entry.dtype).reshape(entry.shape))


def _skip(file: io.FileIO, count: int, digest: Any) -> None:
    while count:
        chunk = file.read(min(count, _CHUNK))
        if not chunk:
            refuse("", "was cut off while it was read.")
        digest.update(chunk)
        count -= len(chunk)


def _checked(name: str, array: np.ndarray) -> np.ndarray:
    """The tensor in this machine's byte order."""
    if array.dtype == bool and (array.view(np.uint8) > 1).any():
        refuse(f"tensor {name!r}", "holds bytes that are neither true nor false.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
