"""Imported files: one row per file taken in, with counts of source rows that always add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.schema import imported_file


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Source rows without the header, disjoint; read is the sum of the others (the database refuses otherwise)."""

    read: int
    accepted: int
    replaced: int
    unchanged: int
    ignored: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """One file taken in: what it was (path, sha256, bytes), how it was read (mapping), what came of it."""

    id: int
    job_id: int | None
    table_name: str
    path: str
    sha256: str
    bytes: int
    counts: ImportCounts
    mapping: dict[str, Any]
    at: datetime


_COUNTS = ("read", "accepted", "replaced", "unchanged", "ignored", "quarantined")


def add(
    connection: Connection,
    *,
    table_name: str,
    path: str,
    sha256: str,
    size_bytes: int,
    counts: ImportCounts,
    mapping: Mapping[str, Any],
    job_id: int | None = None,
) -> int:
    """Record a file, in the transaction that commits its rows; its id."""
    row = insert(imported_file).values(
        job_id=job_id,
        table_name=table_name,
        path=path,
        sha256=sha256,
        bytes=size_bytes,
        mapping=dict(mapping),
        at=utc_now(),
        **asdict(counts),
    )
    return int(connection.execute(row.returning(imported_file.c.id)).scalar_one())


def get(connection: Connection, import_id: int) -> ImportedFile:
    """One file. Raises `unknown_import`."""
    row = connection.execute(select(imported_file).where(imported_file.c.id == import_id)).one_or_none()
    if row is None:
        raise TierwiseError("unknown_import", f"there is no import {import_id}")
    return _imported(row)


def list_imports(
    connection: Connection, *, table_name: str | None = None, sha256: str | None = None, limit: int = 50
) -> list[ImportedFile]:
    """The newest first; by sha256: every time that this very file was taken in."""
    query = select(imported_file).order_by(imported_file.c.id.desc()).limit(limit)
    if table_name is not None:
        query = query.where(imported_file.c.table_name == table_name)
    if sha256 is not None:
        query = query.where(imported_file.c.sha256 == sha256)
    return [_imported(row) for row in connection.execute(query)]


def _imported(row: Row[Any]) -> ImportedFile:
    values = dict(row._mapping)
    counts = ImportCounts(**{name: values.pop(name) for name in _COUNTS})
    return ImportedFile(**values, counts=counts)
