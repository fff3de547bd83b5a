"""`python -m benchmarks`: measure, print, and end with 1 where a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.asked_insights import ASKED
from benchmarks.lines import TARGETS, Business, measure, verdicts
from benchmarks.report import as_json, table


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, side by side, in one go.")
    parser.add_argument("--orders", type=int, default=10_000_000, help="orders, and order lines (default 10_000_000)")
    parser.add_argument("--customers", type=int, default=1_000_000, help="customers (default 1_000_000)")
    parser.add_argument("--days", type=int, default=365, help="days of the line history (default 365)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", default=",".join(TARGETS), help=f"some of {','.join(TARGETS)}")
    parser.add_argument("--insights", default=",".join(ASKED), help="of the line insights, only these")
    parser.add_argument("--runs", type=int, default=3, help="turns of each thing (default 3)")
    parser.add_argument("--folder", type=Path, help="keep the data there and take it again (default: a temporary one)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout in place of the table")
    found = parser.parse_args(given)
    found.lines = found.lines.split(",")
    unknown = [line for line in found.lines if line not in TARGETS]
    if unknown:
        parser.error(f"unknown lines {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    found.insights = tuple(found.insights.split(","))
    if others := [name for name in found.insights if name not in ASKED]:
        parser.error(f"unknown insights {', '.join(others)}; there are {', '.join(ASKED)}")
    if not 1 <= found.customers <= found.orders:
        parser.error("customers must be 1 to the number of orders")
    if found.days < 20:
        parser.error("history needs 20 days or more")
    if found.runs < 1:
        parser.error("runs must be at least 1")
    return found


def main(given: list[str] | None = None) -> int:
    """0 where every target is met, else 1."""
    wanted = _arguments(given)
    if wanted.folder is None:
        with tempfile.TemporaryDirectory(prefix="tierwise-bench-") as folder:
            return _go(wanted, Path(folder))
    return _go(wanted, wanted.folder.absolute())


def _go(wanted: argparse.Namespace, root: Path) -> int:
    folder = root / f"{wanted.orders}-orders-{wanted.customers}-customers-seed-{wanted.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    business = Business(folder, wanted.orders, wanted.customers, wanted.seed, wanted.days, wanted.insights)
    results = {}
    for line in wanted.lines:
        measured = measure(line, business, wanted.runs, lambda text: print(text, file=sys.stderr, flush=True))
        results[line] = (measured, verdicts(line, measured))
    found = as_json(results, business)
    print(json.dumps(found, indent=2) if wanted.json else table(results, business))
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
