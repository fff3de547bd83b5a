"""What a run with other definitions would find, without writing anything: who would move from which value to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.execute import Executed, Inputs, Watch, execute
from tierwise.engine.lake import Lake
from tierwise.engine.plan import KEY

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS = 1_000_000

ROWS = {"tags": "tag_rows", "segments": "segment_rows", "junk": "junk_rows"}
"""Snapshot -> what a run's steps leave in the connection for it."""


_LISTS_NOW = """
CREATE OR REPLACE VIEW list_members AS
SELECT COALESCE(m.customer_key, l.source_key) AS customer_key, l.list
FROM lists_now l LEFT JOIN stored_customer_map m USING (source_key)
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """What to compare, under the name of its definition: a column of the profile, the rows of a tag or a segment, or
    the first rule by which cleaning leaves a customer out."""

    name: str
    where: Literal["profile", "tags", "segments", "junk"] = "profile"


@dataclass(frozen=True, slots=True)
class Shift:
    """How many customers have `before` now and would have `after`; null where they have, or would have, none.

    A yes tag has the value `yes`, a segment `in`.
    """

    name: str
    before: str | None
    after: str | None
    customers: int


@dataclass(frozen=True)
class Preview:
    """shifts: also of those who stay, by name in the order asked, most customers first. customers: whom the new
    definitions would see. Of a sample both are its own, not yet scaled. movers: of those who do not stay and whom the
    current profile has, `name, customer_key, before, after`."""

    shifts: tuple[Shift, ...]
    customers: int
    executed: Executed
    movers: pa.Table


def preview(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    inputs: Inputs,
    outputs: Mapping[str, int],
    watched: Sequence[Watched],
    *,
    share: float = 1.0,
    lists: pa.Table | None = None,
    watch: Watch = lambda done, total, step: None,
) -> Preview:
    """Execute a run's steps in a connection of its own and compare with the snapshots of `outputs`.

    share: of the customers, 0 < share <= 1, chosen by a hash of their key: the same ones each time. What is learnt from
    all customers (scores, ranks) is then learnt from the sample. lists: who is on which list now, columns `list` and
    `source_key`; the inputs' own where None.
    """

    def narrowed(registered: duckdb.DuckDBPyConnection) -> None:
        if lists is not None:
            registered.register("lists_now", lists)
            registered.execute(_LISTS_NOW)
        if share < 1:
            _narrow(registered, share)

    executed = execute(connection, lake, inputs, watch, registered=narrowed, leave_out=("totals_of_stores",))
    for name in ("profile", *ROWS):
        if name in outputs:
            lake.read(connection, name, outputs[name]).create_view(f"kept_{name}")
    there = set(connection.view("profile_rows").columns)
    columns = [each.name for each in watched if each.where == "profile" and each.name in there]
    connection.execute(f"CREATE TABLE previewed AS SELECT {', '.join([KEY, *map(quoted, columns)])} FROM profile_rows")
    connection.execute(
        f"CREATE TABLE movers (name VARCHAR NOT NULL, {KEY} BIGINT NOT NULL, before VARCHAR, after VARCHAR)"
    )
    shifts = [shift for each in watched for shift in _shifts(connection, each, share)]
    movers = connection.sql(f"FROM movers SEMI JOIN kept_profile USING ({KEY}) ORDER BY name, {KEY}").to_arrow_table()
    (customers,) = connection.execute("SELECT count(*) FROM previewed").fetchall()[0]
    return Preview(tuple(shifts), customers, executed, movers)


def _narrow(connection: duckdb.DuckDBPyConnection, share: float) -> None:
    """Each table of facts by customer shows only those of the sample from here on."""
    rows = connection.execute(
        "SELECT view_name FROM duckdb_views() v WHERE NOT internal AND view_name <> 'people' AND EXISTS ("
        f"SELECT 1 FROM duckdb_columns() c WHERE c.table_name = v.view_name AND c.column_name = {literal(KEY)}) "
        "ORDER BY view_name"
    ).fetchall()
    for (name,) in rows:
        whole = f"whole_{name}"
        connection.execute(f"ALTER VIEW {quoted(name)} RENAME TO {quoted(whole)}")
        connection.execute(
            f"CREATE VIEW {quoted(name)} AS SELECT * FROM {quoted(whole)} WHERE {_in_sample(share, f'{KEY} IS NULL')}"
        )


def _in_sample(share: float, otherwise: str = "false") -> str:
    if share >= 1:
        return "true"
    return f"({otherwise} OR hash({KEY}) % {_PARTS} < {round(share * _PARTS)})"


def _shifts(connection: duckdb.DuckDBPyConnection, watched: Watched, share: float) -> list[Shift]:
    """Counted; and who does not stay is put among the movers."""
    before, after = _values(connection, watched)
    both = (
        f"WITH earlier AS (SELECT * FROM ({before}) WHERE {_in_sample(share)}), later AS ({after}), both_sides AS "
        f"(SELECT {KEY}, b.value AS before, a.value AS after FROM earlier b FULL JOIN later a USING ({KEY})) "
    )
    rows = connection.execute(
        f"{both} SELECT before, after, count(*) FROM both_sides WHERE before IS NOT NULL OR after IS NOT NULL "
        "GROUP BY ALL ORDER BY 3 DESC, 1 NULLS LAST, 2 NULLS LAST"
    ).fetchall()
    if any(was != now for was, now, _ in rows):
        connection.execute(
            f"INSERT INTO movers {both} SELECT {literal(watched.name)}, {KEY}, before, after FROM both_sides "
            "WHERE before IS DISTINCT FROM after"
        )
    return [Shift(watched.name, was, now, customers) for was, now, customers in rows]


def _values(connection: duckdb.DuckDBPyConnection, watched: Watched) -> tuple[str, str]:
    """SQL of key and value, before and after; without rows where it is not there."""
    nobody = f"SELECT CAST(NULL AS BIGINT) AS {KEY}, CAST(NULL AS VARCHAR) AS value WHERE false"
    sides = []
    for table in (f"kept_{watched.where}", "previewed" if watched.where == "profile" else ROWS[watched.where]):
        if watched.where == "profile":
            column = quoted(watched.name) if watched.name in _columns(connection, table) else None
            sides.append(f"SELECT {KEY}, CAST({column} AS VARCHAR) AS value FROM {table}" if column else nobody)
        elif not _columns(connection, table):
            sides.append(nobody)
        elif watched.where == "tags":
            sides.append(
                f"SELECT {KEY}, COALESCE(value, 'yes') AS value FROM {table} WHERE tag = {literal(watched.name)}"
            )
        elif watched.where == "junk":
            sides.append(f"SELECT {KEY}, min(rule) AS value FROM {table} GROUP BY {KEY}")
        else:
            sides.append(f"SELECT {KEY}, 'in' AS value FROM {table} WHERE segment = {literal(watched.name)}")
    return sides[0], sides[1]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    rows = connection.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [table]).fetchall()
    return {name for (name,) in rows}
