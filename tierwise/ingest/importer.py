"""Take a file in: read, conform, merge, record. All of a file or nothing of it.

Everything is written to the lake first, where it does not count; one PostgreSQL transaction then records the tables'
versions, the file with its counts, the quarantined rows, the traits and the end of the job. Whatever dies before that
has changed nothing, and the next import takes its leftovers away.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Engine

from tierwise.definitions.identities import Identities
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.project import Project
from tierwise.definitions.write import data_of
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.facts.conform import Binding, bind, check_table
from tierwise.facts.conform_columns import column_of
from tierwise.ingest.absorb import Absorbing, absorb
from tierwise.ingest.identity_links import WhoIsWho, see, with_people
from tierwise.ingest.merge_rows import Merged
from tierwise.ingest.origin import FileOrigin, Origin
from tierwise.ingest.private_folder import private_folder
from tierwise.ingest.source_file import SourceFile
from tierwise.ingest.staging import Staged, stage
from tierwise.ingest.trait_types import infer_types, widened
from tierwise.ingest.watch import CancelledError, Listener, Watch, watching
from tierwise.ingest.writer import Writer
from tierwise.kernel import clock
from tierwise.kernel.clock import monotonic_seconds
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.ids import column_name
from tierwise.state import audit, identity_decisions, imports, jobs, lake_tables, quarantine, traits
from tierwise.state.locks import HOME_WRITE, held
from tierwise.state.traits import TraitType


@dataclass(frozen=True, slots=True)
class ImportSession:
    """What an import works with. temporary: a folder of the home for private files. now: aware, from the clock.

    identities: how people are told apart; None where each customer number is a person. on_job: told the job's number as
    it begins.
    """

    engine: Engine
    lake: Lake
    temporary: Path
    project: Project
    now: datetime
    principal: str
    on_progress: Listener | None = None
    memory_limit: str | None = None
    identities: Identities | None = None
    on_job: Callable[[int], None] = lambda job_id: None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a file. The counts are of source rows without the header, disjoint, and add up to `read`.

    differing: rows among the unchanged that say something else than what is stored. mended_ids: ids such as
    `17850.0`. encoding, delimiter: of text, as found or told. format: `text`, `workbook`, `json_lines` or `parquet`;
    packed: by gzip; sheets: which were read of a workbook that has several. reasons: code -> quarantined rows.
    refunds: rows among those taken in that are refunds by the mapping's rule. import_id, job_id: None after a dry run.
    """

    table: str
    file: str
    read: int
    accepted: int
    replaced: int
    unchanged: int
    ignored: int
    quarantined: int
    seconds: float
    differing: int = 0
    mended_ids: int = 0
    refunds: int = 0
    encoding: str = ""
    delimiter: str = ""
    format: str = ""
    packed: bool = False
    sheets: tuple[str, ...] = ()
    mapping: dict[str, Any] = field(default_factory=dict)
    columns_not_imported: tuple[str, ...] = ()
    reasons: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    import_id: int | None = None
    job_id: int | None = None


