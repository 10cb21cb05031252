"""The table of Keras's arguments: each of them has a word, and what the words name exists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import glassnet as gn

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    import keras_table

    return keras_table


@pytest.fixture
def notes(table):
    return table.keras_notes


def texts(notes):
    yield from notes.ARGUMENTS.values()
    yield from notes.DEFAULTS.values()
    for entries in notes.MISSING.values():
        yield from (text for _, text in entries)


def test_every_argument_that_differs_has_a_word(table):
    silent = [
        f"{group}.{row.name}.{argument}"
        for group in table.TITLES
        for row in table.rows(group)
        for argument, text in row.others
        if not text
    ]
    assert silent == []


def test_every_default_that_differs_says_what_that_means(table, notes):
    differing = [
        place
        for group in table.TITLES
        for row in table.rows(group)
        for argument, _ in row.others
        if argument in table.arguments(table.ours(group, row.name))
        and table.noted(notes.DEFAULTS, place := f"{group}.{row.name}.{argument}") is None
    ]
    assert differing == []


def test_every_missing_name_has_a_word(table):
    assert [group for group in table.TITLES if "" in table.missing(group)] == []


def test_no_note_is_left_over(table, notes):
    facts = table.FACTS
    places = [
        f"{group}.{name}.{argument}"
        for group in table.TITLES
        for name in facts[group]
        if table.ours(group, name)
        for argument in facts[group][name]
    ]
    own = {place: place.rpartition(".")[2] for place in places}
    for place in places:
        group, _, rest = place.partition(".")
        own[place] = own[place] in table.arguments(table.ours(group, rest.rpartition(".")[0]))
    for patterns, here in ((notes.ARGUMENTS, False), (notes.DEFAULTS, True)):
        used = {
            next((p for p in patterns if table.fnmatch.fnmatchcase(place, p)), None)
            for place in places
            if own[place] is here
        }
        assert sorted(set(patterns) - used) == []
    for group, entries in notes.MISSING.items():
        absent = [name for found in table.missing(group).values() for name in found]
        for pattern in " ".join(patterns for patterns, _ in entries).split():
            assert table.fnmatch.filter(absent, pattern), f"{group}: {pattern}"


def test_what_the_notes_name_exists(notes):
    named = [match for text in texts(notes) for match in re.findall(r"``gn\.([\w.]+)(?:\((\w+)=\))?``", text)]
    assert len(named) > 60
    for path, argument in named:
        found = gn
        for part in path.split("."):
            if part == "layers" and found is gn.Model:
                found = gn.Sequential([])
            found = getattr(found, part)
        assert not argument or argument in inspect.signature(found).parameters, f"{path}({argument}=)"


def test_scorers_that_the_notes_name_exist(notes):
    names = [name for text in texts(notes) for name in re.findall(r'``"(\w+)"``', text)]
    assert {"roc_auc", "f1_macro"} <= set(names)
    for name in names:
        assert gn.metrics.get(name).name == name


def test_the_page(table):
    page = table.as_rst()
    assert page.count(".. list-table::") == len(table.TITLES) + len(table.keras_notes.MISSING)
    for group in table.TITLES:
        section = "\n".join(table.section(group))
        assert section in page
        lines = {line.split("``")[1]: line for line in section.split("   * - ")[1:] if line[:2] == "``"}
        for name, arguments in table.FACTS[group].items():
            assert f"``{name}``" in section
            if table.ours(group, name):
                assert [a for a in arguments if f"``{a}``" not in lines[name]] == [], name
