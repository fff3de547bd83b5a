"""What live events tell of who is who, and up to which event it was taken in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from tierwise.kernel.clock import utc_now
from tierwise.state.identity_tables import identity_reading
from tierwise.state.live_tables import inbox

TELLING = ("identify", "alias", "merge")
"""Calls that say who is who; the others tell a person's number and browser, and other ids in `context.externalIds`."""


class Pair(NamedTuple):
    """A person's number and a browser's, as events had them together; occurred_at: first."""

    write_key_id: int
    user_id: str
    anonymous_id: str
    occurred_at: datetime


class Telling(NamedTuple):
    """An event that may have further ids. body: JSON text."""

    write_key_id: int
    type: str
    user_id: str | None
    anonymous_id: str | None
    occurred_at: datetime
    body: str


def mark(connection: Connection) -> int:
    """The last event that was read; 0 before the first."""
    return int(connection.scalar(select(identity_reading.c.event_id)) or 0)


def set_mark(connection: Connection, event_id: int) -> None:
    """Record up to which event all was read, in the transaction that records what came of it."""
    row = insert(identity_reading).values(one=True, event_id=event_id, at=utc_now())
    connection.execute(
        row.on_conflict_do_update(
            index_elements=[identity_reading.c.one], set_={"event_id": row.excluded.event_id, "at": row.excluded.at}
        )
    )


def pairs(connection: Connection, after: int, until: int) -> Sequence[Pair]:
    """Each number and browser that events after `after` up to `until` had together, once by write key."""
    query = (
        select(inbox.c.write_key_id, inbox.c.user_id, inbox.c.anonymous_id, func.min(inbox.c.occurred_at))
        .where(inbox.c.id > after, inbox.c.id <= until, inbox.c.user_id != "", inbox.c.anonymous_id != "")
        .group_by(inbox.c.write_key_id, inbox.c.user_id, inbox.c.anonymous_id)
    )
    return [Pair._make(row) for row in connection.execute(query)]


def telling(connection: Connection, after: int, until: int) -> Iterator[Telling]:
    """The events after `after` up to `until` that may have further ids, in their order."""
    body = cast(inbox.c.body, Text)
    columns = [inbox.c[name] for name in Telling._fields if name != "body"]
    query = select(*columns, body).where(
        inbox.c.id > after,
        inbox.c.id <= until,
        or_(inbox.c.type.in_(TELLING), func.strpos(body, '"externalIds"') > 0),
    )
    for row in connection.execute(query.order_by(inbox.c.id)):
        yield Telling._make(row)