def import_file(
    session: ImportSession,
    path: Path,
    table: str,
    mapping: Mapping | None = None,
    *,
    replace_orders: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Take one file of any format in as rows of `table`.

    mapping: None takes the columns that are recognised by their headers. replace_orders: orders and refunds that are
    stored are replaced by the file's even where nothing says that they are newer. dry_run: counts everything and
    writes nothing, not even a job.

    Raises what `open_source`, `bind` and `stage` raise, `cancelled`, `disk_full`, `out_of_memory`, `file_changed`.
    """
    return import_from(session, FileOrigin(path), table, mapping, replace_orders=replace_orders, dry_run=dry_run)


def import_from(
    session: ImportSession,
    origin: Origin,
    table: str,
    mapping: Mapping | None = None,
    *,
    replace_orders: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """As `import_file`, of anything that rows can be read from; raises besides what the origin's `open` raises."""
    check_table(table)
    mapping = mapping or Mapping(table=table)
    if mapping.table != table:
        raise TierwiseError(
            "bad_mapping",
            f'the mapping is for "{mapping.table}", and the file is imported as "{table}"',
            remedy="use the mapping's table, or another mapping",
        )
    task = _Import(session, origin, mapping, replace_orders, dry_run)
    if dry_run:
        return task.run(None)
    with jobs.running(
        session.engine, "import", principal=session.principal, title=f"{origin.name} → {table}", unit="rows"
    ) as job_id:
        session.on_job(job_id)
        try:
            with watching(session.engine, job_id, task.watch):
                return task.run(job_id)
        except CancelledError:
            with session.engine.begin() as connection:
                jobs.cancelled(connection, job_id)
            raise
        except BaseException as error:
            problem = error if isinstance(error, TierwiseError) else TierwiseError("import_failed", str(error))
            with session.engine.begin() as connection:
                jobs.fail(connection, job_id, code=problem.code, message=problem.message, place=problem.place)
            raise


class _Import:
    """One import under way."""

    def __init__(self, session: ImportSession, origin: Origin, mapping: Mapping, replace: bool, dry: bool) -> None:
        self.session = session
        self.origin = origin
        self.mapping = mapping
        self.replace = replace
        self.dry = dry
        self.watch = Watch(session.on_progress)
        self.started = monotonic_seconds()

    def run(self, job_id: int | None) -> ImportReport:
        with private_folder(self.session.temporary) as folder, self._told_errors():
            source = self.origin.open(self.mapping, folder, lambda done, size: self.watch.check())
            project = self.session.project
            binding = bind(
                self.mapping, source.headers, zone=project.timezone, currency=project.currency, place=self.origin.place
            )
            binding = replace(binding, notes=source.notes + binding.notes, since_1904=source.since_1904)
            who = None if self.session.identities is None else WhoIsWho(self.session.identities)
            binding = with_people(binding, self.mapping, who, self.origin.place)
            self.watch.total = max(source.lines - source.header_lines, 0)
            con = connect(folder / "spill", memory_limit=self.session.memory_limit)
            self.watch.con = con
            try:
                return self._take_in(con, source, binding, folder, job_id)
            finally:
                self.watch.con = None
                con.close()

    def _take_in(
        self,
        con: duckdb.DuckDBPyConnection,
        source: SourceFile,
        binding: Binding,
        folder: Path,
        job_id: int | None,
    ) -> ImportReport:
        project = self.session.project
        today = self.session.now.astimezone(clock.zone(project.timezone)).date()
        self.watch.at("reading", share=(0.0, 0.6))
        staged = stage(
            con,
            source,
            binding,
            folder,
            today=today,
            on_row=lambda _: self.watch.check(),
        )
        if self.origin.changed():
            raise TierwiseError("file_changed", "the file changed while it was read", place=self.origin.place)
        with held(self.session.engine, HOME_WRITE):
            self.watch.at("merging", share=(0.6, 1.0))
            with self.session.engine.connect() as connection:
                recorded = lake_tables.versions(connection)
                known = {each.name: each for each in traits.list_traits(connection)}
                decided = () if self.session.identities is None else identity_decisions.standing(connection)
            writer = Writer(con, self.session.lake, recorded, dry=self.dry)
            writer.heal()
            types, columns = self._traits(con, staged, known)
            try:
                work = Absorbing(writer, _without_empty_traits(staged.binding, columns), columns, self.replace)
                merged = absorb(work)
                if self.session.identities is not None:
                    who = WhoIsWho(self.session.identities, decided)
                    see(work, who, self.origin.name, self.session.now)
                self.watch.check()
                return self._record(source, staged, merged, writer, known, types, columns, job_id)
            except BaseException:
                writer.take_back()
                raise

    def _traits(
        self, con: duckdb.DuckDBPyConnection, staged: Staged, known: dict[str, traits.Trait]
    ) -> tuple[dict[str, TraitType], dict[str, str]]:
        """Type and column of each trait that has a value in the file."""
        binding = staged.binding
        found = {each.name: column_of(each) for each in binding.fields if each.type == "trait"}
        types = infer_types(con, "good", found)
        taken = {each.column_name for each in known.values()}
        columns: dict[str, str] = {}
        for name in types:
            columns[name] = known[name].column_name if name in known else column_name("trait_", name, taken)
            taken.add(columns[name])
        return types, columns

    def _record(
        self,
        source: SourceFile,
        staged: Staged,
        merged: Merged,
        writer: Writer,
        known: dict[str, traits.Trait],
        types: dict[str, TraitType],
        columns: dict[str, str],
        job_id: int | None,
    ) -> ImportReport:
        counts = imports.ImportCounts(
            staged.read, merged.accepted, merged.replaced, merged.unchanged, staged.ignored, len(staged.refusals)
        )
        if counts.read != counts.accepted + counts.replaced + counts.unchanged + counts.ignored + counts.quarantined:
            raise AssertionError(f"the counts do not add up: {counts}")
        self.watch.done = self.watch.total = staged.read
        report = self._report(source, staged, merged, counts)
        if self.dry or job_id is None:
            return report
        with self.session.engine.begin() as connection:
            lake_tables.set_versions(connection, writer.after, job_id=job_id)
            for name, kind in types.items():
                if name not in known:
                    traits.add(connection, name, columns[name], kind)
                elif widened(known[name].type, kind) != known[name].type:
                    traits.widen(connection, name, widened(known[name].type, kind))
            import_id = imports.add(
                connection,
                table_name=report.table,
                path=self.origin.place,
                sha256=source.sha256,
                size_bytes=source.bytes,
                counts=counts,
                mapping={**report.mapping, "file": _file(source, staged)},
                job_id=job_id,
            )
            quarantine.supersede(connection, import_id)
            quarantine.resolve(connection, staged.mends, table_name=report.table)
            _quarantine(connection, import_id, source, staged)
            self.origin.recorded(connection, import_id)
            audit.write(
                connection,
                self.session.principal,
                "import",
                f"{self.origin.name} → {report.table}",
                {**asdict(counts), "import_id": import_id},
            )
            jobs.progress(connection, job_id, done=counts.read, total=counts.read, message="done")
            jobs.finish(connection, job_id, {**asdict(counts), "seconds": report.seconds, "import_id": import_id})
        return _numbered(report, import_id, job_id)

    def _report(self, source: SourceFile, staged: Staged, merged: Merged, counts: imports.ImportCounts) -> ImportReport:
        binding = staged.binding
        used = {each.canonical: each.header for each in binding.fields if each.position is not None}
        body = data_of(self.mapping)
        body |= {"table": self.mapping.table, "columns": dict(self.mapping.columns) or used}
        body["formats"] = {each.canonical: each.form for each in binding.fields if each.form}
        return ImportReport(
            table=self.mapping.table,
            file=self.origin.place,
            **asdict(counts),
            seconds=round(monotonic_seconds() - self.started, 3),
            differing=merged.differing,
            mended_ids=staged.mended,
            refunds=staged.refunds,
            encoding=source.encoding,
            delimiter=source.delimiter,
            format=source.format,
            packed=source.packed,
            sheets=tuple(each.name for each in source.sheets if each.name),
            mapping=body,
            columns_not_imported=binding.not_imported,
            reasons=dict(Counter(each.code for each in staged.refusals).most_common()),
            notes=staged.notes + _left(merged, self.mapping.table),
        )

    @contextmanager
    def _told_errors(self) -> Iterator[None]:
        """What went wrong below, in words; whatever stops after a request to stop is `cancelled`."""
        try:
            yield
        except Exception as error:
            if self.watch.asked and not isinstance(error, CancelledError):
                raise CancelledError from error
            if isinstance(error, TierwiseError):
                raise
            if _is_full(error):
                raise TierwiseError(
                    "disk_full",
                    "no space is left on the disk",
                    place=str(self.session.temporary),
                    remedy="free some space and import again: nothing of the file was taken in",
                ) from error
            if isinstance(error, duckdb.OutOfRangeException | duckdb.ConversionException):
                raise TierwiseError(
                    "sum_too_large",
                    "the file's amounts add up to more than can be kept",
                    place=self.origin.place,
                    remedy="look for the order with the largest amounts and mend them",
                ) from error
            if isinstance(error, duckdb.OutOfMemoryException):
                raise TierwiseError(
                    "out_of_memory", "there is not enough memory for this file", remedy="import it in smaller files"
                ) from error
            raise


def _numbered(report: ImportReport, import_id: int, job_id: int) -> ImportReport:
    return replace(report, import_id=import_id, job_id=job_id)


def _without_empty_traits(binding: Binding, columns: dict[str, str]) -> Binding:
    kept = tuple(each for each in binding.fields if each.type != "trait" or each.name in columns)
    return replace(binding, fields=kept)


def _quarantine(connection: Connection, import_id: int, source: SourceFile, staged: Staged) -> None:
    headers = staged.binding.headers
    rows = (
        quarantine.Refused(
            *source.place(each.line),
            each.column,
            each.code,
            each.message,
            dict(zip(headers, each.cells, strict=True))
            if len(each.cells) == len(headers) == len(set(headers))
            else each.cells,
        )
        for each in staged.refusals
    )
    quarantine.add_many(connection, import_id, rows)


def _left(merged: Merged, table: str) -> tuple[str, ...]:
    if not merged.differing or table not in ("orders", "order_lines", "refunds"):
        return ()
    return (
        f"{merged.differing:,} rows say something else than what is stored, which stays: --replace-orders takes them",
    )


def _file(source: SourceFile, staged: Staged) -> dict[str, Any]:
    """What the mapping cannot tell of the file, for those who write its rows again; and how many were refunds."""
    of_workbook = {"sheets": [each.name for each in source.sheets]} if source.sheets else {}
    return {
        "headers": list(staged.binding.headers),
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "format": source.format,
        "refunds": staged.refunds,
        **of_workbook,
    }


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return isinstance(error, duckdb.Error) and "No space left" in str(error)
