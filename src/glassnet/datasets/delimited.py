"""Delimited text on its way to a reader: its delimiter found, its characters and quotes checked."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from glassnet.errors import InputError
from glassnet.train.wording import short, some

HEAD = 1 << 16  # bytes that are looked at to find the delimiter
LONGEST = 1 << 20  # bytes of a row; beyond, somebody forgot to close a quote
LINES = 100  # of the head that are counted
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "'|'"}
OTHERS = (":", "^", "~", "#", "&", " ")  # met in the wild, and not read
FORMATS = {
    b"PAR1": "a Parquet file, which stdin cannot take",
    b"PK\x03\x04": "a zip archive or an Excel file",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an Excel file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class Dialect:
    """How a file of delimited text is written.

    Attributes
    ----------
    header : tuple of str
        The names of the columns.
    delimiter : str
    decimal_point : {".", ","}
        A comma only where other marks separate the cells.
    """

    header: tuple[str, ...]
    delimiter: str
    decimal_point: str


class CheckedText(io.RawIOBase):
    """A binary file that refuses to hand over what is no UTF-8 text, or has a quote that is never closed.

    It holds at most one row, so that files of any length pass through it.

    Parameters
    ----------
    file : binary file
    path : str
        What the user calls it.

    Attributes
    ----------
    dialect : Dialect

    Raises
    ------
    InputError
        From the beginning of the file here, from the rest in `read`.
    """

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file, self._path = file, path
        self._line, self._rest = 1, b""  # the rows that are not whole yet, and where they begin
        self._head = _filled(file, HEAD)
        _refuse_other_formats(self._head, path)
        self.dialect = _dialect(self._first_lines(), path)
        mark = re.escape(self.dialect.delimiter.encode())
        self._opening = re.compile(rb'(?<![^\r\n%s])"' % mark)
        self._quoted = re.compile(rb'(?<![^\r\n%s])"[^"]*(?:""[^"]*)*"(?= *(?:[\r\n%s]|\Z))' % (mark, mark))

    def _first_lines(self) -> str:
        """The lines of the head that are whole; of a header that is longer, as much as it takes."""
        more = len(self._head) == HEAD
        if more and b"\n" not in self._head:
            self._head += _filled(self._file, LONGEST)
            more = len(self._head) == HEAD + LONGEST
        lines = self._head[: self._head.rfind(b"\n") + 1] if more else self._head
        if not lines:
            raise InputError(f"{self._path}: line 1 is longer than {LONGEST >> 20} MB.")
        try:
            return lines.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self._not_utf8(lines, error.start) from None

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, of which all whole lines have been checked."""
        size = LONGEST if size < 0 else size
        data = self._head[:size] or self._file.read(size)
        self._head = self._head[size:]
        self._check(data)
        return data

    def _check(self, data: bytes) -> None:
        """Check the lines that ``data`` completes; without data, those that nothing completes any more."""
        waiting = self._rest + data
        end = waiting.rfind(b"\n") + 1 if data else len(waiting)
        lines = waiting[:end]
        if not lines.isascii():
            self._check_characters(lines)
        quote = self._open_quote(lines)
        if quote is not None:
            if not data or len(waiting) - quote > LONGEST or b'"' in lines[quote + 1 :].replace(b'""', b""):
                raise self._broken(lines, quote)
            end = lines.rfind(b"\n", 0, quote) + 1
        elif len(waiting) - end > LONGEST:
            line = self._line + waiting.count(b"\n", 0, end)
            raise InputError(f"{self._path}: line {line} is longer than {LONGEST >> 20} MB.")
        self._line += waiting.count(b"\n", 0, end)
        self._rest = waiting[end:]

    def _check_characters(self, lines: bytes) -> None:
        try:
            lines.decode()
        except UnicodeDecodeError as error:
            raise self._not_utf8(lines, error.start) from None

    def _not_utf8(self, lines: bytes, at: int) -> InputError:
        """The error that says in which cell a byte is, and how to convert the file."""
        start, end = lines.rfind(b"\n", 0, at) + 1, lines.find(b"\n", at)
        text = lines[start : end if end >= 0 else None].decode("latin-1").rstrip("\r")
        delimiter = self.dialect.delimiter if hasattr(self, "dialect") else _delimiter([text])
        column = len(next(csv.reader([text[: at - start + 1]], delimiter=delimiter)))
        cell = next(csv.reader([text], delimiter=delimiter))[column - 1]
        name = "FILE" if self._path == "stdin" else self._path
        return InputError(
            f"{self._path} is not UTF-8 text: byte 0x{lines[at]:02x} in line "
            f"{self._line + lines.count(chr(10).encode(), 0, at)}, column {column} "
            f"({short(cell)}, if it is Latin-1).\nConvert it: iconv -f latin1 -t utf-8 {name} > NEW"
        )

    def _open_quote(self, lines: bytes) -> int | None:
        """Where a cell begins with a quote that is not closed at the end of a cell."""
        if self._is_plainly_closed(lines):
            return None
        masked = self._quoted.sub(lambda cell: b"x" * len(cell[0]), lines)
        found = self._opening.search(masked)
        return found.start() if found else None

    def _is_plainly_closed(self, lines: bytes) -> bool:
        """Whether half of the quotes stand at the start of a cell and half at an end, as nearly always.

        It is told by counting, which is much faster than following them one by one.
        """
        quotes = lines.replace(b'""', b"") if b'""' in lines else lines
        half, odd = divmod(quotes.count(b'"'), 2)
        mark = self.dialect.delimiter.encode()
        starts = sum(quotes.count(before + b'"') for before in (mark, b"\n")) + quotes.startswith(b'"')
        ends = sum(quotes.count(b'"' + after) for after in (mark, b"\n", b"\r")) + quotes.endswith(b'"')
        return not odd and starts == ends == half

    def _broken(self, lines: bytes, quote: int) -> InputError:
        """The error for a cell whose quote is closed nowhere, or before its end."""
        line = self._line + lines.count(b"\n", 0, quote)
        text = lines[quote : quote + 80].decode(errors="replace").splitlines()[0]
        return InputError(
            f"{self._path}: the quote that opens a cell in line {line} is not closed at its end: "
            f"{short(text)}.\nClose it; a quote that belongs to the text is written twice."
        )


