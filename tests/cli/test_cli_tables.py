"""`glassnet train` on files: from a table to a model, and one exact line for what cannot be learned."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glassnet as gn
from glassnet.cli import main
from glassnet.cli.problems import from_file
from glassnet.cli.splits import split

QUICK = "--epochs 3 --hidden 4 --no-compare"


def people(rows=120):
    """A table with everything: an id, names, gaps, categories, dates, booleans, a constant, nothing."""
    draw = np.random.default_rng(0)
    age = draw.integers(18, 80, rows).astype(float)
    smokes = draw.random(rows) < 0.4
    city = draw.choice(["Bonn", "Köln", "Trier"], rows)
    ill = smokes & (age > 40)
    return pd.DataFrame(
        {
            "person_id": np.arange(rows) + 1,
            "name": [f"Person {i}" for i in range(rows)],
            "age": np.where(draw.random(rows) < 0.1, np.nan, age),
            "city": np.where(draw.random(rows) < 0.1, None, city),
            "smokes": smokes,
            "since": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "planet": "Earth",
            "nothing": None,
            "cost": np.round(age * 10 + 300 * smokes + draw.normal(0, 20, rows), 2),
            "ill": np.where(ill, "yes", "no"),
        }
    )


def read():
    """The table as pandas reads it, if told which column holds dates."""
    return pd.read_csv("people.csv", parse_dates=["since"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    people().to_csv("people.csv", index=False)
    return tmp_path


@pytest.fixture
def run(capsys, folder):
    """Run a command line in a folder with people.csv: exit code, stdout, stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([word for part in arguments for word in part.split()], prog_name="glassnet")
        return stop.value.code, *capsys.readouterr()

    return call


def test_classes(run):
    code, out, err = run("train people.csv --target ill", QUICK)
    assert (code, err) == (0, "")
    for line in (
        "data      people.csv",
        "          120 rows, 9 columns to predict from",
        "target    ill: classification (it is text; otherwise: --task regression)",
        "columns   person_id  number    left out: it numbers the rows",
        "          name       text      left out: nearly all values differ",
        "          smokes     boolean   False → -1, True → +1",
        "          planet     text      left out: a single value",
        "          nothing    empty     left out: no value at all",
        "split     72 rows to learn from, 24 to stop by,",
        "          24 held out for the scores below (seed 0, stratified)",
    ):
        assert f"{line}\n" in out
    assert "city       category  3 values, one-hot: 'Bonn', 'Köln', 'Trier'; missing → zeros\n" in out
    assert "\ncommonest class " in out


def test_the_model_predicts_raw_frames(run):
    assert run("train people.csv --target ill --quiet", QUICK) == (0, "", "")
    report = json.loads(Path("glassnet-people/report.json").read_text(encoding="utf-8"))
    model = gn.load("glassnet-people/model.safetensors")
    held_out = read().iloc[split(from_file("people.csv", "ill", None), 0).held_out]
    right = (model.predict(held_out.drop(columns="ill")) == held_out["ill"]).mean()
    assert right == report["held_out"]["glassnet"]["accuracy"]
    assert (model.target_name_, model.classes_.tolist()) == ("ill", ["no", "yes"])
    assert (report["target"], report["task"], report["classes"]) == ("ill", "classification", ["no", "yes"])
    assert report["columns"]["planet"] == {"kind": "text", "becomes": "left out: a single value"}
    unseen = held_out.assign(city="Mainz", ill=None, extra=1)[["extra", *held_out.columns[::-1]]]
    assert len(model.predict(unseen)) == 24


def test_numbers(run):
    code, out, err = run("train people.csv --target cost --json", QUICK)
    report = json.loads(out)
    assert (code, report["task"], list(report["held_out"])) == (0, "regression", ["glassnet", "mean"])
    assert "target    cost: regression (it has fractions; otherwise: --task classification)\n" in err
    model = gn.load("glassnet-people/model.safetensors")
    held_out = read().iloc[split(from_file("people.csv", "cost", None), 0).held_out]
    error = model.predict(held_out) - held_out["cost"]
    assert np.abs(error).mean() == pytest.approx(report["held_out"]["glassnet"]["mae"])


