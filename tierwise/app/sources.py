"""Tables that stand elsewhere: which are defined, up to where each was read, and taking in what is new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.importing import ImportReport, Progress, import_file, session_of
from tierwise.definitions.import_source import DatabaseTable, DeltaTable, ImportSource, LiveEvents, ParquetFolder
from tierwise.ingest import table_source
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import source_readings


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source. origin: where it is, without user and password. last_import_at: of the newest import that counted;
    read, quarantined: its rows; mark: the highest value of the watermark's column until then. All null before."""

    name: str
    kind: str
    origin: str
    table: str
    watermark: str | None
    last_import_at: datetime | None
    read: int | None
    quarantined: int | None
    mark: str | None


def import_source(
    ctx: Context,
    name: str,
    *,
    from_start: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Take in what is new in a source, all of it or nothing; audited with it. from_start: reads all of it again.

    Raises `unknown_source` with what was probably meant, and what `ingest.table_source.import_source` raises.
    """
    ctx.principal.require("import")
    ensure_initialised(ctx)
    source = source_of(ctx, name)
    return table_source.import_source(
        session_of(ctx, progress), source, ctx.home / "secrets", from_start=from_start, dry_run=dry_run
    )


def import_file_of_source(
    ctx: Context, path: Path, name: str, *, dry_run: bool = False, progress: Progress | None = None
) -> ImportReport:
    """Take in a file with a source's mapping, such as its quarantined rows, mended. The source's mark stays."""
    ctx.principal.require("import")
    ensure_initialised(ctx)
    source = source_of(ctx, name)
    table, mapping = source.mapping.table, source.mapping
    return import_file(
        ctx, path, table, mapping, replace_orders=source.replace_orders, dry_run=dry_run, progress=progress
    )


def source_of(ctx: Context, name: str) -> ImportSource:
    """A source's definition. Raises `unknown_source`."""
    with ctx.database.connect() as connection:
        sources = {each.name: each for each in current_definitions(connection).of(ImportSource)}
    if name not in sources:
        if not sources:
            raise TierwiseError(
                "unknown_source",
                f'there is no source "{name}", for none is defined',
                remedy="define one (kind: source) and apply it: tierwise definitions apply -f FILE",
            )
        raise TierwiseError.of([unknown_name("source", name, sources)])
    return sources[name]


def list_sources(ctx: Context) -> tuple[SourceView, ...]:
    """The sources that are defined, by name."""
    ctx.principal.require("view")
    found = []
    with ctx.database.connect() as connection:
        for each in current_definitions(connection).of(ImportSource):
            last = source_readings.newest(connection, each.name, each.fingerprint)
            found.append(
                SourceView(
                    each.name,
                    each.origin.kind,
                    _place(each),
                    each.mapping.table,
                    None if each.watermark is None else each.watermark.column,
                    None if last is None else last.at,
                    None if last is None else last.read,
                    None if last is None else last.quarantined,
                    None if last is None else last.mark,
                )
            )
    return tuple(found)


def _place(source: ImportSource) -> str:
    origin = source.origin
    if isinstance(origin, ParquetFolder | DeltaTable):
        return origin.path
    if isinstance(origin, LiveEvents):
        return f"{', '.join(origin.events or origin.calls)}"
    what = origin.table or "a query"
    return f"{origin.host}/{origin.database}: {what}" if isinstance(origin, DatabaseTable) else what
