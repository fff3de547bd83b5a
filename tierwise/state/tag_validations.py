"""Tests of tags on past days: every one stays on record, and the newest one speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from tierwise.kernel.clock import utc_now
from tierwise.state.schema import tag_validation


@dataclass(frozen=True, slots=True)
class StoredValidation:
    """One test. meaning: a digest of what the tag said and claimed. verdict: None with a reason where nothing could be
    decided. as_of: the last day of the facts that it looked at. body: its figures."""

    id: int
    tag: str
    meaning: str
    verdict: str | None
    reason: str | None
    as_of: date
    author: str
    at: datetime
    body: Mapping[str, Any]


def add(
    connection: Connection,
    tag: str,
    *,
    meaning: str,
    verdict: str | None,
    reason: str | None,
    as_of: date,
    author: str,
    body: Mapping[str, Any],
) -> StoredValidation:
    """Keep a test, in the caller's transaction."""
    row = {"tag": tag, "meaning": meaning, "verdict": verdict, "reason": reason, "as_of": as_of, "author": author}
    query = insert(tag_validation).values(**row, at=utc_now(), body=dict(body)).returning(*tag_validation.c)
    return StoredValidation(**connection.execute(query).one()._mapping)


def newest(connection: Connection) -> dict[str, StoredValidation]:
    """Tag -> its newest test."""
    query = (
        select(*tag_validation.c)
        .ext(distinct_on(tag_validation.c.tag))
        .order_by(tag_validation.c.tag, tag_validation.c.id.desc())
    )
    return {row.tag: StoredValidation(**row._mapping) for row in connection.execute(query)}


def history(connection: Connection, tag: str | None = None, *, limit: int = 50) -> list[StoredValidation]:
    """The newest tests first, of one tag or of all."""
    query = select(*tag_validation.c).order_by(tag_validation.c.id.desc()).limit(limit)
    if tag is not None:
        query = query.where(tag_validation.c.tag == tag)
    return [StoredValidation(**row._mapping) for row in connection.execute(query)]
