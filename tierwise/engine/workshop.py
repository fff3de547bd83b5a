"""Where a run's steps are executed: tables and views under names, on one engine.

Steps are written once: metrics as lazy frames (Narwhals), the joins between them as queries of the SQL that DuckDB and
Spark share. That is: names in double quotes, texts in single ones and without a backslash, `ANTI JOIN … USING`,
`CAST(… AS STRING)`, no `::` and no `FILTER` before its aggregate is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import duckdb
import narwhals as nw

from tierwise.engine import sources
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.lake import Lake
from tierwise.metrics.frame import Frame


class Workshop(Protocol):
    """Tables and views by name. A table is executed once and read from then on; a view is computed where it is read."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection in which what a run writes is read in the end, and in which facts are registered as views."""

    def open(self, lake: Lake, versions: Mapping[str, int], tags: Mapping[str, int]) -> None:
        """Begin: the facts of these versions under their names. tags: name -> version of the snapshot of tags."""

    def take_over(self, name: str) -> None:
        """Have what the connection calls so, too: small tables of one row per customer at most."""

    def table(self, name: str, query: str) -> None:
        """Execute a query into a table."""

    def view(self, name: str, query: str) -> None:
        """Name a query; in place of a view of that name."""

    def frame(self, name: str) -> Frame:
        """A table or view as the lazy frame that metrics take."""

    def keep(self, name: str, computed: Frame) -> Frame:
        """Execute a lazy frame into a table of that name, and give it back as a frame."""

    def create_view(self, name: str, computed: Frame) -> None:
        """Name a lazy frame, computed where it is read."""

    def empty(self, name: str, columns: Mapping[str, str]) -> None:
        """A table without rows, to which `insert` adds. columns: name -> STRING, BIGINT or DATE."""

    def insert(self, name: str, rows: Frame) -> None:
        """Add rows to a table that `empty` made; columns by place."""

    def drop(self, name: str) -> None:
        """Let go of a table."""

    def rename_view(self, name: str, to: str) -> None:
        """Call a view otherwise; those that read it read it still."""

    def columns(self, name: str) -> list[str]:
        """The columns of a table or view."""

    def has(self, name: str) -> bool:
        """Whether there is a table or view of that name."""

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a small answer."""

    def deliver(self, names: Iterable[str]) -> None:
        """See to it that the connection has what is called so here, as views or tables."""


class DuckdbWorkshop:
    """The connection itself: nothing is handed over to anybody."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self._connection

    def open(self, lake: Lake, versions: Mapping[str, int], tags: Mapping[str, int]) -> None:
        for name, version in tags.items():
            lake.read(self._connection, "tags", version).create_view(name)

    def take_over(self, name: str) -> None:
        """It is there."""

    def table(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE TABLE {quoted(name)} AS {query}")

    def view(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {query}")

    def frame(self, name: str) -> Frame:
        return sources.frame(self._connection, name)

    def keep(self, name: str, computed: Frame) -> Frame:
        return sources.keep(self._connection, name, computed)

    def create_view(self, name: str, computed: Frame) -> None:
        sources.create_view(name, computed)

    def empty(self, name: str, columns: Mapping[str, str]) -> None:
        listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        self._connection.execute(f"CREATE TABLE {quoted(name)} ({listed})")

    def insert(self, name: str, rows: Frame) -> None:
        native: duckdb.DuckDBPyRelation = nw.to_native(rows)
        native.insert_into(name)

    def drop(self, name: str) -> None:
        self._connection.execute(f"DROP TABLE {quoted(name)}")

    def rename_view(self, name: str, to: str) -> None:
        self._connection.execute(f"ALTER VIEW {quoted(name)} RENAME TO {quoted(to)}")

    def columns(self, name: str) -> list[str]:
        return list(self._connection.view(name).columns)

    def has(self, name: str) -> bool:
        asked = "SELECT 1 FROM information_schema.tables WHERE table_name = ?"
        return self._connection.execute(asked, [name]).fetchone() is not None

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def deliver(self, names: Iterable[str]) -> None:
        """It is there."""
