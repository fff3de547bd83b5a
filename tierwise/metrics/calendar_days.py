"""The calendar that habits are told by: weekdays, days off, pay-days, Chinese public holidays and lunar dates.

Public holidays with the weekends that are moved for them are those that the State Council announces each autumn for the
year after, by the library chinesecalendar; a year that it does not know is not told. Lunar dates, computed for 1900 to
2100, are those of GB/T 33661-2017 by the library borax.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import chinese_calendar
import pyarrow as pa
from borax.calendars.lunardate import LunarDate

from tierwise.kernel.errors import TierwiseError

CALENDAR_COLUMNS = pa.schema(
    [
        ("day", pa.date32()), ("habit", pa.string()), ("value", pa.string()), ("occasion", pa.int64()),
        ("trial", pa.int64()),
    ]
)  # fmt: skip

CALENDAR_HABITS = ("weekday", "day_off", "pay_day", "holiday", "lunar")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_HOLIDAYS = {each.value: each.name for each in chinese_calendar.Holiday}

_FESTIVALS = {
    (1, 15): "lantern_festival",
    (7, 7): "qixi",
    (7, 15): "zhongyuan",
    (9, 9): "double_ninth",
    (12, 8): "laba",
}
"""Lunar days that are no public holidays and that people shop for: 元宵, 七夕, 中元, 重阳, 腊八."""


def calendar_days(
    first: date, last: date, *, pay_days: Sequence[int] = (10, 15, 25), pay_day_lasts: int = 3
) -> pa.Table:
    """One row per day, habit and value that the day has, `CALENDAR_COLUMNS`; a null value where the habit is known of
    the day and it has none.

    habit: `weekday` (value: monday…), `day_off` (day_off or workday, moved weekends counted as what they are),
    `pay_day` (value: the day of the month, for pay_day_lasts days from it on; in a shorter month from its last day),
    `holiday` (value: new_years_day, spring_festival, …, all days off of it), `lunar` (value: first_day 初一,
    fifteenth_day 十五, first_month 正月, twelfth_month 腊月, and festivals: lantern_festival, qixi, zhongyuan,
    double_ninth, laba). Days off and holidays of years that are not announced have no row.

    occasion: the number of the week, month or year which the day belongs to, so that days of one occasion can be told
    from days of several. trial: 1 in one row of each day and habit, else 0.

    Raises `bad_value` for days outside 1901 to 2099 and pay-days that are none.

    >>> rows = calendar_days(date(2026, 2, 17), date(2026, 2, 17)).to_pylist()
    >>> [(row["habit"], row["value"]) for row in rows]  # doctest: +NORMALIZE_WHITESPACE
    [('weekday', 'tuesday'), ('day_off', 'day_off'), ('pay_day', '15'), ('holiday', 'spring_festival'),
     ('lunar', 'first_day'), ('lunar', 'first_month')]
    """
    if first > last or first.year < 1901 or last.year > 2099:
        raise TierwiseError("bad_value", f"no calendar from {first} to {last}", remedy="days of 1901 to 2099, in order")
    if not all(1 <= each <= 31 for each in pay_days) or not 1 <= pay_day_lasts <= 15:
        raise TierwiseError("bad_value", f"pay-days {list(pay_days)} for {pay_day_lasts} days", place="pay_days",
                            remedy="days of the month, for 1 to 15 days")  # fmt: skip
    rows: list[tuple[date, str, str | None, int, int]] = []
    for place in range((last - first).days + 1):
        day = first + timedelta(days=place)
        seen: set[str] = set()
        for habit, value, occasion in _labels(day, pay_days, pay_day_lasts):
            rows.append((day, habit, value, occasion, 0 if habit in seen else 1))
            seen.add(habit)
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(list(values), field.type) for values, field in zip(columns, CALENDAR_COLUMNS, strict=True)]
    return pa.table(arrays, schema=CALENDAR_COLUMNS)


def _labels(day: date, pay_days: Sequence[int], lasts: int) -> Iterator[tuple[str, str | None, int]]:
    week, month = (day.toordinal() - 1) // 7, day.year * 12 + day.month
    yield "weekday", WEEKDAYS[day.weekday()], week
    announced = _announced(day)
    if announced is not None:
        off, holiday = announced
        yield "day_off", "day_off" if off else "workday", week
    paid = [one for one in pay_days if _since(day, one) < lasts]
    for one in paid:
        yield "pay_day", str(one), month
    if not paid:
        yield "pay_day", None, month
    if announced is not None:
        yield "holiday", holiday if off else None, day.year
    yield from _lunar(day)


def _announced(day: date) -> tuple[bool, str | None] | None:
    """Whether it is a day off and of which holiday; None where the year is not announced."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return None
    return off, _HOLIDAYS.get(name)


def _since(day: date, pay_day: int) -> int:
    """Days since the last pay-day, 0 on it."""
    for back in (0, 1):
        year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
        paid = date(year, month + 1, min(pay_day, monthrange(year, month + 1)[1]))
        if paid <= day:
            return (day - paid).days
    raise AssertionError("one of two months has begun")


def _lunar(day: date) -> Iterator[tuple[str, str | None, int]]:
    lunar = LunarDate.from_solar(day)
    named = [name for number, name in ((1, "first_day"), (15, "fifteenth_day")) if lunar.day == number]
    values = [(name, lunar.year * 13 + lunar.month + (0.5 if lunar.leap else 0)) for name in named]
    yearly = [_FESTIVALS.get((lunar.month, lunar.day))] if not lunar.leap else []
    yearly += ["first_month"] if lunar.month == 1 else ["twelfth_month"] if lunar.month == 12 else []
    for name, month in values:
        yield "lunar", name, int(month * 2)
    for festival in yearly:
        if festival:
            yield "lunar", festival, lunar.year
    if not values and not any(yearly):
        yield "lunar", None, lunar.year
