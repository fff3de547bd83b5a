"""Copies in the order of customers: of the profile and of facts, so that one customer's rows are found in milliseconds.

Facts lie in the order of time, which suits windows; one customer's few rows among ten million then cost a look at all
of them. So beside the lake stand copies, each a file of DuckDB of one version of one table: facts in the order of their
key, the profile with an index from the business's own id to its row. They are derived and nothing else: whoever deletes
them loses time alone, and they are made again.

A copy is named after the very commit that it was made of, so another version's copy, or that of a lake that was put
back from a backup, is never read. It is written beside its name and moved there when it is whole.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import md5, sha256
from itertools import count
from pathlib import Path
from uuid import uuid4

import duckdb

from tierwise.engine.duckdb_session import connect, literal, quoted
from tierwise.engine.lake import Lake
from tierwise.engine.sql_types import SQL
from tierwise.facts.contract import RELATIONS, STORED

PROFILE = "profile"
MAP = "customer_map"
FACTS = ("customers", "orders", "refunds", "visits", "vehicles", *RELATIONS)
"""The facts of which one customer's rows are shown; a lake that lacks one has no rows of it."""

_LAYOUT = 2
"""Of what is in a file; another layout is another name."""

_PARTS = "BLOCK_SIZE 65536, ROW_GROUP_SIZE 122880"
_MAKING = ".making"
_MEMORY = "512MB"
"""What a process keeps at most of copies that it has read."""


@dataclass(frozen=True)
class Place:
    """Where one customer's rows are. keys: the source keys that are this customer; row: of the profile's copy."""

    key: int
    keys: tuple[int, ...]
    row: int


