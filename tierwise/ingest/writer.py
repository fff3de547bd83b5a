"""Delta commits of one import: made one after another, recorded together, taken back together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from tierwise.engine.arrow_types import ARROW
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.lake import Lake
from tierwise.engine.sql_types import SQL
from tierwise.facts.contract import STORED, TABLES, WHO_IS_WHO


class Writer:
    """Writes to the lake what SQL says, in the contract's types.

    before: the recorded versions. after: those of the tables written so far. dry: nothing is written.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, lake: Lake, recorded: Mapping[str, int], *, dry: bool) -> None:
        self.con = con
        self.lake = lake
        self.before = dict(recorded)
        self.after: dict[str, int] = {}
        self.touched: set[str] = set()
        self.dry = dry

    def heal(self) -> None:
        """Take back what an import that died has left in any table. Call it with the home's write lock held."""
        if self.dry:
            return
        for table in (*TABLES, *WHO_IS_WHO):
            if self.lake.exists(table):
                self.lake.heal(table, self.before.get(table))

    def stored(self, table: str) -> list[str] | None:
        """Make the view `stored_TABLE` of the recorded rows; its columns, or None where there is no table."""
        if table not in self.before:
            return None
        view = f"stored_{table}"
        self.lake.read(self.con, table, self.before[table]).create_view(view, replace=True)
        return [row[0] for row in self.con.execute(f"DESCRIBE {view}").fetchall()]

    def current(self, table: str) -> list[str] | None:
        """As `stored`, in the view `now_TABLE`, with what this writer has written already."""
        version = self.after.get(table, self.before.get(table))
        self.lake.read(self.con, table, version).create_view(f"now_{table}", replace=True)
        return None if version is None else list(self.con.view(f"now_{table}").columns)

    def append(self, table: str, query: str) -> None:
        """Append the rows of a query that gives every column of the table (customers' traits too)."""
        if not self.dry:
            self.touched.add(table)
            self.after[table] = self.lake.append(table, self.con.sql(query))

    def upsert(self, table: str, query: str) -> None:
        """Insert or replace whole rows by the table's key."""
        if not self.dry:
            rows = self.con.execute(query).to_arrow_table()
            if rows.num_rows:
                self.touched.add(table)
                key = STORED[table].key
                self.after[table] = self.lake.upsert(table, rows.cast(_schema(table, rows.schema)), key)

    def delete(self, table: str, query: str, key: str) -> None:
        """Delete the rows whose `key` column is among the query's one column."""
        if not self.dry and table in self.before:
            rows = self.con.execute(query).to_arrow_table()
            if rows.num_rows:
                self.touched.add(table)
                self.after[table] = self.lake.delete_keys(table, rows, (key,))

    def overwrite(self, table: str, query: str) -> None:
        """The rows of a query in place of all; in the contract's types."""
        if not self.dry:
            self.touched.add(table)
            self.after[table] = self.lake.overwrite(table, self.con.sql(query))

    def take_back(self) -> None:
        """Take every table back to what is recorded."""
        for table in sorted(self.touched):
            self.lake.heal(table, self.before.get(table))


def scalar(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    """The one value of a query that gives one."""
    row = con.execute(query).fetchone()
    assert row is not None
    return row[0]


def _schema(table: str, given: pa.Schema) -> pa.Schema:
    types = {column.name: ARROW[column.type] for column in STORED[table].columns}
    return pa.schema([pa.field(field.name, types.get(field.name, pa.string())) for field in given])


def table_columns(table: str, given: Mapping[str, str], extra: Mapping[str, str] | None = None) -> str:
    """A SELECT list with every column of the table in its order: the given SQL, else null of the column's type."""
    chosen = [
        f"CAST({given[column.name]} AS {SQL[column.type]}) AS {quoted(column.name)}"
        if column.name in given
        else f"CAST(NULL AS {SQL[column.type]}) AS {quoted(column.name)}"
        for column in STORED[table].columns
    ]
    chosen += [f"CAST({sql} AS VARCHAR) AS {quoted(name)}" for name, sql in (extra or {}).items()]
    return ", ".join(chosen)
