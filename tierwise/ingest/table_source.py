"""A source that is defined, as something the importer reads from: what is new since the last reading that counted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection

from tierwise.definitions.import_source import DatabaseTable, ImportSource, LiveEvents, SparkTable
from tierwise.definitions.mapping import Mapping
from tierwise.ingest.database_rows import Copied, password_of
from tierwise.ingest.event_rows import copy_events
from tierwise.ingest.importer import ImportReport, ImportSession, import_from
from tierwise.ingest.mark import Mark
from tierwise.ingest.parquet import open_parquet
from tierwise.ingest.source_file import SourceFile, Tick
from tierwise.kernel import clock
from tierwise.state import source_readings
from tierwise.state.source_readings import Reading


def import_source(
    session: ImportSession,
    source: ImportSource,
    secrets: Path,
    *,
    from_start: bool = False,
    dry_run: bool = False,
    until: int | None = None,
) -> ImportReport:
    """Take in what is new in a source since its last import, through the same importer as files.

    secrets: the folder of passwords. from_start: reads all of it, and closes what earlier readings left in quarantine.
    until: of a source of events the last one that is read, where not all are to be.
    The mark moves with the import and in its transaction, or not at all. Two at once read the same rows, which come out
    unchanged in the second. Raises what `import_from`, `copy_lake` and the databases' readers raise, `no_password`.
    """
    with session.engine.connect() as connection:
        last = None if from_start else source_readings.newest(connection, source.name, source.fingerprint)
    origin = TableOrigin(session, source, secrets, last, until)
    return import_from(
        session, origin, source.mapping.table, source.mapping, replace_orders=source.replace_orders, dry_run=dry_run
    )


@dataclass
class TableOrigin:
    """The rows of a source that are new. last: the reading before; None reads all. until: as in `import_source`."""

    session: ImportSession
    source: ImportSource
    secrets: Path
    last: Reading | None
    until: int | None = None
    copied: Copied | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def place(self) -> str:
        return f"source {self.source.name}"

    def open(self, mapping: Mapping, folder: Path, tick: Tick) -> SourceFile:
        mark = None
        if self.last is not None and self.last.mark_kind is not None and self.last.mark is not None:
            mark = Mark.read(self.last.mark_kind, self.last.mark)
        target = folder / self.source.name
        copied = self.copied = self._copy(mark, folder, target, tick)
        told = open_parquet(target, target, mapping, folder, tick)
        return replace(told, notes=(*told.notes, *self._notes(copied, mark)))

    def changed(self) -> bool:
        return False

    def recorded(self, connection: Connection, import_id: int) -> None:
        copied = self.copied
        assert copied is not None
        source_readings.add(
            connection,
            import_id,
            self.source.name,
            self.source.fingerprint,
            mark_kind=None if copied.mark is None else copied.mark.kind,
            mark=None if copied.mark is None else copied.mark.text,
            files=copied.files,
        )
        source_readings.supersede(connection, import_id, self.source.name, whole=self.last is None)

    def _copy(self, mark: Mark | None, folder: Path, target: Path, tick: Tick) -> Copied:
        source, origin = self.source, self.source.origin
        now = self.session.now
        zone = clock.zone(source.mapping.timezone or self.session.project.timezone)
        if isinstance(origin, DatabaseTable):
            password = password_of(origin, self.secrets, source=source.name)
            if origin.kind == "postgresql":
                from tierwise.ingest.postgresql_rows import copy_postgresql

                return copy_postgresql(source, origin, password, mark, target, tick, now=now, zone=zone)
            from tierwise.ingest.mysql_rows import copy_mysql

            return copy_mysql(source, origin, password, mark, target, tick, now=now, zone=zone)
        if isinstance(origin, LiveEvents):
            return copy_events(source, origin, self.session.engine, mark, target, tick, until=self.until)
        if isinstance(origin, SparkTable):
            from tierwise.ingest.spark_rows import copy_spark

            return copy_spark(source, origin, mark, target, tick, now=now, zone=zone)
        from tierwise.ingest.lake_rows import copy_lake

        seen = () if self.last is None or self.last.files is None else self.last.files
        return copy_lake(
            source,
            origin,
            mark,
            seen,
            folder,
            target,
            now=now,
            zone=zone,
            memory_limit=self.session.memory_limit,
        )

    def _notes(self, copied: Copied, mark: Mark | None) -> tuple[str, ...]:
        watermark = self.source.watermark
        if watermark is None:
            return ()
        column, reached = watermark.column, "" if copied.mark is None else copied.mark.text
        if copied.mark is None:
            notes = [f"read all of it: {column} has no value to go by yet"]
        elif mark is None:
            notes = [f"read all of it, by {column}, which has come to {reached}"]
        else:
            notes = [f"read what is new since {mark.text}, by {column}, which has come to {reached}"]
        if copied.without_mark:
            notes.append(f"{copied.without_mark:,} rows have nothing in {column}: they are read each time")
        return tuple(notes)
