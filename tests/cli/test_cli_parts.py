"""The parts of `glassnet train`, one by one."""

from __future__ import annotations

import errno
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli import elsewhere
from glassnet.cli.mistakes import Failure
from glassnet.cli.networks import FEW, LARGE, MEDIUM, SMALL, estimator_of, recipe_for
from glassnet.cli.outputs import output_folder, write
from glassnet.cli.pictures import mosaic
from glassnet.cli.problems import find
from glassnet.cli.report import margin
from glassnet.cli.scores import baseline, score
from glassnet.cli.splits import split


def problem(name):
    return find(name, None, None)


@pytest.mark.parametrize(
    "name, sizes",
    [
        ("digits", (1077, 360, 360)),
        ("iris", (90, 30, 30)),
        ("wine", (106, 36, 36)),
        ("breast_cancer", (341, 114, 114)),
        ("diabetes", (264, 89, 89)),
        ("spiral", (180, 60, 60)),
    ],
)
def test_split(name, sizes):
    dataset = problem(name)
    rows = split(dataset, seed=0)
    parts = (rows.train, rows.validation, rows.held_out)
    assert tuple(map(len, parts)) == sizes
    assert sorted(np.concatenate(parts)) == list(range(dataset.rows))
    if dataset.classes:
        shares = [np.bincount(dataset.target[part], minlength=dataset.classes) / len(part) for part in parts]
        assert np.abs(np.array(shares) - shares[0]).max() < 0.5 / math.sqrt(min(sizes))


def test_split_follows_the_seed():
    iris = problem("iris")
    assert split(iris, 1).held_out.tolist() == split(iris, 1).held_out.tolist()
    assert split(iris, 1).held_out.tolist() != split(iris, 2).held_out.tolist()


def test_classification_scores_by_hand():
    dataset = problem("iris")
    probabilities = np.array([[0.5, 0.25, 0.25], [0.5, 0.4, 0.1], [0.2, 0.6, 0.2]])
    scores = score(dataset, np.array([0, 1, 1]), probabilities)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["log_loss"] == pytest.approx(-(math.log(0.5) + math.log(0.4) + math.log(0.6)) / 3)
    assert scores["macro_f1"] == pytest.approx(2 / 3)


def test_regression_scores_by_hand():
    dataset = problem("diabetes")
    scores = score(dataset, np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]))
    assert scores == pytest.approx({"r2": 1 - 4 / 2, "rmse": math.sqrt(4 / 3), "mae": 2 / 3})


def test_baseline_is_the_commonest_class_of_the_training_rows():
    dataset = problem("breast_cancer")
    rows = split(dataset, seed=0)
    assert dataset.class_names == ["benign", "malignant"]
    malignant = dataset.target[rows.train].mean()
    truth = dataset.target[rows.held_out]
    scores = baseline(dataset, rows)
    assert scores["accuracy"] == 1 - truth.mean()
    expected = -np.where(truth == 1, math.log(malignant), math.log(1 - malignant)).mean()
    assert scores["log_loss"] == pytest.approx(expected)


def test_baseline_is_the_mean_of_the_training_rows():
    dataset = problem("diabetes")
    rows = split(dataset, seed=0)
    error = dataset.target[rows.held_out] - dataset.target[rows.train].mean()
    assert baseline(dataset, rows)["mae"] == pytest.approx(np.abs(error).mean())


def test_recipe_follows_rows_and_task():
    assert recipe_for(problem("digits"), epochs=None, seed=0) == MEDIUM
    assert recipe_for(problem("iris")) == FEW
    assert recipe_for(problem("breast_cancer")) == recipe_for(problem("diabetes")) == SMALL
    assert recipe_for(replace(problem("iris"), labels=None)) == replace(FEW, dropout=0.5)


@pytest.mark.parametrize("rows, epochs", [(5000, 40), (100_000, 21), (10_000_000, 1)])
def test_a_large_table_is_seen_fewer_times(rows, epochs):
    iris = problem("iris")
    table = iris.table.take(np.zeros(rows, int))
    assert recipe_for(replace(iris, table=table)) == replace(LARGE, epochs=epochs)


