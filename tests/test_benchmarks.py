"""The benchmarks' table and arithmetic; nothing is timed here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


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
            assert re.search(rf"^def {name}\(\)", text, re.MULTILINE), peer.function


def test_every_row_is_explained_and_names_are_unique(table):
    names = [row.name for row in table.ROWS]
    assert len(set(names)) == len(names)
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in readme] == []


def result(table, goal, missing=False):
    peers = [table.Peer("ours", "m:f"), table.Peer("theirs", "m:g")]
    peers += [table.Peer("third", "m:h", needs=("no_such_module",))] if missing else []
    row = table.Row("row", "A row", "ms", peers, goal)
    return table.Result(row, {"ours": [1.0, 2.0, 9.0], "theirs": [3.0, 4.0, 9.0]}, {"ours": {}, "theirs": {}})


def test_ratios_are_taken_round_by_round(table):
    found = result(table, None)
    assert found.median("ours") == 2.0
    assert found.ratios("theirs") == [3.0, 2.0, 1.0]
    assert found.ratio("theirs") == 2.0
    assert found.reached is None


@pytest.mark.parametrize(
    "goal, reached",
    [
        (lambda t: t.times_faster(2, "theirs"), True),
        (lambda t: t.times_faster(2.1, "theirs"), False),
        (lambda t: t.below(4.1, "ms"), True),
        (lambda t: t.below(4, "ms"), False),
        (lambda t: t.more_than_first(2.1, "ms", "theirs"), True),
        (lambda t: t.more_than_first(2, "ms", "theirs"), False),
    ],
)
def test_goals(table, goal, reached):
    assert result(table, goal(table)).reached is reached


def test_a_peer_that_is_not_installed_is_named(table):
    from benchmarks.measure import as_json, lines

    found = result(table, table.below(100, "ms"), missing=True)
    assert list(lines(found)) == [
        "A row [ms]",
        "  ours          2.0   (1.0 to 9.0)",
        "  theirs        4.0   (3.0 to 9.0)   x 2.00  (1.00 to 3.00)",
        "  third   left out: no_such_module not installed",
        "  goal: under 100 ms: not decided",
    ]
    content = json.loads(as_json(found, threads=1))
    assert content["left_out"] == {"third": ["no_such_module"]}
    assert content["peers"]["theirs"]["ratio"] == 2.0
    assert content["machine"]["versions"]["numpy"]
