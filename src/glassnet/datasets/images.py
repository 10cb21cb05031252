"""CIFAR-10 and MNIST from the official archives in a folder; nothing is downloaded.

CIFAR-10 comes as ``cifar-10-batches-py`` (pickled) or ``cifar-10-batches-bin`` (binary), as a folder or as
the ``.tar.gz`` it was published in; MNIST as four ``idx`` files, plain or ``.gz``.
"""

from __future__ import annotations

import gzip
import io
import math
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.errors import DataFileError

__all__ = ["Images", "cifar10", "mnist"]

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR_TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
_CIFAR_RECORD = 1 + 32 * 32 * 3


@dataclass(frozen=True)
class Images:
    """Images with labels, split into training and test as published.

    Attributes
    ----------
    X_train, X_test : ndarray of uint8, (n, height, width) or (n, height, width, channels)
    y_train, y_test : ndarray of int64, (n,)
    names : tuple of str
        Of the classes.
    """

    X_train: np.ndarray = field(repr=False)
    y_train: np.ndarray = field(repr=False)
    X_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    names: tuple[str, ...]


def cifar10(folder: str | Path) -> Images:
    """CIFAR-10: 32 × 32 colour images of ten classes, 50,000 to train on and 10,000 to test with.

    Parameters
    ----------
    folder : str or Path
        Holds ``cifar-10-batches-py`` or ``cifar-10-batches-bin``, or one of the published archives
        ``cifar-10-python.tar.gz`` and ``cifar-10-binary.tar.gz``; or is itself one of the first two.

    Returns
    -------
    Images
        ``X_train`` (50000, 32, 32, 3).

    Raises
    ------
    DataFileError
        A file is missing or damaged.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Examples
    --------
    >>> cifar10("no such folder")
    Traceback (most recent call last):
    glassnet.errors.DataFileError: there is no folder 'no such folder'.
    Give the folder that holds cifar-10-batches-py, cifar-10-batches-bin or their .tar.gz.
    """
    read = _cifar_source(_folder(folder, "cifar-10-batches-py, cifar-10-batches-bin or their .tar.gz"))
    batches = [read(name) for name in _CIFAR_TRAIN]
    X_test, y_test = read("test_batch")
    X_train, y_train = (np.concatenate(part) for part in zip(*batches, strict=True))
    return Images(X_train, y_train, X_test, y_test, CIFAR_CLASSES)


def mnist(folder: str | Path) -> Images:
    """MNIST: 28 × 28 handwritten digits, 60,000 to train on and 10,000 to test with.

    Parameters
    ----------
    folder : str or Path
        Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
        ``t10k-labels-idx1-ubyte``, each plain or with ``.gz``.

    Returns
    -------
    Images
        ``X_train`` (60000, 28, 28).

    Raises
    ------
    DataFileError
        A file is missing or damaged.

    References
    ----------
    Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998.

    Examples
    --------
    >>> mnist("no such folder")
    Traceback (most recent call last):
    glassnet.errors.DataFileError: there is no folder 'no such folder'.
    Give the folder that holds the four idx files, such as train-images-idx3-ubyte.gz.
    """
    root = _folder(folder, "the four idx files, such as train-images-idx3-ubyte.gz")
    parts: list[np.ndarray] = []
    for stem in ("train", "t10k"):
        images = read_idx(_idx_file(root, f"{stem}-images-idx3-ubyte"))
        labels = read_idx(_idx_file(root, f"{stem}-labels-idx1-ubyte"))
        if len(images) != len(labels):
            raise DataFileError(f"{stem}: {len(images)} images but {len(labels)} labels in {root}.")
        parts += [images, labels.astype(np.int64)]
    X_train, y_train, X_test, y_test = parts
    return Images(X_train, y_train, X_test, y_test, tuple(map(str, range(10))))


def _folder(folder: str | Path, content: str) -> Path:
    root = Path(folder)
    if not root.is_dir():
        raise DataFileError(f"there is no folder {str(folder)!r}.\nGive the folder that holds {content}.")
    return root


# ------------------------------------------------------------------------------------------ CIFAR-10
Batch = tuple[np.ndarray, np.ndarray]


def _cifar_source(root: Path) -> Callable[[str], Batch]:
    """A function that reads one batch by name, from the first form of the data that is there."""
    for name, parse, ending in (("py", _parse_pickled, ""), ("bin", _parse_binary, ".bin")):
        for folder in (root / f"cifar-10-batches-{name}", root):
            if (folder / f"test_batch{ending}").is_file():
                return _from_folder(folder, ending, parse)
    for archive, parse, ending in (
        ("cifar-10-python.tar.gz", _parse_pickled, ""),
        ("cifar-10-binary.tar.gz", _parse_binary, ".bin"),
    ):
        if (root / archive).is_file():
            return _from_archive(root / archive, ending, parse)
    raise DataFileError(
        f"{root} holds no CIFAR-10.\nExpected cifar-10-batches-py, cifar-10-batches-bin, or one of the "
        "archives cifar-10-python.tar.gz and cifar-10-binary.tar.gz."
    )


