"""Decisions on who is who: two identities are one person's, or two people's. Undone ones stay on record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from tierwise.facts.identity import Decision
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.identity_tables import identity_decision


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, by source keys, the lower first. It holds as long as undone_at is None and no later one on the same
    two does."""

    id: int
    left_key: int
    right_key: int
    same: bool
    author: str
    reason: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None


def add(connection: Connection, left_key: int, right_key: int, *, same: bool, author: str, reason: str) -> Decided:
    """Decide on two identities. Raises `missing_reason`, `same_identity`."""
    if not reason.strip():
        raise TierwiseError("missing_reason", "a decision needs a reason", remedy="say why: --reason TEXT")
    if left_key == right_key:
        raise TierwiseError("same_identity", "that is one identity, and not two")
    row = insert(identity_decision).values(
        left_key=min(left_key, right_key),
        right_key=max(left_key, right_key),
        same=same,
        author=author,
        reason=reason.strip(),
        at=utc_now(),
    )
    return Decided(**connection.execute(row.returning(*identity_decision.c)).one()._mapping)


def undo(connection: Connection, decision_id: int, *, by: str) -> Decided:
    """Take a decision back; it stays on record, with who undid it. Raises `unknown_decision`, `already_undone`."""
    table = identity_decision.c
    row = connection.execute(select(identity_decision).where(table.id == decision_id).with_for_update()).one_or_none()
    if row is None:
        raise TierwiseError(
            "unknown_decision",
            f"there is no decision {decision_id}",
            remedy="`tierwise identity decisions` lists them",
        )
    if row.undone_at is not None:
        raise TierwiseError("already_undone", f"decision {decision_id} was taken back already")
    change = update(identity_decision).where(table.id == decision_id).values(undone_at=utc_now(), undone_by=by)
    return Decided(**connection.execute(change.returning(*identity_decision.c)).one()._mapping)


def list_decisions(
    connection: Connection, *, standing_only: bool = True, keys: Collection[int] | None = None, limit: int | None = None
) -> list[Decided]:
    """The newest first. keys: those alone that one of these source keys is in."""
    query = select(identity_decision).order_by(identity_decision.c.id.desc()).limit(limit)
    if standing_only:
        query = query.where(identity_decision.c.undone_at.is_(None))
    if keys is not None:
        among = sorted(keys)
        query = query.where(or_(identity_decision.c.left_key.in_(among), identity_decision.c.right_key.in_(among)))
    return [Decided(**row._mapping) for row in connection.execute(query)]


def standing(connection: Connection) -> tuple[Decision, ...]:
    """What holds, in the order in which it was decided: the later stands above the earlier."""
    return tuple(Decision(each.left_key, each.right_key, each.same) for each in reversed(list_decisions(connection)))
