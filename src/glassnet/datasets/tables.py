"""Tables from files: CSV and its like, and Parquet; whole, or in chunks that need little memory.

Cells of text files are read as text first, and a column holds numbers where all of its cells are numbers, so
that nothing depends on where a chunk ends.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from glassnet import optional
from glassnet.datasets import cells
from glassnet.datasets.cells import Kind
from glassnet.datasets.delimited import LONGEST, NAMES, CheckedText
from glassnet.errors import InputError, suggest
from glassnet.train.wording import count, short, some

STDIN = "-"
CHUNK = 65_536  # rows
FIRST_ROW = 2  # below the header
PARQUET = b"PAR1"  # how such a file begins
MISSING = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip
_ROW_LABELS = "__index_level_"  # of pandas, in a Parquet file


def read_table(
    path: str | Path, columns: Sequence[str] | None = None, kinds: Mapping[str, Kind] | None = None
) -> Any:
    r"""A whole file as a table.

    Parameters
    ----------
    path : str or Path
        Delimited text (the delimiter, a comma, semicolon, tab or ``|``, is found) or Parquet; ``"-"`` is
        text from stdin.
    columns : sequence of str, optional
        The columns to read, in this order; by default all.
    kinds : mapping of str to {"number", "boolean", "text", "date"}, optional
        What columns of a text file hold; for others their cells decide. Parquet files know themselves.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        A file that is not there, empty, damaged, or something else; columns that it lacks; cells that are
        not what ``kinds`` says. The message says where.
    GlassnetError
        pyarrow is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from glassnet.datasets.tables import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "people.csv")
    ...     size = path.write_text("name;height\nAda;1,65\nBo;\n")
    ...     read_table(path).to_pylist()
    [{'name': 'Ada', 'height': 1.65}, {'name': 'Bo', 'height': None}]
    """
    known = kinds or {}
    with _opened(path) as (file, name):
        if file is None:
            return _joined(_parquet_chunks(path, columns, CHUNK))
        texts = _joined(_text_chunks(CheckedText(file, name), name, columns))
    return cells.as_found(cells.as_kinds(texts, known, FIRST_ROW, name), known)


def read_chunks(
    path: str | Path,
    columns: Sequence[str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    rows: int = CHUNK,
) -> Iterator[Any]:
    r"""A file as tables of so many rows, one after the other, in memory that does not grow.

    Parameters
    ----------
    path, columns
        As for `read_table`.
    kinds : mapping of str to {"number", "boolean", "text", "date"}, optional
        What columns of a text file hold; others stay text. `kinds_of` an encoder says it as at ``fit``.
    rows : int
        Of each table but the last.

    Yields
    ------
    pyarrow.Table

    Raises
    ------
    InputError, GlassnetError
        As by `read_table`; what is wrong further down is found when it is reached.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from glassnet.datasets.tables import read_chunks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "numbers.csv")
    ...     size = path.write_text("a,b\n1,2\n3,4\n5,6\n")
    ...     [chunk.to_pydict() for chunk in read_chunks(path, ["b"], {"b": "number"}, rows=2)]
    [{'b': [2.0, 4.0]}, {'b': [6.0]}]
    """
    with _opened(path) as (file, name):
        if file is None:
            yield from _regrouped(_parquet_chunks(path, columns, rows), rows)
            return
        texts = _text_chunks(CheckedText(file, name), name, columns)
        yield from _regrouped(_converted(texts, kinds or {}, name), rows)


def _converted(tables: Iterable[Any], kinds: Mapping[str, Kind], name: str) -> Iterator[Any]:
    """Columns of text as what they hold; before they are cut into slices, which pyarrow converts slowly."""
    first_row = FIRST_ROW
    for table in tables:
        yield cells.as_kinds(table, kinds, first_row, name)
        first_row += len(table)


def kinds_of(encoder: Any) -> dict[str, Kind]:
    """What the columns of a table hold, as an encoder has learned it.

    Parameters
    ----------
    encoder : FrameEncoder
        Fitted on a data frame.

    Returns
    -------
    dict of str to kind
        For `read_table` and `read_chunks`; what the encoder leaves out is read as text, whatever it holds.
    """
    pairs = zip(encoder.feature_names_in_, encoder.treatments_, strict=True)
    return {str(name): treatment.takes[0] if _is_used(treatment) else "text" for name, treatment in pairs}


def _is_used(treatment: Any) -> bool:
    return treatment.kind != "duration" and not hasattr(treatment, "why")


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO | None, str]]:
    """A file of text and what the user calls it; None for a Parquet file."""
    optional.pyarrow("reading a table")
    if str(path) == STDIN:
        yield sys.stdin.buffer, "stdin"
        return
    if Path(path).is_dir():
        raise InputError(f"{path} is a directory.\nName a file in it.")
    with _opened_for_reading(Path(path)) as file:
        known = Path(path).suffix.lower() == ".parquet" or file.peek(4).startswith(PARQUET)
        yield (None if known else file), str(path)


def _opened_for_reading(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None


# ------------------------------------------------------------------------------------------ text
def _text_chunks(text: CheckedText, path: str, columns: Sequence[str] | None) -> Iterator[Any]:
    """Tables of strings, as they come."""
    pa = optional.pyarrow("reading a table")
    chosen = chosen_columns(text.dialect.header, columns, path)
    bad: list[Any] = []
    rows = 0
    try:
        reader = pa.csv.open_csv(text, *_options(pa.csv, text, chosen, bad))
        for batch in reader:
            rows += len(batch)
            yield _with_points(pa, pa.Table.from_batches([batch]), text.dialect.decimal_point)
    except pa.ArrowInvalid as error:
        if bad or rows:
            raise _text_error(error, bad, text, path) from None
    if not rows:
        raise InputError(f"{path} has a header and no rows.\nIts columns: {some(text.dialect.header)}.")


def _options(csv: Any, text: CheckedText, chosen: list[str], bad: list[Any]) -> tuple[Any, Any, Any]:
    def note(row: Any) -> str:
        bad.append(row)
        return "error"

    strings = dict.fromkeys(text.dialect.header, optional.pyarrow("").string())
    return (
        csv.ReadOptions(use_threads=False, block_size=2 * LONGEST),
        csv.ParseOptions(delimiter=text.dialect.delimiter, newlines_in_values=True, invalid_row_handler=note),
        csv.ConvertOptions(
            column_types=strings, null_values=MISSING, strings_can_be_null=True, include_columns=chosen
        ),
    )


def _with_points(pa: Any, table: Any, decimal_point: str) -> Any:
    """Cells without space around them, and ``1,5`` as ``1.5`` where that is how the file writes numbers."""
    columns = [pa.compute.utf8_trim_whitespace(column) for column in table.columns]
    if decimal_point == ",":
        number = {"pattern": r"^(-?\d+),(\d+)$", "replacement": r"\1.\2"}
        columns = [pa.compute.replace_substring_regex(column, **number) for column in columns]
    return table.from_arrays(columns, table.column_names)


def _text_error(error: Exception, bad: list[Any], text: CheckedText, path: str) -> InputError:
    if not bad:
        return InputError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}.")
    row, mark = bad[0], NAMES[text.dialect.delimiter]
    return InputError(
        f"{path}: row {row.number} (the header is row 1) has {count(row.actual_columns, 'cell')}; the header "
        f"has {row.expected_columns}: {short(row.text)}.\nCells are separated by {mark}; a cell that "
        "holds such a mark stands in quotes."
    )


# ------------------------------------------------------------------------------------------ Parquet
def _parquet_chunks(path: str | Path, columns: Sequence[str] | None, rows: int) -> Iterator[Any]:
    pa = optional.pyarrow("reading a table")
    try:
        file = pa.parquet.ParquetFile(path)
        header = [name for name in file.schema_arrow.names if not name.startswith(_ROW_LABELS)]
        chosen = chosen_columns(header, columns, str(path))
        if not file.metadata.num_rows:
            raise InputError(f"{path} has no rows.\nIts columns: {some(header)}.")
        for batch in file.iter_batches(rows, columns=chosen):
            yield pa.Table.from_batches([batch]).select(chosen)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is no Parquet file, or a damaged one: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") + "."


# ------------------------------------------------------------------------------------------ both
def chosen_columns(header: Sequence[str], columns: Sequence[str] | None, path: str) -> list[str]:
    """The columns to read, or an error for those that are not there."""
    lost = [name for name in columns or () if name not in header]
    if lost:
        hint = suggest(lost[0], header)
        nearest = f" {hint}" if hint.startswith("Did you mean") else ""
        what = "column" if len(lost) == 1 else "columns"
        raise InputError(f"{path} has no {what} {some(lost)}.{nearest}\nIts columns: {some(header, 20)}.")
    return list(header if columns is None else columns)


def _joined(tables: Iterable[Any]) -> Any:
    return optional.pyarrow("reading a table").concat_tables(list(tables))


def _regrouped(tables: Iterable[Any], rows: int) -> Iterator[Any]:
    """The same rows in tables of so many; the last may have fewer."""
    waiting: list[Any] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) >= rows:
            together = _joined(waiting)
            yield together.slice(0, rows)
            waiting = [together.slice(rows)]
    if sum(map(len, waiting)):
        yield _joined(waiting)
