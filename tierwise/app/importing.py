"""Files in: import, the mapping that headers suggest, and what was not accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.headings import Headings
from tierwise.app.marking import mark_of
from tierwise.app.views import Label, Refusals
from tierwise.definitions.identities import Identities
from tierwise.definitions.mapping import Mapping, Sheets
from tierwise.definitions.read import read_mapping
from tierwise.facts.conform import check_table
from tierwise.facts.contract import IMPORTABLE
from tierwise.ingest import importer, quarantine_export, source_file
from tierwise.ingest.importer import ImportReport, ImportSession
from tierwise.ingest.propose import Proposal, propose_mapping
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import audit, quarantine

__all__ = ["ImportReport", "export_quarantine", "import_file", "import_path", "propose", "quarantine_rows"]

Progress = Callable[[int, int | None, str], None]


def import_path(
    ctx: Context,
    path: Path,
    table: str | None,
    mapping_path: Path | None,
    *,
    sheets: Sequence[str] = (),
    replace_orders: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """As `import_file`, with the mapping in a file. table: None takes the mapping's. sheets: of a workbook, in place of
    the mapping's: by name or place, or `*`."""
    ctx.principal.require("import")
    mapping = None if mapping_path is None else read_mapping(mapping_path)
    wanted = table or (mapping.table if mapping else None)
    if wanted is None:
        raise _no_table()
    if sheets:
        check_table(wanted)
        mapping = (mapping or Mapping(table=wanted)).model_copy(update={"sheet": _sheet(sheets)})
    return import_file(ctx, path, wanted, mapping, replace_orders=replace_orders, dry_run=dry_run, progress=progress)


def import_file(
    ctx: Context,
    path: Path,
    table: str,
    mapping: Mapping | None,
    *,
    replace_orders: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    began: Callable[[int], None] = lambda job_id: None,
) -> ImportReport:
    """Take a file in, all of it or nothing; audited with it. Raises what `ingest.importer.import_file` raises.

    began: told the job's number, before anything is read.
    """
    ctx.principal.require("import")
    ensure_initialised(ctx)
    session = replace(session_of(ctx, progress), on_job=began)
    return importer.import_file(session, path, table, mapping, replace_orders=replace_orders, dry_run=dry_run)


def session_of(ctx: Context, progress: Progress | None = None) -> ImportSession:
    """What an import of this house works with."""
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
    return ImportSession(
        engine=ctx.database,
        lake=ctx.lake,
        temporary=ctx.scratch,
        project=definitions.project,
        now=clock.utc_now(),
        principal=ctx.principal.name,
        on_progress=None if progress is None else lambda seen: progress(seen.done, seen.total, seen.message),
        memory_limit=ctx.memory_limit,
        identities=next(iter(definitions.of(Identities)), None),
    )


def quarantine_rows(
    ctx: Context, *, limit: int = 100, import_id: int | None = None, code: str | None = None
) -> Refusals:
    """Rows that were not accepted and are still open, in the order of file and line, and how many by reason."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as connection:
        rows = quarantine.list_rows(connection, import_id=import_id, code=code, limit=limit)
        by_reason = dict(quarantine.count_by_code(connection, import_id=import_id))
    if code is not None:
        by_reason = {reason: count for reason, count in by_reason.items() if reason == code}
    return Refusals(tuple(asdict(row) for row in rows), sum(by_reason.values()), by_reason)


def export_quarantine(
    ctx: Context,
    path: Path,
    *,
    import_id: int | None = None,
    code: str | None = None,
    headings: Headings = "names",
) -> int:
    """Write the open rows of one import to a CSV file as they were, to be mended and imported; how many. Audited.

    import_id: None takes the newest import that has any. code: only rows refused for that reason. headings: the
    language of the reasons, English under `names`; headers stay as they came, so that the file can be imported. Raises
    `unknown_import`, `nothing_in_quarantine`, `unknown_reason`.
    """
    ctx.principal.require("export")
    with ctx.database.begin() as connection:
        reasons = quarantine.count_by_code(connection, import_id=import_id)
        if code is not None and reasons and code not in reasons:
            raise TierwiseError.of([unknown_name("reason", code, reasons)])
        wanted = import_id if import_id is not None else quarantine.newest_import(connection, code=code)
        if wanted is None:
            raise TierwiseError("nothing_in_quarantine", "no row is in quarantine")
        mark = mark_of(ctx, Label("未通过的数据行", "rows that were refused"), headings)
        language = "zh" if headings == "zh" else "en"
        count = quarantine_export.export_quarantine(connection, wanted, path, code=code, mark=mark, language=language)
        detail = {"path": path.name, "rows": count, "import": wanted, "code": code}
        audit.write(connection, ctx.principal.name, "export", "quarantine", detail)
    return count


def propose(ctx: Context, path: Path, table: str | None, *, sheets: Sequence[str] = ()) -> Proposal:
    """The mapping that a file's headers suggest, to look through and save. Stores nothing."""
    ctx.principal.require("import")
    if table is None:
        raise _no_table()
    return propose_mapping(path, table, ctx.scratch, sheet=_sheet(sheets) if sheets else None)


def how_read(report: ImportReport) -> tuple[str, ...]:
    """How the file was read, in sentences."""
    return source_file.how_read(
        report.format, report.encoding, report.delimiter, packed=report.packed, sheets=report.sheets
    )


def _sheet(sheets: Sequence[str]) -> Sheets:
    return sheets[0] if len(sheets) == 1 else tuple(sheets)


def _no_table() -> TierwiseError:
    return TierwiseError(
        "no_table", "as what?", remedy=f"--as with one of {', '.join(IMPORTABLE)}, or --map with a mapping"
    )
