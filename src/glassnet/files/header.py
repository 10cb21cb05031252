"""The beginning of a model file: made, and taken apart without trusting a byte of it.

    8 bytes     the length of the header, little-endian
    header      JSON: ``{"__metadata__": {"glassnet": "<document>"}, "<tensor>": {...}, ...}``, then spaces
    the rest    the tensors, one after the other, without gaps

The document is a JSON text, and its first entry is the SHA-256 of the whole file with these 64 digits as
zeros. They stand at a fixed place, so that the sum covers every other bit: length, header, tensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.files import strict_json
from glassnet.files.refused import extents, items, record, refuse, shown, whole

FORMAT = 1  # the newest version of the document
MAX_DOCUMENT = 8_000_000
MAX_TENSORS = 65_536
MAX_HEADER = 64_000_000
MAX_NAME = 512

_PREFIX = b'{"__metadata__":{"glassnet":"{\\"sha256\\":\\"'
ZEROS = "0" * 64
DIGEST = slice(8 + len(_PREFIX), 8 + len(_PREFIX) + 64)  # where the sum stands in the file
DTYPES = {
    "F64": "<f8", "I64": "<i8", "U64": "<u8", "F32": "<f4", "I32": "<i4", "U32": "<u4", "F16": "<f2",
    "I16": "<i2", "U16": "<u2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip
_CODES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}


@dataclass(frozen=True)
class Entry:
    """One tensor of a file.

    Attributes
    ----------
    name : str
    dtype : numpy.dtype
    shape : tuple of int
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """How many bytes the tensor takes, as a Python int."""
        return math.prod(self.shape) * self.dtype.itemsize


# ------------------------------------------------------------------------------------------ making
def make(document: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> tuple[bytes, list[np.ndarray]]:
    """Length and header of a file, its sum still zeros, and the tensors in the order of the file.

    Parameters
    ----------
    document : mapping
        What JSON can hold.
    tensors : mapping of str to ndarray

    Raises
    ------
    Refused
        Too much, or of a kind that such files do not hold.
    """
    source = json.dumps(
        {"sha256": ZEROS, "format": FORMAT, **document}, allow_nan=False, separators=(",", ":")
    )
    if len(source) > MAX_DOCUMENT:
        refuse("", f"its description has {len(source):,} characters; at most {MAX_DOCUMENT:,} are allowed.")
    if len(tensors) > MAX_TENSORS:
        refuse("", f"it has {len(tensors):,} tensors; at most {MAX_TENSORS:,} are allowed.")
    # The widest first, so that each stands at a multiple of its own width, for readers that map files.
    ordered = sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize)
    arrays = {
        name: np.ascontiguousarray(a, a.dtype.newbyteorder("<")).reshape(a.shape) for name, a in ordered
    }
    entries, start = {}, 0
    for name, array in arrays.items():
        entries[name] = _described(name, array, start)
        start += array.nbytes
    header = json.dumps({"__metadata__": {"glassnet": source}, **entries}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header, list(arrays.values())


def _described(name: str, array: np.ndarray, start: int) -> dict[str, Any]:
    code = _CODES.get(array.dtype)
    if code is None or array.ndim > 8:
        refuse(name, f"is an array of {array.dtype} of {array.ndim} dimensions, which files do not hold.")
    return {"dtype": code, "shape": list(array.shape), "data_offsets": [start, start + array.nbytes]}


# ------------------------------------------------------------------------------------------ taking apart
def header_length(first: bytes, size: int) -> int:
    """The length of the header of a file of ``size`` bytes that begins so."""
    if len(first) < 8:
        refuse("", f"has {size} bytes: it is no model file, or was cut off.")
    length = int.from_bytes(first, "little")
    if length > min(size - 8, MAX_HEADER):
        refuse(
            "",
            f"asks for a header of {length:,} bytes, and has {size:,}: it is no model file, or was cut off.",
        )
    return length


def take_apart(header: bytes, rest: int) -> tuple[str, str, list[Entry]]:
    """The sum, the document's text and the tensors of a header; ``rest`` bytes follow it.

    Parameters
    ----------
    header : bytes
    rest : int

    Raises
    ------
    Refused
        Anything but what :func:`make` writes.
    """
    if not header.startswith(_PREFIX):
        refuse("", "is no model file of glassnet's: it does not begin as they do.")
    try:
        parts = strict_json.parse(header.decode("ascii"), "the header")
    except UnicodeDecodeError:
        refuse("the header", "holds bytes that are no ASCII.")
    source = record(parts.pop("__metadata__"), "the metadata", ("glassnet",))["glassnet"]
    if not isinstance(source, str) or len(source) > MAX_DOCUMENT:
        refuse("the metadata", f"must be a text of at most {MAX_DOCUMENT:,} characters.")
    if len(parts) > MAX_TENSORS:
        refuse("the header", f"lists {len(parts):,} tensors; at most {MAX_TENSORS:,} are allowed.")
    begin = DIGEST.start - 8
    return header[begin : begin + 64].decode("ascii"), source, _entries(parts, rest)


def _entries(parts: Mapping[str, Any], rest: int) -> list[Entry]:
    """The tensors, which fill the rest of the file one after the other."""
    entries, position = [], 0
    for name, value in parts.items():
        key = f"tensor {shown(name)}"
        found = record(value, key, ("dtype", "shape", "data_offsets"))
        if len(name) > MAX_NAME or not name.isprintable():
            refuse(key, "has no name that can be printed.")
        if not isinstance(found["dtype"], str) or found["dtype"] not in DTYPES:
            refuse(key, f"has the type {shown(found['dtype'])}, which is not known.")
        entry = Entry(name, np.dtype(DTYPES[found["dtype"]]), extents(found["shape"], f"{key}, shape"))
        offsets = [whole(offset, f"{key}, data_offsets") for offset in items(found["data_offsets"], key)]
        if offsets != [position, position + entry.nbytes]:
            refuse(key, f"lies at {shown(offsets)}; expected [{position}, {position + entry.nbytes}].")
        position += entry.nbytes
        entries.append(entry)
    if position != rest:
        refuse(
            "",
            f"has {rest:,} bytes of tensors; its header describes {position:,}: it is damaged.",
        )
    return entries


def take_document(source: str) -> dict[str, Any]:
    """The document, without its sum and version."""
    document = strict_json.parse(source, "the description")
    document.pop("sha256", None)
    version = document.pop("format", None)
    if type(version) is not int or not 1 <= version <= FORMAT:
        refuse(
            "the description",
            f"has the format version {shown(version)}; this glassnet reads 1 to {FORMAT}. Update glassnet.",
        )
    return document
