"""``python -m benchmarks``: run the rows of the table, print them, write results/*.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.measure import as_json, lines, measure
from benchmarks.table import ROWS

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Read the arguments, measure, report."""
    known = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for figures to quote")
    parser.add_argument("--threads", type=int, default=1, help="of the linear algebra, for every peer")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.rows) - set(known))
    if unknown or arguments.rounds < 1:
        parser.error(f"unknown rows {unknown}, or fewer than 1 round")
    RESULTS.mkdir(exist_ok=True)
    for row in ROWS:
        if row.name in (arguments.rows or known):
            result = measure(row, arguments.rounds, arguments.threads)
            print("\n".join(lines(result)), end="\n\n", flush=True)
            path = RESULTS / f"{row.name}.json"
            path.write_text(as_json(result, arguments.threads), encoding="utf-8")


if __name__ == "__main__":
    main()
