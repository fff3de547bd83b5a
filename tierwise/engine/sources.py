"""Facts as a run sees them: by customer_key, on the business's own days, nobody's keys resolved yet to null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import duckdb
import narwhals as nw

from tierwise.engine.answered import ANSWERED, register_answered, settled_sql
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.lake import Lake
from tierwise.engine.sql_types import SQL
from tierwise.facts.contract import OF_RUNS
from tierwise.metrics.frame import Frame

TraitType = Literal["text", "integer", "number", "date", "boolean"]

TRAIT_SQL: dict[TraitType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
"""A trait's type in the profile; what does not fit is null there, and stays as it was in the facts."""


def register_facts(connection: duckdb.DuckDBPyConnection, lake: Lake, versions: Mapping[str, int]) -> None:
    """A view per fact table, of the rows of that version; tables without a version are there, empty.

    Facts of a customer have `customer_key` in place of `source_key`: the map's, or the key itself.
    """
    mapped = versions.get("customer_map") is not None
    for name, table in OF_RUNS.items():
        relation = lake.read(connection, name, versions.get(name))
        relation.create_view(f"stored_{name}", replace=True)
        by_customer = "source_key" in relation.columns and name not in ("identities", "customer_map")
        lacking = [column for column in table.columns if column.name not in relation.columns]
        columns = [f"f.{quoted(c)}" for c in relation.columns if not (by_customer and c == "source_key")]
        columns += [f"CAST(NULL AS {SQL[column.type]}) AS {quoted(column.name)}" for column in lacking]
        join = ""
        if by_customer and mapped:
            columns.insert(0, "COALESCE(m.customer_key, f.source_key) AS customer_key")
            join = "LEFT JOIN stored_customer_map m ON m.source_key = f.source_key"
        elif by_customer:
            columns.insert(0, "f.source_key AS customer_key")
        connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT {', '.join(columns)} "
            f"FROM {quoted('stored_' + name)} f {join}"
        )


def register_people(
    connection: duckdb.DuckDBPyConnection, timezone: str, traits: Mapping[str, TraitType], as_of: date
) -> None:
    """`people`: one row per customer with the days that metrics want, typed traits, and nothing personal.

    Where several source customers are one person, the row with the lowest customer key wins column by column. What
    customers answered by as_of counts as `engine/answered.py` says. traits: column -> type.
    """

    def day(column: str) -> str:
        return f"CAST(timezone({literal(timezone)}, {column}) AS DATE)"

    present = {row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE customers)").fetchall()}
    answered = register_answered(connection, as_of)
    # Where no customers were joined, a row is a person already, and a million of them need not be grouped.
    joined = bool(connection.execute("SELECT 1 FROM customer_map LIMIT 1").fetchone())
    any_value = "any_value" if joined else ""
    columns = [
        f"{'min' if joined else ''}({day('registered_at')}) AS registered_on",
        f"{'max' if joined else ''}({day('closed_at')}) AS closed_on",
        *([] if "birth_on" in answered else [f"{any_value}(birth_on) AS birth_on"]),
        "CASE WHEN bool_or(known_from IS NULL) THEN NULL ELSE min(known_from) END AS known_from"
        if joined
        else "known_from",
        *([] if "gender" in answered else [f"{any_value}(gender) AS gender"]),
    ]
    filled: dict[str, str] = {}
    for name, kind in {"birth_on": "DATE", "gender": "VARCHAR", **{n: TRAIT_SQL[k] for n, k in traits.items()}}.items():
        filed = f"CAST({any_value}({quoted(name)}) AS VARCHAR)" if name in present else "CAST(NULL AS VARCHAR)"
        if name in answered:
            columns.append(f"{filed} AS {quoted(name)}")
            filled[name] = f"TRY_CAST({settled_sql(f'p.{quoted(name)}', answered[name])} AS {kind})"
        elif name in traits:
            columns.append(f"TRY_CAST({filed} AS {kind}) AS {quoted(name)}")
    by_files = f"SELECT customer_key, {', '.join(columns)} FROM customers {'GROUP BY customer_key' if joined else ''}"
    if filled:
        replaced = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in filled.items())
        by_files = f"SELECT p.* REPLACE ({replaced}) FROM ({by_files}) p LEFT JOIN {ANSWERED} a USING (customer_key)"
    connection.execute(f"CREATE OR REPLACE VIEW people AS {by_files}")


def frame(connection: duckdb.DuckDBPyConnection, name: str) -> Frame:
    """A table or view as the lazy frame that metrics take."""
    return nw.from_native(connection.table(name) if name in tables(connection) else connection.view(name))


def keep(connection: duckdb.DuckDBPyConnection, name: str, computed: Frame) -> Frame:
    """Execute a lazy frame into a table of that name, and give it back as a frame."""
    native: Any = nw.to_native(computed)
    native.create(name)
    return frame(connection, name)


def create_view(name: str, computed: Frame) -> None:
    """A lazy frame as a view of that name, computed where it is read."""
    native: duckdb.DuckDBPyRelation = nw.to_native(computed)
    native.create_view(name)


def tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of the connection's tables, views apart."""
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
