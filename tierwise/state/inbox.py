"""The inbox: live events, durable before their senders are answered, in the order in which they are applied.

`take` is one transaction for all that came within a few milliseconds. It works on the driver's connection, by COPY: at
twenty thousand events a second every microsecond is a fiftieth of a core. What was sent before is told by `event_seen`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import ColumnElement, Connection, Text, cast, func, or_, select, text

from tierwise.state.event_catalogue import Catalogue, Kind, Shape
from tierwise.state.live_tables import event_quarantine, inbox, inbox_day
from tierwise.state.locks import lock_key

KEEP_SEEN_DAYS = 32
"""How long an event is known again: a sender that tries for 30 days is still told apart from a new event."""


class Event(NamedTuple):
    """One event. digest: of its source and message_id, 32 hexadecimal digits. event: the name of a track call.

    body: the whole of it as JSON text.
    """

    digest: str
    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    occurred_at: datetime
    body: str


class Refused(NamedTuple):
    """One event that cannot be taken. place: the field; body: its text, or as much as is kept of it."""

    digest: str
    code: str
    message: str
    place: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What one request brought. declined: events that may not be kept. shapes: properties, for the catalogue."""

    write_key_id: int
    received_at: datetime
    events: Sequence[Event]
    refused: Sequence[Refused] = ()
    declined: int = 0
    shapes: Iterable[Shape] = ()

    @property
    def count(self) -> int:
        return len(self.events) + len(self.refused) + self.declined


@dataclass(slots=True)
class Counts:
    """What came and what became of it. pending = received - duplicate - quarantined - declined - applied."""

    received: int = 0
    duplicate: int = 0
    quarantined: int = 0
    declined: int = 0
    applied: int = 0

    @property
    def pending(self) -> int:
        return self.received - self.duplicate - self.quarantined - self.declined - self.applied


@dataclass(frozen=True, slots=True)
class Standing:
    """How the inbox stands. oldest_pending_at: when the first event that waits was received; None where none does."""

    by_source: dict[int, Counts]
    oldest_pending_at: datetime | None


@dataclass(slots=True)
class _Sorted:
    """A group without what it has twice itself, and without what came earlier once that is known."""

    events: list[tuple[int, datetime, Event]] = field(default_factory=list)
    refused: list[tuple[int, datetime, Refused]] = field(default_factory=list)
    counts: dict[tuple[int, date], Counts] = field(default_factory=dict)


_SEEN = """
with given as (select unnest(%s::uuid[]) as digest),
     new as (insert into event_seen (digest, seen_on) select digest, %s from given on conflict do nothing
             returning digest)
select digest from given except all select digest from new
"""

_COPY_EVENTS = """
copy inbox (write_key_id, message_id, type, event, user_id, anonymous_id, occurred_at, received_at, body) from stdin
"""

_UNDER_WAY = lock_key("events under way")
"""Held by each transaction that puts events in: whoever waits for it alone knows that no lower id is still to come."""

_COPY_REFUSED = "copy event_quarantine (write_key_id, received_at, code, message, place, body) from stdin"

_COUNT = """
insert into inbox_day as d (write_key_id, day, received, duplicate, quarantined, declined)
select * from unnest(%s::int[], %s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
on conflict (write_key_id, day) do update set received = d.received + excluded.received,
    duplicate = d.duplicate + excluded.duplicate, quarantined = d.quarantined + excluded.quarantined,
    declined = d.declined + excluded.declined
"""


def take(driver: psycopg.Connection[Any], group: Sequence[Arrived], catalogue: Catalogue) -> Counts:
    """Commit what several requests brought, all or nothing; what became of it.

    An event whose source and message_id came within the last `KEEP_SEEN_DAYS` days counts as a duplicate and is not
    kept again. Several processes may do this at once. Raises what psycopg raises: of `psycopg.DataError` the group is
    the cause, of others it is not.
    """
    sorted_ = _without_repeats(group)
    with driver.transaction(), driver.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(%s)", (_UNDER_WAY,))
        _forget_seen(cursor, sorted_, max(each.received_at for each in group).date())
        if sorted_.events:
            with cursor.copy(_COPY_EVENTS) as rows:
                rows.write("".join(_lines(sorted_.events)))
        if sorted_.refused:
            with cursor.copy(_COPY_REFUSED) as refused:
                for key, at, each in sorted_.refused:
                    refused.write_row((key, at, each.code, each.message, each.place, each.body))
        for key, at, _ in sorted_.refused:
            sorted_.counts[key, at.date()].quarantined += 1
        by_day = sorted(sorted_.counts.items(), key=itemgetter(0))
        columns = [
            (key, day, each.received, each.duplicate, each.quarantined, each.declined) for (key, day), each in by_day
        ]
        cursor.execute(_COUNT, [list(column) for column in zip(*columns, strict=True)])
        kinds: Counter[Kind] = Counter((key, each.type, each.event or "") for key, _, each in sorted_.events)
        shapes = [(each.write_key_id, each.shapes) for each in group]
        noted = catalogue.note(cursor, kinds, shapes, max(each.received_at for each in group))
    catalogue.remember(noted)
    return added(each for _, each in by_day)


