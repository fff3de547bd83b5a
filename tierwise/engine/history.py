"""Who held which tier, stage, tag and segment from when until when: a run's changes, written and nothing else.

The table `history` (customer_key, kind, name, value, valid_from, valid_to) holds intervals of days: valid_from is the
day of the run that first saw the value, valid_to the day of the run that no longer saw it, null while it holds. A
customer holds one value of a name at a time. How the rows lie in files is told in `history_files.py`, how they are read
in `history_reading.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.history_files import VIEWS, Files, commit, files_of, let_go, of_files, write
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

Kind = Literal["tier", "stage", "tag", "segment"]

YES = "yes"
"""The value of those who are in a segment or have a tag without values."""

TOGETHER_AFTER = 14
"""So many days are put together into one file of closed and one of open intervals."""

_LABEL_BITS = 24
"""A slot's lower bits: the kind's and the name's number; above them 39 bits of customer key."""

_NAME_BITS = 20
"""Of them, those of the name."""

_LABEL = f"((enum_code(kind::history_kind)::BIGINT << {_NAME_BITS}) + enum_code(name::history_name))"

_LABEL_OF_SLOT = f"l.label = slot & {2**_LABEL_BITS - 1}"


@dataclass(frozen=True, slots=True)
class Move:
    """How many customers came to hold a value on a day, and how many ceased to; from or to nothing counts too."""

    kind: str
    name: str
    value: str
    entries: int
    exits: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a run did to history. version: of the table, to be recorded; None where there is no table.

    touched: whether the run's day is in history now; a run for a day before the last recorded one leaves it alone.
    moves: in the order of kind, name, value; none where nothing changed.
    """

    version: int | None
    touched: bool
    moves: tuple[Move, ...] = ()
    note: str | None = None

    @property
    def entries(self) -> int:
        return sum(move.entries for move in self.moves)

    @property
    def exits(self) -> int:
        return sum(move.exits for move in self.moves)


def states(
    connection: duckdb.DuckDBPyConnection,
    ladders: Mapping[str, Kind],
    tags: Sequence[str] = (),
    *,
    profile: str = "profile",
    tag_rows: str | None = None,
    segment_rows: str | None = None,
    segments: Sequence[str] | None = None,
) -> duckdb.DuckDBPyRelation:
    """What `changes` compares: a row per customer, kind and name with a value.

    ladders: columns of the view `profile`, and what they are; who has none (null) is not there. tags: those of the view
    `tag_rows` (customer_key, tag, value) that were chosen for history. segments: those of the view `segment_rows`
    (customer_key, segment) that were chosen; all where it is None.
    """
    found = []
    if ladders:
        columns = ", ".join(f"{quoted(column)}::VARCHAR AS {quoted(column)}" for column in ladders)
        kinds = " ".join(f"WHEN {literal(column)} THEN {literal(kind)}" for column, kind in ladders.items())
        found.append(
            f"SELECT customer_key, CASE name {kinds} END AS kind, name, value FROM "
            f"(UNPIVOT (SELECT customer_key, {columns} FROM {quoted(profile)}) "
            f"ON {', '.join(quoted(column) for column in ladders)} INTO NAME name VALUE value)"
        )
    if tags and tag_rows is not None:
        chosen = ", ".join(literal(tag) for tag in tags)
        found.append(f"SELECT customer_key, 'tag', tag, value FROM {quoted(tag_rows)} WHERE tag IN ({chosen})")
    if segment_rows is not None and (segments is None or segments):
        where = "" if segments is None else f" WHERE segment IN ({', '.join(map(literal, segments))})"
        found.append(f"SELECT customer_key, 'segment', segment, NULL FROM {quoted(segment_rows)}{where}")
    none = "SELECT NULL::BIGINT AS customer_key, NULL::VARCHAR AS kind, NULL::VARCHAR AS name, NULL::VARCHAR AS value"
    return connection.sql(" UNION ALL ".join(found) if found else f"{none} WHERE false")


def changes(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    version: int | None,
    current: duckdb.DuckDBPyRelation,
    as_of: date,
) -> Written:
    """Compare the state as of a day with the open intervals, and write what differs. The caller records the version.

    version: the recorded one; the table has been healed to it. current: a row per customer, kind and name
    (customer_key, kind, name, value); value null means `yes`. A second run of the last recorded day replaces what the
    first one wrote of it; a run for an earlier day writes nothing and says so. Raises `ambiguous_state` where a
    customer has two values of one name, `disk_full`, `lake_write_failed`.
    """
    files = files_of(lake, version)
    last = files.last_day
    if last is not None and as_of < last:
        note = f"history is recorded up to {last}: a run as of {as_of} leaves it as it is"
        return Written(version, touched=False, note=note)
    again = last == as_of
    before = Files(files.closed, files.opened, files.days[:-1]) if again else files
    removed = [path for day, path in files.days if day == as_of]
    added = []
    try:
        _take_up(connection, lake, before, current)
        if last is not None and not again and len(files.days) >= TOGETHER_AFTER:
            added.append(write(connection, lake, _rows(connection, "FROM history_ended"), "closed", last))
            still = "SELECT slot, value, valid_from, NULL AS valid_to FROM history_before"
            added.append(write(connection, lake, _rows(connection, still), "open", last))
            removed += [*files.opened, *files.tail]
        _compare(connection)
        added.append(write(connection, lake, _rows(connection, _changed(as_of)), "day", as_of))
        moves = _moves(connection)
    finally:
        _forget(connection)
    version = commit(lake, added, removed)
    return Written(let_go(lake) if len(added) > 1 else version, touched=True, moves=moves)


def _take_up(
    connection: duckdb.DuckDBPyConnection, lake: Lake, before: Files, current: duckdb.DuckDBPyRelation
) -> None:
    """`history_before`: the open intervals; `history_ended`: those that ended since the days were put together;
    `history_now`: the state of the day; `history_labels`: every kind and name of them.

    In place of customer, kind and name they have a slot: one whole number, customer key first, by which they join.
    """
    of_files(connection, lake, before)
    current.create_view("history_current", replace=True)
    connection.execute(
        "CREATE TABLE history_labels AS SELECT DISTINCT kind, name FROM history_opened "
        "UNION SELECT DISTINCT kind, name FROM history_current"
    )
    for column in ("kind", "name"):
        connection.execute(
            f"CREATE TYPE history_{column} AS ENUM "
            f"(SELECT DISTINCT {column} FROM (FROM history_labels UNION ALL SELECT '', '') ORDER BY 1)"
        )
    connection.execute("ALTER TABLE history_labels ADD COLUMN label BIGINT")
    connection.execute(f"UPDATE history_labels SET label = {_LABEL}")
    slot = f"(customer_key << {_LABEL_BITS}) + {_LABEL} AS slot"
    connection.execute(f"CREATE TABLE history_ended AS SELECT {slot}, value, valid_from, valid_to FROM history_tail")
    ended = connection.execute("SELECT 1 FROM history_ended LIMIT 1").fetchone() is not None
    anti = "ANTI JOIN history_ended USING (slot, valid_from)" if ended else ""
    connection.execute(
        f"CREATE TABLE history_before AS SELECT * FROM (SELECT {slot}, value, valid_from FROM history_opened) {anti}"
    )
    connection.execute(
        f"CREATE TABLE history_now AS SELECT {slot}, COALESCE(value, {literal(YES)}) AS value FROM history_current"
    )


def _compare(connection: duckdb.DuckDBPyConnection) -> None:
    """`history_changed`: a row per customer and name whose value differs; null: not there before, or no longer.

    Raises `ambiguous_state` where a slot is there twice now. Before, each is there once; so they are the same number,
    those of before that did not go and those of now that did not come, unless one of the latter is there twice.
    """
    connection.execute(
        "CREATE TABLE history_changed AS SELECT COALESCE(b.slot, n.slot) AS slot, b.value AS was, b.valid_from, "
        "n.value AS becomes FROM history_before b FULL JOIN history_now n ON b.slot = n.slot "
        "WHERE b.value IS DISTINCT FROM n.value"
    )
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM history_before), (SELECT count(*) FROM history_now), "
        "count(*) FILTER (becomes IS NULL), count(*) FILTER (was IS NULL), "
        "count(DISTINCT slot) FILTER (was IS NULL) FROM history_changed"
    ).fetchall()
    before, now, went, came, who_came = counts[0]
    if came == who_came and now - came == before - went:
        return
    twice = "SELECT slot FROM history_now GROUP BY slot HAVING count(*) > 1"
    of = connection.execute(
        f"SELECT DISTINCT l.kind, l.name FROM ({twice}) JOIN history_labels l ON {_LABEL_OF_SLOT} ORDER BY ALL"
    ).fetchall()
    said = " and ".join(f'the {kind} "{name}"' for kind, name in of)
    raise TierwiseError("ambiguous_state", f"a customer has two values at once of {said}")


def _changed(as_of: date) -> str:
    day = f"DATE '{as_of.isoformat()}'"
    return (
        f"SELECT slot, was AS value, valid_from, {day} AS valid_to FROM history_changed WHERE was IS NOT NULL "
        f"UNION ALL SELECT slot, becomes, {day}, NULL FROM history_changed WHERE becomes IS NOT NULL"
    )


def _rows(connection: duckdb.DuckDBPyConnection, of_slots: str) -> str:
    """Rows of slots with customer, kind and name again, sorted by kind, name, customer and days.

    Sorted by one whole number and named afterwards, from lists: a third of the time of sorting by the names.
    """
    kinds, names = (
        ", ".join(literal(value) for value in connection.execute(f"SELECT enum_range(NULL::{of})").fetchall()[0][0])
        for of in ("history_kind", "history_name")
    )
    label = f"(slot & {2**_LABEL_BITS - 1})"
    return (
        f"SELECT slot >> {_LABEL_BITS} AS customer_key, [{kinds}][({label} >> {_NAME_BITS}) + 1] AS kind, "
        f"[{names}][({label} & {2**_NAME_BITS - 1}) + 1] AS name, value, valid_from, valid_to FROM "
        f"(SELECT * FROM ({of_slots}) "
        f"ORDER BY ({label} << {63 - _LABEL_BITS}) + (slot >> {_LABEL_BITS}), valid_from, valid_to)"
    )


def _moves(connection: duckdb.DuckDBPyConnection) -> tuple[Move, ...]:
    label = f"slot & {2**_LABEL_BITS - 1} AS label"
    moved = (
        f"SELECT {label}, becomes AS value, count(*) AS entries, 0 AS exits FROM history_changed "
        "WHERE becomes IS NOT NULL GROUP BY ALL UNION ALL "
        f"SELECT {label}, was, 0, count(*) FROM history_changed WHERE was IS NOT NULL GROUP BY ALL"
    )
    rows = connection.execute(
        f"SELECT l.kind, l.name, value, sum(entries)::BIGINT, sum(exits)::BIGINT FROM ({moved}) "
        "JOIN history_labels l USING (label) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(Move(*row) for row in rows)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of what a comparison made, half-made too."""
    for table in ("history_labels", "history_changed", "history_now", "history_before", "history_ended"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for view in ("history_current", *VIEWS):
        connection.execute(f"DROP VIEW IF EXISTS {view}")
    for kind in ("history_kind", "history_name"):
        connection.execute(f"DROP TYPE IF EXISTS {kind}")
