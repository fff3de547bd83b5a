"""The lake: facts and snapshots as Delta tables in one folder.

A Delta commit counts only once the operational state has recorded its version (`state/lake_tables.py`); that record
is written in one transaction for all tables of a job. So a job that dies half-way has changed nothing that anyone
reads, and `heal`, at the start of the next job, takes its leftovers back.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from urllib.parse import unquote
from uuid import uuid4

import duckdb
from deltalake import ColumnProperties, DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from tierwise.engine.compaction import DataFile, to_put_together
from tierwise.engine.delta_log import KEEP_THE_LOG, Newest, commit, has_newest, is_newest, newest_of
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


def _without_dictionary(name: str) -> list[str]:
    """Text keys hardly repeat, so a dictionary of them only costs: a quarter of the time, a quarter of the size."""
    table = STORED.get(name)
    keys = (*table.key, "id") if table else ()
    return [column.name for column in table.columns if column.type == "id" and column.name in keys] if table else []


def _properties(name: str) -> WriterProperties:
    plain = {text: ColumnProperties(dictionary_enabled=False) for text in _without_dictionary(name)}
    return WriterProperties(
        compression="ZSTD", compression_level=1, max_row_group_size=ROWS_PER_GROUP, column_properties=plain or None
    )


_KNOWN_VERSIONS = 256


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
        self._newest: dict[str, Newest] = {}
        """By table, as seen last; another process may have gone on since."""

    def path(self, name: str) -> Path:
        return self.root / name

    def exists(self, name: str) -> bool:
        return self._known(name) is not None or DeltaTable.is_deltatable(str(self.path(name)))

    def latest_version(self, name: str) -> int | None:
        """The version last committed in Delta, recorded or not; None where there is no table."""
        newest = self._see(name)
        return None if newest is None else newest.number

    def append(self, name: str, rows: Source | duckdb.DuckDBPyRelation) -> int:
        """Add rows; new columns widen the table. Where many small files have come together, they become one
        (`engine/compaction.py`). The new version.

        The rows of a relation are written by DuckDB where the table is new or has these very columns.
        """
        import pyarrow as pa

        before = self.guarded(name, lambda: self._see(name))
        if isinstance(rows, duckdb.DuckDBPyRelation):
            if before is None or _fields(Schema.from_arrow(rows.limit(0).to_arrow_table().schema)) == _fields(
                before.schema
            ):
                newest = self.guarded(name, lambda: self._write_by_duckdb(name, rows, before, "append"))
            else:
                newest = self._write(name, rows.to_arrow_reader(_BATCH), "append")
        elif before is not None and isinstance(rows, pa.Table) and _as_stored(rows.schema, before.schema):
            newest = self.guarded(name, lambda: self._write_by_arrow(name, rows, before))
        else:
            newest = self._write(name, rows, "append")
        return self.guarded(name, lambda: self._put_together(name, newest)).number

    def overwrite(self, name: str, rows: Source | duckdb.DuckDBPyRelation) -> int:
        """Replace all rows and the schema; older versions stay readable. The new version.

        The rows of a relation are written by DuckDB, in the relation's order, by all its threads.
        """
        if isinstance(rows, duckdb.DuckDBPyRelation):
            return self.guarded(name, lambda: self._write_by_duckdb(name, rows, self._see(name), "overwrite")).number
        return self._write(name, rows, "overwrite").number

    def upsert(self, name: str, rows: pa.Table, key: tuple[str, ...]) -> int:
        """Insert rows, replacing those with the same key (the key is unique in `rows`). The new version."""
        if not self.exists(name):
            return self.append(name, rows)

        def merge() -> int:
            table = DeltaTable(str(self.path(name)))
            matches = " AND ".join(f't."{column}" = s."{column}"' for column in key)
            (
                table.merge(
                    rows,
                    matches,
                    source_alias="s",
                    target_alias="t",
                    merge_schema=True,
                    post_commithook_properties=KEEP_THE_LOG,
                )
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
            (
                table.merge(keys, matches, source_alias="s", target_alias="t", post_commithook_properties=KEEP_THE_LOG)
                .when_matched_delete()
                .execute()
            )
            return table.version()

        return self.guarded(name, delete)

    def heal(self, name: str, recorded: int | None) -> None:
        """Take back what was committed in Delta after the recorded version: the leftovers of a job that died."""
        if recorded is None:
            self._newest.pop(name, None)
            for known in [each for each in self._files if each[0] == name]:
                del self._files[known]
            shutil.rmtree(self.path(name), ignore_errors=True)
            return
        if has_newest(self.path(name), recorded):
            return
        latest = self.latest_version(name)
        if latest is None or latest < recorded:
            raise TierwiseError(
                "lake_behind",
                f'table "{name}" is at version {latest}, but version {recorded} was recorded',
                place=str(self.path(name)),
                remedy="restore the folder from a backup: it is older than the database",
            )
        if latest > recorded:
            DeltaTable(str(self.path(name))).restore(recorded, post_commithook_properties=KEEP_THE_LOG)

    def files(self, name: str, version: int | None) -> list[str]:
        """The Parquet files of a version; empty where the version is None."""
        if version is None:
            return []
        known = self._files.get((name, version))
        if known is not None:
            return known
        folder, newest = self.path(name), self._known(name)
        if newest is not None and newest.number == version:
            paths = [each.path for each in newest.files]
        else:
            actions = DeltaTable(str(folder), version=version).get_add_actions()
            paths = [unquote(path) for path in actions["path"].to_pylist()]
        found = self._files[name, version] = sorted(str(folder / path) for path in paths)
        for old in list(self._files)[:-_KNOWN_VERSIONS]:  # a process that stays sees a version a second
            self._files.pop(old, None)
        return found

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

    def _known(self, name: str) -> Newest | None:
        """The newest version where it is the one seen last."""
        known = self._newest.get(name)
        return known if known is not None and is_newest(self.path(name), known) else None

    def _see(self, name: str, table: DeltaTable | None = None) -> Newest | None:
        """The newest version; None where there is no table. table: as it was written just now."""
        known = None if table is not None else self._known(name)
        newest = known or newest_of(self.path(name), table)
        if newest is None:
            self._newest.pop(name, None)
        else:
            self._newest[name] = newest
        return newest

    def _seen(self, name: str, table: DeltaTable) -> Newest:
        newest = self._see(name, table)
        assert newest is not None, "it was written"
        return newest

    def _write(self, name: str, rows: Source, mode: Literal["append", "overwrite"]) -> Newest:
        properties = _properties(name)

        def write() -> Newest:
            folder = str(self.path(name))
            self.root.mkdir(parents=True, exist_ok=True)
            write_deltalake(
                folder,
                rows,
                mode=mode,
                schema_mode="merge" if mode == "append" else "overwrite",
                name=name,
                writer_properties=properties,
                post_commithook_properties=KEEP_THE_LOG,
            )
            return self._seen(name, DeltaTable(folder))

        return self.guarded(name, write)

    def _put_together(self, name: str, newest: Newest) -> Newest:
        """The version in which no size class has many files; the given one where there is nothing to do."""
        folder = self.path(name)
        while found := to_put_together(newest.files):
            file = folder / f"part-{uuid4()}.parquet"
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
                rows = connection.read_parquet([str(folder / each.path) for each in found], union_by_name=True)
                with _or_gone(file):
                    newest = self._commit(name, newest, self._file(name, rows, file, changes=False), found)
        return newest

    def _write_by_duckdb(
        self,
        name: str,
        rows: duckdb.DuckDBPyRelation,
        before: Newest | None,
        mode: Literal["append", "overwrite"],
    ) -> Newest:
        folder = self.path(name)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"part-{uuid4()}.parquet"
        with _or_gone(file):
            action = self._file(name, rows, file, changes=True)
            if before is not None and mode == "append":
                return self._commit(name, before, action)
            schema = Schema.from_arrow(rows.limit(0).to_arrow_table().schema)
            if before is None:
                create_table_with_add_actions(str(folder), schema, [action], name=name)
                return self._seen(name, DeltaTable(str(folder)))
            table = DeltaTable(str(folder))
            table.create_write_transaction([action], mode=mode, schema=schema, post_commithook_properties=KEEP_THE_LOG)
            table.update_incremental()
            return self._seen(name, table)

    def _write_by_arrow(self, name: str, rows: pa.Table, before: Newest) -> Newest:
        """Rows in memory, of the very columns of the table."""
        from pyarrow import parquet

        file = self.path(name) / f"part-{uuid4()}.parquet"
        with _or_gone(file):
            plain = set(_without_dictionary(name))
            parquet.write_table(
                rows,
                file,
                compression="zstd",
                compression_level=1,
                row_group_size=ROWS_PER_GROUP,
                use_dictionary=[column for column in rows.column_names if column not in plain],
            )
            return self._commit(name, before, _action(file, rows.num_rows, changes=True))

    def _commit(self, name: str, before: Newest, added: AddAction, gone: Sequence[DataFile] = ()) -> Newest:
        """`before` is the newest version: the caller holds the home's write lock."""
        folder = self.path(name)
        if before.plain:
            self._newest[name] = after = commit(folder, before, added, gone)
            return after
        at = int(utc_now().timestamp() * 1000)
        actions: list[AddAction | RemoveAction] = [added]
        actions += [RemoveAction(each.path, added.data_change, at, each.bytes) for each in gone]
        table = DeltaTable(str(folder))
        table.create_write_transaction(
            actions, mode="append", schema=before.schema, post_commithook_properties=KEEP_THE_LOG
        )
        table.update_incremental()
        return self._seen(name, table)

    def _file(self, name: str, rows: duckdb.DuckDBPyRelation, file: Path, *, changes: bool) -> AddAction:
        """Write the rows as a file. changes: whether they are other rows than the table has had."""
        from pyarrow import parquet

        codec = "lz4_raw" if name in _OF_RUNS_ALONE else "zstd, COMPRESSION_LEVEL 1"
        # Version 2 writes differences of numbers: orders take half the room, and two thirds of the time to read.
        options = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION {codec}, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        rows.query("to_write", f"COPY (SELECT * FROM to_write) TO {literal(str(file))} ({options})")
        return _action(file, parquet.read_metadata(file).num_rows, changes=changes)

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


def _action(file: Path, rows: int, *, changes: bool) -> AddAction:
    seen = file.stat()
    return AddAction(file.name, seen.st_size, {}, int(seen.st_mtime * 1000), changes, json.dumps({"numRecords": rows}))


def _fields(schema: Schema) -> dict[str, object]:
    return {field.name: field.type for field in schema.fields}


def _as_stored(given: pa.Schema, stored: Schema) -> bool:
    """Whether Arrow's columns are those of the table, in the very types that it reads them in."""
    import pyarrow as pa

    return {field.name: field.type for field in given} == {
        field.name: field.type for field in pa.schema(stored.to_arrow())
    }


@contextmanager
def _or_gone(file: Path) -> Iterator[None]:
    """A file that is not committed is not left."""
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise
