"""Up to where each source was read: one row per reading that came to an import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, text, update

from tierwise.state.schema import imported_file, source_reading

MarkKind = Literal["number", "instant", "time", "day"]
"""number: an id that grows · instant: aware, in UTC · time: without a zone, as the source writes it · day."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Up to where a source was read. mark: the highest value seen, as text; files: those seen, where files tell."""

    import_id: int
    at: datetime
    read: int
    quarantined: int
    mark_kind: MarkKind | None
    mark: str | None
    files: tuple[str, ...] | None


def newest(connection: Connection, source: str, origin: str) -> Reading | None:
    """The newest reading of this source as it is defined now; None where there is none, or only of another origin."""
    files = imported_file
    query = (
        select(
            source_reading.c.import_id,
            files.c.at,
            files.c.read,
            files.c.quarantined,
            source_reading.c.mark_kind,
            source_reading.c.mark,
            source_reading.c.files,
        )
        .join(files, files.c.id == source_reading.c.import_id)
        .where(source_reading.c.source == source, source_reading.c.origin == origin)
        .order_by(source_reading.c.import_id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    told = dict(row._mapping)
    return Reading(**told | {"files": None if row.files is None else tuple(row.files)})


def add(
    connection: Connection,
    import_id: int,
    source: str,
    origin: str,
    *,
    mark_kind: MarkKind | None,
    mark: str | None,
    files: Sequence[str] | None,
) -> None:
    """Record a reading, in the transaction that records its import; of earlier ones the files are forgotten."""
    connection.execute(
        insert(source_reading).values(
            import_id=import_id,
            source=source,
            origin=origin,
            mark_kind=mark_kind,
            mark=mark,
            files=None if files is None else list(files),
        )
    )
    earlier = update(source_reading).where(source_reading.c.source == source, source_reading.c.import_id < import_id)
    connection.execute(earlier.where(source_reading.c.files.is_not(None)).values(files=None))


_TOLD_AGAIN = text(
    """
    update quarantine q set state = 'resolved'
    from source_reading s
    where s.import_id = q.import_id and s.source = :source and q.import_id < :import_id and q.state = 'open'
      and (:whole or exists (
        select from quarantine n where n.import_id = :import_id and n.row_text = q.row_text))
    """
)


def supersede(connection: Connection, import_id: int, source: str, *, whole: bool) -> int:
    """Close open rows of this source's earlier readings that this one tells again; whole: all, for all was read anew.

    How many were open.
    """
    told = {"source": source, "import_id": import_id, "whole": whole}
    return connection.execute(_TOLD_AGAIN, told).rowcount
