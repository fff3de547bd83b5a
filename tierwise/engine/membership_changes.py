"""Who came to hold a segment or a stage, and who ceased to, between two states of all customers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.history import YES, Kind, states
from tierwise.engine.lake import Lake
from tierwise.engine.plan import KEY

_BATCH = 50_000

_BITS = 20
"""Of a slot, those of the segment's number; above them the customer's key."""


class Move(NamedTuple):
    """One entry or exit. customer_id: None of whom no run ever knew."""

    key: int
    customer_id: str | None
    kind: str
    name: str
    value: str
    entered: bool


@dataclass(frozen=True)
class Side:
    """All customers at one time. outputs: of a run; further: `kind:name:value` of those who are further than it."""

    outputs: Mapping[str, int]
    further: Mapping[int, Collection[str]]


def moves_between(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    was: Side,
    now: Side,
    ladders: Mapping[str, Kind],
    segments: Sequence[str],
) -> Iterator[Move]:
    """The moves, exits first, then by kind, name, value and customer.

    ladders, segments: as `live_names` gives them; a column that the earlier run lacks is nobody's there. connection:
    one of its own.
    """
    further = {*was.further, *now.further}
    connection.execute(f"CREATE TABLE further ({KEY} BIGINT)")
    if further:
        connection.executemany("INSERT INTO further VALUES (?)", [[key] for key in sorted(further)])
    for name, side in (("was", was), ("now", now)):
        profile = lake.read(connection, "profile", side.outputs["profile"])
        there = ", ".join(
            quoted(column) if column in profile.columns else f"NULL::VARCHAR AS {quoted(column)}" for column in ladders
        )
        profile.create_view(f"all_{name}")
        connection.execute(
            f"CREATE VIEW profile_{name} AS SELECT {KEY}, customer_id, {there or 'NULL'} FROM all_{name}"
        )
        lake.read(connection, "segments", side.outputs["segments"]).create_view(f"segments_{name}")
    connection.execute(f"CREATE TABLE moves ({KEY} BIGINT, kind VARCHAR, name VARCHAR, value VARCHAR, entered BOOLEAN)")
    for column, kind in ladders.items():
        _compare_column(connection, column, kind)
    _compare_segments(connection, segments)
    if further:
        for name, side in (("was", was), ("now", now)):
            _put(connection, name, side, ladders, segments)
        connection.execute(
            "INSERT INTO moves SELECT *, false FROM (FROM state_was EXCEPT FROM state_now) "
            "UNION ALL SELECT *, true FROM (FROM state_now EXCEPT FROM state_was)"
        )
    rows = connection.execute(
        f"SELECT m.{KEY}, COALESCE(n.customer_id, w.customer_id), kind, name, value, entered FROM moves m "
        f"LEFT JOIN profile_now n USING ({KEY}) LEFT JOIN profile_was w USING ({KEY}) "
        f"ORDER BY entered, kind, name, value, m.{KEY}"
    )
    while some := rows.fetchmany(_BATCH):
        yield from map(Move._make, some)


def _compare_column(connection: duckdb.DuckDBPyConnection, column: str, kind: Kind) -> None:
    """The moves between values of a column, of those whom the runs alone tell."""
    of = quoted(column)
    connection.execute(
        f"CREATE OR REPLACE TABLE changed AS SELECT COALESCE(w.{KEY}, n.{KEY}) AS {KEY}, "
        f"w.{of}::VARCHAR AS was, n.{of}::VARCHAR AS becomes "
        f"FROM profile_was w FULL JOIN profile_now n ON w.{KEY} = n.{KEY} WHERE w.{of} IS DISTINCT FROM n.{of}"
    )
    for value, entered in (("was", "false"), ("becomes", "true")):
        connection.execute(
            f"INSERT INTO moves SELECT {KEY}, {literal(kind)}, {literal(column)}, {value}, {entered} "
            f"FROM changed ANTI JOIN further USING ({KEY}) WHERE {value} IS NOT NULL"
        )


def _compare_segments(connection: duckdb.DuckDBPyConnection, segments: Sequence[str]) -> None:
    """The same of segments: by one whole number for customer and segment, in a fifth of the time of comparing names."""
    if not segments:
        return
    connection.execute("CREATE TABLE numbers (segment VARCHAR, number BIGINT)")
    connection.executemany("INSERT INTO numbers VALUES (?, ?)", [[name, at] for at, name in enumerate(segments)])
    for name in ("was", "now"):
        connection.execute(
            f"CREATE TABLE slots_{name} AS SELECT ({KEY} << {_BITS}) + number AS slot "
            f"FROM segments_{name} JOIN numbers USING (segment)"
        )
    for one, other, entered in (("was", "now", "false"), ("now", "was", "true")):
        connection.execute(
            f"INSERT INTO moves SELECT slot >> {_BITS} AS {KEY}, 'segment', segment, {literal(YES)}, {entered} "
            f"FROM (FROM slots_{one} ANTI JOIN slots_{other} USING (slot)) s "
            f"JOIN numbers ON number = slot & {2**_BITS - 1} "
            f"WHERE slot >> {_BITS} NOT IN (FROM further)"
        )


def _put(
    connection: duckdb.DuckDBPyConnection, name: str, side: Side, ladders: Mapping[str, Kind], segments: Sequence[str]
) -> None:
    """`state_NAME`: a row per customer of `further`, kind and name with a value."""
    for table in ("profile", "segments"):
        connection.execute(
            f"CREATE TABLE {table}_of_{name} AS SELECT * FROM {table}_{name} SEMI JOIN further USING ({KEY})"
        )
    held = states(
        connection, ladders, profile=f"profile_of_{name}", segment_rows=f"segments_of_{name}", segments=segments
    )
    held.create_view(f"held_{name}")
    connection.execute(f"CREATE TABLE keys_{name} ({KEY} BIGINT)")
    connection.execute(f"CREATE TABLE further_{name} ({KEY} BIGINT, kind VARCHAR, name VARCHAR, value VARCHAR)")
    if side.further:
        connection.executemany(f"INSERT INTO keys_{name} VALUES (?)", [[key] for key in side.further])
    wanted = {*ladders, *segments}
    split = [(key, *state.split(":", 2)) for key, found in side.further.items() for state in found]
    if rows := [row for row in split if row[2] in wanted]:
        connection.executemany(f"INSERT INTO further_{name} VALUES (?, ?, ?, ?)", rows)
    connection.execute(
        f"CREATE TABLE state_{name} AS SELECT {KEY}, kind, name, COALESCE(value, {literal(YES)}) AS value "
        f"FROM held_{name} ANTI JOIN keys_{name} USING ({KEY}) UNION ALL FROM further_{name}"
    )
