"""Windows of days that end on as_of. as_of's own day counts whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tierwise.kernel.errors import TierwiseError


@dataclass(frozen=True, slots=True)
class Window:
    """Days in (as_of - last_days, as_of]; the whole life up to as_of where last_days is None."""

    last_days: int | None = None

    def __post_init__(self) -> None:
        if self.last_days is not None and not 1 <= self.last_days <= 36_600:
            raise TierwiseError("bad_window", f"a window of {self.last_days} days", remedy="between 1 and 36600 days")

    def first_day(self, as_of: date) -> date | None:
        """The first day inside, not before the calendar's; None for the whole life."""
        if self.last_days is None:
            return None
        return date.fromordinal(max(as_of.toordinal() - self.last_days + 1, date.min.toordinal()))

    @property
    def suffix(self) -> str:
        """The suffix of a metric's name: `_90d`, or empty for the whole life."""
        return "" if self.last_days is None else f"_{self.last_days}d"


LIFE = Window()


def parse_day(text: str) -> date:
    """A day written 2026-06-30; raises `bad_date`."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise TierwiseError("bad_date", f'"{text}" is not a date', remedy="write it as 2026-06-30")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise TierwiseError(
            "bad_date", f'"{text}" is not a day of the calendar', remedy="write it as 2026-06-30"
        ) from error
