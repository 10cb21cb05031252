"""`glassnet train`: what it reports, what it writes, and that its default network is a good one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet import datasets
from glassnet.cli import main
from glassnet.cli.networks import recipe_for
from glassnet.cli.problems import find
from glassnet.cli.scores import network, score
from glassnet.cli.splits import split
from glassnet.cli.training import fit, prepare

PEERS = ["scikit-learn MLP", "HistGradientBoosting"]
FILES = ["model.safetensors", "predict.py", "report.json", "run.png", "train_step.py"]


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
        ("spiral", "on 60 held-out rows    accuracy   log loss   macro F1\n", "commonest class"),
        ("wine", "on 36 held-out rows    accuracy   log loss   macro F1\n", "commonest class"),
        ("diabetes", "on 89 held-out rows          R²       RMSE        MAE\n", "mean"),
    ],
)
def test_report_and_files(train, name, heading, guess):
    printed = train(f"{name} --epochs 2")
    folder = Path(f"glassnet-{name}")
    assert printed.err == ""
    assert heading in printed.out
    for line in ("\nglassnet ", f"\n{guess} ", *(f"\n{peer} " for peer in PEERS), f"Written to {folder}:"):
        assert line in printed.out
    assert files_in(folder) == FILES
    report = json.loads((folder / "report.json").read_text())
    assert list(report["held_out"]) == ["glassnet", guess, *PEERS]
    assert report["epochs"] == len(report["history"]["val_loss"]) == 2
    measure = "val_mean_squared_error" if name == "diabetes" else "val_softmax_cross_entropy"
    assert report["best_epoch"] == 1 + int(np.argmin(report["history"][measure]))
    assert sorted(report["files"]) == FILES
    assert (folder / "run.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "def train_step(" in (folder / "train_step.py").read_text()
    assert "def predict(" in (folder / "predict.py").read_text()


def test_introduction(train):
    printed = train("iris --epochs 1 --no-compare --hidden 8 --dropout 0 --l2 0 --seed 3")
    assert printed.out.splitlines()[:9] == [
        "data      iris: iris flowers, petals and sepals measured in cm",
        "          150 rows, 4 columns to predict from",
        "target    class: classification",
        "          3 classes: setosa 33%, versicolor 33%, virginica 33%",
        "columns   4 × number",
        "split     90 rows to learn from, 30 to stop by,",
        "          30 held out for the scores below (seed 3, stratified)",
        "network   4 → 8 → 3, relu, batch norm",
        "training  adam at 0.003, falling to 0 as a cosine, batches of 32,",
    ]


def held_out(name, seed=0):
    problem = find(name, None, None)
    return problem.part(split(problem, seed).held_out)


def test_the_model_file_is_the_network_of_the_report(train):
    train("iris --epochs 5 --no-compare --quiet")
    model = gn.load("glassnet-iris/model.safetensors")
    table, truth = held_out("iris")
    report = json.loads(Path("glassnet-iris/report.json").read_text())
    assert (model.predict(table) == truth).mean() == report["held_out"]["glassnet"]["accuracy"]
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.target_name_ == "class"
    assert model.feature_names_in_.tolist() == list(datasets.load("iris").feature_names)
    run = fit(prepare(find("iris", None, None), recipe_for(find("iris", None, None), epochs=5)), bar=False)
    for name, array in run.model.parameters.items():
        np.testing.assert_array_equal(model.model_.parameters[name], array, err_msg=name)


def test_written_program_predicts_with_the_models_arrays(train):
    train("iris --epochs 5 --no-compare --quiet")
    model = gn.load("glassnet-iris/model.safetensors")
    program = {}
    exec(Path("glassnet-iris/predict.py").read_text(), program)
    table, _ = held_out("iris")
    encoded = model.encoder_.transform(table)
    network = model.model_
    scores = program["predict"](encoded, parameters=network.parameters, state=network.state)
    np.testing.assert_array_equal(model.classes_[scores.argmax(axis=1)], model.predict(table))


def test_statistics_come_from_the_training_rows():
    wine = find("wine", None, None)
    run = fit(prepare(wine, recipe_for(wine, epochs=1)), bar=False)
    low, center, high = np.quantile(wine.table.columns[0].values[run.rows.train], (0.25, 0.5, 0.75))
    for encoder in (run.encoder, run.estimator.encoder_):
        found = encoder.treatments_[0]
        assert (found.center, found.scale) == (center, pytest.approx(1 / (high - low)))


def test_json_is_all_of_stdout(train):
    printed = train("spiral --epochs 1 --json --no-compare")
    assert json.loads(printed.out) == json.loads(Path("glassnet-spiral/report.json").read_text())
    assert "held-out rows" in printed.err


def test_compiled_training(train):
    folder, compiled = Path("glassnet-iris"), "train_compiled.py"
    printed = train("iris --epochs 2 --hidden 4 --no-compare --backend numba")
    assert "\nBackend numba: asked for.\n" in printed.out
    assert f"  {compiled}  the compiled program that trained\n" in printed.out
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


def test_data_sets_need_no_pyarrow(train, monkeypatch):
    def missing(where):
        raise ImportError("pyarrow")

    monkeypatch.setattr("glassnet.optional.pyarrow", missing)
    assert json.loads(train("iris --json --quiet --no-compare --epochs 1").out)["epochs"] == 1


@pytest.mark.parametrize("name, least", [("digits", 0.98), ("spiral", 0.93)])
def test_default_network(name, least):
    problem = find(name, None, None)
    run = fit(prepare(problem, recipe_for(problem)), bar=False)
    assert score(problem, run.truth, run.prediction)["accuracy"] >= least


@pytest.mark.campaign
@pytest.mark.peers
@pytest.mark.parametrize("name", datasets.names())
def test_not_worse_than_the_peer(name):
    """Over ten splits that no default was chosen on, the mean difference is not below its 95 % interval."""
    problem = find(name, None, None)
    kind = "accuracy" if problem.classes else "r2"
    differences = []
    for seed in range(200, 210):
        run = fit(prepare(problem, recipe_for(problem, seed=seed)), bar=False)
        ours = score(problem, run.truth, run.prediction)[kind]
        differences.append(ours - network(problem, split(problem, seed), seed)[kind])
    half_interval = 2.262 * np.std(differences, ddof=1) / np.sqrt(10)  # Student's t, 9 degrees of freedom
    assert np.mean(differences) >= -half_interval
