"""Who came to hold a segment or a stage, and who ceased to, between two states of all customers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from tierwise.engine.duckdb_session import quoted
from tierwise.engine.history import YES, Kind, states
from tierwise.engine.lake import Lake
from tierwise.engine.plan import KEY

_BATCH = 50_000


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
    for name, side in (("was", was), ("now", now)):
        _put(connection, lake, name, side, ladders, segments)
    rows = connection.execute(
        f"SELECT m.{KEY}, COALESCE(n.customer_id, w.customer_id), kind, name, value, entered FROM "
        "(SELECT *, false AS entered FROM (FROM state_was EXCEPT FROM state_now) "
        "UNION ALL SELECT *, true FROM (FROM state_now EXCEPT FROM state_was)) m "
        f"LEFT JOIN profile_now n USING ({KEY}) LEFT JOIN profile_was w USING ({KEY}) "
        f"ORDER BY entered, kind, name, value, m.{KEY}"
    )
    while some := rows.fetchmany(_BATCH):
        yield from map(Move._make, some)


def _put(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    name: str,
    side: Side,
    ladders: Mapping[str, Kind],
    segments: Sequence[str],
) -> None:
    """`state_NAME`: a row per customer, kind and name with a value; `profile_NAME`: of the run alone."""
    profile = lake.read(connection, "profile", side.outputs["profile"])
    there = {column: kind for column, kind in ladders.items() if column in profile.columns}
    profile.project(", ".join(map(quoted, [KEY, "customer_id", *there]))).create_view(f"profile_{name}")
    lake.read(connection, "segments", side.outputs["segments"]).create_view(f"segments_{name}")
    held = states(
        connection, there, profile=f"profile_{name}", segment_rows=f"segments_{name}", segments=list(segments)
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
        f"CREATE TABLE state_{name} AS SELECT {KEY}, kind, name, COALESCE(value, '{YES}') AS value "
        f"FROM held_{name} ANTI JOIN keys_{name} USING ({KEY}) UNION ALL FROM further_{name}"
    )