def _from_folder(folder: Path, ending: str, parse: Callable[[bytes, str], Batch]) -> Callable[[str], Batch]:
    return lambda name: parse(_bytes(folder / f"{name}{ending}"), str(folder / f"{name}{ending}"))


def _from_archive(path: Path, ending: str, parse: Callable[[bytes, str], Batch]) -> Callable[[str], Batch]:
    try:
        with tarfile.open(path) as archive:
            members = {Path(m.name).name: _member(archive, m) for m in archive.getmembers() if m.isfile()}
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataFileError(f"{path} is damaged: {error}.\nFetch the archive again.") from None

    def read(name: str) -> Batch:
        if f"{name}{ending}" not in members:
            raise DataFileError(f"{path} has no file {name}{ending}.\nFetch the archive again.")
        return parse(members[f"{name}{ending}"], f"{path}: {name}{ending}")

    return read


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    return b"" if opened is None else opened.read()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataFileError(f"{path} cannot be read: {error.strerror}.") from None


def _parse_binary(content: bytes, where: str) -> Batch:
    """Records of one label and 3072 pixels."""
    if not content or len(content) % _CIFAR_RECORD:
        raise DataFileError(
            f"{where} is damaged: {len(content)} bytes are no multiple of {_CIFAR_RECORD}.\n"
            "Fetch the archive again."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _CIFAR_RECORD)
    return _cifar_images(records[:, 1:], records[:, 0], where)


def _parse_pickled(content: bytes, where: str) -> Batch:
    """A pickled dictionary with ``data`` (n, 3072) and ``labels``."""
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
        pixels, labels = np.asarray(batch[b"data"], np.uint8), np.asarray(batch[b"labels"])
    except DataFileError as error:
        raise DataFileError(f"{where}: {error}") from None
    except Exception as error:  # noqa: BLE001 - a damaged pickle can fail in any way
        raise DataFileError(
            f"{where} is damaged: {type(error).__name__}.\nFetch the archive again."
        ) from None
    if pixels.ndim != 2 or pixels.shape[1] != _CIFAR_RECORD - 1 or labels.shape != (len(pixels),):
        raise DataFileError(f"{where} is damaged: pixels {pixels.shape}, labels {labels.shape}.")
    return _cifar_images(pixels, labels, where)


def _cifar_images(pixels: np.ndarray, labels: np.ndarray, where: str) -> Batch:
    if labels.max(initial=0) > 9 or labels.min(initial=0) < 0:
        raise DataFileError(f"{where} is damaged: a label of {int(labels.max())}.\nFetch the archive again.")
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels.astype(np.int64)


class _ArrayUnpickler(pickle.Unpickler):
    """A pickle may name any function to call; this one accepts only what rebuilds NumPy arrays."""

    _ALLOWED = frozenset(
        [
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("_codecs", "encode"),
        ]
    )

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in self._ALLOWED:
            raise DataFileError(
                f"the file asks for {module_name}.{global_name}, which no CIFAR-10 batch needs."
            )
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)


# ------------------------------------------------------------------------------------------ MNIST
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def _idx_file(root: Path, name: str) -> Path:
    for path in (root / name, root / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataFileError(f"{root} has no file {name} or {name}.gz.")


def read_idx(path: str | Path) -> np.ndarray:
    """Read one ``idx`` file, plain or gzipped.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    ndarray
        Of the shape and type that the file's header states.

    Raises
    ------
    DataFileError
        The file is damaged, or not an idx file.
    """
    content = _bytes(Path(path))
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataFileError(f"{path} is damaged: {error}.\nFetch the file again.") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _IDX_TYPES:
        raise DataFileError(f"{path} is not an idx file: it begins with {content[:4].hex() or 'nothing'}.")
    dtype, rank = np.dtype(_IDX_TYPES[content[2]]), content[3]
    header = 4 + 4 * rank
    if len(content) < header:
        raise DataFileError(f"{path} is damaged: its header is cut off.\nFetch the file again.")
    shape = struct.unpack(f">{rank}I", content[4:header])
    expected = header + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise DataFileError(
            f"{path} is damaged: {len(content)} bytes where its header {shape} asks for {expected}.\n"
            "Fetch the file again."
        )
    return np.frombuffer(content, dtype, offset=header).reshape(shape).astype(dtype.newbyteorder("="))
