"""`glassnet train`: what it reports, what it writes, and that its default network is a good one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from glassnet import datasets
from glassnet.cli import main
from glassnet.cli.networks import recipe_for
from glassnet.cli.scores import peer, score
from glassnet.cli.splits import split
from glassnet.cli.training import fit, prepare

FILES = ["parameters.safetensors", "predict.py", "report.json", "run.png", "train_step.py"]


@pytest.fixture
def train(capsys, tmp_path, monkeypatch):
    """Run `glassnet train` in an empty folder: stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(arguments):
        with pytest.raises(SystemExit) as stop:
            main(["train", *arguments.split()], prog_name="glassnet")
        captured = capsys.readouterr()
        assert stop.value.code == 0, captured.err
        return captured

    return call


def files_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize(
    "name, heading, guess",
    [
        ("digits", "on 360 held-out rows   accuracy   log loss   macro F1\n", "commonest class"),
        ("spiral", "on 60 held-out rows   accuracy   log loss   macro F1\n", "commonest class"),
        ("wine", "on 36 held-out rows   accuracy   log loss   macro F1\n", "commonest class"),
        ("diabetes", "on 89 held-out rows         R²       RMSE        MAE\n", "mean"),
    ],
)
def test_report_and_files(train, name, heading, guess):
    printed = train(f"{name} --epochs 2")
    folder = Path(f"glassnet-{name}")
    assert printed.err == ""
    assert heading in printed.out
    for line in ("\nglassnet ", f"\n{guess} ", "\nscikit-learn MLP ", f"Written to {folder}:"):
        assert line in printed.out
    assert files_in(folder) == FILES
    report = json.loads((folder / "report.json").read_text())
    assert list(report["held_out"]) == ["glassnet", guess, "scikit-learn MLP"]
    assert report["epochs"] == len(report["history"]["val_loss"]) == 2
    measure = "val_mean_squared_error" if name == "diabetes" else "val_cross_entropy"
    assert report["best_epoch"] == 1 + int(np.argmin(report["history"][measure]))
    assert sorted(report["files"]) == FILES
    assert (folder / "run.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "def train_step(" in (folder / "train_step.py").read_text()
    assert "def predict(" in (folder / "predict.py").read_text()


def test_introduction(train):
    printed = train("iris --epochs 1 --no-compare --hidden 8 --dropout 0 --l2 0 --seed 3")
    assert printed.out.splitlines()[:8] == [
        "data      iris: iris flowers, petals and sepals measured in cm",
        "          150 rows, 4 columns, 3 classes",
        "split     90 rows to learn from, 30 to stop by,",
        "          30 held out for the scores below (seed 3, stratified)",
        "network   4 → 8 → 3, relu, batch norm",
        "          75 parameters; inputs standardized, outliers softened",
        "training  adam at 0.001, batches of 32,",
        "          at most 1 epochs, 50 of them without improvement",
    ]


def test_written_arrays_are_the_network(train):
    train("iris --epochs 2 --hidden 8 --no-compare --quiet")
    arrays = load_file("glassnet-iris/parameters.safetensors")
    iris = datasets.load("iris")
    run = fit(prepare(iris, recipe_for(iris, hidden=(8,), epochs=2)), bar=False)
    assert arrays.keys() == {*run.model.parameters, *run.model.state}
    for name, array in {**run.model.parameters, **run.model.state}.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=name)
    assert {"dense_1.kernel", "batch_normalization_1.moving_mean"} <= arrays.keys()


def test_written_program_predicts_with_written_arrays(train):
    train("iris --epochs 5 --no-compare --quiet")
    arrays = load_file("glassnet-iris/parameters.safetensors")
    program = {}
    exec(Path("glassnet-iris/predict.py").read_text(), program)
    dataset = datasets.load("iris")
    rows = split(dataset, seed=0).held_out
    scores = program["predict"](dataset.data[rows].astype(np.float32), parameters=arrays, state=arrays)
    report = json.loads(Path("glassnet-iris/report.json").read_text())
    right = (scores.argmax(axis=1) == dataset.target[rows]).mean()
    assert right == report["held_out"]["glassnet"]["accuracy"]


def test_statistics_come_from_the_training_rows():
    wine = datasets.load("wine")
    run = fit(prepare(wine, recipe_for(wine, epochs=1)), bar=False)
    expected = wine.data[run.rows.train].mean(axis=0)
    (mean,) = (value for name, value in run.model.state.items() if name == "normalization_1.mean")
    np.testing.assert_allclose(mean, expected, rtol=1e-5)


def test_json_is_all_of_stdout(train):
    printed = train("spiral --epochs 1 --json --no-compare")
    assert json.loads(printed.out) == json.loads(Path("glassnet-spiral/report.json").read_text())
    assert "held-out rows" in printed.err


def test_compiled_training(train):
    folder, compiled = Path("glassnet-iris"), "train_compiled.py"
    printed = train("iris --epochs 2 --hidden 4 --no-compare --backend numba")
    assert "\nBackend numba: asked for.\n" in printed.out
    assert f"  {compiled}       the compiled program that trained\n" in printed.out
    assert files_in(folder) == sorted([*FILES, compiled])
    report = json.loads((folder / "report.json").read_text())
    assert report["backend"] == {"name": "numba", "why": "asked for"}
    assert "from numba import njit" in (folder / compiled).read_text()
    for name in ("train_step.py", "predict.py"):
        assert "numba" not in (folder / name).read_text()

    train("iris --epochs 2 --hidden 4 --no-compare --quiet --backend numpy")
    assert files_in(folder) == FILES  # the compiled program was another run's


def test_backend_is_chosen_by_an_estimate(train):
    printed = train("iris --epochs 2 --no-compare")
    assert re.search(r"\nBackend numpy: about \S+ s of NumPy, less than compiling pays for\.\n", printed.out)


def test_quiet(train):
    assert tuple(train("iris --epochs 1 --quiet")) == ("", "")
    assert files_in("glassnet-iris") == FILES


def test_without_comparison(train):
    printed = train("iris --epochs 1 --no-compare")
    assert "scikit-learn" not in printed.out
    assert "commonest class" in printed.out


def test_output_folder_and_second_run(train):
    train("iris --epochs 1 --no-compare --quiet --output a/b")
    first = Path("a/b/report.json").read_text()
    train("iris --epochs 2 --no-compare --quiet --output a/b")
    assert files_in("a/b") == FILES
    assert Path("a/b/report.json").read_text() != first


def test_same_seed_same_scores(train):
    reports = [json.loads(train("iris --epochs 3 --json --no-compare --seed 5").out) for _ in range(2)]
    for report in reports:
        del report["seconds"]
    assert reports[0] == reports[1]


def test_without_matplotlib(train, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    printed = train("iris --epochs 1 --no-compare")
    assert 'No run.png: matplotlib is not installed (pip install "glassnet[plot]").' in printed.out
    assert files_in("glassnet-iris") == [name for name in FILES if name != "run.png"]
    assert "run.png" not in json.loads(Path("glassnet-iris/report.json").read_text())["files"]


@pytest.mark.parametrize(
    "options",
    [
        "--hidden none",
        "--activation tanh --no-batch-norm",
        "--optimizer nesterov --learning-rate 0.05 --l2 0.01",
        "--optimizer sgd --dropout 0.5 --batch-size 1000",
        "--batch-size 7 --hidden 5,4,3",
    ],
)
def test_options_learn(train, options):
    report = json.loads(train(f"iris --json --no-compare --epochs 30 {options}").out)
    assert report["history"]["loss"][-1] < report["history"]["loss"][0]


def test_default_network_on_digits():
    dataset = datasets.load("digits")
    run = fit(prepare(dataset, recipe_for(dataset)), bar=False)
    assert score(dataset, run.truth, run.prediction)["accuracy"] >= 0.97
    assert run.epochs < run.recipe.epochs


def test_default_network_on_the_spiral():
    dataset = datasets.load("spiral")
    run = fit(prepare(dataset, recipe_for(dataset)), bar=False)
    assert score(dataset, run.truth, run.prediction)["accuracy"] >= 0.93


@pytest.mark.campaign
@pytest.mark.peers
@pytest.mark.parametrize("name", datasets.names())
def test_not_worse_than_the_peer(name):
    """Over ten splits that no default was chosen on, the mean difference is not below its 95 % interval."""
    dataset = datasets.load(name)
    kind = "accuracy" if dataset.classes else "r2"
    differences = []
    for seed in range(200, 210):
        run = fit(prepare(dataset, recipe_for(dataset, seed=seed)), bar=False)
        ours = score(dataset, run.truth, run.prediction)[kind]
        differences.append(ours - peer(dataset, split(dataset, seed), seed)[kind])
    half_interval = 2.262 * np.std(differences, ddof=1) / np.sqrt(10)  # Student's t, 9 degrees of freedom
    assert np.mean(differences) >= -half_interval
