"""The calendar by hand, and habits on customers who have them, and on customers who have none."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.calendar_days import CALENDAR_HABITS, calendar_days
from tierwise.metrics.frame import Frame
from tierwise.metrics.habits import habits, with_own_habits

AS_OF = date(2026, 6, 30)
FIRST = date(2023, 7, 1)


def labels(day: date) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for row in calendar_days(day, day).to_pylist():
        found.setdefault(row["habit"], set()).add(row["value"])
    return found


@pytest.mark.parametrize(
    ("day", "habit", "values"),
    [
        (date(2026, 2, 17), "lunar", {"first_day", "first_month"}),          # 丙午年正月初一
        (date(2026, 2, 16), "lunar", {"twelfth_month"}),                     # 除夕
        (date(2026, 2, 16), "holiday", {"spring_festival"}),
        (date(2026, 3, 3), "lunar", {"fifteenth_day", "first_month", "lantern_festival"}),
        (date(2026, 8, 19), "lunar", {"qixi"}),
        (date(2023, 4, 5), "holiday", {"tomb_sweeping_day"}),
        (date(2023, 4, 5), "lunar", {"fifteenth_day"}),                      # of the leap second month
        (date(2026, 10, 10), "day_off", {"workday"}),                        # a Saturday worked for the holiday
        (date(2026, 10, 10), "holiday", {None}),
        (date(2026, 10, 10), "pay_day", {"10"}),
        (date(2026, 10, 13), "pay_day", {None}),
        (date(2026, 10, 17), "pay_day", {"15"}),
        (date(2026, 10, 10), "weekday", {"saturday"}),
    ],
)  # fmt: skip
def test_days_are_what_they_are(day: date, habit: str, values: set[str | None]) -> None:
    assert labels(day)[habit] == values


def test_a_year_that_is_not_announced_has_no_holidays() -> None:
    assert set(labels(date(2090, 10, 1))) == {"weekday", "pay_day", "lunar"}
    short = calendar_days(date(2026, 2, 28), date(2026, 3, 2), pay_days=(31,), pay_day_lasts=3).to_pylist()
    assert [row["value"] for row in short if row["habit"] == "pay_day"] == ["31"] * 3
    for wrong in ({"pay_days": (32,)}, {"pay_day_lasts": 0}):
        with pytest.raises(TierwiseError, match="pay-days"):
            calendar_days(AS_OF, AS_OF, **wrong)  # type: ignore[arg-type]
    with pytest.raises(TierwiseError, match="no calendar"):
        calendar_days(AS_OF, FIRST)


def orders(frame: MakeFrame, rows: list[tuple[Any, date, int, int, int]]) -> Frame:
    """Customer, day, hour, paid, coupon."""
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in rows], pa.int64()),
                "ordered_day": pa.array([row[1] for row in rows], pa.date32()),
                "hour": pa.array([row[2] for row in rows], pa.int64()),
                "gross_minor": pa.array([row[3] + row[4] for row in rows], pa.int64()),
                "discount_minor": pa.array([0] * len(rows), pa.int64()),
                "coupon_minor": pa.array([row[4] for row in rows], pa.int64()),
            }
        )
    )


@pytest.fixture(scope="module")
def shopping() -> list[tuple[Any, date, int, int, int]]:
    """200 customers without a habit; 1001 to 1006 with one each; 1007 on five days of one festival; 1008 hardly."""
    draw = random.Random(11)
    days = [FIRST + timedelta(days=place) for place in range((AS_OF - FIRST).days + 1)]
    rows = [
        (customer, draw.choice(days), draw.randrange(8, 22), draw.randrange(100, 1_000), draw.choice([0, 0, 50]))
        for customer in range(200)
        for _ in range(24)
    ]
    calendar = calendar_days(FIRST, AS_OF).to_pylist()

    def of(habit: str, value: str) -> list[date]:
        return [row["day"] for row in calendar if (row["habit"], row["value"]) == (habit, value)]

    chosen = {
        1001: of("weekday", "saturday"),
        1002: of("pay_day", "15"),
        1003: of("holiday", "spring_festival"),
        1004: of("lunar", "first_day"),
    }
    for customer, own in chosen.items():
        rows += [(customer, day, draw.randrange(8, 22), draw.randrange(100, 1_000), 0) for day in draw.sample(own, 20)]
    rows += [(1005, day, 20, draw.randrange(100, 1_000), 0) for day in draw.sample(days, 24)]
    rows += [(1006, day, draw.randrange(8, 22), 950, 50) for day in draw.sample(days, 24)]
    rows += [(1007, date(2026, 2, 16) + timedelta(days=place), 12, 500, 0) for place in range(7)]
    rows += [(1008, day, 12, 500, 0) for day in days[:5]]
    return [*rows, (None, AS_OF, 1, 1, 1), (1, AS_OF + timedelta(days=1), 1, 1, 1)]


def test_planted_habits_are_found_and_hardly_another(frame: MakeFrame, shopping: Any) -> None:
    given = with_own_habits(orders(frame, shopping))
    found = habits(
        given, frame(calendar_days(FIRST, AS_OF)), as_of=AS_OF, own=("hour_band", "price_level", "promotion")
    ).to_pylist()
    assert len(found) == 208 * (len(CALENDAR_HABITS) + 3)
    claims = {(row["customer_key"], row["habit"]): row["value"] for row in found if row["value"]}
    planted = {
        (1001, "weekday"): "saturday", (1001, "day_off"): "day_off", (1002, "pay_day"): "15",
        (1003, "holiday"): "spring_festival", (1004, "lunar"): "first_day", (1005, "hour_band"): "18-20",
        (1006, "price_level"): "high", (1006, "promotion"): "on_promotion",
    }  # fmt: skip
    assert planted.items() <= claims.items()
    assert [one for one in claims if one[0] < 1000] == [], "of 1,600 told of customers without a habit"
    told = next(row for row in found if (row["customer_key"], row["habit"]) == (1001, "weekday"))
    assert (told["day_count"], told["habit_count"], told["share"], told["reason"]) == (20, 20, 1.0, None)
    assert 0.13 < told["base_share"] < 0.17
    assert told["p_value"] == pytest.approx(told["base_share"] ** 20, rel=1e-9)
    assert told["adjusted_p_value"] > told["p_value"]
    reasons = {row["habit"]: row["reason"] for row in found if row["customer_key"] == 1007}
    assert reasons["holiday"] == "not_significant", "seven days of one festival are one occasion"
    few = [row for row in found if row["customer_key"] == 1008]
    assert {(row["value"], row["reason"], row["day_count"]) for row in few} == {(None, "too_few_days", 5)}


def test_own_habits_by_hand(frame: MakeFrame) -> None:
    paid = [(1, AS_OF, hour, net, coupon) for hour, net, coupon in ((0, 100, 0), (23, 200, 5), (18, 300, 0), (5, 0, 9))]
    rows = with_own_habits(orders(frame, paid)).sort("gross_minor").collect(backend="pyarrow").to_native().to_pylist()
    assert [(row["hour_band"], row["price_level"], row["promotion"]) for row in rows] == [
        ("03-05", None, "on_promotion"), ("00-02", "low", "full_price"), ("21-23", "mid", "on_promotion"),
        ("18-20", "high", "full_price"),
    ]  # fmt: skip


def test_nobody_and_what_is_wrong(frame: MakeFrame) -> None:
    nobody = orders(frame, [])
    assert habits(nobody, as_of=AS_OF, own=("hour",)).num_rows == 0
    with pytest.raises(TierwiseError, match="no habit"):
        habits(nobody, as_of=AS_OF)
    with pytest.raises(TierwiseError, match="min_days"):
        habits(nobody, as_of=AS_OF, own=("hour",), min_days=0)
