"""The only place that reads a clock. Everything else is given `as_of` or `now`."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tierwise.kernel.errors import TierwiseError


def utc_now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: tzinfo) -> date:
    """Today's date where the business is."""
    return datetime.now(zone).date()


def monotonic_seconds() -> float:
    """Seconds for measuring how long something took; the origin means nothing."""
    return time.perf_counter()


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; raises `unknown_timezone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TierwiseError(
            "unknown_timezone",
            f'unknown time zone "{name}"',
            remedy='use an IANA name such as "Asia/Shanghai"',
        ) from error