@dataclass(eq=False)
class CustomerCopies:
    """The copies under one folder; any number of processes read and make them. `close` it."""

    lake: Lake
    root: Path
    spill: Path
    memory_limit: str | None = None
    _home: duckdb.DuckDBPyConnection | None = None
    _names: dict[Path, str] = field(default_factory=dict)
    _maker: duckdb.DuckDBPyConnection | None = None
    _readers: int = 0
    _aside: threading.Thread | None = None
    _closed: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)

    def path(self, table: str, version: int) -> Path | None:
        """Where the copy of that version is, or would be; None where the lake has forgotten the version's commit."""
        commit = self.lake.path(table) / "_delta_log" / f"{version:020}.json"
        try:
            said = commit.read_bytes()
        except OSError:
            return None
        mark = sha256(f"{_LAYOUT} {_PARTS} {duckdb.__version__} ".encode() + said).hexdigest()[:16]
        return self.root / f"{table}-{version}-{mark}.duckdb"

    def lacking(self, versions: Mapping[str, int]) -> dict[str, int]:
        """Those of the tables read by customer that have no copy of their version here."""
        return {
            table: version
            for table, version in _read(versions).items()
            if (path := self.path(table, version)) is not None and not path.exists()
        }

    def make(self, table: str, version: int) -> None:
        """Write the copy of that version. Two at once do the work twice and harm nothing.

        Raises `disk_full`, `lake_write_failed`; and what DuckDB raises where it is interrupted.
        """
        self.lake.guarded(table, lambda: self._make(table, version))

    def _make(self, table: str, version: int) -> None:
        path = self.path(table, version)
        if path is None:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{uuid4().hex}{_MAKING}")
        connection = connect(self.spill, memory_limit=self.memory_limit)
        self._maker = connection
        try:
            if self._closed:
                raise InterruptedError
            rows = (
                self._numbered(connection, version) if table == PROFILE else self.lake.read(connection, table, version)
            )
            rows.create_view("stored")
            connection.execute(f"ATTACH {literal(str(unfinished))} AS made ({_PARTS})")
            for statement in _profile_sql() if table == PROFILE else _fact_sql(table, rows.columns):
                connection.execute(statement)
            connection.execute("DETACH made")
            os.replace(unfinished, path)
        finally:
            self._maker = None
            connection.close()
            unfinished.unlink(missing_ok=True)
            Path(f"{unfinished}.wal").unlink(missing_ok=True)

    def _numbered(self, connection: duckdb.DuckDBPyConnection, version: int) -> duckdb.DuckDBPyRelation:
        """The profile with a number in `row` that ascends, so that blocks of rows are skipped by it.

        DuckDB's own rowid would do, but looks at every block: of ten million rows and a hundred columns, 30 ms.
        """
        files = self.lake.files(PROFILE, version)
        if len(files) == 1:
            return connection.read_parquet(files, file_row_number=True).project(
                "* EXCLUDE (file_row_number), file_row_number AS row"
            )
        return self.lake.read(connection, PROFILE, version).project("*, row_number() OVER () AS row")

    def keep_only(self, versions: Mapping[str, int]) -> None:
        """Remove the copies of other versions, and what a maker left that died. Nobody else may be making.

        Whoever is reading a removed copy reads on: the file goes when the last has closed it.
        """
        kept = {self.path(table, version) for table, version in _read(versions).items()}
        for found in self.root.glob("*"):
            if found not in kept:
                found.unlink(missing_ok=True)

    @contextmanager
    def opened(self, versions: Mapping[str, int]) -> Iterator[CopiesOfRun | None]:
        """The copies of these very versions, open for questions; None where one is lacking.

        versions: of the profile and of the facts of one run.
        """
        wanted = _read(versions)
        paths = {table: self.path(table, version) for table, version in wanted.items()}
        connection = self._attached(paths)
        if connection is None:
            yield None
            return
        try:
            names = {table: self._names[path] for table, path in paths.items() if path is not None}
            yield CopiesOfRun(connection, names)
        finally:
            connection.close()
            self._left()

    def aside(self, work: Callable[[], object]) -> bool:
        """Do it in a thread of its own, unless one is at work or all is closed; whether it was begun."""
        with self._lock:
            if self._closed or (self._aside is not None and self._aside.is_alive()):
                return False
            self._aside = threading.Thread(target=work, name="tierwise copies", daemon=True)
            self._aside.start()
            return True

    def wait(self) -> None:
        """Until what is done aside has ended."""
        if self._aside is not None:
            self._aside.join()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """End what is done aside, and let go of all files. Nobody may be looking any more."""
        self._closed = True
        while self._aside is not None and self._aside.is_alive():
            maker = self._maker
            if maker is not None:
                with suppress(duckdb.Error):  # it has just ended by itself
                    maker.interrupt()
            self._aside.join(0.05)
        with self._lock:
            if self._home is not None:
                self._home.close()
            self._home = None
            self._names.clear()

    def _attached(self, paths: Mapping[str, Path | None]) -> duckdb.DuckDBPyConnection | None:
        with self._lock:
            for path in paths.values():
                if path is None or (path not in self._names and not path.exists()):
                    return None
            if self._home is None:
                # Each question looks at a few rows: to share that among threads costs more than it saves.
                self._home = connect(self.spill, memory_limit=_MEMORY, threads=1)
                self._home.execute("SET GLOBAL TimeZone = 'UTC'")
                # It finds the few rows of a LIMIT anew by rowid, which looks at every block: 20 ms of ten million rows.
                self._home.execute("SET disabled_optimizers = 'late_materialization'")
            for path in paths.values():
                if path is not None and path not in self._names and not self._attach(self._home, path):
                    return None
            self._readers += 1
            return self._home.cursor()

    def _attach(self, home: duckdb.DuckDBPyConnection, path: Path) -> bool:
        name = f"copy_{next(self._numbers)}"
        try:
            home.execute(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
        except duckdb.Error:  # removed meanwhile, or damaged: it is made again
            path.unlink(missing_ok=True)
            return False
        self._names[path] = name
        return True

    def _left(self) -> None:
        """Where nobody looks any more, let go of the files that were removed."""
        with self._lock:
            self._readers -= 1
            if self._readers or self._home is None:
                return
            for path in [path for path in self._names if not path.exists()]:
                self._home.execute(f"DETACH {self._names.pop(path)}")


@dataclass(frozen=True)
class CopiesOfRun:
    """The copies of one run's versions. connection: one's own; names: table -> the database that is its copy."""

    connection: duckdb.DuckDBPyConnection
    names: Mapping[str, str]

    def place(self, customer_id: str) -> Place | None:
        """Where that customer's rows are; None where the run does not know the customer."""
        named = literal(customer_id)
        found = self.connection.execute(
            f"SELECT customer_key, row FROM {self.names[PROFILE]}.ids "
            f"WHERE mark = {_mark(customer_id)}::UBIGINT AND customer_id = {named}"
        ).fetchone()
        if found is None:
            return None
        key = int(found[0])
        return Place(key, self._keys(key), int(found[1]))

    def narrow(self, place: Place) -> None:
        """The views `profile` and each of `FACTS` with the rows of that customer alone, by `customer_key`."""
        self._view(PROFILE, f"SELECT * EXCLUDE (row) FROM {self.names[PROFILE]}.rows WHERE row = {place.row}")
        self._facts(place.key, place.keys)

    def further(self, lake: Lake, key: int, before: Mapping[str, int], now: Mapping[str, int], profile: str) -> None:
        """The views as `narrow` makes them, of facts of later versions; profile: a query of the customer's row.

        before: the versions of the copies. Where files have but come, they are looked through beside the copy; where
        others have gone as well, all are, which takes longer.
        """
        self._view(PROFILE, profile)
        mapped = lake.read(self.connection, MAP, now.get(MAP)).filter(f"customer_key = {key} AND source_key <> {key}")
        keys = (key, *(int(source) for (source,) in mapped.project("source_key").order("1").fetchall()))
        self._facts(key, keys)
        for table in FACTS:
            if before.get(table) == now.get(table):
                continue
            was, there = (set(lake.files(table, versions.get(table))) for versions in (before, now))
            sides = [_copied(self.names, table, key, keys)] if was <= there else [_nothing(table)]
            if files := sorted(there - was if was <= there else there):
                listed = ", ".join(map(literal, files))
                rows = f"read_parquet([{listed}], union_by_name = true)"
                sides.append(f"{_columns(key)} FROM {rows} WHERE source_key {_among(keys)}")
            self._view(table, " UNION ALL BY NAME ".join(sides))

    def _facts(self, key: int, keys: tuple[int, ...]) -> None:
        for table in FACTS:
            self._view(table, _copied(self.names, table, key, keys))

    def _keys(self, key: int) -> tuple[int, ...]:
        if MAP not in self.names:
            return (key,)
        rows = self.connection.execute(
            f"SELECT source_key FROM {self.names[MAP]}.rows WHERE customer_key = {key} AND source_key <> {key} "
            "ORDER BY 1"
        ).fetchall()
        return (key, *(int(source) for (source,) in rows))

    def _view(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}")


def _copied(names: Mapping[str, str], table: str, key: int, keys: tuple[int, ...]) -> str:
    """A customer's rows of a copy."""
    if table not in names:
        return _nothing(table)
    return f"{_columns(key)} FROM {names[table]}.rows WHERE source_key {_among(keys)}"


def _columns(key: int) -> str:
    return f"SELECT {key}::BIGINT AS customer_key, * EXCLUDE (source_key)"


def _among(keys: tuple[int, ...]) -> str:
    """One key compared with = is looked up; a list of them is, too, but is planned for longer."""
    listed = ", ".join(map(str, keys))
    return f"= {listed}" if len(keys) == 1 else f"IN ({listed})"


def _nothing(table: str) -> str:
    """No rows, with the contract's columns."""
    others = (column for column in STORED[table].columns if column.name != "source_key")
    nulls = (f"CAST(NULL AS {SQL[column.type]}) AS {quoted(column.name)}" for column in others)
    return f"SELECT NULL::BIGINT AS customer_key, {', '.join(nulls)} WHERE false"


def _read(versions: Mapping[str, int]) -> dict[str, int]:
    """Of these tables, those that are read by customer."""
    return {table: versions[table] for table in (PROFILE, MAP, *FACTS) if table in versions}


def _mark(customer_id: str) -> int:
    """As DuckDB's md5_number_upper has it, so that the number is there when the question is planned."""
    return int.from_bytes(md5(customer_id.encode(), usedforsecurity=False).digest()[:8], "little")


def _profile_sql() -> tuple[str, ...]:
    """Rows as they come, and an index of the ids that stay, by a number that falls evenly."""
    return (
        "CREATE TABLE made.rows AS SELECT * FROM stored",
        "CREATE TABLE made.ids AS SELECT md5_number_upper(customer_id) AS mark, customer_id, customer_key, row "
        "FROM made.rows ORDER BY mark",
    )


def _fact_sql(table: str, there: list[str]) -> tuple[str, ...]:
    """All columns of the contract, nulls where the files lack one; rows of nobody are of no use here."""
    key = "customer_key" if table == MAP else "source_key"
    known = {column.name: column for column in STORED[table].columns}
    columns = [quoted(name) for name in there]
    columns += [f"CAST(NULL AS {SQL[c.type]}) AS {quoted(name)}" for name, c in known.items() if name not in there]
    return (
        f"CREATE TABLE made.rows AS SELECT {', '.join(columns)} FROM stored WHERE {key} IS NOT NULL ORDER BY {key}",
    )
