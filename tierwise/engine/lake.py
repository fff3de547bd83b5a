"""The lake: facts and snapshots as Delta tables in one folder.

A Delta commit counts only once the operational state has recorded its version (`state/lake_tables.py`); that record
is written in one transaction for all tables of a job. So a job that dies half-way has changed nothing that anyone
reads, and `heal`, at the start of the next job, takes its leftovers back.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from urllib.parse import unquote
from uuid import uuid4

import duckdb
from deltalake import ColumnProperties, DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from tierwise.engine.compaction import data_files, to_put_together
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.sql_types import SQL
from tierwise.facts.contract import STORED
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError

if TYPE_CHECKING:  # who only reads need not load Arrow: a third of a second of each command
    import pyarrow as pa

ROWS_PER_GROUP = 262_144
"""Rows of a Parquet row group: small enough that a window of time skips most of ten million orders."""

_BATCH = 131_072

_OF_RUNS_ALONE = frozenset({"bought_lines", "category_days"})
"""What runs keep for the runs to come: read whole each time, so written as LZ4, larger and faster to read than Zstd."""

_T = TypeVar("_T")


Source: TypeAlias = "pa.Table | pa.RecordBatchReader"


def _properties(name: str) -> WriterProperties:
    """Text keys hardly repeat, so a dictionary of them only costs: a quarter of the time, a quarter of the size."""
    table = STORED.get(name)
    keys = (*table.key, "id") if table else ()
    texts = [column.name for column in table.columns if column.type == "id" and column.name in keys] if table else []
    plain = {text: ColumnProperties(dictionary_enabled=False) for text in texts}
    return WriterProperties(
        compression="ZSTD", compression_level=1, max_row_group_size=ROWS_PER_GROUP, column_properties=plain or None
    )


class Lake:
    """The tables under one root. Writers must hold the home's write lock; readers need nothing."""

    def __init__(self, root: Path) -> None:
        if set("[]*?") & set(str(root)):
            raise TierwiseError(
                "bad_home",
                f'"{root}" has one of the letters [ ] * ? in its path, which Delta Lake and DuckDB take for a pattern',
                remedy="put TIERWISE_HOME elsewhere",
            )
        self.root = root
        self._files: dict[tuple[str, int], list[str]] = {}
        """By table and version: what was committed never changes, and asking takes some 10 ms each time."""

    def path(self, name: str) -> Path:
        return self.root / name

    def exists(self, name: str) -> bool:
        return DeltaTable.is_deltatable(str(self.path(name)))

    def latest_version(self, name: str) -> int | None:
        """The version last committed in Delta, recorded or not; None where there is no table."""
        return DeltaTable(str(self.path(name))).version() if self.exists(name) else None

    def append(self, name: str, rows: Source | duckdb.DuckDBPyRelation) -> int:
        """Add rows; new columns widen the table. Where many small files have come together, they become one
        (`engine/compaction.py`). The new version.

        The rows of a relation are written by DuckDB where the table is new or has these very columns.
        """
        if not isinstance(rows, duckdb.DuckDBPyRelation):
            table = self._write(name, rows, "append")
        elif self._takes(name, rows):
            table = self.guarded(name, lambda: self._write_by_duckdb(name, rows, "append"))
        else:
            table = self._write(name, rows.to_arrow_reader(_BATCH), "append")
        return self.guarded(name, lambda: self._put_together(name, table))

    def overwrite(self, name: str, rows: Source | duckdb.DuckDBPyRelation) -> int:
        """Replace all rows and the schema; older versions stay readable. The new version.

        The rows of a relation are written by DuckDB, in the relation's order, by all its threads.
        """
        if isinstance(rows, duckdb.DuckDBPyRelation):
            return self.guarded(name, lambda: self._write_by_duckdb(name, rows, "overwrite")).version()
        return self._write(name, rows, "overwrite").version()

    def upsert(self, name: str, rows: pa.Table, key: tuple[str, ...]) -> int:
        """Insert rows, replacing those with the same key (the key is unique in `rows`). The new version."""
        if not self.exists(name):
            return self.append(name, rows)

        def merge() -> int:
            table = DeltaTable(str(self.path(name)))
            matches = " AND ".join(f't."{column}" = s."{column}"' for column in key)
            (
                table.merge(rows, matches, source_alias="s", target_alias="t", merge_schema=True)
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .execute()
            )
            return table.version()

        return self.guarded(name, merge)

    def delete_keys(self, name: str, keys: pa.Table, key: tuple[str, ...]) -> int:
        """Delete the rows whose key is among `keys`. The new version."""

        def delete() -> int:
            table = DeltaTable(str(self.path(name)))
            matches = " AND ".join(f't."{column}" = s."{column}"' for column in key)
            table.merge(keys, matches, source_alias="s", target_alias="t").when_matched_delete().execute()
            return table.version()

        return self.guarded(name, delete)

    def heal(self, name: str, recorded: int | None) -> None:
        """Take back what was committed in Delta after the recorded version: the leftovers of a job that died."""
        latest = self.latest_version(name)
        if recorded is None:
            for known in [each for each in self._files if each[0] == name]:
                del self._files[known]
            shutil.rmtree(self.path(name), ignore_errors=True)
        elif latest is None or latest < recorded:
            raise TierwiseError(
                "lake_behind",
                f'table "{name}" is at version {latest}, but version {recorded} was recorded',
                place=str(self.path(name)),
                remedy="restore the folder from a backup: it is older than the database",
            )
        elif latest > recorded:
            DeltaTable(str(self.path(name))).restore(recorded)

    def files(self, name: str, version: int | None) -> list[str]:
        """The Parquet files of a version; empty where the version is None."""
        if version is None:
            return []
        if (name, version) not in self._files:
            actions = DeltaTable(str(self.path(name)), version=version).get_add_actions()
            folder = self.path(name)
            self._files[name, version] = sorted(str(folder / unquote(path)) for path in actions["path"].to_pylist())
        return self._files[name, version]

    def read(self, connection: duckdb.DuckDBPyConnection, name: str, version: int | None) -> duckdb.DuckDBPyRelation:
        """The rows of a version; no rows, in the contract's schema, where the version is None."""
        files = self.files(name, version)
        if files:
            return connection.read_parquet(files, union_by_name=len(files) > 1)
        if version is None:
            nulls = (f"CAST(NULL AS {SQL[c.type]}) AS {quoted(c.name)}" for c in STORED[name].columns)
            return connection.sql(f"SELECT {', '.join(nulls)} WHERE false")
        import pyarrow as pa

        schema = pa.schema(DeltaTable(str(self.path(name)), version=version).schema().to_arrow())
        return connection.from_arrow(schema.empty_table())

    def _write(self, name: str, rows: Source, mode: Literal["append", "overwrite"]) -> DeltaTable:
        properties = _properties(name)

        def write() -> DeltaTable:
            folder = str(self.path(name))
            self.root.mkdir(parents=True, exist_ok=True)
            if mode == "append":
                write_deltalake(
                    folder, rows, mode="append", schema_mode="merge", name=name, writer_properties=properties
                )
            else:
                write_deltalake(
                    folder, rows, mode="overwrite", schema_mode="overwrite", name=name, writer_properties=properties
                )
            return DeltaTable(folder)

        return self.guarded(name, write)

    def _takes(self, name: str, rows: duckdb.DuckDBPyRelation) -> bool:
        """Whether the rows need no change of the table's schema."""
        if not self.exists(name):
            return True
        given = Schema.from_arrow(rows.limit(0).to_arrow_table().schema)
        return {f.name: f.type for f in given.fields} == {
            f.name: f.type for f in DeltaTable(str(self.path(name))).schema().fields
        }

    def _put_together(self, name: str, table: DeltaTable) -> int:
        """The version in which no size class has many files; the given one where there is nothing to do."""
        folder = self.path(name)
        while found := to_put_together(data_files(table)):
            at = int(utc_now().timestamp() * 1000)
            gone = [RemoveAction(each.path, False, at, each.bytes) for each in found]
            file = folder / f"part-{uuid4()}.parquet"
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                rows = connection.read_parquet([str(folder / each.path) for each in found], union_by_name=True)
                try:
                    action = self._file(name, rows, file, changes=False)
                    table.create_write_transaction([action, *gone], mode="append", schema=table.schema())
                except BaseException:
                    file.unlink(missing_ok=True)
                    raise
            table = DeltaTable(str(folder))
        return table.version()

    def _write_by_duckdb(
        self, name: str, rows: duckdb.DuckDBPyRelation, mode: Literal["append", "overwrite"]
    ) -> DeltaTable:
        folder = self.path(name)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"part-{uuid4()}.parquet"
        schema = Schema.from_arrow(rows.limit(0).to_arrow_table().schema)
        try:
            action = self._file(name, rows, file, changes=True)
            if self.exists(name):
                DeltaTable(str(folder)).create_write_transaction([action], mode=mode, schema=schema)
            else:
                create_table_with_add_actions(str(folder), schema, [action], name=name)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        return DeltaTable(str(folder))

    def _file(self, name: str, rows: duckdb.DuckDBPyRelation, file: Path, *, changes: bool) -> AddAction:
        """Write the rows as a file. changes: whether they are other rows than the table has had."""
        from pyarrow import parquet

        codec = "lz4_raw" if name in _OF_RUNS_ALONE else "zstd, COMPRESSION_LEVEL 1"
        # Version 2 writes differences of numbers: orders take half the room, and two thirds of the time to read.
        options = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION {codec}, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        rows.query("to_write", f"COPY (SELECT * FROM to_write) TO {literal(str(file))} ({options})")
        stats = json.dumps({"numRecords": parquet.read_metadata(file).num_rows})
        seen = file.stat()
        return AddAction(file.name, seen.st_size, {}, int(seen.st_mtime * 1000), changes, stats)

    def guarded(self, name: str, act: Callable[[], _T]) -> _T:
        """What `act` gives, which writes the table. Raises `disk_full`, `lake_write_failed`."""
        try:
            return act()
        except (DeltaError, OSError, duckdb.IOException) as error:
            full = "No space left" in str(error) or "os error 28" in str(error)
            raise TierwiseError(
                "disk_full" if full else "lake_write_failed",
                f'table "{name}" could not be written: {error}',
                place=str(self.path(name)),
                remedy="free some space and do it again: nothing was changed"
                if full
                else "nothing was changed; see the cause above",
            ) from error
