"""Questions to the table `history`: states on past days, intervals, entries and exits, moves, and how long they last.

A state on a day is that of the last recorded run on or before it. Whoever asks sees to it that the day is not before
the first recorded one. All figures are counts of customers, or whole days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import duckdb
import narwhals as nw

from tierwise.engine.duckdb_session import literal
from tierwise.engine.history_files import COLUMNS, files_of, of_files
from tierwise.engine.lake import Lake
from tierwise.metrics.lifecycle import Transition, transitions


@dataclass(frozen=True, slots=True)
class Past:
    """The history of one version, open on a connection. recent_days: of the latest runs that it knows, in order; of the
    earlier ones it knows only the changes."""

    connection: duckdb.DuckDBPyConnection
    recent_days: tuple[date, ...]

    @property
    def last_day(self) -> date:
        """The day of the last run."""
        return self.recent_days[-1]


@dataclass(frozen=True, slots=True)
class Interval:
    """A customer held a value from a day up to, and without, another; valid_to null: still on the last recorded day."""

    kind: str
    name: str
    value: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Flow:
    """How many customers came to hold a value on a day, and how many ceased to."""

    day: date
    value: str
    entries: int
    exits: int


@dataclass(frozen=True, slots=True)
class Link:
    """How many customers held `before` on one day and `after` on the next that was asked for; null: not there."""

    from_day: date
    to_day: date
    before: str | None
    after: str | None
    customers: int


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long a value is held, in days; intervals, not customers.

    ended: those that have ended, and their median and mean; still_open: those that have not, and their days up to the
    day asked for. unknown_start counts the intervals of the name's first recorded day, ended or open: when they really
    began is not known, so they are in no other figure. Medians and means over nothing are null.
    """

    value: str
    ended: int
    median_days: float | None
    mean_days: float | None
    still_open: int
    open_median_days: float | None
    open_mean_days: float | None
    unknown_start: int


def open_past(connection: duckdb.DuckDBPyConnection, lake: Lake, version: int | None) -> Past | None:
    """The history of a recorded version; None where no run is in it."""
    files = files_of(lake, version)
    if files.last_day is None:
        return None
    of_files(connection, lake, files)
    return Past(connection, tuple(day for day, _ in files.days))


def kinds_of(past: Past, name: str) -> tuple[str, ...]:
    """The kinds that ever had this name."""
    where = f"WHERE name = {literal(name)}"
    rows = past.connection.execute(
        f"SELECT kind FROM (SELECT DISTINCT kind FROM history_opened {where} "
        f"UNION SELECT DISTINCT kind FROM history_closed {where}) ORDER BY 1"
    ).fetchall()
    return tuple(row[0] for row in rows)


def names_of(past: Past) -> tuple[tuple[str, str], ...]:
    """Every (kind, name) that was ever recorded."""
    rows = past.connection.execute(
        "SELECT kind, name FROM history_opened UNION SELECT kind, name FROM history_closed ORDER BY 1, 2"
    ).fetchall()
    return tuple((kind, name) for kind, name in rows)


def began_before(past: Past, kind: str, name: str, day: date) -> bool:
    """Whether anybody held a value of this name on an earlier day; quick, since it looks at ranges first."""
    where = f"{_named(kind, name)} AND valid_from < DATE '{day.isoformat()}'"
    return any(
        past.connection.execute(f"SELECT 1 FROM {view} WHERE {where} LIMIT 1").fetchone() is not None
        for view in ("history_opened", "history_closed")
    )


def state_on(past: Past, day: date, kind: str | None = None, name: str | None = None) -> duckdb.DuckDBPyRelation:
    """Who held what on a day: customer_key, kind, name, value; a row per customer and name with a value."""
    on = f"DATE '{day.isoformat()}'"
    where = f"{_named(kind, name)} AND valid_from <= {on}"
    return past.connection.sql(
        f"SELECT customer_key, kind, name, value FROM history_closed WHERE {where} AND valid_to > {on} "
        f"UNION ALL SELECT customer_key, kind, name, value FROM ({_still_open(where)})"
    )


def held_since(past: Past, kind: str, name: str, before: date) -> duckdb.DuckDBPyRelation:
    """What each customer held when that day began, and since when: customer_key, value, valid_from."""
    on = f"DATE '{before.isoformat()}'"
    where = f"{_named(kind, name)} AND valid_from < {on}"
    return past.connection.sql(
        f"SELECT customer_key, value, valid_from FROM history_closed WHERE {where} AND valid_to >= {on} "
        f"UNION ALL SELECT customer_key, value, valid_from FROM ({_still_open(where)})"
    )


def counts_on(past: Past, kind: str, name: str, day: date) -> dict[str, int]:
    """How many customers held each value on a day, in the order of the values."""
    state = state_on(past, day, kind, name)
    rows = state.query("held", "SELECT value, count(*) FROM held GROUP BY value ORDER BY value").fetchall()
    return dict(rows)


def page_on(
    past: Past, kind: str, name: str, day: date, *, value: str | None, after: int | None, limit: int
) -> tuple[list[tuple[int, str]], int]:
    """Customers who held a value (any where it is None) on a day, with it, by key behind `after`; and how many all."""
    held = f"value = {literal(value)}" if value is not None else "true"
    state = state_on(past, day, kind, name).filter(held)
    behind = state if after is None else state.filter(f"customer_key > {int(after)}")
    rows = behind.order("customer_key").limit(limit).project("customer_key, value").fetchall()
    return [(key, found) for key, found in rows], len(state)


def intervals_of(past: Past, customer_key: int) -> tuple[Interval, ...]:
    """All intervals of a customer, by kind and name, in the order of time."""
    mine = f"customer_key = {int(customer_key)}"
    rows = past.connection.execute(
        f"SELECT kind, name, value, valid_from, valid_to FROM ({_intervals(mine)}) ORDER BY kind, name, valid_from"
    ).fetchall()
    return tuple(Interval(*row) for row in rows)


