"""Cron expressions in a time zone: at which instants something is due.

An expression speaks of the clock on the wall, and twice a year that clock jumps:

- a time that it leaves out (02:30, when 02:00 becomes 03:00) is due once, at the first instant after the jump;
- a time that it shows twice (02:30, when 03:00 becomes 02:00) is due once, the first time;
- unless the hour is `*`: then it is due every hour that passes, neither left out nor doubled.

That is how Vixie cron does it. croniter is asked about the wall clock only; the zone's rules are zoneinfo's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from croniter import CroniterError, croniter

from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError

_BY_CHANCE = re.compile(r"(^|,)[rh]($|[(/,])", re.IGNORECASE)
"""croniter's fields that stand for a number drawn by chance: another one each time they are read."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """A checked expression of five fields (minute hour day month weekday) or a word such as @daily, and its zone."""

    text: str
    zone: tzinfo
    every_hour: bool

    def next_after(self, instant: datetime) -> datetime:
        """The first due instant after `instant` (aware), in UTC."""
        wall = instant.astimezone(self.zone)
        due = self._first(wall.replace(tzinfo=None), instant, fold=0)
        if not self.every_hour:
            return due
        # An hour that is shown twice: its second showing may be near although the wall clock reads less.
        doubled = _offset(wall.replace(fold=0)) - _offset(wall.replace(fold=1))
        return min(due, self._first(wall.replace(tzinfo=None) - doubled, instant, fold=1))

    def _first(self, wall: datetime, after: datetime, fold: int) -> datetime:
        """The first wall time after `wall` whose showing of that fold is an instant after `after`."""
        for shown in self._walls(wall):
            aware = shown.replace(tzinfo=self.zone, fold=fold)
            instant = aware.astimezone(UTC)
            if instant.astimezone(self.zone).replace(tzinfo=None) != shown:
                if self.every_hour:
                    continue
                instant = _end_of_gap(shown, self.zone)
            if instant > after:
                return instant
        raise AssertionError("a checked expression is always due again")

    def _walls(self, after: datetime) -> Iterator[datetime]:
        found = croniter(self.text, after)
        while True:
            yield found.get_next(datetime)


def parse(text: str, timezone: str) -> Cron:
    """The expression in that zone. Raises `bad_cron` (also for what is never due), `unknown_timezone`."""
    zone = clock.zone(timezone)
    words = text.split()
    try:
        if len(words) != (1 if text.strip().startswith("@") else 5):
            raise ValueError("five fields are needed: minute hour day month weekday")
        if any(_BY_CHANCE.search(word) for word in words):
            raise ValueError("R and H, times drawn by chance, are not taken")
        hours = croniter.expand(text)[0][1]
        croniter(text, datetime.fromisoformat("2026-01-01")).get_next(datetime)
    except (CroniterError, ValueError, KeyError) as error:
        raise TierwiseError(
            "bad_cron", f'"{text}" is no time that comes again: {error}', remedy='"30 2 * * *" is every night at 02:30'
        ) from error
    return Cron(" ".join(words), zone, hours == ["*"])


def _offset(aware: datetime) -> timedelta:
    return aware.utcoffset() or timedelta(0)


def _end_of_gap(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant after the jump that leaves `wall` out."""
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # by the offset after the jump: still before it
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = _offset(early.astimezone(zone))
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        if _offset(middle.astimezone(zone)) == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