def _filled(file: BinaryIO, size: int) -> bytes:
    """So many bytes, or all there are: a pipe answers with fewer at a time."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _refuse_other_formats(head: bytes, path: str) -> None:
    if not head.strip():
        raise InputError(
            f"{path} is empty.\nExpected a row with the names of the columns, and rows below it."
        )
    for start, what in FORMATS.items():
        if head.startswith(start):
            raise InputError(f"{path} is {what}.\nSave it as UTF-8 CSV.")
    if b"\0" in head:
        raise InputError(f"{path} is no text: it has zero bytes.\nSave it as UTF-8 CSV.")


# ------------------------------------------------------------------------------------------ the delimiter
def _dialect(text: str, path: str) -> Dialect:
    lines = [line for line in text.splitlines() if line.strip()][:LINES]
    delimiter = _delimiter(lines)
    try:
        header = next(row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
        decimal_point = _decimal_point(lines[1:], delimiter)
    except csv.Error as error:  # a cell of more than 131,072 characters
        raise InputError(f"{path} cannot be read as a table: {error}.") from None
    if len(header) == 1:
        _refuse_other_delimiters(lines, path)
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise InputError(f"{path} has several columns of one name: {some(twice)}.\nRename them.")
    return Dialect(tuple(header), delimiter, decimal_point)


def _delimiter(lines: Sequence[str]) -> str:
    """The mark by which most lines have as many cells as the first; among equals the one with most cells."""
    return max(NAMES, key=lambda mark: _agreement(lines, mark))


def _agreement(lines: Sequence[str], mark: str) -> tuple[bool, float, int]:
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
    except csv.Error:  # without this mark, a line is a cell of more than 131,072 characters
        return False, 0.0, 0
    return counts[0] > 1, counts.count(counts[0]) / len(counts), counts[0]


def _refuse_other_delimiters(lines: Sequence[str], path: str) -> None:
    for mark in OTHERS:
        several, share, cells = _agreement(lines, mark)
        if several and share == 1 and len(lines) > 1:
            raise InputError(
                f"{path} has one column, {short(lines[0])}; {mark!r} seems to separate {cells}.\n"
                f"Separate them by {', '.join(list(NAMES.values())[:-1])} or {NAMES['|']}."
            )


def _decimal_point(lines: Sequence[str], delimiter: str) -> str:
    """A comma where some cells are numbers with a comma, and none with a point."""
    cells = [cell.strip() for row in csv.reader(lines, delimiter=delimiter) for cell in row]
    comma, point = (any(re.fullmatch(rf"-?\d+\{m}\d+", cell) for cell in cells) for m in ",.")
    return "," if delimiter != "," and comma and not point else "."