def flows(past: Past, kind: str, name: str, from_day: date, to_day: date) -> tuple[Flow, ...]:
    """Entries and exits by run, both days included: the days on which something changed, in order."""
    where = _named(kind, name)
    within = f"BETWEEN DATE '{from_day.isoformat()}' AND DATE '{to_day.isoformat()}'"
    began = _intervals(f"{where} AND valid_from {within}")
    rows = past.connection.execute(
        "SELECT day, value, sum(entries)::BIGINT, sum(exits)::BIGINT FROM ("
        "SELECT valid_from AS day, value, 1 AS entries, 0 AS exits "
        f"FROM ({began}) UNION ALL "
        f"SELECT valid_to, value, 0, 1 FROM history_closed WHERE {where} AND valid_to {within}"
        ") GROUP BY day, value ORDER BY day, value"
    ).fetchall()
    return tuple(Flow(*row) for row in rows)


def moves(past: Past, kind: str, name: str, from_day: date, to_day: date) -> tuple[Transition, ...]:
    """How customers moved between two days, most first, those who stayed too; null: not there."""
    states = [state_on(past, day, kind, name).project("customer_key, value") for day in (from_day, to_day)]
    before, after = (nw.from_native(state) for state in states)
    return transitions(before, after, "value")


def movers(
    past: Past,
    kind: str,
    name: str,
    then: tuple[date, str | None],
    later: tuple[date, str | None],
    *,
    anywhere: str,
    elsewhere: str,
) -> duckdb.DuckDBPyRelation:
    """Who was where on a day and where on a later one: customer_key, before, after. None: not there; `anywhere`:
    wherever, and not there too; `elsewhere`, of the later day: not where on the first."""
    tests = []
    for place, (day, value) in (("a", then), ("b", later)):
        state_on(past, day, kind, name).project("customer_key, value").create_view(f"of_{place}", replace=True)
        if value == elsewhere:
            tests.append("a.value IS DISTINCT FROM b.value")
        elif value != anywhere:
            tests.append(f"{place}.value {'IS NULL' if value is None else f'= {literal(value)}'}")
    return past.connection.sql(
        "SELECT customer_key, min(a.value) AS before, min(b.value) AS after "
        f"FROM of_a a FULL JOIN of_b b USING (customer_key) WHERE {' AND '.join(tests) or 'true'} GROUP BY customer_key"
    )


def links(past: Past, kind: str, name: str, days: Sequence[date]) -> tuple[Link, ...]:
    """The moves between each day and the next, over all who held a value on any of the days: so on each day everyone
    of them is somewhere, at null where not there."""
    states = " UNION ".join(f"SELECT customer_key FROM state_{place}" for place in range(len(days)))
    for place, day in enumerate(days):
        state_on(past, day, kind, name).create_view(f"state_{place}", replace=True)
    everyone = past.connection.execute(f"SELECT count(*) FROM ({states})").fetchone()
    found = []
    for earlier, later in pairwise(days):
        step = [Link(earlier, later, m.before, m.after, m.customers) for m in moves(past, kind, name, earlier, later)]
        nowhere = (everyone[0] if everyone else 0) - sum(link.customers for link in step)
        found += [*step, *([Link(earlier, later, None, None, nowhere)] if nowhere else [])]
    return tuple(found)


def dwell(past: Past, kind: str, name: str, until: date) -> tuple[Dwell, ...]:
    """How long each value is held, in the order of the values. until: the day up to which open intervals are counted;
    what began later is left out, and what ended later is still open."""
    on = f"DATE '{until.isoformat()}'"
    where = f"{_named(kind, name)} AND valid_from <= {on}"
    rows: list[Any] = past.connection.execute(
        f"WITH held AS ({_intervals(where)}), "
        "told AS (SELECT value, valid_from > min(valid_from) OVER () AS known, "
        f"COALESCE(valid_to <= {on}, false) AS ended, "
        f"date_diff('day', valid_from, least(COALESCE(valid_to, {on}), {on})) AS days FROM held) "
        "SELECT value, count(*) FILTER (known AND ended), "
        "quantile_cont(days, 0.5) FILTER (known AND ended)::DOUBLE, "
        "sum(days) FILTER (known AND ended)::DOUBLE / nullif(count(*) FILTER (known AND ended), 0), "
        "count(*) FILTER (known AND NOT ended), quantile_cont(days, 0.5) FILTER (known AND NOT ended)::DOUBLE, "
        "sum(days) FILTER (known AND NOT ended)::DOUBLE / nullif(count(*) FILTER (known AND NOT ended), 0), "
        "count(*) FILTER (NOT known) FROM told GROUP BY value ORDER BY value"
    ).fetchall()
    return tuple(Dwell(*row) for row in rows)


def _named(kind: str | None, name: str | None) -> str:
    wanted = [f"{column} = {literal(text)}" for column, text in (("kind", kind), ("name", name)) if text is not None]
    return " AND ".join(wanted) or "true"


def _still_open(where: str) -> str:
    """The open intervals under a condition on key, kind, name and valid_from, which what closed them has as well."""
    ended = f"SELECT customer_key, kind, name, valid_from FROM history_tail WHERE {where}"
    return (
        f"SELECT {COLUMNS} FROM (SELECT * FROM history_opened WHERE {where}) "
        f"ANTI JOIN ({ended}) USING (customer_key, kind, name, valid_from)"
    )


def _intervals(where: str) -> str:
    """All intervals under such a condition, each once."""
    return f"SELECT {COLUMNS} FROM history_closed WHERE {where} UNION ALL {_still_open(where)}"
