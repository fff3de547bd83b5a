"""A year of daily states, made; the history that the product writes of it; and questions to that history.

Each customer has a stage, an RFM cell and a level, and some are in two segments. Each day 2 % of all customers get
another value of each of these names, or go in or out: of five names, that is a tenth of the customers a day. Who, and
what, is drawn by a hash of customer, day and name, so a making that was broken off goes on where it was.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tierwise.definitions.rfm import CELL_NAMES
from tierwise.engine import history_reading as reading
from tierwise.engine.duckdb_session import connect, literal
from tierwise.engine.history import Kind, changes
from tierwise.engine.history_files import HISTORY
from tierwise.engine.lake import Lake
from tierwise.kernel.clock import monotonic_seconds

FIRST = date(2025, 1, 1)

CHANGED_OF = 50
"""One customer of so many changes a day: 2 %."""


@dataclass(frozen=True, slots=True)
class Name:
    """A ladder with values, or a segment in which a share of the customers is, percent."""

    kind: Kind
    name: str
    values: tuple[str, ...]
    percent: int = 100


_STAGES = ["visitor", "registered", "active", "first_purchase", "repeat", "vip", "dormant", "lost_presumed", "lost"]

NAMES = (
    Name("stage", "lifecycle_stage", tuple(_STAGES)),
    Name("tier", "rfm_cell", tuple(sorted(CELL_NAMES))),
    Name("tier", "level", ("core", "important", "ordinary", "patch")),
    Name("segment", "waits_for_a_promotion", ("yes",), 30),
    Name("segment", "birthday_within_30_days", ("yes",), 8),
)


@dataclass(frozen=True, slots=True)
class Year:
    """Where a made history lies, and how much of it there is."""

    folder: Path
    customers: int
    days: int
    seed: int

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake")

    @property
    def notes(self) -> Path:
        """What PostgreSQL would know, and what was measured while making."""
        return self.folder / "made.json"

    def connect(self) -> duckdb.DuckDBPyConnection:
        return connect(self.folder / "spill")

    def day(self, number: int) -> date:
        return FIRST + timedelta(days=number)


def make(year: Year) -> None:
    """Write the days that are not there yet, each as a run would."""
    year.folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, Any] = {"version": None, "seconds": [], "changed": [], "counts": {}}
    if year.notes.exists():
        made = json.loads(year.notes.read_text("utf-8"))
    year.lake.heal(HISTORY, made["version"])
    connection = year.connect()
    connection.execute(f"CREATE TABLE world AS SELECT * FROM ({_first(year)})")
    for number in range(year.days):
        if number:
            connection.execute(f"CREATE OR REPLACE TABLE world AS SELECT * FROM ({_next(year, number)})")
        if number < len(made["seconds"]):
            continue
        started = monotonic_seconds()
        written = changes(connection, year.lake, made["version"], connection.sql(_states()), year.day(number))
        made["version"] = written.version
        made["seconds"].append(round(monotonic_seconds() - started, 3))
        made["changed"].append(written.entries + written.exits)
        if number in asked(year):
            made["counts"][str(number)] = _counts(connection)
        year.notes.write_text(json.dumps(made), "utf-8")
    connection.close()


def asked(year: Year) -> tuple[int, int, int]:
    """The days that are asked for: an early one, the middle, a late one."""
    return (year.days // 20, year.days // 2, year.days - 1 - year.days // 20)


def past_state(year: Year, number: int) -> float:
    """Everybody's stage on a past day, from opening the table to a row per customer; seconds.

    Ends with an error where the counts are not those of the day as it was made.
    """
    made = json.loads(year.notes.read_text("utf-8"))
    connection = year.connect()
    started = monotonic_seconds()
    past = _past(connection, year, made["version"])
    stage = NAMES[0]
    reading.state_on(past, year.day(number), stage.kind, stage.name).create("found")
    seconds = monotonic_seconds() - started
    for name in NAMES:
        told = reading.counts_on(past, name.kind, name.name, year.day(number))
        if told != made["counts"][str(number)][name.name]:
            raise SystemExit(f"{name.name} on {year.day(number)}: {told}, made {made['counts'][str(number)]}")
    return seconds


def one_customer(year: Year) -> float:
    """All intervals of one customer; seconds."""
    connection = year.connect()
    started = monotonic_seconds()
    found = reading.intervals_of(_past(connection, year, _version(year)), year.customers // 3)
    seconds = monotonic_seconds() - started
    if not found:
        raise SystemExit("a customer without a history")
    return seconds


def year_matrix(year: Year) -> float:
    """The moves between the stages of the first and the last day; seconds."""
    connection = year.connect()
    started = monotonic_seconds()
    past = _past(connection, year, _version(year))
    stage = NAMES[0]
    moves = reading.moves(past, stage.kind, stage.name, year.day(0), year.day(year.days - 1))
    seconds = monotonic_seconds() - started
    if sum(move.customers for move in moves) != year.customers:
        raise SystemExit("somebody is missing in the matrix")
    return seconds


def write_seconds(year: Year) -> float:
    """The median of what comparing and writing one day took."""
    found = sorted(json.loads(year.notes.read_text("utf-8"))["seconds"][1:])
    return float(found[len(found) // 2])


def size_gb(year: Year) -> float:
    """Everything in the table's folder: Delta's log, and files that only older versions need, too."""
    return sum(path.stat().st_size for path in year.lake.path(HISTORY).rglob("*") if path.is_file()) / 1e9


def _version(year: Year) -> int:
    return int(json.loads(year.notes.read_text("utf-8"))["version"])


def _past(connection: duckdb.DuckDBPyConnection, year: Year, version: int) -> reading.Past:
    past = reading.open_past(connection, year.lake, version)
    if past is None:
        raise SystemExit("no history was made")
    return past


def _draw(year: Year, day: int, place: int, what: int) -> str:
    """A whole number that looks drawn: of the customer, the day, the name, and what it decides."""
    stream = ((year.seed * 100_000 + day) * len(NAMES) + place) * 4 + what
    return f"hash({stream}::HUGEINT * {2 * year.customers} + customer_key)"


def _first(year: Year) -> str:
    columns = [
        f"CASE WHEN {_draw(year, 0, place, 0)} % 100 < {name.percent} "
        f"THEN ({_draw(year, 0, place, 1)} % {len(name.values)})::TINYINT END AS v{place}"
        for place, name in enumerate(NAMES)
    ]
    return f"SELECT i::BIGINT AS customer_key, {', '.join(columns)} FROM range(1, {year.customers + 1}) t(i)"


def _next(year: Year, day: int) -> str:
    columns = []
    for place, name in enumerate(NAMES):
        other = (
            f"CASE WHEN v{place} IS NULL THEN 0 END"
            if len(name.values) == 1
            else f"(v{place} + 1 + {_draw(year, day, place, 1)} % {len(name.values) - 1}) % {len(name.values)}"
        )
        changed = f"{_draw(year, day, place, 0)} % {CHANGED_OF} = 0"
        columns.append(f"CASE WHEN {changed} THEN ({other})::TINYINT ELSE v{place} END AS v{place}")
    return f"SELECT customer_key, {', '.join(columns)} FROM world"


def _states() -> str:
    return " UNION ALL ".join(
        f"SELECT customer_key, {literal(name.kind)} AS kind, {literal(name.name)} AS name, "
        f"[{', '.join(literal(value) for value in name.values)}][v{place} + 1] AS value FROM world "
        f"WHERE v{place} IS NOT NULL"
        for place, name in enumerate(NAMES)
    )


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    rows = connection.execute(f"SELECT name, value, count(*) FROM ({_states()}) GROUP BY ALL ORDER BY ALL").fetchall()
    found: dict[str, dict[str, int]] = {name.name: {} for name in NAMES}
    for name, value, customers in rows:
        found[name][value] = customers
    return found


def prepare(year: Year) -> float:
    make(year)
    return 0.0


NAMED: dict[str, Callable[[Year], float]] = {
    "prepare": prepare,
    "history_write": write_seconds,
    "history_early": lambda year: past_state(year, asked(year)[0]),
    "history_middle": lambda year: past_state(year, asked(year)[1]),
    "history_late": lambda year: past_state(year, asked(year)[2]),
    "history_customer": one_customer,
    "history_matrix": year_matrix,
    "history_size": size_gb,
}


def main(arguments: list[str]) -> None:
    """`python -m benchmarks.past NAME FOLDER CUSTOMERS DAYS SEED`: the last line of stdout is the figure."""
    name, folder, customers, days, seed = arguments
    print(f"{NAMED[name](Year(Path(folder), int(customers), int(days), int(seed))):.6f}")


if __name__ == "__main__":
    main(sys.argv[1:])
