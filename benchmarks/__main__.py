"""``python -m benchmarks``: run the rows of the table, print them, write results/*.json."""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path

from benchmarks.measure import FailedError, measure
from benchmarks.networks import write_tasks
from benchmarks.reports import content, lines, write_readme
from benchmarks.table import ROWS

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def arguments() -> argparse.Namespace:
    """What the user asks for."""
    known = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for figures to quote")
    parser.add_argument("--threads", type=int, help="of every peer; by default each library decides")
    parser.add_argument("--data", metavar="FOLDER", help="with MNIST's four idx files, for whole_mnist")
    parser.add_argument(
        "--only", nargs="+", metavar="TEXT", help="peers with this in the name; nothing is written"
    )
    parser.add_argument("--readme", action="store_true", help="measure nothing; put results/ into the README")
    given = parser.parse_args()
    given.rows = given.rows or known
    unknown = sorted(set(given.rows) - set(known))
    if unknown or given.rounds < 1:
        parser.error(f"unknown rows {unknown}, or fewer than 1 round")
    return given


def run(given: argparse.Namespace) -> None:
    """Measure, print, write."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_tasks(Path(folder), given.data)
        for row in (row for row in ROWS if row.name in given.rows):
            if row.name == "whole_mnist" and given.data is None:
                print("whole_mnist: left out, for want of --data FOLDER", end="\n\n")
                continue
            if given.only:
                peers = [peer for peer in row.peers if any(text in peer.name for text in given.only)]
                row = dataclasses.replace(row, peers=tuple(peers))
            found = content(measure(row, given.rounds, given.threads, Path(folder)), given.threads)
            print("\n".join(lines(found)), end="\n\n", flush=True)
            if not given.only:
                text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
                (RESULTS / f"{row.name}.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Measure, or fill the README."""
    given = arguments()
    if given.readme:
        files = [RESULTS / f"{row.name}.json" for row in ROWS]
        write_readme(HERE / "README.md", [path for path in files if path.exists()])
    else:
        run(given)


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        raise SystemExit(str(error)) from None
