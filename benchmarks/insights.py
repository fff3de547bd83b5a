"""Insights over many order lines, as the command, the API and the console ask them; and a plain GROUP BY beside them.

`python -m benchmarks.insights NAME FOLDER LINES` measures one thing in a process of its own, its seconds in the last
line of stdout. NAME: `prepare`, `insight X`, or `GROUP BY of X`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.asked_insights import ASKED, GROUP_BY, measured_name, plain_name
from benchmarks.insight_home import MEMORY, home_of
from tierwise.app.context import Context
from tierwise.app.insights.asking import insight
from tierwise.app.insights.facts import open_facts
from tierwise.app.insights.insight_views import InsightView
from tierwise.app.reading import reading
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.cli.door import leave_out_pandas
from tierwise.kernel.clock import monotonic_seconds


def answer(context: Context, name: str, lines: int) -> InsightView:
    """The insight's answer, its first 50 rows."""
    return insight(context, name, ASKED[name].given(lines))


def asked(home: Path, name: str, lines: int) -> float:
    """Seconds from the question to its first 50 rows, the questions to PostgreSQL included.

    Ends with an error where there is no row: then nothing was measured.
    """
    leave_out_pandas()  # as the command does
    context = open_context(Settings(home, memory_limit=MEMORY))
    try:
        started = monotonic_seconds()
        found = answer(context, name, lines)
        seconds = monotonic_seconds() - started
    finally:
        context.database.dispose()
    if not found.rows:
        raise SystemExit(f"{name} has no rows on these data: {found.notes}")
    return seconds


def plain(home: Path, sql: str) -> float:
    """Seconds of one query into a table, over the same views of the same run."""
    leave_out_pandas()
    context = open_context(Settings(home, memory_limit=MEMORY))
    try:
        with reading(context) as reader:
            open_facts(reader, reader.run.as_of, {})
            started = monotonic_seconds()
            reader.connection.execute(f"CREATE TABLE plainly AS {sql}")
            return monotonic_seconds() - started
    finally:
        context.database.dispose()


def main(arguments: list[str]) -> None:
    name, folder, lines = arguments
    home = home_of(Path(folder), int(lines))
    asks = {measured_name(each): each for each in ASKED}
    groups = {plain_name(reads): sql for reads, sql in GROUP_BY.items()}
    if name in asks:
        print(f"{asked(home, asks[name], int(lines)):.6f}")
    elif name in groups:
        print(f"{plain(home, groups[name]):.6f}")
    elif name == "stop":
        stop_embedded(Settings(home))
        print("0")
    else:
        print("0")


if __name__ == "__main__":
    main(sys.argv[1:])
