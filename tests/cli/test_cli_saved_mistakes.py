"""What is wrong with tables, model files and options: one exact line, exit code 2, no file left behind."""

from __future__ import annotations

import numpy as np
import pytest
from saved_models import IRIS, ROWS, TABLE

import glassnet as gn
from glassnet.files import header

CSV = IRIS.data.to_csv(index=False)
ITS_COLUMNS = "'sepal length (cm)', 'sepal width (cm)', 'petal length (cm)', 'petal width (cm)'"
TABLES = {
    "nothing": (b"", "{} is empty. Expected a row with the names of the columns, and rows below it."),
    "a header": (CSV.splitlines()[0].encode(), f"{{}} has a header and no rows. Its columns: {ITS_COLUMNS}."),
    "another delimiter": (
        CSV.replace(",", "#").encode(),
        ("{} has one column, 'sepal length (cm)...)#petal width (cm)'; '#' seems to separate 4. "
        "Separate them by commas, semicolons, tabs or '|'."),
    ),
    "latin-1": (
        CSV.replace("5.1", "5.1 m²", 1).encode("latin-1"),
        ("{} is not UTF-8 text: byte 0xb2 in line 2, column 1 ('5.1 m²', if it is Latin-1). "
        "Convert it: iconv -f latin1 -t utf-8 {} > NEW"),
    ),
    "a column is missing": (
        CSV.replace("petal width (cm)", "width").encode(),
        ("{} has no column 'petal width (cm)'. Did you mean 'sepal width (cm)'? Its columns: "
        "'sepal length (cm)', 'sepal width (cm)', 'petal length (cm)', 'width'."),
    ),
    "two columns of one name": (
        CSV.replace("petal length (cm)", "petal width (cm)", 1).encode(),
        "{} has several columns of one name: 'petal width (cm)'. Rename them.",
    ),
    "text among numbers": (
        CSV.replace("5.1", "long", 1).encode(),
        ("{}: row 2 (the header is row 1), column 'sepal length (cm)': 'long' is not a number. "
        "Put that right, or leave the cell empty."),
    ),
}  # fmt: skip
COMMANDS = {
    "predict": ("predict", "names.safetensors", "{table}", "--output", "{out}"),
    "evaluate": ("evaluate", "array.safetensors", "{table}", "--target", "petal width (cm)"),
    "inspect": ("inspect", "names.safetensors", "{table}"),
}  # fmt: skip


@pytest.fixture
def failing(glassnet, tmp_path):
    """Run a command line that must fail: the line on stderr; nothing is printed or written."""

    def call(*words):
        before = sorted(tmp_path.iterdir())
        code, out, err = glassnet(*words)
        assert (code, out, err[:10], err[-1:], err.count("\n")) == (2, "", "glassnet: ", "\n", 1), (out, err)
        assert sorted(tmp_path.iterdir()) == before
        return err[10:-1]

    return call


@pytest.mark.parametrize("command", ["predict", "inspect"])
@pytest.mark.parametrize("name", TABLES)
def test_bad_tables(failing, tmp_path, command, name):
    data, message = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    words = [word.format(table=path, out=tmp_path / "out.csv") for word in COMMANDS[command]]
    assert failing(*words) == message.replace("{}", str(path))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_table(failing, tmp_path, command):
    for name, message in {
        "no.csv": "There is no file {}.",
        "": "{} is a directory. Name a file in it.",
    }.items():
        path = tmp_path / name
        words = [word.format(table=path, out=tmp_path / "out.csv") for word in COMMANDS[command]]
        assert failing(*words) == message.format(path)


# ------------------------------------------------------------------------------------------ model files
LOOKING = [("predict", "{}", "flowers.csv"), ("evaluate", "{}", "flowers.csv", "--target", "x"),
           ("export", "{}", "--to", "numpy"), ("inspect", "{}"), ("source", "{}")]  # fmt: skip