@pytest.mark.parametrize("name", ["people.tsv", "people.txt", "people.parquet"])
def test_other_formats(run, name):
    _, expected, _ = run("train people.csv --target ill --json --quiet", QUICK)
    if name == "people.parquet":
        read().to_parquet(name)
    else:
        people().to_csv(name, index=False, sep={"people.tsv": "\t", "people.txt": ";"}[name])
    _, found, _ = run(f"train {name} --target ill --json --quiet", QUICK)
    assert json.loads(found)["history"]["loss"] == pytest.approx(json.loads(expected)["history"]["loss"])


def test_stdin(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("people.csv").read_bytes())))
    code, out, _ = run("train - --target ill", QUICK)
    assert (code, out.splitlines()[0]) == (0, "data      a table from stdin")
    assert Path("glassnet-stdin/model.safetensors").exists()


def test_better_than_guessing_and_beside_the_peers(run):
    code, out, _ = run("train people.csv --target cost --json --quiet")
    scores = json.loads(out)["held_out"]
    assert (code, list(scores)) == (0, ["glassnet", "mean", "scikit-learn MLP", "HistGradientBoosting"])
    assert scores["glassnet"]["r2"] > 0.8
    assert scores["mean"]["r2"] <= 0


def test_what_it_goes_by(run):
    _, out, _ = run("train people.csv --target cost --json --quiet --no-compare")
    lost = json.loads(out)["lost_without"]
    assert list(lost) == sorted(lost, key=lost.get, reverse=True)
    assert set(list(lost)[:3]) == {"age", "smokes", "ill"}  # who is ill smokes
    assert lost["age"] > 50 > max(list(lost.values())[3:])
    assert lost.keys().isdisjoint({"person_id", "name", "planet", "nothing"})


@pytest.mark.filterwarnings("always")
def test_rows_without_a_target(run):
    frame = people()
    frame.loc[[0, 5, 7], "ill"] = None
    frame.to_csv("people.csv", index=False)
    code, out, err = run("train people.csv --target ill", QUICK)
    assert (code, err) == (0, "glassnet: warning: 3 rows without 'ill' left out.\n")
    assert "          117 rows, 9 columns to predict from; 3 more without a target left out\n" in out


def test_rare_classes_are_learned_from(run):
    frame = people()
    frame.loc[:2, "city"] = "Ulm"
    frame.dropna(subset="city").to_csv("people.csv", index=False)
    code, out, _ = run("train people.csv --target city", QUICK)
    assert code == 0
    assert "          too rare to hold out, learned from only: 'Ulm'\n" in out
    problem = from_file("people.csv", "city", None)
    rows = split(problem, 0)
    ulm = problem.class_names.index("Ulm")
    counts = [(problem.target[part] == ulm).sum() for part in (rows.train, rows.validation, rows.held_out)]
    assert counts == [3, 0, 0]


TASKS = {
    "text": (["a", "b", "a"] * 4, "classification", "it is text"),
    "booleans": ([True, False] * 6, "classification", "it is true or false"),
    "two numbers": ([3, 5] * 6, "classification", "it has 2 different values"),
    "two whole floats": ([0.0, 1.0] * 6, "classification", "it has 2 different values"),
    "few numbers": ([1, 2, 3] * 10, "classification", "it has 3 different values"),
    "few rows for each": ([1, 2, 3] * 9, "regression", "it has 3 different numbers"),
    "many numbers": (list(range(300)), "regression", "it has 300 different numbers"),
    "fractions": ([0.5, 1.5] * 6, "regression", "it has fractions"),
}


@pytest.mark.parametrize("case", TASKS)
def test_the_task_is_told_by_the_target(folder, case):
    values, task, why = TASKS[case]
    pd.DataFrame({"x": range(len(values)), "y": values}).to_csv("t.csv", index=False)
    problem = from_file("t.csv", "y", None)
    assert (problem.task, problem.why) == (task, why)
    if case not in ("fractions", "many numbers"):
        forced = from_file("t.csv", "y", "classification")
        assert forced.class_names == [str(value) for value in sorted(set(pd.Series(values).convert_dtypes()))]
        assert forced.why == "as asked"


