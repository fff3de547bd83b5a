"""The files that were taken in: which, as what, and what came of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.headings import column_label
from tierwise.app.views import Label
from tierwise.state import imports as stored
from tierwise.state import jobs, quarantine


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """One column of ours and what it was read from: the file's header, or its place from 1."""

    name: str
    title: Label
    given: str | int


@dataclass(frozen=True, slots=True)
class ImportView:
    """One file. read = accepted + replaced + unchanged + ignored + quarantined. open: rows in quarantine still, and
    why, by code. refunds: of the rows taken in. who: null where the job is not kept."""

    id: int
    table: str
    file: str
    at: datetime
    who: str | None
    bytes: int
    read: int
    accepted: int
    replaced: int
    unchanged: int
    ignored: int
    quarantined: int
    open: int
    reasons: dict[str, int]
    refunds: int
    columns: tuple[ColumnRead, ...]


def list_imports(ctx: Context, *, limit: int = 20) -> tuple[ImportView, ...]:
    """The newest first."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        return tuple(_view(connection, each) for each in stored.list_imports(connection, limit=limit))


def one_import(ctx: Context, import_id: int) -> ImportView:
    """One of them. Raises `unknown_import`."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        return _view(connection, stored.get(connection, import_id))


def _view(connection: Connection, found: stored.ImportedFile) -> ImportView:
    counts = found.counts
    reasons = dict(quarantine.count_by_code(connection, import_id=found.id)) if counts.quarantined else {}
    who = None if found.job_id is None else jobs.get(connection, found.job_id).principal
    return ImportView(
        id=found.id,
        table=found.table_name,
        file=Path(found.path).name,
        at=found.at,
        who=who,
        bytes=found.bytes,
        read=counts.read,
        accepted=counts.accepted,
        replaced=counts.replaced,
        unchanged=counts.unchanged,
        ignored=counts.ignored,
        quarantined=counts.quarantined,
        open=sum(reasons.values()),
        reasons=reasons,
        refunds=int((found.mapping.get("file") or {}).get("refunds") or 0),
        columns=tuple(
            ColumnRead(name, column_label(found.table_name, name), given)
            for name, given in (found.mapping.get("columns") or {}).items()
        ),
    )