def test_recipe_puts_given_settings_over_defaults():
    iris = problem("iris")
    recipe = recipe_for(iris, hidden=(), optimizer="sgd", batch_norm=False)
    assert (recipe.hidden, recipe.learning_rate, recipe.batch_norm) == ((), 0.1, False)
    assert recipe_for(iris, optimizer="sgd", learning_rate=3.0).learning_rate == 3.0
    assert recipe_for(problem("diabetes"), dropout=0.0).dropout == 0.0


@pytest.mark.parametrize("classes, shares", [(True, [0.5, 0.5]), (False, [0.5, 0.0])])
def test_no_dropout_right_before_a_number(classes, shares):
    assert estimator_of(SMALL, classes, rows=100).dropout == shares
    assert estimator_of(replace(SMALL, hidden=()), classes, rows=100).dropout == []


@pytest.mark.parametrize("rows, size, alpha", [(1000, 32, 0.064), (10, 10, 0.02)])
def test_the_penalty_is_the_one_per_batch(rows, size, alpha):
    estimator = estimator_of(replace(SMALL, l2=0.001), True, rows)
    assert (estimator.batch_size, estimator.alpha) == (size, pytest.approx(alpha))


def test_the_rate_falls_over_all_steps():
    schedule = estimator_of(replace(SMALL, learning_rate=0.001, epochs=10), True, rows=65).learning_rate
    assert (schedule.initial_learning_rate, schedule.decay_steps) == (0.001, 10 * 3)


@pytest.mark.parametrize("wanted, cores", [(True, 2), (True, 1), (False, 2)])
def test_work_elsewhere_has_the_same_answer(monkeypatch, wanted, cores):
    monkeypatch.setattr(elsewhere, "cores", lambda: cores)
    with elsewhere.started(wanted, math.hypot, 3.0, 4.0) as answer:
        assert answer() == 5.0


def test_work_that_fails_elsewhere_fails_here(monkeypatch):
    monkeypatch.setattr(elsewhere, "cores", lambda: 2)
    with (
        pytest.raises(ValueError, match="invalid literal"),
        elsewhere.started(True, int, "five") as answer,
    ):
        answer()


def test_work_nobody_asks_for_is_ended(monkeypatch):
    monkeypatch.setattr(elsewhere, "cores", lambda: 2)
    start = time.perf_counter()
    with elsewhere.started(True, time.sleep, 600):
        pass
    assert time.perf_counter() - start < 60


def test_margin_is_the_interval_of_agresti_and_coull():
    assert margin(0.5, 96) == pytest.approx(1.96 * 0.05)
    assert margin(1.0, 30) == pytest.approx(1.96 * math.sqrt((32 / 34) * (2 / 34) / 34))


def test_mosaic():
    images = np.stack([np.full((2, 3), value) for value in (*range(9), -4.0)])
    grid = mosaic(images)
    assert grid.shape == (2 * 3 - 1, 8 * 4 - 1)
    assert grid[0, 0] == 0
    assert grid[1, 4] == 1
    assert grid[3, 0] == 1
    assert grid[4, 6] == -1
    assert np.isnan(grid[2]).all()
    assert np.isnan(grid[:, 3]).all()
    assert np.isnan(grid[3:, 8:]).all()


def test_write_replaces(tmp_path):
    for content in ("first", b"second"):
        write(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    write(tmp_path / "file", "old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Failure) as caught:
        write(tmp_path / "file", "new")
    assert caught.value.message == f"{tmp_path / 'file'} could not be written (No space left on device)."
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def failing_run(path: Path, file: str | None):
    with output_folder(path) as folder:
        if file:
            (folder / file).touch()
        raise ValueError("the run failed")


@pytest.mark.parametrize("file, remains", [(None, False), ("kept", True)])
def test_an_empty_new_folder_goes_away(tmp_path, file, remains):
    with pytest.raises(ValueError, match="the run failed"):
        failing_run(tmp_path / "new", file)
    assert (tmp_path / "new").exists() is remains


def test_an_old_folder_stays(tmp_path):
    with pytest.raises(ValueError, match="the run failed"):
        failing_run(tmp_path, None)
    assert tmp_path.exists()
