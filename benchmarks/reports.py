"""Results as JSON, as a table in the terminal, and as tables in the README."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import machine, sentence
from benchmarks.measure import Result

VERDICTS = {True: "reached", False: "NOT REACHED", None: "not decided"}
BEGIN, END = "<!-- results: written by python -m benchmarks --readme -->", "<!-- end of results -->"
HEADINGS = ["", "median", "smallest to largest", "times the first", "goal", "remarks"]


def content(result: Result, threads: int | None) -> dict[str, Any]:
    """A row with the machine and the versions, ready for JSON."""
    row = result.row
    compared = row.peers[0].name in result.values
    return {
        "title": row.title,
        "unit": row.unit,
        "date": time.strftime("%Y-%m-%d"),
        "peers": {
            name: {
                "median": result.median(name),
                "values": values,
                **({"ratio": result.ratio(name), "ratios": result.ratios(name)} if compared else {}),
                "remarks": result.remarks[name],
            }
            for name, values in result.values.items()
        },
        "left_out": result.left_out,
        "goals": [
            {"peer": goal.peer, "text": goal.text, "reached": result.reached(goal)} for goal in row.goals
        ],
        "machine": {**machine(), "threads": threads or "each library's default"},
    }


def number(value: float) -> str:
    """Three digits or more."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{min(max(digits, 0), 6)}f}"


def cells(found: dict[str, Any]) -> Iterator[list[str]]:
    """A line of the table for each peer."""
    goals = {name: verdicts(found, name) for name in (*found["peers"], *found["left_out"])}
    for i, (name, peer) in enumerate(found["peers"].items()):
        ratio = ""
        if i and "ratio" in peer:
            low, high = min(peer["ratios"]), max(peer["ratios"])
            ratio = f"x {number(peer['ratio'])} ({number(low)} to {number(high)})"
        spread = f"{number(min(peer['values']))} to {number(max(peer['values']))}"
        remarks = ", ".join(f"{key} {value}" for key, value in peer["remarks"].items())
        yield [name, number(peer["median"]), spread, ratio, goals[name], remarks]
    for name, why in found["left_out"].items():
        yield [name, "-", "", "", goals[name], f"left out: {why}"]


def verdicts(found: dict[str, Any], peer: str) -> str:
    """The goals on this peer's line."""
    texts = [f"{g['text']}: {VERDICTS[g['reached']]}" for g in found["goals"] if g["peer"] == peer]
    return "; ".join(texts)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """A row as a table in the terminal."""
    table = [HEADINGS, *cells(found)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    yield f"{found['title']} [{found['unit']}]"
    for row in table:
        padded = [
            cell.rjust(width) if i == 1 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(padded)).rstrip()


def markdown(found: dict[str, Any]) -> Iterator[str]:
    """The same in Markdown."""
    yield from (f"**{found['title']}** [{found['unit']}]", "")
    yield from (f"| {' | '.join(HEADINGS)} |", "|---|---:|---|---|---|---|")
    yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in cells(found))
    yield ""


def write_readme(readme: Path, files: list[Path]) -> None:
    """Put the results between the two marks."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    machines: dict[str, list[str]] = {}
    for row in found:
        machines.setdefault(f"Measured on {row['date']}: {sentence(row['machine'])}.", []).append(
            row["title"]
        )
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    origin = [
        line if len(machines) == 1 else f"{line} ({'; '.join(titles)})" for line, titles in machines.items()
    ]
    tables = [line for row in found for line in markdown(row)]
    written = "\n".join([BEGIN, "", *(line + "\n" for line in origin), *tables, END])
    readme.write_text(before + written + after, encoding="utf-8")
