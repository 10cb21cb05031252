"""`glassnet predict`: a table in, a table out; equal to the estimator's own answers, whatever the parts."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from saved_models import IRIS, ROWS, SOLD, TABLE, read

import glassnet as gn
from glassnet.cli import saved as saved_module


def loaded(saved, name):
    return gn.load(saved / f"{name}.safetensors")


# ------------------------------------------------------------------------------------------ answers
@pytest.mark.parametrize("table", ["houses.csv", "houses.tsv", "houses.parquet"])
def test_labels(glassnet, saved, table):
    code, out, err = glassnet("predict", "sold.safetensors", table)
    assert (code, err) == (0, "")
    assert read(out) == {"prediction": loaded(saved, "sold").predict(TABLE).tolist()}


def test_numbers_with_all_their_digits(glassnet, saved):
    _, out, _ = glassnet("predict", "price.safetensors", "houses.csv")
    assert list(map(float, read(out)["prediction"])) == loaded(saved, "price").predict(TABLE).tolist()


def test_probabilities(glassnet, saved):
    _, out, _ = glassnet("predict", "sold.safetensors", "houses.csv", "--probabilities")
    found = read(out)
    assert list(found) == ["prediction", "probability_no", "probability_yes"]
    likely = np.array([found["probability_no"], found["probability_yes"]], float).T
    assert np.array_equal(likely, loaded(saved, "sold").predict_proba(TABLE))


def test_stdin(glassnet, saved, monkeypatch):
    class Given:
        buffer = io.BytesIO((saved / "houses.csv").read_bytes())

    monkeypatch.setattr(sys, "stdin", Given)
    _, out, _ = glassnet("predict", "sold.safetensors", "-")
    assert read(out)["prediction"] == loaded(saved, "sold").predict(TABLE).tolist()


OTHERS = {
    "names": ("flowers.csv", ["prediction"], lambda model: model.predict(IRIS.data)[:, None]),
    "array": ("flowers.csv", ["prediction"], lambda model: model.predict(IRIS.data.to_numpy())[:, None]),
    "hinge": ("flowers.csv", ["prediction"], lambda model: model.predict(IRIS.data)[:, None]),
    "several": ("flowers.csv", ["prediction_1", "prediction_2"], lambda model: model.predict(IRIS.data)),
    "model": ("flowers.csv", ["output_1", "output_2", "output_3"], lambda model: model.predict(IRIS.data)),
    "encoder": (
        "houses.csv", ["size", "size_missing", "color_blue", "color_green", "color_red"],
        lambda model: model.transform(TABLE[["size", "color"]]),
    ),
    "hidden": (
        "houses.csv", [f"hiddenfeatures{i}" for i in range(6)], lambda model: model.transform(TABLE)),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_models(glassnet, saved, name):
    table, columns, answer = OTHERS[name]
    _, out, err = glassnet("predict", f"{name}.safetensors", table)
    found, expected = read(out), answer(loaded(saved, name))
    assert (list(found), err) == (columns, "")
    cells = np.array(list(found.values())).T
    assert np.array_equal(cells.astype(expected.dtype), expected)


# ------------------------------------------------------------------------------------------ carried along
def test_columns_are_carried_along_as_they_are(glassnet, tmp_path):
    rows = ["007,100.50,red,true,2024-01-01", '"a ""b"", c",,blue,false,2024-03-01']
    (tmp_path / "t.csv").write_text("id,size,color,new,day\n" + "\n".join(rows) + "\n")
    _, out, _ = glassnet("predict", "encoder.safetensors", tmp_path / "t.csv", "--keep", "id, color")
    assert [read(out)[name] for name in ("id", "color")] == [["007", 'a "b", c'], ["red", "blue"]]
    assert out.splitlines()[2].startswith('"a ""b"", c",blue,')


def test_all_columns_of_a_parquet_file_keep_their_types(glassnet, saved, tmp_path):
    path = tmp_path / "out.parquet"
    words = ("predict", "price.safetensors", "houses.parquet", "--keep", "all", "--output", path)
    assert glassnet(*words) == (0, "", f"Wrote {path}: {ROWS} rows.\n")
    found, given = pd.read_parquet(path), pd.read_parquet(saved / "houses.parquet")
    assert found.pop("prediction").tolist() == loaded(saved, "price").predict(TABLE).tolist()
    pd.testing.assert_frame_equal(found, given)


@pytest.mark.parametrize(("name", "delimiter"), [("out.csv", ","), ("out.tsv", "\t"), ("out", ",")])
def test_output_files(glassnet, tmp_path, name, delimiter):
    path = tmp_path / name
    words = ("predict", "sold.safetensors", "houses.csv", "--keep", "number", "--output", path, "--quiet")
    assert glassnet(*words) == (0, "", "")
    assert path.read_text().splitlines()[:2] == [f"number{delimiter}prediction", f"1{delimiter}{SOLD[0]}"]
    assert [file.name for file in tmp_path.iterdir()] == [name]


# ------------------------------------------------------------------------------------------ in parts
@pytest.mark.parametrize("name", ["sold", "price", "hidden", "model", "names"])
def test_parts_do_not_matter(glassnet, monkeypatch, name):
    table = "flowers.csv" if name in ("model", "names") else "houses.csv"
    whole = glassnet("predict", f"{name}.safetensors", table)
    monkeypatch.setattr(saved_module, "ROWS", 7)
    parts = glassnet("predict", f"{name}.safetensors", table)
    assert (parts[0], parts[1].count("\n")) == (0, whole[1].count("\n"))
    for column, cells in read(whole[1]).items():
        found = read(parts[1])[column]
        if cells[0][0].isalpha():
            assert found == cells
        else:  # products of matrices of other heights round in other ways
            assert np.allclose(np.array(found, float), np.array(cells, float), rtol=1e-5, atol=1e-6)


def unreadable_at_the_end(folder, saved):
    """A table whose last row cannot be read: model, path, message."""
    *lines, last = (saved / "houses.csv").read_text().splitlines()
    number, _, *rest = last.split(",")
    (folder / "t.csv").write_text("\n".join([*lines, ",".join([number, "wide", *rest])]))
    return "sold", (
        "{}: row 61 (the header is row 1), column 'size': 'wide' is not a number. "
        "Put that right, or leave the cell empty."
    )


def unusable_at_the_end(folder, saved):
    """A table whose last row cannot be predicted: model, path, message."""
    *lines, last = (saved / "flowers.csv").read_text().splitlines()
    (folder / "t.csv").write_text("\n".join([*lines, last.replace("3.0", "")]))
    return "names", (
        "{}: X has 1 missing value (NaN), at row 151, column 'sepal width (cm)'. predict() needs finite "
        "numbers. Remove those rows, or fill them (sklearn.impute.SimpleImputer)."
    )


FAILURES = [unreadable_at_the_end, unusable_at_the_end]


@pytest.mark.parametrize("old", [None, "kept"])
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_in_the_middle_leaves_no_file(glassnet, saved, monkeypatch, tmp_path, failure, name, old):
    monkeypatch.setattr(saved_module, "ROWS", 7)
    model, message = failure(tmp_path, saved)
    path = tmp_path / "to" / name
    path.parent.mkdir()
    if old:
        path.write_text(old)
    words = ("predict", f"{model}.safetensors", tmp_path / "t.csv", "--output", path)
    assert glassnet(*words) == (2, "", f"glassnet: {message.format(tmp_path / 't.csv')}\n")
    assert [file.read_text() for file in path.parent.iterdir()] == ([old] if old else [])


def test_a_failure_in_the_middle_ends_stdout_after_whole_rows(glassnet, saved, monkeypatch, tmp_path):
    monkeypatch.setattr(saved_module, "ROWS", 7)
    model, message = unusable_at_the_end(tmp_path, saved)
    code, out, err = glassnet("predict", f"{model}.safetensors", tmp_path / "t.csv")
    assert (code, err) == (2, f"glassnet: {message.format(tmp_path / 't.csv')}\n")
    assert read(out)["prediction"] == loaded(saved, model).predict(IRIS.data).tolist()[:147]


PROGRAM = """
import pathlib, re, sys
from glassnet.cli import main
try:
    main(sys.argv[1:], prog_name="glassnet")
except SystemExit as stop:
    assert stop.code == 0, stop.code
print(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is read from /proc")
def test_memory_does_not_grow_with_the_table(saved, tmp_path):
    line = ",".join(["5.1", "3.5", "1.4", "0.2", "x" * 1000])
    peaks = []
    for rows in (90_000, 200_000):  # by then all that is read ahead is there
        with (tmp_path / "t.csv").open("w") as file:
            file.write(f"{','.join(IRIS.data.columns)},text\n" + f"{line}\n" * rows)
        files = [tmp_path / "t.csv", "--output", tmp_path / "o.csv"]
        command = [sys.executable, "-c", PROGRAM, "predict", "names.safetensors", *files, "--keep", "text"]
        done = subprocess.run(command, cwd=saved, capture_output=True, text=True, check=True)
        peaks.append(1024 * int(done.stderr.splitlines()[-1]))
    assert (tmp_path / "o.csv").stat().st_size > 200_000_000
    assert peaks[1] - peaks[0] < 50_000_000  # the table is 110 MB larger
