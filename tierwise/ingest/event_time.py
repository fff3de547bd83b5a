"""When a live event happened: the sender's time, its clock put right by when it says that it sent.

A phone's clock may be hours off. What it says of both instants is off alike, so that the difference holds:
occurred = received - (sent - original), as the Segment spec has it (spec/common, "timestamps").
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on count milliseconds since 1970 (this one is in 1973), smaller ones seconds (up to 5138)."""


def instant(value: Any) -> datetime | None:
    """An instant as senders write it: ISO 8601, or a number of seconds or milliseconds since 1970; None for none.

    Text without an offset is UTC. Raises ValueError.

    >>> instant("2026-11-22T10:00:00.250Z")
    datetime.datetime(2026, 11, 22, 10, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    >>> instant(1774051200000) == instant(1774051200) == instant("2026-03-21T08:00:00+08:00")
    True
    """
    if value is None or value == "":
        return None
    if type(value) is str:
        found = datetime.fromisoformat(value)
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    if type(value) is int or type(value) is float:
        try:
            return _EPOCH + timedelta(seconds=value / 1000 if abs(value) >= _MILLISECONDS_FROM else value)
        except OverflowError as error:
            raise ValueError("out of range") from error
    raise ValueError("no instant")


def occurred_at(original: datetime | None, sent: datetime | None, received: datetime) -> datetime:
    """When it happened, in UTC, and never after it was received. original None: when it was received.

    Raises ValueError where that is no time that a calendar has.

    >>> at = instant
    >>> occurred_at(at("2026-11-22T01:00:00Z"), at("2026-11-22T01:00:05Z"), at("2026-11-22T09:00:06Z")).isoformat()
    '2026-11-22T09:00:01+00:00'
    """
    if original is None:
        return received
    try:
        found = original.astimezone(UTC) if sent is None else received - (sent - original)
    except OverflowError as error:
        raise ValueError("out of range") from error
    return found if found < received else received