@pytest.mark.parametrize("words", LOOKING, ids=lambda words: words[0])
def test_bad_model_files(failing, saved, tmp_path, words):
    whole = (saved / "names.safetensors").read_bytes()
    bad = {
        "cut": (whole[:-1], "was cut off"),
        "changed": (whole[:-9] + b"x" + whole[-8:], "is damaged: its SHA-256 is not the one written in it"),
        "other": (b"glassnet", "it is no model file, or was cut off"),
        "nothing": (b"", "it is no model file, or was cut off"),
    }
    for name, (data, reason) in bad.items():
        (tmp_path / name).write_bytes(data)
        line = failing(*(word.format(tmp_path / name) for word in words))
        assert line.startswith(f"{tmp_path / name}: ")
        assert reason in line or name == "cut"
        assert line.endswith(" Expected a model file, as glassnet train and save() write it.")
    assert failing(*(word.format(tmp_path / "none") for word in words)) == (
        f"{tmp_path / 'none'}: no such file or directory. "
        "Expected a model file, as glassnet train and save() write it."
    )


def test_model_files_of_another_version(failing, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(header, "FORMAT", 9)
    gn.load(saved / "names.safetensors").save(tmp_path / "new")
    monkeypatch.undo()
    monkeypatch.chdir(saved)
    assert failing("inspect", tmp_path / "new") == (
        f"{tmp_path / 'new'}: the description has the format version 9; this glassnet reads 1 to 1. "
        "Update glassnet. Expected a model file, as glassnet train and save() write it."
    )


# ------------------------------------------------------------------------------------------ options
MISTAKES = {
    "predict hinge.safetensors flowers.csv --probabilities":
        "--probabilities: the loss of hinge.safetensors, 'hinge', knows none; leave it out.",
    "predict price.safetensors houses.csv --probabilities":
        "--probabilities: price.safetensors holds a MLPRegressor, which predicts no classes.",
    "predict names.safetensors flowers.csv --keep prediction":
        f"flowers.csv has no column 'prediction'. Its columns: {ITS_COLUMNS}.",
    "predict array.safetensors species.csv":
        "species.csv has 6 columns beside; array.safetensors, which knows no names, takes 4.",
    "predict names.safetensors flowers.csv --output nowhere/out.csv":
        "--output nowhere/out.csv: there is no folder nowhere.",
    "predict names.safetensors flowers.csv --output .": "--output . is a folder; name a file.",
    "evaluate names.safetensors species.csv":
        "names.safetensors does not say which column it predicts; name it: --target COLUMN.",
    "evaluate names.safetensors species.csv --target kind":
        f"species.csv has no column 'kind'. Its columns: {ITS_COLUMNS}, 'species', 'number'.",
    "evaluate several.safetensors species.csv --target number":
        "several.safetensors predicts several targets at once; evaluate compares one column.",
    "evaluate encoder.safetensors houses.csv --target sold":
        "encoder.safetensors holds a FrameEncoder, which predicts nothing that could be compared.",
    "evaluate names.safetensors species.csv --target number":
        ("species.csv: row 2 (the header is row 1), column 'number': '0' is no class that the model knows: "
        "'setosa', 'versicolor', 'virginica'."),
    "export names.safetensors": "name a format: --to onnx, c, numpy, pytorch.",
    "export names.safetensors --output shipped.exe":
        "--output shipped.exe: its ending names no format; add --to onnx, c, numpy, pytorch.",
    "export names.safetensors --to onnx --output shipped.c":
        "--output shipped.c: a file for onnx ends with .onnx.",
    "export names.safetensors --to numpy --dtype float32": "--dtype is not for numpy; leave it out.",
    "export names.safetensors --to pytorch --output ./names.safetensors":
        "--output names.safetensors is MODEL itself; name another file.",
    "export encoder.safetensors --to onnx":
        ("FrameEncoder alone is not exported, but an estimator with columns=FrameEncoder(...) is, with what "
        "the encoder does. Or keep it in a model file: save()."),
    "inspect names.safetensors --output look.jpg": "--output look.jpg: a picture's name ends with .png.",
    "inspect encoder.safetensors houses.csv":
        "encoder.safetensors holds a FrameEncoder, which has no layers that could answer TABLE.",
    "source encoder.safetensors": "encoder.safetensors: a FrameEncoder has no network to print.",
    "source model.safetensors --layers 3-4":
        "Name a network: --layers SIZES, or a MODEL file (not both). See 'glassnet source --help'.",
    "source model.safetensors --l2 1":
        "--l2 is for --layers; MODEL has its own network. See 'glassnet source --help'.",
}  # fmt: skip


@pytest.mark.parametrize("line", MISTAKES)
def test_mistake(failing, line):
    assert failing(*line.split()) == MISTAKES[line]


def test_a_kept_column_with_the_name_of_the_answer(failing, tmp_path):
    IRIS.data.assign(prediction=1).to_csv(tmp_path / "t.csv", index=False)
    for keep in ("all", "prediction"):
        assert failing("predict", "names.safetensors", tmp_path / "t.csv", "--keep", keep) == (
            f"--keep: {tmp_path / 't.csv'} has a column 'prediction', as the result has; "
            "rename it, or keep others."
        )


def test_a_target_without_values(failing, tmp_path):
    TABLE.assign(price=None).to_csv(tmp_path / "t.csv", index=False)
    assert failing("evaluate", "price.safetensors", tmp_path / "t.csv") == (
        f"{tmp_path / 't.csv'} has no row with a value in column 'price'; nothing can be compared."
    )


# ------------------------------------------------------------------------------------------ other frames
def changed(tmp_path, ending, **columns):
    """The table with some columns replaced, or left out (None), as a file."""
    table = TABLE.assign(**{name: values for name, values in columns.items() if values is not None})
    table = table.drop(columns=[name for name, values in columns.items() if values is None])
    path = tmp_path / f"t.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path, index=False)
    return table, path


HANDLED = {
    "new categories": {"color": ["violet"] * ROWS},
    "more columns": {"more": ["x"] * ROWS},
    "whole numbers": {"size": range(ROWS)},
    "missing values everywhere": {"size": [np.nan] * ROWS, "color": [None] * ROWS, "new": [None] * ROWS},
    "what is left out": {"number": ["anything"] * ROWS},
    "without what is left out": {"number": None},
}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("case", HANDLED)
def test_tables_that_differ_are_handled(glassnet, saved, tmp_path, ending, case):
    table, path = changed(tmp_path, ending, **HANDLED[case])
    code, out, err = glassnet("predict", "price.safetensors", path)
    assert (code, err) == (0, "")
    expected = gn.load(saved / "price.safetensors").predict(table)
    assert [float(cell) for cell in out.splitlines()[1:]] == expected.tolist()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_order_of_columns_does_not_matter(glassnet, tmp_path, ending):
    expected = glassnet("predict", "price.safetensors", "houses.csv")
    table = TABLE[TABLE.columns[::-1]]
    path = tmp_path / f"t.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path, index=False)
    assert glassnet("predict", "price.safetensors", path) == expected


REFUSED = {
    "a column is missing": (
        {"color": None},
        "{} has no column 'color'. Its columns: 'number', 'size', 'new', 'day'.",
        "{} has no column 'color'. Its columns: 'number', 'size', 'new', 'day'.",
    ),
    "numbers as text": (
        {"size": ["12 m"] * ROWS},
        (
            "{}: row 2 (the header is row 1), column 'size': '12 m' is not a number. "
            "Put that right, or leave the cell empty."
        ),
        (
            "{}: X has text in column 'size', first at row 2: '12 m'. predict() needs numbers there, "
            "as at fit. Turn the column into numbers (pandas.to_numeric, polars' cast)."
        ),
    ),
    "dates as text": (
        {"day": ["soon"] * ROWS},
        (
            "{}: row 2 (the header is row 1), column 'day': 'soon' is not a date (2026-01-31, "
            "2026-01-31 13:45). Put that right, or leave the cell empty."
        ),
        (
            "{}: X has text in column 'day', first at row 2: 'soon'. predict() needs dates there, as at fit. "
            "Read the text as times (pandas.to_datetime, polars' str.to_datetime)."
        ),
    ),
    "booleans as text": (
        {"new": ["maybe"] * ROWS},
        (
            "{}: row 2 (the header is row 1), column 'new': 'maybe' is not true or false. "
            "Put that right, or leave the cell empty."
        ),
        (
            "{}: X has text in column 'new', first at row 2: 'maybe'. predict() needs booleans there, "
            "as at fit. Convert the column, or fit again with the kind of values that it has now."
        ),
    ),
}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("case", REFUSED)
def test_tables_that_differ_are_refused(failing, tmp_path, ending, case):
    columns, in_csv, in_parquet = REFUSED[case]
    _, path = changed(tmp_path, ending, **columns)
    line = failing("predict", "price.safetensors", path)
    assert line == (in_csv if ending == "csv" else in_parquet).format(path)
