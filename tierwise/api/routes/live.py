"""Live events: write keys of their sources, how the inbox stands, the newest events, refused ones, the catalogue."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.bodies import ImportBody
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import inbox, write_keys
from tierwise.app.applying import apply_events
from tierwise.app.inbox import CatalogueRow, EventRow, InboxStatus, LiveStatus, PropertySeen, RefusedRow, SourceCounts
from tierwise.app.write_keys import GRACE_HOURS, SCOPES, NewKey, WriteKey

router = APIRouter(tags=["live events"])

SourcePath = Annotated[str, Path(max_length=63, examples=["web"])]
SourceQuery = Annotated[str | None, Query(max_length=63, description="only of this source")]
LimitQuery = Annotated[int, Query(ge=1, le=1000)]


class KeyRequest(BaseModel):
    """A key to make. scopes: calls that it may send, all where empty. origins: pages that may send by it, any where
    empty. choice: visitors are kept only where their consent allows this category. events_per_second: the most."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"source": "web", "origins": ["https://shop.example"]}}
    )

    source: str = Field(max_length=63)
    scopes: list[str] = Field(default_factory=list, max_length=20)
    origins: list[str] = Field(default_factory=list, max_length=100)
    choice: str | None = Field(None, max_length=200)
    events_per_second: int | None = None


class RotateRequest(BaseModel):
    """For how many hours the key so far is good."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"grace_hours": 24}})

    grace_hours: int = GRACE_HOURS


class Keys(BaseModel):
    """The keys by source, without their secrets."""

    keys: tuple[WriteKey, ...]


class Events(BaseModel):
    """The newest first."""

    events: tuple[EventRow, ...]


class AppliedEvents(BaseModel):
    """What an application took in. events: how many waited until then, also those that no source reads. links: of ids
    that events used together for the first time; null where no definition says by which ids a person is known."""

    model_config = ConfigDict(from_attributes=True)

    events: int
    imports: tuple[ImportBody, ...]
    links: int | None


class RefusedEvents(BaseModel):
    """The newest first."""

    quarantined: tuple[RefusedRow, ...]


class CatalogueBody(BaseModel):
    """By source, the most frequent first."""

    events: tuple[CatalogueRow, ...]


_AT = datetime(2026, 7, 1, 1, 0, 12, tzinfo=UTC)

_KEY = WriteKey(
    id=1,
    source="web",
    ending="4Md7",
    previous_until=None,
    scopes=SCOPES,
    origins=("https://shop.example",),
    choice=None,
    events_per_second=None,
    author="token:local",
    at=_AT,
    revoked_at=None,
    revoked_by=None,
)

_LIVE = LiveStatus(7, date(2026, 7, 1), 1_100, _AT, 311, 0)
_STATUS = InboxStatus(1_204, 1_100, 3, 1, 0, 100, 0.4, (SourceCounts("web", 1_204, 1_100, 3, 1, 0, 100),), _LIVE)

_APPLIED = AppliedEvents(
    events=1_200,
    imports=(examples.IMPORT_OF_SOURCE.model_copy(update={"file": "source web_orders", "mapping": {}}),),
    links=12,
)

_EVENT = EventRow(
    id=1_200,
    source="web",
    type="track",
    event="Order Completed",
    message_id="c7a1",
    user_id="U0000042",
    anonymous_id=None,
    occurred_at=_AT,
    received_at=_AT,
    state="pending",
    body={"type": "track", "event": "Order Completed", "userId": "U0000042", "messageId": "c7a1"},
)

_REFUSED = RefusedRow(7, "web", _AT, "missing_event_name", "a track call needs the name of its event", "event", "{}")

_SEEN = CatalogueRow(
    "web", "track", "Order Completed", 310, _AT, _AT, (PropertySeen("revenue", ("number", "text"), _AT),)
)


@router.get("/keys", operation_id="write_keys", responses=examples.ok(Keys(keys=(_KEY,))) | problem_responses(403))
def all_keys(ctx: Asked, revoked: Annotated[bool, Query(description="revoked ones, too")] = False) -> Keys:
    """The write keys, without their secrets."""
    return Keys(keys=write_keys.list_keys(ctx, also_revoked=revoked))


@router.post(
    "/keys",
    operation_id="create_write_key",
    status_code=201,
    responses=examples.ok(NewKey("tw_…", _KEY), 201) | problem_responses(403, 409),
)
def create_key(ctx: Asked, request: KeyRequest) -> NewKey:
    """Make a write key; the secret is told this once. Audited."""
    return write_keys.create(
        ctx,
        request.source,
        scopes=request.scopes,
        origins=request.origins,
        choice=request.choice,
        events_per_second=request.events_per_second,
    )


@router.post(
    "/keys/{source}/rotate",
    operation_id="rotate_write_key",
    responses=examples.ok(NewKey("tw_…", _KEY)) | problem_responses(403, 404),
)
def rotate_key(ctx: Asked, source: SourcePath, request: RotateRequest) -> NewKey:
    """A new secret for a source; the one so far is good for a while. Audited."""
    return write_keys.rotate(ctx, source, grace_hours=request.grace_hours)


@router.delete(
    "/keys/{source}", operation_id="revoke_write_key", responses=examples.ok(_KEY) | problem_responses(403, 404)
)
def revoke_key(ctx: Asked, source: SourcePath) -> WriteKey:
    """Take a key out of use, within seconds. Audited."""
    return write_keys.revoke(ctx, source)


@router.get("/inbox", operation_id="inbox_status", responses=examples.ok(_STATUS) | problem_responses())
def status(ctx: Asked) -> InboxStatus:
    """How many events came and what became of them, by source too."""
    return inbox.status(ctx)


@router.post(
    "/inbox/apply", operation_id="apply_events", responses=examples.ok(_APPLIED) | problem_responses(403, 404, 409)
)
def apply(ctx: Asked) -> AppliedEvents:
    """Take what has come into the facts, by the sources of kind events, each of which is an import of its own."""
    return AppliedEvents.model_validate(apply_events(ctx))


@router.get(
    "/inbox/events",
    operation_id="inbox_events",
    responses=examples.ok(Events(events=(_EVENT,))) | problem_responses(404),
)
def newest_events(ctx: Asked, source: SourceQuery = None, limit: LimitQuery = 50) -> Events:
    """The newest events, whole: they are about persons."""
    return Events(events=inbox.latest(ctx, source=source, limit=limit))


@router.get(
    "/inbox/quarantined",
    operation_id="inbox_quarantined",
    responses=examples.ok(RefusedEvents(quarantined=(_REFUSED,))) | problem_responses(404),
)
def refused_events(ctx: Asked, source: SourceQuery = None, limit: LimitQuery = 50) -> RefusedEvents:
    """The newest events that were refused, with the reason."""
    return RefusedEvents(quarantined=inbox.quarantined(ctx, source=source, limit=limit))


@router.get(
    "/inbox/catalogue",
    operation_id="event_catalogue",
    responses=examples.ok(CatalogueBody(events=(_SEEN,))) | problem_responses(404),
)
def events_seen(ctx: Asked, source: SourceQuery = None) -> CatalogueBody:
    """Which events and properties come, of which types, how many, since when."""
    return CatalogueBody(events=inbox.catalogue(ctx, source=source))
