"""Tables written part by part, to a file or to stdout, in little memory."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from glassnet import optional
from glassnet.cli.outputs import replacing

PARQUET = (".parquet", ".pq")
TABS = (".tsv", ".tab")


class Text:
    """Delimited text; what is missing is an empty cell."""

    def __init__(self, file: BinaryIO, delimiter: str = ",") -> None:
        self.file = file
        self.delimiter = delimiter
        self.has_head = False

    def write(self, columns: Mapping[str, Any]) -> None:
        """Write some rows, below the names of the columns at first."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        if not self.has_head:
            writer.writerow(columns)
            self.has_head = True
        writer.writerows(zip(*(_cells(column) for column in columns.values()), strict=True))
        self.file.write(text.getvalue().encode())

    def close(self) -> None:
        """Nothing is left to be written."""


class Parquet:
    """A Parquet file, one row group for each part."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.arrow = optional.pyarrow("writing Parquet")
        self.writer: Any = None

    def write(self, columns: Mapping[str, Any]) -> None:
        """Write some rows; the first ones decide what types the columns have."""
        table = self.arrow.table(dict(columns))
        if self.writer is None:
            self.writer = self.arrow.parquet.ParquetWriter(self.file, table.schema)
        self.writer.write_table(table.cast(self.writer.schema))

    def close(self) -> None:
        """Write the end of the file."""
        if self.writer is not None:
            self.writer.close()


@contextmanager
def writer(path: Path | None) -> Iterator[Text | Parquet]:
    """What writes a table to a file, whose suffix names the format, or as CSV to stdout.

    The file is there once all rows are written; when something goes wrong, none is, or the old one.
    """
    if path is None:
        yield Text(sys.stdout.buffer)
        return
    with replacing(path) as file:
        suffix = path.suffix.lower()
        found = Parquet(file) if suffix in PARQUET else Text(file, "\t" if suffix in TABS else ",")
        try:
            yield found
        finally:
            found.close()  # before the file is, whatever becomes of it


def _cells(column: Any) -> list[Any]:
    """The cells of a column as text files show them."""
    values: list[Any] = column.tolist() if hasattr(column, "tolist") else column.to_pylist()
    return [str(value).lower() if isinstance(value, bool) else value for value in values]