def added(counts: Iterable[Counts]) -> Counts:
    """The sum of all."""
    columns = [[getattr(each, name) for name in Counts.__slots__] for each in counts]
    return Counts(*(sum(column) for column in zip(*columns, strict=True)))


def standing(connection: Connection) -> Standing:
    """How the inbox stands now."""
    by_source: dict[int, Counts] = {}
    sums = [func.sum(inbox_day.c[name]).label(name) for name in Counts.__slots__]
    for row in connection.execute(select(inbox_day.c.write_key_id, *sums).group_by(inbox_day.c.write_key_id)):
        by_source[row.write_key_id] = Counts(*(int(getattr(row, name)) for name in Counts.__slots__))
    oldest = select(inbox.c.received_at).where(inbox.c.state == "pending").order_by(inbox.c.id).limit(1)
    return Standing(dict(sorted(by_source.items())), connection.scalar(oldest))


def forget(connection: Connection, *, seen_before: date, applied_before: datetime, limit: int = 20_000) -> int:
    """Delete some of what is old: digests, applied events, quarantined ones; how many rows. 0: nothing is left to."""
    gone = 0
    for statement, before in (
        (
            "event_seen where digest in (select digest from event_seen where seen_on < :before limit :limit)",
            seen_before,
        ),
        (
            "inbox where id in (select id from inbox where received_at < :before and state = 'applied' "
            "order by id limit :limit)",
            applied_before,
        ),
        (
            "event_quarantine where id in (select id from event_quarantine where received_at < :before "
            "order by id limit :limit)",
            applied_before,
        ),
    ):
        gone += connection.execute(text(f"delete from {statement}"), {"before": before, "limit": limit}).rowcount
    return gone


def _without_repeats(group: Sequence[Arrived]) -> _Sorted:
    found, seen = _Sorted(), set[str]()
    for arrived in group:
        key, at = arrived.write_key_id, arrived.received_at
        counts = found.counts.setdefault((key, at.date()), Counts())
        counts.received += arrived.count
        counts.declined += arrived.declined
        before = len(seen)
        for event in arrived.events:
            if event.digest not in seen:
                seen.add(event.digest)
                found.events.append((key, at, event))
        for refused in arrived.refused:
            if refused.digest not in seen:
                seen.add(refused.digest)
                found.refused.append((key, at, refused))
        counts.duplicate += len(arrived.events) + len(arrived.refused) - (len(seen) - before)
    return found


def _forget_seen(cursor: psycopg.Cursor[Any], group: _Sorted, today: date) -> None:
    """Record digests, and take out what was recorded before. In their order, lest two processes wait in a ring."""
    arrived: list[tuple[int, datetime, Event | Refused]] = [*group.events, *group.refused]
    digests = sorted(each.digest for _, _, each in arrived)
    if not digests:
        return
    repeated = {row[0].hex for row in cursor.execute(_SEEN, ("{" + ",".join(digests) + "}", today))}
    if not repeated:
        return
    for key, at, each in arrived:
        if each.digest in repeated:
            group.counts[key, at.date()].duplicate += 1
    group.events = [each for each in group.events if each[2].digest not in repeated]
    group.refused = [each for each in group.refused if each[2].digest not in repeated]


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})