COLUMNS = (
    "Its columns: 'person_id', 'name', 'age', 'city', 'smokes', 'since', 'planet', 'nothing', 'cost', 'ill'."
)
TOO_MANY = "too many classes to learn. Predict another column."
HELP = "See 'glassnet train --help'."
ICONV = "Convert it: iconv -f latin1 -t utf-8 latin.csv > NEW"
FEWEST = "too few to learn from some, stop by some and hold some out."
MISTAKES = {
    "no target": ("people.csv", f"people.csv needs --target COLUMN, what to predict. {COLUMNS}"),
    "wrong target": (
        "people.csv --target Ill",
        f"people.csv has no column 'Ill'. Did you mean 'ill'? {COLUMNS}",
    ),
    "strange target": ("people.csv --target xyz", f"people.csv has no column 'xyz'. {COLUMNS}"),
    "one class": (
        "people.csv --target planet",
        "people.csv: column 'planet' has a single value, 'Earth': there is nothing to learn.",
    ),
    "nothing": ("people.csv --target nothing", "people.csv: column 'nothing' has no values at all."),
    "names": (
        "people.csv --target name",
        f"people.csv: column 'name' has 120 different values in 120 rows: {TOO_MANY}",
    ),
    "dates": (
        "people.csv --target since",
        "people.csv: column 'since' holds dates; predict numbers or classes.",
    ),
    "text as numbers": (
        "people.csv --target city --task regression",
        "people.csv: column 'city' holds text, such as 'Köln'; --task regression needs numbers.",
    ),
    "fractions as classes": (
        "people.csv --target cost --task classification",
        f"people.csv: column 'cost' has fractions, such as {people()['cost'][0]}; use --task regression.",
    ),
    "another task": (
        "people.csv --target ill --task ranking",
        f"Invalid value for '--task': 'ranking' is not one of 'classification', 'regression'. {HELP}",
    ),
    "no file": ("persons.csv --target ill", "There is no file persons.csv."),
    "a folder": (". --target ill", ". is a directory. Name a file in it."),
    "empty": (
        "empty.csv --target ill",
        "empty.csv is empty. Expected a row with the names of the columns, and rows below it.",
    ),
    "latin-1": (
        "latin.csv --target ill",
        f"latin.csv is not UTF-8 text: byte 0xf6 in line 2, column 1 ('Köln', if it is Latin-1). {ICONV}",
    ),
    "one row": (
        "one.csv --target b",
        "one.csv: column 'b' has a single value, 2: there is nothing to learn.",
    ),
    "four rows": (
        "four.csv --target b",
        f"four.csv has 4 rows: {FEWEST}",
    ),
    "rare classes": (
        "rare.csv --target b",
        f"rare.csv has no class of 5 rows or more: {FEWEST}",
    ),
    "nothing but the target": (
        "alone.csv --target b",
        "alone.csv has no column but 'b': nothing to predict it from.",
    ),
    "nothing to learn from": (
        "constant.csv --target b",
        "X has no column that FrameEncoder can use: 'a' (a single value). fit() needs at least one.",
    ),
    "infinite": (
        "infinite.csv --target b",
        "infinite.csv: column 'b' has infinite values; predict finite numbers.",
    ),
}  # fmt: skip
FILES = {
    "empty.csv": b"",
    "latin.csv": "city,ill\nKöln,yes\n".encode("latin-1"),
    "one.csv": b"a,b\n1,2\n",
    "four.csv": b"a,b\n1,2\n3,4\n5,6.5\n7,8\n",
    "rare.csv": b"a,b\n1,x\n3,y\n5,x\n7,y\n",
    "alone.csv": b"b\n1\n2\n",
    "constant.csv": b"a,b\n" + b"1,2\n1,3.5\n" * 10,
    "infinite.csv": b"a,b\n" + b"1,2\n2,inf\n" * 10,
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake(run, folder, case):
    line, message = MISTAKES[case]
    for name, content in FILES.items():
        Path(name).write_bytes(content)
    before = sorted(folder.iterdir())
    assert run(f"train {line}") == (2, "", f"glassnet: {message}\n")
    assert sorted(folder.iterdir()) == before


def test_many_columns(run):
    draw = np.random.default_rng(0)
    table = draw.normal(size=(60, 1000)).round(3)
    names = [f"gene {i}" for i in range(1000)]
    pd.DataFrame(table, columns=names).assign(y=table[:, 0] > 0).to_csv("wide.csv", index=False)
    code, out, _ = run("train wide.csv --target y", QUICK)
    assert code == 0
    assert "columns   1,000 × number\n" in out
