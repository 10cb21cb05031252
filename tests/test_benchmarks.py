"""The benchmarks' table and arithmetic; nothing is timed here."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PEERS = sorted(path.stem for path in (BENCHMARKS / "peers").glob("[a-z]*.py"))


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS.parent)
    from benchmarks import table

    return table


def test_every_peer_of_the_table_is_a_function(table):
    for row in table.ROWS:
        for peer in row.peers:
            module, name = re.fullmatch(r"benchmarks\.(\w+):(\w+)", peer.function).groups()
            text = (BENCHMARKS / f"{module}.py").read_text(encoding="utf-8")
            assert re.search(rf"^def {name}\(", text, re.MULTILINE), peer.function


def test_peers_measured_by_the_common_functions_have_a_file_each(table):
    common = ("steps", "fits", "predictions", "memory")
    used = {
        peer.arguments[0]
        for row in table.ROWS
        for peer in row.peers
        if peer.function.startswith(tuple(f"benchmarks.{module}:" for module in common))
    }
    assert sorted(used) == PEERS


@pytest.mark.parametrize("name", ["ours", "scikit", "by_hand"])
def test_what_peers_offer(table, name):
    text = (BENCHMARKS / "peers" / f"{name}.py").read_text(encoding="utf-8")
    for signature in ("trainer(network: Network, X: np.ndarray, y: np.ndarray, variant: str)", "predictor("):
        assert f"def {signature}" in text


def test_every_row_is_explained_and_names_are_unique(table):
    names = [row.name for row in table.ROWS]
    assert len(set(names)) == len(names)
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_goals_name_peers_of_their_row(table):
    for row in table.ROWS:
        names = {peer.name for peer in row.peers}
        assert len(names) == len(row.peers), row.name
        assert {name for goal in row.goals for name in (goal.peer, *goal.beside)} <= names, row.name


def result(table, goals=(), missing=False):
    peers = [table.Peer("ours", "m:f"), table.Peer("theirs", "m:g")]
    row = table.Row("row", "A row", "ms", tuple(peers), tuple(goals))
    left_out = {"third": "no_such_module not installed"} if missing else {}
    values = {"ours": [1.0, 2.0, 9.0], "theirs": [3.0, 4.0, 9.0]}
    return table.Result(row, values, {"ours": {}, "theirs": {"threads": 2}}, left_out)


def test_ratios_are_taken_round_by_round(table):
    found = result(table)
    assert found.median("ours") == 2.0
    assert found.ratios("theirs") == [3.0, 2.0, 1.0]
    assert found.ratio("theirs") == 2.0
    assert found.ratio("ours", "theirs") == 0.5


@pytest.mark.parametrize(
    "goal, reached",
    [
        (lambda t: t.times_faster(2, "theirs", "ours"), True),
        (lambda t: t.times_faster(2.1, "theirs", "ours"), False),
        (lambda t: t.below(4.1, "ms", "theirs")[0], True),
        (lambda t: t.below(3.9, "ms", "theirs")[0], False),
        (lambda t: t.more_than(2, "ms", "theirs", "ours"), True),
        (lambda t: t.more_than(1.9, "ms", "theirs", "ours"), False),
        (lambda t: t.times_faster(2, "theirs", "third"), None),
        (lambda t: t.below(4, "ms", "third")[0], None),
    ],
)
def test_goals(table, goal, reached):
    assert result(table).reached(goal(table)) is reached


def test_the_table_names_who_was_left_out(table):
    from benchmarks.reports import content, lines, markdown

    goals = [*table.below(100, "ms", "theirs"), *table.below(1, "ms", "third")]
    found = content(result(table, goals, missing=True), None)
    assert list(lines(found)) == [
        "A row [ms]",
        "          median  smallest to largest  times the first        goal                       remarks",
        "  ours      2.00  1.00 to 9.00",
        "  theirs    4.00  3.00 to 9.00         x 2.00 (1.00 to 3.00)  at most 100 ms: reached    threads 2",
        f"  third        -{' ' * 46}at most 1 ms: not decided  left out: no_such_module not installed",
    ]
    assert list(markdown(found))[4:6] == [
        "| ours | 2.00 | 1.00 to 9.00 |  |  |  |",
        "| theirs | 4.00 | 3.00 to 9.00 | x 2.00 (1.00 to 3.00) | at most 100 ms: reached | threads 2 |",
    ]
    assert found["peers"]["theirs"]["ratio"] == 2.0
    assert found["machine"]["versions"]["numpy"]
    json.dumps(found)


@pytest.mark.parametrize(
    "value, text",
    [(0.0, "0"), (0.1234, "0.123"), (1.0, "1.00"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12346")],
)
def test_numbers_have_three_digits(table, value, text):
    from benchmarks.reports import number

    assert number(value) == text


def test_the_readme_takes_results_between_its_marks(table, tmp_path):
    from benchmarks.reports import BEGIN, END, content, write_readme

    (tmp_path / "row.json").write_text(json.dumps(content(result(table), 1)), encoding="utf-8")
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_readme(readme, [tmp_path / "row.json"])
    written = readme.read_text(encoding="utf-8")
    assert written.startswith(f"before\n{BEGIN}\n\nMeasured on ")
    assert written.endswith(f"\n{END}\nafter\n")
    assert "old" not in written
    assert "| theirs | 4.00 |" in written
    write_readme(readme, [tmp_path / "row.json"])
    assert readme.read_text(encoding="utf-8") == written


def test_the_shapes_of_networks(table):
    from benchmarks.networks import NETWORKS, data, orders, scores, weights

    network = NETWORKS["4_16_16_3"]
    X, y = data(network)
    assert (X.shape, y.shape, X.dtype) == ((150, 4), (150,), np.float32)
    assert scores(weights(network), X).shape == (150, 3)
    order = orders(network, 150)
    assert order.shape == (8, 9, 16)
    assert len(set(order[0].ravel().tolist())) == 144
    assert network.gigaflops == pytest.approx(2e-9 * 16 * (3 * (4 * 16 + 16 * 16 + 16 * 3) - 4 * 16))
    parameters = 4 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3
    expected = 150 * (16 + 8) + 12 * parameters + 4 * 16 * (4 + 16 + 16 + 3)
    assert network.memory_limit * 2**20 == pytest.approx(expected)


def test_time_per_epoch_is_a_difference(table, monkeypatch):
    from benchmarks import timing

    monkeypatch.setattr(timing, "seconds", lambda fit, epochs: 5.0 + 0.01 * epochs)
    called = []
    assert timing.seconds_per_epoch(called.append) == pytest.approx(0.01)
    assert called == [1]


def test_predictions_may_be_scores_or_probabilities(table):
    from benchmarks.predictions import require_same

    scores = np.array([[0.0, np.log(3.0)]])
    require_same(scores, scores)
    require_same(np.array([[0.25, 0.75]]), scores)
    with pytest.raises(AssertionError):
        require_same(np.array([[0.5, 0.5]]), scores)
    with pytest.raises(AssertionError):
        require_same(scores + 0.1, scores)


def test_functions_of_the_worker_take_text(table):
    import benchmarks.fits
    import benchmarks.memory

    for function in (benchmarks.fits.whole, benchmarks.fits.warm, benchmarks.memory.mebibytes):
        assert {p.annotation for p in inspect.signature(function).parameters.values()} == {"str"}
