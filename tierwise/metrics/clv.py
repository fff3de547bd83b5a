"""What models of customer lifetime value need to know of each customer, from orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import narwhals as nw

from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    count_where,
    days_between,
    days_until,
    integer_sum,
    quotient,
    rows_of,
)

UNIT_DAYS: Mapping[str, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
"""How many days each unit of age has."""


_MONDAY = date(1900, 1, 1)


def purchase_days(orders: Frame, key: str) -> Frame:
    """One row per customer and day with an order: key, `ordered_day`, and `net_minor` of the day where orders have it.

    Orders of one day are one: models of chance know no two orders at one time.
    """
    money = [integer_sum(nw.col("net_minor")).alias("net_minor")] if "net_minor" in columns_of(orders) else []
    days = nw.len().cast(nw.Int64).alias("orders__")
    return orders.group_by(key, "ordered_day").agg(days, *money).drop("orders__")


def clv_summary(
    days: Frame, *, key: str, as_of: date, unit: str, digits: int = 0, holdout_until: date | None = None
) -> Frame:
    """One row per customer with an order up to as_of: `repeat_orders`, `age_at_last_order`, `age`, `mean_order_value`.

    days: what `purchase_days` gives. repeat_orders: days with an order after the first such day. age_at_last_order and
    age: from the first order to the last, and to as_of, in units (`UNIT_DAYS`), no day lost to rounding; 0 where
    there is no repeat order. mean_order_value: of repeat orders alone, in currency units, a float because it is an
    average; null without a repeat order; not there where days have no money. With holdout_until also `holdout_orders`:
    days with an order after as_of up to then. Raises `unknown_unit`, `bad_window`.
    """
    if unit not in UNIT_DAYS:
        raise TierwiseError.of([unknown_name("unit", unit, UNIT_DAYS)])
    if holdout_until is not None and holdout_until <= as_of:
        raise TierwiseError("bad_window", "the hold-out ends before it begins", remedy="a day after as_of")
    money = "net_minor" in columns_of(days)
    first = nw.col("ordered_day").min().over(key)
    seen = days.filter(nw.col("ordered_day") <= nw.lit(as_of)).with_columns(first.alias("first_day__"))
    later = nw.col("ordered_day") > nw.col("first_day__")
    spent = [integer_sum(nw.when(later).then(nw.col("net_minor")).otherwise(0)).alias("spent__")] if money else []
    life = seen.group_by(key).agg(
        count_where(later).alias("repeat_orders"),
        nw.col("ordered_day").min().alias("first_day__"),
        nw.col("ordered_day").max().alias("last_day__"),
        *spent,
    )
    scale = UNIT_DAYS[unit]
    found = life.select(
        key,
        "repeat_orders",
        (days_between(nw.col("first_day__"), nw.col("last_day__")).cast(nw.Float64) / scale).alias("age_at_last_order"),
        (days_until(nw.col("first_day__"), as_of).cast(nw.Float64) / scale).alias("age"),
        *(
            [(quotient(nw.col("spent__"), nw.col("repeat_orders")) / float(10**digits)).alias("mean_order_value")]
            if money
            else []
        ),
    )
    if holdout_until is None:
        return found
    held = days.filter(nw.col("ordered_day") > nw.lit(as_of), nw.col("ordered_day") <= nw.lit(holdout_until))
    counted = held.group_by(key).agg(nw.len().cast(nw.Int64).alias("holdout_orders"))
    there = columns_of(found)
    return found.join(counted, on=key, how="left").select(*there, nw.col("holdout_orders").fill_null(0))


def weekday_counts(days: Frame, as_of: date) -> tuple[int, ...]:
    """Days with an order by weekday, Monday first, up to as_of, over all customers."""
    seen = days.filter(nw.col("ordered_day") <= nw.lit(as_of))
    # Counted from a Monday: of weekdays, Narwhals and Spark have two opinions on Sunday.
    since = days_between(nw.lit(_MONDAY), nw.col("ordered_day"))
    by = seen.select(((since % 7 + 7) % 7).cast(nw.Int64).alias("weekday")).group_by("weekday")
    counted = dict(rows_of(by.agg(nw.len().cast(nw.Int64).alias("days"))))
    return tuple(int(counted.get(weekday, 0)) for weekday in range(7))


def repeat_days(days: Frame, *, key: str, as_of: date, until: date) -> tuple[date | None, dict[int, int]]:
    """The first day of all, and by days since then the days with an order after a customer's first, up to `until`.

    Of customers with an order up to as_of; what others ordered is not counted. Null and nothing where there are none.
    """
    first = nw.col("ordered_day").min().over(key)
    mine = days.filter(nw.col("ordered_day") <= nw.lit(until)).with_columns(first.alias("first_day__"))
    mine = mine.filter(nw.col("first_day__") <= nw.lit(as_of))
    repeated = nw.col("ordered_day") > nw.col("first_day__")
    by_day = mine.group_by("ordered_day").agg(count_where(repeated).alias("days"))
    found = {day: int(many) for day, many in rows_of(by_day)}
    if not found:
        return None, {}
    start = min(found)
    return start, {(day - start).days: many for day, many in sorted(found.items()) if many}
