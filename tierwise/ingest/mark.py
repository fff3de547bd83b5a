"""Marks: up to where a column was read, and from where on it is read next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from math import ceil

from tierwise.definitions.import_source import Watermark
from tierwise.kernel.errors import TierwiseError
from tierwise.state.source_readings import MarkKind

MINUTES_OF_DAY = 24 * 60

MarkValue = int | Decimal | datetime | date


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest value of a watermark's column that was seen. number: an int where it is whole, else a Decimal;
    instant: aware, in UTC; time: naive; day: a date."""

    kind: MarkKind
    value: MarkValue

    @classmethod
    def read(cls, kind: MarkKind, text: str) -> Mark:
        """From what `text` gives."""
        if kind == "number":
            return cls(kind, whole(Decimal(text)))
        return cls(kind, date.fromisoformat(text) if kind == "day" else datetime.fromisoformat(text))

    @property
    def text(self) -> str:
        """As it is kept."""
        if isinstance(self.value, int | Decimal):
            return f"{self.value:f}" if isinstance(self.value, Decimal) else str(self.value)
        return self.value.isoformat()

    def or_higher(self, other: Mark | None) -> Mark:
        """The higher of both, where they can be compared; else this."""
        if other is None or other.kind != self.kind:
            return self
        return max(self, other, key=lambda each: each.value)


def whole(number: Decimal) -> int | Decimal:
    """An int where nothing is lost by it: a database then finds it by the index of a column of integers."""
    return int(number) if number == number.to_integral_value() else number


def first_to_read(mark: Mark | None, kind: MarkKind, watermark: Watermark, source: str) -> MarkValue | None:
    """From which value on the next reading reads, this one included; None for all.

    Raises `bad_watermark` where the column has become of another kind since the mark was made.
    """
    if mark is None:
        return None
    if mark.kind != kind:
        raise TierwiseError(
            "bad_watermark",
            f'column "{watermark.column}" is of another type than when it was read last',
            place=f"source {source}",
            remedy="read all of it anew by --from-start",
        )
    value, minutes = mark.value, watermark.overlap_minutes
    if isinstance(value, int | Decimal):
        return value - watermark.overlap_ids
    if isinstance(value, datetime):
        return value - timedelta(minutes=minutes) if value.year > 1 else value
    return value - timedelta(days=ceil(minutes / MINUTES_OF_DAY)) if value.year > 1 else value


def last_to_mark(kind: MarkKind, now: datetime, zone: tzinfo) -> MarkValue | None:
    """The highest value that may become a mark: a row of the future must not hide those that come until then; None
    where any may. now: aware; zone: of naive times."""
    match kind:
        case "number":
            return None
        case "instant":
            return now.astimezone(UTC)
        case "time":
            return now.astimezone(zone).replace(tzinfo=None)
        case "day":
            return now.astimezone(zone).date()


def no_such_watermark(column: str, source: str, found: str) -> TierwiseError:
    """That a column can be no watermark, for its type is none that grows."""
    return TierwiseError(
        "bad_watermark",
        f'column "{column}" is of type {found}: a watermark is a time, a day or a whole number',
        place=f"source {source}",
        remedy="convert it in a query, such as CAST(… AS TIMESTAMP), or take another column",
    )
