"""When something is due, over the days on which the clock on the wall jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.kernel import cron
from tierwise.kernel.errors import TierwiseError


def dues(text: str, timezone: str, after: str, count: int) -> list[str]:
    """The next due instants after a UTC time, as the wall clock of the zone shows them."""
    found, instant = [], datetime.fromisoformat(after).replace(tzinfo=UTC)
    expression = cron.parse(text, timezone)
    for _ in range(count):
        instant = expression.next_after(instant)
        assert instant.tzinfo is UTC
        found.append(instant.astimezone(ZoneInfo(timezone)).strftime("%m-%d %H:%M %z"))
    return found


@pytest.mark.parametrize(
    ("text", "timezone", "after", "expected"),
    [
        # No jump: Shanghai has none.
        ("30 2 * * *", "Asia/Shanghai", "2026-03-28T18:29:59", ["03-29 02:30 +0800", "03-30 02:30 +0800"]),
        ("30 2 * * *", "Asia/Shanghai", "2026-03-28T18:30:00", ["03-30 02:30 +0800"]),
        # Berlin, 2026-03-29: 02:00 becomes 03:00.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T00:00:00",
            ["03-28 02:30 +0100", "03-29 03:00 +0200", "03-30 02:30 +0200"],
        ),
        ("0,30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00", ["03-29 03:00 +0200", "03-30 02:00 +0200"]),
        ("0 3 * * *", "Europe/Berlin", "2026-03-29T00:00:00", ["03-29 03:00 +0200", "03-30 03:00 +0200"]),
        (
            "15 * * * *",
            "Europe/Berlin",
            "2026-03-29T00:00:00",
            ["03-29 01:15 +0100", "03-29 03:15 +0200", "03-29 04:15 +0200"],
        ),
        # Berlin, 2026-10-25: 03:00 becomes 02:00.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00",
            ["10-25 02:30 +0200", "10-26 02:30 +0100"],
        ),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00", ["10-26 02:30 +0100"]),
        (
            "15 * * * *",
            "Europe/Berlin",
            "2026-10-24T23:20:00",
            ["10-25 02:15 +0200", "10-25 02:15 +0100", "10-25 03:15 +0100"],
        ),
        ("15 * * * *", "Europe/Berlin", "2026-10-25T00:40:00", ["10-25 02:15 +0100", "10-25 03:15 +0100"]),
        ("15 * * * *", "Europe/Berlin", "2026-10-25T01:15:00", ["10-25 03:15 +0100"]),
        # Half an hour, and a day that was left out.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00", ["10-04 02:30 +1100", "10-05 02:15 +1100"]),
        ("0 9 * * *", "Pacific/Apia", "2011-12-29T20:00:00", ["12-31 00:00 +1400", "12-31 09:00 +1400"]),
        # Leap day, last day of the month, weekdays by name.
        ("0 0 29 2 *", "Asia/Shanghai", "2026-01-01T00:00:00", ["02-29 00:00 +0800"]),
        ("0 6 l * *", "Asia/Shanghai", "2026-02-01T00:00:00", ["02-28 06:00 +0800", "03-31 06:00 +0800"]),
        ("@weekly", "Asia/Shanghai", "2026-11-22T00:00:00", ["11-29 00:00 +0800"]),
    ],
)
def test_next_due(text: str, timezone: str, after: str, expected: list[str]) -> None:
    assert dues(text, timezone, after, len(expected)) == expected


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 3),
    start=st.sampled_from(["2026-03-28T00:00:00", "2026-10-24T00:00:00"]),
    timezone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"]),
)
def test_every_hour_passes_once(minutes: int, start: str, timezone: str) -> None:
    """Hour `*`: between two due instants lies one hour of real time, but where the jump is of half an hour."""
    instant = datetime.fromisoformat(start).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    expression = cron.parse("0 * * * *", timezone)
    first = expression.next_after(instant)
    second = expression.next_after(first)
    assert timedelta(0) < first - instant <= timedelta(minutes=90)
    if timezone != "Australia/Lord_Howe":
        assert first - instant <= timedelta(hours=1)
        assert second - first == timedelta(hours=1)


@settings(max_examples=60, deadline=None)
@given(
    day=st.integers(0, 364),
    hour=st.integers(0, 23),
    timezone=st.sampled_from(["Europe/Berlin", "America/Santiago", "Africa/Casablanca", "Australia/Lord_Howe"]),
)
def test_once_a_day_is_once_on_each_local_day(day: int, hour: int, timezone: str) -> None:
    zone = ZoneInfo(timezone)
    expression = cron.parse(f"30 {hour} * * *", timezone)
    instant = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    days = []
    for _ in range(4):
        instant = expression.next_after(instant)
        days.append(instant.astimezone(zone).date())
    assert [later - days[0] for later in days] == [timedelta(days=number) for number in range(4)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30 2 * *",
        "0 30 2 * * *",
        "60 2 * * *",
        "0 0 31 2 *",
        "R 2 * * *",
        "0 R(1-3) * * *",
        "H H * * *",
        "@hashed",
        "at night",
        "a b c d e",
    ],
)
def test_what_never_comes_or_comes_by_chance_is_refused(text: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        cron.parse(text, "Asia/Shanghai")
    assert caught.value.code == "bad_cron"


def test_names_with_r_and_h_are_no_chance() -> None:
    assert dues("0 2 * mar thu", "Asia/Shanghai", "2026-01-01T00:00:00", 1) == ["03-05 02:00 +0800"]


def test_an_unknown_zone_is_told() -> None:
    with pytest.raises(TierwiseError) as caught:
        cron.parse("@daily", "Asia/Beijing")
    assert caught.value.code == "unknown_timezone"
