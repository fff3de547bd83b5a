"""Releases: a person's word that an account flagged by cleaning is no junk, from one rule or from all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, insert, select, update

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import hold_for_transaction
from tierwise.state.schema import release

if TYPE_CHECKING:  # who only shows releases need not load Arrow
    import pyarrow as pa

_LOCK = "releases"


@dataclass(frozen=True, slots=True)
class Release:
    """One release. rule: None where it is from all rules. It stands as long as undone_at is None."""

    id: int
    source_key: int
    rule: str | None
    author: str
    reason: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None


def add(connection: Connection, source_key: int, rule: str | None, *, author: str, reason: str) -> Release:
    """Release a customer from a rule, or from all where it is None. Raises `already_released`, `missing_reason`."""
    if not reason.strip():
        raise TierwiseError("missing_reason", "a release needs a reason", remedy="say why: --reason TEXT")
    hold_for_transaction(connection, _LOCK)
    if _standing(connection, source_key, rule) is not None:
        which = "all rules" if rule is None else f'"{rule}"'
        raise TierwiseError("already_released", f"this customer is released from {which} already")
    row = insert(release).values(source_key=source_key, rule=rule, author=author, reason=reason.strip(), at=utc_now())
    return Release(**connection.execute(row.returning(*release.c)).one()._mapping)


def undo(connection: Connection, source_key: int, rule: str | None, *, by: str) -> Release:
    """Take a standing release back; it stays on record, with who undid it. Raises `not_released`."""
    hold_for_transaction(connection, _LOCK)
    found = _standing(connection, source_key, rule)
    if found is None:
        which = "all rules" if rule is None else f'"{rule}"'
        raise TierwiseError(
            "not_released",
            f"this customer has no standing release from {which}",
            remedy="`tierwise junk releases` lists them, each with its rule",
        )
    row = update(release).where(release.c.id == found.id).values(undone_at=utc_now(), undone_by=by)
    return Release(**connection.execute(row.returning(*release.c)).one()._mapping)


def list_releases(connection: Connection, *, standing_only: bool = True, limit: int = 1000) -> list[Release]:
    """The newest first."""
    query = select(release).order_by(release.c.id.desc()).limit(limit)
    if standing_only:
        query = query.where(release.c.undone_at.is_(None))
    return [Release(**row._mapping) for row in connection.execute(query)]


def change_number(connection: Connection) -> int:
    """A number that grows with every release and every undoing; 0 before the first. Rows are never deleted."""
    return int(connection.scalar(select(func.count() + func.count(release.c.undone_at)).select_from(release)) or 0)


def standing(connection: Connection) -> pa.Table:
    """The releases that stand, as the fact table `releases` has them: source_key, rule, in that order."""
    import pyarrow as pa

    query = (
        select(release.c.source_key, release.c.rule)
        .where(release.c.undone_at.is_(None))
        .order_by(release.c.source_key, release.c.rule.nulls_first())
    )
    rows = connection.execute(query).all()
    schema = pa.schema([pa.field("source_key", pa.int64(), False), pa.field("rule", pa.string())])
    return pa.table([[row.source_key for row in rows], [row.rule for row in rows]], schema=schema)


def _standing(connection: Connection, source_key: int, rule: str | None) -> Release | None:
    mine = release.c.rule.is_(None) if rule is None else release.c.rule == rule
    query = select(release).where(release.c.source_key == source_key, mine, release.c.undone_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else Release(**row._mapping)
