"""Tables from files: what is read, in one piece and in chunks, and the one message for each bad file."""

import datetime as dt
import io
import sys
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glassnet as gn
from glassnet.datasets import delimited
from glassnet.datasets.tables import kinds_of, read_chunks, read_table
from glassnet.errors import GlassnetError, InputError

T = dt.datetime
GOOD = {
    "commas": ("a,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    "tabs": ("a\tb\n1\t2\n", {"a": [1], "b": [2]}),
    "semicolons": ("a;b\n1,x;2\n3,y;4\n", {"a": ["1,x", "3,y"], "b": [2, 4]}),
    "bars": ("a|b\n1|2\n", {"a": [1], "b": [2]}),
    "decimal commas": ("a;b\n1,5;2\n-3,25;4\n", {"a": [1.5, -3.25], "b": [2, 4]}),
    "one column": ("a\n1\n2\n", {"a": [1, 2]}),
    "one column of names": ("name\nJohn Smith\nJane Doe\n", {"name": ["John Smith", "Jane Doe"]}),
    "quotes": ('a,b\n"1,2","say ""yes"""\n', {"a": ["1,2"], "b": ['say "yes"']}),
    "line breaks in cells": ('a,b\r\n1,"x\r\ny"\r\n2,z\r\n', {"a": [1, 2], "b": ["x\r\ny", "z"]}),
    "a quote inside a cell": ('a,b\n5" pipe,1\n3" pipe,2\n', {"a": ['5" pipe', '3" pipe'], "b": [1, 2]}),
    "byte order mark": ("\ufeffa,b\n1,é\n", {"a": [1], "b": ["é"]}),
    "blank lines": ("\n\na,b\n\n1,2\n\n", {"a": [1], "b": [2]}),
    "returns alone": ("a,b\r1,2\r3,4\r", {"a": [1, 3], "b": [2, 4]}),
    "no line end": ("a,b\n1,2", {"a": [1], "b": [2]}),
    "missing": (
        'a,b,c\n1,NA,\n,null,\n3,"",NaN\n4,None,n/a\n',
        {"a": [1, None, 3, 4], "b": [None] * 4, "c": [None] * 4},
    ),
    "fractions and space": ("a,b\n 1.5,1e3\n2 ,-inf\n", {"a": [1.5, 2.0], "b": [1000.0, -np.inf]}),
    "booleans": ("a,b\ntrue,True\nfalse,x\n", {"a": [True, False], "b": ["True", "x"]}),
    "dates": (
        "a,b\n2020-01-02,2020-01-02T10:00:00Z\n2020-03-04 05:06,2020-01-02T10:00:00+02:00\n",
        {"a": [T(2020, 1, 2), T(2020, 3, 4, 5, 6)], "b": [T(2020, 1, 2, 10), T(2020, 1, 2, 8)]},
    ),
    "numbers among text": ("a,b\n1,12:30\nx,13:00\n", {"a": ["1", "x"], "b": ["12:30", "13:00"]}),
}


@pytest.fixture
def file(tmp_path):
    """Write a file and return its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("case", GOOD)
def test_what_is_read(file, case):
    text, expected = GOOD[case]
    assert read_table(file(text)).to_pydict() == expected


def test_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert read_table("-").to_pydict() == {"a": [1], "b": [2]}


def test_a_pipe_that_hands_over_little_at_a_time():
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 7))

    text = b"a,b\n" + b'1,"x\ny"\n' * 20
    checked = delimited.CheckedText(Slow(text), "stdin")
    assert b"".join(iter(lambda: checked.read(1000), b"")) == text


def test_parquet(file, tmp_path):
    table = pa.table({"a": [1, None], "b": ["x", "y"], "__index_level_0__": [7, 8]})
    for path in (tmp_path / "t.parquet", tmp_path / "misnamed.csv"):
        pq.write_table(table, path)
        assert read_table(path).to_pydict() == {"a": [1, None], "b": ["x", "y"]}
        assert read_table(path, ["b"]).to_pydict() == {"b": ["x", "y"]}


def test_columns_come_in_the_order_asked_for(file):
    path = file("a,b,c\n1,2,3\n")
    assert read_table(path, ["c", "a"]).to_pydict() == {"c": [3], "a": [1]}


def test_kinds_decide_over_cells(file):
    path = file("zip,flag,n\n0123,1,7\n0456,0,\n")
    assert read_table(path, kinds={"zip": "text", "flag": "boolean", "n": "number"}).to_pydict() == {
        "zip": ["0123", "0456"], "flag": [True, False], "n": [7, None],
    }  # fmt: skip


# ------------------------------------------------------------------------------------------ chunks
@pytest.mark.parametrize("rows", [1, 3, 7, 100])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_chunks_are_the_whole(file, tmp_path, rows, kind):
    path = file(
        "a,b,c,d\n" + "".join(f'{i if i % 3 else ""},"t, {i}",{i / 2},2020-01-0{i}\n' for i in range(1, 8))
    )
    whole = read_table(path)
    if kind == "parquet":
        path = tmp_path / "t.parquet"
        pq.write_table(whole, path)
    kinds = {"a": "number", "c": "number", "d": "date"}
    chunks = list(read_chunks(path, kinds=kinds, rows=rows))
    assert [len(chunk) for chunk in chunks] == [min(rows, 7 - start) for start in range(0, 7, rows)]
    assert [row for chunk in chunks for row in chunk.to_pylist()] == whole.to_pylist()


def test_kinds_of_an_encoder_make_chunks_of_any_size_alike(file):
    path = file(
        "n,flag,word,day,id\n1,true,x,2020-01-01,a1\n2.5,false,y,2020-02-01,b2\n,true,x,2020-03-01,c3\n"
    )
    encoder = gn.FrameEncoder(missing="median", drop=["id"]).fit(read_table(path))
    assert kinds_of(encoder) == {
        "n": "number",
        "flag": "boolean",
        "word": "text",
        "day": "date",
        "id": "text",
    }
    whole = encoder.transform(read_table(path))
    parts = [encoder.transform(part) for part in read_chunks(path, kinds=kinds_of(encoder), rows=1)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_long_file_takes_the_memory_of_a_part():
    size = 20_000_000
    checked = delimited.CheckedText(io.BytesIO(b"a,b,c\n" + b'1,"x",2.5\n' * (size // 10)), "stdin")
    tracemalloc.start()
    read = sum(len(part) for part in iter(lambda: checked.read(1 << 16), b""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == size + 6
    assert peak < 2_000_000


# ------------------------------------------------------------------------------------------ bad files
MISPLACED = "Cells are separated by commas; a cell that holds such a mark stands in quotes."
OPEN = "Close it; a quote that belongs to the text is written twice."
MARKS = "Separate them by commas, semicolons, tabs or '|'."
CONVERT = "Convert it: iconv -f latin1 -t utf-8 {} > NEW"
BAD = {
    "empty": (b"", "{} is empty.\nExpected a row with the names of the columns, and rows below it."),
    "blank": (b"\n \n", "{} is empty.\nExpected a row with the names of the columns, and rows below it."),
    "header": (b"a,b\n", "{} has a header and no rows.\nIts columns: 'a', 'b'."),
    "header without end": (b"a,b", "{} has a header and no rows.\nIts columns: 'a', 'b'."),
    "short row": (
        b"a,b\n1,2\n3\n4,5\n",
        "{}: row 3 (the header is row 1) has 1 cell; the header has 2: '3'.\n" + MISPLACED,
    ),
    "long row": (
        b"a,b\n1,2\n3,4,5\n",
        "{}: row 3 (the header is row 1) has 3 cells; the header has 2: '3,4,5'.\n" + MISPLACED,
    ),
    "quote never closed": (
        b'a,b\n1,"x\n2,y\n3,z\n',
        "{}: the quote that opens a cell in line 2 is not closed at its end: '\"x'.\n" + OPEN,
    ),
    "quote closed by the next": (
        b'a,b\n1,z\n1,"x\n2,"y"\n3,"z"\n',
        "{}: the quote that opens a cell in line 3 is not closed at its end: '\"x'.\n" + OPEN,
    ),
    "quote too early": (
        b'a,b\n1,"x" y\n',
        "{}: the quote that opens a cell in line 2 is not closed at its end: '\"x\" y'.\n" + OPEN,
    ),
    "latin-1": (
        "a,b\n1,x\n2,café\n".encode("latin-1"),
        "{} is not UTF-8 text: byte 0xe9 in line 3, column 2 ('café', if it is Latin-1).\n" + CONVERT,
    ),
    "latin-1 header": (
        "a;é\n1;2\n".encode("latin-1"),
        "{} is not UTF-8 text: byte 0xe9 in line 1, column 2 ('é', if it is Latin-1).\n" + CONVERT,
    ),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "{} is UTF-16 text.\nSave it as UTF-8 CSV."),
    "zip": (b"PK\x03\x04more", "{} is a zip archive or an Excel file.\nSave it as UTF-8 CSV."),
    "zeros": (b"a,b\n1,\0\n", "{} is no text: it has zero bytes.\nSave it as UTF-8 CSV."),
    "names twice": (b"a,b,a\n1,2,3\n", "{} has several columns of one name: 'a'.\nRename them."),
    "colons": (b"a:b\n1:2\n", "{} has one column, 'a:b'; ':' seems to separate 2.\n" + MARKS),
    "spaces": (b"a b c\n1 2 3\n", "{} has one column, 'a b c'; ' ' seems to separate 3.\n" + MARKS),
    "no magic": (b"PAR1 but not really", "{} is no Parquet file, or a damaged one: "),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_file(file, case):
    content, message = BAD[case]
    path = file(content)
    for read in (read_table, lambda path: list(read_chunks(path, rows=1))):
        with pytest.raises(InputError) as caught:
            read(path)
        assert str(caught.value).startswith(message.replace("{}", str(path)))
        if case != "no magic":  # of which pyarrow has its own words
            assert str(caught.value) == message.replace("{}", str(path))


def test_names_that_are_no_files(tmp_path):
    for path, message in (
        (tmp_path, f"{tmp_path} is a directory.\nName a file in it."),
        (tmp_path / "none.csv", f"There is no file {tmp_path / 'none.csv'}."),
    ):
        with pytest.raises(InputError) as caught:
            read_table(path)
        assert str(caught.value) == message


def test_a_text_file_called_parquet(file):
    with pytest.raises(InputError, match="is no Parquet file, or a damaged one: "):
        read_table(file("a,b\n1,2\n", "t.parquet"))


def test_parquet_without_rows(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / "t.parquet")
    assert str(caught.value) == f"{tmp_path / 't.parquet'} has no rows.\nIts columns: 'a'."


@pytest.mark.parametrize(
    "columns, message",
    [
        (["agee"], "{} has no column 'agee'. Did you mean 'age'?\nIts columns: 'age', 'height'."),
        (["x"], "{} has no column 'x'.\nIts columns: 'age', 'height'."),
        (["x", "y"], "{} has no columns 'x', 'y'.\nIts columns: 'age', 'height'."),
    ],
)
def test_columns_that_are_not_there(file, columns, message):
    path = file("age,height\n1,2\n")
    with pytest.raises(InputError) as caught:
        read_table(path, columns)
    assert str(caught.value) == message.replace("{}", str(path))


@pytest.mark.parametrize(
    "kind, what",
    [
        ("number", "a number"),
        ("boolean", "true or false"),
        ("date", "a date (2026-01-31, 2026-01-31 13:45)"),
    ],
)
def test_a_cell_of_another_kind(file, kind, what):
    good = {"number": "1.5", "boolean": "true", "date": "2020-01-01"}[kind]
    path = file("a\n" + f"{good}\n" * 5 + "tall\n" + f"{good}\nwide\n")
    message = (
        f"{path}: row 7 (the header is row 1), column 'a': 'tall' is not {what}.\n"
        "Put that right, or leave the cell empty."
    )
    for rows in (2, 100):
        with pytest.raises(InputError) as caught:
            list(read_chunks(path, kinds={"a": kind}, rows=rows))
        assert str(caught.value) == message


def test_what_is_wrong_further_down_is_found_there(monkeypatch, file):
    monkeypatch.setattr(delimited, "HEAD", 64)
    path = file(b"a,b\n" + b"1,x\n" * 100 + "2,café\n".encode("latin-1"))
    with pytest.raises(InputError, match="byte 0xe9 in line 102, column 2"):
        read_table(path)


def test_a_header_longer_than_the_head(file):
    names = [f"a rather long name of a column, number {i}" for i in range(5000)]
    table = read_table(file("\t".join(names) + "\n" + "\t".join(map(str, range(5000))) + "\n"))
    assert table.to_pylist() == [dict(zip(names, range(5000), strict=True))]


def test_a_cell_in_the_header_without_end(file):
    path = file('a,"' + "b" * 200_000 + "\n1,2\n")
    with pytest.raises(InputError) as caught:
        read_table(path)
    words = "field larger than field limit (131072)"
    assert str(caught.value) == f"{path} cannot be read as a table: {words}."


def test_a_header_without_end(monkeypatch, file):
    monkeypatch.setattr(delimited, "HEAD", 10)
    monkeypatch.setattr(delimited, "LONGEST", 10)
    with pytest.raises(InputError, match="line 1 is longer than 0 MB"):
        read_table(file("a" * 30 + ",b\n1,2\n"))


def test_a_row_without_end(monkeypatch, file):
    monkeypatch.setattr(delimited, "LONGEST", 100)
    with pytest.raises(InputError, match="line 3 is longer than 0 MB"):
        read_table(file(f"a,b\n1,2\n1,{'x' * 200}"))


def test_without_pyarrow(monkeypatch, file):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(GlassnetError) as caught:
        read_table(file("a\n1\n"))
    assert str(caught.value) == (
        'reading a table needs pyarrow, which is not installed.\nInstall it: pip install "glassnet[frames]"'
    )
