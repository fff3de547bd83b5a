"""The profile that everybody asks about, held in memory by a process that serves.

A count over files decompresses its columns each time; in a native table of DuckDB it takes a few hundredths of a second
at ten million customers. So the columns that were asked for are loaded into one table, once for each run, up to a bound
of memory; the columns that nobody asked for lately make room. What does not fit is read from the files.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import duckdb
import narwhals as nw

from tierwise.engine.duckdb_session import connect, quoted
from tierwise.engine.lake import Lake
from tierwise.metrics.rules import RuleColumn, rule_schema

SHARE_OF_MEMORY = 0.25
"""So much of DuckDB's own limit the table may take."""

PROFILE = "profile"
KEY = "customer_key"

_WIDTHS = {"BIGINT": 8, "DOUBLE": 8, "TIMESTAMP": 8, "INTEGER": 4, "DATE": 4, "FLOAT": 4, "BOOLEAN": 1}
_TEXT_WIDTH = 24
"""Bytes of a value in memory; of a text its 16 and some of its letters."""


@dataclass(eq=False)
class _Loaded:
    """One native table. users: how many look at it now; it is dropped when it is stale and nobody does."""

    table: str
    version: int
    columns: frozenset[str]
    users: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Shape:
    """A version of the profile: its columns with their types in DuckDB's words, and its rows."""

    types: Mapping[str, str]
    rows: int

    def bytes_of(self, columns: Collection[str]) -> int:
        return self.rows * sum(_WIDTHS.get(self.types[column], _TEXT_WIDTH) for column in columns)


@dataclass(eq=False)
class CurrentProfile:
    """The newest run's profile, shared by the threads of one process. `close` it.

    budget_bytes: the bound; 0 never loads and reads files each time; None: `SHARE_OF_MEMORY` of DuckDB's limit.
    """

    lake: Lake
    spill: Path
    memory_limit: str | None = None
    budget_bytes: int | None = None
    _home: duckdb.DuckDBPyConnection | None = None
    _loaded: _Loaded | None = None
    _asked: dict[str, int] = field(default_factory=dict)
    _shapes: dict[int, _Shape] = field(default_factory=dict)
    _schemas: dict[tuple[int, int], dict[str, RuleColumn]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._numbers = count(1)

    def schema(self, version: int, digits: int) -> dict[str, RuleColumn]:
        """The profile's columns as rules name them; digits: decimals of its money."""
        if (version, digits) not in self._schemas:
            with self._session() as connection:
                relation = self.lake.read(connection, PROFILE, version)
                self._schemas[version, digits] = rule_schema(nw.from_native(relation), digits)
        return self._schemas[version, digits]

    def rows(self, version: int) -> int:
        """Customers of a version of the profile."""
        return self._shape(version).rows

    @contextmanager
    def opened(
        self, version: int, columns: Collection[str], *, load: bool = True
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose `profile` has these columns and `customer_key` at least; what is made on it goes with it.

        columns: names inside. The first question about a run or a column waits until it is loaded. load: False for a
        run that is not the current one: its files are read, and the current one stays loaded.
        """
        wanted = frozenset(columns) | {KEY}
        loaded = self._with(version, wanted) if load else None
        try:
            with self._session() as connection:
                if loaded is None:
                    self.lake.read(connection, PROFILE, version).create_view(PROFILE)
                else:
                    connection.execute(f"CREATE VIEW {PROFILE} AS SELECT * FROM main.{loaded.table}")
                yield connection
        finally:
            if loaded is not None:
                self._leave(loaded)

    def close(self) -> None:
        """Let go of all memory. Nobody may be looking any more."""
        with self._lock:
            if self._home is not None:
                self._home.close()
            self._home = self._loaded = None

    @contextmanager
    def _session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with a schema of its own, in which all it makes stands, dropped at the end."""
        with self._lock:
            if self._home is None:
                self._home = connect(self.spill, memory_limit=self.memory_limit)
                self._home.execute("SET GLOBAL TimeZone = 'UTC'")
            connection = self._home.cursor()
            number = next(self._numbers)
        room = f"session_{number}"
        try:
            connection.execute(f"CREATE SCHEMA {room}; SET schema = '{room}'")
            yield connection
        finally:
            with suppress(duckdb.Error):  # of a connection that was interrupted, or whose house is closed
                connection.execute(f"SET schema = 'main'; DROP SCHEMA {room} CASCADE")
            connection.close()

    def _with(self, version: int, wanted: frozenset[str]) -> _Loaded | None:
        """The table that has these columns, with one more user; None where the files must do."""
        found = self._fitting(version, wanted)
        if found is not None or self.budget_bytes == 0:
            return found
        with self._loading:
            found = self._fitting(version, wanted)
            if found is not None:
                return found
            columns = self._choice(version, wanted)
            return None if columns is None else self._load(version, columns)

    def _fitting(self, version: int, wanted: frozenset[str]) -> _Loaded | None:
        with self._lock:
            for column in wanted:
                self._asked[column] = next(self._numbers)
            loaded = self._loaded
            if loaded is None or loaded.version != version or not wanted <= loaded.columns:
                return None
            loaded.users += 1
            return loaded

    def _choice(self, version: int, wanted: frozenset[str]) -> frozenset[str] | None:
        """Those wanted, and of those asked for before the newest that fit; None where the wanted alone do not."""
        shape = self._shape(version)
        if not wanted <= shape.types.keys() or shape.bytes_of(wanted) > self._budget():
            return None
        chosen = set(wanted)
        for column in sorted(self._asked.keys() & shape.types.keys() - wanted, key=lambda name: -self._asked[name]):
            if shape.bytes_of({*chosen, column}) > self._budget():
                break
            chosen.add(column)
        return frozenset(chosen)

    def _load(self, version: int, columns: frozenset[str]) -> _Loaded:
        self._retire()
        table = f"profile_{next(self._numbers)}"
        with self._session() as connection:
            self.lake.read(connection, PROFILE, version).create_view("files")
            listed = ", ".join(quoted(column) for column in sorted(columns))
            connection.execute(f"CREATE TABLE main.{table} AS SELECT {listed} FROM files")
        made = _Loaded(table, version, columns, users=1)
        with self._lock:
            self._loaded = made
        return made

    def _retire(self) -> None:
        """Let go of the table that there is, before its successor needs the room."""
        with self._lock:
            old, self._loaded = self._loaded, None
            if old is not None:
                old.stale = True
        if old is not None:
            self._drop_if_left(old)

    def _leave(self, loaded: _Loaded) -> None:
        with self._lock:
            loaded.users -= 1
        self._drop_if_left(loaded)

    def _drop_if_left(self, loaded: _Loaded) -> None:
        with self._lock:
            if not loaded.stale or loaded.users or self._home is None:
                return
            self._home.execute(f"DROP TABLE IF EXISTS main.{loaded.table}")

    def _shape(self, version: int) -> _Shape:
        if version not in self._shapes:
            with self._session() as connection:
                relation = self.lake.read(connection, PROFILE, version)
                types = dict(zip(relation.columns, map(str, relation.types), strict=True))
                rows = relation.aggregate("count(*)").fetchone()
                self._shapes[version] = _Shape(types, int(rows[0]) if rows else 0)
        return self._shapes[version]

    def _budget(self) -> int:
        if self.budget_bytes is None:
            with self._session() as connection:
                found = connection.execute(
                    "SELECT parse_formatted_bytes(current_setting('memory_limit'))::BIGINT"
                ).fetchone()
            self.budget_bytes = int(SHARE_OF_MEMORY * found[0]) if found else 0
        return self.budget_bytes
