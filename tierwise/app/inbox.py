"""What came live and what became of it: the standing, the newest events, the refused ones, the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import event_catalogue, inbox, memberships, write_keys
from tierwise.state.event_catalogue import PropertySeen

__all__ = [
    "CatalogueRow",
    "EventRow",
    "InboxStatus",
    "LiveStatus",
    "PropertySeen",
    "RefusedRow",
    "SourceCounts",
    "catalogue",
    "latest",
    "quarantined",
    "status",
]


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """One source: received = applied + duplicate + quarantined + declined + pending."""

    source: str
    received: int
    applied: int
    duplicate: int
    quarantined: int
    declined: int
    pending: int


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How far customers are told between runs: beside which run, as of which day, up to which event, when.

    customers: how many are further than that run. left_out: how many times the customers of a batch were too many to be
    told before the next run.
    """

    run_id: int
    as_of: date
    until: int
    at: datetime
    customers: int
    left_out: int


@dataclass(frozen=True, slots=True)
class InboxStatus:
    """All that ever came: received = applied + duplicate + quarantined + declined + pending.

    duplicate: sent again. quarantined: refused, and kept to be looked at. declined: not kept, since the visitor had not
    chosen to be followed. pending: durable, and not in the facts yet. lag_seconds: for how long the first of these has
    waited; null where none waits. live: null before the first run.
    """

    received: int
    applied: int
    duplicate: int
    quarantined: int
    declined: int
    pending: int
    lag_seconds: float | None
    sources: tuple[SourceCounts, ...]
    live: LiveStatus | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. occurred_at: by the sender's clock, put right. state: pending or applied. body: the whole of it."""

    id: int
    source: str
    type: str
    event: str | None
    message_id: str
    user_id: str | None
    anonymous_id: str | None
    occurred_at: datetime
    received_at: datetime
    state: str
    body: Any


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One event that was refused, with the reason and the field; body: its text, at most 32 KiB of it."""

    id: int
    source: str
    received_at: datetime
    code: str
    message: str
    place: str | None
    body: str


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One name of an event that a source sends; event is empty for calls without a name. volume: duplicates aside."""

    source: str
    type: str
    event: str
    volume: int
    first_seen_at: datetime
    last_seen_at: datetime
    properties: tuple[PropertySeen, ...]


def status(ctx: Context) -> InboxStatus:
    """How the inbox stands."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        found = inbox.standing(connection)
        names = write_keys.sources(connection)
        standing = memberships.standing(connection)
        customers = memberships.live_customers(connection)
    by_name: dict[str, list[inbox.Counts]] = {}
    for key, counts in found.by_source.items():
        by_name.setdefault(names[key], []).append(counts)
    rows = [SourceCounts(name, *_columns(inbox.added(each))) for name, each in sorted(by_name.items())]
    oldest = found.oldest_pending_at
    lag = None if oldest is None else max(0.0, round((utc_now() - oldest).total_seconds(), 3))
    live = None
    if standing is not None:
        far = standing.until, standing.at
        live = LiveStatus(standing.run_id, standing.as_of, *far, customers, standing.left_out)
    return InboxStatus(*_columns(inbox.added(found.by_source.values())), lag, tuple(rows), live)


def _columns(counts: inbox.Counts) -> tuple[int, int, int, int, int, int]:
    """In the order of `SourceCounts` and `InboxStatus`."""
    return (
        counts.received,
        counts.applied,
        counts.duplicate,
        counts.quarantined,
        counts.declined,
        counts.pending,
    )


def latest(ctx: Context, *, source: str | None = None, limit: int = 50) -> tuple[EventRow, ...]:
    """The newest events first, whole: they are about persons. Raises `unknown_write_key`."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as connection:
        keys, names = _of_source(connection, source)
        found = inbox.latest(connection, write_key_ids=keys, limit=limit)
    return tuple(
        EventRow(
            each.id,
            names[each.write_key_id],
            each.type,
            each.event,
            each.message_id,
            each.user_id,
            each.anonymous_id,
            each.occurred_at,
            each.received_at,
            each.state,
            each.body,
        )
        for each in found
    )


def quarantined(ctx: Context, *, source: str | None = None, limit: int = 50) -> tuple[RefusedRow, ...]:
    """The newest refused events first, whole. Raises `unknown_write_key`."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as connection:
        keys, names = _of_source(connection, source)
        found = inbox.quarantined(connection, write_key_ids=keys, limit=limit)
    return tuple(
        RefusedRow(each.id, names[each.write_key_id], each.received_at, each.code, each.message, each.place, each.body)
        for each in found
    )


def catalogue(ctx: Context, *, source: str | None = None) -> tuple[CatalogueRow, ...]:
    """Which names and properties each source sends, the most frequent first. Raises `unknown_write_key`."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        keys, names = _of_source(connection, source)
        found = event_catalogue.list_events(connection, write_key_ids=keys)
    rows = (
        CatalogueRow(
            names[each.write_key_id],
            each.type,
            each.event,
            each.volume,
            each.first_seen_at,
            each.last_seen_at,
            each.properties,
        )
        for each in found
    )
    return tuple(sorted(rows, key=lambda row: (row.source, -row.volume, row.type, row.event)))


def _of_source(connection: Connection, source: str | None) -> tuple[list[int] | None, dict[int, str]]:
    """The keys that a source has had, None for all of them; and the names of all sources that ever were."""
    names = write_keys.sources(connection)
    if source is None:
        return None, names
    keys = [key for key, name in names.items() if name == source]
    if not keys:
        raise TierwiseError.of([unknown_name("write key", source, set(names.values()))])
    return keys, names