def _escaped(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


def _lines(events: Iterable[tuple[int, datetime, Event]]) -> Iterator[str]:
    """Lines of COPY's text. JSON text has no raw tab or end of line."""
    last, received = None, ""
    for key, at, event in events:
        if at is not last:
            last, received = at, _stamp(at)
        _, message, call, name, user, anonymous, occurred, body = event
        yield (
            f"{key}\t{_escaped(message)}\t{call}\t{_escaped(name)}\t{_escaped(user)}\t{_escaped(anonymous)}\t"
            f"{_stamp(occurred)}\t{received}\t" + (body.replace("\\", "\\\\") if "\\" in body else body) + "\n"
        )


def _stamp(at: datetime) -> str:
    """An instant as PostgreSQL reads it. Seconds are remembered: writing one takes longer than all else of a line."""
    since = at - _EPOCH
    second = since.days * 86_400 + since.seconds
    known = _SECONDS.get(second)
    if known is None:
        if len(_SECONDS) > _MOST_SECONDS:
            _SECONDS.clear()
        known = _SECONDS[second] = (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S").zfill(19)
    return f"{known}.{since.microseconds:06d}+00"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS: dict[int, str] = {}
_MOST_SECONDS = 20_000


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """One event in the inbox. state: pending or applied; batch: up to which event its application went."""

    id: int
    write_key_id: int
    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    occurred_at: datetime
    received_at: datetime
    body: Any
    state: str
    batch: int | None


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """One event that was quarantined. body: its text, or as much as was kept of it."""

    id: int
    write_key_id: int
    received_at: datetime
    code: str
    message: str
    place: str | None
    body: str


class Waiting(NamedTuple):
    """One event as it was kept. body: JSON text."""

    write_key_id: int
    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    occurred_at: datetime
    received_at: datetime
    body: str


def settled(connection: Connection) -> int:
    """The highest id of all events, 0 where there are none, when none of a lower id is under way any more.

    Waits for the groups that are being committed, some milliseconds; who comes after waits for this transaction.
    """
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _UNDER_WAY})
    return int(connection.scalar(select(func.coalesce(func.max(inbox.c.id), 0))) or 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these calls; of track calls only those of these names, and by these keys, unless null."""

    calls: Sequence[str]
    events: Sequence[str] | None = None
    write_key_ids: Sequence[int] | None = None


def between(connection: Connection, after: int, until: int, wanted: Wanted) -> Iterator[Waiting]:
    """The events with an id above `after` up to `until`, in their order."""
    columns = [inbox.c[name] for name in Waiting._fields if name != "body"]
    query = select(*columns, cast(inbox.c.body, Text)).where(*_which(after, until, wanted))
    for row in connection.execute(query.order_by(inbox.c.id)):
        yield Waiting._make(row)


def any_between(connection: Connection, after: int, until: int, wanted: Wanted) -> bool:
    """Whether `between` has any."""
    return connection.scalar(select(inbox.c.id).where(*_which(after, until, wanted)).limit(1)) is not None


def within(connection: Connection, until: int, most: int) -> int:
    """The last of the first so many events that wait up to `until`; that itself where no more of them wait."""
    pending = select(inbox.c.id).where(inbox.c.state == "pending", inbox.c.id <= until)
    return connection.scalar(pending.order_by(inbox.c.id).offset(most - 1).limit(1)) or until


def any_pending(connection: Connection) -> bool:
    """Whether an event waits to be applied."""
    return connection.scalar(select(inbox.c.id).where(inbox.c.state == "pending").limit(1)) is not None


def _which(after: int, until: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [inbox.c.id > after, inbox.c.id <= until, inbox.c.type.in_(wanted.calls)]
    if wanted.events is not None:
        found.append(or_(inbox.c.type != "track", inbox.c.event.in_(wanted.events)))
    if wanted.write_key_ids is not None:
        found.append(inbox.c.write_key_id.in_(wanted.write_key_ids))
    return found


_APPLY = """
with taken as (
    update inbox set state = 'applied', batch = :batch where id <= :until and state = 'pending'
    returning write_key_id, (received_at at time zone 'UTC')::date as day),
counted as (select write_key_id, day, count(*) as applied from taken group by write_key_id, day),
told as (
    update inbox_day d set applied = d.applied + c.applied from counted c
    where c.write_key_id = d.write_key_id and c.day = d.day returning c.applied)
select coalesce(sum(applied), 0) from told
"""


def apply_until(connection: Connection, until: int, batch: int) -> int:
    """All events up to that id are in the facts; how many waited until now. Counted by source and day."""
    return int(connection.scalar(text(_APPLY), {"until": until, "batch": batch}) or 0)


def latest(connection: Connection, *, write_key_ids: Sequence[int] | None = None, limit: int = 50) -> list[TakenEvent]:
    """The newest events first."""
    query = select(inbox).order_by(inbox.c.id.desc()).limit(limit)
    if write_key_ids is not None:
        query = query.where(inbox.c.write_key_id.in_(write_key_ids))
    return [TakenEvent(**row._mapping) for row in connection.execute(query)]


def quarantined(
    connection: Connection, *, write_key_ids: Sequence[int] | None = None, limit: int = 50
) -> list[RefusedEvent]:
    """The newest refused events first."""
    query = select(event_quarantine).order_by(event_quarantine.c.id.desc()).limit(limit)
    if write_key_ids is not None:
        query = query.where(event_quarantine.c.write_key_id.in_(write_key_ids))
    return [RefusedEvent(**row._mapping) for row in connection.execute(query)]
