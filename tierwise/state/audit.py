"""The audit log: one row per thing done or refused. Rows are added, never changed; the database refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from tierwise.kernel.clock import utc_now
from tierwise.state.schema import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who (principal) did what (action) to what (object; empty where there is none), and when."""

    id: int
    at: datetime
    principal: str
    action: str
    object: str
    detail: dict[str, Any]


def write(
    connection: Connection,
    principal: str,
    action: str,
    object_name: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add a row, in the transaction of what it tells about; its id. detail must hold no personal data."""
    row = insert(audit).values(
        at=utc_now(), principal=principal, action=action, object=object_name, detail=dict(detail or {})
    )
    return int(connection.execute(row.returning(audit.c.id)).scalar_one())


def list_rows(
    connection: Connection,
    *,
    principal: str | None = None,
    action: str | None = None,
    object_name: str | None = None,
    since: datetime | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[AuditRow]:
    """The newest rows first; before_id is the id of the last row of the page before."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if principal is not None:
        query = query.where(audit.c.principal == principal)
    if action is not None:
        query = query.where(audit.c.action == action)
    if object_name is not None:
        query = query.where(audit.c.object == object_name)
    if since is not None:
        query = query.where(audit.c.at >= since)
    if before_id is not None:
        query = query.where(audit.c.id < before_id)
    return [AuditRow(**row._mapping) for row in connection.execute(query)]
