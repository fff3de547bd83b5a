"""One customer's part of a run, small enough to be asked many questions: what rules see, of this customer alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, tzinfo

import duckdb
import narwhals as nw

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.plan import KEY
from tierwise.engine.sources import frame
from tierwise.facts.contract import TABLES
from tierwise.metrics.fact_columns import LINES_OF, PRODUCT, fact_frames, fact_schemas
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import RuleColumn, RuleType, rule_schema
from tierwise.metrics.world import World

ALONE = "alone_"
"""How the tables begin that hold the rows of the customer alone."""


def world_of_one(
    connection: duckdb.DuckDBPyConnection,
    key: int,
    schema: Mapping[str, RuleColumn | RuleType],
    *,
    as_of: date,
    zone: tzinfo,
    digits: int,
    tags: Collection[str] = (),
    segments: Collection[str] = (),
    lists: Collection[str] = (),
    facts: Collection[str] = (),
) -> World:
    """The world of rules, narrowed to one customer.

    connection: with the views of a run's snapshots (`profile`, `tags`, `segments`) and of its facts
    (`register_facts`). schema: what rules may read besides the profile's own columns. tags, segments, lists, facts:
    those that are asked about.
    """
    of_one = f"WHERE {KEY} = {int(key)}"
    _keep(connection, "profile", f"SELECT * FROM profile {of_one}")
    people = frame(connection, f"{ALONE}profile")
    for name in ("tags", "segments"):
        if _is_there(connection, name):
            _keep(connection, name, f"SELECT * FROM {name} {of_one}")
    sets = {f"segment {name}": _rows(connection, "segments", "segment", name) for name in segments}
    if lists:
        _keep(connection, "list_members", f"SELECT * FROM list_members {of_one}")
        sets |= {f"list {name}": _rows(connection, "list_members", "list", name) for name in lists}
    values = {name: _rows(connection, "tags", "tag", name, "value") for name in tags}
    return World(
        people=people,
        schema={**rule_schema(people, digits), **schema},
        as_of=as_of,
        facts=_facts(connection, of_one, facts),
        fact_schemas=fact_schemas(digits),
        sets={name: found for name, found in sets.items() if found is not None},
        values={name: found for name, found in values.items() if found is not None},
        zone=zone,
    )


def _facts(connection: duckdb.DuckDBPyConnection, of_one: str, facts: Collection[str]) -> dict[str, Frame]:
    needed = {LINES_OF.get(fact, fact) for fact in facts} | set(facts)
    tables: dict[str, Frame] = {}
    for name in sorted(needed, key=lambda fact: (fact in LINES_OF, fact)):
        head = LINES_OF.get(name)
        if head is None:
            _keep(connection, name, f"SELECT * FROM {quoted(name)} {of_one}")
        else:
            link = TABLES[head].key[0]
            _keep(
                connection,
                name,
                f"SELECT * FROM {quoted(name)} WHERE {link} IN (SELECT {link} FROM {quoted(ALONE + head)})",
            )
        tables[name] = frame(connection, f"{ALONE}{name}")
    lines = [f"SELECT {PRODUCT} FROM {quoted(ALONE + name)}" for name in sorted(needed & LINES_OF.keys())]
    if lines:
        _keep(connection, "products", f"SELECT * FROM products WHERE {PRODUCT} IN ({' UNION '.join(lines)})")
        tables["products"] = frame(connection, f"{ALONE}products")
    return fact_frames(tables)


def _keep(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(ALONE + name)} AS {sql}")


def _rows(connection: duckdb.DuckDBPyConnection, table: str, column: str, name: str, *more: str) -> Frame | None:
    if not _is_there(connection, f"{ALONE}{table}"):
        return None
    rows = frame(connection, f"{ALONE}{table}").filter(nw.col(column) == name)
    return rows.select(KEY, *more).unique()


def _is_there(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    sql = f"SELECT 1 FROM duckdb_columns() WHERE table_name = {literal(name)} LIMIT 1"
    return connection.execute(sql).fetchone() is not None
